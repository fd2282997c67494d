"""The merchant's one colour, used where it can be read and never where it cannot. Pure.

Contrast is that of WCAG 2.2 (success criterion 1.4.3): 4.5 to 1 for text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

CONTRAST_MIN = 4.5
PAPERS_LIGHT = ("#fbfaf7", "#ffffff")
PAPERS_DARK = ("#15181b", "#1d2125")
WHITE, BLACK = "#ffffff", "#000000"
DEFAULT = "#0b5d4e"
_COLOUR = re.compile(r"^#[0-9a-f]{6}$")
_MIX_STEPS = 20


@dataclass(frozen=True, slots=True)
class Brand:
    """``style`` stands in the page's head; ``style_hash`` lets it through the content security policy."""

    style: str
    style_hash: str


def contrast(first: str, second: str) -> float:
    """Between 1 and 21, for two colours written ``#rrggbb``."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=256)
def brand_of(colour: str) -> Brand | None:
    """How pages wear ``colour``; None when it is their own anyway, no colour, or not to be read on light paper.

    On the dark paper the colour is mixed with white until it can be read there too.
    """
    colour = colour.lower()
    if colour == DEFAULT or not _COLOUR.fullmatch(colour):
        return None
    if min(contrast(colour, paper) for paper in (*PAPERS_LIGHT, mix(colour, WHITE, 0.9))) < CONTRAST_MIN:
        return None
    light = _variables(colour, WHITE, mix(colour, WHITE, 0.9))
    bright = next(
        shade
        for shade in (mix(colour, WHITE, step / _MIX_STEPS) for step in range(_MIX_STEPS + 1))
        if min(contrast(shade, paper) for paper in (*PAPERS_DARK, mix(shade, BLACK, 0.8))) >= CONTRAST_MIN
    )
    dark = _variables(bright, BLACK, mix(bright, BLACK, 0.8))
    style = f"@media screen{{:root{{{light}}}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Brand(style, f"sha256-{digest}")


def mix(colour: str, other: str, share: float) -> str:
    """``colour`` with ``share`` (0 to 1) of ``other`` in it."""
    channels = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02x}" for a, b in channels)


def _variables(own: str, on_own: str, own_paper: str) -> str:
    return f"--own:{own};--on-own:{on_own};--own-paper:{own_paper}"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, glossary)."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
