"""The clock of a case, and what may be written."""

from __future__ import annotations

from datetime import date

import pytest

from onloan.cases.rules import About, Kind, Outcome, can_end_with, case_due, check_text, show_reference
from onloan.markets.calendar import public_holidays


def due(kind: Kind, received: date, country: str) -> tuple[date, date]:
    found = case_due(kind, received, country, public_holidays(country, received))
    return found.internal, found.legal


@pytest.mark.parametrize(
    ("received", "country", "internal", "legal"),
    [
        (date(2026, 11, 30), "FR", date(2026, 12, 30), date(2026, 12, 30)),
        (date(2027, 1, 31), "FR", date(2027, 2, 26), date(2027, 3, 1)),
        (date(2026, 12, 31), "FR", date(2027, 1, 29), date(2027, 2, 1)),
        (date(2026, 12, 10), "GB", date(2027, 1, 8), date(2027, 1, 11)),
        (date(2026, 12, 1), "CH", date(2026, 12, 31), date(2026, 12, 31)),
        (date(2026, 11, 25), "FR", date(2026, 12, 24), date(2026, 12, 28)),
    ],
)
def test_it_gives_a_right_a_month_and_staff_the_earlier_day(
    received: date, country: str, internal: date, legal: date
) -> None:
    assert due(Kind.ACCESS, received, country) == (internal, legal)


def test_it_gives_a_complaint_thirty_days_the_first_counted() -> None:
    assert due(Kind.COMPLAINT, date(2026, 12, 1), "GB") == (date(2026, 12, 30), date(2026, 12, 30))
    assert due(Kind.COMPLAINT, date(2026, 12, 1), "FR") == (date(2026, 12, 30), date(2026, 12, 30))


def test_it_keeps_what_somebody_wrote() -> None:
    assert check_text(Kind.COMPLAINT, "  My photo is\r\non a wall.\t😀 ") == "My photo is\non a wall.\t😀"
    assert check_text(Kind.ACCESS, "  ") == ""


@pytest.mark.parametrize("kind", [Kind.COMPLAINT, Kind.RECTIFICATION])
def test_it_asks_for_words_only_where_nobody_else_has_them(kind: Kind) -> None:
    with pytest.raises(ValueError, match="missing"):
        check_text(kind, " \n ")
    for other in set(Kind) - {Kind.COMPLAINT, Kind.RECTIFICATION}:
        assert check_text(other, "") == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [("x" * 4_001, "too_long"), ("a\x00b", "character"), ("a\x1b[31m", "character"), ("\ud800", "character")],
)
def test_it_refuses_what_is_no_text(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_text(Kind.COMPLAINT, text)


def test_it_shows_a_reference_in_two_halves() -> None:
    assert show_reference("4K7M2Q9X") == "4K7M-2Q9X"


@pytest.mark.parametrize(("kind", "about"), [(Kind.WITHDRAWAL, About.NOTHING), (Kind.OBJECTION, About.MARKETING)])
def test_what_nothing_is_weighed_against_is_refused_neither_in_whole_nor_in_part(kind: Kind, about: About) -> None:
    assert can_end_with(kind, about, Outcome.DONE) and can_end_with(kind, about, Outcome.TAKEN_BACK)
    assert not can_end_with(kind, about, Outcome.REFUSED)
    assert not can_end_with(kind, about, Outcome.PARTLY_DONE)
    assert can_end_with(Kind.OBJECTION, About.CHECKS, Outcome.REFUSED)
