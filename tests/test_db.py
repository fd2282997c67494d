"""Rows by the thousand, and several questions in one round trip, on both databases."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onloan import db, ids
from onloan.access.models import IdempotencyRecord
from onloan.evidence.models import QueuedEntry
from onloan.uses.models import Use

NOW = datetime(2026, 11, 3, 10, 0, 0, 123456, tzinfo=UTC)
KEY_ID = uuid.UUID(int=3)
NAMES = (
    "id", "participant_id", "consent_number", "permission_id", "items", "purpose", "channel", "market_id",
    "country", "recipient", "version_id", "allowed", "basis", "is_copy", "reason", "decided_at",
)  # fmt: skip


def use_row(participant_id: uuid.UUID, number: int | None) -> tuple[object, ...]:
    reason = "" if number else "D-ITEM"
    return (
        ids.new_id(), participant_id, number, "card", ["username", 'with "quotes" and \\'], "referral_card",
        "invitation_page", ids.new_id(), "FR", "", ids.new_id(), number is not None,
        "consent" if number else "", False, reason, NOW,
    )  # fmt: skip


@pytest.mark.usefixtures("both_databases")
def test_it_inserts_rows_of_several_tables_as_one_by_one() -> None:
    person = ids.new_id()
    rows = [use_row(person, number or None) for number in range(300)]
    entries = [(uuid.uuid4(), bytes([number % 256, 0, 255]), NOW) for number in range(300)]
    with transaction.atomic():
        db.insert_rows([
            (Use, NAMES, rows), (QueuedEntry, ("entry_ref", "body", "queued_at"), entries), (Use, NAMES, []),
        ])  # fmt: skip
    read = Use.objects.filter(participant_id=person).order_by("id").values_list(*NAMES)
    assert [tuple(row) for row in read] == sorted(rows)
    queued = QueuedEntry.objects.order_by("queue_number").values_list("entry_ref", "body", "queued_at")
    assert [(row[0], bytes(row[1]), row[2]) for row in queued] == entries


@pytest.mark.usefixtures("both_databases")
def test_it_keeps_no_row_when_one_is_refused() -> None:
    person = ids.new_id()
    rows = [use_row(person, 1), (*use_row(person, 2)[:-2], "D-ITEM", NOW)]
    with pytest.raises(IntegrityError), transaction.atomic():
        db.insert_rows([(Use, NAMES, rows)])
    assert not Use.objects.filter(participant_id=person).exists()


@pytest.mark.usefixtures("both_databases")
def test_it_leaves_out_what_is_there_already_and_says_so() -> None:
    def record(key: str) -> tuple[object, ...]:
        return ids.new_id(), KEY_ID, key, "h" * 64, 200, {"a": [1, None]}, NOW

    names = ("id", "api_key_id", "idempotency_key", "request_hash", "status", "answer", "created_at")
    with transaction.atomic():
        assert db.insert_rows([], once=(IdempotencyRecord, names, [record("one"), record("two")]))
        assert not db.insert_rows([], once=(IdempotencyRecord, names, [record("two"), record("three")]))
        assert db.insert_rows([], once=(IdempotencyRecord, names, []))
    kept = IdempotencyRecord.objects.order_by("idempotency_key")
    assert [(row.idempotency_key, row.answer) for row in kept] == [
        (key, {"a": [1, None]}) for key in ("one", "three", "two")
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@pytest.mark.usefixtures("both_databases")
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(words=st.lists(TEXTS, max_size=4), data=st.binary(max_size=40))
def test_it_keeps_every_character_and_byte(words: list[str], data: bytes) -> None:
    person, entry = ids.new_id(), uuid.uuid4()
    row = [*use_row(person, 1)]
    row[NAMES.index("items")] = words
    row[NAMES.index("permission_id")] = "".join(words)[:64]
    with transaction.atomic():
        db.insert_rows(
            [(Use, NAMES, [row]), (QueuedEntry, ("entry_ref", "body", "queued_at"), [(entry, data, NOW)])]
        )
    use = Use.objects.get(participant_id=person)
    assert (use.items, use.permission_id) == (words, "".join(words)[:64])
    assert bytes(QueuedEntry.objects.get(entry_ref=entry).body) == data


@pytest.mark.usefixtures("both_databases")
def test_it_answers_several_questions_together() -> None:
    with transaction.atomic():
        answers = db.fetch_together(
            [("SELECT %s + 1", [1]), ("SELECT 1 WHERE 1 = 0", []), ("SELECT 5, 'five'", [])]
        )
    assert answers == [[(2,)], [], [(5, "five")]]


_ENDLESS = "WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step) SELECT count(*) FROM step"
_LONG = (
    "WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < 300000)"
    " SELECT count(*) FROM step"
)


@pytest.mark.usefixtures("both_databases")
def test_it_stops_what_reads_too_long_and_nothing_after_it() -> None:
    with pytest.raises(OperationalError), db.time_limit(0.05):
        db.fetch_one(_ENDLESS)
    with pytest.raises(OperationalError), db.time_limit(0.05), connection.cursor() as cursor:
        cursor.execute(_ENDLESS)
    with db.time_limit(60):
        assert db.fetch_one(_LONG) == (300_000,)
    with db.time_limit(0.001):
        pass
    assert db.fetch_one(_LONG) == (300_000,), "the limit ended with its block"
