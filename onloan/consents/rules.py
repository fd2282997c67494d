"""When a consent ends, and what counts as an answer. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from onloan import clock
from onloan.offers.document import Offer


class Act(StrEnum):
    """What a person did to give an answer. Scrolling, silence or accepting the terms is no such act."""

    JOIN_FORM = "join_form"
    MY_PAGE = "my_page"


class Door(StrEnum):
    """Through which door a permission was taken back."""

    MY_PAGE = "my_page"
    RECEIPT = "receipt"
    STAFF = "staff"


class EndReason(StrEnum):
    """Why a consent ended before, or at, its last day."""

    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REPLACED = "replaced"
    OBJECTED = "objected"
    RESTRICTED = "restricted"
    ERASED = "erased"


STOP_REASONS = (EndReason.OBJECTED, EndReason.RESTRICTED, EndReason.ERASED)
"""The rights that stop consents of a person at once."""

CONTROL_UNSET = "unset"
CONTROL_ALLOW = "allow"
CONTROL_REFUSE = "refuse"


def find_last_day(answered_at: datetime, term_days: int, time_zone: str) -> date:
    """The last day, in the market's ``time_zone``, on which a consent given at ``answered_at`` counts."""
    assert term_days > 0
    return clock.local_day(answered_at, time_zone) + timedelta(days=term_days)


def find_expiry(last_day: date, time_zone: str) -> datetime:
    """The instant, in UTC, from which a consent with this ``last_day`` counts no more: the midnight after it.

    The person reads "until 30 May", so the whole of 30 May is theirs to have allowed, and no more.
    """
    midnight = datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=ZoneInfo(time_zone))
    return midnight.astimezone(UTC)


def read_last_day(expires_at: datetime, time_zone: str) -> date:
    """The last day of a consent, from its expiry: the reverse of ``find_expiry``."""
    return clock.local_day(expires_at - timedelta(microseconds=1), time_zone)


def find_last_utc_day(expires_at: datetime) -> date:
    """The last day in UTC on which a consent counts, as its entry in the evidence says it."""
    return (expires_at - timedelta(microseconds=1)).astimezone(UTC).date()


@functools.lru_cache(maxsize=10_000)
def read_expiry(last_utc_day: date, time_zone: str) -> datetime:
    """The instant, in UTC, of an expiry whose last day in UTC is known: the reverse of ``find_last_utc_day``."""
    # East of Greenwich the last local day ends on the same day in UTC, west of it on the next.
    expiries = [find_expiry(last_utc_day - timedelta(days=days), time_zone) for days in (0, 1)]
    return next(expiry for expiry in expiries if find_last_utc_day(expiry) == last_utc_day)


def describe_controls(answers: Mapping[str, bool]) -> dict[str, dict[str, str]]:
    """How each control stood when the page was shown and when it was sent. None is ever set beforehand."""
    return {
        permission_id: {"shown": CONTROL_UNSET, "sent": CONTROL_ALLOW if answer else CONTROL_REFUSE}
        for permission_id, answer in answers.items()
    }


def find_unanswered(offer: Offer, answers: Mapping[str, bool]) -> list[str]:
    """The permissions of ``offer`` that ``answers`` leaves without a yes or a no."""
    return [permission.id for permission in offer.permissions if permission.id not in answers]


def find_unknown(offer: Offer, answers: Mapping[str, bool]) -> list[str]:
    """The answers to something that ``offer`` never asked."""
    asked = {permission.id for permission in offer.permissions}
    return [permission_id for permission_id in answers if permission_id not in asked]
