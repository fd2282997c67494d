"""The table of periodic jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan.access.actions import forget_answers
from onloan.consents.actions import expire_due
from onloan.evidence.actions import number_entries
from onloan.ledger.check import require_balance
from onloan.offers.switch import close_due_markets, finish_stopping
from onloan.outbox.actions import deliver_due, forget_settled
from onloan.people.actions import purge_codes
from onloan.people.queries import read_item
from onloan.referrals.actions import release_windows, settle_due


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` takes the time and returns how many pieces of work it did."""

    name: str
    every_seconds: float
    run: Callable[[datetime], int]


def read_address(participant_id: UUID) -> str | None:
    """Where a participant's mail goes, opened only at the moment of sending."""
    value = read_item(participant_id, "email")
    return value.decode() if value is not None else None


def deliver_messages(now: datetime) -> int:
    return deliver_due(now=now, limit=50, read_address=read_address)


def check_books(now: datetime) -> int:
    """Raises MustStopError when money was made or lost: then nothing more is settled or paid by itself."""
    require_balance()
    return 0


JOBS = (
    Job("number entries", 0.5, lambda now: number_entries()),
    Job("deliver messages", 0.5, deliver_messages),
    Job("finish stopping", 0.5, lambda now: finish_stopping(now=now)),
    Job("settle rewards", 2, lambda now: settle_due(now=now, limit=200)),
    Job("expire consents", 60, lambda now: expire_due(now=now, limit=500)),
    Job("close markets", 60, lambda now: close_due_markets(now=now)),
    Job("release windows", 60, lambda now: release_windows(now=now, limit=500)),
    Job("check the books", 24 * 3600, check_books),
    Job("forget answers", 3600, lambda now: forget_answers(now=now)),
    Job("forget messages", 3600, lambda now: forget_settled(now=now)),
    Job("purge codes", 300, lambda now: purge_codes(now=now)),
)
