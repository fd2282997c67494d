"""The files of a pack: JSON and its schema, a table for each source, pictures, all in one zip."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from babel.numbers import get_decimal_symbol

from onloan import clock
from onloan.cases.pack.building import SOURCES, Pack
from onloan.cases.pack.forms import Row, Source
from onloan.cases.pack.schema import FORM, pack_schema
from onloan.markets.rules import market_facts
from onloan.offers.queries import find_version

BYTE_ORDER_MARK = "\ufeff"
"""Without it a spreadsheet takes the names of people for another alphabet's."""
# At the start of a cell, and wherever a program that expects another separator would begin one.
_FORMULA = re.compile(r"(^|[\t\r\n;,])( *)(?=[=+\-@＝＋－＠])|^(?=[\t\r\n])")


def write_zip(pack: Pack, page: str) -> bytes:
    """The zip: ``index.html`` for a person, ``data.json`` with its schema, a CSV for each source, pictures."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", page)
        archive.writestr("data.json", write_json(pack))
        archive.writestr("schema.json", write_schema())
        for source in SOURCES:
            if source.name in pack.content:
                table = write_csv(source, pack.content[source.name], pack.person.language)
                archive.writestr(f"csv/{source.name}.csv", table)
        for name, content in pack.files.items():
            archive.writestr(name, content)
    return out.getvalue()


def write_schema() -> str:
    return json.dumps(pack_schema(), ensure_ascii=False, indent=1)


def write_json(pack: Pack) -> str:
    version = find_version(pack.person.version_id)
    time_zone = market_facts(pack.person.country).time_zone
    body = {
        "form": FORM,
        "participant": pack.person.public_id,
        "campaign": version.offer_slug,
        "controller": version.offer.controller.name,
        "made_on": clock.local_day(pack.made_at, time_zone),
        "made_at": pack.made_at,
        "is_portable_part": pack.is_portable,
        "gaps": pack.gaps,
        "sources": pack.content,
    }
    return json.dumps(body, default=_write_value, ensure_ascii=False, indent=1)


def write_csv(source: Source, rows: list[Row], language: str) -> str:
    """A table as RFC 4180 has it, with the names of the properties in its first line also where it is empty.

    Where decimals stand behind a comma, spreadsheets expect a semicolon between cells.
    """
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    separator = ";" if get_decimal_symbol(language) == "," else ","
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    names = [each.name for each in source.properties]
    writer.writerow(names)
    writer.writerows([_write_cell(row[name]) for name in names] for row in rows)
    return out.getvalue()


def _write_cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        text = "; ".join(map(str, value))
    elif isinstance(value, str):
        text = value
    elif isinstance(value, bool | int | dict):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = _write_value(value)
    return _FORMULA.sub(r"\1\2'", text)


def _write_value(value: Any) -> str:
    """Times in UTC, to the microsecond, as the commitments of the log have them."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    assert isinstance(value, date | UUID), f"{type(value).__name__} has no form yet"
    return str(value)
