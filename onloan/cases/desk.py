"""What the team does with a case: notes, questions, more time, the answer. Each leaves a line in its timeline."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext

from onloan import clock, db, ids, keys
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases import answers, clocks
from onloan.cases.actions import check_end, close_case, first_day
from onloan.cases.answers import Asked, Frame, Ground, Parts
from onloan.cases.clocks import Pause
from onloan.cases.erasing import settle_erasure
from onloan.cases.errors import (
    AnsweredDay,
    AnswerIncomplete,
    AnswerUnfit,
    AnswerWords,
    CaseClosed,
    CaseNotIdentified,
    CopyIncomplete,
    ErasureGround,
    ExtensionRefused,
    IdentityCopy,
    IdentityUnasked,
    NoticesOpen,
    PauseRefused,
    TextNeeded,
    TextNotValid,
)
from onloan.cases.locking import lock_case
from onloan.cases.merchants import sign_mail
from onloan.cases.models import Case, CaseEvent, CasePause
from onloan.cases.objecting import is_contact_suppressed
from onloan.cases.once import is_said
from onloan.cases.pack.queries import find_gap
from onloan.cases.queries import CaseView, find_case
from onloan.cases.restricting import has_dispute
from onloan.cases.rules import (
    CaseDue,
    Door,
    EventKind,
    Kind,
    Outcome,
    State,
    ends_objection_to_checks,
    show_reference,
)
from onloan.cases.sealing import seal_answer, unseal_contact
from onloan.cases.staying import find_stays, write_stays
from onloan.cases.timeline import find_reply, list_events, record_event
from onloan.cases.wording import find_identity_document
from onloan.db import action
from onloan.errors import BadInput, NotFound
from onloan.markets.calendar import public_holidays
from onloan.markets.naming import name_authority
from onloan.markets.rules import market_facts
from onloan.outbox.statements import mail_statement
from onloan.people.queries import find_participant
from onloan.uses.duty_queries import count_open_duties
from onloan.uses.duty_rules import REASON_CHARACTERS_MAX as WHY_CHARACTERS_MAX
from onloan.uses.duty_rules import REASON_CHARACTERS_MIN as WHY_CHARACTERS_MIN
from onloan.uses.duty_rules import is_reason as is_duty_reason

TELLS_RECIPIENTS = frozenset({Kind.RECTIFICATION, Kind.ERASURE, Kind.RESTRICTION})
"""What recipients are told of (GDPR art. 19)."""
NOTE_CHARACTERS_MAX = 2_000
ASKED = {Pause.IDENTITY: EventKind.IDENTITY_ASKED, Pause.CLARIFICATION: EventKind.CLARIFICATION_ASKED}
_GIVEN = {Pause.IDENTITY: EventKind.IDENTITY_GIVEN, Pause.CLARIFICATION: EventKind.CLARIFIED}


@action
def extend_case(*, case_id: UUID, user_id: UUID, reasons: str, now: datetime) -> CaseDue:
    """Put the answer off once, and tell the person why (GDPR art. 12(3)). Raises ExtensionRefused, AnswerWords,
    NotAllowed, NotFound, CaseClosed."""
    row = lock_open(case_id, user_id)
    kind, begun = Kind(row.kind), first_day(row)
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
    _check_words(row, reasons, field="reasons")
    Case.objects.filter(id=case_id).update(
        extended_at=now, due_on=due.internal, legal_due_on=due.legal, alarm_days=None, alarmed_at=None
    )
    tell_person(row, EventKind.EXTENDED, "case_extended", reasons, user_id, now, legal_due_on=due.legal)
    return due


@action
def pause_case(*, case_id: UUID, user_id: UUID, pause: Pause, question: str, reason: str, now: datetime) -> bool:
    """Ask the person something without which the case cannot go on; whether the clock stands still until then.

    It stops where the law says so; for a question about who they are only when it is asked in time, else the
    question goes out and the clock goes on. What goes by letter stops it when it is posted (``posting``).
    ``reason`` says why it had to be asked, for whoever looks at it later. Raises PauseRefused, IdentityCopy,
    AnswerWords, NotAllowed, NotFound, CaseClosed.
    """
    row = lock_open(case_id, user_id)
    is_fine = clocks.is_reason(reason) and clocks.is_reason(question)
    if not is_fine or find_open_pause(case_id) or not clocks.can_pause(Kind(row.kind), pause, row.country):
        raise PauseRefused(field="reason", minimum=clocks.REASON_CHARACTERS_MIN)
    _check_words(row, question, field="question")
    # A question in a letter stops the clock once it is posted, not while it lies on a desk.
    is_stopped = not goes_by_letter(row) and begin_pause(row, pause, reason, now)
    if not is_stopped:
        record_event(case_id=case_id, kind=EventKind.NOTE, now=now, by_user_id=user_id, text=reason)
    tell_person(row, ASKED[pause], "case_question", question, user_id, now)
    return is_stopped


def begin_pause(row: Case, pause: Pause, reason: str, now: datetime) -> bool:
    """Stop the clock of a locked case for a question that goes out now, in the caller's transaction; False where
    the law lets it go on."""
    today = _today(row, now)
    # Nothing that is late already is made to look as if it were not.
    if not clocks.stops_clock(pause, _received_on(row), today) or today > row.legal_due_on:
        return False
    pause_id = ids.new_id()
    CasePause.objects.create(
        id=pause_id,
        case_id=row.id,
        kind=pause,
        asked_at=now,
        sealed_reason=keys.seal(keys.derive_key("cases"), reason.encode(), pause_id.bytes + b"reason"),
    )
    return True


@action
def resume_case(*, case_id: UUID, user_id: UUID, now: datetime, answered_on: date | None = None) -> CaseDue:
    """What was asked has arrived: the clock goes on, from ``answered_on``, the day on which it came (None: the day
    of their first message since the question, else today), not from the day on which somebody says so.

    Raises PauseRefused where nothing was asked, AnsweredDay, NotAllowed, NotFound, CaseClosed."""
    row, pause = lock_open(case_id, user_id), find_open_pause(case_id)
    if pause is None:
        raise PauseRefused(field="reason", minimum=clocks.REASON_CHARACTERS_MIN)
    record_event(case_id=case_id, kind=_GIVEN[Pause(pause.kind)], now=now, by_user_id=user_id, is_shown=True)
    return end_pause(row, pause, now, answered_on)


@action
def go_on_unanswered(*, case_id: UUID, user_id: UUID, now: datetime) -> CaseDue:
    """Nobody answered the question, and the case goes on without: the clock goes on today, or from the day on
    which the person wrote after all. Raises PauseRefused where nothing was asked, NotAllowed, NotFound,
    CaseClosed."""
    row, pause = lock_open(case_id, user_id), find_open_pause(case_id)
    if pause is None:
        raise PauseRefused(field="reason", minimum=clocks.REASON_CHARACTERS_MIN)
    text = gettext("The question was not answered. The clock goes on.")
    record_event(case_id=case_id, kind=EventKind.NOTE, now=now, by_user_id=user_id, text=text)
    return end_pause(row, pause, now)


@action
def remind_person(*, case_id: UUID, user_id: UUID, now: datetime) -> None:
    """Ask once more what was asked, in the person's language; sent twice, it is told once. Raises PauseRefused
    where nothing was asked, NotAllowed, NotFound, CaseClosed."""
    row, pause = lock_open(case_id, user_id), find_open_pause(case_id)
    if pause is None:
        raise PauseRefused(field="reason", minimum=clocks.REASON_CHARACTERS_MIN)
    asked = [event.text for event in list_events(case_id) if event.kind is ASKED[Pause(pause.kind)]]
    asked_on = clock.local_day(pause.asked_at, market_facts(row.country).time_zone)
    with translation.override(row.language):
        words = gettext("On %(day)s we asked you the question below, and have no answer yet. Without it we wait.")
        text = "\n\n".join([words % {"day": answers.write_day(asked_on)}, asked[-1]])
    if not is_said(case_id, EventKind.MESSAGE_TO_PERSON, text, now):
        tell_person(row, EventKind.MESSAGE_TO_PERSON, "case_reminder", text, user_id, now)


def end_pause(row: Case, pause: CasePause, now: datetime, answered_on: date | None = None) -> CaseDue:
    """Let the clock of a locked case go on from the day of the answer, in the caller's transaction. Raises
    AnsweredDay."""
    zone = market_facts(row.country).time_zone
    asked_on, today = clock.local_day(pause.asked_at, zone), _today(row, now)
    replied_at = find_reply(row.id, pause.asked_at)
    replied_on = clock.local_day(replied_at, zone) if replied_at is not None else None
    answered_on = answered_on or replied_on or today
    if not clocks.is_answer_day(answered_on, asked_on, today):
        raise AnsweredDay(field="answered_on")
    begun, due = _due_after(row, pause, answered_on)
    # As near to the answer as is known: their message, this moment, or the beginning of the day that was typed.
    begins_at = datetime.combine(answered_on, time(), ZoneInfo(zone))
    answered_at = now if answered_on == today else max(pause.asked_at, begins_at)
    if replied_at is not None and answered_on == replied_on:
        answered_at = replied_at
    CasePause.objects.filter(id=pause.id).update(answered_at=answered_at)
    Case.objects.filter(id=row.id).update(
        clock_from=begun, due_on=due.internal, legal_due_on=due.legal, alarm_days=None, alarmed_at=None
    )
    return due


def run_from_reply(row: Case, pause: CasePause, replied_at: datetime) -> None:
    """The person wrote to a case whose clock stands still: its days are those that follow if this is the answer,
    in the caller's transaction. A member says later whether it is, and from which day."""
    _, due = _due_after(row, pause, clock.local_day(replied_at, market_facts(row.country).time_zone))
    if (row.due_on, row.legal_due_on) != (due.internal, due.legal):
        Case.objects.filter(id=row.id).update(
            due_on=due.internal, legal_due_on=due.legal, alarm_days=None, alarmed_at=None
        )


def _due_after(row: Case, pause: CasePause, answered_on: date) -> tuple[date, CaseDue]:
    """The day from which the law counts when a question was answered on ``answered_on``, and what follows."""
    asked_on = clock.local_day(pause.asked_at, market_facts(row.country).time_zone)
    begun = clocks.resume_from(Pause(pause.kind), first_day(row), asked_on, answered_on, row.country)
    holidays = public_holidays(row.country, begun)
    return begun, clocks.due_from(
        Kind(row.kind), begun, row.country, holidays, is_extended=row.extended_at is not None
    )


@action
def add_note(*, case_id: UUID, user_id: UUID, text: str, is_shown: bool, now: datetime) -> None:
    """A line for colleagues; ``is_shown``: progress that the person is told by mail and on their page. Sent twice,
    it is kept and told once. Raises TextNeeded, TextNotValid, AnswerWords, IdentityCopy, NotAllowed, NotFound,
    CaseClosed."""
    row = lock_open(case_id, user_id)
    written = text.strip()
    if not written:
        raise TextNeeded(field="note")
    if len(written) > NOTE_CHARACTERS_MAX:
        raise TextNotValid(field="note", maximum=NOTE_CHARACTERS_MAX)
    if is_said(case_id, EventKind.MESSAGE_TO_PERSON if is_shown else EventKind.NOTE, written, now):
        return
    if is_shown:
        _check_words(row, written, field="note")
        tell_person(row, EventKind.MESSAGE_TO_PERSON, "case_progress", written, user_id, now)
    else:
        record_event(case_id=case_id, kind=EventKind.NOTE, now=now, by_user_id=user_id, text=written)


def find_asked(case: CaseView) -> Asked:
    """What decides how this case can end."""
    line = case.line
    person = find_participant(line.participant_id) if line.participant_id is not None else None
    return Asked(
        kind=line.kind,
        about=line.about,
        is_known=line.participant_id is not None,
        is_erased=person is None or person.erased_at is not None,
        is_noted=is_contact_suppressed(case),
        gap=find_gap(line.id) if line.participant_id is not None else "",
    )


def compose_answer(*, case_id: UUID, outcome: Outcome, parts: Parts, now: datetime) -> str:
    """The answer as it would go out, in the person's language. Raises BadInput, CaseNotIdentified,
    CopyIncomplete, TextNotValid, AnswerUnfit, AnswerIncomplete, ErasureGround, IdentityUnasked, AnswerWords,
    ObjectionStands, WithdrawalStands, NotFound."""
    row = Case.objects.filter(id=case_id).first()
    if row is None:
        raise NotFound
    kind, facts, asked = Kind(row.kind), market_facts(row.country), find_asked(find_case(case_id))
    check_end(kind, asked.about, outcome)
    if answers.needs_somebody(asked, outcome):
        raise CaseNotIdentified(field="outcome")
    if asked.gap and outcome is Outcome.DONE:
        raise CopyIncomplete(field="outcome")
    if outcome not in answers.list_outcomes(asked):
        raise BadInput(field="outcome", problem=gettext("choose how it ended"))
    if answers.has_unfit_reasons(outcome, parts):
        raise AnswerUnfit(field="reasons")
    parts = answers.keep_fitting(kind, outcome, parts)
    if len(parts.law) > answers.LAW_CHARACTERS_MAX:
        raise TextNotValid(field="law", maximum=answers.LAW_CHARACTERS_MAX)
    missing = answers.find_missing(kind, outcome, parts, _today(row, now))
    if missing:
        raise AnswerIncomplete(field=missing[0][0], missing=", ".join(what for _, what in missing))
    if answers.needs_ground(kind, outcome, parts):
        raise ErasureGround(field="ground")
    if parts.ground is Ground.NOT_IDENTIFIABLE:
        _require_question(row, now)
    forbidden = answers.find_forbidden(parts, is_eu=facts.eea)
    if forbidden is not None:
        field, words, why = forbidden
        raise AnswerWords(field=field, words=words, why=why)
    frame = Frame(
        kind=kind,
        reference=show_reference(row.reference),
        authority=name_authority(facts.authority.short_name, row.language),
        authority_url=facts.authority.complaint_url,
        is_shown_again=has_dispute(case_id),
        gap=asked.gap if outcome is Outcome.PARTLY_DONE else "",
        is_checked_again=asked.is_known and ends_objection_to_checks(kind, asked.about, outcome),
        is_unasked=row.door == Door.LATE_PAYMENT,
    )
    stays = find_stays(case_id, language=row.language, now=now) if answers.says_what_stays(kind, outcome) else None
    with translation.override(row.language):
        return answers.compose(parts, frame, write_stays(stays, row.language) if stays is not None else "")


@action
def answer_case(
    *,
    case_id: UUID,
    user_id: UUID,
    outcome: Outcome,
    parts: Parts,
    now: datetime,
    why_not_wait: str = "",
) -> None:
    """Send and keep the answer, and close the case.

    ``why_not_wait``: why it is closed although recipients have not answered or copies are not taken down; kept for
    the team (GDPR art. 19). A refused erasure is stopped with it. Raises what ``compose_answer`` raises,
    ErasureWaits, ErasureDone, NoticesOpen, NotAllowed, CaseClosed.
    """
    row = lock_open(case_id, user_id)
    text = compose_answer(case_id=case_id, outcome=outcome, parts=parts, now=now)
    if Kind(row.kind) is Kind.ERASURE:
        settle_erasure(case_id=case_id, participant_id=row.participant_id, outcome=outcome, now=now)
    if outcome in {Outcome.DONE, Outcome.PARTLY_DONE}:
        _require_notices(row, why_not_wait.strip(), user_id, now)
    if parts.ground is Ground.UNFOUNDED and outcome is Outcome.REFUSED and Kind(row.kind) is Kind.ERASURE:
        # Whoever refuses has to prove it (GDPR art. 12(5)).
        record_event(case_id=case_id, kind=EventKind.NOTE, now=now, by_user_id=user_id, text=parts.proof.strip())
    Case.objects.filter(id=case_id).update(sealed_answer=seal_answer(case_id, text))
    tell_person(row, EventKind.ANSWERED, "case_answered", text, user_id, now)
    close_case(case_id=case_id, user_id=user_id, outcome=outcome, now=now)


def _require_question(row: Case, now: datetime) -> None:
    """Nobody is sent away as unknown who was not asked, and could not answer in time (GDPR art. 12(2), 12(6))."""
    asked = CaseEvent.objects.filter(case_id=row.id, kind=EventKind.IDENTITY_ASKED).order_by("at").last()
    answered = CaseEvent.objects.filter(case_id=row.id, kind=EventKind.IDENTITY_GIVEN)
    wait = timedelta(days=clocks.IDENTITY_ANSWERED_WITHIN_DAYS)
    if (
        row.participant_id is not None
        or asked is None
        or asked.at > now - wait
        or answered.filter(at__gte=asked.at).exists()
        # What was asked by letter lies here still.
        or row.letter_waits_since is not None
    ):
        raise IdentityUnasked(field="ground", days=wait.days)


def _require_notices(row: Case, reason: str, user_id: UUID, now: datetime) -> None:
    """LR-086: what was corrected, erased or restricted is so with its recipients too, or somebody says why not."""
    if Kind(row.kind) not in TELLS_RECIPIENTS or row.participant_id is None:
        return
    count = count_open_duties(row.participant_id)
    if not count:
        return
    if not is_duty_reason(reason):
        raise NoticesOpen(
            field="why_not_wait", count=count, minimum=WHY_CHARACTERS_MIN, maximum=WHY_CHARACTERS_MAX
        )
    record_event(case_id=row.id, kind=EventKind.NOTE, now=now, by_user_id=user_id, text=reason)


def lock_open(case_id: UUID, user_id: UUID) -> Case:
    """The open case, locked after the person whom it is about, for a member who may handle it. Raises NotAllowed,
    NotFound, CaseClosed."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    locked = lock_case(case_id)
    if locked.state != State.OPEN:
        raise CaseClosed
    return locked


def find_open_pause(case_id: UUID) -> CasePause | None:
    return CasePause.objects.filter(case_id=case_id, answered_at=None).first()


def _check_words(row: Case, text: str, *, field: str) -> None:
    """What goes to a person offers nothing for giving a right up, and asks for no identity document."""
    forbidden = answers.find_forbidden(Parts(done=text), is_eu=market_facts(row.country).eea)
    if forbidden is not None:
        raise AnswerWords(field=field, words=forbidden[1], why=forbidden[2])
    document = find_identity_document(text) if Kind(row.kind) in clocks.RIGHTS else None
    if document is not None:
        raise IdentityCopy(field=field, words=document)


def _today(row: Case, now: datetime) -> date:
    return clock.local_day(now, market_facts(row.country).time_zone)


def _received_on(row: Case) -> date:
    """The day on which it came in; a clock that began anew since does not count."""
    return clocks.received_day(row.country, row.received_on, row.clock_from, row.received_at)


def read_email(row: Case) -> str | None:
    """The e-mail address that the person gave; a postal address is none, and has no hash."""
    if row.sealed_contact is None or row.contact_hash is None:
        return None
    return unseal_contact(row.id, bytes(row.sealed_contact))


def goes_by_letter(row: Case) -> bool:
    """Whether they gave a postal address and no other, or nothing at all: then no mail is sent, to a participant
    neither, since a letter may say that their mailbox is lost."""
    return row.contact_hash is None and (row.sealed_contact is not None or row.participant_id is None)


def tell_person(
    row: Case,
    kind: EventKind,
    template: str,
    text: str,
    user_id: UUID,
    now: datetime,
    *,
    legal_due_on: date | None = None,
) -> None:
    """Write it down, and to the person: where they asked that it goes. A letter waits until it is posted."""
    record_event(case_id=row.id, kind=kind, now=now, by_user_id=user_id, text=text, is_shown=True)
    if goes_by_letter(row):
        Case.objects.filter(id=row.id, letter_waits_since=None).update(letter_waits_since=now)
        return
    contact = read_email(row)
    context = {**sign_mail(row.participant_id), "case_reference": show_reference(row.reference)}
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
