"""What is done to erase somebody, step by step: key and rows in one transaction; then whoever received something
has answered; the database's own files are swept; the last backup is past. Jobs, so that a stop in between loses
nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from onloan import db, keys
from onloan.cases import sweeping
from onloan.cases.desk import read_email
from onloan.cases.erasing import begin_again, begin_at_end_of_time
from onloan.cases.erasure_queries import ErasureView, erasure_view
from onloan.cases.erasure_rules import is_complete
from onloan.cases.models import Case, CaseEvent, Erasure, Restriction, Sighting
from onloan.cases.profiles import list_past_profiles
from onloan.cases.rules import EventKind, State, show_reference
from onloan.cases.sealing import contact_hash, seal_contact
from onloan.cases.timeline import record_event
from onloan.consents.actions import stop_consents
from onloan.consents.rules import EndReason
from onloan.db import action
from onloan.evidence.actions import append_entry, forget_person, number_entries
from onloan.evidence.models import EntryLink
from onloan.evidence.queries import read_checkpoint
from onloan.ledger.queries import is_fulfilment_waiting
from onloan.outbox.models import Message
from onloan.outbox.statements import mail_statement
from onloan.payouts.actions import issue_slip
from onloan.payouts.archive import forget_payee
from onloan.payouts.models import Payable
from onloan.payouts.rules import PayableState
from onloan.people.erasing import erase_person, forget_public_id
from onloan.people.models import Participant
from onloan.people.queries import read_item
from onloan.people.statements import lock_participant
from onloan.referrals.erasing import forget_traces
from onloan.uses.duties import make_duties_up_to
from onloan.uses.duty_queries import count_open_duties

FILE_NAME = "erased.log"
ERASURES_AT_A_TIME = 200


def finish_erasures(*, now: datetime) -> int:
    """Do the next step of every erasure that can go on. A periodic job; how many steps were done."""
    done = 0
    for row in Erasure.objects.filter(erased_at=None).order_by("begun_at")[:ERASURES_AT_A_TIME]:
        done += _erase(erasure_id=row.id, participant_id=row.participant_id, now=now)
    return done + slip_for_erased(now=now) + _close_recipients(now) + _sweep(now) + _complete(now)


@action
def _erase(*, erasure_id: UUID, participant_id: UUID, now: datetime) -> bool:
    """One transaction: all of it, or nothing. False while somebody may change their mind, or money is paid
    first."""
    lock_participant(participant_id)
    row = Erasure.objects.filter(id=erasure_id, erased_at=None).first()
    if row is None:
        return False
    progress = erasure_view(row).progress
    if now < progress.erased_from or progress.is_money_waiting:
        return False
    _keep_contacts(participant_id)
    for payable_id in Payable.objects.filter(participant_id=participant_id, state=PayableState.OWED).values_list(
        "id", flat=True
    ):
        issue_slip(participant_id=participant_id, payable_id=payable_id, now=now)
    stop_consents(participant_id=participant_id, reason=EndReason.ERASED, now=now)
    forget_traces(participant_id=participant_id)
    forget_payee(participant_id=participant_id)
    Message.objects.filter(participant_id=participant_id).delete()
    Sighting.objects.filter(participant_id=participant_id, case_id=None).delete()
    erase_person(participant_id=participant_id, now=now)
    forget_person(participant_id=participant_id)
    append_entry(kind="person_erased", fields={"count": 1}, occurred_at=now)
    backups_until = now.date() + timedelta(days=settings.BACKUP_DAYS)
    Erasure.objects.filter(id=erasure_id).update(
        erased_at=now, erased_in=sweeping.read_transaction_number(), backups_until=backups_until
    )
    if row.case_id is not None:
        record_event(case_id=row.case_id, kind=EventKind.ERASED, now=now, is_shown=True)
        _mail(row.case_id, "case_erased", due_on=backups_until.isoformat())
    _note_outside(participant_id)
    return True


def _keep_contacts(participant_id: UUID) -> None:
    """What was asked and is not answered yet can still be answered, when nobody knows any more who the person
    was."""
    email = read_item(participant_id, "email")
    if email is None:
        return
    written = email.decode()
    for case_id in Case.objects.filter(
        participant_id=participant_id, state=State.OPEN, sealed_contact=None
    ).values_list("id", flat=True):
        Case.objects.filter(id=case_id).update(
            sealed_contact=seal_contact(case_id, written), contact_hash=contact_hash(written)
        )


def slip_for_erased(*, now: datetime) -> int:
    """Cash that came to be owed after its owner was erased (a reward that counted later, a transfer that the bank
    sent back) goes onto a slip, which theirs opens. How many slips."""
    erased = Participant.objects.filter(erased_at__isnull=False).values("id")
    rows = Payable.objects.filter(state=PayableState.OWED, participant_id__in=erased)
    found = list(rows.values_list("participant_id", "id")[:ERASURES_AT_A_TIME])
    for participant_id, payable_id in found:
        issue_slip(participant_id=participant_id, payable_id=payable_id, now=now)
    return len(found)


def _close_recipients(now: datetime) -> int:
    """Whoever received something has answered: now the public id goes too, by which they were told whom to remove,
    and what the person asked stands under a number that leads to nothing else of theirs."""
    waiting = list(Erasure.objects.filter(erased_at__isnull=False, recipients_done_at=None)[:ERASURES_AT_A_TIME])
    if not waiting:
        return 0
    # What the erasure itself wrote has to be read first: before, "nothing is open" would mean nothing.
    number_entries()
    make_duties_up_to(read_checkpoint().size, now=now)
    return sum(_close_recipient(erasure_id=row.id, participant_id=row.participant_id, now=now) for row in waiting)


@action
def _close_recipient(*, erasure_id: UUID, participant_id: UUID, now: datetime) -> bool:
    lock_participant(participant_id)
    if count_open_duties(participant_id) or is_fulfilment_waiting(participant_id):
        return False
    row = Erasure.objects.filter(id=erasure_id, recipients_done_at=None).first()
    if row is None:
        return False
    forget_public_id(participant_id=participant_id)
    forget_person(participant_id=participant_id)
    if row.case_id is not None:
        record_event(case_id=row.case_id, kind=EventKind.RECIPIENTS_ANSWERED, now=now, is_shown=True)
    Erasure.objects.filter(id=erasure_id).update(recipients_done_at=now)
    _part_cases(participant_id)
    return True


def _part_cases(participant_id: UUID) -> None:
    """What a person asked names them, and stays for as long as they may come back to it. Under a new number
    nothing leads from it to what they allowed, earned or were shown for, or back."""
    # Of chance alone: a number with a time in it would tell when.
    apart = uuid4()
    for model in (Case, CaseEvent, Sighting, Restriction, Erasure):
        model._default_manager.filter(participant_id=participant_id).update(participant_id=apart)


def _sweep(now: datetime) -> int:
    """Take what was deleted out of the database's own files, for all erasures that wait for it together."""
    waiting = Erasure.objects.filter(erased_at__isnull=False, swept_at=None)
    found = list(waiting.values_list("id", "erased_in"))
    if not found:
        return 0
    swept = [erasure_id for erasure_id, erased_in in found if sweeping.is_past(erased_in)]
    if not swept or not sweeping.sweep_traces():
        return 0
    for erasure_id in swept:
        _note_swept(erasure_id=erasure_id, now=now)
    return len(swept)


@action
def _note_swept(*, erasure_id: UUID, now: datetime) -> None:
    row = Erasure.objects.get(id=erasure_id)
    Erasure.objects.filter(id=erasure_id).update(swept_at=now)
    if row.case_id is not None:
        record_event(case_id=row.case_id, kind=EventKind.TRACES_GONE, now=now, is_shown=True)


def _complete(now: datetime) -> int:
    """What is past every step, the last backup included, is complete, and is said to be so only now."""
    rows = Erasure.objects.filter(
        recipients_done_at__isnull=False, swept_at__isnull=False, completed_at=None, backups_until__lt=now.date()
    )
    return sum(_complete_one(view=erasure_view(row), now=now) for row in list(rows[:ERASURES_AT_A_TIME]))


@action
def _complete_one(*, view: ErasureView, now: datetime) -> bool:
    assert is_complete(view.progress, now.date())
    Erasure.objects.filter(id=view.id).update(completed_at=now)
    if view.case_id is not None:
        _mail(view.case_id, "case_erasure_complete")
    return True


def _mail(case_id: UUID, template: str, **context: str) -> None:
    case = Case.objects.get(id=case_id)
    address = read_email(case)
    if address is None:
        # What came by letter is answered by letter.
        return
    db.execute([
        mail_statement(
            template=template,
            language=case.language,
            address=address,
            context={"case_reference": show_reference(case.reference), **context},
        )
    ])  # fmt: skip


def _note_outside(participant_id: UUID) -> None:
    """A token outside the database, with which a restored backup is compared. It comes before the commit: one that
    is missing would bring a person back, one too many belongs to somebody who asked for it."""
    with (Path(settings.HOME) / FILE_NAME).open("a", encoding="ascii") as file:
        file.write(_token(participant_id) + "\n")


def _token(participant_id: UUID) -> str:
    return keys.keyed_hash("erased-person", participant_id.hex)


def _read_tokens() -> set[str]:
    try:
        return set((Path(settings.HOME) / FILE_NAME).read_text(encoding="ascii").split())
    except FileNotFoundError:
        return set()


def erase_again(*, now: datetime) -> int:
    """After a restore: erase whoever had been erased when the backup was not made yet. How many there were.

    Cheap where nothing was restored: then as many people are erased as there are tokens.
    """
    tokens = _read_tokens()
    if Participant.objects.filter(erased_at__isnull=False).count() >= len(tokens):
        return 0
    alive = Participant.objects.filter(erased_at=None).values_list("id", flat=True)
    back = [participant_id for participant_id in alive.iterator() if _token(participant_id) in tokens]
    for participant_id in back:
        begin_again(participant_id=participant_id, now=now)
    return sum(
        _erase(erasure_id=row.id, participant_id=row.participant_id, now=now)
        for row in list(Erasure.objects.filter(participant_id__in=back, erased_at=None))
    )


def close_profiles(*, now: datetime) -> int:
    """Begin the end of pages whose time is over. A daily job; how many people were told."""
    return sum(
        begin_at_end_of_time(participant_id=participant_id, now=now) for participant_id in list_past_profiles(now)
    )


@action
def forget_late_traces() -> int:
    """What was written about somebody after they had been erased, because a reward of theirs counted later: links
    to entries of the log, and mails that reach nobody. A daily job; how many rows there were."""
    erased = Participant.objects.filter(erased_at__isnull=False).values("id")
    written = (EntryLink, Message)
    return sum(model._default_manager.filter(participant_id__in=erased).delete()[0] for model in written)
