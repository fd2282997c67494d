"""How often one key may call one process: a bound against a loop that went wrong, not a price list."""

from __future__ import annotations

import threading
import time
from uuid import UUID

CALLS_PER_SECOND = 1_000.0
CALLS_AT_ONCE = 2_000.0
KEYS_MAX = 1_000


class CallLimit:
    """A bucket of calls for each key, which fills at ``CALLS_PER_SECOND`` up to ``CALLS_AT_ONCE``."""

    def __init__(self, per_second: float = CALLS_PER_SECOND, at_once: float = CALLS_AT_ONCE) -> None:
        self.per_second = per_second
        self.at_once = at_once
        self._guard = threading.Lock()
        self._buckets: dict[UUID, tuple[float, float]] = {}

    def take(self, key_id: UUID) -> bool:
        """Take one call of this key; False when there is none left just now."""
        now = time.monotonic()
        with self._guard:
            left, since = self._buckets.get(key_id, (self.at_once, now))
            left = min(self.at_once, left + (now - since) * self.per_second)
            if len(self._buckets) >= KEYS_MAX and key_id not in self._buckets:
                self._buckets.clear()
            self._buckets[key_id] = (left - 1 if left >= 1 else left, now)
        return left >= 1
