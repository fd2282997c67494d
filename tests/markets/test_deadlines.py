"""The deadline function against worked examples: month ends, weekends, holidays, three ways to count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.markets import rules
from onloan.markets.calendar import public_holidays

NO_HOLIDAYS: frozenset[date] = frozenset()


@pytest.mark.parametrize(
    ("received", "country", "calendar", "legal", "internal"),
    [
        # A plain month.
        ("2026-11-30", "FR", "2026-12-30", "2026-12-30", "2026-12-30"),
        # No 31 February: the last day, which is a Sunday.
        ("2027-01-31", "FR", "2027-02-28", "2027-03-01", "2027-02-26"),
        ("2026-12-31", "FR", "2027-01-31", "2027-02-01", "2027-01-29"),
        # The British clock starts when the identity that was asked for has arrived.
        ("2026-12-10", "GB", "2027-01-10", "2027-01-11", "2027-01-08"),
        # Thirty days, not a month.
        ("2026-12-01", "CH", "2026-12-31", "2026-12-31", "2026-12-31"),
        # New Year's Day is a Friday: the weekend follows, Christmas Day is far enough back.
        ("2026-12-01", "FR", "2027-01-01", "2027-01-04", "2026-12-31"),
    ],
)
def test_it_answers_rights_in_time(received: str, country: str, calendar: str, legal: str, internal: str) -> None:
    day = date.fromisoformat(received)
    due = rules.rights_due(day, country, public_holidays(country, day))
    assert (due.calendar, due.legal, due.internal) == tuple(
        date.fromisoformat(written) for written in (calendar, legal, internal)
    )


def test_it_adds_the_extension_to_the_day_of_receipt_not_to_the_first_deadline() -> None:
    day = date(2027, 1, 31)
    due = rules.rights_extended_due(day, "FR", public_holidays("FR", day))
    assert due is not None
    assert due.calendar == date(2027, 4, 30)


def test_it_knows_that_swiss_law_names_no_longest_extension() -> None:
    assert rules.rights_extended_due(date(2026, 12, 1), "CH", NO_HOLIDAYS) is None


def test_it_acknowledges_a_complaint_by_the_stricter_count() -> None:
    received = date(2026, 12, 1)
    assert rules.complaint_due(received, "GB") == date(2026, 12, 30)
    assert rules.complaint_due_by_authority(received, "GB") == date(2026, 12, 31)


def test_it_promises_every_country_what_british_law_gives() -> None:
    assert {rules.complaint_due(date(2026, 12, 1), country) for country in rules.known_countries()} == {
        date(2026, 12, 30)
    }


def test_it_lets_no_holiday_move_a_breach_notice() -> None:
    aware_at = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    assert rules.breach_due(aware_at) == datetime(2026, 12, 27, 18, 0, tzinfo=UTC)


@given(
    received=st.dates(date(2020, 1, 1), date(2090, 12, 31)),
    country=st.sampled_from(rules.known_countries()),
    holidays=st.frozensets(st.dates(date(2020, 1, 1), date(2091, 12, 31)), max_size=20),
)
def test_it_never_shows_staff_a_day_after_the_legal_one(
    received: date, country: str, holidays: frozenset[date]
) -> None:
    due = rules.rights_due(received, country, holidays)
    assert due.internal <= due.calendar <= due.legal
    assert due.calendar - received <= timedelta(days=31)
    for day in (due.internal, due.legal):
        assert day.weekday() < 5
        assert day not in holidays
