"""The writes of a person that lie in other things' transactions, and the lock that orders them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from onloan import db, ids
from onloan.db import Statement
from onloan.errors import NotFound
from onloan.people import sealing
from onloan.people.models import CodeLookup, EmailLookup, Item, Participant, PersonKey
from onloan.people.rules import CODE_KINDS, ITEM_NAMES

PERSON_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NewParticipant:
    """A person about to join. ``items`` are plain here and sealed before they reach the database."""

    id: UUID
    public_id: str
    offer_id: UUID
    market_id: UUID
    version_id: UUID
    country: str
    language: str
    joined_at: datetime
    window_ends_at: datetime
    is_demo: bool
    has_pot: bool
    email: str
    username: str
    photo: bytes | None


def lock_participant(participant_id: UUID) -> None:
    """Lock this person's row until the end of the transaction; every action about a person begins here.

    So the order of a person's entries in the log is the order of their commits. ``FOR NO KEY UPDATE`` leaves
    room for readers and foreign keys; on SQLite the one writer is the lock. Raises NotFound.
    """
    lock_participants([participant_id])


def lock_participants(participant_ids: Iterable[UUID]) -> None:
    """Lock several people, always in the order of their ids, so that no two actions deadlock."""
    assert connection.in_atomic_block, "a lock lives as long as its transaction"
    wanted = set(participant_ids)
    among, values = db.among(map(db.uuid_writer(), wanted))
    # PostgreSQL sorts first and locks then, one row after the other.
    suffix = " ORDER BY id FOR NO KEY UPDATE" if db.is_postgresql() else ""
    found = db.fetch_all(f"SELECT id FROM people_participant WHERE id {among}{suffix}", values)  # noqa: S608
    if len(found) != len(wanted):
        raise NotFound


def lock_address(value_hash: str) -> None:
    """Until the end of the transaction nobody else counts or adds what one address sends, so that a bound on it
    holds for requests at once too. ``value_hash`` is a keyed hash in hexadecimal; on SQLite the one writer is
    the lock."""
    assert connection.in_atomic_block, "a lock lives as long as its transaction"
    if db.is_postgresql():
        db.fetch_all("SELECT pg_advisory_xact_lock(%s)", [int(value_hash[:15], 16)])


def participant_statements(person: NewParticipant) -> list[Statement]:
    """The rows of a new person. The e-mail look-up comes first: its key refuses whoever already joined.

    Executing them raises ``django.db.IntegrityError`` for an address that already joined this offer.
    """
    person_key = os.urandom(PERSON_KEY_BYTES)
    items = {"email": person.email.encode(), "username": person.username.encode()}
    if person.photo is not None:
        items["profile_photo"] = person.photo
    return [
        db.insert(
            EmailLookup,
            value_hash=sealing.email_hash(person.offer_id, person.email),
            participant_id=person.id,
        ),
        db.insert(
            Participant,
            id=person.id, public_id=person.public_id, offer_id=person.offer_id, market_id=person.market_id,
            version_id=person.version_id, country=person.country, language=person.language,
            joined_at=person.joined_at, window_ends_at=person.window_ends_at, over_18=True,
            is_demo=person.is_demo, has_pot=person.has_pot, pot_released_at=None, restricted_at=None,
            objected_at=None, erased_at=None,
        ),
        db.insert(
            PersonKey,
            id=ids.new_id(), participant_id=person.id,
            wrapped_key=sealing.wrap_person_key(person.id, person_key),
        ),
        *item_statements(participant_id=person.id, person_key=person_key, items=items),
        code_lookup_statement(
            kind="participant", code=person.public_id, participant_id=person.id, target_id=person.id
        ),
    ]  # fmt: skip


def item_statements(*, participant_id: UUID, person_key: bytes, items: dict[str, bytes]) -> Sequence[Statement]:
    """Write each item sealed; an item that is already there gets the new value."""
    assert set(items) <= set(ITEM_NAMES), "the set of items is closed"
    return [
        db.insert(
            Item,
            id=ids.new_id(), participant_id=participant_id, name=name,
            ciphertext=sealing.seal_item(participant_id, name, person_key, value),
            on_conflict="ON CONFLICT (participant_id, name) DO UPDATE SET ciphertext = excluded.ciphertext",
        )
        for name, value in items.items()
    ]  # fmt: skip


def code_lookup_statement(*, kind: str, code: str, participant_id: UUID, target_id: UUID) -> Statement:
    """Make ``code`` lead to ``target_id``. ``kind`` is one of ``CODE_KINDS``; only the keyed hash is kept."""
    assert kind in CODE_KINDS, "the set of kinds is closed"
    return db.insert(
        CodeLookup,
        value_hash=sealing.code_hash(kind, code), kind=kind, participant_id=participant_id,
        target_id=target_id,
    )  # fmt: skip


def forget_draft_statement(code_id: UUID) -> Statement:
    """Drop the draft of a form that has been sent; the code itself goes with the purge."""
    return "UPDATE people_email_code SET sealed_draft = NULL WHERE id = %s", [db.uuid_value(code_id)]
