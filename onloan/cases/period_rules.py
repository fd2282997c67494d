"""Periods in calendar months, and when a person's page closes because its time is over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from onloan.cases.erasure_rules import RETENTION_NOTICE
from onloan.markets.rules import add_months
from onloan.offers.retention import PROFILE_MONTHS, PROFILE_YEARS_MAX

TOLD_BEFORE = RETENTION_NOTICE + timedelta(days=1)
"""How long before its last instant a page begins to close. The job looks once a day: a day more, so that the
notice has its whole length and the page is gone in time all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What a page's last instant follows from. ``taking_part_until``: the end of the campaign, or of the time in
    which the person could invite, whichever is later. ``paid_at``: when they last got cash or a voucher."""

    taking_part_until: datetime
    paid_at: datetime | None
    acted_at: datetime


def months_after(instant: datetime, months: int) -> datetime:
    """The same day and time (UTC) so many calendar months later, or earlier where ``months`` is negative."""
    at = instant.astimezone(UTC)
    return datetime.combine(add_months(at.date(), months), at.timetz())


def years_before(instant: datetime, years: int) -> datetime:
    """The same day and time (UTC) so many calendar years earlier."""
    return months_after(instant, -12 * years)


def find_page_end(facts: PageFacts) -> datetime:
    """The instant at which a page has to be gone, as the notice says it.

    Whoever does something here once they were told that it closes wants to keep it: then it stays as long again.
    """
    last = facts.taking_part_until if facts.paid_at is None else max(facts.taking_part_until, facts.paid_at)
    ends_at = months_after(last, PROFILE_MONTHS)
    if facts.acted_at >= ends_at - TOLD_BEFORE:
        ends_at = months_after(facts.acted_at, PROFILE_MONTHS)
    return min(ends_at, months_after(facts.acted_at, 12 * PROFILE_YEARS_MAX))


def is_page_closing(facts: PageFacts, now: datetime) -> bool:
    """Whether the person is to be told now, or was told and did nothing since."""
    return find_page_end(facts) - TOLD_BEFORE <= now
