"""Every write about API keys, and answering a repeated call once."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from onloan import db, ids, keys
from onloan.access.errors import IdempotencyConflict, IdempotencyKeyMissing, KeyRefused
from onloan.access.models import SCOPES, ApiKey, IdempotencyRecord
from onloan.db import action
from onloan.errors import NotFound

KEY_PREFIX = "onloan_"
KEY_RANDOM_BYTES = 32
KEYS_MAX = 100
NAME_CHARACTERS_MAX = 80
ANSWERS_KEPT = timedelta(days=7)
_ANSWER = IdempotencyRecord._meta.get_field("answer")
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. ``key`` is shown here and never again: only its keyed hash is kept."""

    id: UUID
    key: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered: an HTTP status and JSON. ``is_replay`` when an earlier call did the work."""

    status: int
    body: dict[str, Any]
    is_replay: bool = False


@action
def create_key(*, name: str, scopes: Sequence[str], now: datetime) -> NewKey:
    """A key for one of the merchant's systems, which may do what ``scopes`` say. Raises KeyRefused."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise KeyRefused(field="name", problem=f"its name has 1 to {NAME_CHARACTERS_MAX} characters")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise KeyRefused(field="scopes", problem=f"its scopes are some of: {', '.join(SCOPES)}")
    in_use = ApiKey.objects.filter(revoked_at__isnull=True)
    if in_use.filter(name=name).exists():
        raise KeyRefused(field="name", problem="a key of this name is in use; revoke it first")
    if in_use.count() >= KEYS_MAX:
        raise KeyRefused(field="name", problem=f"{KEYS_MAX} keys are in use; revoke some first")
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_RANDOM_BYTES)
    key_id = ids.new_id()
    ApiKey.objects.create(
        id=key_id,
        name=name,
        key_hash=keys.keyed_hash("api-key", key),
        last_characters=key[-4:],
        scopes=sorted(set(scopes)),
        created_at=now,
    )
    return NewKey(key_id, key)


@action
def revoke_key(*, key_id: UUID, now: datetime) -> None:
    """Refuse this key from this commit on. Raises NotFound when it is unknown or was revoked before."""
    if not ApiKey.objects.filter(id=key_id, revoked_at__isnull=True).update(revoked_at=now):
        raise NotFound


@action
def answer_once(
    *, api_key_id: UUID, idempotency_key: str, request_hash: str, now: datetime, work: Callable[[], Answer]
) -> Answer:
    """Do ``work`` once for this key of the caller's, in this transaction, and give a repetition its answer.

    The row is written first, so that an equal call at the same time waits for this one; when ``work`` raises,
    nothing stays and a repetition is tried afresh. Raises IdempotencyKeyMissing, IdempotencyConflict.
    """
    if IDEMPOTENCY_KEY.fullmatch(idempotency_key) is None:
        raise IdempotencyKeyMissing
    record_id = ids.new_id()
    sql, values = db.insert(
        IdempotencyRecord,
        on_conflict="ON CONFLICT (api_key_id, idempotency_key) DO NOTHING RETURNING id",
        id=record_id,
        api_key_id=api_key_id,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        status=0,
        answer={},
        created_at=now,
    )
    if not db.fetch_all(sql, values):
        return _earlier_answer(api_key_id, idempotency_key, request_hash)
    answer = work()
    sql = "UPDATE access_idempotencyrecord SET status = %s, answer = %s WHERE id = %s"
    db.execute(
        [(sql, [answer.status, _ANSWER.get_db_prep_save(answer.body, connection), db.uuid_value(record_id)])]
    )
    return answer


def _earlier_answer(api_key_id: UUID, idempotency_key: str, request_hash: str) -> Answer:
    record = IdempotencyRecord.objects.get(api_key_id=api_key_id, idempotency_key=idempotency_key)
    if record.request_hash != request_hash:
        raise IdempotencyConflict
    assert record.status, "a committed record has its answer"
    return Answer(record.status, record.answer, is_replay=True)


def hash_request(*, method: str, path: str, body: dict[str, Any]) -> str:
    """What makes two calls the same: method, path and what the body says, however it is written."""
    written = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return keys.keyed_hash("request", f"{method} {path}\n{written}")


@action
def forget_answers(*, now: datetime) -> int:
    """Drop answers older than seven days; what they answered stays unrepeatable by its natural key."""
    dropped, _ = IdempotencyRecord.objects.filter(created_at__lt=now - ANSWERS_KEPT).delete()
    return dropped
