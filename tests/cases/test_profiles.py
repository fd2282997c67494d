"""What is kept no longer than it is needed: a photo that nobody may show, a page whose campaign is long over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from onloan import clock
from onloan.cases import profiles
from onloan.cases.actions import open_case
from onloan.cases.bearer import bearer_money, find_bearer
from onloan.cases.erasing import begin_erasure
from onloan.cases.erasure_queries import find_erasure
from onloan.cases.erasure_steps import close_profiles, finish_erasures
from onloan.cases.models import RetentionRun
from onloan.cases.period_rules import TOLD_BEFORE, PageFacts, find_page_end, is_page_closing, months_after
from onloan.cases.profiles import forget_photos, list_past_profiles, stop_closing, stop_closings
from onloan.cases.rectifying import rectify_username
from onloan.cases.rules import Door as CaseDoor
from onloan.cases.rules import ErasureCause, Kind
from onloan.consents.actions import answer_permission, withdraw_permission
from onloan.offers.models import Market
from onloan.offers.retention import PROFILE_MONTHS, PROFILE_YEARS_MAX
from onloan.outbox.models import Message
from onloan.payouts.actions import owe_reward
from onloan.people.queries import is_alive, read_item
from tests.consents.world import ALL, PHOTO, WALL, add_person, build_world
from tests.joining.support import OpenMarket, add_participant, open_market
from tests.ledger.books import CASH, NOW, earn, join, open_books
from tests.payouts.world import owe

DAY = timedelta(days=1)
YEAR = timedelta(days=365)


def test_a_photo_goes_a_day_after_its_last_permission(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    now = clock.now() + 2 * DAY
    for permission in (PHOTO, WALL):
        assert forget_photos(now=now) == 0, "somebody may still show it"
        withdraw_permission(participant_id=ana.id, permission_id=permission, now=now)
    assert forget_photos(now=now + DAY / 2) == 0, "they may allow it again"
    answer_permission(
        participant_id=ana.id, permission_id=PHOTO, answer=True, language="en", page_hash="a" * 64,
        now=now + DAY / 2,
    )  # fmt: skip
    assert forget_photos(now=now + 2 * DAY) == 0
    withdraw_permission(participant_id=ana.id, permission_id=PHOTO, now=now + 2 * DAY)
    assert forget_photos(now=now + 4 * DAY) == 1
    assert read_item(ana.id, "profile_photo") is None and read_item(ana.id, "username") is not None
    assert read_item(ben.id, "profile_photo") is not None
    assert RetentionRun.objects.get(record_class="photos").count == 1


def find_limit(market: OpenMarket) -> datetime:
    """The instant at which a page has to be gone whose person earned nothing."""
    return months_after(Market.objects.get(id=market.market_id).closes_at, PROFILE_MONTHS)


def run_daily(days: list[datetime]) -> None:
    """The jobs about pages, as each of these days has them."""
    for now in days:
        stop_closings(now=now)
        finish_erasures(now=now)
        close_profiles(now=now)


def test_a_page_is_gone_thirteen_months_after_its_campaign(both_databases: str) -> None:
    """With thirty days' notice, and a slip for what is still theirs."""
    market = open_market()
    ana = add_participant(market, "Ana").participant_id
    limit = find_limit(market)
    told = limit - TOLD_BEFORE
    assert list_past_profiles(told - DAY) == []
    assert list_past_profiles(told) == [ana]
    assert close_profiles(now=told) == 1 and close_profiles(now=told) == 0
    erasure = find_erasure(ana)
    assert erasure is not None and erasure.cause is ErasureCause.RETENTION
    assert Message.objects.filter(template="page_closing").count() == 1
    run_daily([told + 29 * DAY])
    assert is_alive(ana)
    run_daily([limit - DAY])
    assert not is_alive(ana)


def test_it_is_gone_in_time_however_late_in_the_day_the_job_looks(sqlite_database: str) -> None:
    market = open_market()
    ana = add_participant(market, "Ana").participant_id
    limit = find_limit(market)
    first = limit - TOLD_BEFORE - timedelta(seconds=1)
    run_daily([first + number * DAY for number in range(32)])
    assert first + 31 * DAY < limit and not is_alive(ana)


def test_a_new_yes_keeps_a_page_that_was_about_to_close(both_databases: str) -> None:
    """Three years after the last act of both, in a campaign that still runs."""
    world = build_world()
    joined_at = clock.now()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    told = months_after(joined_at, 12 * PROFILE_YEARS_MAX) - TOLD_BEFORE + DAY
    assert close_profiles(now=told) == 2
    answered_at = told + 20 * DAY
    answer_permission(
        participant_id=ana.id, permission_id=WALL, answer=True, language="en", page_hash="a" * 64,
        now=answered_at,
    )  # fmt: skip
    assert stop_closings(now=answered_at) == 1 and stop_closings(now=answered_at) == 0
    assert RetentionRun.objects.get(record_class="pages that stay").count == 1
    assert find_erasure(ana.id) is None and close_profiles(now=answered_at) == 0, "it would begin anew"
    run_daily([told + number * DAY for number in range(21, 40)])
    assert is_alive(ana.id) and not is_alive(ben.id)
    run_daily([months_after(answered_at, 12 * PROFILE_YEARS_MAX) - number * DAY for number in (31, 1)])
    assert not is_alive(ana.id)


def test_a_new_name_keeps_a_page_whose_campaign_is_over_as_long_again(sqlite_database: str) -> None:
    market = open_market()
    ana, ben = (add_participant(market, name).participant_id for name in ("Ana", "Ben"))
    told = find_limit(market) - TOLD_BEFORE
    rectify_username(participant_id=ben, username="Benoît", now=told - DAY)
    assert close_profiles(now=told) == 2, "an act before the notice changes nothing"
    changed_at = told + 10 * DAY
    rectify_username(participant_id=ana, username="Anaïs", now=changed_at)
    run_daily([told + number * DAY for number in (11, 31)])
    assert is_alive(ana) and find_erasure(ana) is None and not is_alive(ben)
    run_daily([months_after(changed_at, PROFILE_MONTHS) - number * DAY for number in (31, 1)])
    assert not is_alive(ana)


def test_money_that_comes_meanwhile_stops_the_end_of_a_page(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    told = months_after(Market.objects.get().closes_at, PROFILE_MONTHS)
    assert close_profiles(now=told) == 1 and stop_closings(now=told) == 0
    owe_reward(reward=earn(books, ana, CASH, cause_key="friend"), now=told + DAY)
    assert stop_closings(now=told + 2 * DAY) == 1
    run_daily([told + number * DAY for number in (3, 40)])
    assert is_alive(ana) and find_erasure(ana) is None


def test_what_somebody_asked_for_is_not_stopped(sqlite_database: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    now = clock.now()
    case = open_case(
        kind=Kind.ERASURE, country="FR", language="fr", door=CaseDoor.MY_PAGE, text="", now=now,
        participant_id=ana.id,
    )  # fmt: skip
    begin_erasure(participant_id=ana.id, case_id=case.case_id, now=now)
    assert stop_closings(now=now) == 0 and not stop_closing(participant_id=ana.id, now=now)
    assert find_erasure(ana.id) is not None


def test_nobody_waits_behind_pages_that_stay_open(both_databases: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the first pages were read and no others: sums that nobody claimed stood before all that came later."""
    monkeypatch.setattr(profiles, "PEOPLE_AT_A_TIME", 2)
    books = open_books(pools=9)
    unclaimed = [owe(books, account=None) for _ in range(5)]
    late = [join(books, now=NOW + DAY) for _ in range(3)]
    now = months_after(Market.objects.get().closes_at, PROFILE_MONTHS)
    assert sorted(list_past_profiles(now)) == sorted(late)
    monkeypatch.setattr(profiles, "PROFILES_A_DAY", 2)
    assert close_profiles(now=now) == 2 and close_profiles(now=now) == 1 and close_profiles(now=now) == 0
    assert all(find_erasure(participant_id) is None for participant_id in unclaimed)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


AT = datetime(2026, 3, 31, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "months", "expected"),
    [
        (AT, 1, datetime(2026, 4, 30, 8, 30, tzinfo=UTC)),
        (AT, 13, datetime(2027, 4, 30, 8, 30, tzinfo=UTC)),
        (AT, -13, datetime(2025, 2, 28, 8, 30, tzinfo=UTC)),
        (datetime(2024, 2, 29, tzinfo=UTC), 36, datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2024, 2, 29, tzinfo=UTC), 48, datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_months_are_those_of_the_calendar(instant: datetime, months: int, expected: datetime) -> None:
    assert months_after(instant, months) == expected


@pytest.mark.parametrize(
    ("until", "paid", "acted", "expected"),
    [
        (date(2026, 1, 10), None, date(2025, 6, 1), date(2027, 2, 10)),
        (date(2026, 1, 10), date(2026, 3, 10), date(2025, 6, 1), date(2027, 4, 10)),
        # Three years after the last act, however long the campaign runs.
        (date(2030, 1, 10), None, date(2025, 6, 1), date(2028, 6, 1)),
        # An act before the notice changes nothing; one during it is a wish to stay.
        (date(2026, 1, 10), None, date(2027, 1, 9), date(2027, 2, 10)),
        (date(2026, 1, 10), None, date(2027, 1, 11), date(2028, 2, 11)),
    ],
)
def test_a_page_ends_when_the_notice_says(until: date, paid: date | None, acted: date, expected: date) -> None:
    facts = PageFacts(
        taking_part_until=noon(until), paid_at=noon(paid) if paid is not None else None, acted_at=noon(acted)
    )
    assert find_page_end(facts) == noon(expected)
    assert not is_page_closing(facts, noon(expected) - TOLD_BEFORE - DAY)
    assert is_page_closing(facts, noon(expected) - TOLD_BEFORE)


def test_money_keeps_a_page_open(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    assert ana not in list_past_profiles(clock.now() + 10 * YEAR)
    assert find_bearer("") is None and bearer_money(ana) is not None
