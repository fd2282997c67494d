"""The page of a request or complaint: its next step, who asks, what stands in its way, its answer and timeline."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.answers import list_grounds, list_outcomes
from onloan.cases.clocks import (
    IDENTITY_ASKED_WITHIN_DAYS,
    Pause,
    can_pause,
    days_left,
    find_extension,
    stops_clock,
)
from onloan.cases.correcting import CORRECTED_KINDS
from onloan.cases.desk import (
    TELLS_RECIPIENTS,
    add_note,
    answer_case,
    compose_answer,
    extend_case,
    find_asked,
    go_on_unanswered,
    pause_case,
    remind_person,
    resume_case,
)
from onloan.cases.errors import AnswerUnseen, CaseClosed
from onloan.cases.identifying import HOW_CHARACTERS_MAX, HOW_CHARACTERS_MIN, identify_case, separate_case
from onloan.cases.late_payment_queries import list_late_payments
from onloan.cases.letters import change_address, confirm_by_letter, write_letter
from onloan.cases.merchants import name_merchants
from onloan.cases.pack.building import Pack
from onloan.cases.pack.handing import can_hand_over
from onloan.cases.pack.queries import find_gap
from onloan.cases.posting import list_missed
from onloan.cases.queries import CaseView, find_case
from onloan.cases.queue_queries import list_undelivered
from onloan.cases.rules import OPENS, Door, EventKind, Kind, State, can_end_with
from onloan.cases.sighting_queries import find_sighting_of_case
from onloan.cases.step_queries import find_standing
from onloan.cases.suggestions import SuggestedText, list_late_suggestions, list_suggestions
from onloan.cases.timeline import Event, list_events
from onloan.cases.usual import find_usual_answer
from onloan.console.case_forms import mark_answer, prefill_stays, read_outcome, read_parts
from onloan.console.case_refusals import TEXTS, list_forms
from onloan.console.copies import make_wanted_copy
from onloan.console.erasures import erasure_panel
from onloan.console.next_steps import find_next_step, fold_reminders
from onloan.console.pages import TeamRequest, read_text, render_page, team_page
from onloan.console.queue import days_in_words
from onloan.console.refusals import Problem, refusal_panel
from onloan.console.restrictions import restriction_panel
from onloan.errors import BadInput, NotFound, OnloanError
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import complaint_due_by_authority, market_facts
from onloan.uses.duty_queries import list_duties
from onloan.uses.duty_rules import REASON_CHARACTERS_MAX as WHY_CHARACTERS_MAX

REASON_CHARACTERS_MAX = 2_000
ADDRESS_CHARACTERS_MAX = 254
TYPED = (
    "outcome", "done", "reasons", "ground", "law", "kept_until", "proof", "why_not_wait", "note", "why_longer",
    "pause", "question", "doubt", "answered_on", "known_as", "how", "mandate", "separate", "email", "why_copy",
)  # fmt: skip
"""Every field of the page, each with a name of its own, so that what was typed stays when something is refused."""


def data_address(picture: bytes) -> str:
    """A JPEG inside the page: at no address of its own that somebody could pass on."""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


@require_http_methods(["GET", "POST"])
@team_page(Capability.HANDLE_CASES)
def show_case(request: TeamRequest, case_id: UUID, write_file: Callable[[Pack], HttpResponse]) -> HttpResponse:
    """``write_file`` makes the file of a copy as people know it."""
    if request.method != "POST":
        return _render(request, case_id)
    act = request.POST.get("act", "")
    is_for_answer = act == "preview" or "use" in request.POST
    if is_for_answer and find_case(case_id).line.state is State.CLOSED:
        return _refuse(request, case_id, "answer", CaseClosed())
    if "use" in request.POST:
        return _render(request, case_id, typed=_use_sentence(request, case_id))
    if act == "preview":
        return _preview(request, case_id)
    if act not in {*ACTS, "copy"}:
        raise NotFound
    try:
        if act == "copy":
            return write_file(make_wanted_copy(request, case_id))
        done = ACTS[act](request, case_id)
    except AnswerUnseen as error:
        return _preview(request, case_id, unseen=error)
    except OnloanError as error:
        return _refuse(request, case_id, act, error)
    messages.success(request, done)
    return HttpResponseRedirect(reverse("console-case", args=[case_id]))


@require_GET
@team_page(Capability.HANDLE_CASES)
def show_letter(request: TeamRequest, case_id: UUID) -> HttpResponse:
    """What goes by letter, on a page to print: the answer, or before there is one the receipt."""
    case = find_case(case_id)
    context: dict[str, object] = {"here": "cases", "is_wide": False, "case": case, "text": write_letter(case)}
    context["merchant"] = name_merchants(case.line.participant_id)
    return render_page(request, "case_letter.html", context)


def _refuse(request: TeamRequest, case_id: UUID, act: str, error: OnloanError) -> HttpResponse:
    """The page again with what was typed, and what is wrong at its field."""
    problem = Problem(act, FIELDS.get((act, error.field), error.field), f"{error} ({error.code})")
    return _render(request, case_id, problem=problem, status=error.status)


def _preview(request: TeamRequest, case_id: UUID, *, unseen: AnswerUnseen | None = None) -> HttpResponse:
    """Exactly what would be sent; nothing is sent by it. ``unseen``: it was to be sent, and had not been read."""
    try:
        outcome = read_outcome(request)
        text = compose_answer(case_id=case_id, outcome=outcome, parts=read_parts(request), now=clock.now())
    except OnloanError as error:
        return _refuse(request, case_id, "answer", error)
    problem = Problem("answer", "", f"{unseen} ({unseen.code})") if unseen is not None else None
    seen = mark_answer(case_id, outcome, text)
    status = unseen.status if unseen is not None else 200
    return _render(request, case_id, preview=text, seen=seen, problem=problem, status=status)


def _use_sentence(request: TeamRequest, case_id: UUID) -> dict[str, str]:
    """What was typed, with the suggested sentence after it."""
    typed, case = _read_typed(request), find_case(case_id)
    for each in _list_suggestions(case):
        if each.name == request.POST["use"]:
            before = typed[each.field].strip()
            typed[each.field] = f"{before}\n\n{each.text}" if before else each.text
            typed["outcome"] = typed["outcome"] or each.outcome.value
    return typed


def _read_typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in TYPED}


def _render(
    request: TeamRequest,
    case_id: UUID,
    *,
    preview: str = "",
    seen: str = "",
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    case, events = find_case(case_id), list_events(case_id)
    facts = market_facts(case.line.country)
    today = clock.local_day(clock.now(), facts.time_zone)
    sighting = find_sighting_of_case(case_id)
    left, is_open = days_left(case.line.due_on, today), case.line.state is State.OPEN
    standing = find_standing(case.line, clock.now())
    step = find_next_step(case, standing, events) if is_open else None
    typed = typed if typed is not None else _read_typed(request) | prefill_stays(request, case)
    context: dict[str, object] = {
        "here": "cases",
        "case": case,
        "is_open": is_open,
        "facts": facts,
        "sighting": sighting,
        "late_payments": list_late_payments(case_id),
        "picture": data_address(sighting.report.picture) if sighting and sighting.report.picture else "",
        "late": is_open and left < 0 and not standing.stands_still,
        "stands_still": standing.stands_still,
        "left": days_in_words(left),
        "events": fold_reminders(events),
        "like_count": standing.like_count,
        **_answer_days(case, today),
        "undelivered": _list_undelivered(case_id, events),
        "is_receipt_missed": any(event.kind in OPENS for event in list_missed(case_id)),
        "twins": [
            event.text for event in events if event.kind is EventKind.LINKED_DUPLICATE and not event.is_shown
        ],
        "next": step,
        "duties": _list_duties(case) if is_open else [],
        "can_correct": case.line.kind in CORRECTED_KINDS and case.line.participant_id is not None,
        "goes_by_letter": case.goes_by_letter,
        "by_authority": _day_by_authority(case),
        "preview": preview,
        "seen": seen,
        "problem": problem,
        "typed": typed,
        **_answer_context(case, today),
        **erasure_panel(case),
        **restriction_panel(case),
        **_question_context(case, events, today),
    }
    forms = list_forms(
        context,
        acts=step.acts if step is not None else (),
        is_known=case.line.participant_id is not None,
        is_identified=case.identified is not None,
    )
    refused = refusal_panel(problem, forms, (typed.get(name, "") for name in TEXTS))
    return render_page(request, "case.html", {**context, **refused}, status=status)


def _answer_days(case: CaseView, today: date) -> dict[str, str]:
    """For the field of the day on which an answer came: what stands in it, and between which days it lies."""
    if case.asked_at is None:
        return {}
    zone = market_facts(case.line.country).time_zone
    answered_on = clock.local_day(case.replied_at, zone) if case.replied_at is not None else today
    days = {"asked_day": clock.local_day(case.asked_at, zone), "answered_day": answered_on, "today": today}
    return {name: day.isoformat() for name, day in days.items()}


def _answer_context(case: CaseView, today: date) -> dict[str, object]:
    line = case.line
    outcomes = [each for each in list_outcomes(find_asked(case)) if can_end_with(line.kind, line.about, each)]
    suggestions: list[SuggestedText] = [each for each in _list_suggestions(case) if each.outcome in outcomes]
    return {
        "usual": _compose_usual(case),
        "can_copy": can_hand_over(case, clock.now()),
        "outcomes": [each.value for each in outcomes],
        "suggestions": suggestions,
        "grounds": list_grounds(is_known=line.participant_id is not None),
        "can_extend": _can_extend(case, today),
        "how_minimum": HOW_CHARACTERS_MIN,
        "how_maximum": HOW_CHARACTERS_MAX,
    }


def _compose_usual(case: CaseView) -> dict[str, str] | None:
    """The answer that needs one click, and what the form carries so that nothing else goes out."""
    usual, case_id = find_usual_answer(case), case.line.id
    if usual is None:
        return None
    text = compose_answer(case_id=case_id, outcome=usual.outcome, parts=usual.parts, now=clock.now())
    seen = mark_answer(case_id, usual.outcome, text)
    return {"text": text, "seen": seen, "outcome": usual.outcome.value, "done": usual.parts.done}


def _list_suggestions(case: CaseView) -> list[SuggestedText]:
    line = case.line
    if line.door is Door.LATE_PAYMENT:
        return list_late_suggestions(list_late_payments(line.id), line.language)
    has_gap = bool(find_gap(line.id))
    return list_suggestions(line.kind, line.language, reach=case.reach, about=line.about, has_gap=has_gap)


def _can_extend(case: CaseView, today: date) -> bool:
    """Whether more time can still be taken: once, inside the first month."""
    line = case.line
    begun = line.clock_from or line.received_on
    known = public_holidays(line.country, begun)
    due = find_extension(line.kind, begun, today, line.country, known, is_extended=case.is_extended)
    return due is not None


def _question_context(case: CaseView, events: list[Event], today: date) -> dict[str, object]:
    line = case.line
    pauses = [pause for pause in Pause if can_pause(line.kind, pause, line.country)]
    asked = [event for event in events if event.kind is EventKind.IDENTITY_ASKED]
    is_asked_late = (
        bool(asked)
        and case.waits_for is None
        and not stops_clock(
            Pause.IDENTITY, line.received_on, clock.local_day(asked[-1].at, market_facts(line.country).time_zone)
        )
    )
    return {
        "pauses": [pause.value for pause in pauses] if case.waits_for is None else [],
        "asks_in_time": stops_clock(Pause.IDENTITY, line.received_on, today),
        "is_asked_late": is_asked_late and line.participant_id is None,
        "identity_days": IDENTITY_ASKED_WITHIN_DAYS,
    }


def _list_undelivered(case_id: UUID, events: list[Event]) -> list[Event]:
    """The mails that did not arrive; none once something was sent since."""
    if not list_undelivered([case_id]):
        return []
    return [event for event in events if event.kind is EventKind.MAIL_FAILED]


def _list_duties(case: CaseView) -> list[object]:
    """Recipients and copies that are open for the person, where the answer has to wait for them."""
    if case.line.kind not in TELLS_RECIPIENTS or case.line.participant_id is None:
        return []
    return list(list_duties(case.line.participant_id))


def _day_by_authority(case: CaseView) -> date | None:
    """Where a law counts a complaint's days, the day that the authority's count gives; shown, never enforced."""
    line = case.line
    if line.kind is not Kind.COMPLAINT or not market_facts(line.country).complaint_law:
        return None
    return complaint_due_by_authority(line.received_on, line.country)


def _answer(request: TeamRequest, case_id: UUID) -> str:
    if find_case(case_id).line.state is State.CLOSED:
        raise CaseClosed
    outcome, parts = read_outcome(request), read_parts(request)
    text = compose_answer(case_id=case_id, outcome=outcome, parts=parts, now=clock.now())
    if request.POST.get("seen") != mark_answer(case_id, outcome, text):
        raise AnswerUnseen
    answer_case(
        case_id=case_id,
        user_id=request.member.id,
        outcome=outcome,
        parts=parts,
        why_not_wait=read_text(request, "why_not_wait", WHY_CHARACTERS_MAX),
        now=clock.now(),
    )
    done = _("Answered and closed, with the day and your name.")
    return f"{done} {_('Print the letter and post it.')}" if find_case(case_id).goes_by_letter else done


def _extend(request: TeamRequest, case_id: UUID) -> str:
    reasons = read_text(request, "why_longer", REASON_CHARACTERS_MAX)
    extend_case(case_id=case_id, user_id=request.member.id, reasons=reasons, now=clock.now())
    if find_case(case_id).goes_by_letter:
        return _("There is a new day. Print the letter and post it.")
    return _("The person was told the new day and why.")


def _pause(request: TeamRequest, case_id: UUID) -> str:
    chosen = request.POST.get("pause", "")
    if chosen not in {pause.value for pause in Pause}:
        raise BadInput(field="pause", problem=_("choose what you have to ask"))
    is_stopped = pause_case(
        case_id=case_id,
        user_id=request.member.id,
        pause=Pause(chosen),
        question=read_text(request, "question", REASON_CHARACTERS_MAX),
        reason=read_text(request, "doubt", REASON_CHARACTERS_MAX),
        now=clock.now(),
    )
    if find_case(case_id).goes_by_letter:
        return _("Print the letter and post it. The clock goes on until you say that it went.")
    return (
        _("Asked. The clock stands still.") if is_stopped else _("Asked, too late to stop the clock: it goes on.")
    )


def _resume(request: TeamRequest, case_id: UUID) -> str:
    typed = request.POST.get("answered_on", "").strip()
    try:
        answered_on = date.fromisoformat(typed) if typed else None
    except ValueError:
        raise BadInput(field="answered_on", problem=_("write a day as 2037-12-31")) from None
    resume_case(case_id=case_id, user_id=request.member.id, answered_on=answered_on, now=clock.now())
    return _("The clock goes on.")


def _remind(request: TeamRequest, case_id: UUID) -> str:
    remind_person(case_id=case_id, user_id=request.member.id, now=clock.now())
    return _("Print the letter and post it.") if find_case(case_id).goes_by_letter else _("Sent to the person.")


def _go_on(request: TeamRequest, case_id: UUID) -> str:
    go_on_unanswered(case_id=case_id, user_id=request.member.id, now=clock.now())
    return _("The clock goes on.")


def _note(request: TeamRequest, case_id: UUID) -> str:
    text = read_text(request, "note", REASON_CHARACTERS_MAX)
    add_note(case_id=case_id, user_id=request.member.id, text=text, is_shown=False, now=clock.now())
    return _("Noted.")


def _progress(request: TeamRequest, case_id: UUID) -> str:
    text = read_text(request, "note", REASON_CHARACTERS_MAX)
    add_note(case_id=case_id, user_id=request.member.id, text=text, is_shown=True, now=clock.now())
    return _("Print the letter and post it.") if find_case(case_id).goes_by_letter else _("Sent to the person.")


def _identify(request: TeamRequest, case_id: UUID) -> str:
    identify_case(
        case_id=case_id,
        user_id=request.member.id,
        typed=read_text(request, "known_as", ADDRESS_CHARACTERS_MAX),
        how=read_text(request, "how", HOW_CHARACTERS_MAX),
        is_mandate_seen=request.POST.get("mandate") == "yes",
        now=clock.now(),
    )
    return _("It is theirs now. They were written to at the address that they joined with.")


def _separate(request: TeamRequest, case_id: UUID) -> str:
    reason = read_text(request, "separate", HOW_CHARACTERS_MAX)
    separate_case(case_id=case_id, user_id=request.member.id, reason=reason, now=clock.now())
    return _("Separated. That person was told; what was stopped for them stays stopped until they allow it again.")


def _by_letter(request: TeamRequest, case_id: UUID) -> str:
    waited_for = find_case(case_id).waits_for
    confirm_by_letter(case_id=case_id, user_id=request.member.id, now=clock.now())
    if waited_for is None and find_case(case_id).waits_for is not None:
        return _("Noted: it went by letter. The clock stands still.")
    return _("Noted: it went by letter.")


def _readdress(request: TeamRequest, case_id: UUID) -> str:
    email = read_text(request, "email", ADDRESS_CHARACTERS_MAX)
    text = write_letter(find_case(case_id))
    change_address(case_id=case_id, user_id=request.member.id, email=email, text=text, now=clock.now())
    return _("Sent to the other address.")


ACTS: Mapping[str, Callable[[TeamRequest, UUID], str]] = {
    "answer": _answer,
    "extend": _extend,
    "pause": _pause,
    "resume": _resume,
    "remind": _remind,
    "go_on": _go_on,
    "note": _note,
    "progress": _progress,
    "identify": _identify,
    "separate": _separate,
    "by_letter": _by_letter,
    "readdress": _readdress,
}
FIELDS = {
    ("extend", "reasons"): "why_longer",
    ("pause", "reason"): "doubt",
    ("identify", "typed"): "known_as",
    ("separate", "reason"): "separate",
}
"""Fields of the page that bear another name than in the action."""
