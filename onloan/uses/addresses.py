"""Addresses at which Onloan itself shows what a use allowed: ``/i/<token>/profile_photo-128.jpg``.

The token is the use's id and a tag that only we can make (HMAC-SHA256 under a key of its own, cut to 128 bits, as
RFC 2104 section 5 allows). So nothing is stored to hand one out, and nobody finds one by guessing. It says nothing
about the person, and whoever holds it sees no more than what the use allows at that moment.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from onloan import keys
from onloan.offers.vocabulary import ITEMS

PREFIX = "/i/"
WIDTHS = (64, 128, 256, 512)
"""Sides in pixels that a photo is offered in. Without one it is given as it is kept, at most 512 pixels a side."""

_TAG_BYTES = 16
_USE_BYTES = 16
_PATH = re.compile(r"/i/([A-Za-z0-9_-]{43})/([a-z_]{1,40})(?:-([0-9]{2,3}))?\.(jpg|txt)")


@dataclass(frozen=True, slots=True)
class ItemAddress:
    """What an address of ours names. ``width`` is None for text, and for a photo as it is kept."""

    use_id: UUID
    item: str
    width: int | None


def use_address(use_id: UUID, item: str, width: int | None = None) -> str:
    """Where ``item`` of an allowed use is shown, for pages of the merchant."""
    return settings.PUBLIC_URL + use_path(use_id, item, width)


def use_path(use_id: UUID, item: str, width: int | None = None) -> str:
    """The same for a page of ours."""
    assert width is None or (width in WIDTHS and ITEMS[item].is_image), "only photos have widths, and only these"
    ending = "jpg" if ITEMS[item].is_image else "txt"
    return f"{PREFIX}{_write_token(use_id)}/{item}{f'-{width}' if width else ''}.{ending}"


def read_path(path: str) -> ItemAddress | None:
    """What ``path`` names; None when it is no address that we made."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    token, item, width, ending = match.groups()
    if item not in ITEMS or ITEMS[item].is_image != (ending == "jpg"):
        return None
    if width is not None and (ending != "jpg" or int(width) not in WIDTHS):
        return None
    use_id = _read_token(token)
    return None if use_id is None else ItemAddress(use_id, item, int(width) if width else None)


def _write_token(use_id: UUID) -> str:
    tag = hmac.new(keys.derive_key("served-item"), use_id.bytes, hashlib.sha256).digest()[:_TAG_BYTES]
    return base64.urlsafe_b64encode(use_id.bytes + tag).rstrip(b"=").decode()


def _read_token(token: str) -> UUID | None:
    try:
        use_id = UUID(bytes=base64.urlsafe_b64decode(token + "=")[:_USE_BYTES])
    except (binascii.Error, ValueError):
        return None
    # Compared as written: one use has one token, and not four that differ in bits that decoding drops.
    return use_id if hmac.compare_digest(token, _write_token(use_id)) else None
