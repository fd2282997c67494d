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


@dataclass(frozen=True, slots=True)
class KnownCalls:
    """Who may call, by the keyed hash of the key, and what was answered before, by key and idempotency key."""

    keys: Mapping[str, KeyView]
    answers: Mapping[tuple[UUID, str], EarlierAnswer]


def calls_statement(key_hashes: Iterable[str], idempotency_keys: Iterable[str]) -> Statement:
    """The keys in use among these keyed hashes, each with what it was answered under one of these idempotency
    keys, if any are given; read its rows with ``read_calls``."""
    of_keys, hashes = db.among(key_hashes)
    sought = list(idempotency_keys)
    if not sought:
        sql = (
            "SELECT key_hash, id, name, scopes, NULL, NULL, NULL, NULL FROM access_apikey"  # noqa: S608
            f" WHERE revoked_at IS NULL AND key_hash {of_keys}"
        )
        return sql, hashes
    of_calls, calls = db.among(sought)
    sql = (
        "SELECT api_key.key_hash, api_key.id, api_key.name, api_key.scopes, record.idempotency_key,"  # noqa: S608
        " record.request_hash, record.status, record.answer FROM access_apikey AS api_key"
        " LEFT JOIN access_idempotencyrecord AS record"
        f" ON record.api_key_id = api_key.id AND record.idempotency_key {of_calls}"
        f" WHERE api_key.revoked_at IS NULL AND api_key.key_hash {of_keys}"
    )
    return sql, [*calls, *hashes]


def read_calls(rows: Sequence[tuple[Any, ...]]) -> KnownCalls:
    keys: dict[str, KeyView] = {}
    answers: dict[tuple[UUID, str], EarlierAnswer] = {}
    for key_hash, key_id, name, scopes, idempotency_key, request_hash, status, answer in rows:
        key = keys.setdefault(key_hash, KeyView(db.read_uuid(key_id), name, frozenset(json.loads(scopes))))
        if idempotency_key is not None:
            answers[key.id, idempotency_key] = EarlierAnswer(request_hash, status, json.loads(answer))
    return KnownCalls(keys, answers)


def answer_rows(answers: Sequence[AnswerRow], now: datetime) -> RowsOf:
    """The rows that keep these answers. A key that somebody else used meanwhile is refused by the database."""
    names = ("id", "api_key_id", "idempotency_key", "request_hash", "status", "answer", "created_at")
    rows = [
        (ids.new_id(), row.api_key_id, row.idempotency_key, row.request_hash, row.status, dict(row.body), now)
        for row in answers
    ]
    return IdempotencyRecord, names, rows
