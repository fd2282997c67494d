"""Several statements as one, on both databases."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from onloan import db, ids
from onloan.evidence.models import EntryLink, QueuedEntry
from onloan.together import as_one, fetch_values

pytestmark = pytest.mark.usefixtures("both_databases")

NOW = datetime(2026, 11, 3, 10, 0, 0, 123456, tzinfo=UTC)


def rows(reference: uuid.UUID, link_id: uuid.UUID) -> list[db.Statement]:
    return [
        db.insert(QueuedEntry, entry_ref=reference, body=b"%s 100%", queued_at=NOW),
        db.insert(
            EntryLink,
            id=link_id, participant_id=ids.new_id(), entry_ref=reference, opening_key=b"k" * 32, occurred_at=NOW,
        ),
    ]  # fmt: skip


def test_it_writes_all_rows_or_none() -> None:
    link_id = ids.new_id()
    with transaction.atomic():
        db.execute(as_one(rows(uuid.uuid4(), link_id)))
    assert bytes(QueuedEntry.objects.get().body) == b"%s 100%" and EntryLink.objects.get().id == link_id
    with pytest.raises(IntegrityError), transaction.atomic():
        db.execute(as_one(rows(uuid.uuid4(), link_id)))
    assert QueuedEntry.objects.count() == EntryLink.objects.count() == 1


def test_one_statement_stays_as_it_is() -> None:
    (first, _) = rows(uuid.uuid4(), ids.new_id())
    assert list(as_one([first])) == [first]


def test_it_asks_several_values_at_once() -> None:
    with transaction.atomic():
        db.execute(rows(uuid.uuid4(), ids.new_id()))
    queued = "SELECT count(*) FROM evidence_queue WHERE queued_at = %s"
    asked = [(queued, [db.time_value(NOW)]), ("SELECT count(*) FROM evidence_log", []), (queued, [None])]
    assert fetch_values(asked) == (1, 0, 0)
