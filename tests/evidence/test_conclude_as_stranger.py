"""What a stranger concludes from the entries alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.evidence.rules import Entry, Value, build_entry
from onloan.evidence.stranger import NumberSet, Stranger
from tests.evidence.entries import EXAMPLES, NOON

ABOUT = "0" * 64


def entry(kind: str, /, **changes: Value) -> Entry:
    fields = {**EXAMPLES[kind], **changes}
    is_about = not kind.startswith(("market_", "offer_", "pool_", "payout_", "person_"))
    return build_entry(kind, fields, occurred_at=NOON, about=ABOUT if is_about else None)


def conclude(*entries: Entry) -> list[str]:
    stranger = Stranger()
    return [sentence for each in entries for sentence in stranger.read(each)]


GIVEN = entry("consent_given", recipients=["print-shop"])
USED = entry("use_allowed")


def test_it_finds_nothing_against_a_use_under_a_live_consent() -> None:
    assert conclude(GIVEN, USED, entry("use_allowed", recipient="print-shop", market="GB")) == []


@pytest.mark.parametrize("end", ["consent_withdrawn", "consent_expired", "consent_stopped"])
def test_it_finds_a_use_after_the_end_of_its_consent(end: str) -> None:
    assert conclude(GIVEN, USED, entry(end), entry("use_denied", consent_number=1)) == []
    assert conclude(GIVEN, entry(end), USED) == ["allows a use under consent 1, which had ended before"]


def test_it_finds_a_use_before_its_consent() -> None:
    assert conclude(USED, GIVEN) == ["allows a use under consent 1, which no earlier entry gives"]


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("offer", {"offer": "other-pot"}),
        ("permission", {"permission": "winners"}),
        ("items", {"items": ["username", "voice"]}),
        ("purpose", {"purpose": "advertising"}),
        ("channel", {"channel": "billboard"}),
        ("market", {"market": "DE"}),
        ("recipient", {"recipient": "somebody"}),
    ],
)
def test_it_finds_each_element_that_the_consent_does_not_cover(what: str, changes: dict[str, Value]) -> None:
    assert conclude(GIVEN, entry("use_allowed", **changes)) == [
        f"allows a use under consent 1, which does not cover its {what}"
    ]


@pytest.mark.parametrize(
    ("day", "is_covered"),
    [("2026-11-30", False), ("2026-12-01", True), ("2027-05-30", True), ("2027-05-31", False)],
)
def test_it_accepts_the_last_day_and_no_later_one(day: str, is_covered: bool) -> None:
    assert (conclude(GIVEN, {**USED, "day": day}) == []) is is_covered


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("basis", {"basis": "legitimate_interest"}),
        ("items", {"items": ["payee_name", "profile_photo"]}),
        ("channel", {"channel": "invitation_page"}),
        ("recipient", {"recipient": "print-shop"}),
    ],
)
def test_it_finds_what_a_basis_does_not_cover(what: str, changes: dict[str, Value]) -> None:
    assert conclude(entry("use_on_basis")) == []
    assert conclude(entry("use_on_basis", **changes)) == [
        f"allows a use without a consent for payout, which does not cover its {what}"
    ]


def test_it_finds_a_use_without_a_consent_that_needs_one() -> None:
    assert conclude(entry("use_on_basis", purpose="winner_wall")) == [
        "allows a use without a consent for winner_wall, which needs one"
    ]


def test_it_finds_a_consent_number_given_twice() -> None:
    assert conclude(GIVEN, GIVEN) == ["gives consent 1 a second time"]
    assert conclude(GIVEN, entry("consent_withdrawn"), GIVEN, USED) == [
        "gives consent 1 a second time",
        "allows a use under consent 1, which had ended before",
    ]


def test_it_finds_the_end_of_a_consent_that_nobody_gave() -> None:
    assert conclude(entry("consent_withdrawn")) == ["ends consent 1, which no earlier entry gives"]


@pytest.mark.parametrize("way", ["suspended", "withdrawn", "closed"])
def test_it_finds_joining_and_uses_in_a_stopped_market(way: str) -> None:
    opened, stopping, stopped = (entry(f"market_{state}") for state in ("opened", way, "stopped"))
    before = (GIVEN, opened, entry("joined"), stopping, entry("joined"), USED)
    assert conclude(*before) == []
    assert conclude(*before, stopped, entry("joined"), USED, entry("joined", market="GB")) == [
        "lets somebody join in FR for spring-pot after that market stopped",
        "allows a use in FR for spring-pot after that market stopped",
    ]
    assert conclude(*before, stopped, opened, entry("joined"), USED) == []
    assert conclude(*before, stopped, entry("market_withdrawn"), entry("joined")) != []
    assert conclude(*before, stopped, entry("reward_paid"), entry("consent_withdrawn")) == []


def test_it_finds_a_market_that_stopped_out_of_the_blue() -> None:
    assert conclude(entry("market_stopped")) != []
    assert conclude(entry("market_opened"), entry("market_stopped")) != []


@given(st.lists(st.integers(1, 2**53 - 1) | st.integers(1, 10_000)))
def test_it_remembers_consent_numbers_as_a_set_does(numbers: list[int]) -> None:
    seen, truth = NumberSet(), set()
    for number in numbers:
        assert (number in seen) == (number in truth)
        seen.add(number)
        truth.add(number)
    for number in numbers:
        assert number in seen
        assert (number + 1 in seen) == (number + 1 in truth)
