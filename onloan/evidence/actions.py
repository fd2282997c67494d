"""Every write to the evidence log: append an entry, number what waits, forget a person."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from onloan import clock, db
from onloan.db import action
from onloan.errors import MustStopError
from onloan.evidence import checkpoints, rules, statements
from onloan.evidence.checkpoints import Checkpoint
from onloan.evidence.errors import PersonalDataInLog
from onloan.evidence.models import EntryLink, LoggedEntry, LogState
from onloan.evidence.queries import is_anything_waiting
from onloan.evidence.sets import SetFacts, describe_set, page_rows
from onloan.evidence.statements import read_bytes
from onloan.evidence.tree import HASH_BYTES, CompactRange, leaf_hash

BATCH_MAX = 5_000

# The number has no meaning; it only must be the same in every process and used for nothing else.
SEAT_LOCK = 0x0A10A_5EA7


@action
def append_entry(
    *,
    kind: str,
    fields: Mapping[str, rules.Value],
    participant_id: uuid.UUID | None = None,
    occurred_at: datetime,
    is_linked: bool = True,
) -> None:
    """Put one entry in the queue, in the caller's transaction (see ``entry_statements``). Raises
    PersonalDataInLog."""
    db.execute(
        statements.entry_statements(
            kind=kind,
            fields=fields,
            participant_id=participant_id,
            occurred_at=occurred_at,
            is_linked=is_linked,
        )
    )


def number_entries(*, is_waiting: bool = True, batch: int = BATCH_MAX) -> int:
    """Give every committed entry its place in the log, and return how many there were.

    Takes the sequencer's seat for each batch; with ``is_waiting`` off it leaves at once when another process
    has the seat. Raises MustStopError when the log is not what it was when it was last written.
    """
    # Inside another transaction the seat would stay taken, and uncommitted entries would be numbered.
    assert not connection.in_atomic_block, "numbering has transactions of its own"
    # A look without any lock: on SQLite an idle server leaves the writer's lock alone.
    if not is_anything_waiting():
        return 0
    total, last = 0, None
    while True:
        moved, checkpoint = _number_batch(is_waiting=is_waiting, batch=batch)
        total, last = total + moved, checkpoint or last
        if moved < batch:
            break
    if last is not None:
        checkpoints.keep(last)
    return total


@dataclass(frozen=True, slots=True)
class SeatEntry:
    """An entry about a mass use, and its set as a plain bit array; the entry gets the set's hash, length and count
    from here."""

    kind: str
    fields: Mapping[str, rules.Value]
    occurred_at: datetime
    bits: bytes


@dataclass(frozen=True, slots=True)
class Seated:
    """Where the entry came to lie: the log before ``log_index`` is what it knew."""

    log_index: int
    facts: SetFacts


@action
def append_in_seat(*, decide: Callable[[int], SeatEntry | None]) -> Seated | None:
    """Decide in the sequencer's seat and append the very next entry, so that its index says what it knew.

    Nobody else numbers anything until the caller's transaction ends, so keep it short. First everything that was
    committed gets its number; then ``decide(size)`` is called in this transaction, with the log's size: it reads
    the log up to there and gives the entry, or None for nothing. Raises MustStopError when the log is not what it
    was, PersonalDataInLog. What ``decide`` learned of the log is final only once the transaction is committed.
    """
    _take_seat(is_waiting=True)
    state = _read_state()
    tree = _check_state(state)
    while is_anything_waiting():
        # A statement of its own each time: it sees whatever was committed before it.
        for leaf in _move_waiting(tree.size, BATCH_MAX):
            tree.append(leaf)
    entry = decide(tree.size)
    seated = None if entry is None else _append_next(tree, entry)
    checkpoint = _write_state(state, tree)
    # A checkpoint of what is rolled back would stop the log for ever.
    transaction.on_commit(lambda: checkpoints.keep(checkpoint))
    return seated


def _append_next(tree: CompactRange, entry: SeatEntry) -> Seated:
    facts, log_index = describe_set(entry.bits), tree.size
    fields = {
        **entry.fields, "set_hash": facts.set_hash, "set_bytes": facts.set_bytes, "count": facts.count,
    }  # fmt: skip
    try:
        body = rules.canonical(rules.build_entry(entry.kind, fields, occurred_at=entry.occurred_at, about=None))
    except rules.ForbiddenEntryError as error:
        raise PersonalDataInLog(problem=str(error)) from error
    leaf = leaf_hash(body)
    logged = (
        LoggedEntry,
        ("log_index", "entry_ref", "body", "leaf_hash"),
        [(log_index, uuid.uuid4(), body, leaf)],
    )
    db.insert_rows([logged, page_rows(log_index, entry.bits)])
    tree.append(leaf)
    return Seated(log_index, facts)


@action
def _number_batch(*, is_waiting: bool, batch: int) -> tuple[int, Checkpoint | None]:
    if not _take_seat(is_waiting=is_waiting):
        return 0, None
    # These are statements of their own: each one sees all that was committed before it, and so all that any
    # transaction which wrote before us in the queue about the same person had committed.
    if not is_anything_waiting():
        return 0, None
    state = _read_state()
    tree = _check_state(state)
    leaves = _move_waiting(tree.size, batch)
    for leaf in leaves:
        tree.append(leaf)
    return len(leaves), _write_state(state, tree)


def _write_state(state: LogState, tree: CompactRange) -> Checkpoint:
    state.size, state.hashes, state.root = tree.size, tree.to_bytes(), tree.root()
    state.save(force_update=True)
    return Checkpoint(log_id=state.log_id, size=tree.size, root=tree.root(), at=clock.now())


def _take_seat(*, is_waiting: bool) -> bool:
    """One sequencer at a time, to the end of its transaction. On SQLite the writer's lock is the seat."""
    if not db.is_postgresql():
        return True
    if is_waiting:
        db.fetch_all("SELECT pg_advisory_xact_lock(%s)", (SEAT_LOCK,))
        return True
    return db.fetch_one("SELECT pg_try_advisory_xact_lock(%s)", (SEAT_LOCK,)) == (True,)


def _read_state() -> LogState:
    """The one row; made with the first entry, so that a copy of an empty database is a log of its own."""
    state, _ = LogState.objects.get_or_create(
        id=1, defaults={"log_id": uuid.uuid4(), "size": 0, "hashes": b"", "root": CompactRange().root()}
    )
    return state


def _check_state(state: LogState) -> CompactRange:
    """Stop rather than guess: what was written last must still be there, and nothing beyond it."""
    try:
        tree = CompactRange.from_bytes(state.size, read_bytes(state.hashes))
    except ValueError as error:
        raise MustStopError("the log's state does not belong to its size") from error
    if tree.root() != read_bytes(state.root):
        raise MustStopError("the log's state does not belong to its own root")
    row = db.fetch_one("SELECT log_index, body, leaf_hash FROM evidence_log ORDER BY log_index DESC LIMIT 1")
    if state.size != (0 if row is None else row[0] + 1):
        raise MustStopError("the log's size is not the number that was last reached")
    if row is not None:
        leaf = leaf_hash(read_bytes(row[1]))
        if leaf != read_bytes(row[2]) or (state.size & 1 and leaf != tree.hashes[-1]):
            raise MustStopError("the log's last entry was changed")
    kept = checkpoints.read_kept(state.log_id)
    if kept is not None and kept.size > state.size:
        raise MustStopError("the log is shorter than the checkpoint kept outside the database")
    if kept is not None and kept.size == state.size and kept.root != tree.root():
        raise MustStopError("the log is not the one of the checkpoint kept outside the database")
    return tree


def _move_waiting(first_index: int, batch: int) -> list[bytes]:
    return _move_postgresql(first_index, batch) if db.is_postgresql() else _move_sqlite(first_index, batch)


def _move_postgresql(first_index: int, batch: int) -> list[bytes]:
    """One statement; only the new leaves' hashes travel. ``verify`` computes each of them again."""
    rows = db.fetch_all(
        """
        WITH moved AS (
            DELETE FROM evidence_queue
            WHERE queue_number IN (SELECT queue_number FROM evidence_queue ORDER BY queue_number LIMIT %s)
            RETURNING queue_number, entry_ref, body
        ), logged AS (
            INSERT INTO evidence_log (log_index, entry_ref, body, leaf_hash)
            SELECT %s + row_number() OVER (ORDER BY queue_number) - 1, entry_ref, body,
                   sha256(decode('00', 'hex') || body)
            FROM moved
            RETURNING log_index, leaf_hash
        )
        SELECT log_index, leaf_hash FROM logged ORDER BY log_index
        """,
        (batch, first_index),
    )
    leaves = [read_bytes(leaf) for _, leaf in rows]
    assert all(len(leaf) == HASH_BYTES for leaf in leaves)
    assert not rows or (rows[0][0], rows[-1][0]) == (first_index, first_index + len(rows) - 1)
    return leaves


def _move_sqlite(first_index: int, batch: int) -> list[bytes]:
    rows = db.fetch_all(
        "SELECT queue_number, entry_ref, body FROM evidence_queue ORDER BY queue_number LIMIT %s", (batch,)
    )
    logged = [
        (first_index + offset, entry_ref, body, leaf_hash(read_bytes(body)))
        for offset, (_, entry_ref, body) in enumerate(rows)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO evidence_log (log_index, entry_ref, body, leaf_hash) VALUES (%s, %s, %s, %s)", logged
        )
        # Nobody else writes while we hold the writer's lock, so nothing below the last number is unseen.
        cursor.execute("DELETE FROM evidence_queue WHERE queue_number <= %s", (rows[-1][0],))
    return [leaf for *_, leaf in logged]


@action
def forget_person(*, participant_id: uuid.UUID) -> int:
    """Delete every link between this person and entries, and so the keys; returns how many there were.

    The entries and all proofs stay; what they say about the person is now a random string.
    """
    deleted, _ = EntryLink.objects.filter(participant_id=participant_id).delete()
    return deleted
