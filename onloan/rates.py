"""How much came in lately, over the whole installation: a bound that each request asks about must cost little.

A process counts all rows at most every ``COUNTED_FOR``, and adds what it lets through meanwhile. So one process
lets through what a count at each request would have; several together exceed the bound by no more than what the
others took in within that time.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from onloan import db

COUNTED_FOR = timedelta(milliseconds=50)


class Lately:
    """The rows of ``table`` whose ``column``, an instant, lies within the last ``window``."""

    def __init__(self, table: str, column: str, window: timedelta) -> None:
        self._sql = f"SELECT count(*) FROM {table} WHERE {column} > %s"  # noqa: S608  (the names are ours)
        self._window = window
        self._guard = threading.Lock()
        self._counted_at = datetime.min.replace(tzinfo=UTC)
        self._rows = 0

    def admit(self, maximum: int, now: datetime) -> bool:
        """Whether there are fewer than ``maximum`` rows; where there are, the caller writes one more.

        One whose transaction is rolled back is counted until the next count. Nobody is refused without one.
        """
        with self._guard:
            is_fresh = self._counted_at <= now < self._counted_at + COUNTED_FOR
            if is_fresh and self._rows < maximum:
                self._rows += 1
                return True
        row = db.fetch_one(self._sql, [db.time_value(now - self._window)])
        assert row is not None
        is_admitted = bool(row[0] < maximum)
        with self._guard:
            self._counted_at, self._rows = now, row[0] + is_admitted
        return is_admitted
