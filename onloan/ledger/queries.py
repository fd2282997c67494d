"""Every read of the ledger: a person's pot, a market's pool, rewards whose day has come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

from django.db.models import Sum

from onloan import db
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id
from onloan.errors import NotFound
from onloan.ledger import rules, statements
from onloan.ledger.models import Account, Correction, Funding, Pledge, PoolDay, PoolSlice, Reward
from onloan.ledger.rules import AccountKind, CorrectionState, RewardState
from onloan.money import Money
from onloan.offers.document import Offer, RewardKind
from onloan.offers.queries import find_draft, find_market_by_id, find_version
from onloan.offers.rules import pot_to_reserve
from onloan.people.queries import ParticipantView, count_pots_taken, find_participant

_PLACES_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """What a market is called in the evidence."""

    offer_slug: str
    country: str


@lru_cache(maxsize=_PLACES_KEPT)
def find_place(market_id: UUID) -> Place:
    """Kept in the process, because a market never changes its offer or country. Raises NotFound."""
    market = find_market_by_id(market_id)
    return Place(market.offer_slug, market.country)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardView:
    """One reward as the ledger keeps it. ``cause_key`` points at a friend: no page shows it. ``taken_as`` says
    that earned cash became a voucher; ``payment_count`` counts payments, those that came back too."""

    id: UUID
    participant_id: UUID
    market_id: UUID
    country: str
    rule_id: str
    kind: RewardKind
    amount: Money
    cause_key: str
    state: RewardState
    void_cause: str | None
    held_reason: str | None
    pending_at: datetime
    earns_at: datetime
    earned_at: datetime | None
    due_on: date | None
    settled_at: datetime | None
    reference: str | None
    transfer_id: UUID
    taken_as: Literal["voucher"] | None
    payment_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardLine:
    """One reward as its owner sees it, with each of its dates: when the friend's event came
    (``pending_at``), when it counts (``earns_at``, ``earned_at``), by when it is paid (``due_on``).
    ``is_corrected``: it was missing, and the team put that right."""

    reward_id: UUID
    kind: RewardKind
    rule_id: str
    amount: Money
    state: RewardState
    pending_at: datetime
    earns_at: datetime
    earned_at: datetime | None
    due_on: date | None
    settled_at: datetime | None
    held_reason: str | None
    void_cause: str | None
    taken_as: Literal["voucher"] | None
    payment_count: int
    is_corrected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PotView:
    """A person's pot. ``waiting`` holds pending and held rewards. Kinds are never added together."""

    has_pot: bool
    waiting: list[RewardLine]
    earned: list[RewardLine]
    paid: list[RewardLine]
    voided: list[RewardLine]
    still_possible: dict[RewardKind, Money]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """A market's money. ``funded = free + reserved + posted``, always: ``reserved`` is set aside for people and
    not earned, ``posted`` is earned (``owed``, ``vouchers``, ``paid``, ``redeemed``, ``expired``). What a till
    holds is still among ``vouchers``. ``full_pot`` is what the version that newcomers join under reserves for one
    of them."""

    funded: Money
    free: Money
    reserved: Money
    posted: Money
    owed: Money
    vouchers: Money
    paid: Money
    redeemed: Money
    expired: Money
    full_pot: Money
    full_pots_free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLine:
    """A market's money at the last look on one day (UTC), as in ``PoolView``."""

    day: date
    funded: Money
    free: Money
    reserved: Money
    owed: Money
    vouchers: Money
    paid: Money
    redeemed: Money
    expired: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolForecast:
    """How long a pool lasts: ``joined_last_days`` took a pot in the last ``FORECAST_DAYS`` whole days, and if it
    goes on like this, ``closes_on`` is the day of the last full pot; None when nobody joined."""

    used_percent: int
    full_pots_free: int
    joined_last_days: int
    closes_on: date | None


@dataclass(frozen=True, slots=True)
class PledgeView:
    """Who set the money of a file aside, and when."""

    user_id: UUID
    name: str
    file_hash: str
    pledged_at: datetime


def find_pledge(draft_id: UUID) -> PledgeView | None:
    """The pledge for a draft as it stands, if whoever made it may still fund a pool. Raises NotFound."""
    draft = find_draft(draft_id)
    row = Pledge.objects.filter(draft_id=draft_id, file_hash=draft.file_hash).first()
    if row is None:
        return None
    member = find_member_by_id(row.user_id)
    if not member.can(Capability.FUND_POOL):
        return None
    return PledgeView(member.id, member.name, row.file_hash, row.pledged_at)


def find_reward(reward_id: UUID, participant_id: UUID) -> RewardView:
    """Raises NotFound, also for somebody else's reward."""
    reward = find_rewards([reward_id]).get(reward_id)
    if reward is None or reward.participant_id != participant_id:
        raise NotFound
    return reward


def find_rewards(reward_ids: Collection[UUID]) -> dict[UUID, RewardView]:
    """Rewards by their keys, at most a few hundred; those that are not there are left out."""
    among, values = db.among(map(db.uuid_writer(), reward_ids))
    rows = db.fetch_all(f"SELECT {_COLUMNS} FROM ledger_reward WHERE id {among}", values)  # noqa: S608
    return {view.id: view for view in (_reward_view(_read_row(row)) for row in rows)}


def find_reward_by_id(reward_id: UUID) -> RewardView:
    """For a caller that knows the reward's reference only. Raises NotFound."""
    row = Reward.objects.filter(id=reward_id).first()
    if row is None:
        raise NotFound
    return _reward_view(row)


def list_rewards_to_earn(*, now: datetime, limit: int) -> list[RewardView]:
    """Pending rewards whose settling days are over, the oldest first; each is earned in its own action."""
    rows = Reward.objects.filter(state=RewardState.PENDING.value, earns_at__lte=now)
    return [_reward_view(row) for row in rows.order_by("earns_at", "participant_id")[:limit]]


def list_rewards_of_cause(participant_id: UUID, cause_key: str) -> list[RewardView]:
    """What this person was promised because of one friend, or of their ``own`` event."""
    rows = Reward.objects.filter(participant_id=participant_id, cause_key=cause_key).order_by("id")
    return [_reward_view(row) for row in rows]


def is_fulfilment_waiting(participant_id: UUID) -> bool:
    """Whether the merchant still has to fulfil something for this person itself, now or once it counts."""
    states = [RewardState.PENDING.value, RewardState.HELD.value, RewardState.EARNED.value]
    waiting = Reward.objects.filter(participant_id=participant_id, reward_kind="fulfilled", state__in=states)
    return waiting.exists()


def pot_view(participant_id: UUID) -> PotView:
    """Everything that one person earned, waits for and can still earn. Raises NotFound.

    Nothing here asks what the person allowed, took back or requested.
    """
    participant = find_participant(participant_id)
    if participant is None:
        raise NotFound
    rows = list(Reward.objects.filter(participant_id=participant_id).order_by("id"))
    corrections = Correction.objects.filter(participant_id=participant_id, state=CorrectionState.APPROVED)
    corrected = set(corrections.values_list("reward_id", flat=True))
    lines = [_reward_line(row, is_corrected=row.id in corrected) for row in rows]

    def in_states(*states: RewardState) -> list[RewardLine]:
        return [line for line in lines if line.state in states]

    return PotView(
        has_pot=participant.has_pot,
        waiting=in_states(RewardState.PENDING, RewardState.HELD),
        earned=in_states(RewardState.EARNED),
        paid=in_states(RewardState.PAID),
        voided=in_states(RewardState.VOIDED),
        still_possible=_still_possible(participant, find_version(participant.version_id).offer, rows),
    )


def total_by_kind(lines: Iterable[RewardLine]) -> dict[RewardKind, Money]:
    """Sums of rewards, each kind for itself."""
    totals: dict[RewardKind, Money] = {}
    for line in lines:
        totals[line.kind] = totals[line.kind] + line.amount if line.kind in totals else line.amount
    return totals


def is_pot_free(market_id: UUID, full_pot: Money) -> bool:
    """Whether somebody who joins now gets a pot; it is certain only when joining has reserved it."""
    return statements.sum_free(market_id) >= full_pot.amount_minor


def pool_view(market_id: UUID) -> PoolView:
    """The sums of a market; all zero before its pool is funded. Raises NotFound for an unknown market."""
    slices = PoolSlice.objects.filter(market_id=market_id).aggregate(
        credits=Sum("credits_posted_minor"),
        debits=Sum("debits_posted_minor"),
        pending=Sum("debits_pending_minor"),
    )
    market = find_market_by_id(market_id)
    full_pot = pot_to_reserve(find_version(market.version_id).offer, market.country, has_sponsor=False)
    funded = Funding.objects.filter(market_id=market_id, source_slice_id=None).aggregate(sum=Sum("amount_minor"))
    balances = _sum_accounts(market_id)

    def money(amount_minor: int) -> Money:
        return Money(amount_minor, market.currency)

    free = (slices["credits"] or 0) - (slices["debits"] or 0) - (slices["pending"] or 0)
    earned = (
        AccountKind.OWED, AccountKind.VOUCHERS, AccountKind.PAID, AccountKind.REDEEMED, AccountKind.EXPIRED
    )  # fmt: skip
    return PoolView(
        funded=money(funded["sum"] or 0),
        free=money(free),
        reserved=money(balances.get(AccountKind.RESERVED, 0)),
        posted=money(sum(balances.get(kind, 0) for kind in earned)),
        **{kind.value: money(balances.get(kind, 0)) for kind in earned},
        full_pot=full_pot,
        full_pots_free=free // full_pot.amount_minor if full_pot.amount_minor else 0,
    )


def list_pool_days(market_id: UUID, *, since: date) -> list[PoolLine]:
    """A market's money day by day, the earliest first; a day on which nobody looked is left out."""
    rows = PoolDay.objects.filter(market_id=market_id, day__gte=since).order_by("day")
    return [
        PoolLine(
            day=row.day,
            **{name: Money(getattr(row, f"{name}_minor"), row.currency) for name in rules.POOL_COLUMNS},
        )
        for row in rows
    ]


def pool_forecast(market_id: UUID, *, now: datetime) -> PoolForecast:
    """How long a market's pool lasts. Days before the market opened do not count. Raises NotFound."""
    market = find_market_by_id(market_id)
    pool = pool_view(market_id)
    today = now.astimezone(UTC).date()
    first = max(today - timedelta(days=rules.FORECAST_DAYS), market.opens_at.astimezone(UTC).date())
    last = today - timedelta(days=1)
    taken = count_pots_taken(market_id, first=first, last=last) if first <= last else []
    return PoolForecast(
        used_percent=rules.used_percent(funded_minor=pool.funded.amount_minor, free_minor=pool.free.amount_minor),
        full_pots_free=pool.full_pots_free,
        joined_last_days=sum(taken),
        closes_on=rules.forecast_closing(full_pots_free=pool.full_pots_free, joined_by_day=taken, today=today),
    )


def list_funded_markets() -> list[UUID]:
    """Markets that have a pool, whatever is in it."""
    return list(PoolSlice.objects.order_by("market_id").values_list("market_id", flat=True).distinct())


def _sum_accounts(market_id: UUID) -> dict[AccountKind, int]:
    """What lies on the accounts of all people of a market, by kind; what is only set aside still counts as
    reserved."""
    rows = (
        Account.objects.filter(market_id=market_id)
        .values_list("kind")
        .annotate(balance=Sum("credits_posted_minor") - Sum("debits_posted_minor"))
    )
    return {AccountKind(kind): int(balance) for kind, balance in rows}


def _still_possible(participant: ParticipantView, offer: Offer, rewards: list[Reward]) -> dict[RewardKind, Money]:
    """What this version of the offer still holds for the person, by kind; empty once the pot went back."""
    if not participant.has_pot or participant.pot_released_at is not None:
        return {}
    reservation = statements.find_reservation(participant.id)
    if reservation is None:
        return {}
    free_minor = statements.read_free_reservation(participant.id)
    # A friend's reward is only there for who came by a sponsor: it was reserved then, or it was not.
    is_brought = reservation.amount == pot_to_reserve(offer, participant.country, has_sponsor=True)
    possible: dict[RewardKind, Money] = {}
    for rule in offer.rewards:
        amount = rule.amounts.get(participant.country)
        if amount is None or (rule.to == "friend" and not is_brought):
            continue
        used = sum(1 for row in rewards if row.rule_id == rule.id and row.state != RewardState.VOIDED.value)
        left = amount.times(max(0, rule.times - used))
        if left.amount_minor == 0 or left.amount_minor > free_minor:
            continue
        free_minor -= left.amount_minor
        possible[rule.kind] = possible[rule.kind] + left if rule.kind in possible else left
    return possible


class _RewardRow(NamedTuple):
    """A row of rewards that no model was made of: a batch has hundreds. The names are the columns."""

    id: UUID
    participant_id: UUID
    market_id: UUID
    transfer_id: UUID
    pending_at: datetime
    earns_at: datetime
    earned_at: datetime | None
    settled_at: datetime | None
    due_on: date | None
    country: str
    rule_id: str
    reward_kind: str
    amount_minor: int
    currency: str
    cause_key: str
    state: str
    void_cause: str | None
    held_reason: str | None
    reference: str | None
    taken_as: str | None
    payment_count: int


_COLUMNS = ", ".join(_RewardRow._fields)


def _read_row(row: Sequence[Any]) -> _RewardRow:
    return _RewardRow._make([
        *map(db.read_uuid, row[:4]), *map(db.read_time_or_none, row[4:8]), db.read_date(row[8]), *row[9:]
    ])  # fmt: skip


def _reward_view(row: Reward | _RewardRow) -> RewardView:
    return RewardView(
        id=row.id,
        participant_id=row.participant_id,
        market_id=row.market_id,
        country=row.country,
        rule_id=row.rule_id,
        kind=cast("RewardKind", row.reward_kind),
        amount=Money(row.amount_minor, row.currency),
        cause_key=row.cause_key,
        state=RewardState(row.state),
        void_cause=row.void_cause,
        held_reason=row.held_reason,
        pending_at=row.pending_at,
        earns_at=row.earns_at,
        earned_at=row.earned_at,
        due_on=row.due_on,
        settled_at=row.settled_at,
        reference=row.reference,
        transfer_id=row.transfer_id,
        taken_as="voucher" if row.taken_as else None,
        payment_count=row.payment_count,
    )


def _reward_line(row: Reward, *, is_corrected: bool) -> RewardLine:
    view = _reward_view(row)
    return RewardLine(
        reward_id=view.id,
        kind=view.kind,
        rule_id=view.rule_id,
        amount=view.amount,
        state=view.state,
        pending_at=view.pending_at,
        earns_at=view.earns_at,
        earned_at=view.earned_at,
        due_on=view.due_on,
        settled_at=view.settled_at,
        held_reason=view.held_reason,
        void_cause=view.void_cause,
        taken_as=view.taken_as,
        payment_count=view.payment_count,
        is_corrected=is_corrected,
    )
