"""What happens too often to be written each time: counted in memory, written each second.

A crash may lose one second of it, so nothing that anybody is owed may depend on such a count.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Generic, TypeVar

from django.db import close_old_connections

from onloan import clock

K = TypeVar("K")

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0


class DayCounter(Generic[K]):
    """Counts, and writes them from a thread of its own, which starts with the first one.

    ``_counts`` belongs to whoever holds ``_guard``: the serving threads add to it, the writing thread takes it.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[Counter[K], date], None],
        *,
        kinds_max: int,
        each_second: Callable[[], None] | None = None,
    ) -> None:
        """``write`` adds counts of one day (UTC) to what is written already; ``kinds_max`` bounds what waits.
        ``each_second`` is called too, once something was counted."""
        self._name = name
        self._write = write
        self._kinds_max = kinds_max
        self._each_second = each_second
        self._guard = threading.Lock()
        self._counts: Counter[K] = Counter()
        self._writer: threading.Thread | None = None
        self._stop = threading.Event()

    def add(self, kind: K) -> None:
        """Count one. Beyond ``kinds_max`` of them in a second, new ones are not counted: memory is bounded, and
        this is only a number to look at."""
        with self._guard:
            if kind in self._counts or len(self._counts) < self._kinds_max:
                self._counts[kind] += 1
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_each_second, name=self._name, daemon=True)
                self._writer.start()
                atexit.register(self.close)

    def flush(self) -> int:
        """Write what was counted so far; how many that were. What fails is counted again next time."""
        with self._guard:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return 0
        try:
            self._write(counts, clock.now().date())
        except Exception as error:
            logger.warning("%s wait: %s", self._name, type(error).__name__)
            with self._guard:
                room = self._kinds_max - len(self._counts)
                self._counts.update(dict(counts.most_common(max(0, room))))
            return 0
        finally:
            close_old_connections()
        return counts.total()

    def close(self) -> None:
        """Write the last ones; for a process that ends in good order."""
        self._stop.set()
        if self._writer is not None and self._writer is not threading.current_thread():
            self._writer.join(timeout=FLUSH_SECONDS * 5)

    def _write_each_second(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self.flush()
            if self._each_second is not None:
                self._each_second()
        self.flush()
