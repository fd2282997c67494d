"""Every write of the ledger. Money moves here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from onloan import db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import Statement, action
from onloan.errors import BadInput
from onloan.evidence.actions import append_entry
from onloan.evidence.statements import entry_statements
from onloan.ledger import rules, statements
from onloan.ledger.errors import ClawbackRefused, RewardNotReady, TransferConflict, WrongCurrency
from onloan.ledger.models import Funding, Reward
from onloan.ledger.queries import RewardView, find_place, find_reward
from onloan.ledger.rules import AccountKind, Cause, RewardState, Route, TransferKind, VoidCause
from onloan.money import AMOUNT_MINOR_MAX, Money
from onloan.offers.document import RewardRule
from onloan.offers.queries import find_market_by_id
from onloan.people.actions import mark_pot_released
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant

_RESERVE = Route(TransferKind.POSTED, AccountKind.POOL, AccountKind.RESERVED, Cause.JOINED)
_RELEASE = Route(TransferKind.POSTED, AccountKind.RESERVED, AccountKind.POOL, Cause.WINDOW_ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A reward to promise. ``cause_key`` is the friend's participant id in hexadecimal, or ``own``."""

    participant_id: UUID
    market_id: UUID
    country: str
    rule: RewardRule
    cause_key: str
    earns_at: datetime


@action
def fund_pool(
    *,
    market_id: UUID,
    amount: Money,
    full_pot: Money,
    by_user_id: UUID,
    now: datetime,
    funding_id: UUID | None = None,
) -> None:
    """Set ``amount`` aside for a market, on top of what it has; ``full_pot`` is what one joiner reserves (zero
    where only those whom a sponsor brought are rewarded: then the money lies in one piece).

    ``funding_id`` (a UUIDv7) makes a retry harmless: the same money is not added twice. Raises WrongCurrency,
    BadInput for an amount of nothing, TransferConflict for a ``funding_id`` used for another amount, NotFound.
    """
    market = find_market_by_id(market_id)
    if {amount.currency, full_pot.currency} != {market.currency}:
        raise WrongCurrency(field="amount", currency=market.currency)
    if amount.amount_minor == 0:
        raise BadInput(field="amount", problem="0")
    pot = full_pot if full_pot.amount_minor else amount
    funding_id = funding_id or ids.new_id()
    # The slices are locked before the key is looked for, so that two tries at once see each other.
    present = statements.lock_slices(market_id)
    if _was_funded(funding_id, market_id, amount):
        return
    if sum(row.free_minor for row in present) + amount.amount_minor > AMOUNT_MINOR_MAX:
        raise BadInput(field="amount", problem=str(AMOUNT_MINOR_MAX))
    wanted = rules.count_slices(amount.amount_minor, pot.amount_minor)
    missing = range(len(present), max(len(present), wanted))
    db.execute([
        statements.open_slice(market_id=market_id, number=number, currency=amount.currency) for number in missing
    ])  # fmt: skip
    slices = statements.lock_slices(market_id)
    shares = rules.split_into_slices(amount.amount_minor, pot.amount_minor, len(slices))
    funded: list[Statement] = []
    for row, share in zip(slices, shares, strict=True):
        if share:
            funded.append(statements.credit_slice(row.id, Money(share, amount.currency)))
            funded.append(
                db.insert(
                    Funding,
                    id=rules.derive_id(funding_id, f"share/{row.number}"), market_id=market_id, slice_id=row.id,
                    source_slice_id=None, amount_minor=share, currency=amount.currency, by_user_id=by_user_id,
                    funded_at=now,
                )
            )  # fmt: skip
    db.execute(funded)
    place = {"offer": market.offer_slug, "market": market.country}
    append_entry(kind="pool_funded", fields={**place, **_amount_fields(amount)}, occurred_at=now)


def _was_funded(funding_id: UUID, market_id: UUID, amount: Money) -> bool:
    """Whether this funding is booked already; its rows have keys that are derived from it."""
    keys = [rules.derive_id(funding_id, f"share/{number}") for number in range(rules.SLICES_MAX)]
    rows = list(Funding.objects.filter(id__in=keys))
    if not rows:
        return False
    booked = sum(row.amount_minor for row in rows)
    if (booked, rows[0].currency, rows[0].market_id) != (amount.amount_minor, amount.currency, market_id):
        raise TransferConflict
    return True


@action
def reserve_pot(*, participant_id: UUID, market_id: UUID, amount: Money, now: datetime) -> bool:
    """Reserve everything that a new participant can earn; False when the pool has no full pot free.

    The last write of joining: what it locks, it holds only until the commit. The person's row was inserted in
    the same transaction, or is locked by the caller. Five statements in two round trips. Reserving twice for
    one person does nothing the second time; another amount raises TransferConflict. A pot of nothing is always
    free, and nothing is booked for it.
    """
    if amount.amount_minor == 0:
        return True
    slice_id = statements.take_from_slice(
        market_id=market_id,
        participant_id=participant_id,
        amount=amount,
        first_number=participant_id.int % rules.SLICES_MAX,
    )
    if slice_id is None:
        earlier = statements.find_reservation(participant_id)
        if earlier is not None:
            if earlier.amount != amount:
                raise TransferConflict
            return True
        slice_id = statements.gather_from_slices(market_id=market_id, amount=amount, now=now)
    if slice_id is None:
        return False
    db.execute([
        statements.open_account(
            participant_id=participant_id, kind=AccountKind.RESERVED, market_id=market_id,
            currency=amount.currency, credits_posted_minor=amount.amount_minor,
        ),
        statements.write_transfer(
            transfer_id=rules.derive_id(participant_id, "reserve"), participant_id=participant_id,
            route=_RESERVE, amount=amount, now=now, pool_slice_id=slice_id,
        ),
        *_evidence("pot_reserved", market_id, participant_id, amount, now),
    ])  # fmt: skip
    return True


@action
def release_pot(*, participant_id: UUID, now: datetime) -> None:
    """Give back to the pool what this person can no longer earn: the end of their window.

    What is set aside for pending rewards stays theirs. Again is harmless: what is left is then nothing.
    """
    mark_pot_released(participant_id=participant_id, now=now)
    reservation = statements.find_reservation(participant_id)
    if reservation is None:
        # A pot of nothing was never booked. It is marked all the same, or it would be found due for ever.
        return
    left = Money(statements.read_free_reservation(participant_id), reservation.amount.currency)
    if left.amount_minor == 0:
        return
    participant = find_participant(participant_id)
    assert participant is not None, "the row is locked"
    db.execute([
        statements.write_transfer(
            transfer_id=ids.new_id(), participant_id=participant_id, route=_RELEASE, amount=left, now=now,
            pool_slice_id=reservation.debit_account_id,
        ),
        statements.debit_account(participant_id, AccountKind.RESERVED, TransferKind.POSTED, left),
        *_evidence("pot_released", participant.market_id, participant_id, left, now),
        statements.credit_slice(reservation.debit_account_id, left),
    ])  # fmt: skip


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
    return promise_rewards(promises=[promise], now=now)[0]


@action
def promise_rewards(*, promises: Sequence[Promise], now: datetime) -> list[UUID | None]:
    """Set each reward aside out of its person's own reservation, to be earned at its ``earns_at``.

    The caller has locked every person among them, in the order of their ids. Each cause promises once, and a
    retry gets the same reward. None where the rule's times are used up, where nothing is promised in the
    country, or where the person has no reservation that holds it; then the others are promised all the same.
    """
    known = _list_promised(promises)
    promised: list[UUID | None] = []
    new: dict[UUID, list[tuple[UUID, Promise, Money]]] = {}
    for promise in promises:
        assert 0 < len(promise.cause_key) <= rules.CAUSE_KEY_CHARACTERS_MAX
        amount = promise.rule.amounts.get(promise.country)
        by_cause = known.setdefault((promise.participant_id, promise.rule.id), {})
        present = by_cause.get(promise.cause_key)
        if present is not None:
            promised.append(present[0])
            continue
        used = sum(1 for _, state in by_cause.values() if state != RewardState.VOIDED.value)
        if amount is None or amount.amount_minor == 0 or used >= promise.rule.times:
            promised.append(None)
            continue
        reward_id = ids.new_id()
        promised.append(reward_id)
        by_cause[promise.cause_key] = (reward_id, RewardState.PENDING.value)
        new.setdefault(promise.participant_id, []).append((reward_id, promise, amount))
    held: set[UUID] = set()
    for participant_id, rewards in new.items():
        held |= _set_aside(participant_id, {reward_id: amount for reward_id, _, amount in rewards})
    db.execute([
        statement
        for rewards in new.values()
        for reward_id, promise, amount in rewards
        if reward_id in held
        for statement in _write_promise(reward_id, promise, amount, now)
    ])  # fmt: skip
    refused = {reward_id for rewards in new.values() for reward_id, _, _ in rewards} - held
    return [None if reward_id in refused else reward_id for reward_id in promised]


def _list_promised(promises: Sequence[Promise]) -> dict[tuple[UUID, str], dict[str, tuple[UUID, str]]]:
    """What these people were promised before by these rules: cause key to reward and its state."""
    people = sorted({promise.participant_id for promise in promises})
    rule_ids = sorted({promise.rule.id for promise in promises})
    known: dict[tuple[UUID, str], dict[str, tuple[UUID, str]]] = {}
    for participant_id, rule_id, cause_key, reward_id, state in statements.list_promised(people, rule_ids):
        known.setdefault((participant_id, rule_id), {})[cause_key] = (reward_id, state)
    return known


def _set_aside(participant_id: UUID, amounts: Mapping[UUID, Money]) -> set[UUID]:
    """Which of these rewards the person's reservation holds: all at once, or else each that still fits."""
    currency = next(iter(amounts.values())).currency
    total = Money(sum(amount.amount_minor for amount in amounts.values()), currency)
    if statements.set_aside(participant_id=participant_id, amount=total):
        return set(amounts)
    if len(amounts) == 1:
        return set()
    return {
        reward_id
        for reward_id, amount in amounts.items()
        if statements.set_aside(participant_id=participant_id, amount=amount)
    }


def _write_promise(reward_id: UUID, promise: Promise, amount: Money, now: datetime) -> list[Statement]:
    """The rows of a reward whose amount is set aside."""
    rule, participant_id, market_id = promise.rule, promise.participant_id, promise.market_id
    transfer_id = rules.derive_id(reward_id, "promise")
    promised = rules.promised_account(rule.kind)
    return [
        statements.open_account(
            participant_id=participant_id, kind=promised, market_id=market_id, currency=amount.currency
        ),
        statements.credit_account(participant_id, promised, TransferKind.PENDING, amount),
        statements.write_transfer(
            transfer_id=transfer_id, participant_id=participant_id, amount=amount, now=now, cause_ref=reward_id,
            route=Route(TransferKind.PENDING, AccountKind.RESERVED, promised, Cause.QUALIFIED),
        ),
        db.insert(
            Reward,
            id=reward_id, participant_id=participant_id, market_id=market_id, country=promise.country,
            rule_id=rule.id, reward_kind=rule.kind, amount_minor=amount.amount_minor,
            currency=amount.currency, cause_key=promise.cause_key, state=RewardState.PENDING.value,
            void_cause=None, held_reason=None, pending_at=now, earns_at=promise.earns_at, earned_at=None,
            due_on=None, settled_at=None, reference=None, transfer_id=transfer_id,
        ),
        *_evidence("reward_pending", market_id, participant_id, amount, now, {"reward": rule.id}),
    ]  # fmt: skip


@action
def earn_reward(*, reward_id: UUID, participant_id: UUID, due_on: date | None, now: datetime) -> RewardView:
    """The settling days are over: what was set aside is the person's. ``due_on`` is the last day to pay cash.

    Returns the reward as it stands then; doing it again changes nothing. Raises RewardNotReady for a reward
    that is held, voided or not yet due, NotFound.
    """
    lock_participant(participant_id)
    reward = find_reward(reward_id, participant_id)
    if reward.state in {RewardState.EARNED, RewardState.PAID}:
        return reward
    if reward.state is not RewardState.PENDING or now < reward.earns_at:
        raise RewardNotReady(state=reward.state.value)
    if reward.kind == "cash" and due_on is None:
        raise BadInput(field="due_on", problem="due_on")
    _resolve(reward, TransferKind.POST, Cause.COUNTED, "earn", now, "reward_earned")
    Reward.objects.filter(participant_id=participant_id, id=reward_id).update(
        state=RewardState.EARNED.value, earned_at=now, due_on=due_on
    )
    return replace(reward, state=RewardState.EARNED, earned_at=now, due_on=due_on)


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
    cause: Literal[Cause.PAID_OUT, Cause.FULFILLED],
    reference: str | None,
    now: datetime,
) -> bool:
    """An earned reward has left the merchant: cash was paid out, or the merchant fulfilled it.

    True when this call paid it, False when it was paid before (with the same ``reference``; another raises
    TransferConflict). Raises RewardNotReady for a reward that is not earned, or not of this kind.
    """
    lock_participant(participant_id)
    reward = find_reward(reward_id, participant_id)
    if reward.state is RewardState.PAID:
        if reward.reference != reference:
            raise TransferConflict
        return False
    wanted_kind = "cash" if cause is Cause.PAID_OUT else "fulfilled"
    if reward.state is not RewardState.EARNED or reward.kind != wanted_kind:
        raise RewardNotReady(state=reward.state.value)
    db.execute([
        statements.open_account(
            participant_id=participant_id, kind=AccountKind.PAID, market_id=reward.market_id,
            currency=reward.amount.currency,
        ),
        statements.debit_account(participant_id, AccountKind.OWED, TransferKind.POSTED, reward.amount),
        statements.credit_account(participant_id, AccountKind.PAID, TransferKind.POSTED, reward.amount),
        statements.write_transfer(
            transfer_id=rules.derive_id(reward_id, "pay"), participant_id=participant_id, amount=reward.amount,
            route=Route(TransferKind.POSTED, AccountKind.OWED, AccountKind.PAID, cause), now=now,
            cause_ref=reward_id,
        ),
        *_evidence(
            "reward_paid", reward.market_id, participant_id, reward.amount, now, {"reward": reward.rule_id}
        ),
    ])  # fmt: skip
    Reward.objects.filter(participant_id=participant_id, id=reward_id).update(
        state=RewardState.PAID.value, settled_at=now, reference=reference
    )
    return True


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
    fields = {"reward": reward.rule_id, "state": after.value}
    db.execute(_evidence("reward_pending", reward.market_id, participant_id, reward.amount, now, fields))


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
    fields = {"reward": reward.rule_id}
    if kind is TransferKind.VOID:
        fields["reason"] = cause.value
    db.execute([
        statements.debit_account(reward.participant_id, AccountKind.RESERVED, kind, reward.amount),
        statements.credit_account(reward.participant_id, promised, kind, reward.amount),
        statements.write_transfer(
            transfer_id=rules.derive_id(reward.id, label), participant_id=reward.participant_id,
            route=Route(kind, AccountKind.RESERVED, promised, cause), amount=reward.amount, now=now,
            pending_id=reward.transfer_id, cause_ref=reward.id, decided_by_user_id=decided_by_user_id,
        ),
        *_evidence(evidence_kind, reward.market_id, reward.participant_id, reward.amount, now, fields),
    ])  # fmt: skip


def _evidence(
    kind: str,
    market_id: UUID,
    participant_id: UUID,
    amount: Money,
    now: datetime,
    fields: Mapping[str, str] | None = None,
) -> list[Statement]:
    place = find_place(market_id)
    return entry_statements(
        kind=kind,
        fields={"offer": place.offer_slug, "market": place.country, **_amount_fields(amount), **(fields or {})},
        participant_id=participant_id,
        occurred_at=now,
    )


def _amount_fields(amount: Money) -> dict[str, str | int]:
    return {"amount_minor": amount.amount_minor, "currency": amount.currency}
