"""The published schema of ``data.json`` (JSON Schema, draft 2020-12), made from the sources themselves."""

from __future__ import annotations

from typing import Any

from onloan.cases.pack.building import SOURCES
from onloan.cases.pack.forms import DAY, MOMENT, TEXT, Form, Property, Source

FORM = "onloan-access-pack/2"


def pack_schema() -> dict[str, Any]:
    """What a file of the form ``FORM`` holds: every source, every property, and nothing else."""
    names = [source.name for source in SOURCES]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:onloan:access-pack:2",
        "title": "Everything that is kept about one person",
        "description": (
            "The copy under GDPR art. 15, or the part under art. 20. Times are UTC (RFC 3339), amounts in units "
            "of the currency beside them. A source that did not answer is missing and named in 'gaps'."
        ),
        **_object({
            "form": {"const": FORM},
            "participant": {**TEXT, "description": "The public id: what the merchant's systems call the person."},
            "campaign": {**TEXT, "description": "The offer that the person joined."},
            "controller": {**TEXT, "description": "Who is responsible, by its legal name."},
            "made_on": {**DAY, "description": "The day in the person's market."},
            "made_at": {**MOMENT, "description": "The same as a precise time."},
            "is_portable_part": {
                "type": "boolean", "description": "True: what article 20 of the GDPR names, and no more."
            },
            "gaps": {
                "type": "array", "items": {"enum": names}, "description": "Sources that did not answer in time."
            },
            "sources": {
                "type": "object",
                "additionalProperties": False,
                "properties": {source.name: _source(source) for source in SOURCES},
            },
        }),
    }  # fmt: skip


def _source(source: Source) -> Form:
    written: Form = {"type": "array", "description": source.says, "items": _object({
        each.name: {**each.form, "description": _describe(source, each)} for each in source.properties
    })}  # fmt: skip
    left_out = {name: why for name, why in source.left_out.items() if name != "participant_id"}
    for unread in source.unread:
        left_out |= {f"{unread.table._meta.db_table}.{name}": why for name, why in unread.left_out.items()}
    if left_out:
        written["$comment"] = "Left out: " + "; ".join(f"{name} ({why})" for name, why in left_out.items())
    return written


def _describe(source: Source, each: Property) -> str:
    is_blank = source.is_portable and not each.is_portable
    return f"{each.says} Null in the part of article 20." if is_blank else each.says


def _object(properties: dict[str, Form]) -> Form:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }
