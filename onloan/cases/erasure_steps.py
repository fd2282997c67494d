"""What is done to erase somebody, step by step: key and rows in one transaction; then whoever received something
has answered; the database's own files are swept; the last backup is past. Jobs, so that a stop in between loses
nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from onloan import db
from onloan.cases import sweeping
from onloan.cases.desk import read_email
from onloan.cases.erased_tokens import note_token, read_tokens, token_of
from onloan.cases.erasing import begin_again, begin_at_end_of_time
from onloan.cases.erasure_queries import ErasureView, erasure_view, is_ready, list_ripe, plan_erasure
from onloan.cases.erasure_rules import is_complete
from onloan.cases.erasure_slips import give_slip, list_for_slip
from onloan.cases.late_payments import forget_late_payments
from onloan.cases.merchants import sign_mail
from onloan.cases.models import Case, CaseEvent, Erasure, Restriction, Sighting
from onloan.cases.profiles import list_past_profiles, stop_closing
from onloan.cases.rules import ErasureCause, EventKind, State, show_reference
from onloan.cases.sealing import contact_hash, seal_contact
from onloan.cases.staying import find_stays, tell_stays
from onloan.cases.timeline import record_event
from onloan.consents.actions import stop_consents
from onloan.consents.rules import EndReason
from onloan.db import UUIDModel, action
from onloan.errors import MustStopError
from onloan.evidence.actions import append_entry, forget_person, number_entries
from onloan.evidence.models import EntryLink
from onloan.evidence.queries import read_checkpoint
from onloan.ledger.queries import is_fulfilment_waiting
from onloan.outbox.models import Message
from onloan.outbox.rules import KIND_MAIL, KIND_WEBHOOK, STATE_SENT, STATE_WAITING
from onloan.outbox.statements import mail_statement
from onloan.payouts.actions import issue_slip
from onloan.payouts.archive import forget_answered_lines, forget_payee
from onloan.payouts.models import Payable
from onloan.payouts.rules import PayableState
from onloan.people.erasing import erase_person, forget_public_id
from onloan.people.models import Participant
from onloan.people.queries import read_item
from onloan.people.statements import lock_participant
from onloan.referrals.erasing import forget_traces
from onloan.uses.duties import make_duties_up_to
from onloan.uses.duty_queries import count_open_duties, has_duties
from onloan.uses.models import Notice

logger = logging.getLogger(__name__)

ROWS_AT_A_TIME = 200

Row = TypeVar("Row", bound=UUIDModel)
Found = TypeVar("Found")


def finish_erasures(*, now: datetime) -> int:
    """Do the next step of every erasure that can go on. A periodic job; how many steps were done."""
    done = _try_each(_go_through(list_for_slip(now)), lambda row: give_slip(erasure_id=row.id, now=now))
    done += _try_each(_go_through(list_ripe(now)), lambda row: _erase_if_ready(row, now))
    done += slip_for_erased(now=now) + _close_recipients(now)
    done += _try_each(_go_through(_list_unparted()), lambda row: _part(erasure_id=row.id, now=now))
    done += _try_each(_go_through(_list_past(now)), lambda row: _complete(view=erasure_view(row), now=now))
    return done + (sweep_erased(now=now) or 0)


def _go_through(rows: QuerySet[Row]) -> Iterator[Row]:
    """All of them, some at a time: one that waits takes nobody's place, however many wait."""
    after = UUID(int=0)
    while page := list(rows.filter(id__gt=after).order_by("id")[:ROWS_AT_A_TIME]):
        yield from page
        after = page[-1].id


def _try_each(found: Iterable[Found], step: Callable[[Found], int]) -> int:
    """Do a step for each; how many were done. One that fails is written down and does not keep the others waiting.
    Raises MustStopError."""
    done = 0
    for each in found:
        try:
            done += step(each)
        except MustStopError:
            raise
        except Exception as error:
            # The kind alone: the text could quote what lies in the row.
            logger.error("a step of an erasure cannot be done: %s", type(error).__name__)  # noqa: TRY400
    return done


def _erase_if_ready(row: Erasure, now: datetime) -> bool:
    """Looked at before anything is locked: most that wait, wait for long."""
    return is_ready(row, now) and _erase(erasure_id=row.id, participant_id=row.participant_id, now=now)


@action
def _erase(*, erasure_id: UUID, participant_id: UUID, now: datetime) -> bool:
    """One transaction: all of it, or nothing. False while somebody may change their mind, or money is paid
    first."""
    lock_participant(participant_id)
    row = Erasure.objects.filter(id=erasure_id, erased_at=None).first()
    if row is None or not is_ready(row, now):
        return False
    if row.cause == ErasureCause.RETENTION and stop_closing(participant_id=participant_id, now=now):
        return False
    _keep_contacts(participant_id)
    accounts_until = plan_erasure(participant_id, now=now).accounts_until
    for payable_id in Payable.objects.filter(participant_id=participant_id, state=PayableState.OWED).values_list(
        "id", flat=True
    ):
        issue_slip(participant_id=participant_id, payable_id=payable_id, now=now)
    forget_late_payments(participant_id=participant_id, now=now)
    stop_consents(participant_id=participant_id, reason=EndReason.ERASED, now=now)
    forget_traces(participant_id=participant_id)
    forget_payee(participant_id=participant_id)
    # What the merchant has to fulfil is told until it is done; it names nobody but by the public id.
    Message.objects.filter(participant_id=participant_id, kind=KIND_MAIL).delete()
    Sighting.objects.filter(participant_id=participant_id, case_id=None).delete()
    erase_person(participant_id=participant_id, now=now)
    forget_person(participant_id=participant_id)
    append_entry(kind="person_erased", fields={"count": 1}, occurred_at=now)
    Erasure.objects.filter(id=erasure_id).update(erased_at=now, accounts_until=accounts_until, **_count_from(now))
    if row.case_id is not None:
        record_event(case_id=row.case_id, kind=EventKind.ERASED, now=now, is_shown=True)
        _mail(row.case_id, "case_erased", now, due_on=_backups_until(now).isoformat())
    note_token(participant_id)
    return True


def _count_from(now: datetime) -> dict[str, object]:
    """Something was erased in this transaction: from now on the files hold it until they are swept, and backups
    until the last of today has ended."""
    return {
        "swept_at": None,
        "erased_in": sweeping.read_transaction_number(),
        "backups_until": _backups_until(now),
    }


def _backups_until(now: datetime) -> date:
    return now.date() + timedelta(days=settings.BACKUP_DAYS)


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
    return _try_each(
        _go_through(rows),
        lambda row: bool(issue_slip(participant_id=row.participant_id, payable_id=row.id, now=now)),
    )


def _close_recipients(now: datetime) -> int:
    """Whoever received something has answered: now the public id goes too, by which they were told whom to
    remove."""
    waiting = Erasure.objects.filter(erased_at__isnull=False, recipients_done_at=None)
    if not waiting.exists():
        return 0
    # What the erasure itself wrote has to be read first: before, "nothing is open" would mean nothing.
    number_entries()
    make_duties_up_to(read_checkpoint().size, now=now)
    return _try_each(
        _go_through(waiting),
        lambda row: (
            not _is_public_id_needed(row.participant_id)
            and _close_recipient(erasure_id=row.id, participant_id=row.participant_id, now=now)
        ),
    )


def _is_public_id_needed(participant_id: UUID) -> bool:
    """Whether a recipient has not answered, or the merchant still has to fulfil something, or to hear of it."""
    if count_open_duties(participant_id) or is_fulfilment_waiting(participant_id):
        return True
    told = Message.objects.filter(participant_id=participant_id, kind=KIND_WEBHOOK, state=STATE_WAITING)
    return told.exists()


@action
def _close_recipient(*, erasure_id: UUID, participant_id: UUID, now: datetime) -> bool:
    lock_participant(participant_id)
    row = Erasure.objects.filter(id=erasure_id, recipients_done_at=None).first()
    if row is None or _is_public_id_needed(participant_id):
        return False
    forget_public_id(participant_id=participant_id)
    forget_person(participant_id=participant_id)
    events = Message.objects.filter(participant_id=participant_id, kind=KIND_WEBHOOK)
    has_recipients = has_duties(participant_id) or events.exists()
    _forget_events(participant_id)
    if row.case_id is not None and has_recipients:
        record_event(case_id=row.case_id, kind=EventKind.RECIPIENTS_ANSWERED, now=now, is_shown=True)
    Erasure.objects.filter(id=erasure_id).update(recipients_done_at=now, **_count_from(now))
    _part(erasure_id=erasure_id, now=now)
    return True


def _forget_events(participant_id: UUID) -> None:
    """What the merchant's systems and recipients were sent, with the public id in it."""
    notices = Notice.objects.filter(participant_id=participant_id).values("id")
    Message.objects.filter(participant_id=participant_id).delete()
    Message.objects.filter(idempotency_ref__in=notices, endpoint_id__isnull=False).delete()


def _list_unparted() -> QuerySet[Erasure]:
    """Whose recipients have answered, and whose request still leads to the rest."""
    known = Participant.objects.filter(id=OuterRef("participant_id"))
    return Erasure.objects.filter(Exists(known), recipients_done_at__isnull=False, completed_at=None)


@action
def _part(*, erasure_id: UUID, now: datetime) -> bool:
    """What a person asked names them, and stays for as long as they may come back to it. Under a new number
    nothing leads from it to what they allowed, earned or were shown for, or back. Not before the last name and
    account that is under way to a bank went: until then it is known whose erasure waits for it."""
    row = Erasure.objects.get(id=erasure_id)
    lock_participant(row.participant_id)
    if not forget_answered_lines(participant_id=row.participant_id):
        return False
    # Of chance alone: a number with a time in it would tell when.
    apart = uuid4()
    for model in (Case, CaseEvent, Sighting, Restriction, Erasure):
        model._default_manager.filter(participant_id=row.participant_id).update(participant_id=apart)
    Erasure.objects.filter(id=erasure_id).update(**_count_from(now))
    return True


def sweep_erased(*, now: datetime, is_quiet: bool = False) -> int | None:
    """Take what was deleted out of the database's own files, for all erasures that wait for it together; how many
    did. None where it could not be done now (see ``sweep_traces``). ``is_quiet`` sweeps in any case."""
    waiting = Erasure.objects.filter(erased_at__isnull=False, swept_at=None)
    # Read before the sweep: what is erased while it runs waits for the next one.
    past = [row for row in _go_through(waiting) if sweeping.is_past(row.erased_in)]
    if not past and not is_quiet:
        return 0
    if not sweeping.sweep_traces(is_quiet=is_quiet):
        return None
    return _try_each(past, lambda row: _note_swept(row=row, now=now))


@action
def _note_swept(*, row: Erasure, now: datetime) -> bool:
    """As it was before the sweep; where more was erased meanwhile, it waits for the next one."""
    same = Erasure.objects.filter(
        id=row.id, participant_id=row.participant_id, recipients_done_at=row.recipients_done_at, swept_at=None
    )
    if not same.update(swept_at=now):
        return False
    is_last = not Participant.objects.filter(id=row.participant_id).exists()
    if row.case_id is not None and is_last:
        record_event(case_id=row.case_id, kind=EventKind.TRACES_GONE, now=now, is_shown=True)
    return True


def _list_past(now: datetime) -> QuerySet[Erasure]:
    """What is past every step, the last backup included, and leads to nobody any more."""
    known = Participant.objects.filter(id=OuterRef("participant_id"))
    return Erasure.objects.filter(
        ~Exists(known), recipients_done_at__isnull=False, swept_at__isnull=False, completed_at=None,
        backups_until__lt=now.date(),
    )  # fmt: skip


@action
def _complete(*, view: ErasureView, now: datetime) -> bool:
    """It is complete, and is said to be so only now."""
    assert is_complete(view.progress, now.date())
    Erasure.objects.filter(id=view.id).update(completed_at=now)
    if view.case_id is not None:
        _mail(view.case_id, "case_erasure_complete", now)
    return True


def _mail(case_id: UUID, template: str, now: datetime, **context: str) -> None:
    case = Case.objects.get(id=case_id)
    address = read_email(case)
    if address is None:
        # What came by letter is answered by letter.
        return
    stays = find_stays(case_id, language=case.language, now=now)
    assert stays is not None, "they are erased"
    signed = sign_mail(case.participant_id)
    db.execute([
        mail_statement(
            template=template,
            language=case.language,
            address=address,
            context={
                **signed, "case_reference": show_reference(case.reference), **tell_stays(stays), **context,
            },
        )
    ])  # fmt: skip


def erase_again(*, now: datetime) -> int:
    """After a restore: erase whoever had been erased when the backup was not made yet. How many there were.

    Cheap where nothing was restored: then as many people are erased as there are tokens.
    """
    tokens = read_tokens()
    if Participant.objects.filter(erased_at__isnull=False).count() >= len(tokens):
        return 0
    alive = Participant.objects.filter(erased_at=None).values_list("id", flat=True)
    back = [participant_id for participant_id in alive.iterator() if token_of(participant_id) in tokens]
    for participant_id in back:
        # What cannot be stopped keeps the server from starting: nobody of them is shown again.
        begin_again(participant_id=participant_id, now=now)
    return _try_each(back, lambda participant_id: _erase_begun(participant_id, now))


def _erase_begun(participant_id: UUID, now: datetime) -> bool:
    row = Erasure.objects.filter(participant_id=participant_id, erased_at=None).first()
    # Another process was faster.
    return row is not None and _erase(erasure_id=row.id, participant_id=participant_id, now=now)


def close_profiles(*, now: datetime) -> int:
    """Begin the end of pages whose time is over. A daily job; how many people were told."""
    return _try_each(
        list_past_profiles(now),
        lambda participant_id: begin_at_end_of_time(participant_id=participant_id, now=now),
    )


@action
def forget_late_traces() -> int:
    """What was written about somebody after they had been erased, because a reward of theirs counted later: links
    to entries of the log, mails that reach nobody, and events that the merchant has. A daily job; how many rows
    there were."""
    erased = Participant.objects.filter(erased_at__isnull=False)
    # While a public id is there, something is still told by it.
    closed = erased.filter(public_id="")
    mails = Message.objects.filter(participant_id__in=erased.values("id"), kind=KIND_MAIL)
    events = Message.objects.filter(participant_id__in=closed.values("id"), kind=KIND_WEBHOOK, state=STATE_SENT)
    links = EntryLink.objects.filter(participant_id__in=erased.values("id"))
    return sum(rows.delete()[0] for rows in (links, mails, events))
