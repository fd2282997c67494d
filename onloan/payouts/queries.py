"""Reads of payouts for the team and the till: batches and their files, what is owed, waiting or late, slips."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from onloan import clock, ids
from onloan.access.models import User
from onloan.errors import NotFound
from onloan.ledger.models import Reward
from onloan.ledger.rules import RewardState, reward_reference
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.rules import Overdue
from onloan.payouts.codes import slip_code
from onloan.payouts.errors import BatchNotReady, FileChanged
from onloan.payouts.files import SUFFIXES, write_batch
from onloan.payouts.models import Batch, Payable, Payee, Payment, Slip
from onloan.payouts.rules import (
    UNREACHED_DAYS,
    BankWord,
    BatchState,
    PayableState,
    PaymentState,
    PayoutMethod,
)
from onloan.people.models import Participant
from onloan.people.queries import find_by_code
from onloan.vouchers.codes import group_code

BATCHES_SHOWN_MAX = 200
OVERDUE_SHOWN_MAX = 500
LINES_SHOWN_MAX = 1_000
_IDS_PER_STATEMENT = 500

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """A batch and who did what with it, by the names that colleagues know; empty where nobody has yet."""

    id: UUID
    country: str
    currency: str
    method: PayoutMethod
    state: str
    execute_on: date
    count: int
    total: Money
    file_hash: str
    created_by: str
    created_at: datetime
    approved_by: str
    approved_at: datetime | None
    refused_by: str
    refused_at: datetime | None
    paid_by: str
    paid_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLine:
    """One line of a batch as the team sees it: no name, and no account but its last four characters."""

    reference: str
    public_id: str
    last_characters: str
    amount: Money
    due_on: date
    state: str
    reason_code: str | None
    bank_word: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFile:
    """What goes to the bank: names and accounts are in it."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Tally:
    count: int
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What was sent to the bank, and what the bank said of it. ``sent`` is the sum of the other four.

    ``silent`` counts the unanswered of which it has not even said that they are under way.
    """

    sent: Tally
    accepted: Tally
    rejected: Tally
    returned: Tally
    unanswered: Tally
    silent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueLine:
    """What should have been paid or given by now. ``days_late`` counts from the day after the last good one."""

    reference: str
    participant_id: UUID
    country: str
    amount: Money
    due_on: date
    days_late: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLine:
    """Cash that waits for its owner: to tell where to pay (``problem`` null), or to mend what they told."""

    reference: str
    public_id: str
    amount: Money
    due_on: date
    owed_at: datetime
    asked_at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipView:
    """A claim slip. ``code`` is worth money: it goes to its owner's own page, and comes from a till, only."""

    id: UUID
    participant_id: UUID
    payable_id: UUID
    reward_id: UUID
    amount: Money
    code: str
    last_characters: str
    issued_at: datetime
    redeemed_at: datetime | None


def find_batch(batch_id: UUID) -> BatchView:
    """Raises NotFound."""
    return _batch_views([_find_row(batch_id)])[0]


def list_batches() -> list[BatchView]:
    """The latest batches, newest first."""
    return _batch_views(list(Batch.objects.order_by("-created_at", "-id")[:BATCHES_SHOWN_MAX]))


def batch_file(batch_id: UUID) -> BatchFile:
    """The file of a batch that two people stand behind, byte for byte what the second one approved.

    Raises BatchNotReady before it is approved, FileChanged, LinesForgotten, NotFound.
    """
    batch = _find_row(batch_id)
    if batch.state not in {BatchState.APPROVED, BatchState.PAID, BatchState.REJECTED}:
        raise BatchNotReady(state=batch.state)
    out = io.BytesIO()
    write_batch(batch, out)
    content = out.getvalue()
    if hashlib.sha256(content).hexdigest() != batch.file_hash:
        raise FileChanged
    suffix, content_type = SUFFIXES[PayoutMethod(batch.method)]
    name = f"payout-{batch.country}-{batch.created_at:%Y%m%d}-{batch.id.hex[-8:]}.{suffix}"
    return BatchFile(name=name, content_type=content_type, content=content)


def list_payments(batch_id: UUID, *, limit: int = LINES_SHOWN_MAX) -> list[PaymentLine]:
    """The first lines of a batch in the order of its file; empty for a refused batch."""
    rows = list(Payment.objects.filter(batch_id=batch_id).order_by("id")[:limit])
    people = [row.participant_id for row in rows]
    public_ids = _public_ids(people)
    endings = dict(_in_parts(people, lambda part: Payee.objects.filter(participant_id__in=part)
                             .values_list("participant_id", "last_characters")))  # fmt: skip
    due = dict(_in_parts([row.payable_id for row in rows], lambda part: Payable.objects.filter(id__in=part)
                         .values_list("id", "due_on")))  # fmt: skip
    return [
        PaymentLine(
            reference=row.end_to_end_id,
            public_id=public_ids.get(row.participant_id, ""),
            last_characters=endings.get(row.participant_id, ""),
            amount=Money(row.amount_minor, row.currency),
            due_on=due[row.payable_id],
            state=row.state,
            reason_code=row.reason_code,
            bank_word=row.bank_word,
        )
        for row in rows
    ]


def reconcile(batch_id: UUID) -> Reconciliation:
    """A batch against what the bank said of it. Raises NotFound."""
    batch = _find_row(batch_id)
    sums = {
        state: (count, total)
        for state, count, total in Payment.objects.filter(batch_id=batch_id)
        .values_list("state")
        .annotate(count=Count("id"), total=Sum("amount_minor"))
    }

    def tally(*states: PaymentState) -> Tally:
        found = [sums.get(state.value, (0, 0)) for state in states]
        return Tally(sum(count for count, _ in found), Money(sum(total for _, total in found), batch.currency))

    silent = Payment.objects.filter(batch_id=batch_id, state=PaymentState.OPEN, bank_word__isnull=True)
    return Reconciliation(
        silent=silent.count(),
        sent=tally(*PaymentState),
        accepted=tally(PaymentState.ACCEPTED),
        rejected=tally(PaymentState.REJECTED),
        returned=tally(PaymentState.RETURNED),
        unanswered=tally(PaymentState.OPEN),
    )


def count_owed(country: str) -> int:
    """How many payables of a country are in no batch yet, whether they can go into one or not."""
    return Payable.objects.filter(country=country, state=PayableState.OWED).count()


def count_ready(country: str) -> int:
    """How many of these can go into a batch now: their people told where to pay."""
    return _ready().filter(country=country).count()


def count_waiting(country: str) -> int:
    """How many of these wait for their people to tell where, or to mend what they told."""
    return _waiting().filter(country=country).count()


def count_unreached(*, country: str, now: datetime) -> int:
    """How many of these have waited for over ``UNREACHED_DAYS``."""
    since = now - timedelta(days=UNREACHED_DAYS)
    return _waiting().filter(country=country, owed_at__lt=since).count()


def list_waiting_for_account(country: str) -> list[WaitingLine]:
    """What no batch takes yet because its person has not told where to pay, the longest first."""
    rows = list(_waiting().filter(country=country).order_by("owed_at", "id")[:LINES_SHOWN_MAX])
    people = [row.participant_id for row in rows]
    public_ids = _public_ids(people)
    problems = dict(_in_parts(people, lambda part: Payee.objects.filter(participant_id__in=part)
                              .values_list("participant_id", "problem")))  # fmt: skip
    return [
        WaitingLine(
            reference=reward_reference(row.reward_id),
            public_id=public_ids.get(row.participant_id, ""),
            amount=Money(row.amount_minor, row.currency),
            due_on=row.due_on,
            owed_at=row.owed_at,
            asked_at=row.asked_at,
            problem=problems.get(row.participant_id),
        )
        for row in rows
    ]


def count_overdue(*, country: str, now: datetime) -> Overdue:
    """How much of what is owed in a country is late, as ``count_by_day`` says."""
    owed, late, _, _ = count_by_day(countries={country}, now=now)
    return Overdue(owed=owed, late=late)


def count_by_day(*, countries: Collection[str], now: datetime) -> tuple[int, int, int, int]:
    """(owed, late, due within 3 days, within 10 days) in these countries, by payments: cash, and what the merchant
    fulfils itself. Each by the day that it is there, in two statements for all.

    Whoever has not told where to pay, or holds a slip, is owed; nothing of theirs is late.
    """
    days: dict[date, list[str]] = {}
    for country in countries:
        days.setdefault(clock.local_day(now, market_facts(country).time_zone), []).append(country)
    late, in_3, in_10 = Q(pk__in=[]), Q(pk__in=[]), Q(pk__in=[])
    for today, there in days.items():
        late |= Q(country__in=there, due_on__lt=today)
        in_3 |= Q(country__in=there, due_on__range=(today, today + timedelta(days=3)))
        in_10 |= Q(country__in=there, due_on__range=(today, today + timedelta(days=10)))
    owed = [PayableState.OWED, PayableState.SLIP, PayableState.IN_BATCH]
    counts = [0, 0, 0, 0]
    for rows, payable in (
        (Payable.objects.filter(state__in=owed), _PAYABLE_NOW),
        (_unconfirmed(), Q()),
    ):
        found = rows.filter(country__in=countries).aggregate(
            owed=Count("pk"),
            late=Count("pk", filter=payable & late),
            in_3=Count("pk", filter=payable & in_3),
            in_10=Count("pk", filter=payable & in_10),
        )
        counts = [before + found[name] for before, name in zip(counts, found, strict=True)]
    owed_count, late_count, in_3_count, in_10_count = counts
    return owed_count, late_count, in_3_count, in_10_count


def late_cash(*, country: str, now: datetime) -> QuerySet[Payable]:
    """Cash of a country that is past its day by our doing alone, of people who are still there.

    Left out is what waits for its owner, the name that a bank asks for included, and what a bank says to have paid
    after all. A reward that waits for a human is no payable yet.
    """
    today = clock.local_day(now, market_facts(country).time_zone)
    unsure = Payment.objects.filter(
        participant_id=OuterRef("participant_id"),
        payable_id=OuterRef("id"),
        bank_word__in=[BankWord.NAME_CHECK, BankWord.MADE],
    )
    alive = Participant.objects.filter(id=OuterRef("participant_id"), erased_at=None)
    return _payable_now().filter(_TOLD, Exists(alive), ~Exists(unsure), country=country, due_on__lt=today)


def count_due(*, country: str, by: date) -> int:
    """How many payments of a country could be made and are due by a day."""
    return (
        _payable_now().filter(country=country, due_on__lte=by).count()
        + _unconfirmed().filter(country=country, due_on__lte=by).count()
    )


def list_countries_owed() -> list[str]:
    """Countries in which something is owed that could be paid."""
    return sorted({
        *_payable_now().values_list("country", flat=True).distinct(),
        *_unconfirmed().values_list("country", flat=True).distinct(),
    })  # fmt: skip


def list_overdue(*, now: datetime) -> list[OverdueLine]:
    """What is owed past its day and could be paid, the oldest first: cash, and what the merchant fulfils itself
    and has not confirmed (state ``unconfirmed``). A day ends at midnight in the country where it is owed."""
    lines: list[OverdueLine] = []
    for country in list_countries_owed():
        today = clock.local_day(now, market_facts(country).time_zone)
        late = _unconfirmed().filter(country=country, due_on__lt=today).order_by("due_on", "id")
        lines.extend(
            _overdue_line(row.id, row, row.due_on or today, today, "unconfirmed")
            for row in late[:OVERDUE_SHOWN_MAX]
        )
        rows = _payable_now().filter(country=country, due_on__lt=today).order_by("due_on", "id")
        lines.extend(
            _overdue_line(row.reward_id, row, row.due_on, today, row.state) for row in rows[:OVERDUE_SHOWN_MAX]
        )
    return sorted(lines, key=lambda line: (line.due_on, line.reference))[:OVERDUE_SHOWN_MAX]


def _overdue_line(reward_id: UUID, row: Payable | Reward, due_on: date, today: date, state: str) -> OverdueLine:
    return OverdueLine(
        reference=reward_reference(reward_id),
        participant_id=row.participant_id,
        country=row.country,
        amount=Money(row.amount_minor, row.currency),
        due_on=due_on,
        days_late=(today - due_on).days,
        state=state,
    )


_TOLD = Exists(Payee.objects.filter(participant_id=OuterRef("participant_id"), problem__isnull=True))
_PAYABLE_NOW = Q(state=PayableState.IN_BATCH) | Q(state=PayableState.OWED) & Q(_TOLD)


def _ready() -> QuerySet[Payable]:
    return Payable.objects.filter(_TOLD, state=PayableState.OWED)


def _waiting() -> QuerySet[Payable]:
    return Payable.objects.filter(~_TOLD, state=PayableState.OWED)


def _payable_now() -> QuerySet[Payable]:
    """What the merchant could have paid: in a batch, or owed to somebody who told where."""
    return Payable.objects.filter(_PAYABLE_NOW)


def _unconfirmed() -> QuerySet[Reward]:
    return Reward.objects.filter(reward_kind="fulfilled", state=RewardState.EARNED.value)


def find_slip(typed_code: str) -> SlipView | None:
    """The slip whose code somebody typed or scanned; None for anything else and for one that was cancelled."""
    code = ids.normalize_code(typed_code)
    found = find_by_code("slip", code) if code else None
    if found is None:
        return None
    participant_id, slip_id = found
    row = Slip.objects.filter(participant_id=participant_id, id=slip_id, cancelled_at=None).first()
    return _slip_views([row])[0] if row is not None else None


def list_slips(participant_id: UUID) -> list[SlipView]:
    """All slips of one person that were not cancelled, the latest first, with their codes as they are typed."""
    rows = Slip.objects.filter(participant_id=participant_id, cancelled_at=None).order_by("-issued_at", "-id")
    return _slip_views(list(rows))


def _slip_views(rows: Sequence[Slip]) -> list[SlipView]:
    payables = {
        payable.id: payable
        for payable in Payable.objects.filter(
            participant_id__in={row.participant_id for row in rows}, id__in=[row.payable_id for row in rows]
        )
    }
    return [
        SlipView(
            id=row.id,
            participant_id=row.participant_id,
            payable_id=row.payable_id,
            reward_id=payables[row.payable_id].reward_id,
            amount=Money(payables[row.payable_id].amount_minor, payables[row.payable_id].currency),
            code=group_code(slip_code(row.id)),
            last_characters=row.last_characters,
            issued_at=row.issued_at,
            redeemed_at=row.redeemed_at,
        )
        for row in rows
    ]


def _find_row(batch_id: UUID) -> Batch:
    row = Batch.objects.filter(id=batch_id).first()
    if row is None:
        raise NotFound
    return row


def _public_ids(participant_ids: Sequence[UUID]) -> dict[UUID, str]:
    return dict(_in_parts(participant_ids, lambda part: Participant.objects.filter(id__in=part)
                          .values_list("id", "public_id")))  # fmt: skip


def _in_parts(keys: Sequence[UUID], read: Callable[[list[UUID]], Iterable[Row]]) -> Iterator[Row]:
    """Read what belongs to many keys, some hundred at a time."""
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), _IDS_PER_STATEMENT):
        yield from read(wanted[start : start + _IDS_PER_STATEMENT])


def _user_names(user_ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    wanted = {user_id for user_id in user_ids if user_id is not None}
    return dict(User.objects.filter(id__in=wanted).values_list("id", "name"))


def _batch_views(rows: list[Batch]) -> list[BatchView]:
    names = _user_names(
        user_id
        for row in rows
        for user_id in (
            row.created_by_user_id,
            row.approved_by_user_id,
            row.refused_by_user_id,
            row.paid_by_user_id,
        )
    )
    return [
        BatchView(
            id=row.id,
            country=row.country,
            currency=row.currency,
            method=PayoutMethod(row.method),
            state=row.state,
            execute_on=row.execute_on,
            count=row.payable_count,
            total=Money(row.total_minor, row.currency),
            file_hash=row.file_hash or "",
            created_by=names.get(row.created_by_user_id, ""),
            created_at=row.created_at,
            approved_by=names.get(row.approved_by_user_id, ""),
            approved_at=row.approved_at,
            refused_by=names.get(row.refused_by_user_id, ""),
            refused_at=row.refused_at,
            paid_by=names.get(row.paid_by_user_id, ""),
            paid_at=row.paid_at,
        )
        for row in rows
    ]
