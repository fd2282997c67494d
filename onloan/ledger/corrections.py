"""Putting the books right in a person's favour: one member proposes a missing reward, another books it.

The books are never changed: a correction is one more entry beside what stands there (GDPR art. 16; rule LR-084).
It gives what the version that the person joined gives, and takes nothing from anybody: the money comes from what
was reserved for it, or else from what is free in the pool. A mistake in the person's favour stays theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from onloan import clock, db
from onloan.access.rules import Capability
from onloan.access.team import Member, find_member_by_id, require
from onloan.db import Statement, action
from onloan.errors import BadInput, NotAllowed, NotFound
from onloan.ledger import rules, statements
from onloan.ledger.entries import money_entry, reward_entry
from onloan.ledger.errors import (
    CorrectionDecided,
    CorrectionKnown,
    CorrectionNeedsAnother,
    CorrectionNotInOffer,
    CorrectionPoolEmpty,
    CorrectionReasonNeeded,
    TransferConflict,
)
from onloan.ledger.models import Correction, Reward
from onloan.ledger.queries import RewardView, find_reward
from onloan.ledger.rules import AccountKind, Cause, CorrectionState, RewardState, Route, TransferKind
from onloan.money import Money
from onloan.offers.document import Offer, RewardRule
from onloan.offers.queries import find_version
from onloan.offers.rules import pot_to_reserve
from onloan.people import sealing
from onloan.people.changes import read_person_key
from onloan.people.queries import ParticipantView, find_participant
from onloan.people.statements import lock_participant

_FROM_POOL = Route(TransferKind.POSTED, AccountKind.POOL, AccountKind.RESERVED, Cause.CORRECTION)


@action
def propose_correction(
    *,
    correction_id: UUID,
    participant_id: UUID,
    case_id: UUID,
    rule_id: str,
    cause_key: str | None,
    reason: str,
    user_id: UUID,
    now: datetime,
) -> None:
    """Propose the reward of one rule that a person should have; nothing is booked before another member approves.

    ``correction_id`` (a UUIDv7) makes a retry harmless. ``cause_key`` is the friend's, as in a promise, or
    ``own``; None for something that the books do not know. Raises NotAllowed, CorrectionReasonNeeded,
    CorrectionNotInOffer, CorrectionKnown, TransferConflict for an id used for something else, NotFound.
    """
    require(find_member_by_id(user_id), Capability.DECIDE_REWARDS)
    if correction_id.version != 7:
        raise BadInput(field="correction", problem=str(correction_id))
    written = " ".join(reason.split())
    if not rules.is_correction_reason(written):
        raise CorrectionReasonNeeded(
            field="reason",
            minimum=rules.CORRECTION_REASON_CHARACTERS_MIN,
            maximum=rules.CORRECTION_REASON_CHARACTERS_MAX,
        )
    lock_participant(participant_id)
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    present = Correction.objects.filter(id=correction_id).first()
    if present is not None:
        if (present.participant_id, present.rule_id) != (participant_id, rule_id):
            raise TransferConflict
        return
    rule, amount = find_open_rule(person, find_version(person.version_id).offer, rule_id)
    booked_as = rules.corrected_cause(cause_key, _list_causes(participant_id, rule_id), correction_id)
    proposed = Correction.objects.filter(
        participant_id=participant_id, rule_id=rule_id, cause_key=booked_as, state=CorrectionState.PROPOSED
    )
    if booked_as is None or proposed.exists():
        raise CorrectionKnown
    sealed = sealing.seal_item(
        participant_id,
        f"correction/{correction_id}",
        read_person_key(participant_id),
        f"{case_id}\n{written}".encode(),
    )
    Correction.objects.create(
        id=correction_id,
        participant_id=participant_id,
        market_id=person.market_id,
        rule_id=rule.id,
        reward_kind=rule.kind,
        cause_key=booked_as,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        sealed_reason=sealed,
        state=CorrectionState.PROPOSED,
        proposed_by_user_id=user_id,
        proposed_at=now,
    )


@action
def correct_reward(*, correction_id: UUID, user_id: UUID, now: datetime) -> RewardView | None:
    """A second member books a proposed correction: the reward is earned at once, with its day to pay.

    Returns the reward for the caller to hand over, and None when it was booked before. It works for somebody who
    was erased meanwhile too: what is theirs stays theirs. Books nothing and raises NotAllowed,
    CorrectionNeedsAnother, CorrectionDecided, CorrectionKnown, CorrectionNotInOffer, CorrectionPoolEmpty,
    NotFound.
    """
    require(find_member_by_id(user_id), Capability.APPROVE_PAYOUTS)
    row = _lock(correction_id)
    if row.proposed_by_user_id == user_id:
        raise CorrectionNeedsAnother
    if row.state == CorrectionState.APPROVED:
        return None
    if row.state != CorrectionState.PROPOSED:
        raise CorrectionDecided
    person = find_participant(row.participant_id)
    assert person is not None, "the row is locked"
    offer = find_version(person.version_id).offer
    rule, _ = find_open_rule(person, offer, row.rule_id)
    if row.cause_key in _list_causes(row.participant_id, row.rule_id):
        raise CorrectionKnown
    reward = _book(row, person, offer, rule, now)
    Correction.objects.filter(id=row.id).update(
        state=CorrectionState.APPROVED, decided_by_user_id=user_id, decided_at=now, reward_id=reward.id
    )
    return reward


@action
def refuse_correction(*, correction_id: UUID, user_id: UUID, now: datetime) -> None:
    """Finance does not book a correction, or whoever proposed it takes it back. Again changes nothing.

    Raises NotAllowed, CorrectionDecided, NotFound.
    """
    member = find_member_by_id(user_id)
    row = _lock(correction_id)
    if not _may_refuse(member, row):
        raise NotAllowed
    if row.state == CorrectionState.APPROVED:
        raise CorrectionDecided
    Correction.objects.filter(id=row.id, state=CorrectionState.PROPOSED).update(
        state=CorrectionState.REFUSED, decided_by_user_id=user_id, decided_at=now
    )


def _may_refuse(member: Member, row: Correction) -> bool:
    is_own = row.proposed_by_user_id == member.id and member.can(Capability.DECIDE_REWARDS)
    return is_own or member.can(Capability.APPROVE_PAYOUTS)


def _lock(correction_id: UUID) -> Correction:
    """The correction as it is once its person is locked, so that of two who decide at once one comes second."""
    owner = Correction.objects.filter(id=correction_id).values_list("participant_id", flat=True).first()
    if owner is None:
        raise NotFound
    lock_participant(owner)
    row: Correction = Correction.objects.get(id=correction_id)
    return row


def find_open_rule(person: ParticipantView, offer: Offer, rule_id: str) -> tuple[RewardRule, Money]:
    """The rule of the person's own version and what it gives in their country, while it has not given it as often
    as it does. Raises CorrectionNotInOffer, also for somebody for whom no pot was left."""
    rule = next((rule for rule in offer.rewards if rule.id == rule_id), None)
    amount = rule.amounts.get(person.country) if rule is not None else None
    if rule is None or amount is None or amount.amount_minor == 0 or not person.has_pot:
        raise CorrectionNotInOffer(field="rule")
    given = _list_causes(person.id, rule_id).values()
    if sum(1 for state in given if state is not RewardState.VOIDED) >= rule.times:
        raise CorrectionNotInOffer(field="rule")
    return rule, amount


def _list_causes(participant_id: UUID, rule_id: str) -> Mapping[str, RewardState]:
    """For what a rule gave this person a reward, and what became of each."""
    rows = Reward.objects.filter(participant_id=participant_id, rule_id=rule_id)
    return {cause_key: RewardState(state) for cause_key, state in rows.values_list("cause_key", "state")}


def is_reserved(person: ParticipantView, offer: Offer, rule: RewardRule, amount: Money) -> bool:
    """Whether the person's own reservation holds this reward, so that nothing else of theirs gets less by it."""
    if person.pot_released_at is not None:
        return False
    reservation = statements.find_reservation(person.id)
    if reservation is None:
        return False
    # A friend's reward was reserved for who came by a sponsor, and for nobody else.
    brought = pot_to_reserve(offer, person.country, has_sponsor=True)
    is_included = rule.to != "friend" or reservation.amount == brought
    return is_included and statements.read_free_reservation(person.id) >= amount.amount_minor


def _book(row: Correction, person: ParticipantView, offer: Offer, rule: RewardRule, now: datetime) -> RewardView:
    amount = Money(row.amount_minor, row.currency)
    reward_id = rules.derive_id(row.id, "reward")
    transfer_id = rules.derive_id(reward_id, "promise")
    promised = rules.promised_account(rule.kind)
    terms = offer.markets[person.country]
    due_on = clock.local_day(now, terms.time_zone) + timedelta(days=terms.payout_days)
    # The pool's slices are locked here, after the person and before anything that nobody else waits for.
    taken = [] if is_reserved(person, offer, rule, amount) else _take_from_pool(person, amount, reward_id, now)
    db.execute([
        *taken,
        *statements.move(
            transfer_id=transfer_id, participant_id=person.id, market_id=person.market_id,
            route=Route(TransferKind.PENDING, AccountKind.RESERVED, promised, Cause.CORRECTION), amount=amount,
            cause_ref=reward_id, now=now,
        ),
        statements.debit_account(person.id, AccountKind.RESERVED, TransferKind.POST, amount),
        statements.credit_account(person.id, promised, TransferKind.POST, amount),
        statements.write_transfer(
            transfer_id=rules.derive_id(reward_id, "earn"), participant_id=person.id,
            route=Route(TransferKind.POST, AccountKind.RESERVED, promised, Cause.COUNTED), amount=amount, now=now,
            pending_id=transfer_id, cause_ref=reward_id,
        ),
        db.insert(
            Reward,
            id=reward_id, participant_id=person.id, market_id=person.market_id, country=person.country,
            rule_id=rule.id, reward_kind=rule.kind, amount_minor=amount.amount_minor, currency=amount.currency,
            cause_key=row.cause_key, state=RewardState.EARNED.value, void_cause=None, held_reason=None,
            pending_at=now, earns_at=now, earned_at=now, due_on=due_on, settled_at=None, reference=None,
            transfer_id=transfer_id, taken_as=None, payment_count=0,
        ),
    ])  # fmt: skip
    reward = find_reward(reward_id, person.id)
    db.execute(
        reward_entry("reward_earned", reward, amount, now, {"reason": Cause.CORRECTION.value, "role": "finance"})
    )
    return reward


def _take_from_pool(person: ParticipantView, amount: Money, reward_id: UUID, now: datetime) -> list[Statement]:
    """What reserves the amount for this person out of what is free. Raises CorrectionPoolEmpty."""
    slice_id = statements.gather_from_slices(market_id=person.market_id, amount=amount, now=now)
    if slice_id is None:
        raise CorrectionPoolEmpty
    return [
        statements.open_account(
            participant_id=person.id, kind=AccountKind.RESERVED, market_id=person.market_id,
            currency=amount.currency,
        ),
        statements.credit_account(person.id, AccountKind.RESERVED, TransferKind.POSTED, amount),
        statements.write_transfer(
            transfer_id=rules.derive_id(reward_id, "reserve"), participant_id=person.id, route=_FROM_POOL,
            amount=amount, now=now, pool_slice_id=slice_id,
        ),
        *money_entry("pot_reserved", person.market_id, person.id, amount, now),
    ]  # fmt: skip
