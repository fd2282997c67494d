"""Finding many people by their public ids, in one round trip with what else a batch of calls reads."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from onloan import db, ids
from onloan.db import Statement
from onloan.people import sealing

HASHES_REMEMBERED_MAX = 50_000


@functools.lru_cache(maxsize=HASHES_REMEMBERED_MAX)
def public_id_hash(public_id: str) -> str:
    """The look-up value of a public id as it was issued; "" for what is none. It says nothing about whether
    anybody has it, so it may be remembered."""
    code = ids.normalize_code(public_id[1:]) if public_id.startswith("p") else None
    return sealing.code_hash("participant", f"p{code}") if code else ""


def people_statement(public_ids: Iterable[str]) -> Statement:
    """Who has these public ids; read its rows with ``read_people``."""
    among, values = db.among(sorted({public_id_hash(public_id) for public_id in public_ids}))
    return f"SELECT value_hash, participant_id FROM people_code_lookup WHERE value_hash {among}", values  # noqa: S608


def read_people(rows: Sequence[tuple[Any, ...]]) -> dict[str, UUID]:
    """By the hash of the public id."""
    return {row[0]: db.read_uuid(row[1]) for row in rows}
