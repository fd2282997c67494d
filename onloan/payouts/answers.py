"""Taking in what the bank says of a batch: ``pain.002`` reports, ``camt.053`` and ``camt.054`` statements."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum
from django.utils.translation import gettext

from onloan import ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import action
from onloan.errors import BadInput, NotFound
from onloan.money import Money
from onloan.payouts import rules
from onloan.payouts.bank import answers as bank
from onloan.payouts.bank.reasons import Help, help_for
from onloan.payouts.errors import BatchNotReady, UnknownPayment
from onloan.payouts.models import BankAnswer, Batch, Payment
from onloan.payouts.rules import BankWord, BatchState, PaymentState
from onloan.payouts.settling import Outcome, Settled, close_batch, note_words, settle_outcomes

LINES_PER_STEP = 200
REFERENCES_SHOWN_MAX = 100

_SENT_STATES = [BatchState.APPROVED.value, BatchState.PAID.value, BatchState.REJECTED.value]
_SAID = {
    "accepted": PaymentState.ACCEPTED,
    "rejected": PaymentState.REJECTED,
    "returned": PaymentState.RETURNED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReport:
    """What a bank's file changed. ``was_read``: the same file was read before, and nothing changed now.

    ``unchanged`` was known already or is still under way; ``unknown`` are payments of the shop that are none of
    ours, and ``unknown_references`` those among them that look like ours. ``other_amounts`` name payments of ours
    with another amount than was sent: nothing was booked for them, and somebody has to look. ``made_after_all``
    name payments that the bank refused first and has made now, while the same amount is under way or paid in
    another manner: somebody has to stop that or ask for it back.
    """

    was_read: bool
    kind: str
    accepted: int = 0
    rejected: int = 0
    returned: int = 0
    unchanged: int = 0
    unknown: int = 0
    unknown_references: tuple[str, ...] = ()
    other_amounts: tuple[str, ...] = ()
    made_after_all: tuple[str, ...] = ()
    batch_ids: tuple[UUID, ...] = ()


@dataclass(slots=True)
class _Reading:
    """What one file came to, as far as it is read."""

    settled: Settled
    unknown: int
    unknown_references: list[str]
    other_amounts: list[str]
    batch_ids: set[UUID]


def read_bank_answer(*, data: bytes, user_id: UUID, now: datetime) -> AnswerReport:
    """Book what a bank's file says: paid, refused and so owed again, or sent back and so owed again.

    The same file twice changes nothing; after a crash the same call goes on, because each payment is booked once.
    Raises NotAllowed, and what ``read_answer`` raises for a file that it cannot read.
    """
    require(find_member_by_id(user_id), Capability.EXPORT_PAYOUTS)
    file_hash = hashlib.sha256(data).hexdigest()
    earlier = BankAnswer.objects.filter(file_hash=file_hash).first()
    if earlier is not None:
        return AnswerReport(was_read=True, kind=earlier.kind)
    answer = bank.read_answer(data)
    reading = _Reading(Settled(), 0, [], [], set())
    for start in range(0, len(answer.lines), LINES_PER_STEP):
        _read_lines(reading, answer.lines[start : start + LINES_PER_STEP], now)
    if answer.group_outcome is not None:
        _read_group(reading, answer, now)
    for file in answer.booked_files:
        _read_booked_file(reading, file, now)
    for batch_id in reading.batch_ids:
        close_batch(batch_id=batch_id, user_id=user_id, now=now)
    _remember(file_hash=file_hash, kind=answer.kind, reading=reading, user_id=user_id, now=now)
    return AnswerReport(
        was_read=False,
        kind=answer.kind,
        accepted=reading.settled.accepted,
        rejected=reading.settled.rejected,
        returned=reading.settled.returned,
        unchanged=reading.settled.unchanged,
        unknown=reading.unknown,
        unknown_references=tuple(reading.unknown_references[:REFERENCES_SHOWN_MAX]),
        other_amounts=tuple(reading.other_amounts[:REFERENCES_SHOWN_MAX]),
        made_after_all=reading.settled.made_after_all[:REFERENCES_SHOWN_MAX],
        batch_ids=tuple(sorted(reading.batch_ids)),
    )


def record_outcome(
    *, batch_id: UUID, reference: str, said: PaymentState, reason_code: str, user_id: UUID, now: datetime
) -> Settled:
    """What somebody of finance read on the bank's own pages about one payment, where no file says it.

    ``reason_code`` is the bank's for a refusal or a return, or empty. The same again changes nothing. Raises
    BadInput, UnknownPayment, BatchNotReady, NotAllowed, NotFound.
    """
    require(find_member_by_id(user_id), Capability.EXPORT_PAYOUTS)
    if said is PaymentState.OPEN:
        raise BadInput(field="said", problem=gettext("say that it was paid, refused or sent back"))
    if reason_code and not rules.is_reason_code(reason_code):
        raise BadInput(field="reason", problem=gettext("write the bank's code, as in AC04, or nothing"))
    batch = Batch.objects.filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    if batch.state not in _SENT_STATES:
        raise BatchNotReady(state=batch.state)
    lines = Payment.objects.filter(batch_id=batch_id)
    row = lines.filter(Q(end_to_end_id=reference) | Q(short_reference=reference)).first()
    if row is None:
        raise UnknownPayment(field="reference")
    outcome = Outcome(row.id, row.participant_id, said, reason_code or None)
    settled = settle_outcomes(outcomes=[outcome], now=now)
    close_batch(batch_id=batch_id, user_id=user_id, now=now)
    return settled


def _read_lines(reading: _Reading, lines: Sequence[bank.AnswerLine], now: datetime) -> None:
    references = [line.end_to_end_id for line in lines]
    sent = Payment.objects.filter(batch_id__in=Batch.objects.filter(state__in=_SENT_STATES).values("id"))
    rows = {row.end_to_end_id: row for row in sent.filter(end_to_end_id__in=references)}
    rows.update({row.short_reference: row for row in sent.filter(short_reference__in=references)})
    outcomes: list[Outcome] = []
    pending: dict[UUID, BankWord] = {}
    for line in lines:
        row = rows.get(line.end_to_end_id)
        if row is None:
            reading.unknown += 1
            if rules.is_own_reference(line.end_to_end_id):
                reading.unknown_references.append(line.end_to_end_id)
            continue
        reading.batch_ids.add(row.batch_id)
        if line.amount is not None and line.amount != Money(row.amount_minor, row.currency):
            reading.other_amounts.append(row.end_to_end_id)
        elif line.outcome == "pending":
            reading.settled += Settled(unchanged=1)
            is_name_check = help_for(line.reason_code) is Help.NAME
            pending[row.id] = BankWord.NAME_CHECK if is_name_check else BankWord.PENDING
        else:
            outcomes.append(Outcome(row.id, row.participant_id, _SAID[line.outcome], line.reason_code or None))
    if pending:
        people = {row.participant_id for row in rows.values() if row.id in pending}
        note_words(words=pending, participant_ids=people, now=now)
    if outcomes:
        reading.settled += settle_outcomes(outcomes=outcomes, now=now)


def _read_group(reading: _Reading, answer: bank.BankAnswer, now: datetime) -> None:
    """What is said of a whole file holds for each payment in it that has no line of its own."""
    batch = _find_sent(answer.original_message_id)
    if batch is None:
        reading.unknown += 1
        return
    reading.batch_ids.add(batch.id)
    said = _SAID.get(answer.group_outcome or "")
    if said is not None:
        own = {line.end_to_end_id for line in answer.lines}
        _settle_open(reading, batch, said, answer.group_reason_code, now, without=own)


def _read_booked_file(reading: _Reading, file: bank.BookedFile, now: datetime) -> None:
    """One booking for a whole file: it is for what the bank has not refused, or somebody has to look."""
    batch = _find_sent(file.message_id)
    if batch is None:
        reading.unknown += 1
        return
    reading.batch_ids.add(batch.id)
    booked = Payment.objects.filter(batch_id=batch.id).exclude(state=PaymentState.REJECTED)
    total_minor = booked.aggregate(total=Sum("amount_minor"))["total"] or 0
    if file.amount != Money(total_minor, batch.currency):
        reading.other_amounts.append(file.message_id)
        return
    _settle_open(reading, batch, PaymentState.ACCEPTED, "", now)


def _settle_open(
    reading: _Reading,
    batch: Batch,
    said: PaymentState,
    reason_code: str,
    now: datetime,
    *,
    without: AbstractSet[str] = frozenset(),
) -> None:
    """Book the same word for each payment of a batch that is still open, some hundred at a time."""
    rows = Payment.objects.filter(batch_id=batch.id, state=PaymentState.OPEN).order_by("id")
    outcomes = [
        Outcome(row.id, row.participant_id, said, reason_code or None)
        for row in rows.only("id", "participant_id", "end_to_end_id", "short_reference").iterator()
        if row.end_to_end_id not in without and row.short_reference not in without
    ]
    for start in range(0, len(outcomes), LINES_PER_STEP):
        reading.settled += settle_outcomes(outcomes=outcomes[start : start + LINES_PER_STEP], now=now)


def _find_sent(message_id: str) -> Batch | None:
    batch_id = rules.read_message_id(message_id)
    if batch_id is None:
        return None
    return Batch.objects.filter(id=batch_id, state__in=_SENT_STATES).first()


@action
def _remember(*, file_hash: str, kind: str, reading: _Reading, user_id: UUID, now: datetime) -> None:
    BankAnswer.objects.get_or_create(
        file_hash=file_hash,
        defaults={
            "id": ids.new_id(),
            "kind": kind,
            "accepted": reading.settled.accepted,
            "rejected": reading.settled.rejected,
            "returned": reading.settled.returned,
            "unknown": reading.unknown,
            "read_by_user_id": user_id,
            "read_at": now,
        },
    )
