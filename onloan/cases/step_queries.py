"""What the steps of open cases follow from (``step_rules``), read for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Subquery

from onloan import clock
from onloan.cases.clocks import days_left, wants_progress
from onloan.cases.models import Case, CaseEvent, CasePause, Erasure
from onloan.cases.pack.queries import PACK_KINDS, has_gap
from onloan.cases.queries import CaseLine
from onloan.cases.rules import OPENS, OURS, EventKind, Kind, State
from onloan.cases.sealing import unseal_contact
from onloan.cases.step_rules import CaseFacts, Step, find_step
from onloan.markets.rules import market_facts
from onloan.people.queries import list_suppressed

_SETTLES = (*OURS, EventKind.IDENTITY_GIVEN, EventKind.CLARIFIED, EventKind.IDENTIFIED)
"""After these, what the person wrote was read."""
_LOOKED_AT = (
    *_SETTLES, *OPENS, EventKind.MESSAGE_FROM_PERSON, EventKind.PACK_READY, EventKind.PACK_SENT,
    EventKind.PACK_MADE, EventKind.ANOTHER_CONFIRMED,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a case stands. ``step`` is None once it is answered, ``waits_since`` while its clock runs;
    ``like_count``: how many other open ones came from the same address."""

    facts: CaseFacts
    step: Step | None
    waits_since: datetime | None
    like_count: int

    @property
    def stands_still(self) -> bool:
        """Whether no time runs: once the person has written, it does."""
        return self.waits_since is not None and not self.facts.has_written


def read_standings(lines: Sequence[CaseLine], now: datetime) -> dict[UUID, Standing]:
    """How each of these stands, in as many statements for one as for all."""
    case_ids = [line.id for line in lines]
    latest: dict[UUID, dict[EventKind, datetime]] = {}
    events = CaseEvent.objects.filter(case_id__in=case_ids, kind__in=_LOOKED_AT)
    for case_id, kind, at in events.values_list("case_id", "kind").annotate(Max("at")):
        latest.setdefault(case_id, {})[EventKind(kind)] = at
    rows = {row["id"]: row for row in _read_rows(case_ids)}
    suppressed = _list_suppressed(lines, rows)
    return {
        line.id: _stand(line, rows[line.id], latest.get(line.id, {}), suppressed, now)
        for line in lines
        if line.id in rows
    }


def find_standing(line: CaseLine, now: datetime) -> Standing:
    return read_standings([line], now)[line.id]


def _read_rows(case_ids: Sequence[UUID]) -> Iterable[Mapping[str, Any]]:
    asked = CasePause.objects.filter(case_id=OuterRef("id"), answered_at=None)
    erasures = Erasure.objects.filter(case_id=OuterRef("id"))
    like = Case.objects.filter(contact_hash=OuterRef("contact_hash"), state=State.OPEN).exclude(id=OuterRef("id"))
    fields = ("id", "acknowledged_at", "contact_hash", "sealed_contact", "identified_at")
    rows: Iterable[Mapping[str, Any]] = Case.objects.filter(id__in=list(case_ids)).values(*fields).annotate(
        waits_since=Subquery(asked.values("asked_at")[:1]),
        is_erasing=Exists(erasures),
        is_erased=Exists(erasures.filter(erased_at__isnull=False)),
        has_gap=has_gap(),
        like_count=Subquery(like.order_by().values("contact_hash").annotate(n=Count("id")).values("n")),
    )  # fmt: skip
    return rows


def _stand(
    line: CaseLine,
    row: Mapping[str, Any],
    latest: Mapping[EventKind, datetime],
    suppressed: Set[UUID],
    now: datetime,
) -> Standing:
    zone = market_facts(line.country).time_zone
    today = clock.local_day(now, zone)
    told_on = [clock.local_day(latest[kind], zone) for kind in (*OURS, *OPENS) if kind in latest]
    wrote, since = latest.get(EventKind.MESSAGE_FROM_PERSON), row["waits_since"]
    another = latest.get(EventKind.ANOTHER_CONFIRMED)
    ready, taken = latest.get(EventKind.PACK_READY), latest.get(EventKind.PACK_SENT)
    facts = CaseFacts(
        kind=line.kind,
        is_known=line.participant_id is not None,
        has_letter=row["acknowledged_at"] is None or line.letter_waits_since is not None,
        waited_days=None if since is None else days_left(today, max([clock.local_day(since, zone), *told_on])),
        has_written=wrote is not None and all(wrote > latest[kind] for kind in _SETTLES if kind in latest),
        is_erasing=row["is_erasing"],
        is_erased=row["is_erased"],
        is_suppressed=line.id in suppressed,
        is_doubted=(
            row["identified_at"] is not None
            and another is not None
            and another >= latest.get(EventKind.IDENTIFIED, another)
        ),
        wants_copy=(
            line.kind in PACK_KINDS
            and row["identified_at"] is not None
            and row["contact_hash"] is None
            and row["sealed_contact"] is not None
            and EventKind.PACK_MADE not in latest
        ),
        wants_word=wants_progress(max(told_on, default=line.received_on), today),
        has_gap=row["has_gap"],
        is_ready=ready is not None,
        is_taken=taken is not None and (ready is None or taken >= ready),
    )
    return Standing(
        facts=facts,
        step=find_step(facts) if line.state is State.OPEN else None,
        waits_since=since,
        like_count=row["like_count"] or 0,
    )


def _list_suppressed(lines: Sequence[CaseLine], rows: Mapping[UUID, Mapping[str, Any]]) -> set[UUID]:
    """Objections of nobody known whose address gets no advertising any more."""
    contacts = {
        line.id: unseal_contact(line.id, bytes(rows[line.id]["sealed_contact"]))
        for line in lines
        if line.kind is Kind.OBJECTION
        and line.state is State.OPEN
        and line.participant_id is None
        and line.id in rows
        and rows[line.id]["contact_hash"] is not None
        and rows[line.id]["sealed_contact"] is not None
    }
    if not contacts:
        return set()
    suppressed = set(list_suppressed(sorted(set(contacts.values()))))
    return {case_id for case_id, contact in contacts.items() if contact in suppressed}
