"""What a value in an offer file may look like: one small class for each form, checked and drawn as JSON Schema.

A shape says only whether something can be read. Whether it may be published is for the rules: where a rule
has something to teach, the shape lets the wrong value through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from onloan.money import parse_money
from onloan.offers import nodes
from onloan.offers.findings import Finding, syntax
from onloan.offers.nodes import Part

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Word:
    """One word out of ``known``; those in ``refused`` are read too, for a rule to refuse. With ``is_open``,
    any words up to ``most`` characters are read, and a rule knows the list."""

    known: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    is_open: bool = False
    pattern: str = ""
    form: str = ""
    most: int = 200

    def check(self, part: Part) -> Iterator[Finding]:
        text = part.text()
        if text is None or len(text) > self.most:
            yield _wrong(part, "a word" if text is None else f"at most {self.most} characters")
        elif self.pattern and not re.fullmatch(self.pattern, text):
            yield _wrong(part, self.form)
        elif not self.pattern and not self.is_open and text not in (*self.known, *self.refused):
            yield _wrong(part, "one of: " + ", ".join(self.known), suggest(text, self.known))

    def schema(self) -> Schema:
        if self.pattern:
            return {"type": "string", "pattern": f"^(?:{self.pattern})$"}
        drawn: Schema = {"type": "string", "maxLength": self.most}
        if self.is_open:
            return {"anyOf": [{"enum": list(self.known)}, drawn]} if self.known else drawn
        return {"enum": [*self.known, *self.refused]}


@dataclass(frozen=True, slots=True)
class Sentence:
    most: int

    def check(self, part: Part) -> Iterator[Finding]:
        text = part.text()
        if text is None or not text.strip() or len(text) > self.most:
            yield _wrong(part, f"a text of 1 to {self.most} characters")

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1, "maxLength": self.most}


@dataclass(frozen=True, slots=True)
class Whole:
    least: int
    most: int

    def check(self, part: Part) -> Iterator[Finding]:
        number = part.whole()
        if number is None or not self.least <= number <= self.most:
            yield _wrong(part, f"a whole number from {self.least} to {self.most}, without quotes")

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    def check(self, part: Part) -> Iterator[Finding]:
        if part.flag() is None:
            yield _wrong(part, "true or false")

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Day:
    def check(self, part: Part) -> Iterator[Finding]:
        if part.day() is None:
            yield _wrong(part, "a day that exists, as 2026-12-31")

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


@dataclass(frozen=True, slots=True)
class Amount:
    def check(self, part: Part) -> Iterator[Finding]:
        text = part.text()
        try:
            parse_money(text or "")
        except ValueError as error:
            yield _wrong(part, f"an amount; {error}")

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^[0-9]{1,13}(\.[0-9]{1,3})? [A-Z]{3}$"}


@dataclass(frozen=True, slots=True)
class Anything:
    """For keys that a rule refuses whatever they hold."""

    def check(self, part: Part) -> Iterator[Finding]:
        return iter(())

    def schema(self) -> Schema:
        return {}


@dataclass(frozen=True, slots=True)
class Many:
    """A list; where ``or_one``, a single value counts as a list of one."""

    of: Shape
    most: int
    or_one: bool = False

    def check(self, part: Part) -> Iterator[Finding]:
        if isinstance(part.node, nodes.Sequence):
            if len(part.node.items) > self.most:
                yield _wrong(part, f"a list of at most {self.most}")
                return
            for item in part.items():
                yield from self.of.check(item)
        elif self.or_one:
            yield from self.of.check(part)
        else:
            yield _wrong(part, "a list: each entry on a line of its own after a dash, or [one, two]")

    def schema(self) -> Schema:
        drawn: Schema = {"type": "array", "items": self.of.schema(), "maxItems": self.most}
        return {"anyOf": [drawn, self.of.schema()]} if self.or_one else drawn


@dataclass(frozen=True, slots=True)
class Named:
    """Values under names that are not fixed, such as countries; ``pattern`` is the form of a name."""

    of: Shape
    pattern: str
    form: str
    most: int

    def check(self, part: Part) -> Iterator[Finding]:
        if not isinstance(part.node, nodes.Mapping):
            yield _wrong(part, f"keys of the form {self.form}, each with its value")
            return
        if len(part.names()) > self.most:
            yield _wrong(part, f"at most {self.most} keys")
            return
        for key, value in part.entries():
            if not re.fullmatch(self.pattern, key.text):
                message = f"“{key.text[:60]}” cannot stand here as a key."
                mend = f"Write {self.form}."
                yield syntax(value, "E-KEY-UNKNOWN", message, mend, place=key.place)
            else:
                yield from self.of.check(value)

    def schema(self) -> Schema:
        return {
            "type": "object",
            "patternProperties": {f"^(?:{self.pattern})$": self.of.schema()},
            "additionalProperties": False,
            "maxProperties": self.most,
        }


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record. ``default`` is what holds when it is left out; ``rule`` is set on keys that exist
    only so that this rule can refuse them. ``may_miss`` False: without it nothing else makes sense."""

    of: Shape
    says: str
    default: str = ""
    rule: str = ""
    may_miss: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    keys: Mapping[str, Key] = field(default_factory=dict)

    def check(self, part: Part) -> Iterator[Finding]:
        if not isinstance(part.node, nodes.Mapping):
            known = ", ".join(name for name, key in self.keys.items() if not key.rule)
            yield _wrong(part, f"the keys {known}")
            return
        for name, value in part.entries():
            key = self.keys.get(name.text)
            if key is None:
                yield self._unknown(name, value)
            elif value.is_there:
                yield from key.of.check(value)
        for wanted, key in self.keys.items():
            if not key.may_miss and not part.get(wanted).is_there:
                message = f"The key “{wanted}” is missing here."
                yield syntax(part.get(wanted), "E-KEY-MISSING", message, f"Add {wanted}: {key.says}")

    def _unknown(self, name: nodes.Scalar, value: Part) -> Finding:
        offered = [key for key, what in self.keys.items() if not what.rule]
        nearest = suggest(name.text, [*self.keys])
        mend = nearest or "It may be one of: " + ", ".join(offered) + "."
        message = f"“{name.text[:60]}” is not a key that stands here."
        return syntax(value, "E-KEY-UNKNOWN", message, mend, place=name.place)

    def schema(self) -> Schema:
        drawn: Schema = {
            "type": "object",
            "properties": {name: _draw_key(key) for name, key in self.keys.items()},
            "additionalProperties": False,
        }
        required = [name for name, key in self.keys.items() if not key.may_miss]
        return drawn | {"required": required} if required else drawn


@dataclass(frozen=True, slots=True)
class Either:
    """The first shape that fits; when none does, what the last one has to say."""

    shapes: tuple[Shape, ...]

    def check(self, part: Part) -> Iterator[Finding]:
        said: list[Finding] = []
        for shape in self.shapes:
            said = list(shape.check(part))
            if not said:
                return
            # A shape of the same kind knows best what is wrong inside it.
            if isinstance(part.node, nodes.Mapping) and isinstance(shape, Record | Named):
                break
        yield from said

    def schema(self) -> Schema:
        return {"anyOf": [shape.schema() for shape in self.shapes]}


Shape = Word | Sentence | Whole | Flag | Day | Amount | Anything | Many | Named | Record | Either


def suggest(text: str, known: tuple[str, ...] | list[str]) -> str:
    """``Did you mean …?`` with the nearest of ``known``, or nothing when none is near."""
    near = get_close_matches(text[:100].lower().replace("-", "_"), known, n=1, cutoff=0.6)
    return f"Did you mean “{near[0]}”?" if near else ""


def _wrong(part: Part, wanted: str, hint: str = "") -> Finding:
    what = part.quoted() if part.text() is not None else _kind(part)
    return syntax(part, "E-VALUE", f"{what} cannot be read here.", f"Write {wanted}. {hint}".rstrip())


def _kind(part: Part) -> str:
    if isinstance(part.node, nodes.Sequence):
        return "A list"
    return "A group of keys" if isinstance(part.node, nodes.Mapping) else "An empty value"


def _draw_key(key: Key) -> Schema:
    drawn = dict(key.of.schema())
    drawn["description"] = key.says + (f" Default: {key.default}." if key.default else "")
    if key.rule:
        drawn["deprecated"] = True
        drawn["description"] = f"Refused by {key.rule}. {key.says}"
    return drawn
