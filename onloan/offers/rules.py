"""What a market and a version may become. Pure: standard library, money and the offer's document."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from onloan.money import Money
from onloan.offers.document import MarketTerms, Offer, Permission

MarketState = Literal["draft", "open", "suspended", "withdrawn", "closed"]
MARKET_STATES: tuple[MarketState, ...] = get_args(MarketState)

OVERDUE_PERCENT_MAX = 1
"""A suspended market with a larger part of its payments overdue stays closed to newcomers (LR-054)."""

REVIEW_DAYS, ASK_AGAIN_DAYS = 10, 14
"""A held reward is decided within the first; a decision can be put to somebody else within the second. What these
and the next numbers say in the terms, ``referrals``, ``payouts`` and ``vouchers`` do; a test compares them."""

ACCOUNT_PAID_DAYS = 14
"""Who tells only after the day of payment where to pay is paid so many days later at most."""

VOUCHER_WARNING_DAYS = (30, 7)
"""So many days before a voucher ends, its owner is told by mail."""

DOORS = ("cli", "console", "demo")
"""Where an approval was given. All lead through the same actions."""

REASON_LENGTH_MIN, REASON_LENGTH_MAX = 8, 500
NOTE_LENGTH_MIN, NOTE_LENGTH_MAX = 8, 1000
HONOUR_LENGTH_MIN, HONOUR_LENGTH_MAX = 20, 2000

TRANSITIONS: dict[MarketState, frozenset[MarketState]] = {
    "draft": frozenset({"open"}),
    "open": frozenset({"suspended", "closed"}),
    "suspended": frozenset({"open", "withdrawn", "closed"}),
    "withdrawn": frozenset(),
    "closed": frozenset(),
}

# An e-mail address, or digits enough for a telephone or an account: a public reason names nobody.
_NAMES_SOMEBODY = re.compile(r"\S@\S|(?:\d[ .\-/]?){9,}")


@dataclass(frozen=True, slots=True)
class Overdue:
    """Payments of a country: how many are ``owed`` in all, and how many of these are ``late``."""

    owed: int
    late: int

    @property
    def is_too_much(self) -> bool:
        """Whether more than ``OVERDUE_PERCENT_MAX`` percent are late."""
        return self.late * 100 > self.owed * OVERDUE_PERCENT_MAX


NOTHING_OVERDUE = Overdue(owed=0, late=0)


def can_become(state: MarketState, wanted: MarketState) -> bool:
    """Whether a market in ``state`` may go straight to ``wanted``."""
    return wanted in TRANSITIONS[state]


def is_joining_open(*, state: MarketState, opens_at: datetime, closes_at: datetime, now: datetime) -> bool:
    """Whether somebody may join at ``now``. The closing date counts even before the closing job has run."""
    return state == "open" and opens_at <= now < closes_at


def market_hours(terms: MarketTerms) -> tuple[datetime, datetime]:
    """The first instant of the opening day, and the first one after the closing day, in UTC."""
    zone = ZoneInfo(terms.time_zone)
    opens_at = datetime.combine(terms.opens_on, time.min, zone).astimezone(UTC)
    closes_at = datetime.combine(terms.closes_on + timedelta(days=1), time.min, zone).astimezone(UTC)
    return opens_at, closes_at


def hash_file(text: str) -> str:
    """SHA-256 of the file as 64 hexadecimal characters: what an approval and a version are bound to."""
    return hashlib.sha256(text.encode()).hexdigest()


def names_somebody(text: str) -> bool:
    """Whether a public sentence seems to hold an e-mail address or a telephone or account number."""
    return _NAMES_SOMEBODY.search(text) is not None


def is_sentence(text: str, *, length_min: int, length_max: int) -> bool:
    """Whether ``text`` is long enough to say something, short enough to be read, and printable."""
    shown = text.strip()
    return (
        length_min <= len(shown)
        and len(text) <= length_max
        and all(character.isprintable() or character == "\n" for character in text)
    )


def pot_to_reserve(offer: Offer, country: str, *, has_sponsor: bool) -> Money:
    """All that one person can still earn on the day they join, in the market's currency.

    Kinds are added here, and only here, because one pool pays them all. Somebody whom a sponsor brought can
    also earn the rewards ``to: friend``.
    """
    total = Money(0, offer.markets[country].pool.currency)
    for rule in offer.rewards:
        if country in rule.amounts and (has_sponsor or rule.to != "friend"):
            total += rule.amounts[country].times(rule.times)
    return total


def is_covered(old: Permission, new: Permission) -> bool:
    """Whether a yes to ``old`` says at least all that ``new`` asks (GDPR art. 5(1)(b); LR-011).

    A yes covers fewer items, channels, territories or recipients, a shorter term, and more excluded contexts.
    """
    return (
        old.id == new.id
        and old.purpose == new.purpose
        and set(new.items) <= set(old.items)
        and set(new.channels) <= set(old.channels)
        and set(new.territories) <= set(old.territories)
        and set(new.recipients) <= set(old.recipients)
        and new.term_days <= old.term_days
        and set(old.excluded_contexts) <= set(new.excluded_contexts)
    )


def permissions_to_ask(old: Offer, new: Offer) -> tuple[str, ...]:
    """Ids of the permissions of ``new`` that no answer to ``old`` covers: these need a fresh consent."""
    known = {permission.id: permission for permission in old.permissions}
    return tuple(
        permission.id
        for permission in new.permissions
        if permission.id not in known or not is_covered(known[permission.id], permission)
    )


def closing_day(closes_at: datetime, time_zone: str) -> date:
    """The last day, as a calendar shows it, of a market that closes at ``closes_at``."""
    return closes_at.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line of a market's history. ``by`` is empty when the closing date did it."""

    state: MarketState
    version_number: int
    at: datetime
    by: str
    reason: str
    honour_statement: str
