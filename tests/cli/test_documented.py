"""docs/commands.md names each command that there is, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import typer.main
from typer.core import TyperGroup

from onloan.cli.main import build_app

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def names_of(command: object, before: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from names_of(child, f"{before} {name}")
    else:
        yield before


def test_each_command_is_documented_and_each_documented_one_is_there() -> None:
    known = set(names_of(typer.main.get_command(build_app()), "onloan"))
    written = re.findall(r"^\| `(onloan [a-z -]*[a-z])", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(written) == known
    assert len(written) == len(set(written))
