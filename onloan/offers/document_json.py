"""An offer as plain JSON and back: what a published version keeps. The round trip loses nothing."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from onloan.offers.document import Offer

_OFFER = TypeAdapter(Offer)


def offer_to_json(offer: Offer) -> dict[str, Any]:
    """Dicts, lists, strings and integers only; amounts in minor units, dates as ``YYYY-MM-DD``."""
    written: dict[str, Any] = _OFFER.dump_python(offer, mode="json")
    return written


def offer_from_json(written: dict[str, Any]) -> Offer:
    """Raises pydantic's ValidationError when ``written`` was not made by ``offer_to_json``.

    Fields added to the document later have defaults, so that versions published before stay readable.
    """
    return _OFFER.validate_python(written)
