"""What an open case waits for: one rule for the queue, the page of the case and every list. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from onloan.cases.rules import WAIT_ALARM_DAYS, Kind

FROM_ANYBODY = frozenset({Kind.COMPLAINT, Kind.SIGHTING})
"""What is looked into, whoever wrote it."""


class Step(StrEnum):
    """The one thing that somebody does next."""

    LETTER = "letter"
    REPLIED = "replied"
    WAITS = "waits"
    REMIND = "remind"
    WROTE = "wrote"
    ERASING = "erasing"
    ERASED = "erased"
    WHO = "who"
    WHO_AGAIN = "who_again"
    TELL = "tell"
    COPY = "copy"
    PACK_GAP = "pack_gap"
    PACK_READY = "pack_ready"
    PACK_TAKEN = "pack_taken"
    TO_ANSWER = "to_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What the step follows from.

    ``has_letter``: something is to be posted. ``waited_days``: the clock stands still, and for so long the person
    has had no word of ours; None while it runs. ``has_written``: they wrote, and nothing was done about it since.
    ``is_suppressed``: an objection of nobody known whose address gets no advertising any more, so that nobody has
    to be found. ``is_doubted``: somebody else than the one to whom it is tied typed the code. ``wants_copy``: it
    goes by post, and nobody made it yet. ``wants_word``: a complaint whose person has heard nothing for 30 days.
    """

    kind: Kind
    is_known: bool
    has_letter: bool = False
    waited_days: int | None = None
    has_written: bool = False
    is_erasing: bool = False
    is_erased: bool = False
    is_suppressed: bool = False
    is_doubted: bool = False
    wants_copy: bool = False
    wants_word: bool = False
    has_gap: bool = False
    is_ready: bool = False
    is_taken: bool = False


def find_step(facts: CaseFacts) -> Step:
    """What is to be done first: what somebody waits for on paper, then what the person said, then the work."""
    if facts.has_letter:
        return Step.LETTER
    if facts.waited_days is not None:
        if facts.has_written:
            return Step.REPLIED
        return Step.REMIND if facts.waited_days >= min(WAIT_ALARM_DAYS) else Step.WAITS
    if facts.is_doubted:
        return Step.WHO_AGAIN
    if facts.has_written:
        return Step.WROTE
    if facts.is_erasing:
        return Step.ERASED if facts.is_erased else Step.ERASING
    if not facts.is_known and facts.kind not in FROM_ANYBODY and not facts.is_suppressed:
        return Step.WHO
    if facts.kind is Kind.COMPLAINT and facts.wants_word:
        return Step.TELL
    return _find_work(facts)


def _find_work(facts: CaseFacts) -> Step:
    """A copy that lacks something says so until it is whole, whatever was offered or taken meanwhile."""
    if facts.has_gap:
        return Step.PACK_GAP
    if facts.wants_copy:
        return Step.COPY
    if facts.is_taken:
        return Step.PACK_TAKEN
    return Step.PACK_READY if facts.is_ready else Step.TO_ANSWER
