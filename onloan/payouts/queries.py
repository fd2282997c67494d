"""Reads of payouts: what is owed, what is late, batches and their files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from onloan import clock
from onloan.access.models import User
from onloan.errors import NotFound
from onloan.ledger.models import Reward
from onloan.ledger.rules import RewardState, reward_reference
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.payouts.models import Batch, Payable
from onloan.payouts.rules import PayableLine, write_csv
from onloan.people.models import Participant

BATCHES_SHOWN_MAX = 200
OVERDUE_SHOWN_MAX = 500
_IDS_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """A batch and who did what with it, by the names that colleagues know; empty where nobody has yet."""

    id: UUID
    country: str
    currency: str
    state: str
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
class OverdueLine:
    """What should have been paid or given by now. ``days_late`` counts from the day after the last good one."""

    reference: str
    participant_id: UUID
    country: str
    amount: Money
    due_on: date
    days_late: int
    state: str


def find_batch(batch_id: UUID) -> BatchView:
    """Raises NotFound."""
    row = Batch.objects.filter(id=batch_id).first()
    if row is None:
        raise NotFound
    return _batch_views([row])[0]


def list_batches() -> list[BatchView]:
    """The latest batches, newest first."""
    return _batch_views(list(Batch.objects.order_by("-created_at", "-id")[:BATCHES_SHOWN_MAX]))


def batch_csv(batch_id: UUID) -> str:
    """The file of a batch: reference, public id, amount, currency, last day to pay. No name, no account.

    Raises NotFound, also for a refused batch, whose lines are owed again.
    """
    lines = read_lines(batch_id)
    if not lines:
        raise NotFound
    return write_csv(lines)


def read_lines(batch_id: UUID) -> list[PayableLine]:
    rows = list(Payable.objects.filter(batch_id=batch_id).order_by("due_on", "id"))
    public_ids = _public_ids([row.participant_id for row in rows])
    return [
        PayableLine(
            reference=reward_reference(row.reward_id),
            public_id=public_ids.get(row.participant_id, ""),
            amount=Money(row.amount_minor, row.currency),
            due_on=row.due_on,
        )
        for row in rows
    ]


def list_overdue(*, now: datetime) -> list[OverdueLine]:
    """What is owed past its day, the oldest first: cash, and what the merchant fulfils itself and has not
    confirmed (state ``unconfirmed``). A day ends at midnight in the country where it is owed."""
    unpaid = Payable.objects.filter(state__in=["owed", "in_batch"])
    unconfirmed = Reward.objects.filter(reward_kind="fulfilled", state=RewardState.EARNED.value)
    lines: list[OverdueLine] = []
    countries = {*unpaid.values_list("country", flat=True), *unconfirmed.values_list("country", flat=True)}
    for country in sorted(countries):
        today = clock.local_day(now, market_facts(country).time_zone)
        late = unconfirmed.filter(country=country, due_on__lt=today).order_by("due_on", "id")
        lines.extend(_unconfirmed_line(row, today) for row in late[:OVERDUE_SHOWN_MAX])
        rows = unpaid.filter(country=country, due_on__lt=today).order_by("due_on", "id")
        lines.extend(
            OverdueLine(
                reference=reward_reference(row.reward_id),
                participant_id=row.participant_id,
                country=row.country,
                amount=Money(row.amount_minor, row.currency),
                due_on=row.due_on,
                days_late=(today - row.due_on).days,
                state=row.state,
            )
            for row in rows[:OVERDUE_SHOWN_MAX]
        )
    return sorted(lines, key=lambda line: (line.due_on, line.reference))[:OVERDUE_SHOWN_MAX]


def _unconfirmed_line(row: Reward, today: date) -> OverdueLine:
    assert row.due_on is not None, "the query asks for a day that has passed"
    return OverdueLine(
        reference=reward_reference(row.id),
        participant_id=row.participant_id,
        country=row.country,
        amount=Money(row.amount_minor, row.currency),
        due_on=row.due_on,
        days_late=(today - row.due_on).days,
        state="unconfirmed",
    )


def count_owed(country: str) -> int:
    """How many payables of a country are in no batch yet."""
    return Payable.objects.filter(country=country, state="owed").count()


def _public_ids(participant_ids: list[UUID]) -> dict[UUID, str]:
    wanted = sorted(set(participant_ids))
    found: dict[UUID, str] = {}
    for start in range(0, len(wanted), _IDS_PER_STATEMENT):
        part = wanted[start : start + _IDS_PER_STATEMENT]
        found.update(Participant.objects.filter(id__in=part).values_list("id", "public_id"))
    return found


def _batch_views(rows: list[Batch]) -> list[BatchView]:
    user_ids = {
        user_id
        for row in rows
        for user_id in (
            row.created_by_user_id,
            row.approved_by_user_id,
            row.refused_by_user_id,
            row.paid_by_user_id,
        )
        if user_id is not None
    }
    names = dict(User.objects.filter(id__in=user_ids).values_list("id", "name"))

    def name(user_id: UUID | None) -> str:
        return names.get(user_id, "") if user_id is not None else ""

    return [
        BatchView(
            id=row.id,
            country=row.country,
            currency=row.currency,
            state=row.state,
            count=row.payable_count,
            total=Money(row.total_minor, row.currency),
            file_hash=row.file_hash,
            created_by=name(row.created_by_user_id),
            created_at=row.created_at,
            approved_by=name(row.approved_by_user_id),
            approved_at=row.approved_at,
            refused_by=name(row.refused_by_user_id),
            refused_at=row.refused_at,
            paid_by=name(row.paid_by_user_id),
            paid_at=row.paid_at,
        )
        for row in rows
    ]
