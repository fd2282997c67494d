"""When an erasure is done, and when it is complete. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from onloan.cases.rules import Door, ErasureCause, Outcome

GRACE = {
    Door.MY_PAGE: timedelta(days=1),
    Door.PUBLIC_PAGE: timedelta(days=1),
    Door.API: timedelta(days=1),
    Door.STAFF: timedelta(days=3),
}
"""How long whoever asked can still change their mind, while nothing of them is shown. A letter proves less than a
code: whoever did not write it learns of it by mail, and has longer."""
RETENTION_NOTICE = timedelta(days=30)
"""How long before the end of their time a person is told of it."""


STOPS_ERASURE = frozenset({Outcome.REFUSED, Outcome.TAKEN_BACK})
"""With these answers nothing is erased: what was begun is stopped."""


class Step(StrEnum):
    """What an erasure goes through, in this order."""

    STOPPED_SHOWING = "stopped_showing"
    MONEY = "money"
    ERASED = "erased"
    RECIPIENTS = "recipients"
    DATABASE = "database"
    BACKUPS = "backups"


class StepState(StrEnum):
    DONE = "done"
    NOW = "now"
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step: ``at`` when it was done, or ``by`` the day on which it will be, where that is known."""

    step: Step
    state: StepState
    at: datetime | None = None
    by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an erasure is: what the row says, and whether money still keeps it waiting. ``takes_slip``: money
    does not, as what is owed goes onto a slip when the person is erased."""

    begun_at: datetime
    erased_from: datetime
    takes_slip: bool
    is_money_waiting: bool
    erased_at: datetime | None
    recipients_done_at: datetime | None
    swept_at: datetime | None
    backups_until: date | None
    completed_at: datetime | None


def erased_from(cause: ErasureCause, door: Door | None, begun_at: datetime) -> datetime:
    """The first instant at which it may be done."""
    if cause is ErasureCause.RETENTION:
        return begun_at + RETENTION_NOTICE
    if cause is ErasureCause.RESTORED or door is None:
        return begun_at
    return begun_at + GRACE[door]


def can_end_with(outcome: Outcome, *, is_begun: bool, is_erased: bool) -> bool:
    """Whether this answer to a request for erasure is true: done, in whole or in part, once it is; refused or
    taken back, as long as it is not; that nothing is held, where nothing waits to be erased."""
    if outcome in STOPS_ERASURE:
        return not is_erased
    if outcome is Outcome.NOTHING_HELD:
        return is_erased or not is_begun
    return is_erased


def is_complete(progress: Progress, today: date) -> bool:
    """Whether nothing of the person is left anywhere that is ours: not in a backup either."""
    return (
        progress.recipients_done_at is not None
        and progress.swept_at is not None
        and progress.backups_until is not None
        and progress.backups_until < today
    )


def list_steps(progress: Progress) -> list[StepLine]:
    """Every step with its state, for the person and for the team. ``by`` days are UTC days."""
    instants = {
        Step.STOPPED_SHOWING: progress.begun_at,
        Step.MONEY: progress.erased_at,
        Step.ERASED: progress.erased_at,
        Step.RECIPIENTS: progress.recipients_done_at,
        # What goes when recipients have answered has to be swept as well.
        Step.DATABASE: progress.swept_at if progress.recipients_done_at is not None else None,
        Step.BACKUPS: progress.completed_at,
    }
    days = {Step.ERASED: progress.erased_from.date(), Step.BACKUPS: progress.backups_until}
    if progress.takes_slip:
        days[Step.MONEY] = progress.erased_from.date()
    elif progress.erased_at is None and not progress.is_money_waiting:
        instants[Step.MONEY] = progress.begun_at
    lines: list[StepLine] = []
    is_first_open = True
    for step, instant in instants.items():
        if instant is not None:
            lines.append(StepLine(step, StepState.DONE, at=instant))
            continue
        # Once it is erased, what is left goes on side by side.
        is_now = is_first_open or progress.erased_at is not None
        lines.append(StepLine(step, StepState.NOW if is_now else StepState.COMING, by=days.get(step)))
        is_first_open = False
    return lines
