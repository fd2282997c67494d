"""Writes of payouts: owe cash, prepare a batch, have a second person approve it, mark it paid."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from onloan import ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import action
from onloan.errors import BadInput, NotFound
from onloan.evidence.actions import append_entry
from onloan.ledger.actions import mark_reward_paid
from onloan.ledger.errors import RewardNotReady
from onloan.ledger.queries import RewardView, find_reward_by_id
from onloan.ledger.rules import Cause, RewardState, read_reward_reference, reward_reference
from onloan.payouts import rules
from onloan.payouts.errors import BatchNotReady, FileChanged, NothingToPay, SamePerson, UnknownReference
from onloan.payouts.models import Batch, Payable
from onloan.payouts.queries import read_lines
from onloan.people.statements import lock_participant, lock_participants

PAID_PER_TRANSACTION = 200


@action
def owe_reward(*, reward: RewardView, now: datetime) -> UUID:
    """An earned cash reward, as ``earn_reward`` returned it, is owed by its ``due_on``.

    A retry gets the same payable. Raises RewardNotReady for a reward that is not earned cash.
    """
    lock_participant(reward.participant_id)
    present = Payable.objects.filter(participant_id=reward.participant_id, reward_id=reward.id).first()
    if present is not None:
        found: UUID = present.id
        return found
    if reward.kind != "cash" or reward.state is not RewardState.EARNED or reward.due_on is None:
        raise RewardNotReady(state=reward.state.value)
    payable_id = ids.new_id()
    Payable.objects.create(
        id=payable_id,
        participant_id=reward.participant_id,
        reward_id=reward.id,
        market_id=reward.market_id,
        country=reward.country,
        amount_minor=reward.amount.amount_minor,
        currency=reward.amount.currency,
        due_on=reward.due_on,
        state="owed",
        batch_id=None,
        owed_at=now,
        paid_at=None,
    )
    return payable_id


@action
def prepare_batch(*, country: str, user_id: UUID, now: datetime, due_by: date | None = None) -> UUID:
    """Put what is owed in ``country`` (with ``due_by``: what is due by then) into a batch, the oldest first.

    One batch holds one currency and at most ``PAYABLES_MAX`` payables; what is left goes into the next. Raises
    NothingToPay, NotAllowed.
    """
    require(find_member_by_id(user_id), Capability.EXPORT_PAYOUTS)
    # The rows stay locked to the commit, so that two people who prepare at once share no payable.
    owed = Payable.objects.select_for_update().filter(country=country, state="owed")
    if due_by is not None:
        owed = owed.filter(due_on__lte=due_by)
    rows = list(owed.order_by("due_on", "id")[: rules.PAYABLES_MAX])
    rows = [row for row in rows if row.currency == rows[0].currency]
    if not rows:
        raise NothingToPay(country=country)
    batch_id = ids.new_id()
    for row in rows:
        row.batch_id, row.state = batch_id, "in_batch"
    Payable.objects.bulk_update(rows, ["batch_id", "state"], batch_size=PAID_PER_TRANSACTION)
    Batch.objects.create(
        id=batch_id,
        country=country,
        currency=rows[0].currency,
        state="prepared",
        payable_count=len(rows),
        total_minor=sum(row.amount_minor for row in rows),
        file_hash=_hash_batch(batch_id),
        created_by_user_id=user_id,
        created_at=now,
    )
    return batch_id


@action
def approve_batch(*, batch_id: UUID, user_id: UUID, now: datetime) -> None:
    """A second person stands behind the file of a batch. Again by the same person changes nothing.

    Raises SamePerson, FileChanged, BatchNotReady, NotAllowed, NotFound.
    """
    require(find_member_by_id(user_id), Capability.APPROVE_PAYOUTS)
    batch = _lock_batch(batch_id)
    if batch.created_by_user_id == user_id:
        raise SamePerson
    if batch.state in {"approved", "paid"} and batch.approved_by_user_id == user_id:
        return
    if batch.state != "prepared":
        raise BatchNotReady(state=batch.state)
    if _hash_batch(batch_id) != batch.file_hash:
        raise FileChanged
    Batch.objects.filter(id=batch_id).update(state="approved", approved_by_user_id=user_id, approved_at=now)
    append_entry(
        kind="payout_approved",
        fields={
            "market": batch.country,
            "amount_minor": batch.total_minor,
            "currency": batch.currency,
            "count": batch.payable_count,
        },
        occurred_at=now,
    )


@action
def refuse_batch(*, batch_id: UUID, user_id: UUID, now: datetime) -> None:
    """A batch that nobody approved is taken apart; its payables are owed again, by the same dates."""
    require(find_member_by_id(user_id), Capability.EXPORT_PAYOUTS)
    batch = _lock_batch(batch_id)
    if batch.state == "refused":
        return
    if batch.state != "prepared":
        raise BatchNotReady(state=batch.state)
    Payable.objects.filter(batch_id=batch_id, state="in_batch").update(state="owed", batch_id=None)
    Batch.objects.filter(id=batch_id).update(state="refused", refused_by_user_id=user_id, refused_at=now)


def mark_batch_paid(*, batch_id: UUID, user_id: UUID, now: datetime) -> int:
    """The bank has paid an approved batch: each of its rewards becomes paid. Returns how many did so now.

    It goes in steps of ``PAID_PER_TRANSACTION``, each a transaction, so that a large batch stops nobody; after a
    crash the same call goes on where it ended. Raises BatchNotReady, NotAllowed, NotFound.
    """
    require(find_member_by_id(user_id), Capability.EXPORT_PAYOUTS)
    paid = 0
    while (step := _pay_some(batch_id=batch_id, now=now)) is not None:
        paid += step
    _close_batch(batch_id=batch_id, user_id=user_id, now=now)
    return paid


@action
def _pay_some(*, batch_id: UUID, now: datetime) -> int | None:
    """Pay the next few of a batch; None when none is left."""
    batch = Batch.objects.filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    if batch.state not in {"approved", "paid"}:
        raise BatchNotReady(state=batch.state)
    waiting = Payable.objects.filter(batch_id=batch_id, state="in_batch").order_by("participant_id", "id")
    people = set(waiting.values_list("participant_id", flat=True)[:PAID_PER_TRANSACTION])
    if not people:
        return None
    lock_participants(people)
    # Read again under the locks: somebody who pays the same batch beside us may have been faster.
    rows = list(waiting.filter(participant_id__in=people)[:PAID_PER_TRANSACTION])
    paid = 0
    for row in rows:
        paid += mark_reward_paid(
            reward_id=row.reward_id,
            participant_id=row.participant_id,
            cause=Cause.PAID_OUT,
            reference=reward_reference(row.reward_id),
            now=now,
        )
    Payable.objects.filter(id__in=[row.id for row in rows]).update(state="paid", paid_at=now)
    return paid


@action
def _close_batch(*, batch_id: UUID, user_id: UUID, now: datetime) -> None:
    batch = _lock_batch(batch_id)
    if batch.state == "approved":
        assert not Payable.objects.filter(batch_id=batch_id, state="in_batch").exists()
        Batch.objects.filter(id=batch_id).update(state="paid", paid_by_user_id=user_id, paid_at=now)


@action
def confirm_fulfilment(*, reward_ref: str, reference: str, now: datetime) -> bool:
    """The merchant gave what it fulfils itself (store credit, points), under its own ``reference``.

    ``reward_ref`` is the reference sent with ``reward.earned``. True when this call settled it, False for a
    retry. Raises UnknownReference, BadInput, RewardNotReady, TransferConflict for another ``reference``.
    """
    if not rules.is_reference(reference):
        raise BadInput(field="reference", problem=f"A-Z a-z 0-9 . _ / -, 1–{rules.REFERENCE_CHARACTERS_MAX}")
    reward_id = read_reward_reference(reward_ref)
    if reward_id is None:
        raise UnknownReference(field="reward")
    try:
        reward = find_reward_by_id(reward_id)
    except NotFound as error:
        raise UnknownReference(field="reward") from error
    return mark_reward_paid(
        reward_id=reward_id,
        participant_id=reward.participant_id,
        cause=Cause.FULFILLED,
        reference=reference,
        now=now,
    )


def _lock_batch(batch_id: UUID) -> Batch:
    batch = Batch.objects.select_for_update().filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    return batch


def _hash_batch(batch_id: UUID) -> str:
    return rules.hash_file(rules.write_csv(read_lines(batch_id)))
