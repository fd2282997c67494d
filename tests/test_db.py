"""Rows by the thousand, and several questions in one round trip, on both databases."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from onloan import db, ids
from onloan.evidence.models import QueuedEntry
from onloan.uses.models import Use

NOW = datetime(2026, 11, 3, 10, 0, 0, 123456, tzinfo=UTC)
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
def test_it_answers_several_questions_together() -> None:
    with transaction.atomic():
        answers = db.fetch_together(
            [("SELECT %s + 1", [1]), ("SELECT 1 WHERE 1 = 0", []), ("SELECT 5, 'five'", [])]
        )
    assert answers == [[(2,)], [], [(5, "five")]]
