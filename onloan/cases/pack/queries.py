"""Reads of requests for a copy: which are to be tried, and which still lack a part."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from onloan.cases.clocks import Pause
from onloan.cases.models import Case, CaseEvent, CasePause
from onloan.cases.rules import EventKind, Kind, Outcome, State
from onloan.cases.timeline import unseal_event

PACK_KINDS = (Kind.ACCESS, Kind.PORTABILITY)
WHOLE_WITHOUT_TEXT = frozenset({EventKind.PACK_READY, EventKind.PACK_SENT})
"""Of a copy that lacks something, the line says what."""


def list_untried() -> list[UUID]:
    """Open requests for a copy that nothing was done about yet, of people whom we know."""
    return _ids(_open().exclude(_has(EventKind.PACK_STARTED)).exclude(_has(EventKind.PACK_READY)))


def list_incomplete() -> list[UUID]:
    """Requests for a copy, open or answered in part, of which something could not be read, and has not been read
    since: first those whose people were not offered anything yet."""
    return _ids(_incomplete().order_by(_has(EventKind.PACK_READY), "due_on", "id"))


def find_missing(participant_id: UUID) -> str:
    """What could not be read of the copy that this person asked for, in the words of their request; empty when
    nothing is missing."""
    case_id = _incomplete().filter(participant_id=participant_id).values_list("id", flat=True).first()
    if case_id is None:
        return ""
    return find_gap(case_id)


def list_gaps() -> QuerySet[CaseEvent]:
    """The gaps of copies that are later than every whole one: the one rule by which a copy lacks something. Where
    a member's copy lacks something, that is said after it."""
    is_whole = Q(kind=EventKind.PACK_MADE) | Q(kind__in=WHOLE_WITHOUT_TEXT, sealed_text=None)
    # What is written at one instant is in the order of its ids.
    is_later = Q(at__gt=OuterRef("at")) | Q(id__gt=OuterRef("id"))
    whole = CaseEvent.objects.filter(is_whole, is_later, case_id=OuterRef("case_id"), at__gte=OuterRef("at"))
    return CaseEvent.objects.filter(~Exists(whole), kind=EventKind.PACK_GAP)


def has_gap() -> Exists:
    """For a query of cases: whether its copy lacks something."""
    return Exists(list_gaps().filter(case_id=OuterRef("id")))


def find_gap(case_id: UUID) -> str:
    """What the copy of this request lacks, in its words, while no whole one was made after that was noticed; empty
    when nothing is missing."""
    row = list_gaps().filter(case_id=case_id).order_by("-at", "-id").first()
    return unseal_event(row.id, bytes(row.sealed_text)) if row is not None and row.sealed_text is not None else ""


def _incomplete() -> QuerySet[Case]:
    """What was answered in part says that the rest follows."""
    promised = Case.objects.filter(
        kind__in=PACK_KINDS, state=State.CLOSED, outcome=Outcome.PARTLY_DONE, participant_id__isnull=False
    )
    return (_open() | promised).filter(has_gap())


def _open() -> QuerySet[Case]:
    """While it is asked who they are, nothing is promised to anybody."""
    asked = CasePause.objects.filter(case_id=OuterRef("id"), kind=Pause.IDENTITY, answered_at=None)
    return Case.objects.filter(
        ~Exists(asked), kind__in=PACK_KINDS, state=State.OPEN, participant_id__isnull=False
    ).order_by("due_on", "id")


def _has(kind: EventKind) -> Exists:
    return Exists(CaseEvent.objects.filter(case_id=OuterRef("id"), kind=kind))


def _ids(cases: QuerySet[Case]) -> list[UUID]:
    return list(cases.values_list("id", flat=True))
