"""What a new customer costs, and how long a pool lasts, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.utils.translation import override

from onloan import clock
from onloan.console.costs import CostEach, cost_each, find_market_money, tell_outlook
from onloan.ledger.queries import PoolForecast, PoolView
from onloan.money import Money
from onloan.offers.queries import MarketView, find_market
from tests.ledger.books import CASH, POT, earn, join, open_books

ZERO = Money(0, "EUR")
POOL = PoolView(
    funded=Money(100_000, "EUR"), free=Money(90_000, "EUR"), reserved=ZERO, posted=ZERO, owed=ZERO, vouchers=ZERO,
    paid=ZERO, redeemed=ZERO, expired=ZERO, full_pot=Money(10_000, "EUR"), full_pots_free=9,
)  # fmt: skip
MARKET = MarketView(
    id=UUID(int=1), offer_id=UUID(int=2), offer_slug="spring-pot", country="FR", version_id=UUID(int=3),
    version_number=1, state="open", since=datetime(2026, 12, 1, tzinfo=UTC),
    opens_at=datetime(2026, 12, 1, tzinfo=UTC), closes_at=datetime(2027, 1, 15, 23, tzinfo=UTC), currency="EUR",
    reason="", stopped_at=None,
)  # fmt: skip


def euros(amount_minor: int) -> Money:
    return Money(amount_minor, "EUR")


def test_it_tells_each_kind_apart() -> None:
    pool = replace(POOL, owed=euros(700), paid=euros(400), vouchers=euros(1000), redeemed=euros(401))
    assert cost_each(pool, fulfilled_minor=300, customers=2) == CostEach(euros(400), euros(701), euros(150))


def test_it_counts_no_voucher_that_expired() -> None:
    pool = replace(POOL, vouchers=euros(1000), expired=euros(5000))
    assert cost_each(pool, fulfilled_minor=0, customers=1).vouchers == euros(1000)


@pytest.mark.parametrize(("total", "customers", "each"), [(100, 3, 33), (101, 3, 34), (5, 2, 3), (400, 1, 400)])
def test_it_rounds_to_the_nearest_cent(total: int, customers: int, each: int) -> None:
    assert cost_each(replace(POOL, paid=euros(total)), fulfilled_minor=0, customers=customers).cash == euros(each)


def test_it_divides_by_nobody_for_nobody() -> None:
    assert cost_each(replace(POOL, owed=euros(700)), fulfilled_minor=0, customers=0) == CostEach(None, None, None)


def lasting_until(closes_on: date | None, *, pots_free: int = 9) -> PoolForecast:
    return PoolForecast(used_percent=10, full_pots_free=pots_free, joined_last_days=3, closes_on=closes_on)


@pytest.mark.parametrize(
    ("pool", "forecast", "said"),
    [
        (POOL, lasting_until(date(2026, 12, 14)), "the last full pot goes on 14 December 2026"),
        (POOL, lasting_until(date(2027, 1, 15)), "the last full pot goes on 15 January 2027"),
        (POOL, lasting_until(date(2027, 1, 16)), "lasts to the closing date, 15 January 2027"),
        (POOL, lasting_until(None), "Nobody joined"),
        (POOL, lasting_until(date(2026, 12, 3), pots_free=0), "No full pot is free"),
        (replace(POOL, full_pot=ZERO), lasting_until(None, pots_free=0), "reserves nothing here"),
    ],
)
def test_it_says_how_long_a_pool_lasts(pool: PoolView, forecast: PoolForecast, said: str) -> None:
    with override("en"):
        assert said in tell_outlook(MARKET, pool, forecast, "Europe/Paris")


def test_it_alarms_from_eighty_percent_on(both_databases: str) -> None:
    books = open_books(pools=5)
    for joined in range(4):
        money = find_market_money(find_market("spring-pot", "FR"), now=clock.now())
        assert (money.forecast.used_percent, money.is_alarming) == (joined * 20, False)
        earn(books, join(books, amount=POT), CASH, cause_key="friend")
    money = find_market_money(find_market("spring-pot", "FR"), now=clock.now() + timedelta(days=1))
    assert (money.forecast.used_percent, money.is_alarming) == (80, True)
