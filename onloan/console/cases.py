"""Requests and complaints: a list by what is due, and each with what was written."""

from __future__ import annotations

import base64
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.actions import close_case
from onloan.cases.queries import find_case, list_cases
from onloan.cases.rules import Outcome
from onloan.cases.sighting_queries import find_sighting_of_case
from onloan.console.pages import TeamRequest, act, render_page, team_page
from onloan.errors import NotFound
from onloan.markets.rules import market_facts


def data_address(picture: bytes) -> str:
    """A JPEG inside the page: at no address of its own that somebody could pass on."""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


@require_GET
@team_page()
def list_all(request: TeamRequest) -> HttpResponse:
    now = clock.now()
    rows = [
        (case, case.is_overdue(clock.local_day(now, market_facts(case.country).time_zone)))
        for case in list_cases()
    ]
    return render_page(request, "cases.html", {"here": "cases", "rows": rows})


@require_http_methods(["GET", "POST"])
@team_page(Capability.HANDLE_CASES)
def show_case(request: TeamRequest, case_id: UUID) -> HttpResponse:
    if request.method == "POST":
        chosen = request.POST.get("outcome", "")
        if chosen not in {outcome.value for outcome in Outcome}:
            raise NotFound
        return act(
            request,
            Capability.HANDLE_CASES,
            lambda: close_case(
                case_id=case_id, user_id=request.member.id, outcome=Outcome(chosen), now=clock.now()
            ),
            _("Closed, with the day and your name."),
            reverse("console-case", args=[case_id]),
        )
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
        "outcomes": [outcome.value for outcome in Outcome],
    }
    return render_page(request, "case.html", context)
