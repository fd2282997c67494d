"""A file as a tree in which every node knows where it stands, and a typed way to walk it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from onloan.money import Money, parse_money

_WHOLE = re.compile(r"^[0-9]{1,9}$")
_DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_QUOTED_MAX = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A word, a number, a sentence. ``start`` and ``end`` are offsets into the source; ``is_plain`` without
    quotes and on no block: only then ``true`` is a flag and ``30`` a number (YAML 1.2, core schema)."""

    text: str
    is_plain: bool
    place: Place
    start: int
    end: int

    @property
    def is_null(self) -> bool:
        return self.is_plain and self.text in _NULLS


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: tuple[tuple[Scalar, Node], ...]
    place: Place


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Part:
    """A node and the way that led to it. Where the file has nothing at ``path``, ``node`` is None and
    ``place`` is that of the part that should hold it, so that a finding about an omission has a place."""

    node: Node | None
    path: str
    place: Place

    @property
    def is_there(self) -> bool:
        """Written, and not as an empty value."""
        return self.node is not None and not (isinstance(self.node, Scalar) and self.node.is_null)

    def get(self, key: str) -> Part:
        path = f"{self.path}.{key}" if self.path else key
        if isinstance(self.node, Mapping):
            for name, value in self.node.entries:
                if name.text == key:
                    return Part(value, path, value.place)
        return Part(None, path, self.place)

    def key_place(self, key: str) -> Place:
        """Where the key itself stands; for a rule that refuses the key, whatever its value."""
        if isinstance(self.node, Mapping):
            for name, _ in self.node.entries:
                if name.text == key:
                    return name.place
        return self.place

    def names(self) -> list[Scalar]:
        return [name for name, _ in self.node.entries] if isinstance(self.node, Mapping) else []

    def entries(self) -> list[tuple[Scalar, Part]]:
        return [(name, self.get(name.text)) for name in self.names()]

    def items(self) -> list[Part]:
        """The items of a list; a single word counts as a list of one."""
        if isinstance(self.node, Sequence):
            return [Part(item, f"{self.path}[{n}]", item.place) for n, item in enumerate(self.node.items)]
        return [self] if isinstance(self.node, Scalar) and self.is_there else []

    def text(self) -> str | None:
        """The words as written, or None for anything but a scalar."""
        return self.node.text if isinstance(self.node, Scalar) and self.is_there else None

    def words(self) -> list[str]:
        """The texts of a list, in order."""
        return [text for text in (item.text() for item in self.items()) if text is not None]

    def whole(self) -> int | None:
        if isinstance(self.node, Scalar) and self.node.is_plain and _WHOLE.match(self.node.text):
            return int(self.node.text)
        return None

    def flag(self) -> bool | None:
        if isinstance(self.node, Scalar) and self.node.is_plain:
            return _FLAGS.get(self.node.text)
        return None

    def day(self) -> date | None:
        text = self.text()
        if text is None or not _DAY.match(text):
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None

    def money(self) -> Money | None:
        text = self.text()
        if text is None:
            return None
        try:
            return parse_money(text)
        except ValueError:
            return None

    def quoted(self) -> str:
        """The words for a message: shortened, on one line."""
        text = " ".join((self.text() or "").split())
        return f"“{text[: _QUOTED_MAX - 1]}…”" if len(text) > _QUOTED_MAX else f"“{text}”"

    def scalars(self) -> Iterator[Part]:
        """Every scalar value below, in the order of the file; keys are not among them."""
        if isinstance(self.node, Scalar):
            yield self
        elif isinstance(self.node, Sequence):
            for item in self.items():
                yield from item.scalars()
        elif isinstance(self.node, Mapping):
            for _, value in self.entries():
                yield from value.scalars()
