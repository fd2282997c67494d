"""What a bank's answer does to a payment: paid, owed again, or paid and sent back.

Each step looks at what is there under the person's lock, so the same answer twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef

from onloan import clock, db
from onloan.db import Statement, action
from onloan.errors import NotFound
from onloan.ledger.actions import RewardPayment, mark_rewards_paid, return_reward
from onloan.ledger.rules import Cause
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.queries import find_version
from onloan.outbox.statements import mail_statement
from onloan.payouts import rules
from onloan.payouts.archiving import archive_payments, archive_return
from onloan.payouts.bank.reasons import Help, help_for
from onloan.payouts.models import Batch, Payable, Payee, Payment
from onloan.payouts.rules import BankWord, BatchState, PayableState, PayeeProblem, PaymentState
from onloan.people.models import Participant
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participants


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the bank says of one payment. ``reason_code`` is its code for a refusal or a return."""

    payment_id: UUID
    participant_id: UUID
    state: PaymentState
    reason_code: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What changed, by payments. ``unchanged``: said before, or no longer possible. ``made_after_all`` were
    refused first, and are under way or paid in another manner now: somebody has to look."""

    accepted: int = 0
    rejected: int = 0
    returned: int = 0
    unchanged: int = 0
    made_after_all: tuple[str, ...] = ()

    def __add__(self, other: Settled) -> Settled:
        return Settled(
            self.accepted + other.accepted,
            self.rejected + other.rejected,
            self.returned + other.returned,
            self.unchanged + other.unchanged,
            self.made_after_all + other.made_after_all,
        )


@action
def settle_outcomes(*, outcomes: Sequence[Outcome], now: datetime) -> Settled:
    """Book what the bank said of these payments, in the order given; at most a few hundred at a time."""
    lock_participants({outcome.participant_id for outcome in outcomes})
    rows = {row.id: row for row in Payment.objects.filter(id__in=[outcome.payment_id for outcome in outcomes])}
    accepted, others = _split(outcomes, rows)
    # Nearly everything is paid, so that goes together; what else is said follows, in its order.
    _accept(accepted, now)
    settled = Settled(accepted=len(accepted))
    failed: list[Payment] = []
    for outcome in others:
        row = rows[outcome.payment_id]
        step = _settle(row, outcome, now)
        settled += step
        if step.rejected or step.returned:
            failed.append(row)
    db.execute(_ask_people(failed, now))
    _forget_lines_of_erased(rows)
    return settled


def _forget_lines_of_erased(payment_ids: Iterable[UUID]) -> None:
    """A name and an account that were kept for a payment under way go with the bank's word about it."""
    erased = Participant.objects.filter(id=OuterRef("participant_id"), erased_at__isnull=False)
    lines = Payment.objects.filter(Exists(erased), id__in=list(payment_ids), sealed_line__isnull=False)
    lines.exclude(state=PaymentState.OPEN).update(sealed_line=None)


def _split(outcomes: Sequence[Outcome], rows: Mapping[UUID, Payment]) -> tuple[list[Payment], list[Outcome]]:
    """The open payments of which it is said first that they were made; and everything else that is said."""
    accepted: list[Payment] = []
    others: list[Outcome] = []
    seen: set[UUID] = set()
    for outcome in outcomes:
        row = rows[outcome.payment_id]
        is_first = row.id not in seen
        seen.add(row.id)
        if is_first and row.state == PaymentState.OPEN and outcome.state is PaymentState.ACCEPTED:
            accepted.append(row)
        else:
            others.append(outcome)
    return accepted, others


def _settle(row: Payment, outcome: Outcome, now: datetime) -> Settled:
    said = outcome.state
    if said is PaymentState.REJECTED and row.state == PaymentState.ACCEPTED:
        # Refused after it was taken for paid: the money comes back, which is a return.
        said = PaymentState.RETURNED
    if row.state == PaymentState.OPEN and said is PaymentState.REJECTED:
        _reject(row, outcome.reason_code, now)
        return Settled(rejected=1)
    if row.state in {PaymentState.OPEN, PaymentState.ACCEPTED} and said is PaymentState.RETURNED:
        if row.state == PaymentState.OPEN:
            _accept([row], now)
        _return(row, outcome.reason_code, now)
        return Settled(returned=1)
    if row.state == PaymentState.REJECTED and said is PaymentState.ACCEPTED:
        return _make_after_all(row, now)
    return Settled(unchanged=1)


def _accept(rows: Sequence[Payment], now: datetime) -> None:
    """Each of these open payments was made: their rewards are paid, whatever was said before of another try."""
    in_batch = Payable.objects.filter(id__in=[row.payable_id for row in rows], state=PayableState.IN_BATCH)
    payables = {payable.id: payable for payable in in_batch}
    paid = mark_rewards_paid(
        payments=[
            RewardPayment(
                participant_id=row.participant_id,
                reward_id=row.reward_id,
                cause=Cause.PAID_OUT,
                reference=row.end_to_end_id,
                attempt=payables[row.payable_id].times_paid + 1,
            )
            for row in rows
        ],
        now=now,
    )
    answered = Payment.objects.filter(id__in=[row.id for row in rows], state=PaymentState.OPEN).update(
        state=PaymentState.ACCEPTED, answered_at=now, bank_word=None
    )
    changed = Payable.objects.filter(id__in=list(payables), state=PayableState.IN_BATCH).update(
        state=PayableState.PAID, paid_at=now, times_paid=F("times_paid") + 1
    )
    assert paid == answered == changed == len(rows), "an open payment belongs to a payable of its batch"
    for row in rows:
        row.state, row.answered_at = PaymentState.ACCEPTED, now
    archive_payments(rows)


def _reject(row: Payment, reason_code: str | None, now: datetime) -> None:
    """Never paid: owed by the same date, under another reference, unless the person has to mend the account."""
    _answer(row, PaymentState.REJECTED, reason_code, now)
    _change_payable(row, PayableState.IN_BATCH, state=PayableState.OWED, batch_id=None)


def _return(row: Payment, reason_code: str | None, now: datetime) -> None:
    """Paid and sent back: the person's again, never lost to them, and due thirty days from now."""
    payable = _find_payable(row)
    archive_return(row, country=payable.country, now=now)
    _answer(row, PaymentState.RETURNED, reason_code, now)
    return_reward(reward_id=row.reward_id, participant_id=row.participant_id, attempt=payable.times_paid, now=now)
    today = clock.local_day(now, market_facts(payable.country).time_zone)
    _change_payable(
        row,
        PayableState.PAID,
        state=PayableState.OWED,
        batch_id=None,
        paid_at=None,
        due_on=today + timedelta(days=rules.DAYS_TO_PAY_AFTER_RETURN),
        returned_at=now,
        returned_reason=reason_code,
    )


def _make_after_all(row: Payment, now: datetime) -> Settled:
    """The bank refused it and says now that it was made. While it is only owed again, it is paid; once it is on
    its way in another manner (batch, slip, voucher), nothing here can call that back: the word is kept."""
    payable = Payable.objects.select_for_update().get(participant_id=row.participant_id, id=row.payable_id)
    if payable.state != PayableState.OWED:
        Payment.objects.filter(id=row.id).update(bank_word=BankWord.MADE)
        archive_payments([row], paid_at=now)
        return Settled(made_after_all=(row.end_to_end_id,))
    Payable.objects.filter(id=payable.id).update(state=PayableState.IN_BATCH, batch_id=row.batch_id)
    Payment.objects.filter(id=row.id).update(
        state=PaymentState.OPEN, reason_code=None, answered_at=None, bank_word=None
    )
    row.state, row.reason_code, row.answered_at = PaymentState.OPEN, None, None
    _accept([row], now)
    # A batch that was closed as refused altogether has now paid something.
    Batch.objects.filter(id=row.batch_id, state=BatchState.REJECTED).update(state=BatchState.PAID)
    Payee.objects.filter(participant_id=row.participant_id, problem=PayeeProblem.REJECTED).update(
        problem=None, problem_code=None
    )
    return Settled(accepted=1)


def book_made_after_all(*, now: datetime, limit: int) -> int:
    """Book what the bank paid after refusing it, as soon as it is owed again and nothing else; how many were."""
    waiting = Payment.objects.filter(bank_word=BankWord.MADE, state=PaymentState.REJECTED)
    is_owed = Exists(
        Payable.objects.filter(
            participant_id=OuterRef("participant_id"), id=OuterRef("payable_id"), state=PayableState.OWED
        )
    )
    outcomes = [
        Outcome(payment_id, participant_id, PaymentState.ACCEPTED, None)
        for payment_id, participant_id in waiting.filter(is_owed).values_list("id", "participant_id")[:limit]
    ]
    return settle_outcomes(outcomes=outcomes, now=now).accepted if outcomes else 0


@action
def note_words(*, words: Mapping[UUID, BankWord], participant_ids: Iterable[UUID], now: datetime) -> None:
    """Keep what the bank says of open payments that it neither made nor refused. Where the name does not match the
    account the person is asked, and nothing is lost to them (rule LR-064)."""
    lock_participants(set(participant_ids))
    rows = list(Payment.objects.filter(id__in=list(words), state=PaymentState.OPEN))
    for word in BankWord:
        Payment.objects.filter(
            id__in=[row.id for row in rows if words[row.id] is word], state=PaymentState.OPEN
        ).update(bank_word=word)
    asked = [row for row in rows if words[row.id] is BankWord.NAME_CHECK and row.bank_word != BankWord.NAME_CHECK]
    mails: list[Statement] = []
    for row in asked:
        if _mark_payee(row, PayeeProblem.NAME, None):
            mails.extend(_write_to(row.participant_id, [row], template="payment_name_check"))
    db.execute(mails)


def _find_payable(row: Payment) -> Payable:
    payable: Payable = Payable.objects.get(participant_id=row.participant_id, id=row.payable_id)
    return payable


def _answer(row: Payment, state: PaymentState, reason_code: str | None, now: datetime) -> None:
    row.state, row.reason_code, row.answered_at, row.bank_word = state, reason_code, now, None
    row.save(update_fields=["state", "reason_code", "answered_at", "bank_word"])


def _change_payable(row: Payment, before: PayableState, **changes: object) -> None:
    payable = Payable.objects.filter(participant_id=row.participant_id, id=row.payable_id)
    changed = payable.filter(state=before, batch_id=row.batch_id).update(**changes)
    assert changed == 1, "a payment that can still change belongs to a payable of its batch"


def _ask_people(failed: Iterable[Payment], now: datetime) -> list[Statement]:
    """Remember what each person has to mend, and write to them once. What the merchant has to mend (no money on
    its account, a file the bank refused) is no problem of theirs."""
    by_person: dict[UUID, list[Payment]] = {}
    for row in failed:
        by_person.setdefault(row.participant_id, []).append(row)
    mails: list[Statement] = []
    for participant_id, rows in by_person.items():
        problems = [(row, _problem(row)) for row in rows]
        row, problem = next(((row, problem) for row, problem in problems if problem is not None), (rows[0], None))
        if problem is None:
            continue
        if _mark_payee(row, problem, row.reason_code):
            mails.extend(_write_to(participant_id, rows, template="payment_returned"))
    return mails


def _mark_payee(row: Payment, problem: PayeeProblem, reason_code: str | None) -> bool:
    """Remember what is wrong with the account that a payment went to; False when it was replaced or known."""
    prepared_at = Batch.objects.values_list("created_at", flat=True).get(id=row.batch_id)
    # An account that was given after the batch was prepared has not been tried yet.
    tried = Payee.objects.filter(
        participant_id=row.participant_id, problem__isnull=True, given_at__lte=prepared_at
    )
    return tried.update(problem=problem, problem_code=reason_code) > 0


def _problem(row: Payment) -> PayeeProblem | None:
    help_ = help_for(row.reason_code)
    if help_ is Help.NAME:
        return PayeeProblem.NAME
    if row.state == PaymentState.RETURNED:
        return PayeeProblem.RETURNED
    return None if help_ is Help.MERCHANT else PayeeProblem.REJECTED


def _write_to(participant_id: UUID, rows: Sequence[Payment], *, template: str) -> list[Statement]:
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        return []
    offer = find_version(person.version_id).offer
    amount = Money(sum(row.amount_minor for row in rows), rows[0].currency)
    return [
        mail_statement(
            template=template,
            language=person.language,
            participant_id=participant_id,
            context={
                "campaign": offer.title[person.language],
                "controller": offer.controller.name,
                "amount": amount.written(),
            },
        )
    ]


@action
def close_batch(*, batch_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Close an approved batch of which every line is answered; whether it is closed. Raises NotFound."""
    batch = Batch.objects.select_for_update().filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    if batch.state != BatchState.APPROVED:
        return batch.state in {BatchState.PAID, BatchState.REJECTED}
    payments = Payment.objects.filter(batch_id=batch_id)
    if payments.filter(state=PaymentState.OPEN).exists():
        return False
    was_paid = payments.filter(state__in=[PaymentState.ACCEPTED, PaymentState.RETURNED]).exists()
    state = BatchState.PAID if was_paid else BatchState.REJECTED
    Batch.objects.filter(id=batch_id).update(state=state, paid_by_user_id=user_id, paid_at=now)
    return True
