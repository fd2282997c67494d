"""The time, and the movable clock of test mode.

In test mode (the demo, the story tests) an offset in seconds lies in ``<home>/clock-offset``; every process
reads it, so that one command moves the clock for all. Without test mode the file is never looked at.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings


def now() -> datetime:
    """The present instant in UTC, moved by the test clock in test mode."""
    return shift(datetime.now(UTC))


def shift(instant: datetime) -> datetime:
    """``instant`` (a database's time, say) as the test clock shows it; unchanged outside test mode."""
    return instant + timedelta(seconds=offset_seconds()) if settings.TEST_MODE else instant


def offset_seconds() -> int:
    """How far the test clock runs ahead, in seconds; 0 where it was never moved."""
    path = Path(settings.HOME) / "clock-offset"
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return 0


def advance(seconds: int) -> None:
    """Move the test clock forward. Raises RuntimeError outside test mode, ValueError when it would go back."""
    if not settings.TEST_MODE:
        raise RuntimeError("the clock moves in test mode only")
    if seconds < 0:
        raise ValueError("the clock only goes forward")
    path = Path(settings.HOME) / "clock-offset"
    temporary = path.with_suffix(".new")
    temporary.write_text(str(offset_seconds() + seconds))
    temporary.replace(path)


def local_day(instant: datetime, time_zone: str) -> date:
    """The calendar day of ``instant`` in an IANA ``time_zone``."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


def local_time(instant: datetime, time_zone: str) -> datetime:
    """``instant`` as the clocks of an IANA ``time_zone`` show it."""
    return instant.astimezone(ZoneInfo(time_zone))
