"""Reminders before a case is due and each day while it is late; and mails about cases that did not arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from onloan import clock, db, ids
from onloan.access.rules import Capability
from onloan.access.team import list_members
from onloan.cases import clocks
from onloan.cases.models import Case, CaseEvent, CasePause
from onloan.cases.rules import EventKind, State
from onloan.cases.timeline import event_statement
from onloan.db import action
from onloan.markets.rules import market_facts
from onloan.outbox.models import Message
from onloan.outbox.rules import KIND_MAIL, STATE_FAILED
from onloan.outbox.statements import mail_statement

CASE_MAILS = (
    "case_acknowledged", "case_answered", "case_extended", "case_progress", "case_question", "case_in_your_name",
    "case_erasure_begun", "case_erased", "case_erasure_complete", "restriction_told",
    "pack_ready", "case_payment_late",
)  # fmt: skip
CASES_AT_A_TIME = 200
"""How many alarms are noted in one transaction: a bad day's requests come due together, and others write, too."""
LOOK_BACK = timedelta(days=7)
"""How far back it looks for mails that failed: longer than the job stands still without anybody noticing."""


class Reached(NamedTuple):
    """A case that has come as near to its day as ``step`` (``clocks.alarm_step``) says."""

    case_id: UUID
    participant_id: UUID | None
    step: int


def watch_cases(*, now: datetime) -> int:
    """Write to everybody who handles cases ten, three and no days before a case is due, and each day after; of how
    many cases. One whose clock stands still is left alone while it does."""
    open_cases = Case.objects.filter(state=State.OPEN).exclude(
        id__in=CasePause.objects.filter(answered_at=None).values("case_id")
    )
    soon = open_cases.filter(due_on__lte=now.date() + timedelta(days=max(clocks.ALARM_DAYS) + 1))
    reached: list[Reached] = []
    read = soon.values_list("id", "participant_id", "country", "due_on", "alarm_days")
    for case_id, participant_id, country, due_on, told in read.iterator():
        left = clocks.days_left(due_on, clock.local_day(now, market_facts(country).time_zone))
        step = clocks.alarm_step(left)
        if step is not None and (told is None or step < told):
            reached.append(Reached(case_id, participant_id, step))
    if reached:
        _tell_due(count=len(reached), late=sum(each.step < 0 for each in reached))
    for start in range(0, len(reached), CASES_AT_A_TIME):
        _alarm(reached=reached[start : start + CASES_AT_A_TIME], now=now)
    return len(reached)


@action
def _tell_due(*, count: int, late: int) -> None:
    _tell_team("cases_due", {"count": count, "late": late})


@action
def _alarm(*, reached: Sequence[Reached], now: datetime) -> None:
    for step in {each.step for each in reached}:
        of_step = [each.case_id for each in reached if each.step == step]
        Case.objects.filter(id__in=of_step).update(alarm_days=step, alarmed_at=now)
    db.execute([event_statement(each.case_id, each.participant_id, EventKind.ALARMED, now) for each in reached])


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
        _tell_team("cases_undelivered", {"count": count})
    return count


def _tell_team(template: str, context: dict[str, int]) -> None:
    db.execute([
        mail_statement(
            template=template, language=settings.LANGUAGE_CODE, address=member.email, context=dict(context)
        )
        for member in list_members()
        if member.can(Capability.HANDLE_CASES)
    ])  # fmt: skip
