"""Reads of requests and complaints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from onloan.cases.clocks import Pause
from onloan.cases.models import Case, CasePause
from onloan.cases.rules import Door, Kind, Outcome, State, show_reference
from onloan.cases.sealing import unseal_answer, unseal_contact, unseal_representative, unseal_text
from onloan.errors import NotFound

LINES_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case in a list: nothing here says who asked."""

    id: UUID
    reference: str
    participant_id: UUID | None
    kind: Kind
    country: str
    language: str
    state: State
    door: Door
    received_at: datetime
    due_on: date
    legal_due_on: date
    closed_at: datetime | None
    outcome: Outcome | None

    def is_overdue(self, today: date) -> bool:
        """Whether the day that staff see has passed. ``today`` is a day in the market's time zone."""
        return self.state is State.OPEN and self.due_on < today


@dataclass(frozen=True, slots=True)
class CaseView:
    """A whole case, for the member of the team who answers it."""

    line: CaseLine
    contact: str | None
    text: str
    answer: str = ""
    is_extended: bool = False
    waits_for: Pause | None = None
    representative: str = ""


_MORE_FIELDS = ("sealed_contact", "sealed_text", "sealed_answer", "sealed_representative", "extended_at")
_LINE_FIELDS = tuple(CaseLine.__dataclass_fields__)


def list_cases(*, state: State | None = None, limit: int = LINES_MAX) -> list[CaseLine]:
    """Cases by due day: what is overdue comes first, what is closed last, the latest closed first."""
    cases = Case.objects.all() if state is None else Case.objects.filter(state=state)
    # "open" sorts after "closed".
    ordered = cases.order_by("-state", F("closed_at").desc(nulls_first=True), "due_on", "received_at")
    return [_line(row) for row in ordered.values(*_LINE_FIELDS)[:limit]]


def list_cases_of(participant_id: UUID) -> list[CaseLine]:
    """What one participant asked from their own page, the latest first."""
    rows = Case.objects.filter(participant_id=participant_id).order_by("-received_at").values(*_LINE_FIELDS)
    return [_line(row) for row in rows[:LINES_MAX]]


def find_case(case_id: UUID) -> CaseView:
    """The case with what was written and where the answer goes, in plain. Raises NotFound."""
    row = Case.objects.filter(id=case_id).values(*_LINE_FIELDS, *_MORE_FIELDS).first()
    if row is None:
        raise NotFound
    more = (row.pop(name) for name in _MORE_FIELDS)
    sealed_contact, sealed_text, sealed_answer, representative, extended_at = more
    waits_for = CasePause.objects.filter(case_id=case_id, answered_at=None).values_list("kind", flat=True).first()
    return CaseView(
        line=_line(row),
        contact=unseal_contact(case_id, bytes(sealed_contact)) if sealed_contact is not None else None,
        text=unseal_text(case_id, bytes(sealed_text)) if sealed_text is not None else "",
        answer=unseal_answer(case_id, bytes(sealed_answer)) if sealed_answer is not None else "",
        is_extended=extended_at is not None,
        waits_for=Pause(waits_for) if waits_for is not None else None,
        representative=unseal_representative(case_id, bytes(representative)) if representative is not None else "",
    )


def count_open_cases(*, today: date) -> tuple[int, int]:
    """(open, overdue) cases."""
    waiting = Case.objects.filter(state=State.OPEN)
    return waiting.count(), waiting.filter(due_on__lt=today).count()


def count_complaints(*, country: str) -> int:
    """How many complaints were sent to us about a country, sightings left out."""
    return Case.objects.filter(kind=Kind.COMPLAINT, country=country).count()


def _line(row: dict[str, Any]) -> CaseLine:
    outcome = row["outcome"]
    return CaseLine(**{
        **row,
        "reference": show_reference(row["reference"]),
        "kind": Kind(row["kind"]),
        "state": State(row["state"]),
        "door": Door(row["door"]),
        "outcome": Outcome(outcome) if outcome is not None else None,
    })  # fmt: skip
