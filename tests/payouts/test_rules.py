"""Dates and the file of a payout, without a database."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.money import Money
from onloan.payouts.rules import PayableLine, guard_cell, is_reference, payment_due_on, write_csv


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


@given(st.text(max_size=40))
def test_it_never_writes_a_formula(text: str) -> None:
    line = PayableLine(reference=text, public_id=text, amount=Money(1, "EUR"), due_on=date(2027, 1, 1))
    rows = list(csv.reader(io.StringIO(write_csv([line]), newline="")))
    assert len(rows) == 2 and len(rows[1]) == 5
    assert rows[1][0] in {text, "'" + text}
    assert not rows[1][0].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("start", list("=+-@\t\r\n"))
def test_it_guards_what_a_spreadsheet_would_run(start: str) -> None:
    assert guard_cell(start + "cmd|' /C calc'!A0") == "'" + start + "cmd|' /C calc'!A0"
    assert guard_cell("R0123") == "R0123"


@pytest.mark.parametrize("text", ["a", "shop/2027-0001", "A.b_c-1", "9" * 64])
def test_it_takes_a_plain_reference(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["", " a", "a b", "-1", "a@b", "é", "a" * 65, "a\n"])
def test_it_takes_no_reference_that_could_name_somebody(text: str) -> None:
    assert not is_reference(text)
