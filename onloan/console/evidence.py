"""The log: how long it is, its root, and its latest entries."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from onloan import clock
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.evidence.queries import count_waiting, entries, is_log_down, read_checkpoint

ENTRIES_SHOWN = 50


@require_GET
@team_page()
def show_log(request: TeamRequest) -> HttpResponse:
    checkpoint = read_checkpoint()
    first = max(0, checkpoint.size - ENTRIES_SHOWN)
    context = {
        "here": "evidence",
        "checkpoint": checkpoint,
        "waiting": count_waiting(),
        "is_down": is_log_down(clock.now()),
        "entries": [(entry.log_index, entry.body.decode()) for entry in reversed(entries(first, ENTRIES_SHOWN))],
    }
    return render_page(request, "evidence.html", context)
