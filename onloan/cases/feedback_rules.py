"""What people can remark on, how far the team is between stopping a market and opening it again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from onloan.offers.rules import ChangeLine

TEXT_CHARACTERS_MAX = 1_000
EXPLANATION_LENGTH_MIN, EXPLANATION_LENGTH_MAX = 20, 1_000
COUNTED_MIN = 10
"""Below this, a count is not said exactly in public, so that nobody can be picked out (design, promise 12)."""


class Topic(StrEnum):
    ASKED = "asked"
    SHOWN = "shown"
    DURATION = "duration"
    AMOUNTS = "amounts"
    CONDITIONS = "conditions"
    PAYMENT = "payment"
    CLARITY = "clarity"
    OTHER = "other"


class FeedbackDoor(StrEnum):
    """From which page it came: the offer's while it runs, the same while it is stopped, or one's own."""

    OFFER_PAGE = "offer_page"
    STOPPED_PAGE = "stopped_page"
    MY_PAGE = "my_page"


class Step(StrEnum):
    """The journey of a market from stopping to opening again."""

    SUSPEND = "suspend"
    LISTEN = "listen"
    CHANGE = "change"
    PUBLISH = "publish"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Journey:
    """Where a market is. ``old_number`` is the version that ran when it was stopped, ``new_number`` the one that
    runs or would run next. ``reopened_at`` is None until the journey is over."""

    now_at: Step
    done: frozenset[Step]
    suspended_at: datetime
    old_number: int
    new_number: int
    reason: str
    reopened_at: datetime | None


def find_journey(changes: Sequence[ChangeLine], *, feedback_count: int, has_draft: bool) -> Journey | None:
    """The latest journey of a market, computed from its history (newest first); None for one that was never
    suspended. ``feedback_count`` is what people said about the version that was stopped; ``has_draft``: a draft of
    the next version waits.
    """
    index = next((i for i, each in enumerate(changes) if _is_stop(changes, i)), None)
    if index is None:
        return None
    stop, later = changes[index], list(reversed(changes[:index]))
    reopening = next((each for each in later if each.state == "open"), None)
    # What was published after it opened again belongs to no journey.
    until = later if reopening is None else later[: later.index(reopening) + 1]
    new_number = max([stop.version_number, *(each.version_number for each in until)])
    done = {Step.SUSPEND}
    if feedback_count:
        done.add(Step.LISTEN)
    if new_number > stop.version_number:
        done |= {Step.CHANGE, Step.PUBLISH}
    elif has_draft:
        done.add(Step.CHANGE)
    if reopening is not None:
        done = set(Step)
    now_at = next((step for step in Step if step not in done), Step.REOPEN)
    if now_at is Step.LISTEN and Step.CHANGE in done:
        # Nobody has to have written before something changes.
        now_at = next(step for step in (Step.PUBLISH, Step.REOPEN) if step not in done)
    return Journey(
        now_at=now_at,
        done=frozenset(done),
        suspended_at=stop.at,
        old_number=stop.version_number,
        new_number=new_number,
        reason=stop.reason,
        reopened_at=None if reopening is None else reopening.at,
    )


def _is_stop(changes: Sequence[ChangeLine], index: int) -> bool:
    """A line that suspends; a later line of a suspended market may only carry a new version."""
    if changes[index].state != "suspended":
        return False
    return index + 1 == len(changes) or changes[index + 1].state != "suspended"


def find_move(changes: Sequence[ChangeLine]) -> tuple[ChangeLine, ChangeLine] | None:
    """The latest lines of a market's history (newest first) before and after its version changed while people
    could read it; None where that never happened."""
    for after, before in pairwise(changes):
        if after.version_number > before.version_number and before.state in {"open", "suspended"}:
            return before, after
    return None
