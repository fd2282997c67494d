"""Every read of API keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from onloan import db, keys
from onloan.access.models import ApiKey

KEY_CHARACTERS_MAX = 128


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key in use, and what it may do."""

    id: UUID
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key as the team sees it; the key itself cannot be read."""

    id: UUID
    name: str
    last_characters: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


def find_key(key: str) -> KeyView | None:
    """The key that a caller sent, unless it is unknown or revoked.

    It is looked up by a keyed hash: how long that takes says nothing about how much of a guess was right.
    """
    if not key or len(key) > KEY_CHARACTERS_MAX:
        return None
    row = db.fetch_one(
        "SELECT id, name, scopes FROM access_apikey WHERE key_hash = %s AND revoked_at IS NULL",
        [keys.keyed_hash("api-key", key)],
    )
    if row is None:
        return None
    scopes = json.loads(row[2]) if isinstance(row[2], str) else row[2]
    return KeyView(db.read_uuid(row[0]), row[1], frozenset(scopes))


def list_keys() -> list[KeyLine]:
    """All keys, those in use first, the latest first."""
    return [
        KeyLine(row.id, row.name, row.last_characters, tuple(row.scopes), row.created_at, row.revoked_at)
        for row in ApiKey.objects.order_by(F("revoked_at").desc(nulls_first=True), "-created_at")
    ]
