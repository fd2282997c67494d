"""Items shown by Onloan itself: asked anew at each view, so that what a person takes back is gone at once.

Many views are answered together, by one statement for the rule and one for the items. No person's row is locked:
a view that begins after a withdrawal's commit sees it, and that is all that showing needs. What was decided and
recorded is the use; a view only asks whether it still holds.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection
from PIL import Image

from onloan import keys
from onloan.batching import Batcher
from onloan.errors import MustStopError
from onloan.evidence.actions import number_entries
from onloan.offers.vocabulary import ITEMS
from onloan.people.queries import read_items_of
from onloan.uses.actions import plain_values
from onloan.uses.addresses import ItemAddress
from onloan.uses.queries import ServedUse, find_served
from onloan.uses.rules import Reason

logger = logging.getLogger(__name__)

BATCH_MAX = 64
WAITING_MAX = 1_000
JPEG_QUALITY = 82
PHOTOS_REMEMBERED_MAX = 256
PHOTO_REMEMBERED_SECONDS = 60.0
TAG_CHARACTERS = 32


class Shown(StrEnum):
    """What becomes of a view. ``GONE`` says no more: why something is not shown is the person's own affair."""

    YES = "yes"
    GONE = "gone"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class ServedItem:
    """The answer to a view; ``value`` (UTF-8 text, or a JPEG as it is kept) only where it is yes."""

    shown: Shown
    participant_id: UUID | None = None
    value: bytes = b""


def serve_item(address: ItemAddress) -> ServedItem:
    """What to show at ``address`` now. Raises Overloaded; whatever else goes wrong is UNAVAILABLE."""
    return _batcher.ask(address)


def serve_items(addresses: Sequence[ItemAddress]) -> list[ServedItem]:
    """The same for several addresses, in their order."""
    try:
        return _serve(addresses)
    except DatabaseError as error:
        # Only the type: a database's message may quote a row.
        logger.error("an item cannot be shown: %s", type(error).__name__)  # noqa: TRY400
        connection.close_if_unusable_or_obsolete()
        return [ServedItem(Shown.UNAVAILABLE)] * len(addresses)


def _serve(addresses: Sequence[ItemAddress]) -> list[ServedItem]:
    served = _find([address.use_id for address in addresses])
    live = {use.participant_id for use in served.values() if use.reason is None}
    names = sorted({ITEMS[address.item].part_of or address.item for address in addresses})
    stored = read_items_of(live, names) if live else {}
    return [_answer(address, served.get(address.use_id), stored) for address in addresses]


def _find(use_ids: Sequence[UUID]) -> dict[UUID, ServedUse]:
    """The uses; when the log is behind, once more after the sequencer was given its turn, as the gate does."""
    served = find_served(use_ids)
    if any(use.reason is Reason.LOG_DOWN for use in served.values()):
        with contextlib.suppress(MustStopError):
            number_entries(is_waiting=False)
        served = find_served(use_ids)
    return served


def _answer(address: ItemAddress, use: ServedUse | None, stored: dict[UUID, dict[str, bytes]]) -> ServedItem:
    if use is None:
        return ServedItem(Shown.GONE)
    if address.item not in use.items:
        return ServedItem(Shown.UNKNOWN)
    if use.reason is not None:
        return ServedItem(Shown.UNAVAILABLE if use.reason is Reason.LOG_DOWN else Shown.GONE)
    value = plain_values([address.item], stored.get(use.participant_id, {})).get(address.item)
    # Allowed, but the person took the photo out of their profile, or never gave one.
    return ServedItem(Shown.GONE) if value is None else ServedItem(Shown.YES, use.participant_id, value)


def entity_tag(address: ItemAddress, value: bytes) -> str:
    """What a browser sends back to ask whether it may go on showing what it has (RFC 9110, section 8.8.3).

    Under a key and bound to the use: two uses of one photo do not show by it that they are of one person.
    """
    written = f"{address.use_id}/{address.item}/{address.width}/{hashlib.sha256(value).hexdigest()}"
    return f'"{keys.keyed_hash("entity-tag", written)[:TAG_CHARACTERS]}"'


class PhotoSizes:
    """Photos made smaller, remembered for a minute so that a full page does not make each of them anew.

    Asked only after the rule said yes. After a minute nothing of a photo is left here, whoever it was of.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._made: dict[tuple[bytes, int], tuple[float, bytes]] = {}

    def resize(self, photo: bytes, width: int | None) -> bytes:
        """``photo`` with both sides at most ``width`` pixels; never larger than it is kept."""
        if width is None:
            return photo
        key, now = (hashlib.sha256(photo).digest(), width), time.monotonic()
        with self._guard:
            self._forget(now)
            if key in self._made:
                return self._made[key][1]
        small = make_smaller(photo, width)
        with self._guard:
            if len(self._made) >= PHOTOS_REMEMBERED_MAX:
                del self._made[next(iter(self._made))]
            self._made[key] = now, small
        return small

    def forget_old(self) -> None:
        """Drop what is older than a minute; called now and then, so that it goes without being asked for."""
        with self._guard:
            self._forget(time.monotonic())

    def _forget(self, now: float) -> None:
        # In the order in which they were made: the first one that is young enough ends it.
        while self._made:
            key, (made_at, _) = next(iter(self._made.items()))
            if now - made_at < PHOTO_REMEMBERED_SECONDS:
                return
            del self._made[key]


def make_smaller(photo: bytes, width: int) -> bytes:
    """``photo`` (a JPEG from ``people.photos``) with both sides at most ``width`` pixels."""
    with Image.open(io.BytesIO(photo), formats=("JPEG",)) as opened:
        if max(opened.size) <= width:
            return photo
        opened.draft("RGB", (width * 2, width * 2))
        small = opened.convert("RGB")
    small.thumbnail((width, width), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.save(written, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return written.getvalue()


_batcher: Batcher[ItemAddress, ServedItem] = Batcher(
    "onloan-serving", serve_items, batch_max=BATCH_MAX, waiting_max=WAITING_MAX
)
