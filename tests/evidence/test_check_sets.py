"""What a stranger, and ``verify``, say about the set that lies beside a mass use."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.evidence.actions import SeatEntry, append_entry, append_in_seat
from onloan.evidence.models import SetPage
from onloan.evidence.queries import read_checkpoint
from onloan.evidence.rules import Entry, Value, build_entry
from onloan.evidence.sets import (
    PAGE_BITS,
    describe_set,
    find_members,
    has_number,
    list_members,
    read_set,
)
from onloan.evidence.stranger import Stranger
from onloan.evidence.verify import verify_database
from tests.evidence.entries import EXAMPLES, NOON

ABOUT = "0" * 64
USE = {name: EXAMPLES["use_allowed"][name] for name in ("offer", "market", "items", "purpose", "channel")}


def bits_of(numbers: Iterable[int]) -> bytes:
    wanted = set(numbers)
    bits = bytearray(max(wanted) // 8 + 1 if wanted else 0)
    for number in wanted:
        bits[number // 8] |= 1 << number % 8
    return bytes(bits)


def given_to(number: int, **changes: Value) -> Entry:
    fields = {**EXAMPLES["consent_given"], "consent_number": number, **changes}
    return build_entry("consent_given", fields, occurred_at=NOON, about=ABOUT)


def ended(number: int) -> Entry:
    fields = {**EXAMPLES["consent_withdrawn"], "consent_number": number}
    return build_entry("consent_withdrawn", fields, occurred_at=NOON, about=ABOUT)


def audience(bits: bytes, **changes: Value) -> Entry:
    facts = describe_set(bits)
    named = {"set_hash": facts.set_hash, "set_bytes": facts.set_bytes, "count": facts.count}
    return build_entry("audience_allowed", {**USE, **named, **changes}, occurred_at=NOON, about=None)


def conclude(before: Iterable[Entry], entry: Entry, bits: bytes | None) -> list[str]:
    stranger = Stranger()
    assert [sentence for each in before for sentence in stranger.read(each)] == []
    return list(stranger.read(entry, bits))


def test_it_finds_nothing_against_a_set_of_live_consents_that_cover_the_use() -> None:
    bits = bits_of([1, 9, 5_000])
    before = [given_to(number) for number in (1, 2, 9, 5_000)]
    assert conclude([*before, ended(2)], audience(bits), bits) == []


WRONG = "not live then or not covering it"


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ([], f"allows a mass use under consent 1 and 1 others, {WRONG}"),
        ([given_to(1), given_to(9), ended(9)], f"allows a mass use under consent 9, {WRONG}"),
        ([given_to(1), given_to(9, purpose="photo_wall")], f"allows a mass use under consent 9, {WRONG}"),
        ([given_to(1), given_to(9, expires="2026-11-30")], f"allows a mass use under consent 9, {WRONG}"),
        ([given_to(1), given_to(9, territories=["GB"])], f"allows a mass use under consent 9, {WRONG}"),
        ([given_to(1), given_to(9, offer="other-pot")], f"allows a mass use under consent 9, {WRONG}"),
    ],
)
def test_it_finds_a_number_that_does_not_belong_there(before: list[Entry], sentence: str) -> None:
    bits = bits_of([1, 9])
    assert conclude(before, audience(bits), bits) == [sentence]


def test_it_finds_a_set_that_is_missing_exchanged_or_miscounted() -> None:
    before, bits = [given_to(1), given_to(9)], bits_of([1, 9])
    assert conclude(before, audience(bits), None) == ["names a set that does not lie beside the log"]
    for other in (bits_of([1]), bits + b"\0", b""):
        assert conclude(before, audience(bits), other) == ["has a set beside it that is not the one it names"]
    assert conclude(before, audience(bits, count=3), bits) == ["says that it touched 3 consents; its set has 2"]


def test_it_finds_a_mass_use_in_a_stopped_market() -> None:
    bits = bits_of([1])
    states = [
        build_entry(
            f"market_{state}", {"offer": USE["offer"], "market": USE["market"]}, occurred_at=NOON, about=None
        )
        for state in ("opened", "suspended", "stopped")
    ]
    assert conclude([given_to(1), *states[:2]], audience(bits), bits) == []
    assert conclude([given_to(1), *states], audience(bits), bits) == [
        "allows a mass use in FR for spring-pot after that market stopped"
    ]


NUMBERS = st.sets(st.integers(1, 3 * PAGE_BITS), max_size=200)


@given(live=NUMBERS, ends=NUMBERS, added=st.integers(1, 3 * PAGE_BITS))
def test_it_agrees_with_a_set_about_any_history(live: set[int], ends: set[int], added: int) -> None:
    stranger = Stranger()
    for number in sorted(live):
        assert list(stranger.read(given_to(number))) == []
    for number in sorted(live & ends):
        assert list(stranger.read(ended(number))) == []
    bits, more = bits_of(live - ends), bits_of((live - ends) | {added})
    assert list(stranger.read(audience(bits), bits)) == []
    assert (list(stranger.read(audience(more), more)) == []) == (added in live - ends)


def append_set(numbers: Iterable[int]) -> int:
    for number in numbers:
        append_entry(
            kind="consent_given",
            fields={**EXAMPLES["consent_given"], "consent_number": number},
            participant_id=uuid.UUID(int=number),
            occurred_at=NOON,
        )
    seated = append_in_seat(decide=lambda size: SeatEntry("audience_allowed", USE, NOON, bits_of(numbers)))
    assert seated is not None
    return seated.log_index


def test_it_appends_the_very_next_entry_and_keeps_the_set(both_databases: str) -> None:
    numbers = [1, 8, PAGE_BITS - 1, PAGE_BITS, 5 * PAGE_BITS + 3]
    log_index = append_set(numbers)
    assert (log_index, read_checkpoint().size) == (5, 6)
    bits = bits_of(numbers)
    assert read_set(log_index, len(bits)) == bits
    assert SetPage.objects.count() == 3, "empty pages are left out"
    report = verify_database()
    assert (report.problems, report.set_count) == ([], 1)


def test_it_keeps_what_was_numbered_when_nothing_is_decided(both_databases: str) -> None:
    append_entry(kind="pool_funded", fields={"amount_minor": 1, "currency": "EUR"}, occurred_at=NOON)
    sizes = []
    assert append_in_seat(decide=lambda size: sizes.append(size)) is None
    assert (sizes, read_checkpoint().size) == ([1], 1)


def test_it_reads_members_by_the_page(both_databases: str) -> None:
    numbers = [1, 8, PAGE_BITS - 1, PAGE_BITS, 5 * PAGE_BITS + 3]
    log_index = append_set(numbers)
    assert list_members(log_index, 1, 100) == numbers
    assert list_members(log_index, 9, 2) == [PAGE_BITS - 1, PAGE_BITS]
    assert list_members(log_index, PAGE_BITS + 1, 1) == [5 * PAGE_BITS + 3]
    assert list_members(log_index, 6 * PAGE_BITS, 1) == []
    assert find_members([log_index, 99], [8, 9, PAGE_BITS]) == {log_index: [8, PAGE_BITS]}
    assert find_members([], [8]) == {}


TAMPERING = [
    lambda page: SetPage.objects.filter(id=page.id).update(bits=zlib.compress(bits_of([1, 3, 8]))),
    lambda page: SetPage.objects.filter(id=page.id).update(bits=zlib.compress(bits_of([1]))),
    lambda page: SetPage.objects.filter(id=page.id).update(bits=b"no page"),
    lambda page: SetPage.objects.filter(id=page.id).update(bits=zlib.compress(bytes(10**6))),
    lambda page: SetPage.objects.filter(id=page.id).update(page_number=1),
    lambda page: page.delete(),
]


@pytest.mark.parametrize("tamper", TAMPERING)
def test_it_notices_a_set_that_was_tampered_with(both_databases: str, tamper: object) -> None:
    log_index = append_set([1, 8])
    tamper(SetPage.objects.get())  # type: ignore[operator]
    problems = verify_database().problems
    assert [problem.log_index for problem in problems] == [log_index]


def test_it_notices_a_set_that_no_entry_names(both_databases: str) -> None:
    append_set([1, 8])
    SetPage.objects.create(id=uuid.uuid4(), log_index=0, page_number=0, bits=zlib.compress(b"\2"))
    assert [problem.sentence for problem in verify_database().problems] == [
        "A set lies beside entry 0, which names none."
    ]


@given(NUMBERS)
def test_it_counts_and_finds_numbers_as_a_set_does(numbers: set[int]) -> None:
    bits = bits_of(numbers)
    assert describe_set(bits).count == len(numbers)
    for number in [*list(numbers)[:20], 1, 2, 3]:
        assert has_number(bits, number) == (number in numbers)
