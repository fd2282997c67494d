"""Recompute the whole log from its entries, and say in plain sentences what does not fit.

It reads pages of rows and holds no lock, so the log may grow meanwhile: what is checked is the log as long as
it was at the start. Memory is bounded by the live consents.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from onloan import db
from onloan.errors import MustStopError
from onloan.evidence import checkpoints, rules
from onloan.evidence.checkpoints import Checkpoint
from onloan.evidence.sets import SET_BYTES_MAX, DamagedSetError, list_sets, read_set
from onloan.evidence.statements import read_bytes
from onloan.evidence.stranger import Stranger
from onloan.evidence.tree import CompactRange, leaf_hash

PAGE_ROWS = 2_000
PROBLEMS_MAX = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """``log_index`` is the entry at fault, None when it is the log as a whole; ``sentence`` is English."""

    log_index: int | None
    sentence: str


@dataclass(slots=True)
class Report:
    """``size`` entries were checked and have ``root``, computed from their bytes."""

    size: int = 0
    root_hex: str = ""
    waiting_count: int = 0
    set_count: int = 0
    link_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    unlisted_problem_count: int = 0

    @property
    def is_sound(self) -> bool:
        return not self.problems

    def add(self, sentence: str, log_index: int | None = None) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(log_index, sentence))
        else:
            self.unlisted_problem_count += 1


@dataclass(frozen=True, slots=True)
class _State:
    size: int
    hashes: bytes
    root: bytes
    log_id: uuid.UUID | None
    last_index: int | None


def verify_database(*, show_progress: Callable[[int, int], None] | None = None) -> Report:
    """Check every entry, the tree, the queue and the links; what a stranger could check included.

    ``show_progress(done, all)`` is called after each page.
    """
    report = Report()
    # The file is read before the database: later it could rightly be ahead of what we read there.
    kept = _read_kept(report)
    state = _read_state()
    if state.size != (0 if state.last_index is None else state.last_index + 1):
        report.add("The log's last entry is not the last one that was numbered.")
    tree = _check_entries(state, kept, report, show_progress)
    report.size, report.root_hex = tree.size, tree.root().hex()
    if tree.size != state.size:
        report.add(f"The log has {tree.size} entries; {state.size} were numbered.")
    if tree.root() != state.root or tree.to_bytes() != state.hashes:
        report.add("The root over the entries is not the root that was written when they were numbered.")
    _check_sets(report, state.size)
    _check_queue(report)
    _check_links(report)
    return report


def _read_state() -> _State:
    """State and last index in one statement, so that both are of the same moment."""
    last = "(SELECT max(log_index) FROM evidence_log)"
    row = db.fetch_one(f"SELECT size, hashes, root, log_id, {last} FROM evidence_state WHERE id = 1")  # noqa: S608
    if row is not None:
        size, hashes, root, log_id, last_index = row
        return _State(size, read_bytes(hashes), read_bytes(root), db.read_uuid(log_id), last_index)
    row = db.fetch_one(f"SELECT {last}")
    assert row is not None
    return _State(0, b"", CompactRange().root(), None, row[0])


def _read_kept(report: Report) -> Checkpoint | None:
    row = db.fetch_one("SELECT log_id FROM evidence_state WHERE id = 1")
    if row is None:
        return None
    try:
        return checkpoints.read_kept(db.read_uuid(row[0]))
    except MustStopError as error:
        report.add(f"{str(error).capitalize()}.")
        return None


def _check_entries(
    state: _State,
    kept: Checkpoint | None,
    report: Report,
    show_progress: Callable[[int, int], None] | None,
) -> CompactRange:
    """Feed each entry's bytes to the tree and to the stranger; compare with the kept checkpoint on the way."""
    tree, stranger, expected = CompactRange(), Stranger(), 0
    if kept is not None and kept.size > state.size:
        report.add(
            f"The log has {state.size} entries; the checkpoint kept outside the database has {kept.size}: "
            "an older copy of the database was put back, or entries were removed."
        )
    for log_index, body, stored_leaf in _read_entries(state.size):
        if log_index != expected:
            report.add(f"Entries {expected} to {log_index - 1} are missing.", expected)
        expected = log_index + 1
        leaf = leaf_hash(body)
        if leaf != stored_leaf:
            report.add(f"Entry {log_index} is not the one that was numbered: its hash differs.", log_index)
        tree.append(leaf)
        if kept is not None and tree.size == kept.size and tree.root() != kept.root:
            report.add(f"The first {kept.size} entries are not those of the checkpoint kept outside the database.")
        _read_as_stranger(stranger, log_index, body, report)
        if show_progress is not None and (expected % PAGE_ROWS == 0 or expected == state.size):
            show_progress(expected, state.size)
    return tree


def _read_entries(size: int) -> Iterator[tuple[int, bytes, bytes]]:
    following = -1
    while True:
        rows = db.fetch_all(
            "SELECT log_index, body, leaf_hash FROM evidence_log"
            " WHERE log_index > %s AND log_index < %s ORDER BY log_index LIMIT %s",
            (following, size, PAGE_ROWS),
        )
        for log_index, body, stored_leaf in rows:
            yield log_index, read_bytes(body), read_bytes(stored_leaf)
        if len(rows) < PAGE_ROWS:
            return
        following = rows[-1][0]


def _read_as_stranger(stranger: Stranger, log_index: int, body: bytes, report: Report) -> None:
    try:
        entry = rules.parse(body)
    except rules.ForbiddenEntryError as error:
        report.add(f"Entry {log_index} is not an entry of this log: {error}.", log_index)
        return
    for sentence in stranger.read(entry, _open_set(log_index, entry, report)):
        report.add(f"Entry {log_index} {sentence}.", log_index)


def _open_set(log_index: int, entry: rules.Entry, report: Report) -> bytes | None:
    """The set beside a mass use; None where there is none, or none that can be opened."""
    set_bytes = entry.get("set_bytes")
    if not isinstance(set_bytes, int) or set_bytes > SET_BYTES_MAX:
        return None
    try:
        bits = read_set(log_index, set_bytes)
    except DamagedSetError:
        return None
    report.set_count += 1
    return bits


def _check_sets(report: Report, size: int) -> None:
    """Every set belongs to a mass use of the log."""
    for log_index in list_sets(size):
        row = db.fetch_one("SELECT body FROM evidence_log WHERE log_index = %s", (log_index,))
        if row is None or b'"kind":"audience_allowed"' not in read_bytes(row[0]):
            report.add(f"A set lies beside entry {log_index}, which names none.", log_index)


def _check_queue(report: Report) -> None:
    """What waits must be entries, and none of them in the log already: numbering would stop at it."""
    row = db.fetch_one("SELECT count(*) FROM evidence_queue")
    report.waiting_count = 0 if row is None else row[0]
    doubled = db.fetch_one("SELECT count(*) FROM evidence_queue JOIN evidence_log USING (entry_ref)")
    if doubled is not None and doubled[0]:
        report.add(f"{doubled[0]} waiting entries are in the log already.")
    following = -1
    while rows := db.fetch_all(
        "SELECT queue_number, body FROM evidence_queue WHERE queue_number > %s ORDER BY queue_number LIMIT %s",
        (following, PAGE_ROWS),
    ):
        for queue_number, body in rows:
            try:
                rules.parse(read_bytes(body))
            except rules.ForbiddenEntryError as error:
                report.add(f"Waiting entry {queue_number} is not an entry of this log: {error}.")
        following = rows[-1][0]


def _check_links(report: Report) -> None:
    """Each link that was not erased must open the commitment in its entry."""
    following: Any = db.uuid_value(uuid.UUID(int=0))
    while rows := db.fetch_all(
        "SELECT id, participant_id, entry_ref, opening_key, occurred_at FROM evidence_link"
        " WHERE id > %s ORDER BY id LIMIT %s",
        (following, PAGE_ROWS),
    ):
        bodies = _find_bodies([row[2] for row in rows])
        for _, participant_id, entry_ref, opening_key, occurred_at in rows:
            report.link_count += 1
            log_index, body = bodies.get(entry_ref, (None, None))
            if body is None:
                report.add("A link points to an entry that is neither in the log nor waiting.")
                continue
            is_opened = _opens(
                read_bytes(opening_key), db.read_uuid(participant_id), db.read_time(occurred_at), body
            )
            if not is_opened:
                where = "a waiting entry" if log_index is None else f"entry {log_index}"
                report.add(f"A link does not open {where}.", log_index)
        following = rows[-1][0]


def _find_bodies(entry_refs: Sequence[Any]) -> dict[Any, tuple[int | None, bytes]]:
    """The entries by reference. First the queue, then the log: rows only move from the first to the second."""
    marks = ", ".join(["%s"] * len(entry_refs))
    waiting = db.fetch_all(
        f"SELECT entry_ref, body FROM evidence_queue WHERE entry_ref IN ({marks})",  # noqa: S608
        entry_refs,
    )
    logged = db.fetch_all(
        f"SELECT entry_ref, log_index, body FROM evidence_log WHERE entry_ref IN ({marks})",  # noqa: S608
        entry_refs,
    )
    found: dict[Any, tuple[int | None, bytes]] = {ref: (None, read_bytes(body)) for ref, body in waiting}
    found.update({ref: (log_index, read_bytes(body)) for ref, log_index, body in logged})
    return found


def _opens(opening_key: bytes, participant_id: uuid.UUID, occurred_at: datetime, body: bytes) -> bool:
    try:
        entry = rules.parse(body)
    except rules.ForbiddenEntryError:
        return False
    if len(opening_key) != rules.OPENING_KEY_BYTES:
        return False
    return entry.get("about") == rules.commit_about(opening_key, participant_id, occurred_at)
