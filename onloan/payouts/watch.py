"""What payouts do by themselves: ask people where to pay them, warn finance of dates, forget accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from onloan import clock, db, ids
from onloan.access.rules import Capability
from onloan.access.team import list_members
from onloan.db import action
from onloan.markets.rules import known_countries, market_facts
from onloan.money import Money
from onloan.offers.queries import find_version
from onloan.outbox.statements import mail_statement
from onloan.payouts import rules
from onloan.payouts.actions import remove_account
from onloan.payouts.archive import forget_lines
from onloan.payouts.models import Alarm, Batch, Payable, Payee
from onloan.payouts.queries import count_due, count_unreached, list_countries_owed
from onloan.payouts.rules import AlarmKind, BatchState, PayableState
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant
from onloan.vouchers.queries import sum_spent_vouchers

_OPEN_STATES = [PayableState.OWED.value, PayableState.SLIP.value, PayableState.IN_BATCH.value]


def ask_for_accounts(*, now: datetime, limit: int) -> int:
    """Write to people who are owed cash and have not told where: once, and once more after two weeks.

    At most one such mail goes to a person in two weeks, for everything that they are owed. Returns how many.
    """
    untold = ~Exists(Payee.objects.filter(participant_id=OuterRef("participant_id")))
    lately = Exists(
        Payable.objects.filter(participant_id=OuterRef("participant_id"), asked_at__gt=now - rules.ASK_AGAIN_AFTER)
    )
    waiting = Payable.objects.filter(untold, ~lately, state=PayableState.OWED, asks__lt=rules.ASKS_MAX)
    people = list(waiting.order_by().values_list("participant_id", flat=True).distinct()[:limit])
    return sum(_ask(participant_id=participant_id, now=now) for participant_id in people)


@action
def _ask(*, participant_id: UUID, now: datetime) -> bool:
    lock_participant(participant_id)
    person = find_participant(participant_id)
    rows = list(Payable.objects.filter(participant_id=participant_id, state=PayableState.OWED).order_by("due_on"))
    assert person is not None, "the row is locked"
    if not rows or Payee.objects.filter(participant_id=participant_id).exists():
        return False
    Payable.objects.filter(id__in=[row.id for row in rows], state=PayableState.OWED).update(
        asks=F("asks") + 1, asked_at=now
    )
    if person.erased_at is not None:
        return False
    offer = find_version(person.version_id).offer
    amount = Money(sum(row.amount_minor for row in rows), rows[0].currency)
    db.execute([
        mail_statement(
            template="account_wanted",
            language=person.language,
            participant_id=participant_id,
            context={
                "campaign": offer.title[person.language],
                "controller": offer.controller.name,
                "amount": amount.written(),
                "due_on": rows[0].due_on.isoformat(),
            },
        )
    ])  # fmt: skip
    return True


def forget_accounts(*, now: datetime) -> int:
    """Delete accounts thirty days after the last payment was settled, and the lines of batches by the same rule,
    once what was paid of them is in the archive.

    Returns how many people and batches they were of.
    """
    ended = now - rules.ACCOUNT_KEPT_FOR
    own = Payable.objects.filter(participant_id=OuterRef("participant_id"))
    needed = own.filter(Q(state__in=_OPEN_STATES) | Q(paid_at__gt=ended))
    people = Payee.objects.filter(~Exists(needed), given_at__lte=ended).values_list("participant_id", flat=True)
    forgotten = sum(_forget_account(participant_id=participant_id, now=now) for participant_id in list(people))
    batches = Batch.objects.filter(
        state__in=[BatchState.PAID, BatchState.REJECTED], paid_at__lte=ended, wrapped_key__isnull=False
    )
    return forgotten + sum(forget_lines(batch_id=batch_id) for batch_id in batches.values_list("id", flat=True))


@action
def _forget_account(*, participant_id: UUID, now: datetime) -> bool:
    lock_participant(participant_id)
    # Something may have been earned since the list was read, and paid to the account that is there.
    own = Payable.objects.filter(participant_id=participant_id)
    if own.filter(Q(state__in=_OPEN_STATES) | Q(paid_at__gt=now - rules.ACCOUNT_KEPT_FOR)).exists():
        return False
    remove_account(participant_id=participant_id)
    return True


def watch_payments(*, now: datetime) -> int:
    """Tell finance what has to be paid within three days and what is late, once a day for each country.

    Returns how many countries there was something to tell of.
    """
    told = 0
    for country in list_countries_owed():
        today = clock.local_day(now, market_facts(country).time_zone)
        soon = count_due(country=country, by=today + timedelta(days=rules.ALARM_DAYS_BEFORE))
        if soon:
            late = count_due(country=country, by=today - timedelta(days=1))
            told += _tell_finance(country=country, now=now, soon=soon - late, late=late)
    return told


def _tell_finance(*, country: str, now: datetime, soon: int, late: int) -> bool:
    day = clock.local_day(now, market_facts(country).time_zone)
    context: dict[str, str | int] = {"country": country, "count": soon, "late": late}
    return _alarm(kind=AlarmKind.DUE, place=country, day=day, template="payments_due", context=context)


@action
def _alarm(*, kind: AlarmKind, place: str, day: date, template: str, context: Mapping[str, str | int]) -> bool:
    """Write to finance; False when they were told of this on this day."""
    _, is_first = Alarm.objects.get_or_create(kind=kind, place=place, day=day, defaults={"id": ids.new_id()})
    if is_first:
        db.execute([
            mail_statement(
                template=template, language=settings.LANGUAGE_CODE, address=address, context=dict(context)
            )
            for address in _list_finance()
        ])  # fmt: skip
    return is_first


def watch_unreached(*, now: datetime) -> int:
    """Tell finance each Monday of cash that has waited for thirty days because its owner did not say where to pay
    it, or did not mend it: it is never forfeited, and nobody may forget it. Returns how many countries."""
    told = 0
    for country in known_countries():
        today = clock.local_day(now, market_facts(country).time_zone)
        count = count_unreached(country=country, now=now)
        if count and today.isoweekday() == 1:
            context: dict[str, str | int] = {"country": country, "count": count}
            told += _alarm(
                kind=AlarmKind.UNREACHED,
                place=country,
                day=today,
                template="payments_unreached",
                context=context,
            )
    return told


def watch_voucher_value(*, now: datetime) -> int:
    """Tell finance once a year for each currency that vouchers spent in it come near the amount that has to be
    notified (W-LNE, rule LR-065). Returns how many currencies."""
    return sum(
        _alarm(
            kind=AlarmKind.VOUCHERS,
            place=value.currency,
            day=date(now.year, 1, 1),
            template="voucher_value",
            context={"amount": value.written()},
        )
        for value in list_voucher_alarms(now=now)
    )


def list_voucher_alarms(*, now: datetime) -> list[Money]:
    """What was spent of vouchers this year, in each currency in which it comes near that amount."""
    spent = sum_spent_vouchers(year=now.year)
    return [value for value in spent if value.units() >= rules.VOUCHER_YEAR_ALARM]


def _list_finance() -> Sequence[str]:
    return [member.email for member in list_members() if member.can(Capability.EXPORT_PAYOUTS)]
