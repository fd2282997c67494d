"""Compile the translations, without needing gettext on the machine."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent / "onloan" / "locale"


def compile_catalogues() -> int:
    """Write a ``.mo`` beside each ``.po``; the number of catalogues."""
    paths = sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))
    for path in paths:
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parent.parent.name)
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalogue)
    return len(paths)


if __name__ == "__main__":
    compile_catalogues()
