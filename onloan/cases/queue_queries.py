"""The queue: what is due first, a page at a time. No tab and no filter hides that something is late."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from onloan import ids
from onloan.cases.models import Case, CaseEvent, CasePause, Erasure
from onloan.cases.queries import CaseLine, is_late, read_lines
from onloan.cases.rules import EventKind, Kind, State
from onloan.cases.timeline import unseal_event
from onloan.outbox.models import Message

ROWS_ON_PAGE = 50
LATE_SHOWN_MAX = 5
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
    """``is_undelivered``: a mail about it did not arrive, and nothing was sent since. ``is_waiting``: its clock
    stands still. ``step`` is None once it is answered."""

    case: CaseLine
    is_late: bool
    is_waiting: bool
    step: QueueStep | None
    is_undelivered: bool


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
    answered_count: int
    late_everywhere: int
    page: int
    page_count: int


def read_queue(*, tab: Tab, now: datetime, kind: Kind | None = None, country: str = "", page: int = 1) -> Queue:
    """Page ``page`` (from 1) of a tab, or the last one. Neither a tab nor a filter hides what is most late."""
    by_day = Case.objects.filter(state=State.OPEN).order_by("due_on", "received_at", "id")
    answered = Case.objects.filter(state=State.CLOSED).order_by("-closed_at", "id")
    late, wanted = is_late(now), _wanted(kind, country)
    counts = by_day.aggregate(
        open=Count("id", filter=wanted),
        late=Count("id", filter=wanted & late),
        everywhere=Count("id", filter=late),
    )
    answered_count = answered.filter(wanted).count()
    total = {Tab.OPEN: counts["open"], Tab.LATE: counts["late"], Tab.ANSWERED: answered_count}[tab]
    page_count = max(math.ceil(total / ROWS_ON_PAGE), 1)
    page = min(max(page, 1), page_count)
    first = (page - 1) * ROWS_ON_PAGE
    chosen_late, rest = [], []
    if tab is Tab.ANSWERED:
        rest = _slice(answered.filter(wanted), first)
    else:
        chosen_late = _slice(by_day.filter(wanted, late), first)
    if tab is Tab.OPEN:
        # What is late comes first, and the others begin where it ends.
        rest = _slice(by_day.filter(wanted).exclude(late), first - counts["late"])
    hidden = by_day.filter(late) if tab is Tab.ANSWERED or page > 1 else by_day.filter(late).exclude(wanted)
    above = read_lines(hidden.exclude(id__in=[line.id for line in chosen_late])[:LATE_SHOWN_MAX])
    shown = _read_rows([*above, *chosen_late, *rest], late={line.id for line in [*above, *chosen_late]})
    return Queue(
        late=shown[: len(above)],
        rows=shown[len(above) :],
        open_count=counts["open"],
        late_count=counts["late"],
        answered_count=answered_count,
        late_everywhere=counts["everywhere"],
        page=page,
        page_count=page_count,
    )


def _wanted(kind: Kind | None, country: str) -> Q:
    """What the filters choose; without any, every case, said so that it can be turned round."""
    chosen = {**({"kind": kind} if kind is not None else {}), **({"country": country} if country else {})}
    return Q(**chosen) if chosen else Q(id__isnull=False)


def _slice(rows: QuerySet[Case], first: int) -> list[CaseLine]:
    """The part of ``rows`` that is on a page which begins at ``first``; before 0 for rows that begin on it."""
    return read_lines(rows[max(first, 0) : max(first + ROWS_ON_PAGE, 0)])


def _read_rows(lines: Sequence[CaseLine], late: Set[UUID]) -> list[QueueRow]:
    case_ids = [line.id for line in lines]
    waiting = set(
        CasePause.objects.filter(case_id__in=case_ids, answered_at=None).values_list("case_id", flat=True)
    )
    steps, undelivered = _read_steps(lines, waiting), list_undelivered(case_ids)
    return [
        QueueRow(
            case=line,
            is_late=line.id in late,
            is_waiting=line.id in waiting,
            step=steps.get(line.id),
            is_undelivered=line.id in undelivered,
        )
        for line in lines
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


_OURS = (EventKind.MESSAGE_TO_PERSON, EventKind.IDENTITY_ASKED, EventKind.CLARIFICATION_ASKED, EventKind.EXTENDED)
_WHO = (EventKind.IDENTIFIED, EventKind.ANOTHER_CONFIRMED)
_LOOKED_AT = Q(kind__in=[*_OURS, *_WHO, EventKind.MESSAGE_FROM_PERSON, EventKind.PACK_GAP]) | Q(
    kind=EventKind.PACK_READY, sealed_text=None
)


def _read_steps(lines: Sequence[CaseLine], waiting: Set[UUID]) -> dict[UUID, QueueStep]:
    """What each open case waits for, in two statements for all of them."""
    opened = [line for line in lines if line.state is State.OPEN]
    case_ids = [line.id for line in opened]
    latest: dict[UUID, dict[EventKind, datetime]] = {}
    rows = CaseEvent.objects.filter(_LOOKED_AT, case_id__in=case_ids).values_list("case_id", "kind")
    for case_id, kind, at in rows.annotate(Max("at")):
        latest.setdefault(case_id, {})[EventKind(kind)] = at
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
    another = latest.get(EventKind.ANOTHER_CONFIRMED)
    if another is not None and another >= latest.get(EventKind.IDENTIFIED, another):
        # The code was typed by somebody else than the one to whom it is tied.
        return QueueStep.WHO
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
