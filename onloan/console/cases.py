"""Requests and complaints: a list by what is due; each with its timeline, its next step and its answer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.answers import Ground, Parts
from onloan.cases.clocks import Pause, can_pause, days_left
from onloan.cases.desk import add_note, answer_case, compose_answer, extend_case, pause_case, resume_case
from onloan.cases.queries import CaseLine, CaseView, find_case, list_cases
from onloan.cases.rules import TEXT_CHARACTERS_MAX, Kind, Outcome, State
from onloan.cases.sighting_queries import find_sighting_of_case
from onloan.cases.timeline import list_events
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import BadInput, NotFound, OnloanError
from onloan.markets.rules import market_facts

REASON_CHARACTERS_MAX = 2_000
LAW_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class QueueRow:
    case: CaseLine
    is_late: bool
    left: str


def data_address(picture: bytes) -> str:
    """A JPEG inside the page: at no address of its own that somebody could pass on."""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


@require_GET
@team_page()
def list_all(request: TeamRequest) -> HttpResponse:
    """What is due first stands first; nothing that is late can be filtered away."""
    now = clock.now()
    kind, country = request.GET.get("kind", ""), request.GET.get("country", "")
    rows = [_queue_row(case, now) for case in list_cases()]
    shown = [
        row for row in rows if row.is_late or (kind in {"", row.case.kind} and country in {"", row.case.country})
    ]
    context = {
        "here": "cases",
        "rows": shown,
        "kinds": sorted({row.case.kind for row in rows}),
        "countries": sorted({row.case.country for row in rows}),
        "kind": kind,
        "country": country,
        "late_count": sum(row.is_late for row in rows),
    }
    return render_page(request, "cases.html", context)


def _queue_row(case: CaseLine, now: datetime) -> QueueRow:
    today = clock.local_day(now, market_facts(case.country).time_zone)
    left = days_left(case.due_on, today)
    if case.state is State.CLOSED:
        words = ""
    elif left < 0:
        words = ngettext("%(days)d day late", "%(days)d days late", -left) % {"days": -left}
    elif left == 0:
        words = _("today")
    else:
        words = ngettext("%(days)d day left", "%(days)d days left", left) % {"days": left}
    return QueueRow(case, case.is_overdue(today), words)


@require_http_methods(["GET", "POST"])
@team_page(Capability.HANDLE_CASES)
def show_case(request: TeamRequest, case_id: UUID) -> HttpResponse:
    if request.method == "POST":
        return _act_on_case(request, case_id)
    return _render(request, case_id)


def _render(request: TeamRequest, case_id: UUID, *, preview: str = "", status: int = 200) -> HttpResponse:
    case = find_case(case_id)
    facts = market_facts(case.line.country)
    sighting = find_sighting_of_case(case_id)
    context = {
        "here": "cases",
        "case": case,
        "sighting": sighting,
        "picture": data_address(sighting.report.picture) if sighting and sighting.report.picture else "",
        "facts": facts,
        "late": case.line.is_overdue(clock.local_day(clock.now(), facts.time_zone)),
        "events": list_events(case_id),
        "next_step": _next_step(case),
        "outcomes": [outcome.value for outcome in Outcome],
        "pauses": [pause.value for pause in Pause if can_pause(case.line.kind, pause, case.line.country)],
        "grounds": [ground.value for ground in Ground],
        "is_right": case.line.kind not in {Kind.COMPLAINT, Kind.SIGHTING},
        "preview": preview,
        "typed": request.POST if request.method == "POST" else {},
    }
    return render_page(request, "case.html", context, status=status)


def _next_step(case: CaseView) -> str:
    """One sentence that says what somebody does now."""
    if case.line.state is State.CLOSED:
        return ""
    if case.waits_for is not None:
        return _("You wait for what was asked. When it is there, let the clock go on.")
    return {
        Kind.COMPLAINT: _("Find out what happened, tell the person how it goes on, and answer with what changes."),
        Kind.SIGHTING: _("Find out who shows it, have it taken down, and answer with what you found."),
        Kind.WITHDRAWAL: _("The gate has denied since it came in. See whether copies are taken down, and answer."),
        Kind.RESTRICTION: _("Nothing is shown since it came in. Answer that it holds until they hear otherwise."),
        Kind.OBJECTION: _("Nothing is shown since it came in. Answer that it stays so."),
        Kind.ACCESS: _("Give them everything that is kept about them, and answer."),
        Kind.PORTABILITY: _("Give them their file, and answer."),
        Kind.RECTIFICATION: _("Correct what is wrong, or say why it is right, and answer."),
        Kind.ERASURE: _("See what goes and what has to stay, until when, and answer."),
    }[case.line.kind]


def _act_on_case(request: TeamRequest, case_id: UUID) -> HttpResponse:
    match request.POST.get("act"):
        case "preview":
            return _preview(request, case_id)
        case "answer":
            return _do(
                request,
                case_id,
                lambda: answer_case(
                    case_id=case_id,
                    user_id=request.member.id,
                    outcome=_read_outcome(request),
                    parts=_read_parts(request),
                    now=clock.now(),
                ),
                _("Answered and closed, with the day and your name."),
            )
        case "extend":
            reasons = read_text(request, "reasons", REASON_CHARACTERS_MAX)
            return _do(
                request,
                case_id,
                lambda: extend_case(case_id=case_id, user_id=request.member.id, reasons=reasons, now=clock.now()),
                _("The person was told the new day and why."),
            )
        case "pause":
            return _do(request, case_id, lambda: _pause(request, case_id), _("Asked. The clock stands still."))
        case "resume":
            return _do(
                request,
                case_id,
                lambda: resume_case(case_id=case_id, user_id=request.member.id, now=clock.now()),
                _("The clock goes on."),
            )
        case "note" | "progress" as which:
            text = read_text(request, "note", REASON_CHARACTERS_MAX)
            return _do(
                request,
                case_id,
                lambda: add_note(
                    case_id=case_id,
                    user_id=request.member.id,
                    text=text,
                    is_shown=which == "progress",
                    now=clock.now(),
                ),
                _("Sent to the person.") if which == "progress" else _("Noted."),
            )
    raise NotFound


def _do(request: TeamRequest, case_id: UUID, perform: Callable[[], object], done: str) -> HttpResponse:
    return act(request, Capability.HANDLE_CASES, perform, done, reverse("console-case", args=[case_id]))


def _pause(request: TeamRequest, case_id: UUID) -> None:
    chosen = request.POST.get("pause", "")
    if chosen not in {pause.value for pause in Pause}:
        raise BadInput(field="pause", problem=_("choose what you have to ask"))
    pause_case(
        case_id=case_id,
        user_id=request.member.id,
        pause=Pause(chosen),
        question=read_text(request, "question", REASON_CHARACTERS_MAX),
        reason=read_text(request, "reason", REASON_CHARACTERS_MAX),
        now=clock.now(),
    )


def _preview(request: TeamRequest, case_id: UUID) -> HttpResponse:
    """Exactly what would be sent; nothing is sent by it."""
    try:
        text = compose_answer(case_id=case_id, outcome=_read_outcome(request), parts=_read_parts(request))
    except OnloanError as error:
        messages.error(request, f"{error} ({error.code})")
        return _render(request, case_id, status=error.status)
    return _render(request, case_id, preview=text)


def _read_outcome(request: TeamRequest) -> Outcome:
    chosen = request.POST.get("outcome", "")
    if chosen not in {outcome.value for outcome in Outcome}:
        raise BadInput(field="outcome", problem=_("choose how it ended"))
    return Outcome(chosen)


def _read_parts(request: TeamRequest) -> Parts:
    ground, until = request.POST.get("ground", ""), request.POST.get("kept_until", "").strip()
    try:
        kept_until = date.fromisoformat(until) if until else None
    except ValueError:
        raise BadInput(field="kept_until", problem=_("write a day as 2037-12-31")) from None
    return Parts(
        done=read_text(request, "done", TEXT_CHARACTERS_MAX),
        reasons=read_text(request, "reasons", TEXT_CHARACTERS_MAX),
        ground=Ground(ground) if ground in {each.value for each in Ground} else None,
        law=read_text(request, "law", LAW_CHARACTERS_MAX),
        kept_until=kept_until,
    )
