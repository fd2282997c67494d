"""The live index: read from the table, from the log, or from what another process left, it says the same."""

from __future__ import annotations

import hmac
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from onloan import clock, keys
from onloan.consents.actions import answer_permission, stop_consents, withdraw_all, withdraw_permission
from onloan.consents.rules import find_expiry, find_last_utc_day, read_expiry
from onloan.errors import MustStopError
from onloan.evidence.actions import number_entries
from onloan.evidence.queries import LogMark, consent_entries, read_mark
from onloan.uses.audience_index import NUMBER_MAX, LiveIndex, Terms, check_number, from_bits, to_bits
from onloan.uses.audience_loading import load_index, read_saved, save_index
from tests.consents.world import ALL, NAME, NOTHING, PAGE_HASH, WALL, add_person, build_world

TERMS = Terms("spring-pot", "0" * 64, NAME, "FR")


def content(index: LiveIndex) -> dict[tuple[Terms, date], list[int]]:
    return {
        (terms, day): list(numbers)
        for terms, by_day in index.live.items()
        for day, numbers in by_day.items()
        if numbers
    }


def follow(index: LiveIndex) -> LiveIndex:
    """What the log says since the index was made."""
    number_entries()
    mark = read_mark()
    index.read(consent_entries(index.mark.size, mark.size))
    index.mark = mark
    return index


def live_through() -> None:
    """People who allow, refuse, take back, allow anew and are stopped, in two markets."""
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, country="GB", name="Ben")
    chloe = add_person(world, {**NOTHING, WALL: True}, name="Chloé", at=clock.now() - timedelta(days=3))
    add_person(world, NOTHING, name="Dora")
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    stop_consents(participant_id=ben.id, reason="objected", now=clock.now())
    answer_permission(
        participant_id=chloe.id,
        permission_id=NAME,
        answer=True,
        language="en",
        page_hash=PAGE_HASH,
        now=clock.now(),
    )
    answer_permission(
        participant_id=ana.id, permission_id=NAME, answer=True, language="en", page_hash=PAGE_HASH, now=clock.now()
    )


def test_the_table_and_the_log_say_the_same(both_databases: str) -> None:
    live_through()
    from_table = load_index()
    assert sum(len(numbers) for numbers in content(from_table).values()) == 5
    from_log = follow(LiveIndex(LogMark(None, 0, b"")))
    assert content(from_log) == content(from_table)
    assert from_log.given_on == from_table.given_on == clock.now().date()


def test_reading_the_tail_again_changes_nothing(both_databases: str) -> None:
    """What waited when the table was read is in both."""
    live_through()
    number_entries()
    world = build_world("autumn-pot")
    eve = add_person(world, ALL, name="Eve")
    withdraw_permission(participant_id=eve.id, permission_id=NAME, now=clock.now())
    index = load_index()
    before = content(index)
    assert content(follow(index)) == before


def test_a_saved_index_is_read_again(both_databases: str) -> None:
    live_through()
    index = follow(load_index())
    save_index(index)
    assert index.mark.log_id is not None
    saved = read_saved(index.mark.log_id)
    assert saved is not None
    assert (saved.mark, saved.given_on, content(saved)) == (index.mark, index.given_on, content(index))
    withdraw_all(participant_id=add_person(build_world("autumn-pot"), ALL).id, now=clock.now())
    assert content(follow(saved)) == content(load_index())


def saved_file() -> Path:
    (path,) = (Path(settings.HOME) / "audiences").iterdir()
    return path


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = [flip, lambda content: content[:-1], lambda content: content[:20], lambda content: b""]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_left_aside(sqlite_database: str, damage: object) -> None:
    live_through()
    index = follow(load_index())
    save_index(index)
    path = saved_file()
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert index.mark.log_id is not None
    assert read_saved(index.mark.log_id) is None


def test_a_file_of_somebody_else_is_left_aside(sqlite_database: str) -> None:
    live_through()
    index = follow(load_index())
    save_index(index)
    path = saved_file()
    body = path.read_bytes()[:-32]
    path.write_bytes(body + hmac.digest(b"another key", body, "sha256"))
    assert index.mark.log_id is not None
    assert read_saved(index.mark.log_id) is None
    path.write_bytes(body + hmac.digest(keys.derive_key("audience-index"), body, "sha256"))
    assert read_saved(index.mark.log_id) is not None
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_knows_how_far_it_read_and_in_which_log(both_databases: str) -> None:
    live_through()
    number_entries()
    whole, part = read_mark(), read_mark(3)
    assert whole.size > 3 and part.size == 3
    assert len({whole.leaf_hash, part.leaf_hash}) == 2
    assert read_mark(whole.size) == whole
    assert read_mark(whole.size + 1).leaf_hash == b""


NUMBERS = st.sets(st.integers(1, 200_000), max_size=300)


@given(NUMBERS)
def test_bits_and_numbers_are_the_same_set(numbers: set[int]) -> None:
    bits = to_bits(BitMap(numbers))
    assert len(bits) == (max(numbers) // 8 + 1 if numbers else 0)
    assert {number for number in numbers if bits[number // 8] >> number % 8 & 1} == numbers
    assert sum(byte.bit_count() for byte in bits) == len(numbers)
    assert set(from_bits(bits)) == numbers


@given(NUMBERS, NUMBERS)
def test_giving_and_ending_is_a_set_difference(given_numbers: set[int], ended: set[int]) -> None:
    index = LiveIndex(LogMark(None, 0, b""))
    index.give(TERMS, date(2027, 1, 1), np.array(sorted(given_numbers), dtype=np.uint32))
    index.read((0, {"kind": "consent_withdrawn", "consent_number": number}) for number in ended)
    assert set().union(*content(index).values()) == given_numbers - ended


def test_it_forgets_days_that_are_over_everywhere() -> None:
    index, today = LiveIndex(LogMark(None, 0, b"")), date(2027, 1, 10)
    for number in range(1, 9):
        index.give(TERMS, today - timedelta(days=number - 1), [number])
    index.forget_ended(today)
    assert sorted(number for numbers in content(index).values() for number in numbers) == [1, 2, 3]


@pytest.mark.parametrize("number", [0, NUMBER_MAX + 1])
def test_it_stops_at_a_number_that_no_set_holds(number: int) -> None:
    assert check_number(NUMBER_MAX) == NUMBER_MAX
    with pytest.raises(MustStopError):
        check_number(number)


@pytest.mark.parametrize("time_zone", ["Europe/Paris", "Europe/London", "America/New_York", "Pacific/Apia", "UTC"])
def test_an_expiry_is_known_from_its_last_day_in_utc(time_zone: str) -> None:
    for day in range(400):
        expiry = find_expiry(date(2026, 1, 1) + timedelta(days=day), time_zone)
        assert read_expiry(find_last_utc_day(expiry), time_zone) == expiry
