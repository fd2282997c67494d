"""Inserts of one table become one statement, and say the same."""

from __future__ import annotations

import random
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from onloan import db
from onloan.joining.statements import gather_inserts
from onloan.people.models import CodeLookup, EmailLookup


def code(value: str, participant_id: UUID) -> db.Statement:
    return db.insert(
        CodeLookup, value_hash=value, kind="link", participant_id=participant_id, target_id=participant_id
    )


def email(value: str, participant_id: UUID) -> db.Statement:
    return db.insert(EmailLookup, value_hash=value, participant_id=participant_id)


def test_it_writes_the_same_rows_in_fewer_statements(both_databases: str) -> None:
    person = uuid4()
    statements = [code("a", person), email("x", person), code("b", person), email("y", person), code("c", person)]
    gathered = gather_inserts(statements)
    assert len(gathered) == (1 if db.is_postgresql() else 2)
    with transaction.atomic():
        db.execute(gathered)
    assert sorted(CodeLookup.objects.values_list("value_hash", "participant_id")) == [
        ("a", person), ("b", person), ("c", person),
    ]  # fmt: skip
    assert EmailLookup.objects.count() == 2


def test_it_keeps_tables_and_rows_in_order(sqlite_database: str) -> None:
    person = uuid4()
    values = [f"{number:03}" for number in random.Random(4).sample(range(1000), 50)]
    statements = [email("x", person), *(code(value, person) for value in values)]
    first, second = gather_inserts(statements)
    assert first == statements[0]
    assert [value for value in second[1] if value in values] == values


def test_it_keeps_what_is_said_of_a_conflict(both_databases: str) -> None:
    person = uuid4()
    suffix = "ON CONFLICT (value_hash) DO NOTHING"
    again = [db.insert(EmailLookup, value_hash="x", participant_id=person, on_conflict=suffix) for _ in range(3)]
    with transaction.atomic():
        db.execute(gather_inserts([*again, email("y", person)]))
    assert EmailLookup.objects.count() == 2


def test_it_takes_nothing_but_inserts() -> None:
    with pytest.raises(AssertionError):
        gather_inserts([("UPDATE people_item SET name = %s", ["x"])])
    with pytest.raises(AssertionError):
        gather_inserts([("INSERT INTO people_item (name) SELECT %s", ["x"])])
