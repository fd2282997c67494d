"""Which use explains what somebody saw. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from onloan.uses.periods import OWN_CHANNELS, PastUse

ADDRESS_CHARACTERS_MAX = 500
SEEN_DAYS_AGO_MAX = 731


@dataclass(frozen=True, slots=True)
class Match:
    """``is_after_end``: the use had ended before the day on which it was seen."""

    use: PastUse
    is_after_end: bool


def is_address(text: str) -> bool:
    """Whether ``text`` is the address of a web page that somebody can open."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_plain = text.isprintable() and " " not in text and len(text) <= ADDRESS_CHARACTERS_MAX
    return is_plain and parts.scheme in {"http", "https"} and bool(parts.hostname)


def is_seen_day(seen_on: date, today: date) -> bool:
    """``today`` where the person is may be a day ahead of us."""
    return today - timedelta(days=SEEN_DAYS_AGO_MAX) <= seen_on <= today + timedelta(days=1)


def match_use(
    uses: Iterable[PastUse],
    *,
    item: str,
    channel: str,
    seen_on: date,
    address: str,
    own_host: str,
    shown_use_id: UUID | None,
) -> Match | None:
    """The use that explains the sighting: one that was going on that day, else the last one that was over by then.

    ``shown_use_id``: the address is one at which we show that very use, so no other one explains it. What was seen
    on another host than ours was not on a page of ours, and what began later was not what was seen.
    """
    if shown_use_id is not None:
        fitting = [use for use in uses if use.id == shown_use_id]
    else:
        is_ours = not address or urlsplit(address).hostname == own_host
        if not channel or (channel in OWN_CHANNELS and not is_ours):
            return None
        fitting = [use for use in uses if use.channel == channel and item in use.items]
    begun = [use for use in fitting if use.first_day <= seen_on]
    if not begun:
        return None
    going_on = [use for use in begun if use.last_day is None or seen_on <= use.last_day]
    if going_on:
        return Match(max(going_on, key=lambda use: use.first_day), is_after_end=False)
    return Match(max(begun, key=lambda use: use.last_day or date.max), is_after_end=True)
