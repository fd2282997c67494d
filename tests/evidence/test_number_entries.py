"""Entries get their place in the log: once each, in the order of the queue, by one sequencer at a time."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from onloan import db
from onloan.db import action
from onloan.errors import MustStopError
from onloan.evidence import actions, checkpoints, queries, seat, tree
from onloan.evidence.checkpoints import Checkpoint
from onloan.evidence.models import LoggedEntry, LogState, QueuedEntry
from tests.evidence import reference
from tests.evidence.entries import ANA, append
from tests.evidence.tampering import execute_freely

COUNTRIES = ("FR", "GB", "DE", "ES", "IT", "PT", "NL")


def open_markets() -> None:
    for country in COUNTRIES:
        append("market_opened", market=country)


def test_it_keeps_the_order_of_the_queue(both_databases: str) -> None:
    open_markets()
    assert actions.number_entries() == len(COUNTRIES)
    found = queries.entries(0, 100)
    assert [entry.read()["market"] for entry in found] == list(COUNTRIES)
    assert [entry.log_index for entry in found] == list(range(len(COUNTRIES)))
    assert not queries.is_anything_waiting()
    assert actions.number_entries() == 0


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 100])
def test_it_grows_the_same_tree_in_batches_of_any_size(batch: int, both_databases: str) -> None:
    open_markets()
    assert actions.number_entries(batch=batch) == len(COUNTRIES)
    bodies = [entry.body for entry in queries.entries(0, 100)]
    checkpoint = queries.read_checkpoint()
    assert checkpoint.size == len(COUNTRIES)
    assert checkpoint.root == reference.tree_hash(bodies)
    assert [entry.leaf_hash for entry in queries.entries(0, 100)] == [tree.leaf_hash(body) for body in bodies]


def test_it_starts_with_an_empty_tree(both_databases: str) -> None:
    assert actions.number_entries() == 0
    assert queries.read_checkpoint().root_hex == reference.tree_hash([]).hex()
    assert not LogState.objects.exists()


def test_it_numbers_nothing_that_is_not_committed(both_databases: str) -> None:
    with transaction.atomic():
        append("joined", ANA)
        with pytest.raises(AssertionError, match="transactions of its own"):
            actions.number_entries()
    assert actions.number_entries() == 1


def test_it_leaves_the_seat_to_whoever_has_it(postgresql_database: str) -> None:
    append("market_opened")
    with psycopg.connect(postgresql_database) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (actions.SEAT_LOCK,))
        assert actions.number_entries(is_waiting=False) == 0
        assert queries.count_waiting() == 1
    assert actions.number_entries(is_waiting=False) == 1


def test_it_numbers_what_commits_later_later(postgresql_database: str) -> None:
    """An entry with a lower queue number that commits late, by another person, is not lost and not waited for."""
    committing, committed = threading.Event(), threading.Event()

    def append_late() -> None:
        try:
            with transaction.atomic():
                append("market_opened", market="FR")
                committing.set()
                assert committed.wait(30)
        finally:
            connection.close()

    late = threading.Thread(target=append_late)
    late.start()
    assert committing.wait(30)
    append("market_opened", market="GB")
    assert actions.number_entries() == 1
    committed.set()
    late.join(30)
    assert actions.number_entries() == 1
    assert [entry.read()["market"] for entry in queries.entries(0, 10)] == ["GB", "FR"]


def test_it_only_lets_the_log_grow(both_databases: str) -> None:
    open_markets()
    actions.number_entries()
    for statement in (
        "UPDATE evidence_log SET body = body WHERE log_index = 2",
        "DELETE FROM evidence_log WHERE log_index = 2",
    ):
        with pytest.raises(DatabaseError, match="only grows"):
            execute_freely(statement, is_guarded=True)
    assert LoggedEntry.objects.count() == len(COUNTRIES)


BREAKS = {
    "the last entry removed": ["DELETE FROM evidence_log WHERE log_index = 6"],
    "the last entry changed": ["UPDATE evidence_log SET body = '{}' WHERE log_index = 6"],
    "an entry too many": [
        "INSERT INTO evidence_log (log_index, entry_ref, body, leaf_hash)"
        " SELECT 7, '00000000000040008000000000000001', body, leaf_hash FROM evidence_log WHERE log_index = 6"
    ],
    "the size set back": ["UPDATE evidence_state SET size = 3"],
    "the state of another log": ["UPDATE evidence_state SET root = hashes"],
}


@pytest.mark.parametrize("way", sorted(BREAKS))
def test_it_stops_rather_than_guess(way: str, both_databases: str) -> None:
    open_markets()
    actions.number_entries()
    for statement in BREAKS[way]:
        execute_freely(statement)
    append("market_closed")
    with pytest.raises(MustStopError):
        actions.number_entries()
    assert queries.count_waiting() == 1


def test_it_stops_when_the_last_entry_was_rewritten_with_its_hash(both_databases: str) -> None:
    open_markets()
    actions.number_entries()
    execute_freely(
        "UPDATE evidence_log SET body = %s, leaf_hash = %s WHERE log_index = 6", (b"{}", tree.leaf_hash(b"{}"))
    )
    append("market_closed")
    with pytest.raises(MustStopError, match="last entry was changed"):
        actions.number_entries()


@contextmanager
def restored_to(number_more: Callable[[], None]) -> Iterator[None]:
    """Put the database back to what it was before ``number_more``, as a restored backup does."""
    state = LogState.objects.get()
    number_more()
    execute_freely(f"DELETE FROM evidence_log WHERE log_index >= {state.size}")
    state.save()
    yield


def close_markets() -> None:
    for country in COUNTRIES:
        append("market_closed", market=country)
    actions.number_entries()


def test_it_notices_a_restored_backup(both_databases: str) -> None:
    open_markets()
    actions.number_entries()
    with restored_to(close_markets):
        append("market_suspended")
        with pytest.raises(MustStopError, match="shorter than the checkpoint"):
            actions.number_entries()


def test_it_notices_another_log_of_the_same_size(both_databases: str) -> None:
    open_markets()
    actions.number_entries()
    kept = checkpoints.read_kept(queries.read_checkpoint().log_id)
    assert kept is not None
    assert (kept.size, kept.root) == (queries.read_checkpoint().size, queries.read_checkpoint().root)
    lines = checkpoints.path_of(kept.log_id).read_text().splitlines(keepends=True)
    lines[2] = "A" * 43 + "=\n"
    checkpoints.path_of(kept.log_id).write_text("".join(lines))
    append("market_closed")
    with pytest.raises(MustStopError, match="not the one of the checkpoint"):
        actions.number_entries()


@pytest.mark.parametrize(
    "content", ["", "onloan\n", "x" * 2_000, "onloan/{log}\n1\nAAAA\n2026-12-01\n", "\0" * 90]
)
def test_it_does_not_pass_over_a_checkpoint_that_it_cannot_read(content: str, sqlite_database: str) -> None:
    open_markets()
    actions.number_entries()
    log_id = queries.read_checkpoint().log_id
    checkpoints.path_of(log_id).write_text(content.replace("{log}", str(log_id)))
    append("market_closed")
    with pytest.raises(MustStopError, match="kept outside"):
        actions.number_entries()


def test_it_goes_on_when_the_checkpoint_was_kept_late(both_databases: str) -> None:
    """A process that dies between commit and file leaves a file that is behind, never ahead."""
    open_markets()
    actions.number_entries()
    path = checkpoints.path_of(queries.read_checkpoint().log_id)
    behind = path.read_text()
    close_markets()
    path.write_text(behind)
    append("market_withdrawn")
    assert actions.number_entries() == 1


def test_it_never_lowers_the_kept_checkpoint(sqlite_database: str) -> None:
    log_id = uuid.uuid4()

    def checkpoint(size: int) -> Checkpoint:
        return Checkpoint(log_id, size, tree.leaf_hash(str(size).encode()), datetime.now(UTC))

    threads = [threading.Thread(target=checkpoints.keep, args=(checkpoint(size),)) for size in range(1, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = checkpoints.read_kept(log_id)
    assert kept is not None
    assert kept == checkpoint(39).__class__(log_id, 39, checkpoint(39).root, kept.at)
    with pytest.raises(MustStopError):
        checkpoints.keep(Checkpoint(log_id, 39, tree.leaf_hash(b"other"), datetime.now(UTC)))


def wait_until(is_done: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_done():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


def test_it_numbers_from_a_seat_in_each_server(both_databases: str) -> None:
    seats = [seat.start_seat() for _ in range(3)]
    try:
        for _ in range(5):
            open_markets()
        wait_until(lambda: not queries.is_anything_waiting())
    finally:
        for started in seats:
            started.stop()
    assert not any(started.is_alive for started in seats)
    assert queries.read_checkpoint().size == 5 * len(COUNTRIES)
    assert [entry.read()["market"] for entry in queries.entries(0, 100)] == list(COUNTRIES) * 5


def test_it_leaves_the_seat_loudly_and_lets_the_log_be_down(
    both_databases: str, caplog: pytest.LogCaptureFixture
) -> None:
    open_markets()
    actions.number_entries()
    execute_freely("DELETE FROM evidence_log WHERE log_index = 6")
    append("joined", ANA)
    with caplog.at_level(logging.WARNING):
        started = seat.start_seat()
        wait_until(lambda: not started.is_alive)
    assert "The evidence log has stopped" in caplog.text
    assert str(ANA) not in caplog.text
    queued = QueuedEntry.objects.get()
    assert queries.is_log_down(queued.queued_at + queries.LOG_DOWN_AFTER * 2)


def test_it_takes_a_new_connection_when_the_database_went_away(
    postgresql_database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat, "RETRY_SECONDS", 0.05)
    started = seat.start_seat()
    try:
        open_markets()
        wait_until(lambda: not queries.is_anything_waiting())
        with psycopg.connect(postgresql_database, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.close()
        open_markets()
        wait_until(lambda: not queries.is_anything_waiting())
        assert started.is_alive
    finally:
        started.stop()


def test_it_tries_a_number_again_after_a_rollback(both_databases: str) -> None:
    """A numbering that fails half-way leaves queue and log as they were."""
    open_markets()
    doubled = QueuedEntry.objects.order_by("queue_number").last()
    assert doubled is not None

    @action
    def log_it_by_hand() -> None:
        db.execute(
            [
                db.insert(
                    LoggedEntry,
                    log_index=99,
                    entry_ref=doubled.entry_ref,
                    body=b"{}",
                    leaf_hash=tree.leaf_hash(b"{}"),
                )
            ]
        )

    log_it_by_hand()
    with pytest.raises(MustStopError):
        actions.number_entries()
    execute_freely("DELETE FROM evidence_log")
    assert actions.number_entries() == len(COUNTRIES)
