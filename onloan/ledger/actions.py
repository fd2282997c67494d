"""Every write about rewards: promised, held, earned, paid, returned, taken as a voucher, ended before earned.

Money of a pool moves in ``pools.py``, money of a voucher in ``spending.py``, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from onloan import db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import Statement, action
from onloan.errors import BadInput, NotFound
from onloan.ledger import rules, statements
from onloan.ledger.batches import NewReward, write_earnings, write_promises
from onloan.ledger.entries import reward_entry
from onloan.ledger.errors import ClawbackRefused, RewardNotReady, TransferConflict
from onloan.ledger.models import Reward
from onloan.ledger.pools import release_pot
from onloan.ledger.queries import RewardView, find_reward, find_rewards
from onloan.ledger.rules import AccountKind, Cause, RewardState, Route, TransferKind, VoidCause
from onloan.offers.document import RewardRule
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant

PaymentCause = Literal[Cause.PAID_OUT, Cause.SLIP_REDEEMED, Cause.FULFILLED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A reward to promise. ``cause_key`` is the friend's participant id in hexadecimal, or ``own``."""

    participant_id: UUID
    market_id: UUID
    country: str
    rule: RewardRule
    cause_key: str
    earns_at: datetime


@dataclass(frozen=True, slots=True)
class Promised:
    """A reward that was promised: by this call, or known before (then it may be earned or ended by now)."""

    reward_id: UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class Earning:
    """A reward whose settling days are over; ``due_on`` is the last day to pay cash."""

    participant_id: UUID
    reward_id: UUID
    due_on: date | None


@dataclass(frozen=True, slots=True)
class RewardPayment:
    """That an earned reward has left the merchant, under ``reference``: see ``mark_reward_paid``."""

    participant_id: UUID
    reward_id: UUID
    cause: PaymentCause
    reference: str | None
    attempt: int


@action
def promise_reward(
    *,
    participant_id: UUID,
    market_id: UUID,
    country: str,
    rule: RewardRule,
    cause_key: str,
    earns_at: datetime,
    now: datetime,
) -> UUID | None:
    """Set one reward aside out of the person's own reservation, as ``promise_rewards`` does for several."""
    lock_participant(participant_id)
    promise = Promise(
        participant_id=participant_id,
        market_id=market_id,
        country=country,
        rule=rule,
        cause_key=cause_key,
        earns_at=earns_at,
    )
    (promised,) = promise_rewards(promises=[promise], now=now)
    return promised.reward_id if promised is not None else None


@action
def promise_rewards(*, promises: Sequence[Promise], now: datetime) -> list[Promised | None]:
    """Set each reward aside out of its person's own reservation, to be earned at its ``earns_at``.

    The caller has locked every person among them, in the order of their ids. Each cause promises once, and a
    retry gets the same reward. None where the rule's times are used up, where nothing is promised in the
    country, or where the person has no reservation that holds it; then the others are promised all the same.
    """
    known = _list_promised(promises)
    free = statements.read_free_reservations({promise.participant_id for promise in promises})
    promised: list[Promised | None] = []
    new: list[NewReward] = []
    for promise in promises:
        assert 0 < len(promise.cause_key) <= rules.CAUSE_KEY_CHARACTERS_MAX
        amount = promise.rule.amounts.get(promise.country)
        by_cause = known.setdefault((promise.participant_id, promise.rule.id), {})
        present = by_cause.get(promise.cause_key)
        if present is not None:
            promised.append(Promised(db.read_uuid(present[0]), is_new=False))
            continue
        used = sum(1 for _, state in by_cause.values() if state != RewardState.VOIDED.value)
        if amount is None or amount.amount_minor == 0 or used >= promise.rule.times:
            promised.append(None)
            continue
        left_minor = free.get((promise.participant_id, amount.currency), 0) - amount.amount_minor
        if left_minor < 0:
            promised.append(None)
            continue
        free[promise.participant_id, amount.currency] = left_minor
        reward_id = ids.new_id()
        promised.append(Promised(reward_id, is_new=True))
        by_cause[promise.cause_key] = (reward_id, RewardState.PENDING.value)
        new.append(
            NewReward(
                id=reward_id, participant_id=promise.participant_id, market_id=promise.market_id,
                country=promise.country, rule=promise.rule, amount=amount, cause_key=promise.cause_key,
                earns_at=promise.earns_at,
            )
        )  # fmt: skip
    write_promises(new, now)
    return promised


def _list_promised(
    promises: Sequence[Promise],
) -> dict[tuple[UUID, str], dict[str, tuple[UUID | str, str]]]:
    """What these people were promised before by these rules: cause key to reward and its state."""
    people = sorted({promise.participant_id for promise in promises})
    rule_ids = sorted({promise.rule.id for promise in promises})
    known: dict[tuple[UUID, str], dict[str, tuple[UUID | str, str]]] = {}
    for participant_id, rule_id, cause_key, reward_id, state in statements.list_promised(people, rule_ids):
        known.setdefault((participant_id, rule_id), {})[cause_key] = (reward_id, state)
    return known


@action
def earn_reward(*, reward_id: UUID, participant_id: UUID, due_on: date | None, now: datetime) -> RewardView:
    """The settling days are over: what was set aside is the person's. ``due_on`` is the last day to pay cash.

    Returns the reward as it stands then; doing it again changes nothing. Raises RewardNotReady for a reward
    that is held, voided or not yet due, NotFound.
    """
    lock_participant(participant_id)
    return earn_rewards(earnings=[Earning(participant_id, reward_id, due_on)], now=now)[0]


@action
def earn_rewards(*, earnings: Sequence[Earning], now: datetime) -> list[RewardView]:
    """The same for several rewards, each named once: all of them, or none when one raises.

    The caller has locked every person among them, in the order of their ids.
    """
    rewards = find_rewards({earning.reward_id for earning in earnings})
    posted: list[tuple[RewardView, date | None]] = []
    for earning in earnings:
        reward = rewards.get(earning.reward_id)
        if reward is None or reward.participant_id != earning.participant_id:
            raise NotFound
        if reward.state in {RewardState.EARNED, RewardState.PAID}:
            continue
        if reward.state is not RewardState.PENDING or now < reward.earns_at:
            raise RewardNotReady(state=reward.state.value)
        if reward.kind == "cash" and earning.due_on is None:
            raise BadInput(field="due_on", problem="due_on")
        posted.append((reward, earning.due_on))
        rewards[reward.id] = replace(reward, state=RewardState.EARNED, earned_at=now, due_on=earning.due_on)
    write_earnings(posted, now)
    return [rewards[earning.reward_id] for earning in earnings]


@action
def void_reward(
    *, reward_id: UUID, participant_id: UUID, cause: VoidCause, decided_by_user_id: UUID | None, now: datetime
) -> None:
    """End a reward that is not earned yet; the money goes back to the person's own reservation.

    ``decided_by_user_id`` names the human who decided that it was fraud, and is None for every other cause.
    Raises ClawbackRefused for an earned reward, NotAllowed when that human's role may not decide.
    """
    if (cause is VoidCause.FRAUD_DECIDED_BY_HUMAN) != (decided_by_user_id is not None):
        raise BadInput(field="decided_by", problem=cause.value)
    if decided_by_user_id is not None:
        require(find_member_by_id(decided_by_user_id), Capability.DECIDE_REWARDS)
    lock_participant(participant_id)
    reward = find_reward(reward_id, participant_id)
    if reward.state in {RewardState.EARNED, RewardState.PAID}:
        raise ClawbackRefused
    if reward.state is RewardState.VOIDED:
        if reward.void_cause != cause.value:
            raise TransferConflict
        return
    kind = "reward_expired" if cause is VoidCause.EXPIRY_ANNOUNCED else "reward_voided"
    _resolve(reward, TransferKind.VOID, Cause(cause.value), "void", now, kind, decided_by_user_id)
    Reward.objects.filter(participant_id=participant_id, id=reward_id).update(
        state=RewardState.VOIDED.value, void_cause=cause.value
    )
    participant = find_participant(participant_id)
    if participant is not None and participant.pot_released_at is not None:
        release_pot(participant_id=participant_id, now=now)


@action
def mark_reward_paid(
    *,
    reward_id: UUID,
    participant_id: UUID,
    cause: PaymentCause,
    reference: str | None,
    now: datetime,
    attempt: int = 1,
) -> bool:
    """An earned reward has left the merchant: cash was paid out or handed over, or the merchant fulfilled it.

    ``attempt`` is 1 for the first payment and one more after each payment that came back. True when this call
    paid it, False when this attempt was booked before. Raises TransferConflict for another ``reference`` of the
    same attempt and for a further attempt while one stands, RewardNotReady for a reward that is not earned, not
    of this kind, or taken as a voucher.
    """
    lock_participant(participant_id)
    payment = RewardPayment(participant_id, reward_id, cause, reference, attempt)
    return mark_rewards_paid(payments=[payment], now=now) == 1


@action
def mark_rewards_paid(*, payments: Sequence[RewardPayment], now: datetime) -> int:
    """Mark each reward paid, as ``mark_reward_paid`` does for one; at most a few hundred, each reward once.

    The caller has locked every person among them, in the order of their ids. Returns how many this call paid.
    """
    rewards = find_rewards({payment.reward_id for payment in payments})
    written: list[Statement] = []
    paid = 0
    for payment in payments:
        reward = rewards.get(payment.reward_id)
        if reward is None or reward.participant_id != payment.participant_id:
            raise NotFound
        if _was_paid(reward, payment):
            continue
        paid += 1
        label = f"pay/{payment.attempt}"
        written += _move_on(reward, AccountKind.OWED, AccountKind.PAID, payment.cause, label, now)
        written += reward_entry("reward_paid", reward, reward.amount, now)
        written.append(_write_paid(payment, now))
    db.execute(written)
    return paid


def _write_paid(payment: RewardPayment, now: datetime) -> Statement:
    return (
        "UPDATE ledger_reward SET state = %s, settled_at = %s, reference = %s, payment_count = %s"
        " WHERE participant_id = %s AND id = %s",
        [
            RewardState.PAID.value, db.time_value(now), payment.reference, payment.attempt,
            db.uuid_value(payment.participant_id), db.uuid_value(payment.reward_id),
        ],
    )  # fmt: skip


def _was_paid(reward: RewardView, payment: RewardPayment) -> bool:
    """Whether this attempt is booked already. Raises TransferConflict, RewardNotReady where it cannot be."""
    is_paid = reward.state is RewardState.PAID
    if payment.attempt <= reward.payment_count:
        # A payment that came back is not paid again by a late retry of it.
        if is_paid and payment.attempt == reward.payment_count and reward.reference != payment.reference:
            raise TransferConflict
        return True
    if is_paid or payment.attempt != reward.payment_count + 1:
        raise TransferConflict
    wanted_kind = "fulfilled" if payment.cause is Cause.FULFILLED else "cash"
    if reward.state is not RewardState.EARNED or reward.kind != wanted_kind or reward.taken_as:
        raise RewardNotReady(state=reward.taken_as or reward.state.value)
    return False


@action
def return_reward(*, reward_id: UUID, participant_id: UUID, now: datetime, attempt: int = 1) -> bool:
    """The payment ``attempt`` of a cash reward came back: it is owed again, and never forfeited.

    True when this call booked it, False when the same return was booked before. Raises RewardNotReady for a reward
    that was not paid, or not in cash.
    """
    lock_participant(participant_id)
    reward = find_reward(reward_id, participant_id)
    is_paid = reward.state is RewardState.PAID
    if attempt <= reward.payment_count - is_paid:
        return False
    if not is_paid or attempt != reward.payment_count or reward.kind != "cash":
        raise RewardNotReady(state=reward.state.value)
    db.execute([
        *_move_on(reward, AccountKind.PAID, AccountKind.OWED, Cause.PAYMENT_RETURNED, f"return/{attempt}", now),
        *reward_entry("reward_returned", reward, reward.amount, now),
    ])  # fmt: skip
    Reward.objects.filter(participant_id=participant_id, id=reward_id).update(
        state=RewardState.EARNED.value, settled_at=None, reference=None
    )
    return True


@action
def take_as_voucher(*, reward_id: UUID, participant_id: UUID, now: datetime) -> RewardView:
    """The person takes earned cash as a voucher of the same amount, where the caller knows that the offer gives
    this choice. Returns the reward as it stands then; again changes nothing.

    Raises RewardNotReady for a reward that is not earned cash, or is paid.
    """
    lock_participant(participant_id)
    reward = find_reward(reward_id, participant_id)
    if reward.taken_as == "voucher":
        return reward
    if reward.state is not RewardState.EARNED or reward.kind != "cash":
        raise RewardNotReady(state=reward.state.value)
    db.execute([
        *_move_on(reward, AccountKind.OWED, AccountKind.VOUCHERS, Cause.TAKEN_AS_VOUCHER, "swap", now),
        *reward_entry("reward_swapped", reward, reward.amount, now),
    ])  # fmt: skip
    Reward.objects.filter(participant_id=participant_id, id=reward_id).update(taken_as="voucher")
    return replace(reward, taken_as="voucher")


def _move_on(
    reward: RewardView, debit: AccountKind, credit: AccountKind, cause: Cause, label: str, now: datetime
) -> list[Statement]:
    """Move the whole of an earned reward from one account of its person to another, at once."""
    return statements.move(
        transfer_id=rules.derive_id(reward.id, label), participant_id=reward.participant_id,
        market_id=reward.market_id, route=Route(TransferKind.POSTED, debit, credit, cause), amount=reward.amount,
        cause_ref=reward.id, now=now,
    )  # fmt: skip


@action
def hold_reward(*, reward_id: UUID, participant_id: UUID, reason: str, now: datetime) -> None:
    """Keep a pending reward from being earned until a human has looked. An earned one cannot be held.

    ``reason`` is a sentence for the person. Raises RewardNotReady.
    """
    if not 0 < len(reason) <= rules.REASON_CHARACTERS_MAX:
        raise BadInput(field="reason", problem=str(rules.REASON_CHARACTERS_MAX))
    _change_hold(reward_id, participant_id, RewardState.PENDING, RewardState.HELD, reason, now)


@action
def resume_reward(*, reward_id: UUID, participant_id: UUID, now: datetime) -> None:
    """A human has looked and found nothing: the reward waits for its day again. Raises RewardNotReady."""
    _change_hold(reward_id, participant_id, RewardState.HELD, RewardState.PENDING, None, now)


def _change_hold(
    reward_id: UUID,
    participant_id: UUID,
    before: RewardState,
    after: RewardState,
    reason: str | None,
    now: datetime,
) -> None:
    lock_participant(participant_id)
    reward = find_reward(reward_id, participant_id)
    if reward.state is after:
        return
    if reward.state is not before:
        raise RewardNotReady(state=reward.state.value)
    Reward.objects.filter(participant_id=participant_id, id=reward_id).update(
        state=after.value, held_reason=reason
    )
    db.execute(reward_entry(f"reward_{after.value}", reward, reward.amount, now))


def _resolve(
    reward: RewardView,
    kind: TransferKind,
    cause: Cause,
    label: str,
    now: datetime,
    evidence_kind: str,
    decided_by_user_id: UUID | None = None,
) -> None:
    """Post or void the pending transfer of a reward; the database lets each be resolved once."""
    promised = rules.promised_account(reward.kind)
    fields = {"reason": cause.value} if kind is TransferKind.VOID else None
    db.execute([
        statements.debit_account(reward.participant_id, AccountKind.RESERVED, kind, reward.amount),
        statements.credit_account(reward.participant_id, promised, kind, reward.amount),
        statements.write_transfer(
            transfer_id=rules.derive_id(reward.id, label), participant_id=reward.participant_id,
            route=Route(kind, AccountKind.RESERVED, promised, cause), amount=reward.amount, now=now,
            pending_id=reward.transfer_id, cause_ref=reward.id, decided_by_user_id=decided_by_user_id,
        ),
        *reward_entry(evidence_kind, reward, reward.amount, now, fields),
    ])  # fmt: skip
