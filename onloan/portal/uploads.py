"""How many photos one person sends: asked before a photo is opened, which costs far more than any other answer."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from onloan.people.errors import TooManyPhotos

PHOTOS_PER_HOUR_MAX = 20
PEOPLE_MAX = 10_000
WINDOW = timedelta(hours=1)


class Uploads:
    """What this process has opened lately. With several processes a person may send as many to each."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._sent_at: dict[str, list[datetime]] = {}

    def admit(self, sender: str, now: datetime) -> None:
        """Count one more photo of ``sender`` (their id, or that of the code which confirmed their address). Raises
        TooManyPhotos, and then counts nothing. The longest known are forgotten first."""
        with self._guard:
            recent = [at for at in self._sent_at.pop(sender, []) if at > now - WINDOW]
            is_admitted = len(recent) < PHOTOS_PER_HOUR_MAX
            self._sent_at[sender] = [*recent, now] if is_admitted else recent
            if len(self._sent_at) > PEOPLE_MAX:
                del self._sent_at[next(iter(self._sent_at))]
        if not is_admitted:
            raise TooManyPhotos(field="photo")


uploads = Uploads()
