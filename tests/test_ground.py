"""The ground: transactions on both engines, ids, money, clock, keys."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidTag
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from onloan import clock, db, ids, keys
from onloan.access.models import User
from onloan.money import AMOUNT_MINOR_MAX, Money, parse_money


def make_user(name: str) -> None:
    values = {
        "id": ids.new_id(),
        "email": f"{name}@team.example",
        "name": name,
        "role": "dpo",
        "password": "!",
        "is_active": True,
        "is_demo": False,
        "is_superuser": False,
        "joined_at": datetime.now(UTC),
        "last_login": None,
    }
    db.execute([db.insert(User, **values)])


def test_it_keeps_nothing_of_an_action_that_fails(both_databases: str) -> None:
    @db.action
    def write_and_fail() -> None:
        make_user("dora")
        raise ValueError

    with pytest.raises(ValueError):
        write_and_fail()
    assert not User.objects.exists()


def test_it_lets_eight_threads_write_without_a_locked_database(both_databases: str) -> None:
    write = db.action(make_user)
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(20):
                write(f"user{number}-{turn}")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert User.objects.count() == 160


def test_it_reads_back_what_a_statement_wrote(both_databases: str) -> None:
    db.action(make_user)("dora")
    row = db.fetch_one("SELECT id, joined_at FROM access_user WHERE email = %s", ["dora@team.example"])
    assert row is not None
    assert db.read_uuid(row[0]).version == 7
    assert abs((db.read_time(row[1]) - db.database_now()).total_seconds()) < 60


def test_it_makes_keys_that_increase() -> None:
    made = [ids.new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == 10_000


@given(st.integers(1, 20), st.data())
def test_it_catches_one_wrong_character_in_a_code(length: int, data: st.DataObject) -> None:
    code = ids.new_code(length)
    assert ids.normalize_code(code.lower()) == code
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from([c for c in ids.ALPHABET if c != code[place]]))
    assert ids.normalize_code(code[:place] + other + code[place + 1 :]) is None


@given(st.text(max_size=80))
def test_it_never_fails_on_a_typed_code(text: str) -> None:
    code = ids.normalize_code(text)
    assert code is None or set(code) <= set(ids.ALPHABET)


@given(st.integers(0, AMOUNT_MINOR_MAX))
def test_it_reads_the_amount_it_wrote(amount_minor: int) -> None:
    money = Money(amount_minor, "EUR")
    assert parse_money(money.written()) == money


@pytest.mark.parametrize("text", ["12,50 EUR", "-1 EUR", "1.234 EUR", "1 eur", "1EUR", "", "9" * 14 + " EUR"])
def test_it_refuses_an_amount_that_is_not_written_right(text: str) -> None:
    with pytest.raises(ValueError):
        parse_money(text)


def test_it_moves_the_clock_forward_only(sqlite_database: str) -> None:
    before = clock.now()
    clock.advance(14 * 86_400)
    assert (clock.now() - before).days == 14
    with pytest.raises(ValueError):
        clock.advance(-1)


def test_it_opens_only_what_was_sealed_for_the_same_place() -> None:
    key = keys.derive_key("test")
    sealed = keys.seal(key, b"Ana", b"row 1")
    assert keys.unseal(key, sealed, b"row 1") == b"Ana"
    with pytest.raises(InvalidTag):
        keys.unseal(key, sealed, b"row 2")
