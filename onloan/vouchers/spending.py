"""A till takes money from a voucher: at once, or set aside first; gives it back; or undoes the sale.

Each step locks the person, moves the row of the voucher and the ledger in one transaction, and happens once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from onloan import db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.clock import local_day
from onloan.db import action
from onloan.errors import BadInput
from onloan.ledger.queries import find_place
from onloan.ledger.spending import release_spending, restore_spending, settle_spending, spend_voucher
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.people.statements import lock_participant
from onloan.vouchers import statements
from onloan.vouchers.errors import (
    HoldOver,
    HoldTime,
    RedemptionNotReady,
    ReferenceForm,
    ReferenceRefused,
    RollBackTooLate,
    VoucherCurrency,
    VoucherExpired,
    VoucherHeld,
    VoucherSpent,
    VoucherTooMuch,
    VoucherUnknown,
)
from onloan.vouchers.models import Redemption, Voucher
from onloan.vouchers.queries import RedemptionView, find_redemption, find_voucher, redemption_view
from onloan.vouchers.rules import (
    GOOD_AGAIN_FOR,
    HOLD_SECONDS_MAX,
    HOLD_SECONDS_MIN,
    ROLL_BACK_WITHIN,
    RedemptionState,
    Till,
    end_of_day,
    is_over,
    is_reference,
)


@action
def redeem_voucher(
    *,
    typed_code: str,
    amount: Money | None,
    reference: str,
    by: Till,
    hold_seconds: int | None,
    now: datetime,
) -> RedemptionView:
    """Take ``amount`` (None: all that is there) from the voucher of ``typed_code``, or with ``hold_seconds`` set
    it aside until the sale is finished, released or that time is over.

    ``reference`` is the merchant's own number of the sale: again with the same amount it changes nothing and
    returns what became of the first. No flag of the owner and no erasure stands in the way of a voucher that was
    earned. Faces ask ``guessing.look_up`` first. Raises VoucherUnknown, VoucherExpired, VoucherSpent,
    VoucherTooMuch, VoucherHeld, VoucherCurrency, ReferenceForm, ReferenceRefused, HoldTime, BadInput, and
    NotAllowed for a member who may not redeem.
    """
    _require_till(by)
    if not is_reference(reference):
        raise ReferenceForm(field="reference")
    if hold_seconds is not None and not HOLD_SECONDS_MIN <= hold_seconds <= HOLD_SECONDS_MAX:
        raise HoldTime(field="hold_seconds", least=HOLD_SECONDS_MIN, most=HOLD_SECONDS_MAX)
    found = find_voucher(typed_code)
    if found is None:
        raise VoucherUnknown(field="code")
    lock_participant(found.participant_id)
    earlier = Redemption.objects.filter(
        participant_id=found.participant_id, voucher_id=found.id, reference=reference
    ).first()
    if earlier is not None:
        return _same_again(redemption_view(earlier), amount, hold_seconds)
    _release_overdue_of(found.participant_id, found.id, now)
    voucher = Voucher.objects.get(participant_id=found.participant_id, id=found.id)
    taken = _check_amount(voucher, amount, now)
    redemption_id = ids.new_id()
    is_held = hold_seconds is not None
    spend_voucher(
        participant_id=voucher.participant_id, market_id=voucher.market_id, reward_id=voucher.reward_id,
        redemption_id=redemption_id, amount=taken, is_held=is_held, now=now,
    )  # fmt: skip
    db.execute([
        db.insert(
            Redemption,
            id=redemption_id, participant_id=voucher.participant_id, voucher_id=voucher.id,
            amount_minor=taken.amount_minor, currency=taken.currency,
            state=(RedemptionState.HELD if is_held else RedemptionState.DONE).value, reference=reference,
            by_key_id=by.key_id, by_user_id=by.user_id, started_at=now,
            held_until=None if hold_seconds is None else now + timedelta(seconds=hold_seconds),
            done_at=None if is_held else now, undone_at=None, undone_by_key_id=None, undone_by_user_id=None,
        ),
        statements.change_voucher(
            participant_id=voucher.participant_id, voucher_id=voucher.id,
            remaining_minor=0 if is_held else -taken.amount_minor,
            held_minor=taken.amount_minor if is_held else 0,
        ),
    ])  # fmt: skip
    return find_redemption(redemption_id)


@action
def finish_redemption(*, redemption_id: UUID, by: Till, now: datetime) -> RedemptionView:
    """The sale for which an amount was set aside takes place. Again changes nothing.

    It may come after the end of the voucher, as the amount was set aside before it. Raises HoldOver when the time
    for which it was set aside has passed, RedemptionNotReady, RedemptionUnknown, NotAllowed.
    """
    _require_till(by)
    redemption = _lock_redemption(redemption_id)
    if redemption.state is RedemptionState.DONE:
        return redemption
    if redemption.state is RedemptionState.RELEASED:
        raise HoldOver
    if redemption.state is not RedemptionState.HELD:
        raise RedemptionNotReady(state=redemption.state.value)
    assert redemption.held_until is not None
    if now > redemption.held_until:
        raise HoldOver
    settle_spending(participant_id=redemption.participant_id, redemption_id=redemption_id, now=now)
    _change(
        redemption, remaining_minor=-redemption.amount.amount_minor, held_minor=-redemption.amount.amount_minor
    )
    _rows(redemption).update(state=RedemptionState.DONE.value, done_at=now)
    return find_redemption(redemption_id)


@action
def release_redemption(*, redemption_id: UUID, by: Till, now: datetime) -> RedemptionView:
    """The sale does not take place: what was set aside is free again. Again changes nothing.

    Raises RedemptionNotReady for a sale that took place (it can be rolled back), RedemptionUnknown, NotAllowed.
    """
    _require_till(by)
    redemption = _lock_redemption(redemption_id)
    if redemption.state is RedemptionState.RELEASED:
        return redemption
    if redemption.state is not RedemptionState.HELD:
        raise RedemptionNotReady(state=redemption.state.value)
    _release(redemption, by, now)
    return find_redemption(redemption_id)


@action
def roll_back_redemption(*, redemption_id: UUID, by: Till, now: datetime) -> RedemptionView:
    """Undo a sale within ``ROLL_BACK_WITHIN``: the whole amount is on the voucher again. Again changes nothing.

    What comes back can be spent for at least ``GOOD_AGAIN_FOR``, also when the voucher ended meanwhile. Raises
    RollBackTooLate, RedemptionNotReady for what was never spent, RedemptionUnknown, NotAllowed.
    """
    _require_till(by)
    redemption = _lock_redemption(redemption_id)
    if redemption.state is RedemptionState.ROLLED_BACK:
        return redemption
    if redemption.state is not RedemptionState.DONE or redemption.done_at is None:
        raise RedemptionNotReady(state=redemption.state.value)
    if now > redemption.done_at + ROLL_BACK_WITHIN:
        raise RollBackTooLate(hours=ROLL_BACK_WITHIN // timedelta(hours=1))
    restore_spending(participant_id=redemption.participant_id, redemption_id=redemption_id, now=now)
    _change(redemption, remaining_minor=redemption.amount.amount_minor)
    voucher = Voucher.objects.get(participant_id=redemption.participant_id, id=redemption.voucher_id)
    good_again_until = end_of_day(now + GOOD_AGAIN_FOR, _time_zone(voucher.market_id))
    Voucher.objects.filter(
        participant_id=redemption.participant_id, id=redemption.voucher_id, expires_at__lt=good_again_until
    ).update(expires_at=good_again_until)
    _rows(redemption).update(
        state=RedemptionState.ROLLED_BACK.value,
        undone_at=now,
        undone_by_key_id=by.key_id,
        undone_by_user_id=by.user_id,
    )
    return find_redemption(redemption_id)


@action
def release_overdue_hold(*, redemption_id: UUID, now: datetime) -> bool:
    """Free what a till set aside and whose time is over; False when it was finished or released meanwhile."""
    redemption = _lock_redemption(redemption_id)
    if redemption.held_until is None or now <= redemption.held_until:
        return False
    _release(redemption, None, now)
    return True


def _require_till(by: Till) -> None:
    """A key's scope is what its face has checked; a member's role is asked here."""
    if by.user_id is not None:
        require(find_member_by_id(by.user_id), Capability.REDEEM_VOUCHERS)


def _same_again(earlier: RedemptionView, amount: Money | None, hold_seconds: int | None) -> RedemptionView:
    """A retry gets what its first try got; the same reference for anything else is refused."""
    is_undone = earlier.state in {RedemptionState.RELEASED, RedemptionState.ROLLED_BACK}
    is_other_amount = amount is not None and amount != earlier.amount
    is_other_kind = earlier.state is RedemptionState.HELD and hold_seconds is None
    if is_undone or is_other_amount or is_other_kind:
        raise ReferenceRefused(field="reference")
    return earlier


def _check_amount(voucher: Voucher, amount: Money | None, now: datetime) -> Money:
    """What is taken: all that is available, or ``amount`` when the voucher has it."""
    if amount is not None and amount.currency != voucher.currency:
        raise VoucherCurrency(field="currency", currency=voucher.currency)
    if amount is not None and amount.amount_minor == 0:
        raise BadInput(field="amount", problem="0")
    if voucher.expires_at is not None and is_over(voucher.expires_at, now):
        raise VoucherExpired(day=local_day(voucher.expires_at, _time_zone(voucher.market_id)).isoformat())
    if voucher.remaining_minor == 0:
        raise VoucherSpent
    available = Money(voucher.remaining_minor - voucher.held_minor, voucher.currency)
    wanted = amount if amount is not None else available
    if wanted.amount_minor > voucher.remaining_minor:
        remaining = Money(voucher.remaining_minor, voucher.currency)
        raise VoucherTooMuch(field="amount", remaining=remaining.written())
    if wanted.amount_minor > available.amount_minor or available.amount_minor == 0:
        raise VoucherHeld(field="amount", remaining=available.written())
    return wanted


def _lock_redemption(redemption_id: UUID) -> RedemptionView:
    """The redemption as it stands once its owner's row is locked. Raises RedemptionUnknown."""
    lock_participant(find_redemption(redemption_id).participant_id)
    return find_redemption(redemption_id)


def _release_overdue_of(participant_id: UUID, voucher_id: UUID, now: datetime) -> None:
    """So that the time of a hold is over on the second, not when a job comes by."""
    overdue = Redemption.objects.filter(
        participant_id=participant_id,
        voucher_id=voucher_id,
        state=RedemptionState.HELD.value,
        held_until__lt=now,
    )
    for row in list(overdue):
        _release(redemption_view(row), None, now)


def _release(redemption: RedemptionView, by: Till | None, now: datetime) -> None:
    release_spending(participant_id=redemption.participant_id, redemption_id=redemption.id, now=now)
    _change(redemption, held_minor=-redemption.amount.amount_minor)
    _rows(redemption).update(
        state=RedemptionState.RELEASED.value,
        undone_at=now,
        undone_by_key_id=by.key_id if by is not None else None,
        undone_by_user_id=by.user_id if by is not None else None,
    )


def _change(redemption: RedemptionView, *, remaining_minor: int = 0, held_minor: int = 0) -> None:
    db.execute([
        statements.change_voucher(
            participant_id=redemption.participant_id, voucher_id=redemption.voucher_id,
            remaining_minor=remaining_minor, held_minor=held_minor,
        )
    ])  # fmt: skip


def _rows(redemption: RedemptionView) -> QuerySet[Redemption]:
    return Redemption.objects.filter(participant_id=redemption.participant_id, id=redemption.id)


def _time_zone(market_id: UUID) -> str:
    return market_facts(find_place(market_id).country).time_zone
