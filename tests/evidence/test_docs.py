"""docs/evidence.md lists the vocabulary as it is."""

from __future__ import annotations

import re
from pathlib import Path

from onloan.evidence import rules

DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence.md"


def read_table(heading: str) -> list[list[str]]:
    """The rows of the table whose first column is headed ``heading``."""
    lines = DOCS.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |")) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return rows


def test_it_describes_each_kind() -> None:
    described = {}
    for names, required, optional in read_table("kind"):
        words = [set(re.findall(r"[a-z_]+", cell)) for cell in (required, optional)]
        for name in re.findall(r"`([a-z_]+)`", names):
            described[name] = words
    for name, kind in rules.KINDS.items():
        required, optional = set(kind.required), set(kind.optional - kind.required)
        if kind.about is rules.About.ALWAYS:
            required.add("about")
        if kind.about is rules.About.SOMETIMES:
            optional.add("about")
        assert described.pop(name) == [required, optional], name
    assert described == {}


def test_it_describes_each_field() -> None:
    described = {name for row in read_table("field") for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert described == set(rules.FORMS) | {"about"}
