"""What the team does with a case: notes, questions, more time, the answer. Each leaves a line in its timeline."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.utils import translation

from onloan import clock, db, ids, keys
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, list_members, require
from onloan.cases import answers, clocks
from onloan.cases.actions import check_written, close_case
from onloan.cases.answers import Frame, Parts
from onloan.cases.clocks import Pause
from onloan.cases.errors import (
    AnswerIncomplete,
    AnswerWords,
    CaseClosed,
    ExtensionRefused,
    PauseRefused,
    TextNeeded,
)
from onloan.cases.models import Case, CasePause
from onloan.cases.rules import CaseDue, EventKind, Kind, Outcome, State, show_reference
from onloan.cases.sealing import seal_answer, unseal_contact
from onloan.cases.timeline import record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import market_facts
from onloan.outbox.statements import mail_statement
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant

NOTE_CHARACTERS_MAX = 2_000
_ASKED = {Pause.IDENTITY: EventKind.IDENTITY_ASKED, Pause.CLARIFICATION: EventKind.CLARIFICATION_ASKED}
_GIVEN = {Pause.IDENTITY: EventKind.IDENTITY_GIVEN, Pause.CLARIFICATION: EventKind.CLARIFIED}


@action
def extend_case(*, case_id: UUID, user_id: UUID, reasons: str, now: datetime) -> CaseDue:
    """Put the answer off once, and tell the person why (GDPR art. 12(3)). Raises ExtensionRefused, NotAllowed,
    NotFound, CaseClosed."""
    row = _open(case_id, user_id)
    kind, begun = Kind(row.kind), _clock_from(row)
    due = clocks.find_extension(
        kind,
        begun,
        _today(row, now),
        row.country,
        public_holidays(row.country, begun),
        is_extended=row.extended_at is not None,
    )
    if due is None or not clocks.is_reason(reasons):
        raise ExtensionRefused(field="reasons", minimum=clocks.REASON_CHARACTERS_MIN)
    Case.objects.filter(id=case_id).update(
        extended_at=now, due_on=due.internal, legal_due_on=due.legal, alarm_days=None, alarmed_at=None
    )
    _tell(row, EventKind.EXTENDED, "case_extended", reasons, user_id, now, legal_due_on=due.legal)
    return due


@action
def pause_case(*, case_id: UUID, user_id: UUID, pause: Pause, question: str, reason: str, now: datetime) -> None:
    """Ask the person something without which the case cannot go on; the clock stops where the law says so.

    ``reason`` says why it had to be asked, for whoever looks at it later. Raises PauseRefused, NotAllowed,
    NotFound, CaseClosed.
    """
    row = _open(case_id, user_id)
    is_fine = clocks.is_reason(reason) and clocks.is_reason(question)
    if not is_fine or _open_pause(case_id) or not clocks.can_pause(Kind(row.kind), pause, row.country):
        raise PauseRefused(field="reason", minimum=clocks.REASON_CHARACTERS_MIN)
    pause_id = ids.new_id()
    CasePause.objects.create(
        id=pause_id,
        case_id=case_id,
        kind=pause,
        asked_at=now,
        sealed_reason=keys.seal(keys.derive_key("cases"), reason.encode(), pause_id.bytes + b"reason"),
    )
    _tell(row, _ASKED[pause], "case_question", question, user_id, now)


@action
def resume_case(*, case_id: UUID, user_id: UUID, now: datetime) -> CaseDue:
    """What was asked has arrived: the clock goes on. Raises PauseRefused where nothing was asked, NotAllowed,
    NotFound, CaseClosed."""
    row, pause = _open(case_id, user_id), _open_pause(case_id)
    if pause is None:
        raise PauseRefused(field="reason", minimum=clocks.REASON_CHARACTERS_MIN)
    kind = Pause(pause.kind)
    zone = market_facts(row.country).time_zone
    begun = clocks.resume_from(
        kind, _clock_from(row), clock.local_day(pause.asked_at, zone), _today(row, now), row.country
    )
    due = clocks.due_from(
        Kind(row.kind),
        begun,
        row.country,
        public_holidays(row.country, begun),
        is_extended=row.extended_at is not None,
    )
    CasePause.objects.filter(id=pause.id).update(answered_at=now)
    Case.objects.filter(id=case_id).update(
        clock_from=begun, due_on=due.internal, legal_due_on=due.legal, alarm_days=None, alarmed_at=None
    )
    record_event(case_id=case_id, kind=_GIVEN[kind], now=now, by_user_id=user_id, is_shown=True)
    return due


@action
def add_note(*, case_id: UUID, user_id: UUID, text: str, is_shown: bool, now: datetime) -> None:
    """A line for colleagues; ``is_shown``: progress that the person is told by mail and on their page. Raises
    TextNeeded, NotAllowed, NotFound, CaseClosed."""
    row = _open(case_id, user_id)
    written = text.strip()[:NOTE_CHARACTERS_MAX]
    if not written:
        raise TextNeeded(field="text")
    if is_shown:
        _tell(row, EventKind.MESSAGE_TO_PERSON, "case_progress", written, user_id, now)
    else:
        record_event(case_id=case_id, kind=EventKind.NOTE, now=now, by_user_id=user_id, text=written)


@action
def add_message(*, case_id: UUID, participant_id: UUID, text: str, now: datetime) -> None:
    """What the person adds on their own page. Raises TextNeeded, TextNotValid, NotFound, CaseClosed."""
    lock_participant(participant_id)
    row = Case.objects.filter(id=case_id, participant_id=participant_id).first()
    if row is None:
        raise NotFound
    if row.state != State.OPEN:
        raise CaseClosed
    written = check_written(Kind.COMPLAINT, text, field="text")
    record_event(case_id=case_id, kind=EventKind.MESSAGE_FROM_PERSON, now=now, text=written, is_shown=True)


def compose_answer(*, case_id: UUID, outcome: Outcome, parts: Parts) -> str:
    """The answer as it would go out, in the person's language. Raises AnswerIncomplete, AnswerWords, NotFound."""
    row = Case.objects.filter(id=case_id).first()
    if row is None:
        raise NotFound
    facts = market_facts(row.country)
    missing = answers.find_missing(Kind(row.kind), outcome, parts)
    if missing:
        raise AnswerIncomplete(field="done", missing=", ".join(missing))
    forbidden = answers.find_forbidden(parts, is_eu=facts.eea)
    if forbidden is not None:
        raise AnswerWords(field="done", words=forbidden[0], why=forbidden[1])
    frame = Frame(
        reference=show_reference(row.reference),
        authority=facts.authority.name,
        authority_url=facts.authority.complaint_url,
        is_eu=facts.eea,
    )
    with translation.override(row.language):
        return answers.compose(outcome, parts, frame)


@action
def answer_case(*, case_id: UUID, user_id: UUID, outcome: Outcome, parts: Parts, now: datetime) -> None:
    """Send and keep the answer, and close the case. Raises AnswerIncomplete, AnswerWords, NotAllowed, NotFound,
    CaseClosed."""
    row = _open(case_id, user_id)
    text = compose_answer(case_id=case_id, outcome=outcome, parts=parts)
    Case.objects.filter(id=case_id).update(sealed_answer=seal_answer(case_id, text))
    _tell(row, EventKind.ANSWERED, "case_answered", text, user_id, now)
    close_case(case_id=case_id, user_id=user_id, outcome=outcome, now=now)


def watch_cases(*, now: datetime) -> int:
    """Write to everybody who handles cases ten, three and no days before a case is due, and each day after; of how
    many cases. One whose clock stands still is left alone while it does."""
    open_cases = Case.objects.filter(state=State.OPEN).exclude(
        id__in=CasePause.objects.filter(answered_at=None).values("case_id")
    )
    reached: list[tuple[UUID, int]] = []
    for case_id, country, due_on, told in open_cases.values_list("id", "country", "due_on", "alarm_days"):
        left = clocks.days_left(due_on, clock.local_day(now, market_facts(country).time_zone))
        step = clocks.alarm_step(left)
        if step is not None and (told is None or step < told):
            reached.append((case_id, step))
    if reached:
        _alarm(reached=reached, now=now)
    return len(reached)


@action
def _alarm(*, reached: list[tuple[UUID, int]], now: datetime) -> None:
    late = sum(step < 0 for _, step in reached)
    for case_id, step in reached:
        Case.objects.filter(id=case_id).update(alarm_days=step, alarmed_at=now)
        record_event(case_id=case_id, kind=EventKind.ALARMED, now=now)
    db.execute([
        mail_statement(
            template="cases_due",
            language=settings.LANGUAGE_CODE,
            address=member.email,
            context={"count": len(reached), "late": late},
        )
        for member in list_members()
        if member.can(Capability.HANDLE_CASES)
    ])  # fmt: skip


def _open(case_id: UUID, user_id: UUID) -> Case:
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    row = Case.objects.filter(id=case_id).first()
    if row is None:
        raise NotFound
    if row.participant_id is not None and find_participant(row.participant_id) is not None:
        lock_participant(row.participant_id)
    locked: Case = Case.objects.select_for_update().get(id=case_id)
    if locked.state != State.OPEN:
        raise CaseClosed
    return locked


def _open_pause(case_id: UUID) -> CasePause | None:
    return CasePause.objects.filter(case_id=case_id, answered_at=None).first()


def _today(row: Case, now: datetime) -> date:
    return clock.local_day(now, market_facts(row.country).time_zone)


def _clock_from(row: Case) -> date:
    begun: date | None = row.clock_from
    return begun or clock.local_day(row.received_at, market_facts(row.country).time_zone)


def _tell(
    row: Case,
    kind: EventKind,
    template: str,
    text: str,
    user_id: UUID,
    now: datetime,
    *,
    legal_due_on: date | None = None,
) -> None:
    """Write it down, and to the person, to whichever address there is; without one it goes by letter."""
    record_event(case_id=row.id, kind=kind, now=now, by_user_id=user_id, text=text, is_shown=True)
    contact = unseal_contact(row.id, bytes(row.sealed_contact)) if row.sealed_contact is not None else None
    if contact is None and row.participant_id is None:
        return
    context = {"case_reference": show_reference(row.reference)}
    if legal_due_on is not None:
        context["legal_due_on"] = legal_due_on.isoformat()
    db.execute([
        mail_statement(
            template=template,
            language=row.language,
            address=contact,
            participant_id=row.participant_id if contact is None else None,
            context=context,
            secrets={"reason": text},
        )
    ])  # fmt: skip
