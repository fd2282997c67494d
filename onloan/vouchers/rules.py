"""When a voucher ends. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from onloan import clock


def end_of_day(instant: datetime, time_zone: str) -> datetime:
    """The last second of the local day of ``instant``, in UTC: a voucher is good for the whole of its last day,
    and the local date of its end is that day."""
    last_day = clock.local_day(instant, time_zone)
    return datetime.combine(last_day, time(23, 59, 59), ZoneInfo(time_zone)).astimezone(UTC)
