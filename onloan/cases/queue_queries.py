"""The queue: what is due first, a page at a time. What is late stands on top of every page, whatever is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from onloan import ids
from onloan.cases.models import Case, CaseEvent, CasePause, Erasure
from onloan.cases.queries import CaseLine, is_late, read_lines
from onloan.cases.rules import EventKind, Kind, State

ROWS_ON_PAGE = 50
LATE_ON_PAGE_MAX = 50
PAGES_MAX = 10_000


class Tab(StrEnum):
    OPEN = "open"
    LATE = "late"
    ANSWERED = "answered"


class QueueStep(StrEnum):
    """What an open case waits for, as its row says it in a word or two."""

    WAITS = "waits"
    WROTE = "wrote"
    WHO = "who"
    PACK_GAP = "pack_gap"
    PACK_READY = "pack_ready"
    ERASING = "erasing"
    ERASED = "erased"
    TO_ANSWER = "to_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """``is_undelivered``: a mail about it did not arrive, and nothing was sent since. ``step`` is None once it is
    answered."""

    case: CaseLine
    is_late: bool
    step: QueueStep | None
    is_undelivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One page. ``late`` stands on top and is counted in no page; ``late_count`` may be more than is shown."""

    late: list[QueueRow]
    rows: list[QueueRow]
    open_count: int
    late_count: int
    answered_count: int
    has_next: bool


def read_queue(*, tab: Tab, now: datetime, kind: Kind | None = None, country: str = "", page: int = 1) -> Queue:
    """Page ``page`` (from 1) of a tab. The filters leave out nothing that is late."""
    late = Case.objects.filter(is_late(now))
    opened = Case.objects.filter(state=State.OPEN)
    answered = Case.objects.filter(state=State.CLOSED)
    wanted = Q(**({"kind": kind} if kind is not None else {}), **({"country": country} if country else {}))
    first = (min(max(page, 1), PAGES_MAX) - 1) * ROWS_ON_PAGE
    chosen = {
        Tab.OPEN: opened.filter(wanted).exclude(is_late(now)).order_by("due_on", "received_at", "id"),
        Tab.LATE: late.order_by("due_on", "received_at", "id"),
        Tab.ANSWERED: answered.filter(wanted).order_by("-closed_at", "id"),
    }[tab]
    found = read_lines(chosen[first : first + ROWS_ON_PAGE + 1])
    on_top = [] if tab is Tab.LATE else read_lines(late.order_by("due_on", "received_at", "id")[:LATE_ON_PAGE_MAX])
    lines = [*on_top, *found[:ROWS_ON_PAGE]]
    steps, undelivered = _read_steps(lines), list_undelivered([line.id for line in lines])
    is_late_tab = tab is Tab.LATE

    def row(line: CaseLine, *, late: bool) -> QueueRow:
        return QueueRow(case=line, is_late=late, step=steps.get(line.id), is_undelivered=line.id in undelivered)

    counts = opened.aggregate(open=Count("id"), late=Count("id", filter=is_late(now)))
    return Queue(
        late=[row(line, late=True) for line in on_top],
        rows=[row(line, late=is_late_tab) for line in found[:ROWS_ON_PAGE]],
        open_count=counts["open"],
        late_count=counts["late"],
        answered_count=answered.count(),
        has_next=len(found) > ROWS_ON_PAGE,
    )


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


def count_by_kind(now: datetime) -> dict[Kind, tuple[int, int]]:
    """(open, late) for each kind of which there is something open."""
    rows = (
        Case.objects.filter(state=State.OPEN)
        .values("kind")
        .annotate(open=Count("id"), late=Count("id", filter=is_late(now)))
    )
    counts = {Kind(row["kind"]): (row["open"], row["late"]) for row in rows}
    return {kind: counts[kind] for kind in Kind if kind in counts}


def count_erasures(now: datetime) -> tuple[int, int]:
    """Erasures under way, and how many of them belong to a case that is late."""
    under_way = Erasure.objects.filter(completed_at=None)
    late = under_way.filter(case_id__in=Case.objects.filter(is_late(now)).values("id"))
    return under_way.count(), late.count()


def count_gaps() -> int:
    """Open cases whose copy of the data lacks something, and was not made whole since."""
    # A copy that lacks something says what; one that is whole has nothing to say.
    later = _event(EventKind.PACK_READY).filter(at__gt=OuterRef("at"), sealed_text=None)
    gaps = CaseEvent.objects.filter(~Exists(later), kind=EventKind.PACK_GAP, case_id=OuterRef("pk"))
    return Case.objects.filter(Exists(gaps), state=State.OPEN).count()


def _event(*kinds: EventKind) -> QuerySet[CaseEvent]:
    """Events of these kinds of the case that the event outside belongs to."""
    return CaseEvent.objects.filter(case_id=OuterRef("case_id"), kind__in=kinds)


def list_undelivered(case_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these cases have a mail that did not arrive, and nothing sent since."""
    return set(_undelivered().filter(case_id__in=list(case_ids)).values_list("case_id", flat=True))


def count_undelivered() -> int:
    return _undelivered().values("case_id").distinct().count()


def _undelivered() -> QuerySet[CaseEvent]:
    later = _event(EventKind.MESSAGE_TO_PERSON, EventKind.ANSWERED).filter(at__gt=OuterRef("at"))
    return CaseEvent.objects.filter(~Exists(later), kind=EventKind.MAIL_FAILED)


_OURS = (EventKind.MESSAGE_TO_PERSON, EventKind.IDENTITY_ASKED, EventKind.CLARIFICATION_ASKED, EventKind.EXTENDED)
_LOOKED_AT = Q(kind__in=[*_OURS, EventKind.MESSAGE_FROM_PERSON, EventKind.PACK_GAP]) | Q(
    kind=EventKind.PACK_READY, sealed_text=None
)


def _read_steps(lines: Sequence[CaseLine]) -> dict[UUID, QueueStep]:
    """What each open case waits for, in three statements for all of them."""
    opened = [line for line in lines if line.state is State.OPEN]
    case_ids = [line.id for line in opened]
    latest: dict[UUID, dict[EventKind, datetime]] = {}
    rows = CaseEvent.objects.filter(_LOOKED_AT, case_id__in=case_ids).values_list("case_id", "kind")
    for case_id, kind, at in rows.annotate(Max("at")):
        latest.setdefault(case_id, {})[EventKind(kind)] = at
    waiting = set(
        CasePause.objects.filter(case_id__in=case_ids, answered_at=None).values_list("case_id", flat=True)
    )
    erased = dict(Erasure.objects.filter(case_id__in=case_ids).values_list("case_id", "erased_at"))
    return {
        line.id: _step(
            line,
            latest.get(line.id, {}),
            is_waiting=line.id in waiting,
            is_erasing=line.id in erased,
            is_erased=erased.get(line.id) is not None,
        )
        for line in opened
    }


def _step(
    line: CaseLine, latest: dict[EventKind, datetime], *, is_waiting: bool, is_erasing: bool, is_erased: bool
) -> QueueStep:
    """The one thing that whoever reads the row wants to know first."""
    wrote = latest.get(EventKind.MESSAGE_FROM_PERSON)
    if wrote is not None and all(wrote > latest[kind] for kind in _OURS if kind in latest):
        return QueueStep.WROTE
    if is_waiting:
        return QueueStep.WAITS
    if is_erasing:
        return QueueStep.ERASED if is_erased else QueueStep.ERASING
    if line.participant_id is None and line.kind not in {Kind.COMPLAINT, Kind.SIGHTING}:
        return QueueStep.WHO
    gap, ready = latest.get(EventKind.PACK_GAP), latest.get(EventKind.PACK_READY)
    if gap is not None and (ready is None or ready < gap):
        return QueueStep.PACK_GAP
    return QueueStep.PACK_READY if ready is not None else QueueStep.TO_ANSWER
