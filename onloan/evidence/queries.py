"""Every read of the evidence log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from onloan import clock, db
from onloan.evidence.checkpoints import Checkpoint
from onloan.evidence.errors import NoSuchEntry
from onloan.evidence.models import LogState
from onloan.evidence.rules import Entry
from onloan.evidence.statements import read_bytes
from onloan.evidence.tree import EMPTY_ROOT

LOG_DOWN_AFTER = timedelta(seconds=10)
ENTRIES_MAX = 5_000
LOG_INDEX_MAX = 2**63 - 1

OLDEST_QUEUED_SQL = "SELECT queued_at FROM evidence_queue ORDER BY queue_number LIMIT 1"
"""For the gate, which reads it in its own statement and compares it with ``LOG_DOWN_AFTER``."""


@dataclass(frozen=True, slots=True)
class NumberedEntry:
    log_index: int
    body: bytes
    leaf_hash: bytes

    def read(self) -> Entry:
        entry: Entry = json.loads(self.body)
        return entry


def is_log_down(now: datetime) -> bool:
    """Whether an entry has waited over ten seconds for its number: then nothing new may be allowed."""
    row = db.fetch_one(OLDEST_QUEUED_SQL)
    return row is not None and now - db.read_time(row[0]) > LOG_DOWN_AFTER


def count_waiting() -> int:
    """How many entries have no number yet."""
    row = db.fetch_one("SELECT count(*) FROM evidence_queue")
    assert row is not None
    return int(row[0])


def is_anything_waiting() -> bool:
    return db.fetch_one("SELECT queue_number FROM evidence_queue ORDER BY queue_number LIMIT 1") is not None


def read_checkpoint() -> Checkpoint:
    """How far the log has grown, and its root now."""
    state = LogState.objects.filter(id=1).first()
    if state is None:
        return Checkpoint(log_id=uuid.UUID(int=0), size=0, root=EMPTY_ROOT, at=clock.now())
    return Checkpoint(log_id=state.log_id, size=state.size, root=bytes(state.root), at=clock.now())


def find_entry(log_index: int) -> NumberedEntry:
    """Raises NoSuchEntry past the end of the log."""
    found = entries(log_index, 1) if 0 <= log_index <= LOG_INDEX_MAX else []
    if not found or found[0].log_index != log_index:
        raise NoSuchEntry(size=read_checkpoint().size)
    return found[0]


def entries(first: int, count: int) -> list[NumberedEntry]:
    """At most ``count`` (up to ENTRIES_MAX) entries from index ``first`` on, in order."""
    assert first >= 0
    rows = db.fetch_all(
        "SELECT log_index, body, leaf_hash FROM evidence_log WHERE log_index >= %s ORDER BY log_index LIMIT %s",
        (first, min(count, ENTRIES_MAX)),
    )
    return [NumberedEntry(index, read_bytes(body), read_bytes(leaf)) for index, body, leaf in rows]


CONSENT_WINDOW = 20_000
_CONSENT_MARK = b'"kind":"consent_'


@dataclass(frozen=True, slots=True)
class LogMark:
    """How far a reader of the log has come, and the hash of the last leaf that it read: a log that was exchanged
    or cut since does not have it."""

    log_id: uuid.UUID | None
    size: int
    leaf_hash: bytes


def read_mark(size: int | None = None) -> LogMark:
    """The mark of the first ``size`` entries of this log, by default of all of them. What is marked beyond the end
    has no leaf, and so equals no mark that was ever taken."""
    row = db.fetch_one("SELECT log_id, size FROM evidence_state WHERE id = 1")
    if row is None:
        return LogMark(None, size or 0, b"")
    wanted = row[1] if size is None else size
    leaf = db.fetch_one("SELECT leaf_hash FROM evidence_log WHERE log_index = %s", (wanted - 1,))
    return LogMark(db.read_uuid(row[0]), wanted, b"" if leaf is None else read_bytes(leaf[0]))


def consent_entries(first: int, end: int) -> Iterator[tuple[int, Entry]]:
    """Index and entry of what begins or ends a consent, from index ``first`` up to, not including, ``end``. The
    others are left out by the database: between two consents lie thousands of uses."""
    found = "position(%s in body) > 0" if db.is_postgresql() else "instr(body, %s) > 0"
    for start in range(first, end, CONSENT_WINDOW):
        rows = db.fetch_all(
            "SELECT log_index, body FROM evidence_log"  # noqa: S608
            f" WHERE log_index >= %s AND log_index < %s AND {found} ORDER BY log_index",
            (start, min(start + CONSENT_WINDOW, end), _CONSENT_MARK),
        )
        for log_index, body in rows:
            yield log_index, json.loads(read_bytes(body))
