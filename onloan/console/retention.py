"""How long each class of record is kept, and what was deleted because its time was over."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from onloan import clock
from onloan.cases.retention import list_periods
from onloan.console.pages import TeamRequest, render_page, team_page


@require_GET
@team_page()
def show_retention(request: TeamRequest) -> HttpResponse:
    return render_page(request, "retention.html", {"here": "cases", "lines": list_periods(clock.now())})
