"""The clock of an authority, what is missing, and what is still to be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from onloan.breaches.rules import (
    ASKED_BY_LAW,
    PARTS,
    Account,
    Duty,
    EntryKind,
    Line,
    Risk,
    alarm_step,
    find_changes,
    find_told,
    hours_left,
    is_awareness,
    is_happening,
    is_people_decided,
    list_duties,
    list_missing,
    list_text_gaps,
    names_somebody,
    next_due,
    notification_due,
)

AWARE = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
DUE = datetime(2026, 12, 27, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACCOUNT = Account(facts="A file lay open.", aware_at=AWARE, countries=("FR", "GB"))


def told(country: str, at: datetime = AWARE, *, is_correction: bool = False) -> Line:
    return Line(EntryKind.AUTHORITY_TOLD, country, at, is_correction)


def test_no_holiday_and_no_weekend_moves_the_72_hours() -> None:
    """The vector of the law table: Christmas Eve to a Sunday."""
    assert notification_due(ACCOUNT, "FR") == DUE
    assert next_due(ACCOUNT, Risk.UNKNOWN, []) == DUE


def test_a_country_without_hours_has_no_instant_of_its_own() -> None:
    swiss = Account(facts="x", aware_at=AWARE, countries=("CH",))
    assert notification_due(swiss, "CH") is None
    assert next_due(swiss, Risk.HIGH, []) is None
    assert list_duties(swiss, Risk.HIGH, [], is_telling=False) == [Duty.AUTHORITY, Duty.PEOPLE]


def test_the_clock_runs_until_each_authority_was_told_or_no_risk_is_likely() -> None:
    assert next_due(ACCOUNT, Risk.RISK, ["FR"]) == DUE
    assert next_due(ACCOUNT, Risk.RISK, ["FR", "GB"]) is None
    assert next_due(ACCOUNT, Risk.UNLIKELY, []) is None
    unknown = Account(facts="x", aware_at=AWARE)
    assert next_due(unknown, Risk.UNKNOWN, []) == DUE, "as long as nobody knows whose, the shortest clock runs"


def test_the_first_time_counts_and_a_correction_takes_its_place() -> None:
    first, later = told("FR", AWARE + HOUR), told("FR", AWARE + 90 * HOUR)
    assert find_told([first, later]) == {"FR": AWARE + HOUR}
    corrected = told("FR", AWARE + 80 * HOUR, is_correction=True)
    assert find_told([first, later, corrected]) == {"FR": AWARE + 80 * HOUR}


@pytest.mark.parametrize(
    ("left", "step"),
    [(25 * HOUR, None), (24 * HOUR, 24), (7 * HOUR, 24), (6 * HOUR, 6), (HOUR, 6), (0 * HOUR, 0), (-9 * HOUR, 0)],
)
def test_alarms_come_24_6_and_0_hours_before(left: timedelta, step: int | None) -> None:
    assert alarm_step(DUE, DUE - left) == step


def test_hours_are_never_rounded_up() -> None:
    assert hours_left(DUE, DUE - timedelta(minutes=59)) == 0
    assert hours_left(DUE, DUE - timedelta(minutes=61)) == 1
    assert hours_left(DUE, DUE + timedelta(minutes=1)) == -1


def test_what_the_law_asks_for_is_named_while_it_is_missing() -> None:
    assert list_missing(Account(facts="x", aware_at=AWARE)) == list(ASKED_BY_LAW)
    full = Account(
        facts="x", aware_at=AWARE, happened_from=AWARE, countries=("FR",), people_categories="joined",
        people_count=0, record_categories="usernames", records_count=0, contact="dpo", effects="none",
        measures="y",
    )  # fmt: skip
    assert list_missing(full) == [], "none at all is known, too"


def test_what_is_left_to_do_comes_in_its_order() -> None:
    new = Account(facts="x", aware_at=AWARE)
    assert list_duties(new, Risk.UNKNOWN, [], is_telling=False) == [Duty.ASSESS, Duty.COUNTRIES]
    assert list_duties(new, Risk.UNLIKELY, [], is_telling=False) == []
    both = [told("FR"), told("GB")]
    assert list_duties(ACCOUNT, Risk.RISK, both[:1], is_telling=False) == [Duty.AUTHORITY]
    assert list_duties(ACCOUNT, Risk.RISK, both, is_telling=False) == []
    assert list_duties(ACCOUNT, Risk.HIGH, both, is_telling=False) == [Duty.PEOPLE]
    telling = [*both, Line(EntryKind.TELLING_BEGUN)]
    assert list_duties(ACCOUNT, Risk.HIGH, telling, is_telling=True) == [Duty.TELLING]


def test_why_people_are_not_told_holds_for_the_risk_as_it_was_judged() -> None:
    declined = [Line(EntryKind.ASSESSED), Line(EntryKind.PEOPLE_NOT_TOLD)]
    assert is_people_decided(declined)
    assert not is_people_decided([*declined, Line(EntryKind.ASSESSED)])
    assert is_people_decided([Line(EntryKind.TELLING_BEGUN), Line(EntryKind.ASSESSED)])


def test_times_that_cannot_be_are_refused() -> None:
    assert is_awareness(AWARE, AWARE) and not is_awareness(AWARE, AWARE - HOUR)
    assert not is_awareness(AWARE, AWARE + timedelta(days=3 * 366))

    def happening(begun: datetime | None, ended: datetime | None) -> bool:
        account = Account(facts="x", aware_at=AWARE, happened_from=begun, happened_to=ended)
        return is_happening(account, AWARE + HOUR)

    assert happening(None, None) and happening(AWARE - HOUR, AWARE + HOUR)
    assert not happening(AWARE + HOUR, None), "nobody learns of it before it begins"
    assert not happening(AWARE, AWARE - HOUR) and not happening(None, AWARE + 2 * HOUR)
    assert not happening(datetime(1026, 12, 24, tzinfo=UTC), None)


def test_only_what_differs_is_a_change() -> None:
    after = Account(facts=ACCOUNT.facts, aware_at=AWARE - HOUR, countries=("GB", "FR"), people_count=12)
    assert find_changes(ACCOUNT, after) == {"aware_at": "2026-12-24T17:00:00+00:00", "people_count": 12}


def test_a_text_names_nobody() -> None:
    assert names_somebody("Written to ana@people.example by mistake") and not names_somebody("5 files @ 12:00 x.y")


def test_people_read_each_part_in_each_language() -> None:
    whole = dict.fromkeys(PARTS, "words")
    assert list_text_gaps({"fr": whole, "en": {**whole, "contact": " "}}, ["fr", "en", "de"]) == ["de", "en"]
