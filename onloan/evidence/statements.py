"""What puts an entry in the queue and a number on a consent. Runs in the caller's action."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from onloan import clock, db, ids
from onloan.db import RowsOf, Statement
from onloan.evidence import rules
from onloan.evidence.errors import PersonalDataInLog
from onloan.evidence.frames import Frame
from onloan.evidence.models import EntryLink, QueuedEntry

CONSENT_NUMBERS_MAX = 100


def read_bytes(value: object) -> bytes:
    """Bytes as a statement returned them. SQLite gives back whatever type somebody stored in the column."""
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def entry_statements(
    *,
    kind: str,
    fields: Mapping[str, rules.Value],
    participant_id: uuid.UUID | None,
    occurred_at: datetime,
    is_linked: bool = True,
) -> list[Statement]:
    """The INSERTs of one entry and, when it is about a participant, of the erasable link that opens it.

    About somebody who was erased it is not ``is_linked``: its commitment opens to nobody, as if the link had been
    erased with the others.

    Run them after the participant's row is locked: the order in the log is the order of these INSERTs.
    ``occurred_at`` is UTC; only its day enters the log. Raises PersonalDataInLog for anything outside the
    closed vocabulary of ``rules.KINDS``, before anything is stored.
    """
    # The reference is random, not time-ordered: without the link it must say nothing.
    entry_ref = uuid.uuid4()
    opening_key = os.urandom(rules.OPENING_KEY_BYTES)
    about = None if participant_id is None else rules.commit_about(opening_key, participant_id, occurred_at)
    try:
        body = rules.canonical(rules.build_entry(kind, fields, occurred_at=occurred_at, about=about))
    except rules.ForbiddenEntryError as error:
        raise PersonalDataInLog(problem=str(error)) from error
    statements = [db.insert(QueuedEntry, entry_ref=entry_ref, body=body, queued_at=clock.now())]
    if participant_id is not None and is_linked:
        statements.append(
            db.insert(
                EntryLink,
                id=ids.new_id(),
                participant_id=participant_id,
                entry_ref=entry_ref,
                opening_key=opening_key,
                occurred_at=occurred_at,
            )
        )
    return statements


class WrittenEntry(NamedTuple):
    """An entry about somebody, as bytes, and what opens it."""

    entry_ref: uuid.UUID
    body: bytes
    participant_id: uuid.UUID
    opening_key: bytes
    occurred_at: datetime


def write_entry(
    frame: Frame, *, participant_id: uuid.UUID, consent_number: int | None, occurred_at: datetime
) -> WrittenEntry:
    """Fill a frame for one person, under a key that only this entry has. ``occurred_at`` is on the frame's day."""
    chance = os.urandom(16 + rules.OPENING_KEY_BYTES)
    opening_key = chance[16:]
    about = rules.commit_about(opening_key, participant_id, occurred_at)
    # The reference is random, not time-ordered: without the link it must say nothing.
    entry_ref = uuid.UUID(bytes=chance[:16], version=4)
    return WrittenEntry(entry_ref, frame.fill(about, consent_number), participant_id, opening_key, occurred_at)


def entry_rows(entries: Sequence[WrittenEntry]) -> list[RowsOf]:
    """The rows of many entries, for ``db.insert_rows``. Insert them after the people's rows are locked: their
    order in the log is their order here."""
    queued_at = clock.now()
    return [
        (
            QueuedEntry,
            ("entry_ref", "body", "queued_at"),
            [(entry.entry_ref, entry.body, queued_at) for entry in entries],
        ),
        (
            EntryLink,
            ("id", "participant_id", "entry_ref", "opening_key", "occurred_at"),
            [
                (ids.new_id(), entry.participant_id, entry.entry_ref, entry.opening_key, entry.occurred_at)
                for entry in entries
            ],
        ),
    ]


def draw_consent_numbers(count: int) -> list[int]:
    """``count`` numbers that no consent had before, increasing. A rolled-back transaction leaves a gap.

    Must run inside the action that writes the consents. Raises ValueError outside 0 … CONSENT_NUMBERS_MAX.
    """
    if not 0 <= count <= CONSENT_NUMBERS_MAX:
        raise ValueError("too many consents at once")
    if count == 0:
        return []
    if db.is_postgresql():
        rows = db.fetch_all("SELECT nextval('consent_number_seq') FROM generate_series(1, %s)", (count,))
        return sorted(int(row[0]) for row in rows)
    row = db.fetch_one(
        "INSERT INTO evidence_counter (name, value) VALUES ('consent_number', %s)"
        " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value",
        (count,),
    )
    assert row is not None
    last = int(row[0])
    return list(range(last - count + 1, last + 1))
