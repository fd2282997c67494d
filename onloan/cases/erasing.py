"""Erasure: begun at the commit of the request, when showing stops; done later, once nothing can be lost by it.

Until it is done whoever asked may change their mind. Money never stands against it: either everything is paid
first, or the person takes a slip that opens what is theirs, for whoever holds it, after nobody knows who they
were. What is done then, and in which order, stands in ``erasure_steps``.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from onloan import clock, db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases.bearer import CODE_KIND, bearer_code
from onloan.cases.erased_tokens import read_stopped, revoke_token
from onloan.cases.erasure_queries import ErasurePlan, plan_erasure
from onloan.cases.erasure_rules import STOPS_ERASURE, can_end_with, erased_from
from onloan.cases.errors import CaseClosed, CaseNotIdentified, ErasureDone, ErasureWaits
from onloan.cases.models import Case, Erasure
from onloan.cases.restricting import end_for_erasure, restrict
from onloan.cases.rules import (
    Door,
    ErasureCause,
    ErasureWay,
    EventKind,
    Kind,
    Outcome,
    RestrictionCause,
    State,
    show_reference,
)
from onloan.cases.sealing import contact_hash, seal_contact
from onloan.cases.timeline import record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.markets.rules import market_facts
from onloan.offers.queries import find_version
from onloan.offers.vocabulary import said
from onloan.outbox.statements import mail_statement
from onloan.people.erasing import count_stopped_erasure
from onloan.people.models import CodeLookup
from onloan.people.queries import ParticipantView, find_participant, is_alive, read_item
from onloan.people.sealing import code_hash
from onloan.people.statements import code_lookup_statement, lock_participant
from onloan.vouchers.codes import group_code

GOES = "goes"
GOES_BUT_MONEY = "goes but for what finds money"
STAYS = "stays"

STORES: tuple[tuple[str, str], ...] = (
    ("people_person_key", GOES), ("people_item", GOES), ("people_item_change", GOES),
    ("people_lookup_record", GOES), ("people_email_lookup", GOES), ("people_code_lookup", GOES_BUT_MONEY),
    ("evidence_link", GOES), ("outbox_message", GOES), ("payouts_payee", GOES), ("referrals_mark", GOES),
    ("referrals_link", GOES), ("cases_late_payment", GOES),
    # What is left names nobody: amounts, days, counts, and answers that a claim can be about.
    ("consents_consent", STAYS), ("consents_receipt", STAYS), ("uses_use", STAYS), ("uses_serving", STAYS),
    ("uses_notice", STAYS), ("uses_takedown", STAYS), ("ledger_account", STAYS), ("ledger_transfer", STAYS),
    ("ledger_reward", STAYS), ("vouchers_voucher", STAYS), ("vouchers_redemption", STAYS),
    ("payouts_payable", STAYS), ("payouts_payment", STAYS), ("payouts_slip", STAYS),
    ("payouts_year_note", STAYS), ("referrals_attribution", STAYS),
    ("referrals_event", STAYS), ("referrals_signal", STAYS), ("referrals_review", STAYS),
    # The law on accounts asks for names beside payments; nobody opens them without a purpose that is on record.
    ("payouts_archive", STAYS),
    ("ledger_correction", STAYS),
    # What somebody asked names them, and is needed for as long as they may come back to it: so it stays under a
    # number that leads to nothing else.
    ("cases_case", STAYS), ("cases_event", STAYS), ("cases_sighting", STAYS), ("cases_restriction", STAYS),
    ("cases_erasure", STAYS),
)  # fmt: skip
"""Every table with rows about a person, and what erasure does to them."""


@action
def begin_erasure(*, participant_id: UUID, case_id: UUID, now: datetime, way: ErasureWay | None = None) -> None:
    """Whoever a request is about is erased after the time in which they may change their mind. From this commit on
    nothing of them is shown and recipients are told. ``way``: what they choose for their money; None where they
    were not asked, and then what is owed is paid first, until they choose. Begun already, only the way can change.
    Raises NotFound, CaseClosed, ErasureDone."""
    lock_participant(participant_id)
    person = _find_alive(participant_id)
    case = Case.objects.filter(id=case_id, participant_id=participant_id).first()
    if case is None:
        raise NotFound
    if case.state != State.OPEN:
        # Refused or taken back while this waited for the lock.
        raise CaseClosed
    begun = Erasure.objects.filter(participant_id=participant_id, completed_at=None).first()
    if begun is not None and begun.cause == ErasureCause.ASKED:
        if way is not None:
            choose_way(participant_id=participant_id, way=way, now=now)
        return
    if begun is not None:
        # Their time was nearly over anyway; what they ask for themselves comes sooner.
        _forget_erasure(begun)
    plan = plan_erasure(participant_id, now=now)
    _write_erasure(participant_id, case_id, ErasureCause.ASKED, way or ErasureWay.PAID_FIRST, now)
    restrict(participant_id=participant_id, cause=RestrictionCause.ERASURE, case_id=case_id, now=now)
    address = _keep_contact(case, participant_id)
    record_event(case_id=case_id, kind=EventKind.ERASURE_STARTED, now=now, is_shown=True)
    if way is ErasureWay.SLIP:
        record_event(case_id=case_id, kind=EventKind.SLIP_GIVEN, now=now, is_shown=True)
    done_from = erased_from(ErasureCause.ASKED, Door(case.door), now)
    _mail_begun(person, plan, done_from, way=way, case=case, address=address)


@action
def begin_by_member(*, case_id: UUID, user_id: UUID, now: datetime) -> None:
    """A member of the team begins what a letter or a call asked for, once it is known who asks. Raises NotAllowed,
    CaseNotIdentified, CaseClosed, NotFound."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    case = Case.objects.filter(id=case_id, kind=Kind.ERASURE).first()
    if case is None:
        raise NotFound
    if case.state != State.OPEN:
        raise CaseClosed
    if case.participant_id is None:
        raise CaseNotIdentified
    begin_erasure(participant_id=case.participant_id, case_id=case_id, now=now)


def _write_erasure(
    participant_id: UUID, case_id: UUID | None, cause: ErasureCause, way: ErasureWay, now: datetime
) -> None:
    """The row, and what leads from the code of their slip to their money. Everybody has one: money can come to be
    theirs after they asked, as when the bank sends a payment back, and then nobody knows any more whom to tell."""
    code = bearer_code(participant_id)
    Erasure.objects.create(
        id=case_id or ids.new_id(), participant_id=participant_id, case_id=case_id, cause=cause, way=way,
        begun_at=now, slip_last_characters=code[-4:],
    )  # fmt: skip
    db.execute([
        code_lookup_statement(kind=CODE_KIND, code=code, participant_id=participant_id, target_id=participant_id)
    ])  # fmt: skip


@action
def begin_again(*, participant_id: UUID, now: datetime) -> None:
    """A restored backup knew somebody again who had been erased: it is done anew, and their slip opens what it
    opened before. They had their time to change their mind. Where another process was first, there is nothing left
    to do."""
    lock_participant(participant_id)
    if not is_alive(participant_id):
        return
    begun = Erasure.objects.filter(participant_id=participant_id, completed_at=None).first()
    if begun is not None:
        _forget_erasure(begun)
    case_id = begun.case_id if begun is not None else None
    if stopped := read_stopped(participant_id):
        count_stopped_erasure(participant_id=participant_id, at_least=stopped)
    _write_erasure(participant_id, case_id, ErasureCause.RESTORED, ErasureWay.SLIP, now)


@action
def begin_at_end_of_time(*, participant_id: UUID, now: datetime) -> bool:
    """Tell a person that their page closes because its time is over (see ``profiles``), and begin to count the
    days until then; they get the slip with which money stays theirs. False where an erasure was begun already, or
    is done."""
    lock_participant(participant_id)
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        return False
    if Erasure.objects.filter(participant_id=participant_id, completed_at=None).exists():
        return False
    plan = plan_erasure(participant_id, now=now)
    _write_erasure(participant_id, None, ErasureCause.RETENTION, ErasureWay.SLIP, now)
    _mail_begun(person, plan, erased_from(ErasureCause.RETENTION, None, now))
    return True


@action
def choose_way(*, participant_id: UUID, way: ErasureWay, now: datetime) -> None:
    """Pay first, or not wait and keep the slip: changed as often as the person likes until it is done.

    Raises NotFound where nothing was begun, ErasureDone.
    """
    lock_participant(participant_id)
    row = _find_open(participant_id)
    if row.way == way:
        return
    Erasure.objects.filter(id=row.id).update(way=way)
    if row.case_id is not None and way is ErasureWay.SLIP:
        record_event(case_id=row.case_id, kind=EventKind.SLIP_GIVEN, now=now, is_shown=True)


@action
def stop_erasure(*, participant_id: UUID, now: datetime) -> None:
    """Part of taking the request back, or of refusing it: nothing is erased, and the person may allow things anew.
    Raises NotFound where nothing was begun, ErasureDone."""
    lock_participant(participant_id)
    row = _find_open(participant_id)
    _forget_erasure(row)
    # The code that was mailed may lie with somebody else: that may be why they stop it.
    count_stopped_erasure(participant_id=participant_id)
    revoke_token(participant_id)
    end_for_erasure(participant_id=participant_id, now=now)
    if row.case_id is not None:
        record_event(case_id=row.case_id, kind=EventKind.ERASURE_STOPPED, now=now, is_shown=True)


@action
def settle_erasure(*, case_id: UUID, participant_id: UUID | None, outcome: Outcome, now: datetime) -> None:
    """Part of answering a request for erasure: what is refused, or taken back by telephone or letter, is stopped,
    and nothing is said to be done before it is. ``participant_id``: whom the case is about; they may be erased
    because of another request. Raises ErasureWaits, ErasureDone."""
    rows = list(Erasure.objects.filter(Q(case_id=case_id) | Q(participant_id=participant_id)))
    is_erased = any(row.erased_at is not None for row in rows)
    if not can_end_with(outcome, is_begun=bool(rows), is_erased=is_erased):
        raise (ErasureDone if is_erased else ErasureWaits)(field="outcome")
    own = [row for row in rows if row.case_id == case_id]
    if outcome in STOPS_ERASURE and own:
        stop_erasure(participant_id=own[0].participant_id, now=now)


def _find_open(participant_id: UUID) -> Erasure:
    row = Erasure.objects.filter(participant_id=participant_id, completed_at=None).first()
    if row is None:
        raise NotFound
    if row.erased_at is not None:
        raise ErasureDone
    found: Erasure = row
    return found


def _forget_erasure(row: Erasure) -> None:
    CodeLookup.objects.filter(value_hash=code_hash(CODE_KIND, bearer_code(row.participant_id))).delete()
    Erasure.objects.filter(id=row.id).delete()


def _find_alive(participant_id: UUID) -> ParticipantView:
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    return person


def _keep_contact(case: Case, participant_id: UUID) -> str | None:
    """Where the answer goes once the person's own data are gone; kept with the case, sealed."""
    email = read_item(participant_id, "email")
    if case.sealed_contact is None and email is not None:
        written = email.decode()
        Case.objects.filter(id=case.id).update(
            sealed_contact=seal_contact(case.id, written), contact_hash=contact_hash(written)
        )
    return email.decode() if email is not None else None


def _mail_begun(
    person: ParticipantView,
    plan: ErasurePlan,
    done_from: datetime,
    *,
    way: ErasureWay | None = None,
    case: Case | None = None,
    address: str | None = None,
) -> None:
    """When it is done, how to stop it, and the code of the slip. It goes to the address itself, so that it is
    delivered however long a mail server stands still."""
    address = address or _read_address(person.id)
    if address is None:
        return
    language = case.language if case is not None else person.language
    day = clock.local_day(done_from, market_facts(person.country).time_zone)
    offer = find_version(person.version_id).offer
    context: dict[str, str | int | list[str]] = {
        "due_on": day.isoformat(),
        "campaign": said(offer.title, language),
        "controller": offer.controller.name,
    }
    if case is not None:
        context["case_reference"] = show_reference(case.reference)
    if way is ErasureWay.SLIP and not plan.is_ready:
        context["way"] = way.value
    if plan.cash is not None:
        context["amount"] = plan.cash.written()
    elif plan.waiting_count:
        context["count"] = plan.waiting_count
    db.execute([
        mail_statement(
            template="case_erasure_begun" if case is not None else "page_closing",
            language=language,
            address=address,
            context=context,
            secrets={"code": group_code(bearer_code(person.id))},
        )
    ])  # fmt: skip


def _read_address(participant_id: UUID) -> str | None:
    email = read_item(participant_id, "email")
    return email.decode() if email is not None else None
