"""What a source of the pack is made of: its properties, the columns that they come from, and what is left out.

A property is said once, beside its source: it is a member in ``data.json``, a column in the CSV file and an entry
in the published schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from django.db import models

ROWS_MAX = 250_000
"""Of one table about one person: more than that is a mistake somewhere, and no file that anybody can open."""

Row = dict[str, Any]
Form = dict[str, Any]
"""The JSON Schema of one value."""

TEXT: Form = {"type": "string"}
MOMENT: Form = {"type": "string", "format": "date-time"}
DAY: Form = {"type": "string", "format": "date"}
KEY: Form = {"type": "string", "format": "uuid"}
TRUTH: Form = {"type": "boolean"}
COUNT: Form = {"type": "integer", "minimum": 0}
AMOUNT: Form = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,3})?$"}
CURRENCY: Form = {"type": "string", "pattern": "^[A-Z]{3}$"}
COUNTRY: Form = {"type": "string", "pattern": "^[A-Z]{2}$"}
HASH: Form = {"type": "string", "pattern": "^[0-9a-f]{64}$"}

# Why a column is left out. Whoever adds a column says where it is given, or one of these, or a reason of its own.
OWN_KEY = "the key of the row, which nothing else in this file names"
SAME = "the same in every row: it stands in the source 'person'"
STAFF = "which member of the team it was: their data"
TILL = "which till or which of the merchant's systems it was"
HASHED = "a keyed hash by which a program finds the row; what it is made of stands in this file"
INNER = "steers a program, and says nothing about the person"
REMINDER = "when the team was reminded"


def one_of(words: Iterable[str]) -> Form:
    return {"enum": list(words)}


def list_of(form: Form) -> Form:
    return {"type": "array", "items": form}


def or_none(form: Form) -> Form:
    """The same, or null where there is nothing to say."""
    if "enum" in form:
        return {**form, "enum": [*form["enum"], None]}
    return {**form, "type": [form["type"], "null"]}


@dataclass(frozen=True, slots=True)
class Property:
    """One value of a row, under a word of the design. ``of`` names the columns that it comes from: by default the
    one that is called the same. ``make`` computes it from them where it is not given as it is kept.
    ``is_portable``: not so for what was concluded, is a human's word, or opens something (a code): it is null in
    the part to take elsewhere."""

    name: str
    form: Form
    says: str
    of: tuple[str, ...] = ()
    make: Callable[..., Any] | None = None
    is_portable: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        return self.of or (self.name,)


@dataclass(frozen=True, slots=True)
class Unread:
    """A table of which nothing is given, with the reason for each of its columns."""

    table: type[models.Model]
    left_out: Mapping[str, str]


def every_row(row: Row) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of record about a person, and how it is read for one of them.

    ``table`` is where its rows lie, None where they are gathered from tables that other sources name or that are
    about nobody. Each column of it is among the columns of a property or, with the reason, in ``left_out``.
    ``is_portable``: given by the person or observed about them, not inferred (GDPR art. 20); ``is_portable_row``
    leaves out those that rest on something else than a consent or a contract.
    """

    name: str
    says: str
    properties: tuple[Property, ...]
    is_portable: bool
    read: Callable[[UUID], list[Row]]
    table: type[models.Model] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    is_portable_row: Callable[[Row], bool] = every_row


def table_source(
    name: str,
    table: type[models.Model],
    says: str,
    *properties: Property,
    is_portable: bool,
    left_out: Mapping[str, str],
    order: str,
    filters: Mapping[str, Any] | None = None,
    is_portable_row: Callable[[Row], bool] = every_row,
) -> Source:
    """A source whose rows are read as they are, the earliest first by ``order``."""
    return Source(
        name=name,
        says=says,
        properties=properties,
        is_portable=is_portable,
        read=partial(_read_table, table, properties, order, filters or {}),
        table=table,
        left_out={"participant_id": SAME, **left_out},
        is_portable_row=is_portable_row,
    )


def _read_table(
    table: type[models.Model],
    properties: tuple[Property, ...],
    order: str,
    filters: Mapping[str, Any],
    participant_id: UUID,
) -> list[Row]:
    names = sorted({column for each in properties for column in each.columns})
    found = table._default_manager.filter(participant_id=participant_id, **filters).order_by(order).values(*names)
    return [make_row(properties, kept) for kept in bounded(found)]


def bounded(rows: models.QuerySet[Any, Any]) -> list[Any]:
    """All rows of one person. Fails rather than leave some out without a word."""
    found = list(rows[: ROWS_MAX + 1])
    assert len(found) <= ROWS_MAX, "so many rows of one person are a mistake somewhere"
    return found


def make_row(properties: tuple[Property, ...], kept: Mapping[str, Any]) -> Row:
    """A row as it is given, from the columns as they are kept."""
    return {
        each.name: kept[each.columns[0]]
        if each.make is None
        else each.make(*(kept[name] for name in each.columns))
        for each in properties
    }


def write_amount(amount_minor: int, currency: str) -> str:
    """``12.50``: whole units of the currency that stands beside it, with its decimals."""
    digits = get_currency_precision(currency)
    return f"{Decimal(amount_minor).scaleb(-digits):.{digits}f}"


def amount(name: str = "amount", column: str = "amount_minor", says: str = "How much.") -> Property:
    return Property(name, AMOUNT, says, (column, "currency"), write_amount)


def currency() -> Property:
    return Property("currency", CURRENCY, "ISO 4217.")


def is_there(value: object) -> bool:
    return value is not None
