"""How the lines of a text end, whoever sends it."""

from __future__ import annotations


def plain_lines(text: str) -> str:
    """``text`` with each line ended by one character. Browsers send two, and no text is longer for its lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
