"""A payment that is late by our doing opens a case by itself, and what becomes of the money stands on that case.

The person has nothing to write and nothing to do: they are told that we know of it (rule LR-054). Whoever has not
told us where to pay, and money that waits for a human or for its owner, is not late (``payouts.late_cash``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import translation
from django.utils.translation import gettext

from onloan import clock, db, ids
from onloan.cases.actions import REFERENCE_CHARACTERS, told_statement
from onloan.cases.answers import write_day
from onloan.cases.late_payment_queries import find_end
from onloan.cases.models import Case, LatePayment
from onloan.cases.rules import CaseDue, Door, EventKind, Kind, LateEnd, State, case_due, show_reference
from onloan.cases.timeline import record_event
from onloan.db import Statement, action
from onloan.errors import MustStopError
from onloan.evidence.statements import entry_statements
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.queries import find_version
from onloan.outbox.queries import has_endpoint
from onloan.outbox.rules import WebhookEvent
from onloan.outbox.statements import mail_statement
from onloan.payouts.models import Payable
from onloan.payouts.queries import late_cash, list_countries_owed
from onloan.payouts.rules import PayableState
from onloan.people.queries import ParticipantView, find_participant
from onloan.people.statements import lock_participant

ROWS_AT_A_TIME = 200

Found = TypeVar("Found")

logger = logging.getLogger(__name__)


def follow_late_payments(*, now: datetime, limit: int) -> int:
    """Note what became of payments that were late, then open cases for those that are. A periodic job; how many
    payments and people there were, at most ``limit`` of each."""
    settled = _try_some(_list_settled(), lambda row: _settle(late_id=row.id, now=now), limit)
    opened = 0
    for country in list_countries_owed():
        people = _list_people(country, now)
        opened += _try_some(
            people, lambda person_id: _note_late(participant_id=person_id, now=now), limit - opened
        )
    return settled + opened


def _try_some(found: Iterable[Found], step: Callable[[Found], bool], limit: int) -> int:
    """Do a step for each until ``limit`` are done; how many were. One that fails is written down and keeps nobody
    waiting. Raises MustStopError."""
    done = 0
    for each in found:
        if done >= limit:
            break
        try:
            done += step(each)
        except MustStopError:
            raise
        except Exception as error:
            # The kind alone: the text could quote what lies in the row.
            logger.error("a late payment cannot be followed: %s", type(error).__name__)  # noqa: TRY400
    return done


def _list_people(country: str, now: datetime) -> Iterator[UUID]:
    """Whose payments are late and not noted, some at a time: one that fails takes nobody's place."""
    after = UUID(int=0)
    late = _unnoted(country, now).order_by("participant_id").values_list("participant_id", flat=True).distinct()
    while page := list(late.filter(participant_id__gt=after)[:ROWS_AT_A_TIME]):
        yield from page
        after = page[-1]


def _unnoted(country: str, now: datetime) -> QuerySet[Payable]:
    noted = LatePayment.objects.filter(
        participant_id=OuterRef("participant_id"), payable_id=OuterRef("id"), due_on=OuterRef("due_on")
    )
    return late_cash(country=country, now=now).filter(~Exists(noted))


@action
def _note_late(*, participant_id: UUID, now: datetime) -> bool:
    """Everything that is late for one person goes on one case: the one that is open, or a new one, which they are
    told of. False where somebody was faster, or it was paid meanwhile."""
    lock_participant(participant_id)
    person = find_participant(participant_id)
    assert person is not None, "the row is locked"
    rows = list(_unnoted(person.country, now).filter(participant_id=participant_id).order_by("due_on", "id"))
    if not rows:
        return False
    own = Case.objects.filter(participant_id=participant_id, door=Door.LATE_PAYMENT, state=State.OPEN)
    known = own.order_by("received_at").values_list("id", flat=True).first()
    case_id = known or _open(person, rows, now)
    for row in rows:
        LatePayment.objects.create(
            id=ids.new_id(), participant_id=participant_id, case_id=case_id, payable_id=row.id, due_on=row.due_on,
            noted_at=now,
        )  # fmt: skip
        with translation.override(person.language):
            text = gettext("%(amount)s, to be paid by %(day)s") % {
                "amount": _amount(row).format(person.language),
                "day": write_day(row.due_on),
            }
        record_event(case_id=case_id, kind=EventKind.PAYMENT_LATE, now=now, text=text, is_shown=True)
    return True


def _open(person: ParticipantView, rows: Sequence[Payable], now: datetime) -> UUID:
    """A complaint that nobody had to write, with the clock of every complaint."""
    case_id, reference, country = ids.new_id(), ids.new_code(REFERENCE_CHARACTERS), person.country
    received = clock.local_day(now, market_facts(country).time_zone)
    due = case_due(Kind.COMPLAINT, received, country, public_holidays(country, received))
    Case.objects.create(
        id=case_id, participant_id=person.id, kind=Kind.COMPLAINT, country=country, language=person.language,
        state=State.OPEN, door=Door.LATE_PAYMENT, reference=reference, received_at=now, received_on=received,
        acknowledged_at=now, due_on=due.internal, legal_due_on=due.legal,
    )  # fmt: skip
    fields = {"case": Kind.COMPLAINT.value, "market": country, "reason": "payment_late", "role": "system"}
    event, facts = WebhookEvent.CASE_OPENED, {"due_on": due.legal.isoformat(), "reason": "payment_late"}
    db.execute([
        *entry_statements(kind="case_opened", fields=fields, participant_id=person.id, occurred_at=now),
        _mail(case_id, reference, due, person, rows),
        *([told_statement(event, case_id, Kind.COMPLAINT, country, facts)] if has_endpoint(event) else []),
    ])  # fmt: skip
    return case_id


def _mail(
    case_id: UUID, reference: str, due: CaseDue, person: ParticipantView, rows: Sequence[Payable]
) -> Statement:
    offer, authority = find_version(person.version_id).offer, market_facts(person.country).authority
    return mail_statement(
        template="case_payment_late",
        language=person.language,
        participant_id=person.id,
        context={
            "case_reference": show_reference(reference),
            "case_id": str(case_id),
            "amount": Money(sum(row.amount_minor for row in rows), rows[0].currency).written(),
            "due_on": rows[0].due_on.isoformat(),
            "legal_due_on": due.legal.isoformat(),
            "authority": authority.short_name,
            "authority_url": authority.complaint_url,
            "campaign": offer.title[person.language],
            "controller": offer.controller.name,
            "country": person.country,
        },
    )


def _list_settled() -> Iterator[LatePayment]:
    """What is not late any more and does not say so yet."""
    still = Payable.objects.filter(
        participant_id=OuterRef("participant_id"),
        id=OuterRef("payable_id"),
        due_on=OuterRef("due_on"),
        state__in=[PayableState.OWED, PayableState.IN_BATCH],
    )
    rows, after = LatePayment.objects.filter(~Exists(still), settled_at=None).order_by("id"), UUID(int=0)
    while page := list(rows.filter(id__gt=after)[:ROWS_AT_A_TIME]):
        yield from page
        after = page[-1].id


@action
def _settle(*, late_id: UUID, now: datetime) -> bool:
    participant_id = LatePayment.objects.values_list("participant_id", flat=True).get(id=late_id)
    lock_participant(participant_id)
    row = LatePayment.objects.filter(id=late_id, settled_at=None).first()
    return row is not None and _note_end(row, now)


def _note_end(row: LatePayment, now: datetime) -> bool:
    """Write on the case what became of the money, in the caller's transaction; False while it is late."""
    payable = Payable.objects.get(participant_id=row.participant_id, id=row.payable_id)
    end = find_end(payable, row.due_on)
    if end is None:
        return False
    LatePayment.objects.filter(id=row.id).update(settled_at=now, end=end)
    language = Case.objects.values_list("language", flat=True).get(id=row.case_id)
    with translation.override(language):
        text = _say_end(end, payable, language)
    kind = EventKind.PAYMENT_PAID if end is LateEnd.PAID else EventKind.PAYMENT_MOVED
    record_event(case_id=row.case_id, kind=kind, now=now, text=text, is_shown=True)
    return True


def _say_end(end: LateEnd, payable: Payable, language: str) -> str:
    """In the active language, for the person and for whoever answers."""
    values = {"amount": _amount(payable).format(language), "day": write_day(payable.due_on)}
    if end is LateEnd.PAID:
        assert payable.paid_at is not None, "what is paid has its time"
        values["day"] = write_day(clock.local_day(payable.paid_at, market_facts(payable.country).time_zone))
        return gettext("%(amount)s, paid on %(day)s") % values
    if end is LateEnd.SLIP:
        return gettext("%(amount)s: there is a slip for it, which the shop pays out") % values
    if end is LateEnd.VOUCHER:
        return gettext("%(amount)s: a voucher was taken instead") % values
    return gettext("%(amount)s: another account, or the bank sent it back; it is paid by %(day)s") % values


@action
def forget_late_payments(*, participant_id: UUID, now: datetime) -> None:
    """Somebody is being erased: their cases say what became of the money, and nothing leads from there to it."""
    rows = LatePayment.objects.filter(participant_id=participant_id)
    for row in rows.filter(settled_at=None).order_by("id"):
        _note_end(row, now)
    rows.delete()


def _amount(payable: Payable) -> Money:
    return Money(payable.amount_minor, payable.currency)
