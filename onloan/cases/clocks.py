"""How the clock of a case may be moved: one extension, told in time; pauses where the law has them. Pure."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, timedelta
from enum import StrEnum

from onloan import clock
from onloan.cases.rules import WAIT_ALARM_DAYS, CaseDue, Kind, case_due
from onloan.markets.rules import add_months, market_facts, rights_due, rights_extended_due

EXTENSION_MONTHS_WITHOUT_LAW = 2
"""Where the law names no longest extension, ours is the Union's."""
REASON_CHARACTERS_MIN = 20
REASON_CHARACTERS_MAX = 2_000
ALARM_DAYS = (10, 3, 0)
IDENTITY_ASKED_WITHIN_DAYS = 3
"""Whoever doubts who asks, says so at once: a question about it that comes later stops no clock (LR-077)."""
IDENTITY_ANSWERED_WITHIN_DAYS = 14
"""So long somebody who was asked who they are can answer, before we say that nobody can find it out."""
PROGRESS_EVERY_DAYS = 30
"""How long nobody waits without a word on how it goes on (LR-097)."""
RECEIVED_DAYS_BACK_MAX = 730
"""A letter that lay about for longer than two years is more likely a slip of the pen."""


class Pause(StrEnum):
    """A question without whose answer the case cannot go on."""

    IDENTITY = "identity"
    CLARIFICATION = "clarification"


RIGHTS = frozenset(Kind) - {Kind.COMPLAINT, Kind.SIGHTING}


def find_extension(
    kind: Kind, clock_from: date, today: date, country: str, public_holidays: Container[date], *, is_extended: bool
) -> CaseDue | None:
    """The days of an extended case; None where it cannot be extended: twice, after the first month, or a complaint
    (GDPR art. 12(3): once, told with reasons inside the first month)."""
    if kind not in RIGHTS or is_extended or today > rights_due(clock_from, country, public_holidays).calendar:
        return None
    return due_from(kind, clock_from, country, public_holidays, is_extended=True)


def can_pause(kind: Kind, pause: Pause, country: str) -> bool:
    """Whether this question stops the clock in ``country``; asking what is meant does so for access only."""
    if kind not in RIGHTS or pause.value not in market_facts(country).rights.pauses:
        return False
    return pause is Pause.IDENTITY or kind is Kind.ACCESS


def stops_clock(pause: Pause, received_on: date, asked_on: date) -> bool:
    """Whether a question asked on ``asked_on`` comes in time to stop the clock."""
    return pause is not Pause.IDENTITY or asked_on - received_on <= timedelta(days=IDENTITY_ASKED_WITHIN_DAYS)


def wants_progress(told_on: date, today: date) -> bool:
    """Whether somebody has waited long enough for a word on how it goes on; they last had one on ``told_on``."""
    return today - told_on >= timedelta(days=PROGRESS_EVERY_DAYS)


def received_day(country: str, stored: date | None, clock_from: date | None, received_at: datetime) -> date:
    """The day on which it reached us, for a letter before it was typed in; a release that stored none had it in
    the clock, as long as nothing had moved that."""
    if stored is not None:
        return stored
    typed_in = clock.local_day(received_at, market_facts(country).time_zone)
    return typed_in if clock_from is None else min(clock_from, typed_in)


def is_received_day(received_on: date, today: date) -> bool:
    """Whether a letter or a call can have come on that day: not in the future, and at most two years back."""
    return timedelta(0) <= today - received_on <= timedelta(days=RECEIVED_DAYS_BACK_MAX)


def resume_from(pause: Pause, clock_from: date, asked_on: date, answered_on: date, country: str) -> date:
    """From which day the law counts after a pause: from the identity's arrival where it says so, else the days of
    waiting are added."""
    if pause is Pause.IDENTITY and market_facts(country).rights.identity_restarts:
        return answered_on
    return clock_from + (answered_on - asked_on)


def due_from(
    kind: Kind, clock_from: date, country: str, public_holidays: Container[date], *, is_extended: bool
) -> CaseDue:
    """The days of a case whose clock began on ``clock_from``."""
    if is_extended:
        due = rights_extended_due(clock_from, country, public_holidays)
        if due is not None:
            return CaseDue(due.internal, due.legal)
        first = rights_due(clock_from, country, public_holidays).calendar
        last = add_months(first, EXTENSION_MONTHS_WITHOUT_LAW)
        return CaseDue(last, last)
    return case_due(kind, clock_from, country, public_holidays)


def alarm_step(days_left: int) -> int | None:
    """Which alarm a case with so many days left has reached: 10, 3 or 0, each day once it is late; or none yet."""
    if days_left < 0:
        return days_left
    reached = [days for days in ALARM_DAYS if days_left <= days]
    return min(reached) if reached else None


def wait_step(days_waited: int) -> int | None:
    """Which alarm a question has reached that waits for its answer so long: 10 or 30 days; or none yet."""
    reached = [days for days in WAIT_ALARM_DAYS if days_waited >= days]
    return max(reached) if reached else None


def is_answer_day(answered_on: date, asked_on: date, today: date) -> bool:
    """Whether a question can have been answered on that day: not before it was asked, and not in the future."""
    return asked_on <= answered_on <= today


def is_reason(text: str) -> bool:
    """Whether a reason says something to the person who reads it."""
    return REASON_CHARACTERS_MIN <= len(text.strip()) <= REASON_CHARACTERS_MAX


def days_left(due_on: date, today: date) -> int:
    return (due_on - today) // timedelta(days=1)
