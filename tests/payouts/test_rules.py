"""Dates and the file of a payout, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan import ids
from onloan.markets.calendar import bank_holidays
from onloan.payouts import rules
from onloan.payouts.rules import is_reference, payment_due_on


@pytest.mark.parametrize(
    ("earned_at", "time_zone", "due_on"),
    [
        (datetime(2026, 12, 17, 10, 0, tzinfo=UTC), "Europe/Paris", date(2027, 1, 16)),
        (datetime(2026, 12, 17, 23, 30, tzinfo=UTC), "Europe/Paris", date(2027, 1, 17)),
        (datetime(2026, 12, 17, 23, 30, tzinfo=UTC), "Europe/London", date(2027, 1, 16)),
    ],
)
def test_it_counts_payment_days_from_the_local_day(earned_at: datetime, time_zone: str, due_on: date) -> None:
    assert payment_due_on(earned_at, 30, time_zone) == due_on


def test_it_gives_each_try_references_that_banks_have_room_for() -> None:
    reward, payable = ids.new_id(), ids.new_id()
    longest = rules.end_to_end_id(reward, 9_999)
    assert len(longest) <= rules.END_TO_END_CHARACTERS_MAX
    tries = [rules.end_to_end_id(reward, attempt) for attempt in (1, 2, 3)]
    shorts = [rules.short_reference(payable, attempt) for attempt in (1, 2, 3)]
    assert len({*tries, *shorts}) == 6
    assert all(rules.is_own_reference(text) for text in (*tries, *shorts, longest))
    assert {len(short) for short in shorts} == {rules.SHORT_REFERENCE_CHARACTERS_MAX}
    assert shorts == [rules.short_reference(payable, attempt) for attempt in (1, 2, 3)]


@given(st.text(max_size=40))
def test_it_takes_no_reference_of_others_for_its_own(text: str) -> None:
    assert not rules.is_own_reference(f"shop {text}")
    assert rules.read_message_id(f"shop {text}") is None


def test_it_finds_the_batch_that_a_bank_speaks_of() -> None:
    batch_id = ids.new_id()
    assert len(rules.message_id(batch_id)) <= 35
    assert rules.read_message_id(rules.message_id(batch_id)) == batch_id


@pytest.mark.parametrize(
    ("currency", "prepared_on", "day"),
    [
        ("EUR", date(2026, 12, 1), date(2026, 12, 2)),
        ("EUR", date(2026, 12, 4), date(2026, 12, 7)),
        ("EUR", date(2026, 12, 6), date(2026, 12, 7)),
        # TARGET closes on Good Friday and Easter Monday, on Christmas Day and the day after; then it is a Sunday.
        ("EUR", date(2027, 3, 25), date(2027, 3, 30)),
        ("EUR", date(2026, 12, 24), date(2026, 12, 28)),
        # In England Boxing Day, a Saturday in 2026, is made up for on the Monday.
        ("GBP", date(2026, 12, 24), date(2026, 12, 29)),
        ("EUR", date(2026, 7, 13), date(2026, 7, 14)),
    ],
)
def test_it_asks_for_a_day_on_which_banks_work(currency: str, prepared_on: date, day: date) -> None:
    country = "GB" if currency == "GBP" else "FR"
    assert rules.execution_day(prepared_on, bank_holidays(currency, country, prepared_on)) == day


def test_it_gives_two_weeks_from_the_day_of_the_account() -> None:
    assert rules.due_after_account(date(2027, 1, 16), date(2026, 12, 20)) == date(2027, 1, 16)
    assert rules.due_after_account(date(2027, 1, 16), date(2027, 3, 1)) == date(2027, 3, 15)


@pytest.mark.parametrize(
    ("currency", "method"), [("EUR", "sepa_transfer"), ("GBP", "gb_transfer"), ("PLN", "transfer_list")]
)
def test_it_always_leaves_the_slip_as_another_way(currency: str, method: str) -> None:
    assert [each.value for each in rules.methods_for(currency)] == [method, "claim_slip"]


@pytest.mark.parametrize("text", ["a", "shop/2027-0001", "A.b_c-1", "9" * 64])
def test_it_takes_a_plain_reference(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["", " a", "a b", "-1", "a@b", "é", "a" * 65, "a\n"])
def test_it_takes_no_reference_that_could_name_somebody(text: str) -> None:
    assert not is_reference(text)
