"""Offer files to start from: ``onloan new`` fills in the name and the days."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from string import Template

from onloan.offers.grammar import SLUG

_FOLDER = Path(__file__).parent
_OPENS_AFTER_DAYS = 14
_RUNS_DAYS = 60


class Starter(StrEnum):
    """Each is a file of this folder; each passes ``onloan check`` with nothing to sign."""

    SHOP = "shop"
    BANK = "bank"
    PHOTO_WALL = "photo-wall"
    NO_DATA = "no-data"


def is_slug(text: str) -> bool:
    return re.fullmatch(SLUG, text) is not None


def fill_starter(starter: Starter, *, slug: str, today: date) -> str:
    """The text of an offer file that opens in two weeks and runs for two months."""
    assert is_slug(slug)
    opens_on = today + timedelta(days=_OPENS_AFTER_DAYS)
    template = Template((_FOLDER / f"{starter.value}.yaml").read_text(encoding="utf-8"))
    return template.substitute(
        slug=slug,
        opens=opens_on.isoformat(),
        closes=(opens_on + timedelta(days=_RUNS_DAYS)).isoformat(),
        year=str(today.year),
    )
