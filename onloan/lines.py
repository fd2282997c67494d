"""Texts of several lines: how they end, whoever sends them, and what is kept of what somebody wrote."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def plain_lines(text: str) -> str:
    """``text`` with each line ended by one character. Browsers send two, and no text is longer for its lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_plain(text: str, characters_max: int) -> str:
    """What somebody wrote, as it is kept: composed (NFC), its lines alike, nothing around it. Raises ValueError:
    ``too_long``, ``character``."""
    written = plain_lines(unicodedata.normalize("NFC", text)).strip()
    if len(written) > characters_max:
        raise ValueError("too_long")
    if _CONTROL.search(written):
        raise ValueError("character")
    return written
