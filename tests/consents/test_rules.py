"""When a yes ends: the whole of the last day that the person read, in the market's own time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan import clock
from onloan.consents.rules import describe_controls, find_expiry, find_last_day, read_last_day

CASES = [
    # Half past eleven at night in Paris, 180 days: midnight at the end of 30 May, in summer time.
    (datetime(2026, 12, 1, 22, 30, tzinfo=UTC), 180, "Europe/Paris", date(2027, 5, 30), "2027-05-30T22:00:00"),
    # Half past midnight in Paris is still the day before in UTC: the day counts from the person's own.
    (datetime(2026, 12, 1, 23, 30, tzinfo=UTC), 180, "Europe/Paris", date(2027, 5, 31), "2027-05-31T22:00:00"),
    (datetime(2026, 12, 1, 23, 30, tzinfo=UTC), 180, "Europe/London", date(2027, 5, 30), "2027-05-30T23:00:00"),
    # A leap day, and the last day of summer time.
    (datetime(2028, 2, 28, 12, 0, tzinfo=UTC), 1, "Europe/Paris", date(2028, 2, 29), "2028-02-29T23:00:00"),
    (datetime(2027, 10, 30, 12, 0, tzinfo=UTC), 1, "Europe/Paris", date(2027, 10, 31), "2027-10-31T23:00:00"),
]


@pytest.mark.parametrize(("answered_at", "term_days", "zone", "last_day", "expiry"), CASES)
def test_it_ends_with_the_last_day_of_the_market(
    answered_at: datetime, term_days: int, zone: str, last_day: date, expiry: str
) -> None:
    assert find_last_day(answered_at, term_days, zone) == last_day
    assert find_expiry(last_day, zone) == datetime.fromisoformat(expiry).replace(tzinfo=UTC)


@given(
    st.integers(0, 14 * 365 * 86_400).map(
        lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    st.integers(1, 1095),
    st.sampled_from(["Europe/Paris", "Europe/London", "Europe/Lisbon", "Europe/Helsinki", "Atlantic/Reykjavik"]),
)
def test_it_reads_the_last_day_back_from_the_expiry(answered_at: datetime, term_days: int, zone: str) -> None:
    last_day = find_last_day(answered_at, term_days, zone)
    expires_at = find_expiry(last_day, zone)
    assert read_last_day(expires_at, zone) == last_day
    assert clock.local_day(expires_at, zone) == last_day + timedelta(days=1)
    assert expires_at - answered_at > timedelta(days=term_days - 1)


def test_it_writes_down_that_no_control_was_set_beforehand() -> None:
    assert describe_controls({"a": True, "b": False}) == {
        "a": {"shown": "unset", "sent": "allow"},
        "b": {"shown": "unset", "sent": "refuse"},
    }
