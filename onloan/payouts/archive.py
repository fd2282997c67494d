"""The archive of payments: opened for a purpose, cut off from whoever is erased, destroyed when its time is over.

What stands in it says ``archiving``. No line of a bank's file is deleted before its payment is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from onloan import clock, ids
from onloan.access.rules import Capability
from onloan.access.team import Member, find_member_by_id, require
from onloan.db import action
from onloan.errors import NotFound
from onloan.evidence.actions import append_entry
from onloan.markets.rules import known_countries, market_facts
from onloan.payouts import rules, sealing
from onloan.payouts.actions import remove_account
from onloan.payouts.archiving import archive_payments, new_number
from onloan.payouts.errors import ArchivePurposeNeeded, ArchiveReasonNeeded
from onloan.payouts.gathering import PAYEE
from onloan.payouts.models import ArchivedPayment, ArchiveReading, Batch, Payment
from onloan.payouts.rules import ArchivePurpose, BankWord, PaymentState
from onloan.people.changes import record_lookup
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant, lock_participants
from onloan.uses.actions import give_log_its_turn
from onloan.uses.basis import record_basis_uses

ROWS_PER_TRANSACTION = 200
LOOKUP_KIND = "payment"
"""How the person's own page calls it when a member opened an archived payment of theirs."""

_WAS_MADE = Q(state__in=[PaymentState.ACCEPTED, PaymentState.RETURNED]) | Q(bank_word=BankWord.MADE)


@dataclass(frozen=True, slots=True)
class ArchivedPayee:
    """Whom a payment went to. ``name`` is empty where it was deleted before the bank said that it had paid."""

    name: str
    account: str


def forget_lines(*, batch_id: UUID) -> bool:
    """Delete the names and accounts of a batch, once what was paid of it is archived. So what was settled before
    there was an archive comes into it too. False where a payment is settled at this moment; then the next time."""
    while _archive_some(batch_id=batch_id):
        pass
    return _clear_lines(batch_id=batch_id)


@action
def _archive_some(*, batch_id: UUID) -> int:
    """Archive the next few payments of a batch that are not archived; how many."""
    rows = list(_list_unarchived().filter(batch_id=batch_id).order_by("id")[:ROWS_PER_TRANSACTION])
    lock_participants({row.participant_id for row in rows})
    archive_payments(rows)
    return len(rows)


@action
def _clear_lines(*, batch_id: UUID) -> bool:
    if _list_unarchived().filter(batch_id=batch_id).exists():
        return False
    Batch.objects.filter(id=batch_id).update(wrapped_key=None, sealed_debtor=None)
    Payment.objects.filter(batch_id=batch_id).update(sealed_line=None)
    return True


def _list_unarchived() -> QuerySet[Payment]:
    """Payments that were made, whose line is there and whose voucher is not."""
    kept = ArchivedPayment.objects.filter(reference=OuterRef("end_to_end_id"))
    return Payment.objects.filter(_WAS_MADE, ~Exists(kept), sealed_line__isnull=False)


@action
def forget_payee(*, participant_id: UUID) -> None:
    """Erasure: name and account go from everywhere but the archive, and the archive is cut off from the person.

    What is still open at a bank keeps its line, as nobody loses money by being erased; it goes when that payment
    is settled or refused. Again changes nothing. Raises NotFound.
    """
    lock_participant(participant_id)
    forget_answered_lines(participant_id=participant_id)
    remove_account(participant_id=participant_id)
    for archive_id in list(
        ArchivedPayment.objects.filter(participant_id=participant_id).values_list("id", flat=True)
    ):
        ArchivedPayment.objects.filter(id=archive_id).update(participant_id=new_number())


@action
def forget_answered_lines(*, participant_id: UUID) -> bool:
    """Erasure: name and account go from each payment that a bank has answered. Whether none is left; what is open
    keeps them until then."""
    archive_payments(list(_list_unarchived().filter(participant_id=participant_id)))
    own = Payment.objects.filter(participant_id=participant_id)
    own.exclude(state=PaymentState.OPEN).update(sealed_line=None)
    return not own.filter(sealed_line__isnull=False).exists()


def read_archive(*, archive_id: UUID, purpose: str, reason: str, user_id: UUID, now: datetime) -> ArchivedPayee:
    """Open the name of one archived payment, for one of ``ArchivePurpose`` and a reason that is kept.

    It is on record before anything is seen: who, what for and why, in a table; that it happened, in the evidence;
    and, while the person is there, as a use and among those who looked at their file. Raises NotAllowed,
    ArchivePurposeNeeded, ArchiveReasonNeeded, NotFound, and RecordBehind while nothing can be recorded.
    """
    member = find_member_by_id(user_id)
    require(member, Capability.READ_ARCHIVE)
    if purpose not in {known.value for known in ArchivePurpose}:
        raise ArchivePurposeNeeded(field="purpose")
    written = " ".join(reason.split())
    if not rules.is_archive_reason(written):
        raise ArchiveReasonNeeded(
            field="reason",
            minimum=rules.ARCHIVE_REASON_CHARACTERS_MIN,
            maximum=rules.ARCHIVE_REASON_CHARACTERS_MAX,
        )
    give_log_its_turn()
    return _read(archive_id=archive_id, purpose=ArchivePurpose(purpose), reason=written, member=member, now=now)


@action
def _read(
    *, archive_id: UUID, purpose: ArchivePurpose, reason: str, member: Member, now: datetime
) -> ArchivedPayee:
    owner = ArchivedPayment.objects.filter(id=archive_id).values_list("participant_id", flat=True).first()
    person = find_participant(owner) if owner is not None else None
    if person is not None:
        lock_participant(person.id)
    # Erasing them meanwhile gave the row another number; what is read is the row as it is now.
    row = ArchivedPayment.objects.select_for_update().filter(id=archive_id).first()
    if row is None:
        raise NotFound
    if person is not None and row.participant_id == person.id and person.erased_at is None:
        allowed = record_basis_uses(
            participant_ids=[person.id], items=PAYEE, purpose="accounting", channel="archive"
        )
        assert person.id in allowed, "the law asks for it, so no flag stops it"
        told = f"{row.reference}: {reason}"
        record_lookup(participant_id=person.id, user_id=member.id, kind=LOOKUP_KIND, text=told, now=now)
    _record_reading(row, purpose, reason, member, now)
    if row.sealed_payee is None:
        return ArchivedPayee("", "")
    return ArchivedPayee(*sealing.unseal_archived(row.id, bytes(row.sealed_payee)))


def _record_reading(
    row: ArchivedPayment, purpose: ArchivePurpose, reason: str, member: Member, now: datetime
) -> None:
    reading_id = ids.new_id()
    ArchiveReading.objects.create(
        id=reading_id,
        archive_id=row.id,
        user_id=member.id,
        purpose=purpose,
        sealed_reason=sealing.seal_reading(reading_id, reason),
        read_at=now,
    )
    append_entry(
        kind="archive_read",
        fields={"market": row.country, "role": member.role, "reason": purpose.value},
        occurred_at=now,
    )


def forget_archived(*, now: datetime, limit: int) -> int:
    """Destroy what the law on accounts asks for no longer, with who read it; at most ``limit`` payments. The last
    day ends at midnight of the country. Returns how many."""
    over: list[UUID] = []
    for country, today in _local_days(now).items():
        past = ArchivedPayment.objects.filter(country=country, retain_until__lt=today)
        over += past.order_by("retain_until").values_list("id", flat=True)[: limit - len(over)]
    ArchiveReading.objects.filter(archive_id__in=over).delete()
    return ArchivedPayment.objects.filter(id__in=over).delete()[0]


def _local_days(now: datetime) -> Mapping[str, date]:
    return {country: clock.local_day(now, market_facts(country).time_zone) for country in known_countries()}
