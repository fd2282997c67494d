"""Reminders before a case is due and each day while it is late; questions that nobody answers; and mails about
cases that did not arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Subquery

from onloan import clock, db, ids
from onloan.access.rules import Capability
from onloan.cases import clocks
from onloan.cases.models import Case, CaseEvent, CasePause
from onloan.cases.queries import stands_still
from onloan.cases.rules import WAIT_ALARM_DAYS, EventKind, State, show_reference
from onloan.cases.timeline import event_statement
from onloan.db import action
from onloan.markets.rules import market_facts
from onloan.outbox.models import Message
from onloan.outbox.rules import KIND_MAIL, STATE_FAILED
from onloan.outbox.team_mails import tell_members

CASE_MAILS = (
    "case_acknowledged", "case_answered", "case_extended", "case_progress", "case_question", "case_in_your_name",
    "case_erasure_begun", "case_erased", "case_erasure_complete", "restriction_told",
    "pack_ready", "case_payment_late", "case_reminder",
)  # fmt: skip
CASES_AT_A_TIME = 200
"""How many alarms are noted in one transaction: a bad day's requests come due together, and others write, too."""
NAMED_MAX = 10
"""How many cases a mail to the team names; the queue has all."""
LOOK_BACK = timedelta(days=7)
"""How far back it looks for mails that failed: longer than the job stands still without anybody noticing."""


class Reached(NamedTuple):
    """A case that has come as near to its day as ``step`` (``clocks.alarm_step``) says, with so many days left."""

    case_id: UUID
    participant_id: UUID | None
    step: int
    days: int


def watch_cases(*, now: datetime) -> int:
    """Write to everybody who handles cases ten, three and no days before a case is due, and each day after; of how
    many cases. One whose clock stands still is left alone while it does."""
    last = now.date() + timedelta(days=max(clocks.ALARM_DAYS) + 1)
    soon = Case.objects.filter(~stands_still(), state=State.OPEN, due_on__lte=last)
    reached: list[Reached] = []
    read = soon.values_list("id", "participant_id", "country", "due_on", "alarm_days")
    for case_id, participant_id, country, due_on, told in read.iterator():
        left = clocks.days_left(due_on, clock.local_day(now, market_facts(country).time_zone))
        step = clocks.alarm_step(left)
        if step is not None and (told is None or step < told):
            reached.append(Reached(case_id, participant_id, step, left))
    if reached:
        _tell_due(reached=reached)
    for start in range(0, len(reached), CASES_AT_A_TIME):
        _alarm(reached=reached[start : start + CASES_AT_A_TIME], now=now)
    return len(reached)


@action
def _tell_due(*, reached: Sequence[Reached]) -> None:
    steps = Counter(max(each.step, -1) for each in reached)
    tell_members(
        Capability.HANDLE_CASES,
        "cases_due",
        {
            "count": len(reached),
            "late": steps[-1],
            "due_today": steps[0],
            "due_in_3": steps[3],
            "due_in_10": steps[10],
            "cases": _list_urgent(
                {each.case_id: each.days for each in sorted(reached, key=lambda each: each.days)}
            ),
        },
    )


def _list_urgent(days: Mapping[UUID, int]) -> list[str]:
    """The first ten of these as a mail names them: number, kind and days, and nothing about a person."""
    first = list(days)[:NAMED_MAX]
    rows = {row[0]: row[1:] for row in Case.objects.filter(id__in=first).values_list("id", "reference", "kind")}
    return [
        f"{show_reference(rows[case_id][0])} {rows[case_id][1]} {days[case_id]}"
        for case_id in first
        if case_id in rows
    ]


@action
def _alarm(*, reached: Sequence[Reached], now: datetime) -> None:
    for step in {each.step for each in reached}:
        of_step = [each.case_id for each in reached if each.step == step]
        Case.objects.filter(id__in=of_step).update(alarm_days=step, alarmed_at=now)
    db.execute([event_statement(each.case_id, each.participant_id, EventKind.ALARMED, now) for each in reached])


def watch_waiting(*, now: datetime) -> int:
    """Write to everybody who handles cases once a question has waited ten days for its answer, and once it has
    thirty: nothing hides behind a clock that stands still. How many there are."""
    waiting = CasePause.objects.filter(
        answered_at=None,
        asked_at__lte=now - timedelta(days=min(WAIT_ALARM_DAYS) - 1),
        case_id__in=Case.objects.filter(stands_still(), state=State.OPEN).values("id"),
    )
    country_of_case = Case.objects.filter(id=OuterRef("case_id")).values("country")
    rows = waiting.annotate(country=Subquery(country_of_case)).order_by("asked_at", "id")
    reached: dict[UUID, int] = {}
    steps: dict[UUID, int] = {}
    for case_id, asked_at, told, country in rows.values_list("case_id", "asked_at", "alarm_days", "country"):
        zone = market_facts(country).time_zone
        days = clocks.days_left(clock.local_day(now, zone), clock.local_day(asked_at, zone))
        step = clocks.wait_step(days)
        if step is not None and (told is None or step > told):
            reached[case_id], steps[case_id] = days, step
    if reached:
        _alarm_waiting(reached=reached, steps=steps)
    return len(reached)


@action
def _alarm_waiting(*, reached: Mapping[UUID, int], steps: Mapping[UUID, int]) -> None:
    for step in set(steps.values()):
        of_step = [case_id for case_id, its in steps.items() if its == step]
        CasePause.objects.filter(case_id__in=of_step, answered_at=None).update(alarm_days=step)
    tell_members(Capability.HANDLE_CASES, "cases_waiting", {"count": len(reached), "cases": _list_urgent(reached)})


def watch_mails(*, now: datetime) -> int:
    """Note on its case each mail about it that failed for good, and write to everybody who handles cases: what was
    sent is not yet what arrived. How many there were since the last time."""
    failed = Message.objects.filter(
        settled_at__gt=now - LOOK_BACK, kind=KIND_MAIL, state=STATE_FAILED, template__in=CASE_MAILS
    )
    messages = {row.id: row for row in failed}
    noted = CaseEvent.objects.filter(id__in=list(messages)).values_list("id", flat=True)
    for message_id in set(noted):
        del messages[message_id]
    return _note_failed(messages=list(messages.values())) if messages else 0


@action
def _note_failed(*, messages: list[Message]) -> int:
    """The line of a mail has the mail's own id, so that it is noted once; beside it stands which mail it was."""
    references = {row.id: ids.normalize_code(str(row.context.get("case_reference", ""))) for row in messages}
    wanted = [reference for reference in references.values() if reference]
    cases = {case.reference: case for case in Case.objects.filter(reference__in=wanted)}
    count = 0
    for row in messages:
        case = cases.get(references[row.id] or "")
        if case is None or row.settled_at is None:
            continue
        db.execute([
            event_statement(
                case.id, case.participant_id, EventKind.MAIL_FAILED, row.settled_at, text=row.template,
                event_id=row.id,
            )
        ])  # fmt: skip
        count += 1
    if count:
        tell_members(Capability.HANDLE_CASES, "cases_undelivered", {"count": count})
    return count
