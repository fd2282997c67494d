"""The clock of a review, and what it may say. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class ReviewState(StrEnum):
    """``refused`` still waits for the person, who may ask again; ``final`` is over."""

    OPEN = "open"
    COUNTED = "counted"
    REFUSED = "refused"
    FINAL = "final"


class Decision(StrEnum):
    COUNT = "count"
    REFUSE = "refuse"


REVIEW_STATES = tuple(state.value for state in ReviewState)

DECIDE_WITHIN = timedelta(days=10)
"""After that, what was held counts: no decision counts for the person (legal rule LR-075)."""

ASK_AGAIN_WITHIN = timedelta(days=14)
"""How long a person may ask for another human after a refusal; the reward stays held until then."""

ALARM_BEFORE = timedelta(days=3)
"""How long before the day of an open review those who decide get a mail."""

MARKS_KEPT = timedelta(days=365)
SIGNALS_KEPT = timedelta(days=365)
REFUSED_KEPT = timedelta(days=3 * 365)
"""Retention of fraud signals: 12 months, of a confirmed case 3 years."""

COMMENT_CHARACTERS_MAX = 2_000
REASON_CHARACTERS_MAX = 400
