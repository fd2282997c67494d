"""The queue of requests and complaints: what is due first, a page at a time; what is late stays in sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.clocks import days_left
from onloan.cases.queue_queries import (
    PAGES_MAX,
    SOON_DAYS,
    Mark,
    Queue,
    QueueRow,
    Tab,
    find_by_reference,
    read_queue,
)
from onloan.cases.rules import Kind, State
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.markets.rules import country_name, known_countries, market_facts

REFERENCE_CHARACTERS_MAX = 20


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the queue with its days in words."""

    row: QueueRow
    left: str


@require_GET
@team_page()
def list_all(request: TeamRequest) -> HttpResponse:
    typed = request.GET.get("reference", "").strip()[:REFERENCE_CHARACTERS_MAX]
    if typed and request.member.can(Capability.HANDLE_CASES):
        found = find_by_reference(typed)
        if found is not None:
            return HttpResponseRedirect(reverse("console-case", args=[found]))
        messages.error(
            request, _("No request has this number. Look at it once more: %(typed)s") % {"typed": typed}
        )
    tab, kind, country, page = _read_choice(request)
    mark, like = _read_narrowing(request)
    now = clock.now()
    queue = read_queue(tab=tab, kind=kind, country=country, mark=mark, like=like, page=page, now=now)
    chosen = {"kind": kind or "", "country": country, "step": mark or "", "like": like}
    chosen = {name: value for name, value in chosen.items() if value}
    context = {
        "here": "cases",
        "late": [_show(row, now) for row in queue.late],
        "rows": [_show(row, now) for row in queue.rows],
        "queue": queue,
        "tabs": _tabs(queue, chosen),
        "tab": tab,
        "kind": kind,
        "country": country,
        "mark": mark,
        "marks": list(Mark),
        "like": like,
        "soon_days": SOON_DAYS,
        "is_narrowed": bool(chosen),
        "kinds": list(Kind),
        "countries": _countries(),
        "country_name": country_name(country, get_language() or "en") if country else "",
        "before": _address(tab, chosen, queue.page - 1) if queue.page > 1 else "",
        "after": _address(tab, chosen, queue.page + 1) if queue.page < queue.page_count else "",
        "typed": typed,
    }
    return render_page(request, "cases.html", context)


def days_in_words(row_left: int) -> str:
    """How long until a day that staff see, or how long since."""
    if row_left < 0:
        return ngettext("%(days)d day late", "%(days)d days late", -row_left) % {"days": -row_left}
    if row_left == 0:
        return _("today")
    return ngettext("%(days)d day left", "%(days)d days left", row_left) % {"days": row_left}


def _show(row: QueueRow, now: datetime) -> ShownRow:
    if row.case.state is State.CLOSED:
        return ShownRow(row, "")
    if row.is_waiting:
        return ShownRow(row, _("waits for an answer"))
    today = clock.local_day(now, market_facts(row.case.country).time_zone)
    return ShownRow(row, days_in_words(days_left(row.case.due_on, today)))


def _read_choice(request: HttpRequest) -> tuple[Tab, Kind | None, str, int]:
    """What is chosen in the address; anything unknown chooses nothing."""
    tab, kind = request.GET.get("tab", ""), request.GET.get("kind", "")
    country, page = request.GET.get("country", ""), request.GET.get("page", "")
    return (
        Tab(tab) if tab in set(Tab) else Tab.OPEN,
        Kind(kind) if kind in set(Kind) else None,
        country if country in known_countries() else "",
        min(int(page), PAGES_MAX) if page.isascii() and page.isdigit() and 0 < len(page) < 7 and int(page) else 1,
    )


def _read_narrowing(request: TeamRequest) -> tuple[Mark | None, str]:
    """What the list is narrowed to, and the number of the case from whose address it all came: the address itself
    stands in no link. Which requests come from one address is for those who answer them."""
    step, like = request.GET.get("step", ""), request.GET.get("like", "").strip()[:REFERENCE_CHARACTERS_MAX]
    is_known = request.member.can(Capability.HANDLE_CASES) and find_by_reference(like) is not None
    return Mark(step) if step in set(Mark) else None, like if is_known else ""


def _tabs(queue: Queue, chosen: dict[str, str]) -> list[tuple[Tab, str, int]]:
    counts = {
        Tab.OPEN: queue.open_count,
        Tab.LATE: queue.late_count,
        Tab.SOON: queue.soon_count,
        Tab.ANSWERED: queue.answered_count,
    }
    return [(tab, _address(tab, chosen, 1), count) for tab, count in counts.items()]


def _address(tab: Tab, chosen: dict[str, str], page: int) -> str:
    values = {"tab": tab.value, **chosen, **({"page": str(page)} if page > 1 else {})}
    return "?" + urlencode(values)


def _countries() -> list[tuple[str, str]]:
    language = get_language() or "en"
    return sorted(((code, country_name(code, language)) for code in known_countries()), key=lambda each: each[1])
