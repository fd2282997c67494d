"""Keys and earlier answers of many calls, in one round trip with what else a batch of calls reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from onloan import db, ids
from onloan.access.models import IdempotencyRecord
from onloan.access.queries import KeyView
from onloan.db import RowsOf, Statement


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """What a call was answered that came before under the same key of the caller's."""

    request_hash: str
    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer to keep for repetitions of its call."""

    api_key_id: UUID
    idempotency_key: str
    request_hash: str
    status: int
    body: Mapping[str, Any]


def keys_statement(key_hashes: Iterable[str]) -> Statement:
    """The keys in use among these keyed hashes; read its rows with ``read_keys``."""
    among, values = db.among(key_hashes)
    sql = f"SELECT key_hash, id, name, scopes FROM access_apikey WHERE revoked_at IS NULL AND key_hash {among}"  # noqa: S608
    return sql, values


def read_keys(rows: Sequence[tuple[Any, ...]]) -> dict[str, KeyView]:
    """By keyed hash."""
    return {row[0]: KeyView(db.read_uuid(row[1]), row[2], frozenset(json.loads(row[3]))) for row in rows}


def answers_statement(idempotency_keys: Iterable[str]) -> Statement:
    """What calls under these idempotency keys were answered, by whomever; read with ``read_answers``."""
    among, values = db.among(idempotency_keys)
    sql = (
        "SELECT api_key_id, idempotency_key, request_hash, status, answer FROM access_idempotencyrecord"  # noqa: S608
        f" WHERE idempotency_key {among}"
    )
    return sql, values


def read_answers(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[UUID, str], EarlierAnswer]:
    """By API key and idempotency key."""
    return {(db.read_uuid(row[0]), row[1]): EarlierAnswer(row[2], row[3], json.loads(row[4])) for row in rows}


def answer_rows(answers: Sequence[AnswerRow], now: datetime) -> RowsOf:
    """The rows that keep these answers. A key that somebody else used meanwhile is refused by the database."""
    names = ("id", "api_key_id", "idempotency_key", "request_hash", "status", "answer", "created_at")
    rows = [
        (ids.new_id(), row.api_key_id, row.idempotency_key, row.request_hash, row.status, dict(row.body), now)
        for row in answers
    ]
    return IdempotencyRecord, names, rows
