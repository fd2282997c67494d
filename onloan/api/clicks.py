"""Clicks of this process, counted in memory and written each second.

A crash may lose one second of clicks; no reward depends on them. Nothing but a code and a day is kept.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import Counter

from django.db import close_old_connections

from onloan import clock
from onloan.referrals.actions import count_clicks
from onloan.referrals.rules import CLICKS_PER_FLUSH_MAX

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0


class ClickCounter:
    """Counts clicks and writes them from a thread of its own, which starts with the first click.

    ``_counts`` belongs to whoever holds ``_guard``: the serving threads add to it, the writing thread takes it.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._writer: threading.Thread | None = None
        self._stop = threading.Event()

    def add(self, code: str) -> None:
        """Count one click on a link that exists. Beyond ``CLICKS_PER_FLUSH_MAX`` links in a second, new ones
        are not counted: memory is bounded, clicks are only a number to look at."""
        with self._guard:
            if code in self._counts or len(self._counts) < CLICKS_PER_FLUSH_MAX:
                self._counts[code] += 1
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_each_second, name="clicks", daemon=True)
                self._writer.start()
                atexit.register(self.close)

    def flush(self) -> int:
        """Write what was counted so far; how many clicks that were. What fails is counted again next time."""
        with self._guard:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return 0
        try:
            count_clicks(counts=counts, day=clock.now().date())
        except Exception as error:
            logger.warning("clicks wait: %s", type(error).__name__)
            with self._guard:
                room = CLICKS_PER_FLUSH_MAX - len(self._counts)
                self._counts.update(dict(counts.most_common(max(0, room))))
            return 0
        finally:
            close_old_connections()
        return counts.total()

    def close(self) -> None:
        """Write the last clicks; for a process that ends in good order."""
        self._stop.set()
        if self._writer is not None and self._writer is not threading.current_thread():
            self._writer.join(timeout=FLUSH_SECONDS * 5)

    def _write_each_second(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self.flush()
        self.flush()
