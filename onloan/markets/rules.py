"""What each country asks: facts read once from ``markets.json``, and the deadlines that follow from them.

Pure: the days on which nobody works are passed in (see ``calendar.py``). Not legal advice.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

CashReward = Literal["in_use_per_sources", "no_prohibition_known", "refuse_until_counsel"]
ChanceMechanic = Literal["hold", "hold_unknown", "refuse"]

# Nobody outside the United Kingdom is bound to thirty days, but everybody is promised them.
COMPLAINT_ACKNOWLEDGE_DAYS = 30
_DATA = Path(__file__).with_name("markets.json")


@dataclass(frozen=True, slots=True)
class Authority:
    """The data-protection authority of a country. ``must_be_configured``: which office is competent
    depends on where the merchant sits (Germany), so the name here is only a start."""

    name: str
    name_en: str
    short_name: str
    url: str
    complaint_url: str
    complaint_languages: tuple[str, ...]
    must_be_configured: bool


@dataclass(frozen=True, slots=True)
class RightsPeriod:
    """How long an answer to a rights request may take. ``extension_months`` None: the law names no maximum.

    ``pauses`` are the questions that stop the clock until they are answered. Where ``identity_restarts``, the time
    begins when an identity that was asked for has arrived (UK GDPR art. 12A); else the days of waiting are added.
    """

    unit: Literal["month", "day"]
    value: int
    extension_months: int | None
    pauses: tuple[str, ...]
    identity_restarts: bool


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What the product needs to know of one country (ISO 3166-1 alpha-2)."""

    country: str
    names: Mapping[str, str]
    eu: bool
    eea: bool
    regime: str
    languages: tuple[str, ...]
    currency: str
    sepa: bool
    time_zone: str
    holidays_country: str
    authority: Authority
    rights: RightsPeriod
    complaint_acknowledge_days: int
    complaint_law: bool
    digital_consent_age: int | None
    breach_hours: int | None
    referral_message: str
    cash_reward: CashReward
    chance_mechanic: ChanceMechanic
    payout_record_years: int | None
    payout_record_law: str
    """The law that asks to keep accounts for so long; empty where it was not looked up."""
    tax_sentence: Mapping[str, str]
    declare_minor: int | None
    """What a person may earn in a year before it may have to be declared, in the smallest unit of the currency;
    None where no amount was looked up."""


@dataclass(frozen=True, slots=True)
class Due:
    """The day that the calendar gives, the last day in law, and the day that staff are shown."""

    calendar: date
    legal: date
    internal: date


@lru_cache(maxsize=1)
def known_countries() -> tuple[str, ...]:
    """Every country with facts, in alphabetical order of its code."""
    return tuple(sorted(_read_facts()))


def market_facts(country: str) -> MarketFacts:
    """Raises KeyError for a country without facts; ``known_countries`` lists those that have them."""
    return _read_facts()[country]


def country_name(country: str, language: str) -> str:
    """In French for ``fr``, else in English; the code itself when there are no facts."""
    facts = _read_facts().get(country)
    if facts is None:
        return country
    return facts.names.get(language, facts.names["en"])


def find_country(written: str) -> str | None:
    """The code of a country written as code or name, in English or French; None when it is not known."""
    wanted = written.strip().casefold()
    for facts in _read_facts().values():
        if wanted == facts.country.casefold() or wanted in {name.casefold() for name in facts.names.values()}:
            return facts.country
    return None


def rights_due(received: date, country: str, public_holidays: Container[date]) -> Due:
    """When a rights request received on ``received`` is to be answered (GDPR art. 12(3), UK GDPR art. 12A,
    Swiss FADP ordinance art. 18).

    ``received`` is the relevant time: the day on which the request, and in the United Kingdom an identity
    that was asked for, had arrived. Rolling follows Regulation 1182/71 art. 3(4).
    """
    period = market_facts(country).rights
    in_months, in_days = (period.value, 0) if period.unit == "month" else (0, period.value)
    return _due(add_months(received, in_months) + timedelta(days=in_days), public_holidays)


def rights_extended_due(received: date, country: str, public_holidays: Container[date]) -> Due | None:
    """The same with the whole extension taken; None where the law names no maximum."""
    period = market_facts(country).rights
    if period.extension_months is None:
        return None
    return _due(add_months(received, period.value + period.extension_months), public_holidays)


def complaint_due(received: date, country: str) -> date:
    """The last day to acknowledge a complaint, the day of receipt counted (DPA 2018 s. 164A)."""
    return received + timedelta(days=market_facts(country).complaint_acknowledge_days - 1)


def complaint_due_by_authority(received: date, country: str) -> date:
    """The same as the British authority counts it, from the day after receipt; shown beside, never enforced."""
    return received + timedelta(days=market_facts(country).complaint_acknowledge_days)


def breach_due(aware_at: datetime) -> datetime:
    """72 running hours after becoming aware (GDPR art. 33(1)); holidays do not move it."""
    return aware_at + timedelta(hours=72)


def breach_due_in(aware_at: datetime, country: str) -> datetime | None:
    """The same for the authority of ``country``; None where its law names no hours and wants it as soon as
    possible (Swiss FADP art. 24(1))."""
    hours = market_facts(country).breach_hours
    return None if hours is None else aware_at + timedelta(hours=hours)


def add_months(day: date, months: int) -> date:
    """The same day number so many months later, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def next_working_day(day: date, public_holidays: Container[date]) -> date:
    """``day`` itself, or the first day after it that is neither weekend nor public holiday."""
    while not _is_working_day(day, public_holidays):
        day += timedelta(days=1)
    return day


def previous_working_day(day: date, public_holidays: Container[date]) -> date:
    """``day`` itself, or the last day before it that is neither weekend nor public holiday."""
    while not _is_working_day(day, public_holidays):
        day -= timedelta(days=1)
    return day


def _is_working_day(day: date, public_holidays: Container[date]) -> bool:
    return day.weekday() < 5 and day not in public_holidays


def _due(day: date, public_holidays: Container[date]) -> Due:
    return Due(
        calendar=day,
        legal=next_working_day(day, public_holidays),
        internal=previous_working_day(day, public_holidays),
    )


@lru_cache(maxsize=1)
def _read_facts() -> dict[str, MarketFacts]:
    written = json.loads(_DATA.read_text(encoding="utf-8"))
    return {entry["country"]: _read_market(entry) for entry in written["markets"]}


def _read_market(entry: dict[str, Any]) -> MarketFacts:
    authority = entry["authority"]
    return MarketFacts(
        country=entry["country"],
        names=entry["names"],
        eu=entry["eu"],
        eea=entry["eea"],
        regime=entry["regime"],
        languages=tuple(entry["languages"]),
        currency=entry["currency"],
        sepa=entry["sepa"],
        time_zone=entry["time_zone"],
        holidays_country=entry["holidays"],
        authority=Authority(
            name=authority["name"],
            name_en=authority["name_en"],
            short_name=authority["short_name"],
            url=authority["url"],
            complaint_url=authority["complaint_url"],
            complaint_languages=tuple(authority["complaint_languages"]),
            must_be_configured=authority["must_be_configured"],
        ),
        rights=RightsPeriod(**{**entry["rights"], "pauses": tuple(entry["rights"]["pauses"])}),
        complaint_acknowledge_days=entry["complaint_acknowledge_days"] or COMPLAINT_ACKNOWLEDGE_DAYS,
        complaint_law=entry["complaint_acknowledge_days"] is not None,
        digital_consent_age=entry["digital_consent_age"],
        breach_hours=entry["breach_hours"],
        referral_message=entry["referral_message"],
        cash_reward=entry["cash_reward"],
        chance_mechanic=entry["chance_mechanic"],
        payout_record_years=entry["payout_record_years"],
        payout_record_law=entry.get("payout_record_law", ""),
        tax_sentence=entry["tax_sentence"],
        declare_minor=entry.get("declare_minor"),
    )
