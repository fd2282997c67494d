"""What the person is told by letter: it waits until a member of the team says that it was posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext

from onloan.cases.answers import write_day
from onloan.cases.desk import ASKED, begin_pause, find_open_pause
from onloan.cases.models import Case
from onloan.cases.queries import CaseView
from onloan.cases.queue_queries import ENDS_FAILURE, list_failed_mails
from onloan.cases.rules import EventKind
from onloan.cases.timeline import Event, list_events

_TOLD_BY = {
    "case_acknowledged": {EventKind.RECEIVED},
    "case_payment_late": {EventKind.PAYMENT_LATE},
    "case_question": {EventKind.IDENTITY_ASKED, EventKind.CLARIFICATION_ASKED},
    "case_extended": {EventKind.EXTENDED},
    "case_progress": {EventKind.MESSAGE_TO_PERSON},
    "case_reminder": {EventKind.MESSAGE_TO_PERSON},
    "case_answered": {EventKind.ANSWERED},
}
"""With which line of the timeline each mail is written."""
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


def list_missed(case_id: UUID) -> list[Event]:
    """What the mails that did not arrive had told, the first one first; what opened it stands for the receipt.
    What was sent after a mail had failed ends this, unless it did not arrive either."""
    events = list_events(case_id)
    lost: dict[int, datetime] = {}
    for template, written_at, failed_at in list_failed_mails(case_id):
        places = [
            place
            for place, event in enumerate(events)
            if event.kind in _TOLD_BY.get(template, ()) and event.at <= written_at
        ]
        if places:
            lost[places[-1]] = failed_at
    arrived = [event.at for place, event in enumerate(events) if event.kind in ENDS_FAILURE and place not in lost]
    return [
        events[place] for place, failed_at in sorted(lost.items()) if not any(at > failed_at for at in arrived)
    ]


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
