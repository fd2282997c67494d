"""The log: how long it is, its root, and its latest entries."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from onloan import clock
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.evidence.queries import count_waiting, entries, is_log_down, read_checkpoint

ENTRIES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry: what it is about at a glance, and all of it as it stands in the log."""

    log_index: int
    day: str
    kind: str
    market: str
    body: str


def read_line(log_index: int, body: str) -> EntryLine:
    fields = json.loads(body)
    return EntryLine(log_index, fields["day"], fields["kind"], fields.get("market", ""), body)


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
        "entries": [
            read_line(entry.log_index, entry.body.decode()) for entry in reversed(entries(first, ENTRIES_SHOWN))
        ],
    }
    return render_page(request, "evidence.html", context)
