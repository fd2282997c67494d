"""What each market has cost and how long its pool lasts. Cash and vouchers are never added together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from onloan.console.markets import time_zone_of
from onloan.ledger.finance import sum_fulfilled
from onloan.ledger.queries import PoolForecast, PoolView, pool_forecast, pool_view
from onloan.ledger.rules import ALARM_LEVELS_PERCENT
from onloan.money import Money
from onloan.offers.queries import MarketView
from onloan.offers.rules import closing_day
from onloan.offers.wording import written_day
from onloan.referrals.queries import count_new_customers


@dataclass(frozen=True, slots=True)
class CostEach:
    """What people earned for each new customer, by kind; a kind that the market never gave is None, and all are
    while there is no new customer."""

    cash: Money | None
    vouchers: Money | None
    fulfilled: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketMoney:
    """One market's money. ``outlook`` says how long the pool lasts; ``is_alarming`` that somebody should act."""

    market: MarketView
    time_zone: str
    pool: PoolView
    forecast: PoolForecast
    outlook: str
    is_alarming: bool
    new_customers: int
    each: CostEach


def list_market_money(markets: Sequence[MarketView], *, now: datetime) -> list[MarketMoney]:
    keys = [market.id for market in markets]
    customers, fulfilled = count_new_customers(keys), sum_fulfilled(keys)
    return [
        _market_money(market, customers=customers[market.id], fulfilled_minor=fulfilled[market.id], now=now)
        for market in markets
    ]


def find_market_money(market: MarketView, *, now: datetime) -> MarketMoney:
    return list_market_money([market], now=now)[0]


def _market_money(market: MarketView, *, customers: int, fulfilled_minor: int, now: datetime) -> MarketMoney:
    pool, forecast, time_zone = pool_view(market.id), pool_forecast(market.id, now=now), time_zone_of(market)
    return MarketMoney(
        market=market,
        time_zone=time_zone,
        pool=pool,
        forecast=forecast,
        outlook=tell_outlook(market, pool, forecast, time_zone),
        is_alarming=pool.funded.amount_minor > 0 and forecast.used_percent >= min(ALARM_LEVELS_PERCENT),
        new_customers=customers,
        each=cost_each(pool, fulfilled_minor=fulfilled_minor, customers=customers),
    )


def cost_each(pool: PoolView, *, fulfilled_minor: int, customers: int) -> CostEach:
    """What was earned, whether paid or not, over the new customers, to the nearest minor unit. A voucher that
    expired cost nothing. What the merchant fulfils itself lies on the accounts of cash and is told apart."""
    if customers == 0:
        return CostEach(None, None, None)

    def each(total_minor: int) -> Money | None:
        return Money((total_minor + customers // 2) // customers, pool.funded.currency) if total_minor else None

    return CostEach(
        cash=each(pool.owed.amount_minor + pool.paid.amount_minor - fulfilled_minor),
        vouchers=each(pool.vouchers.amount_minor + pool.redeemed.amount_minor),
        fulfilled=each(fulfilled_minor),
    )


def tell_outlook(market: MarketView, pool: PoolView, forecast: PoolForecast, time_zone: str) -> str:
    """How long the pool lasts, in one sentence."""
    language = get_language() or "en"
    if pool.full_pot.amount_minor == 0:
        return _("A newcomer without a sponsor reserves nothing here, so joining does not close.")
    if forecast.full_pots_free == 0:
        return _("No full pot is free: whoever joins now is told that none is left.")
    if forecast.closes_on is None:
        return _("Nobody joined in the last seven days, so nothing says when the pool is used up.")
    last_day = closing_day(market.closes_at, time_zone)
    if forecast.closes_on > last_day:
        return _("At the pace of the last seven days, the pool lasts to the closing date, %(day)s.") % {
            "day": written_day(last_day, language)
        }
    return _("At the pace of the last seven days, the last full pot goes on %(day)s.") % {
        "day": written_day(forecast.closes_on, language)
    }
