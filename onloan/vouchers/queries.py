"""Reads of vouchers, of what was spent of them, and of the merchant's own codes in stock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.models import Count, Q, Sum

from onloan import clock, ids
from onloan.ledger.queries import find_place
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.people.queries import find_by_code
from onloan.vouchers.codes import group_code, unseal_own_code, voucher_code
from onloan.vouchers.errors import RedemptionUnknown
from onloan.vouchers.models import OwnCode, Redemption, Voucher
from onloan.vouchers.rules import (
    ROLL_BACK_WITHIN,
    RedemptionState,
    Till,
    VoucherState,
    is_over,
    normalize_own_code,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherView:
    """A voucher as its owner sees it. ``code`` buys things: it goes to its owner's own page and nowhere else; it
    is empty while ``waits_for_code``, until the merchant has handed in enough codes of its own.

    ``remaining`` can be spent until ``expires_at`` (the last second, or None), ``held`` of it is set aside at a
    till just now. After the end ``state`` is ``expired`` and what was left stands in ``expired``.
    """

    id: UUID
    participant_id: UUID
    reward_id: UUID
    market_id: UUID
    country: str
    amount: Money
    remaining: Money
    held: Money
    expired: Money
    code: str
    waits_for_code: bool
    has_own_code: bool
    issued_at: datetime
    expires_at: datetime | None
    state: str

    @property
    def available(self) -> Money:
        """What a till can take now."""
        return Money(self.remaining.amount_minor - self.held.amount_minor, self.remaining.currency)

    @property
    def time_zone(self) -> str:
        return market_facts(self.country).time_zone

    @property
    def expires_on(self) -> date | None:
        """The last day, as the clocks of its market count it."""
        return None if self.expires_at is None else clock.local_day(self.expires_at, self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionView:
    """A part of a voucher that a till took or set aside. ``held_until`` is set while it is held."""

    id: UUID
    participant_id: UUID
    voucher_id: UUID
    amount: Money
    state: RedemptionState
    reference: str
    by: Till
    started_at: datetime
    held_until: datetime | None
    done_at: datetime | None
    undone_at: datetime | None

    @property
    def can_roll_back_until(self) -> datetime | None:
        """The last moment at which this sale can be undone; None when it is not done, or undone already."""
        if self.state is not RedemptionState.DONE or self.done_at is None:
            return None
        return self.done_at + ROLL_BACK_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCodeStock:
    """The merchant's own codes for one reward of one market and one amount: how many lie ready, how many people
    hold one, and how many people wait for one."""

    market_id: UUID
    offer_slug: str
    country: str
    rule_id: str
    amount: Money
    ready: int
    given: int
    waiting: int


def list_vouchers(participant_id: UUID) -> list[VoucherView]:
    """All vouchers of one person, the latest first, with their codes as they are typed."""
    return _views(Voucher.objects.filter(participant_id=participant_id).order_by("-issued_at", "-id"))


def find_own_voucher(participant_id: UUID, voucher_id: UUID) -> VoucherView | None:
    """One voucher of this person; None for anybody else's."""
    views = _views(Voucher.objects.filter(participant_id=participant_id, id=voucher_id))
    return views[0] if views else None


def find_voucher(typed_code: str) -> VoucherView | None:
    """The voucher whose code somebody typed or scanned; None for anything else.

    At a till ask ``guessing.look_up``, which counts codes that nobody holds.
    """
    for code in (ids.normalize_code(typed_code), normalize_own_code(typed_code)):
        found = find_by_code("voucher", code) if code else None
        if found is not None:
            participant_id, voucher_id = found
            return find_own_voucher(participant_id, voucher_id)
    return None


def list_redemptions(participant_id: UUID, voucher_id: UUID) -> list[RedemptionView]:
    """What was taken of one voucher, or set aside, released or given back; the latest first."""
    rows = Redemption.objects.filter(participant_id=participant_id, voucher_id=voucher_id)
    return [redemption_view(row) for row in rows.order_by("-started_at", "-id")]


def find_redemption(redemption_id: UUID) -> RedemptionView:
    """Raises RedemptionUnknown."""
    row = Redemption.objects.filter(id=redemption_id).first()
    if row is None:
        raise RedemptionUnknown
    return redemption_view(row)


def find_redeemed_voucher(redemption: RedemptionView) -> VoucherView:
    """The voucher of a redemption, as it stands now."""
    found = find_own_voucher(redemption.participant_id, redemption.voucher_id)
    assert found is not None, "a redemption is of a voucher"
    return found


def list_own_codes() -> list[OwnCodeStock]:
    """The stock of own codes, and who waits for one, by market, reward and amount."""
    place = ("market_id", "rule_id", "amount_minor", "currency")
    stock = {
        tuple(row[:4]): (row[4], row[5])
        for row in OwnCode.objects.values_list(*place).annotate(
            ready=Count("id", filter=Q(voucher_id__isnull=True)),
            given=Count("id", filter=Q(voucher_id__isnull=False)),
        )
    }
    waiting = {
        tuple(row[:4]): row[4]
        for row in Voucher.objects.filter(waits_for_code=True).values_list(*place).annotate(waiting=Count("id"))
    }
    lines = []
    for market_id, rule_id, amount_minor, currency in stock.keys() | waiting.keys():
        key = (market_id, rule_id, amount_minor, currency)
        ready, given = stock.get(key, (0, 0))
        at = find_place(market_id)
        lines.append(
            OwnCodeStock(
                market_id=market_id,
                offer_slug=at.offer_slug,
                country=at.country,
                rule_id=rule_id,
                amount=Money(amount_minor, currency),
                ready=ready,
                given=given,
                waiting=waiting.get(key, 0),
            )
        )
    return sorted(lines, key=lambda line: (line.offer_slug, line.country, line.rule_id, line.amount.amount_minor))


def list_missing_codes() -> list[OwnCodeStock]:
    """Where people wait for a code because the merchant handed in too few: an alarm for its team."""
    return [line for line in list_own_codes() if line.waiting]


def redemption_view(row: Redemption) -> RedemptionView:
    return RedemptionView(
        id=row.id,
        participant_id=row.participant_id,
        voucher_id=row.voucher_id,
        amount=Money(row.amount_minor, row.currency),
        state=RedemptionState(row.state),
        reference=row.reference,
        by=Till(key_id=row.by_key_id, user_id=row.by_user_id),
        started_at=row.started_at,
        held_until=row.held_until if row.state == RedemptionState.HELD.value else None,
        done_at=row.done_at,
        undone_at=row.undone_at,
    )


def _views(rows: Iterable[Voucher]) -> list[VoucherView]:
    found, now = list(rows), clock.now()
    own_code_ids = [row.own_code_id for row in found if row.own_code_id is not None]
    own_codes = OwnCode.objects.filter(id__in=own_code_ids).values_list("id", "sealed_code")
    sealed = {own_code_id: bytes(sealed_code) for own_code_id, sealed_code in own_codes}
    return [_voucher_view(row, sealed, now) for row in found]


def _voucher_view(row: Voucher, sealed: dict[UUID, bytes], now: datetime) -> VoucherView:
    if row.waits_for_code:
        code = ""
    elif row.own_code_id is not None:
        code = unseal_own_code(row.own_code_id, sealed[row.own_code_id])
    else:
        code = group_code(voucher_code(row.id))
    ended = row.state == VoucherState.ACTIVE.value and not row.waits_for_code and is_over(row.expires_at, now)
    left, expired = (0, row.remaining_minor) if ended else (row.remaining_minor, row.expired_minor)
    return VoucherView(
        id=row.id,
        participant_id=row.participant_id,
        reward_id=row.reward_id,
        market_id=row.market_id,
        country=find_place(row.market_id).country,
        amount=Money(row.amount_minor, row.currency),
        remaining=Money(left, row.currency),
        held=Money(0 if ended else row.held_minor, row.currency),
        expired=Money(expired, row.currency),
        code=code,
        waits_for_code=row.waits_for_code,
        has_own_code=row.own_code_id is not None,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        state=VoucherState.EXPIRED.value if ended else row.state,
    )


def sum_spent_vouchers(*, year: int) -> list[Money]:
    """What was taken from vouchers in a year (UTC) and not given back, by currency."""
    begins, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    done = Redemption.objects.filter(state=RedemptionState.DONE.value, done_at__gte=begins, done_at__lt=ends)
    sums = done.values_list("currency").annotate(total=Sum("amount_minor")).order_by("currency")
    return [Money(total, currency) for currency, total in sums]
