"""Compile the translations where that was not done yet, without needing gettext on the machine.

An offer's texts are rendered at publishing and kept: a catalogue that is missing then would freeze English into
the French version. So every start looks.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent / "locale"


def compile_catalogues() -> int:
    """Write a ``.mo`` beside each ``.po`` that is newer or alone; returns how many were written."""
    written = 0
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parent.parent.name)
        # Another process may start at the same time: it sees the old file or the whole new one.
        temporary = target.with_suffix(".new")
        with temporary.open("wb") as file:
            write_mo(file, catalogue)
        temporary.replace(target)
        written += 1
    return written
