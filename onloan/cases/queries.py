"""Reads of requests and complaints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from onloan import clock
from onloan.access.models import User
from onloan.cases.clocks import Pause, received_day
from onloan.cases.models import Case, CaseEvent, CasePause
from onloan.cases.rules import OURS, About, Door, EventKind, Kind, Outcome, Reach, State, show_reference
from onloan.cases.sealing import (
    unseal_answer,
    unseal_contact,
    unseal_identified_how,
    unseal_representative,
    unseal_text,
)
from onloan.cases.timeline import find_reply
from onloan.errors import NotFound
from onloan.markets.rules import known_countries, market_facts

LINES_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case in a list: nothing here says who asked. ``received_on`` is the day on which it reached us, in the
    market's time zone: for a letter before it was typed in."""

    id: UUID
    reference: str
    participant_id: UUID | None
    kind: Kind
    about: About
    country: str
    language: str
    state: State
    door: Door
    received_at: datetime
    received_on: date
    clock_from: date | None
    due_on: date
    legal_due_on: date
    closed_at: datetime | None
    outcome: Outcome | None
    letter_waits_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """Which member of the team tied the case to a participant, when, and how they knew."""

    by: str
    at: datetime
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A whole case, for the member of the team who answers it. ``contact`` is an e-mail address; where there is
    none, the answer goes by letter to ``postal_address``, also to a participant. ``replied_at``: when they first
    wrote after the question that stops the clock."""

    line: CaseLine
    contact: str | None
    postal_address: str
    text: str
    answer: str
    acknowledged_at: datetime | None
    is_extended: bool
    waits_for: Pause | None
    asked_at: datetime | None
    replied_at: datetime | None
    representative: str
    identified: Identification | None

    @property
    def goes_by_letter(self) -> bool:
        """Whether no mail is sent about it, so that what the person is told has to be posted."""
        return self.contact is None and (bool(self.postal_address) or self.line.participant_id is None)

    @property
    def reach(self) -> Reach:
        """Where the answer finds whoever asked."""
        if self.line.participant_id is None:
            return Reach.NOBODY
        if self.goes_by_letter:
            return Reach.LETTER
        # What came from another address than the one that they joined with, or from somebody who writes for them.
        return Reach.NUMBER if self.identified is not None and self.contact is not None else Reach.PAGE


_LINE_FIELDS = tuple(CaseLine.__dataclass_fields__)


def list_cases(
    *,
    state: State | None = None,
    kind: Kind | None = None,
    country: str = "",
    late_at: datetime | None = None,
    limit: int = LINES_MAX,
) -> list[CaseLine]:
    """Cases by due day: what is overdue comes first, what is closed last, the latest closed first. ``late_at``:
    only those that are late at that instant."""
    cases = Case.objects.all() if state is None else Case.objects.filter(state=state)
    if kind is not None:
        cases = cases.filter(kind=kind)
    if country:
        cases = cases.filter(country=country)
    if late_at is not None:
        cases = cases.filter(is_late(late_at))
    # "open" sorts after "closed".
    return read_lines(
        cases.order_by("-state", F("closed_at").desc(nulls_first=True), "due_on", "received_at")[:limit]
    )


def stands_still() -> Exists:
    """For a query of cases: whether the clock stands still. It waits for the answer to a question, and not for a
    member who says that the answer came: once the person has written, time runs (``following``)."""
    ours = CaseEvent.objects.filter(case_id=OuterRef("case_id"), kind__in=OURS, at__gt=OuterRef("at"))
    replies = CaseEvent.objects.filter(
        ~Exists(ours),
        case_id=OuterRef("case_id"),
        kind=EventKind.MESSAGE_FROM_PERSON,
        at__gte=OuterRef("asked_at"),
    )
    return Exists(CasePause.objects.filter(~Exists(replies), case_id=OuterRef("pk"), answered_at=None))


def list_due(*, now: datetime, within: timedelta) -> list[CaseLine]:
    """Open cases that are late or due soon, the first day first; those whose clock stands still are left out."""
    soon = Case.objects.filter(~stands_still(), state=State.OPEN, due_on__lte=now.date() + within)
    return read_lines(soon.order_by("due_on", "received_at")[:LINES_MAX])


def read_lines(cases: QuerySet[Case]) -> list[CaseLine]:
    """The lines of a chosen and ordered part of the cases."""
    return [_line(row) for row in cases.values(*_LINE_FIELDS)]


def list_cases_of(participant_id: UUID) -> list[CaseLine]:
    """What one participant asked from their own page, and what opened by itself for them, the latest first."""
    rows = Case.objects.filter(participant_id=participant_id).order_by("-received_at").values(*_LINE_FIELDS)
    return [_line(row) for row in rows[:LINES_MAX]]


def is_case_of(case_id: UUID, participant_id: UUID) -> bool:
    """Whether it stands on this participant's page."""
    return Case.objects.filter(id=case_id, participant_id=participant_id).exists()


def find_case(case_id: UUID) -> CaseView:
    """The case with what was written and where the answer goes, in plain. Raises NotFound."""
    row = Case.objects.filter(id=case_id).first()
    if row is None:
        raise NotFound
    pause = CasePause.objects.filter(case_id=case_id, answered_at=None).first()
    contact = unseal_contact(case_id, bytes(row.sealed_contact)) if row.sealed_contact is not None else ""
    sealed_by = row.sealed_representative
    return CaseView(
        line=_line({name: getattr(row, name) for name in _LINE_FIELDS}),
        contact=contact if row.contact_hash is not None else None,
        postal_address=contact if row.contact_hash is None else "",
        text=unseal_text(case_id, bytes(row.sealed_text)) if row.sealed_text is not None else "",
        answer=unseal_answer(case_id, bytes(row.sealed_answer)) if row.sealed_answer is not None else "",
        acknowledged_at=row.acknowledged_at,
        is_extended=row.extended_at is not None,
        waits_for=Pause(pause.kind) if pause is not None else None,
        asked_at=pause.asked_at if pause is not None else None,
        replied_at=find_reply(case_id, pause.asked_at) if pause is not None else None,
        representative=unseal_representative(case_id, bytes(sealed_by)) if sealed_by is not None else "",
        identified=_identification(row),
    )


def _identification(row: Case) -> Identification | None:
    if row.identified_at is None or row.identified_by_user_id is None or row.sealed_identified_how is None:
        return None
    name = User.objects.filter(id=row.identified_by_user_id).values_list("name", flat=True).first()
    how = unseal_identified_how(row.id, bytes(row.sealed_identified_how))
    return Identification(by=name or "", at=row.identified_at, how=how)


def count_open_cases(*, now: datetime) -> tuple[int, int]:
    """(open, late) cases, in one statement."""
    counts = Case.objects.filter(state=State.OPEN).aggregate(
        open=Count("id"), late=Count("id", filter=is_late(now))
    )
    return counts["open"], counts["late"]


def is_late(now: datetime) -> Q:
    """Open cases past the day that staff see, each by the day that it is in its country; one whose clock stands
    still is not late meanwhile."""
    return _is_due_by(now, timedelta(days=-1))


def is_due_within(now: datetime, days: int) -> Q:
    """Open cases that are not late and due today or in so many days; one whose clock stands still is not."""
    past = Q()
    for today, countries in _days_now(now).items():
        past |= Q(due_on__gte=today, country__in=countries)
    return _is_due_by(now, timedelta(days=days)) & past


def _days_now(now: datetime) -> dict[date, list[str]]:
    """Which day it is, and in which countries."""
    days: dict[date, list[str]] = {}
    for country in known_countries():
        days.setdefault(clock.local_day(now, market_facts(country).time_zone), []).append(country)
    return days


def _is_due_by(now: datetime, ahead: timedelta) -> Q:
    """Open cases whose clock runs, and whose day is at most ``ahead`` of today in their country."""
    days, past = _days_now(now), Q()
    for today, countries in days.items():
        past |= Q(due_on__lte=today + ahead, country__in=countries)
    # The first condition is what the index of days is read by, and the last the one that costs something.
    return Q(state=State.OPEN, due_on__lte=max(days) + ahead) & past & Q(~stands_still())


class ComplaintCount(NamedTuple):
    """Complaints about a country: those that people sent to us, and those that opened by themselves because a
    payment was late. Sightings are none."""

    sent: int
    opened_by_itself: int


def count_complaints() -> dict[str, ComplaintCount]:
    """By country, in one statement; a country about which there is none is left out."""
    of_late_payment = Q(door=Door.LATE_PAYMENT)
    counts = (
        Case.objects.filter(kind=Kind.COMPLAINT)
        .values("country")
        .annotate(sent=Count("id", filter=~of_late_payment), late=Count("id", filter=of_late_payment))
    )
    return {row["country"]: ComplaintCount(row["sent"], row["late"]) for row in counts}


def _line(row: dict[str, Any]) -> CaseLine:
    outcome = row["outcome"]
    return CaseLine(**{
        **row,
        "received_on": received_day(row["country"], row["received_on"], row["clock_from"], row["received_at"]),
        "reference": show_reference(row["reference"]),
        "kind": Kind(row["kind"]),
        "about": About(row["about"]),
        "state": State(row["state"]),
        "door": Door(row["door"]),
        "outcome": Outcome(outcome) if outcome is not None else None,
    })  # fmt: skip
