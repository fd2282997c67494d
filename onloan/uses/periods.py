"""From when to when a use lasted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from onloan import clock

OWN_CHANNELS = frozenset({"invitation_page", "sponsor_page"})
"""Pages of ours: we ask at each view, so that a use there is of one day, and their addresses are ours."""


@dataclass(frozen=True, slots=True)
class PastUse:
    """A use, or a mass use, as what somebody saw is compared with it. ``last_day`` is None while it goes on."""

    id: UUID
    items: tuple[str, ...]
    channel: str
    first_day: date
    last_day: date | None
    is_mass: bool


def find_last_day(
    *,
    channel: str,
    ended_at: datetime | None,
    consent_ends_at: datetime | None,
    first_day: date,
    now: datetime,
    time_zone: str,
) -> date | None:
    """A use lasts until whoever asked says that it is over, and at the longest until its consent ended; None while
    it goes on. Days are those of ``time_zone``."""
    if channel in OWN_CHANNELS:
        return first_day
    end = ended_at
    if end is None and consent_ends_at is not None and consent_ends_at <= now:
        end = consent_ends_at
    return None if end is None else max(first_day, clock.local_day(end, time_zone))
