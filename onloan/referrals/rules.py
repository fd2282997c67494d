"""Who counts for whom, what qualifies and when, and what is a person's click. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from onloan.offers.document import Referral

LINK_CODE_LENGTH = 7
"""Random characters of a link code; the eighth is a check character."""

EVENT_CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of the merchant's system may run."""

REPORT_GRACE = timedelta(days=7)
"""How long after the last day to qualify an event may still be reported; then the pot is released."""

LINK_CODE_TRIES_MAX = 20
CLICKS_PER_FLUSH_MAX = 10_000

# Programs that fetch a link to show a preview or to index it. Their visits are nobody's clicks. Browsers inside
# apps (Instagram, Pinterest, Snapchat) are people; so are the phones of a maker called Cubot.
_ROBOTS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|preview|facebookexternalhit|facebookcatalog|whatsapp|slack-img|"
    r"pinterest/0\.|google-pagerenderer|googleother|google-read-aloud|embedly|iframely|vkshare|mastodon|"
    r"kakaotalk-scrap|line-poker|nuzzel|outbrain|w3c_validator|headlesschrome|lighthouse|curl/|wget/|python-|"
    r"go-http-client|java/|okhttp|libwww|uptime|monitor",
    re.IGNORECASE,
)


def is_preview_request(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a link was fetched by a program (preview, prefetch, index) and not opened by a person.

    ``headers`` has lower-case names. A request that does not say what it is counts as a program.
    """
    if method != "GET":
        return True
    for name in ("purpose", "sec-purpose", "x-purpose", "x-moz"):
        value = headers.get(name, "").lower()
        if "prefetch" in value or "preview" in value or "prerender" in value:
            return True
    agent = headers.get("user-agent", "")
    return not agent or _ROBOTS.search(agent[:400]) is not None


Credit = Literal["counts", "over", "full_today"]
"""Whether a friend who joins now counts for a sponsor. ``over``: not any more, or not in this market;
``full_today``: as many as count on one day have joined, and it counts again from the next one."""


def is_credited(
    *, sponsor_joined_at: datetime, sponsor_window_ends_at: datetime, friend_joined_at: datetime, same_market: bool
) -> bool:
    """Whether a friend who joins now counts for the sponsor: same market, within the window that the sponsor was
    promised when they joined, whatever a later version says."""
    return same_market and sponsor_joined_at <= friend_joined_at <= sponsor_window_ends_at


def day_hours(instant: datetime, time_zone: str) -> tuple[datetime, datetime]:
    """The local day of ``instant``: its first moment, and the first one after it, in UTC."""
    zone = ZoneInfo(time_zone)
    midnight = datetime.combine(instant.astimezone(zone).date(), time.min, zone)
    return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)


def qualifies_until(joined_at: datetime, referral: Referral) -> datetime:
    """The last instant at which a person's own event can happen."""
    return joined_at + timedelta(days=referral.qualify_days)


def reports_until(joined_at: datetime, referral: Referral) -> datetime:
    """The last instant at which the merchant's system can report that event."""
    return qualifies_until(joined_at, referral) + REPORT_GRACE


def earns_at(occurred_at: datetime, referral: Referral) -> datetime:
    """When a reward that began to wait at ``occurred_at`` is earned."""
    return occurred_at + timedelta(days=referral.settle_days)


def releases_after(referral: Referral) -> timedelta:
    """How long after a person's window nobody can earn anything for them any more.

    A friend may join in the window's last moment, has their own days to qualify, and may be reported late.
    """
    return timedelta(days=referral.qualify_days) + REPORT_GRACE
