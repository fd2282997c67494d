"""Writes of payouts: owe cash, take in where to pay it, prepare a batch and have a second person approve it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import F

from onloan import clock, db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import action
from onloan.errors import BadInput, NotFound
from onloan.evidence.actions import append_entry
from onloan.ledger.actions import mark_reward_paid, take_as_voucher
from onloan.ledger.errors import RewardNotReady
from onloan.ledger.queries import RewardView, find_reward, find_reward_by_id
from onloan.ledger.rules import Cause, RewardState, read_reward_reference
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.queries import find_version
from onloan.payouts import gathering, rules, sealing
from onloan.payouts.bank.accounts import read_account, read_bic
from onloan.payouts.bank.characters import bank_text
from onloan.payouts.codes import slip_code
from onloan.payouts.errors import (
    BatchNotReady,
    FileChanged,
    MadeAlready,
    NoVoucherChoice,
    PayableNotOpen,
    PayeeNotNeeded,
    PayeeShared,
    SamePerson,
    SlipRedeemed,
    SlipUnknown,
    UnknownReference,
)
from onloan.payouts.files import check_bank_name, hash_batch
from onloan.payouts.models import Batch, Debtor, Payable, Payee, Payment, Slip
from onloan.payouts.rules import BankWord, BatchState, PayableState, PaymentState
from onloan.payouts.settling import Outcome, close_batch, settle_outcomes
from onloan.people.actions import remove_items, set_items
from onloan.people.queries import find_by_code, find_participant
from onloan.people.statements import code_lookup_statement, lock_address, lock_participant
from onloan.uses.actions import give_log_its_turn
from onloan.vouchers.actions import issue_voucher
from onloan.vouchers.rules import Till

PAID_PER_TRANSACTION = 200
TOWN_CHARACTERS_MAX = 35  # ISO 20022, Max35Text


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
        state=PayableState.OWED,
        owed_at=now,
    )
    return payable_id


@action
def give_account(*, participant_id: UUID, name: str, account: str, now: datetime) -> None:
    """Where a person wants to be paid: the account holder's name and the account, sealed under the person's key.

    Only while cash is owed to them. A payment under way keeps the account that it was prepared with; the new one
    counts for the next. What had no account to go to is due two weeks from now at the earliest. Raises
    PayeeNotNeeded, PayeeShared, and what ``read_account`` and ``bank_name`` raise, each before anything is stored.
    """
    lock_participant(participant_id)
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    waiting = Payable.objects.filter(
        participant_id=participant_id,
        state__in=[PayableState.OWED, PayableState.SLIP, PayableState.IN_BATCH],
    )
    owed = waiting.order_by("due_on", "id").first()
    if owed is None:
        raise PayeeNotNeeded
    parsed = read_account(account, currency=owed.currency)
    typed = " ".join(name.split())
    check_bank_name(typed, parsed)
    account_hash = sealing.account_hash(parsed)
    # Until the commit nobody else gives the same account, so that the bound holds for two at once too.
    lock_address(account_hash)
    others = Payee.objects.filter(offer_id=person.offer_id, account_hash=account_hash)
    if others.exclude(participant_id=participant_id).count() >= rules.PEOPLE_PER_ACCOUNT_MAX:
        raise PayeeShared(field="account")
    present = Payee.objects.filter(participant_id=participant_id).first()
    if present is None or present.problem is not None:
        _give_time_to_pay(participant_id, owed.country, now)
    set_items(
        participant_id=participant_id,
        items={"payee_name": typed.encode(), "payee_account": sealing.write_account(parsed).encode()},
    )
    told = {
        "offer_id": person.offer_id,
        "kind": parsed.kind,
        "country": parsed.country,
        "account_hash": account_hash,
        "last_characters": parsed.number[-4:],
        "given_at": now,
        "problem": None,
        "problem_code": None,
    }
    Payee.objects.update_or_create(
        participant_id=participant_id, defaults=told, create_defaults={"id": ids.new_id(), **told}
    )


@action
def remove_account(*, participant_id: UUID) -> None:
    """Delete the name and the account of a person. What is under way is paid;
    what is owed waits for another way."""
    lock_participant(participant_id)
    Payee.objects.filter(participant_id=participant_id).delete()
    remove_items(participant_id=participant_id, names=["payee_name", "payee_account"])


@action
def issue_slip(*, participant_id: UUID, payable_id: UUID, now: datetime) -> UUID:
    """Turn what is owed into a claim slip: whoever shows its code at a till is paid. It has no end.

    A retry gets the same slip. Raises PayableNotOpen, NotFound.
    """
    lock_participant(participant_id)
    payable = _find_payable(participant_id, payable_id)
    if payable.state == PayableState.SLIP:
        found: UUID = Slip.objects.get(
            participant_id=participant_id, payable_id=payable_id, cancelled_at=None, redeemed_at=None
        ).id
        return found
    _move_payable(payable, PayableState.OWED, state=PayableState.SLIP)
    slip_id = ids.new_id()
    code = slip_code(slip_id)
    db.execute([
        # The look-up comes first: its key is what makes a code unique.
        code_lookup_statement(kind="slip", code=code, participant_id=participant_id, target_id=slip_id),
        db.insert(
            Slip,
            id=slip_id, participant_id=participant_id, payable_id=payable_id, last_characters=code[-4:],
            issued_at=now, cancelled_at=None, redeemed_at=None, reference=None, by_user_id=None, by_key_id=None,
        ),
    ])  # fmt: skip
    return slip_id


@action
def cancel_slip(*, participant_id: UUID, payable_id: UUID, now: datetime) -> None:
    """The person wants to be paid in another way: the slip's code is worth nothing from now on.

    Again changes nothing. Raises SlipRedeemed, NotFound.
    """
    lock_participant(participant_id)
    payable = _find_payable(participant_id, payable_id)
    if payable.state == PayableState.PAID:
        raise SlipRedeemed
    if payable.state != PayableState.SLIP:
        return
    Slip.objects.filter(participant_id=participant_id, payable_id=payable_id, cancelled_at=None).update(
        cancelled_at=now
    )
    today = clock.local_day(now, market_facts(payable.country).time_zone)
    _move_payable(
        payable,
        PayableState.SLIP,
        state=PayableState.OWED,
        due_on=rules.due_after_account(payable.due_on, today),
    )


@action
def redeem_slip(*, typed_code: str, reference: str, by: Till, now: datetime) -> Money:
    """The till has paid out the whole of a slip, under its own ``reference``. Returns what it paid.

    A retry with the same reference pays nothing again. It reads nothing of the person but that their row is there,
    so it works after their data are erased. Raises SlipUnknown, SlipRedeemed, BadInput, and NotAllowed for a
    member who may not redeem.
    """
    if by.user_id is not None:
        require(find_member_by_id(by.user_id), Capability.REDEEM_VOUCHERS)
    if not rules.is_reference(reference):
        raise BadInput(field="reference", problem=f"A-Z a-z 0-9 . _ / -, 1–{rules.REFERENCE_CHARACTERS_MAX}")
    code = ids.normalize_code(typed_code)
    found = find_by_code("slip", code) if code else None
    if found is None:
        raise SlipUnknown(field="code")
    participant_id, slip_id = found
    lock_participant(participant_id)
    slip = Slip.objects.get(participant_id=participant_id, id=slip_id)
    if slip.cancelled_at is not None:
        raise SlipUnknown(field="code")
    payable = _find_payable(participant_id, slip.payable_id)
    amount = Money(payable.amount_minor, payable.currency)
    if slip.redeemed_at is not None:
        if slip.reference != reference:
            raise SlipRedeemed
        return amount
    mark_reward_paid(
        reward_id=payable.reward_id,
        participant_id=participant_id,
        cause=Cause.SLIP_REDEEMED,
        reference=reference,
        attempt=payable.times_paid + 1,
        now=now,
    )
    _move_payable(
        payable, PayableState.SLIP, state=PayableState.PAID, paid_at=now, times_paid=payable.times_paid + 1
    )
    Slip.objects.filter(participant_id=participant_id, id=slip_id).update(
        redeemed_at=now, reference=reference, by_user_id=by.user_id, by_key_id=by.key_id
    )
    return amount


@action
def take_voucher(*, participant_id: UUID, reward_id: UUID, now: datetime) -> UUID:
    """The person takes a voucher of the same amount in place of cash, where their offer gives the choice.

    Returns the voucher; a retry gets the same one. Raises NoVoucherChoice, PayableNotOpen, NotFound.
    """
    lock_participant(participant_id)
    payable = Payable.objects.filter(participant_id=participant_id, reward_id=reward_id).first()
    person = find_participant(participant_id)
    if payable is None or person is None:
        raise NotFound
    reward = find_reward(reward_id, participant_id)
    offer = find_version(person.version_id).offer
    days = next((rule.or_voucher_days for rule in offer.rewards if rule.id == reward.rule_id), None)
    if days is None:
        raise NoVoucherChoice
    if payable.state == PayableState.OWED:
        reward = take_as_voucher(reward_id=reward_id, participant_id=participant_id, now=now)
        _move_payable(payable, PayableState.OWED, state=PayableState.VOUCHER)
    elif payable.state != PayableState.VOUCHER:
        raise PayableNotOpen
    return issue_voucher(reward=reward, expires_at=now + timedelta(days=days), now=now)


def prepare_batch(*, country: str, user_id: UUID, now: datetime, due_by: date | None = None) -> UUID:
    """Put what is owed in ``country`` to people who told where into a batch, the oldest first; with ``due_by``,
    what is due by then.

    One batch holds one currency and at most ``PAYABLES_MAX`` payments; what is left goes into the next. It goes in
    steps, each a transaction, so that a large batch stops nobody; after a crash the same call goes on where it
    ended. That a name and an account go into the file is recorded as a use. Raises NothingToPay, DebtorMissing,
    RecordBehind, NotAllowed.
    """
    require(find_member_by_id(user_id), Capability.EXPORT_PAYOUTS)
    give_log_its_turn()
    batch_id = gathering.open_batch(country=country, user_id=user_id, now=now, due_by=due_by)
    gathering.gather(batch_id=batch_id, due_by=due_by)
    gathering.finish(batch_id=batch_id)
    return batch_id


def approve_batch(*, batch_id: UUID, user_id: UUID, now: datetime) -> None:
    """A second person stands behind the file of a batch. Again by the same person changes nothing.

    Raises SamePerson, FileChanged, BatchNotReady, NotAllowed, NotFound.
    """
    require(find_member_by_id(user_id), Capability.APPROVE_PAYOUTS)
    batch = Batch.objects.filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    # A hundred thousand lines take seconds to write, so that is done before anything is locked.
    file_hash = hash_batch(batch) if batch.state == BatchState.PREPARED else ""
    _approve(batch_id=batch_id, user_id=user_id, file_hash=file_hash, now=now)


@action
def _approve(*, batch_id: UUID, user_id: UUID, file_hash: str, now: datetime) -> None:
    batch = _lock_batch(batch_id)
    if batch.created_by_user_id == user_id:
        raise SamePerson
    if batch.approved_by_user_id == user_id:
        return
    if batch.state != BatchState.PREPARED:
        raise BatchNotReady(state=batch.state)
    if file_hash != batch.file_hash:
        raise FileChanged
    under_way = Payable.objects.filter(batch_id=batch_id, state=PayableState.IN_BATCH).values("id")
    made = Payment.objects.filter(bank_word=BankWord.MADE, payable_id__in=under_way).count()
    if made:
        raise MadeAlready(count=made)
    Batch.objects.filter(id=batch_id).update(
        state=BatchState.APPROVED, approved_by_user_id=user_id, approved_at=now
    )
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
    if batch.state == BatchState.REFUSED:
        return
    if batch.state not in {BatchState.PREPARING, BatchState.PREPARED}:
        raise BatchNotReady(state=batch.state)
    Payment.objects.filter(batch_id=batch_id).delete()
    Payable.objects.filter(batch_id=batch_id, state=PayableState.IN_BATCH).update(
        state=PayableState.OWED, batch_id=None, attempts=F("attempts") - 1
    )
    Batch.objects.filter(id=batch_id).update(
        state=BatchState.REFUSED, refused_by_user_id=user_id, refused_at=now, wrapped_key=None, sealed_debtor=None
    )


def mark_batch_paid(*, batch_id: UUID, user_id: UUID, now: datetime) -> int:
    """The bank has paid an approved batch: each line of which it has said nothing becomes paid; how many did.

    What the bank called pending, or checks the name of, stays open until it says more (``read_bank_answer``), or
    somebody enters what they read on the bank's own pages (``record_outcome``).

    It goes in steps of ``PAID_PER_TRANSACTION``, each a transaction, so that a large batch stops nobody; after a
    crash the same call goes on where it ended. Raises BatchNotReady, NotAllowed, NotFound.
    """
    require(find_member_by_id(user_id), Capability.EXPORT_PAYOUTS)
    batch = Batch.objects.filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    if batch.state not in {BatchState.APPROVED, BatchState.PAID, BatchState.REJECTED}:
        raise BatchNotReady(state=batch.state)
    paid = 0
    while (step := _pay_some(batch_id=batch_id, now=now)) is not None:
        paid += step
    close_batch(batch_id=batch_id, user_id=user_id, now=now)
    return paid


def _pay_some(*, batch_id: UUID, now: datetime) -> int | None:
    """Pay the next few of a batch; None when none is left."""
    waiting = Payment.objects.filter(batch_id=batch_id, state=PaymentState.OPEN, bank_word__isnull=True).order_by(
        "id"
    )
    rows = list(waiting.values_list("id", "participant_id")[:PAID_PER_TRANSACTION])
    if not rows:
        return None
    outcomes = [Outcome(payment_id, person_id, PaymentState.ACCEPTED, None) for payment_id, person_id in rows]
    return settle_outcomes(outcomes=outcomes, now=now).accepted


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


@action
def set_debtor(
    *,
    currency: str,
    name: str,
    account: str,
    town: str,
    user_id: UUID,
    now: datetime,
    bic: str = "",
) -> None:
    """The merchant's account from which ``currency`` is paid; batches prepared before keep the one they had.

    ``town`` is where the merchant sits: a transfer to a country of SEPA outside the EEA must name it. ``bic`` may
    be left out. Raises what ``read_account``, ``read_bic``, ``bank_name`` and ``bank_text`` raise, NotAllowed.
    """
    require(find_member_by_id(user_id), Capability.EXPORT_PAYOUTS)
    parsed = read_account(account, currency=currency)
    present = Debtor.objects.filter(currency=currency).first()
    debtor_id = present.id if present is not None else ids.new_id()
    debtor = sealing.DebtorAccount(
        name=check_bank_name(" ".join(name.split()), parsed),
        account=parsed,
        bic=read_bic(bic) if bic.strip() else None,
        town=bank_text(town, characters_max=TOWN_CHARACTERS_MAX),
    )
    told = {
        "currency": currency,
        "name": debtor.name,
        "sealed_account": sealing.seal_debtor(debtor_id, debtor),
        "last_characters": parsed.number[-4:],
        "bic": debtor.bic,
        "town": debtor.town,
        "set_by_user_id": user_id,
        "set_at": now,
    }
    Debtor.objects.update_or_create(id=debtor_id, defaults=told)


def _give_time_to_pay(participant_id: UUID, country: str, now: datetime) -> None:
    today = clock.local_day(now, market_facts(country).time_zone)
    earliest = rules.due_after_account(date.min, today)
    Payable.objects.filter(participant_id=participant_id, state=PayableState.OWED, due_on__lt=earliest).update(
        due_on=earliest
    )


def _find_payable(participant_id: UUID, payable_id: UUID) -> Payable:
    payable = Payable.objects.filter(participant_id=participant_id, id=payable_id).first()
    if payable is None:
        raise NotFound
    return payable


def _move_payable(payable: Payable, before: PayableState, **changes: object) -> None:
    """Change a payable that is still as it was read. A batch takes payables without the person's lock, so it may
    have been faster. Raises PayableNotOpen."""
    if not Payable.objects.filter(id=payable.id, state=before).update(**changes):
        raise PayableNotOpen


def _lock_batch(batch_id: UUID) -> Batch:
    batch = Batch.objects.select_for_update().filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    return batch
