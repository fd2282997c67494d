"""The queue: what is due first, a page at a time. No tab and no filter hides that something is late."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from onloan import ids
from onloan.cases.models import Case, CaseEvent, CasePause, Erasure
from onloan.cases.pack.queries import list_gaps
from onloan.cases.queries import CaseLine, is_due_within, is_late, read_lines
from onloan.cases.rules import WAIT_ALARM_DAYS, EventKind, Kind, State
from onloan.cases.step_queries import read_standings
from onloan.cases.step_rules import Step
from onloan.cases.timeline import unseal_event
from onloan.outbox.models import Message

ROWS_ON_PAGE = 50
SOON_DAYS = 10
"""What the tab of what is due soon holds."""
LATE_SHOWN_MAX = 5
PAGES_MAX = 10_000


class Tab(StrEnum):
    OPEN = "open"
    LATE = "late"
    SOON = "soon"
    ANSWERED = "answered"


class Mark(StrEnum):
    """What a list of cases can be narrowed to; each is a clock of its own."""

    WAITS = "waits"
    PACK_GAP = "pack_gap"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """``is_undelivered``: a mail about it did not arrive, and nothing was sent since. ``is_waiting``: its clock
    stands still. ``step`` is None once it is answered. ``like_count``: other open ones from the same address."""

    case: CaseLine
    is_late: bool
    is_waiting: bool
    step: Step | None
    is_undelivered: bool
    like_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One page. ``rows`` hold only what was chosen, and the counts of the tabs follow the filters.

    ``late`` are the most late of those that the tab or the filters leave out, and from the second page on of all
    that are not on it. ``late_everywhere`` counts everything that is late.
    """

    late: list[QueueRow]
    rows: list[QueueRow]
    open_count: int
    late_count: int
    soon_count: int
    answered_count: int
    late_everywhere: int
    page: int
    page_count: int


def read_queue(
    *,
    tab: Tab,
    now: datetime,
    kind: Kind | None = None,
    country: str = "",
    mark: Mark | None = None,
    like: str = "",
    page: int = 1,
) -> Queue:
    """Page ``page`` (from 1) of a tab, or the last one. Neither a tab nor a filter hides what is most late.
    ``like``: the number of a case; only those that came from the same address."""
    by_day, answered = _by_day(), Case.objects.filter(state=State.CLOSED).order_by("-closed_at", "id")
    late, soon, wanted = is_late(now), is_due_within(now, SOON_DAYS), _wanted(kind, country, mark, like)
    counts = by_day.aggregate(
        open=Count("id", filter=wanted),
        late=Count("id", filter=wanted & late),
        soon=Count("id", filter=wanted & soon),
        everywhere=Count("id", filter=late),
    )
    counts["answered"] = answered.filter(wanted).count()
    page_count = max(math.ceil(counts[tab.value] / ROWS_ON_PAGE), 1)
    page = min(max(page, 1), page_count)
    first = (page - 1) * ROWS_ON_PAGE
    chosen_late, rest = [], []
    if tab is Tab.ANSWERED:
        rest = _slice(answered.filter(wanted), first)
    elif tab is Tab.SOON:
        rest = _slice(by_day.filter(wanted, soon), first)
    else:
        chosen_late = _slice(by_day.filter(wanted, late), first)
    if tab is Tab.OPEN:
        # What is late comes first, and the others begin where it ends.
        rest = _slice(by_day.filter(wanted).exclude(late), first - counts["late"])
    hides_late = tab in {Tab.ANSWERED, Tab.SOON} or page > 1
    hidden = by_day.filter(late) if hides_late else by_day.filter(late).exclude(wanted)
    above = read_lines(hidden.exclude(id__in=[line.id for line in chosen_late])[:LATE_SHOWN_MAX])
    shown = _read_rows([*above, *chosen_late, *rest], {line.id for line in [*above, *chosen_late]}, now)
    return Queue(
        late=shown[: len(above)],
        rows=shown[len(above) :],
        open_count=counts["open"],
        late_count=counts["late"],
        soon_count=counts["soon"],
        answered_count=counts["answered"],
        late_everywhere=counts["everywhere"],
        page=page,
        page_count=page_count,
    )


def list_first(now: datetime, count: int) -> list[QueueRow]:
    """The ``count`` open cases that are most late, or due next."""
    late = read_lines(_by_day().filter(is_late(now))[:count])
    rest = read_lines(_by_day().exclude(is_late(now))[: count - len(late)]) if len(late) < count else []
    return _read_rows([*late, *rest], {line.id for line in late}, now)


def _by_day() -> QuerySet[Case]:
    return Case.objects.filter(state=State.OPEN).order_by("due_on", "received_at", "id")


def _wanted(kind: Kind | None, country: str, mark: Mark | None, like: str) -> Q:
    """What the filters choose; without any, every case, said so that it can be turned round."""
    wanted = Q(id__isnull=False)
    if kind is not None:
        wanted &= Q(kind=kind)
    if country:
        wanted &= Q(country=country)
    if mark is not None:
        wanted &= _marked(mark)
    if like:
        same = Case.objects.filter(reference=ids.normalize_code(like), contact_hash__isnull=False)
        wanted &= Q(contact_hash__in=same.values("contact_hash"))
    return wanted


def _marked(mark: Mark) -> Q:
    """Cases that have this mark."""
    if mark is Mark.WAITS:
        return Q(id__in=CasePause.objects.filter(answered_at=None).values("case_id"))
    if mark is Mark.PACK_GAP:
        return Q(id__in=list_gaps().values("case_id"))
    return Q(id__in=_undelivered().values("case_id"))


def _slice(rows: QuerySet[Case], first: int) -> list[CaseLine]:
    """The part of ``rows`` that is on a page which begins at ``first``; before 0 for rows that begin on it."""
    return read_lines(rows[max(first, 0) : max(first + ROWS_ON_PAGE, 0)])


def _read_rows(lines: Sequence[CaseLine], late: Set[UUID], now: datetime) -> list[QueueRow]:
    standings, undelivered = read_standings(lines, now), list_undelivered([line.id for line in lines])
    return [
        QueueRow(
            case=line,
            is_late=line.id in late,
            is_waiting=standings[line.id].stands_still,
            step=standings[line.id].step,
            is_undelivered=line.id in undelivered,
            like_count=standings[line.id].like_count,
        )
        for line in lines
        if line.id in standings
    ]


def count_late(now: datetime) -> int:
    """How many cases are past the day that staff see; one cheap statement, asked by every page of the console."""
    return Case.objects.filter(is_late(now)).count()


def find_by_reference(typed: str) -> UUID | None:
    """The case with this number; None for anything that is not one."""
    reference = ids.normalize_code(typed)
    if reference is None:
        return None
    found: UUID | None = Case.objects.filter(reference=reference).values_list("id", flat=True).first()
    return found


def count_by_kind(now: datetime) -> dict[Kind, tuple[int, int, int, int]]:
    """(open, late, due within 3 days, within 10 days) for each kind of which there is something open."""
    rows: Iterable[Mapping[str, Any]] = (
        Case.objects.filter(state=State.OPEN).values("kind").annotate(**_counted(now))
    )
    counts = {Kind(row["kind"]): (row["open"], row["late"], row["in_3"], row["in_10"]) for row in rows}
    return {kind: counts[kind] for kind in Kind if kind in counts}


def count_erasures(now: datetime) -> tuple[int, int, int, int]:
    """(under way, late, due within 3 days, within 10 days): by the day of the case that asked for it; one that
    nobody asked for has none."""
    under_way = Erasure.objects.filter(completed_at=None)
    asked = Case.objects.filter(id__in=under_way.filter(case_id__isnull=False).values("case_id"))
    counts = asked.aggregate(**_counted(now))
    return under_way.count(), counts["late"], counts["in_3"], counts["in_10"]


def _counted(now: datetime) -> dict[str, Count]:
    return {
        "open": Count("id"),
        "late": Count("id", filter=is_late(now)),
        "in_3": Count("id", filter=is_due_within(now, 3)),
        "in_10": Count("id", filter=is_due_within(now, SOON_DAYS)),
    }


def count_marked(mark: Mark) -> tuple[int, int]:
    """(open, answered) cases with this mark."""
    counts = Case.objects.filter(_marked(mark)).aggregate(
        open=Count("id", filter=Q(state=State.OPEN)), answered=Count("id", filter=Q(state=State.CLOSED))
    )
    return counts["open"], counts["answered"]


def count_waiting(now: datetime) -> tuple[int, int]:
    """(all, too long) open cases that wait for the person; too long is the last of ``WAIT_ALARM_DAYS``."""
    waiting = CasePause.objects.filter(
        answered_at=None, case_id__in=Case.objects.filter(state=State.OPEN).values("id")
    )
    too_long = waiting.filter(asked_at__lte=now - timedelta(days=max(WAIT_ALARM_DAYS)))
    return waiting.count(), too_long.count()


def _event(*kinds: EventKind) -> QuerySet[CaseEvent]:
    """Events of these kinds of the case that the event outside belongs to."""
    return CaseEvent.objects.filter(case_id=OuterRef("case_id"), kind__in=kinds)


def list_undelivered(case_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these cases have a mail that did not arrive, and nothing sent since."""
    return set(_undelivered().filter(case_id__in=list(case_ids)).values_list("case_id", flat=True))


def list_failed_mails(case_id: UUID) -> list[tuple[str, datetime, datetime]]:
    """Each mail about a case that did not arrive: its template, when it was written, when it failed."""
    rows = list(CaseEvent.objects.filter(case_id=case_id, kind=EventKind.MAIL_FAILED).order_by("at", "id"))
    # The line of a failed mail has the mail's own id.
    written = dict(Message.objects.filter(id__in=[row.id for row in rows]).values_list("id", "created_at"))
    return [
        (unseal_event(row.id, bytes(row.sealed_text)), written.get(row.id, row.at), row.at)
        for row in rows
        if row.sealed_text is not None
    ]


ENDS_FAILURE = (EventKind.MESSAGE_TO_PERSON, EventKind.ANSWERED)
"""After these something else was sent."""


def _undelivered() -> QuerySet[CaseEvent]:
    later = _event(*ENDS_FAILURE).filter(at__gt=OuterRef("at"))
    return CaseEvent.objects.filter(~Exists(later), kind=EventKind.MAIL_FAILED)
