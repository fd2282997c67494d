"""What the person is told by letter: it waits until a member of the team says that it was posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext

from onloan.cases.answers import write_day
from onloan.cases.desk import ASKED, begin_pause, find_open_pause
from onloan.cases.models import Case
from onloan.cases.queries import CaseView
from onloan.cases.rules import EventKind
from onloan.cases.timeline import Event, list_events

QUESTIONS = {kind: pause for pause, kind in ASKED.items()}
TOLD = frozenset({*QUESTIONS, EventKind.EXTENDED, EventKind.MESSAGE_TO_PERSON})
"""What the team writes to the person before the answer."""
_SETTLED = frozenset({EventKind.IDENTITY_GIVEN, EventKind.IDENTIFIED, EventKind.CLARIFIED})
"""After these a question that lies unposted is not asked any more."""


def list_to_post(case: CaseView) -> list[Event]:
    """What the person was told and was not posted yet, the first one first."""
    since = case.line.letter_waits_since
    if since is None:
        return []
    return [event for event in list_events(case.line.id) if event.kind in TOLD and event.at >= since]


def write_told(case: CaseView, events: Sequence[Event]) -> str:
    """These messages in the person's language, each as its mail says it."""
    with translation.override(case.line.language):
        return "\n\n".join(_write_one(case, event) for event in events)


def _write_one(case: CaseView, event: Event) -> str:
    line = case.line
    if event.kind in QUESTIONS:
        how = gettext("Answer with the number %(case_reference)s. Please send no copy of an identity card.")
        return "\n\n".join([
            gettext("To go on we need to know:"), event.text, how % {"case_reference": line.reference}
        ])  # fmt: skip
    if event.kind is EventKind.EXTENDED:
        until = gettext("You get our answer by %(legal_due_on)s at the latest. Why it takes longer:")
        return until % {"legal_due_on": write_day(line.legal_due_on)} + "\n\n" + event.text
    return event.text


def begin_posted_pause(row: Case, now: datetime) -> None:
    """The question in the letter stops the clock from the day on which it was posted; why it was asked is the note
    that was written with it. Nothing is stopped by what was settled meanwhile."""
    if row.letter_waits_since is None or find_open_pause(row.id) is not None:
        return
    events = [event for event in list_events(row.id) if event.at >= row.letter_waits_since]
    asked = [event for event in events if event.kind in QUESTIONS]
    if not asked or any(event.kind in _SETTLED and event.at >= asked[-1].at for event in events):
        return
    question = asked[-1]
    notes = [event.text for event in events if event.kind is EventKind.NOTE and event.at == question.at]
    begin_pause(row, QUESTIONS[question.kind], notes[-1], now)
