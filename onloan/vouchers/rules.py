"""When a voucher ends. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from onloan import clock

VALID_DAYS_MAX = 3660


def last_moment(issued_at: datetime, valid_days: int, time_zone: str) -> datetime:
    """The last second of the ``valid_days``-th day after the day of issue, in ``time_zone``; UTC.

    So its local date is the last day on which the voucher can be used.
    """
    assert 0 < valid_days <= VALID_DAYS_MAX
    last_day = clock.local_day(issued_at, time_zone) + timedelta(days=valid_days)
    return datetime.combine(last_day, time(23, 59, 59), ZoneInfo(time_zone)).astimezone(UTC)
