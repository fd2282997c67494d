"""What a rendered text is made of: sections with paragraphs, points and a table. Faces "
"turn them into pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FieldValue = str | tuple[str, ...] | tuple[dict[str, str], ...]
"""The content of one field of a notice: a sentence, a list of sentences, or a list of records."""


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """``key`` names the section the same in every language."""

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one market in one language."""

    title: str
    sections: tuple[Section, ...]

    def section(self, key: str) -> Section:
        """Raises KeyError."""
        return _find_section(self.sections, key)


@dataclass(frozen=True, slots=True)
class Notice:
    """The privacy notice of one market in one language, in two layers.

    ``fields`` holds what GDPR art. 13 asks for, by name; ``first_layer`` is what fits a phone's screen, as
    label and sentence; ``sections`` is the whole of it.
    """

    title: str
    language: str
    fields: dict[str, FieldValue]
    first_layer: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    def section(self, key: str) -> Section:
        """Raises KeyError."""
        return _find_section(self.sections, key)


@dataclass(frozen=True, slots=True)
class RewardLine:
    """An amount beside its condition and its date; ``nature`` says what it is paid in."""

    rule_id: str
    amount: str
    nature: str
    condition: str
    limit: str
    when: str


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One question, as it is asked. Every element that a use must be covered by stands in it."""

    permission_id: str
    sentence: str
    items: str
    where: str
    until: str
    why: str
    who: str
    excluded: str
    reach: str
    optional_statement: str
    no_cost_statement: str


def _find_section(sections: tuple[Section, ...], key: str) -> Section:
    for section in sections:
        if section.key == key:
            return section
    raise KeyError(key)


def terms_from_json(written: dict[str, Any]) -> Terms:
    return Terms(title=written["title"], sections=tuple(map(_section_from_json, written["sections"])))


def notice_from_json(written: dict[str, Any]) -> Notice:
    return Notice(
        title=written["title"],
        language=written["language"],
        fields={
            name: value if isinstance(value, str) else tuple(value) for name, value in written["fields"].items()
        },
        first_layer=tuple((label, sentence) for label, sentence in written["first_layer"]),
        sections=tuple(map(_section_from_json, written["sections"])),
    )


def _section_from_json(written: dict[str, Any]) -> Section:
    table = written["table"]
    return Section(
        key=written["key"],
        title=written["title"],
        paragraphs=tuple(written["paragraphs"]),
        points=tuple(written["points"]),
        table=table and Table(head=tuple(table["head"]), rows=tuple(map(tuple, table["rows"]))),
    )
