"""Public holidays, from the ``holidays`` library: the one impure input of the deadline rules."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

from onloan.markets.rules import market_facts


def public_holidays(country: str, around: date) -> frozenset[date]:
    """Every public holiday of ``country`` from the year before ``around`` to the year after.

    Three years hold every deadline: the longest is three months, and rolling back stays within weeks.
    Only nation-wide holidays count; regional ones differ too much to guess.
    """
    return _holidays_of(market_facts(country).holidays_country, around.year)


def bank_holidays(currency: str, country: str, around: date) -> frozenset[date]:
    """Days on which no payment in ``currency`` settles, in this year and the next: the closing days of TARGET for
    euros, the bank holidays of England for pounds, elsewhere the public holidays of ``country``."""
    if currency == "EUR":
        return _target_holidays(around.year)
    if currency == "GBP":
        return _english_holidays(around.year)
    return public_holidays(country, around)


@lru_cache(maxsize=8)
def _target_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.financial_holidays("ECB", years=(year, year + 1)).keys())


@lru_cache(maxsize=8)
def _english_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=(year, year + 1)).keys())


@lru_cache(maxsize=256)
def _holidays_of(code: str, year: int) -> frozenset[date]:
    found = holidays.country_holidays(code, years=range(year - 1, year + 2))
    return frozenset(found.keys())
