"""A bound over the whole installation is kept without counting every row at every request."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from django.db import transaction

from onloan import db
from onloan.evidence.models import QueuedEntry
from onloan.rates import COUNTED_FOR, Lately

NOW = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def write(now: datetime = NOW) -> None:
    with transaction.atomic():
        db.execute([db.insert(QueuedEntry, entry_ref=uuid.uuid4(), body=b"", queued_at=now)])


def lately() -> Lately:
    return Lately("evidence_queue", "queued_at", MINUTE)


def test_it_admits_as_many_as_the_bound_and_again_when_they_are_past(both_databases: str) -> None:
    counter = lately()
    for step in range(7):
        now = NOW + step * COUNTED_FOR / 3
        is_admitted = counter.admit(5, now)
        assert is_admitted is (step < 5)
        if is_admitted:
            write(now)
    assert counter.admit(5, NOW + MINUTE + COUNTED_FOR)


def test_it_sees_what_other_processes_took_in(sqlite_database: str) -> None:
    counter, other = lately(), lately()
    assert counter.admit(3, NOW) and other.admit(3, NOW)
    for _ in range(3):
        write()
    assert not counter.admit(3, NOW + COUNTED_FOR)
    assert not other.admit(3, NOW + COUNTED_FOR)


def test_it_refuses_nobody_for_what_was_not_written(sqlite_database: str) -> None:
    counter = lately()
    assert all(counter.admit(2, NOW) for _ in range(9))
