"""Money of vouchers: a till holds and settles it, rolls it back, or the voucher ends on its announced day.

Every key is derived from the redemption (or the voucher), so each step happens once, whoever retries it. The
caller knows the voucher's code and end; how much of it is left is checked here once more, from its transfers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import db
from onloan.db import action
from onloan.errors import BadInput, NotFound
from onloan.ledger import rules, statements
from onloan.ledger.entries import reward_entry
from onloan.ledger.errors import RewardNotReady, TransferConflict, WrongCurrency
from onloan.ledger.models import Transfer
from onloan.ledger.queries import RewardView, find_reward
from onloan.ledger.rules import AccountKind, Cause, RewardState, Route, TransferKind
from onloan.money import Money
from onloan.people.statements import lock_participant

_SPEND = Route(TransferKind.POSTED, AccountKind.VOUCHERS, AccountKind.REDEEMED, Cause.REDEEMED)
_HOLD = Route(TransferKind.PENDING, AccountKind.VOUCHERS, AccountKind.REDEEMED, Cause.REDEMPTION_STARTED)
_SETTLE = Route(TransferKind.POST, AccountKind.VOUCHERS, AccountKind.REDEEMED, Cause.REDEEMED)
_RELEASE = Route(TransferKind.VOID, AccountKind.VOUCHERS, AccountKind.REDEEMED, Cause.REDEMPTION_RELEASED)
_RESTORE = Route(TransferKind.POSTED, AccountKind.REDEEMED, AccountKind.VOUCHERS, Cause.REDEMPTION_ROLLED_BACK)
_EXPIRE = Route(TransferKind.POSTED, AccountKind.VOUCHERS, AccountKind.EXPIRED, Cause.EXPIRY_ANNOUNCED)


@dataclass(frozen=True, slots=True)
class _Redemption:
    """What is booked of one redemption: its first transfer and which steps followed."""

    transfer_id: UUID
    reward: RewardView
    amount: Money
    is_held: bool
    is_settled: bool
    is_released: bool
    is_restored: bool


@action
def spend_voucher(
    *,
    participant_id: UUID,
    market_id: UUID,
    reward_id: UUID,
    redemption_id: UUID,
    amount: Money,
    is_held: bool,
    now: datetime,
) -> None:
    """Spend ``amount`` of the voucher of a reward, at once or (``is_held``) until it is settled or released.

    ``redemption_id`` is a UUIDv7: again with the same content changes nothing, with other content raises
    TransferConflict. Raises RewardNotReady for a reward that is no earned voucher, WrongCurrency, BadInput for an
    amount of nothing or beyond the voucher.
    """
    lock_participant(participant_id)
    reward = _find_voucher(participant_id, market_id, reward_id, amount)
    route = _HOLD if is_held else _SPEND
    if _is_booked(redemption_id, "spend", reward, amount, route):
        return
    _require_left(reward, amount)
    db.execute([
        *_move(redemption_id, "spend", reward, amount, route, now),
        *([] if is_held else reward_entry("voucher_redeemed", reward, amount, now)),
    ])  # fmt: skip


@action
def settle_spending(*, participant_id: UUID, redemption_id: UUID, now: datetime) -> None:
    """What a till held is spent. Again changes nothing. Raises TransferConflict for what was not held or was
    released, NotFound."""
    lock_participant(participant_id)
    redemption = _find_redemption(participant_id, redemption_id)
    if redemption.is_settled:
        return
    if not redemption.is_held or redemption.is_released:
        raise TransferConflict
    db.execute([
        *_resolve(redemption_id, "settle", redemption, _SETTLE, now),
        *reward_entry("voucher_redeemed", redemption.reward, redemption.amount, now),
    ])  # fmt: skip


@action
def release_spending(*, participant_id: UUID, redemption_id: UUID, now: datetime) -> None:
    """What a till held goes back to the voucher. Again changes nothing. Raises TransferConflict for what was not
    held or is spent, NotFound. Nothing was spent, so the evidence has nothing to say."""
    lock_participant(participant_id)
    redemption = _find_redemption(participant_id, redemption_id)
    if redemption.is_released:
        return
    if not redemption.is_held or redemption.is_settled:
        raise TransferConflict
    db.execute(_resolve(redemption_id, "release", redemption, _RELEASE, now))


@action
def restore_spending(*, participant_id: UUID, redemption_id: UUID, now: datetime) -> None:
    """What was spent goes back to the voucher, whole, by a new transfer. Again changes nothing. Raises
    TransferConflict for what is not spent, NotFound."""
    lock_participant(participant_id)
    redemption = _find_redemption(participant_id, redemption_id)
    if redemption.is_restored:
        return
    if redemption.is_held and not redemption.is_settled:
        raise TransferConflict
    db.execute([
        *_move(redemption_id, "restore", redemption.reward, redemption.amount, _RESTORE, now),
        *reward_entry("voucher_restored", redemption.reward, redemption.amount, now),
    ])  # fmt: skip


@action
def expire_voucher(
    *, participant_id: UUID, market_id: UUID, reward_id: UUID, voucher_id: UUID, amount: Money, now: datetime
) -> None:
    """The last day of a voucher is over, as it was announced with it: ``amount`` is what was left.

    A voucher ends once: again with the same amount changes nothing, with another raises TransferConflict. Raises
    RewardNotReady, WrongCurrency, BadInput as ``spend_voucher`` does.
    """
    lock_participant(participant_id)
    reward = _find_voucher(participant_id, market_id, reward_id, amount)
    if _is_booked(voucher_id, "expire", reward, amount, _EXPIRE):
        return
    _require_left(reward, amount)
    db.execute([
        *_move(voucher_id, "expire", reward, amount, _EXPIRE, now),
        *reward_entry("reward_expired", reward, amount, now),
    ])  # fmt: skip


def _find_voucher(participant_id: UUID, market_id: UUID, reward_id: UUID, amount: Money) -> RewardView:
    reward = find_reward(reward_id, participant_id)
    if reward.market_id != market_id:
        raise NotFound
    is_voucher = reward.kind == "voucher" or reward.taken_as == "voucher"
    if reward.state is not RewardState.EARNED or not is_voucher:
        raise RewardNotReady(state=reward.state.value)
    if amount.currency != reward.amount.currency:
        raise WrongCurrency(field="amount", currency=reward.amount.currency)
    if amount.amount_minor == 0:
        raise BadInput(field="amount", problem="0")
    return reward


def _require_left(reward: RewardView, amount: Money) -> None:
    """Raises BadInput when this voucher has less left: a person's other vouchers never pay for it."""
    left_minor = reward.amount.amount_minor - statements.read_voucher_use(reward.participant_id, reward.id)
    if amount.amount_minor > left_minor:
        raise BadInput(field="amount", problem=Money(left_minor, amount.currency).written())


def _is_booked(subject_id: UUID, label: str, reward: RewardView, amount: Money, route: Route) -> bool:
    """Whether this very step is booked already. Raises TransferConflict when its key names another one."""
    row = Transfer.objects.filter(id=rules.derive_id(subject_id, label)).first()
    if row is None:
        return False
    booked = (row.participant_id, row.cause_ref, row.amount_minor, row.currency, row.kind)
    if booked != (reward.participant_id, reward.id, amount.amount_minor, amount.currency, route.kind.value):
        raise TransferConflict
    return True


def _find_redemption(participant_id: UUID, redemption_id: UUID) -> _Redemption:
    """Raises NotFound for a redemption that never began, also for somebody else's."""
    keys = {label: rules.derive_id(redemption_id, label) for label in ("spend", "settle", "release", "restore")}
    rows = {row.id: row for row in Transfer.objects.filter(participant_id=participant_id, id__in=keys.values())}
    first = rows.get(keys["spend"])
    if first is None or first.cause_ref is None:
        raise NotFound
    return _Redemption(
        transfer_id=first.id,
        reward=find_reward(first.cause_ref, participant_id),
        amount=Money(first.amount_minor, first.currency),
        is_held=first.kind == TransferKind.PENDING.value,
        is_settled=keys["settle"] in rows,
        is_released=keys["release"] in rows,
        is_restored=keys["restore"] in rows,
    )


def _move(
    subject_id: UUID, label: str, reward: RewardView, amount: Money, route: Route, now: datetime
) -> list[db.Statement]:
    return statements.move(
        transfer_id=rules.derive_id(subject_id, label), participant_id=reward.participant_id,
        market_id=reward.market_id, route=route, amount=amount, now=now, cause_ref=reward.id,
    )  # fmt: skip


def _resolve(
    redemption_id: UUID, label: str, redemption: _Redemption, route: Route, now: datetime
) -> list[db.Statement]:
    reward = redemption.reward
    return statements.move(
        transfer_id=rules.derive_id(redemption_id, label), participant_id=reward.participant_id,
        market_id=reward.market_id, route=route, amount=redemption.amount, now=now,
        pending_id=redemption.transfer_id, cause_ref=reward.id,
    )  # fmt: skip
