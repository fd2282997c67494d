"""The clock of a case against the worked examples: one extension, pauses where the law has them, alarms."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.cases import clocks
from onloan.cases.clocks import Pause
from onloan.cases.rules import Kind, case_due
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import known_countries


def day(written: str) -> date:
    return date.fromisoformat(written)


@pytest.mark.parametrize(
    ("received", "today", "country", "calendar"),
    [
        ("2027-01-31", "2027-02-28", "FR", "2027-04-30"),
        ("2026-12-31", "2027-01-31", "FR", "2027-03-31"),
        # The first month is over.
        ("2027-01-31", "2027-03-01", "FR", None),
        # Thirty days there, and no longest extension in the law: ours is two months more.
        ("2026-12-01", "2026-12-31", "CH", "2027-02-28"),
    ],
)
def test_it_extends_once_inside_the_first_month(
    received: str, today: str, country: str, calendar: str | None
) -> None:
    begun = day(received)
    known = public_holidays(country, begun)
    due = clocks.find_extension(Kind.ACCESS, begun, day(today), country, known, is_extended=False)
    if calendar is None:
        assert due is None
    else:
        assert due is not None and due.internal <= day(calendar) <= due.legal
        assert due.legal - due.internal <= timedelta(days=5)
    assert clocks.find_extension(Kind.ACCESS, begun, begun, country, known, is_extended=True) is None
    assert clocks.find_extension(Kind.COMPLAINT, begun, begun, country, known, is_extended=False) is None


def test_the_british_clock_begins_with_the_identity_that_was_asked_for() -> None:
    begun = clocks.resume_from(Pause.IDENTITY, day("2026-12-01"), day("2026-12-03"), day("2026-12-10"), "GB")
    due = clocks.due_from(Kind.ACCESS, begun, "GB", public_holidays("GB", begun), is_extended=False)
    assert (begun, due.legal) == (day("2026-12-10"), day("2027-01-11"))


def test_elsewhere_the_days_of_waiting_are_added() -> None:
    begun = clocks.resume_from(Pause.IDENTITY, day("2026-11-30"), day("2026-12-03"), day("2026-12-10"), "FR")
    assert begun == day("2026-12-07")


def test_only_britain_stops_for_what_an_access_request_means() -> None:
    stops = {
        country for country in known_countries() if clocks.can_pause(Kind.ACCESS, Pause.CLARIFICATION, country)
    }
    assert stops == {"GB"}
    assert not clocks.can_pause(Kind.ERASURE, Pause.CLARIFICATION, "GB")
    assert clocks.can_pause(Kind.ERASURE, Pause.IDENTITY, "FR")
    assert not clocks.can_pause(Kind.COMPLAINT, Pause.IDENTITY, "GB")


@pytest.mark.parametrize(
    ("kind", "received", "country", "internal", "legal"),
    [
        (Kind.ACCESS, "2026-11-30", "FR", "2026-12-30", "2026-12-30"),
        (Kind.ERASURE, "2027-01-31", "FR", "2027-02-26", "2027-03-01"),
        (Kind.OBJECTION, "2026-12-31", "FR", "2027-01-29", "2027-02-01"),
        (Kind.ACCESS, "2026-12-01", "CH", "2026-12-31", "2026-12-31"),
        # A complaint counts its day of receipt, by the British statute, for everybody.
        (Kind.COMPLAINT, "2026-12-01", "GB", "2026-12-30", "2026-12-30"),
        (Kind.COMPLAINT, "2026-12-01", "FR", "2026-12-30", "2026-12-30"),
        (Kind.SIGHTING, "2026-12-01", "DE", "2026-12-30", "2026-12-30"),
    ],
)
def test_each_kind_of_case_has_the_days_of_the_worked_examples(
    kind: Kind, received: str, country: str, internal: str, legal: str
) -> None:
    due = case_due(kind, day(received), country, public_holidays(country, day(received)))
    assert (due.internal, due.legal) == (day(internal), day(legal))


def test_a_question_about_who_they_are_stops_the_clock_for_three_days_only() -> None:
    received = day("2026-12-01")
    stops = [clocks.stops_clock(Pause.IDENTITY, received, received + timedelta(days=n)) for n in (0, 3, 4)]
    assert stops == [True, True, False]
    assert clocks.stops_clock(Pause.CLARIFICATION, received, received + timedelta(days=20))


def test_a_letter_came_today_or_before_and_two_years_ago_at_most() -> None:
    today = day("2026-12-01")
    days = [clocks.is_received_day(today - timedelta(days=n), today) for n in (-1, 0, 730, 731)]
    assert days == [False, True, True, False]


def test_nobody_waits_longer_than_thirty_days_for_a_word() -> None:
    assert [clocks.wants_progress(day("2026-12-01"), day(each)) for each in ("2026-12-30", "2026-12-31")] == [
        False, True
    ]  # fmt: skip


def test_it_alarms_at_ten_three_and_no_days_and_each_day_after() -> None:
    steps = [clocks.alarm_step(left) for left in (12, 11, 10, 9, 4, 3, 1, 0, -1, -2)]
    assert steps == [None, None, 10, 10, 10, 3, 3, 0, -1, -2]


def test_a_question_alarms_at_ten_and_thirty_days_without_an_answer() -> None:
    assert [clocks.wait_step(days) for days in (0, 9, 10, 29, 30, 99)] == [None, None, 10, 10, 30, 30]


def test_an_answer_comes_between_the_question_and_today() -> None:
    asked, today = day("2027-01-03"), day("2027-03-24")
    days = [day(each) for each in ("2027-01-02", "2027-01-03", "2027-03-24", "2027-03-25")]
    assert [clocks.is_answer_day(each, asked, today) for each in days] == [False, True, True, False]


@given(
    received=st.dates(date(2026, 1, 1), date(2040, 12, 31)),
    asked=st.integers(0, 20),
    waited=st.integers(0, 60),
    country=st.sampled_from(known_countries()),
)
def test_a_pause_never_shortens_a_clock(received: date, asked: int, waited: int, country: str) -> None:
    asked_on = received + timedelta(days=asked)
    begun = clocks.resume_from(Pause.IDENTITY, received, asked_on, asked_on + timedelta(days=waited), country)
    assert begun >= received
