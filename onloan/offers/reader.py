"""Read a YAML 1.2 file into nodes that know where they stand. Whatever the bytes are, the answer is findings
or a tree, never an exception.

The tree is built from ruamel.yaml's events: no tag, anchor or alias is ever resolved, so that nothing can be
constructed and nothing can multiply. Everything is bounded.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from onloan.offers.findings import Finding, syntax
from onloan.offers.nodes import Mapping, Node, Part, Place, Scalar, Sequence

FILE_BYTES_MAX = 256 * 1024
DEPTH_MAX = 12
NODES_MAX = 5_000
CHARACTERS_SHOWN_MAX = 10

_START = Place(1, 1)
_FILE = Part(None, "", _START)

# Control, format (marks that turn or hide text), surrogate, line and paragraph separators: with any of them,
# what a reviewer sees would not be what the linter reads.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(slots=True)
class Read:
    """``source`` has one kind of line end; offsets of scalars point into it."""

    source: str
    root: Part
    findings: list[Finding] = field(default_factory=list)

    def place_at(self, offset: int) -> Place:
        """Line and column of an offset into ``source``."""
        line_start = self.source.rfind("\n", 0, offset) + 1
        return Place(self.source.count("\n", 0, offset) + 1, offset - line_start + 1)


class _Stop(Exception):
    """Reading any further is of no use; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.code)


def read_bytes(data: bytes) -> tuple[str, list[Finding]]:
    """The text of a file in UTF-8, or findings that say why there is none."""
    if len(data) > FILE_BYTES_MAX:
        return "", [_too_large()]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"Byte 0x{data[error.start]:02x} is not UTF-8."
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        return "", [syntax(_FILE, "E-FILE-ENCODING", message, "Save the file as UTF-8.", place=place)]


def read_text(text: str) -> Read:
    """Findings are of severity SYNTAX; ``root`` holds what could be read."""
    source = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    read = Read(source, _FILE)
    if len(source.encode("utf-8", "surrogatepass")) > FILE_BYTES_MAX:
        read.findings.append(_too_large())
        return read
    read.findings.extend(_find_hidden_characters(source))
    if read.findings:
        return read
    builder = _Builder(read)
    try:
        node = builder.build()
        read.root = Part(node, "", node.place)
    except _Stop as stop:
        read.findings.append(stop.finding)
    except MarkedYAMLError as error:
        read.findings.append(_yaml_finding(error, source))
    except (YAMLError, ValueError, OverflowError) as error:
        # A few malformed escapes and directives come out of the parser as bare errors without a place.
        place = builder.last_place
        message = f"This is not YAML: {str(error).splitlines()[0][:120] if str(error) else 'unreadable'}."
        read.findings.append(syntax(_FILE, "E-YAML", message, "Mend the line shown.", place=place))
    return read


def _too_large() -> Finding:
    message = f"The file is larger than {FILE_BYTES_MAX // 1024} kB."
    return syntax(_FILE, "E-FILE-SIZE", message, "An offer fits in a few; take out what is not part of it.")


def _find_hidden_characters(source: str) -> list[Finding]:
    found: list[Finding] = []
    line, line_start = 1, 0
    for offset, character in enumerate(source):
        if character == "\n":
            line, line_start = line + 1, offset + 1
        elif is_hidden(character) and len(found) < CHARACTERS_SHOWN_MAX:
            name = unicodedata.name(character, "a control character").lower()
            message = f"U+{ord(character):04X} ({name}) cannot be seen or turns the text around."
            place = Place(line, offset - line_start + 1)
            found.append(syntax(_FILE, "E-CHARACTER", message, "Delete it.", place=place))
    return found


def is_hidden(character: str) -> bool:
    """Control characters but tab and line feed, surrogates, marks that hide or turn text."""
    return character not in "\t\n" and unicodedata.category(character) in _HIDDEN_CATEGORIES


def _yaml_finding(error: MarkedYAMLError, source: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark is not None else _START
    lines = source.split("\n")
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        column = line.index("\t") + 1
        return syntax(
            _FILE,
            "E-YAML-TAB",
            "A tab indents this line; YAML indents by spaces.",
            "Replace the tab by two spaces.",
            place=Place(place.line, column),
        )
    problem = " ".join(str(error.problem or error.context or "unreadable").split())[:160]
    return syntax(
        _FILE,
        "E-YAML",
        f"This is not YAML: {problem}.",
        "Check indentation, colons and quotes here and on the line before.",
        place=place,
    )


class _Builder:
    """Builds the tree from events, one open collection at a time; recursion ends at DEPTH_MAX."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.last_place = _START
        self._count = 0
        self._events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(read.source))

    def build(self) -> Node:
        self._next(events.StreamStartEvent)
        event = next(self._events)
        if isinstance(event, events.StreamEndEvent):
            raise _Stop(syntax(_FILE, "E-FILE-EMPTY", "The file is empty.", "Try: onloan new spring-pot."))
        if event.version or event.tags:
            message = "A line that starts with % sets a directive."
            raise self._stop(event, "E-YAML-DIRECTIVE", message, "Delete it.")
        root = self._node(next(self._events), "", 1)
        self._next(events.DocumentEndEvent)
        event = next(self._events)
        if not isinstance(event, events.StreamEndEvent):
            raise self._stop(
                event, "E-YAML-DOCUMENTS", "A second document begins here.", "Keep one offer in one file."
            )
        return root

    def _next(self, kind: type[Any]) -> Any:
        event = next(self._events)
        assert isinstance(event, kind)
        return event

    def _place(self, event: Any) -> Place:
        self.last_place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        return self.last_place

    def _stop(self, event: Any, code: str, message: str, mend: str) -> _Stop:
        return _Stop(syntax(_FILE, code, message, mend, place=self._place(event)))

    def _node(self, event: Any, path: str, depth: int) -> Node:
        place = self._place(event)
        self._count += 1
        if self._count > NODES_MAX:
            raise self._stop(event, "E-YAML-NODES", f"More than {NODES_MAX} values.", "Split the offer.")
        if depth > DEPTH_MAX:
            raise self._stop(event, "E-YAML-DEPTH", f"More than {DEPTH_MAX} levels deep.", "Write it flatter.")
        if isinstance(event, events.AliasEvent) or event.anchor:
            raise self._stop(
                event,
                "E-YAML-ALIAS",
                "Anchors (&) and aliases (*) are not read: a reader must see each value where it counts.",
                "Write the value out.",
            )
        if event.tag:
            raise self._stop(event, "E-YAML-TAG", f"The tag {str(event.tag)[:40]} is not read.", "Delete it.")
        if isinstance(event, events.ScalarEvent):
            return self._scalar(event, path, place)
        if isinstance(event, events.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(self._events), events.SequenceEndEvent):
                items.append(self._node(event, f"{path}[{len(items)}]", depth + 1))
            return Sequence(tuple(items), place)
        return self._mapping(path, place, depth)

    def _scalar(self, event: Any, path: str, place: Place) -> Scalar:
        # A double-quoted "\u202e" brings in by escape what may not stand in the file itself.
        if any(is_hidden(character) for character in event.value):
            message = "An escape brings in a character that cannot be seen or turns the text around."
            part = Part(None, path, place)
            self.read.findings.append(syntax(part, "E-CHARACTER", message, "Delete the escape.", place=place))
        return Scalar(
            text=event.value,
            is_plain=event.style is None,
            place=place,
            start=event.start_mark.index,
            end=event.end_mark.index,
        )

    def _mapping(self, path: str, place: Place, depth: int) -> Mapping:
        entries: list[tuple[Scalar, Node]] = []
        seen: dict[str, Place] = {}
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            key = self._node(event, path, depth + 1)
            name = key.text if isinstance(key, Scalar) else ""
            value = self._node(next(self._events), f"{path}.{name}" if path else name, depth + 1)
            part = Part(None, path, key.place)
            if not isinstance(key, Scalar) or not is_word_key(key):
                message = "A key is a word; this is " + _kind(key) + "."
                self.read.findings.append(syntax(part, "E-KEY-WORD", message, "Put it in quotes or rename it."))
            elif name in seen:
                message = f"The key “{name[:60]}” stands twice, first on line {seen[name].line}."
                self.read.findings.append(syntax(part, "E-KEY-TWICE", message, "Keep one of the two."))
            else:
                seen[name] = key.place
                entries.append((key, value))
        return Mapping(tuple(entries), place)


def is_word_key(key: Scalar) -> bool:
    """Not null, a flag or a number by YAML 1.2; ``NO`` and ``no`` are words, and Norway is a country."""
    if not key.is_plain:
        return bool(key.text)
    part = Part(key, "", key.place)
    return not (key.is_null or part.flag() is not None or part.whole() is not None or key.text == "<<")


def _kind(node: Node) -> str:
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a group of keys"
    return "empty" if node.is_null else f"“{node.text[:40]}”"
