"""Whether a use is covered by a live consent. Pure; everything that is not covered is denied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

ITEMS_MAX = 8
WORD_LENGTH_MAX = 64

_WORD = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_COUNTRY = re.compile(r"[A-Z]{2}")


class Reason(StrEnum):
    """Why a use was denied. The order is the order in which the gate asks."""

    LOG_DOWN = "D-LOG-DOWN"
    FLAG_ERASED = "D-FLAG-ERASED"
    FLAG_RESTRICTED = "D-FLAG-RESTRICTED"
    FLAG_OBJECTED = "D-FLAG-OBJECTED"
    MARKET = "D-MARKET"
    NO_CONSENT = "D-NO-CONSENT"
    PURPOSE = "D-PURPOSE"
    ITEM = "D-ITEM"
    CHANNEL = "D-CHANNEL"
    TERRITORY = "D-TERRITORY"
    RECIPIENT = "D-RECIPIENT"
    WITHDRAWN = "D-WITHDRAWN"
    EXPIRED = "D-EXPIRED"
    NO_RECEIPT = "D-NO-RECEIPT"


@dataclass(frozen=True, slots=True)
class UseRequest:
    """What somebody wants to use. ``country`` is where it is shown; no ``recipient`` means the merchant alone."""

    items: tuple[str, ...]
    purpose: str
    channel: str
    country: str
    recipient: str | None


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """One answer of the person, with the scope that they read. ``end_reason`` is None while it was not ended."""

    number: int
    permission_id: str
    version_id: UUID
    answer: bool
    items: frozenset[str]
    purpose: str
    channels: frozenset[str]
    territories: frozenset[str]
    recipients: frozenset[str]
    expires_at: datetime | None
    end_reason: str | None
    has_receipt: bool


@dataclass(frozen=True, slots=True)
class MarketFacts:
    state: str
    closes_at: datetime

    def is_running(self, now: datetime) -> bool:
        """The closing date counts even before the job that writes it down has run."""
        return self.state == "open" and now < self.closes_at


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision reads, as it stood in one statement after the person's row was locked.

    ``home_market`` is where the person joined; ``shown_market`` is the same offer's market in the country of
    the use, None when the offer does not run there. ``now`` is the database's time.
    """

    is_restricted: bool
    is_objected: bool
    is_erased: bool
    market_id: UUID
    version_id: UUID
    home_market: MarketFacts | None
    shown_market: MarketFacts | None
    is_log_down: bool
    now: datetime
    consents: tuple[ConsentFacts, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``consent`` is what an allowed use rests on; ``reason`` is why it was denied."""

    consent: ConsentFacts | None
    reason: Reason | None

    def __post_init__(self) -> None:
        assert (self.consent is None) != (self.reason is None), "a verdict is a consent or a reason, never both"


def decide(facts: Facts, request: UseRequest) -> Verdict:
    """Allow when one live consent covers every element of the request; otherwise deny, with the first element
    that is missing (GDPR articles 5(2), 6(1)(a), 7(3), 18 and 21).

    Two consents are never added together: each stands for what the person read beside one pair of buttons.
    Of several that fail, the one that came nearest gives the reason, and of equals the newest.
    """
    reason = _find_stop(facts)
    if reason is not None:
        return Verdict(None, reason)
    nearest, progress = Reason.NO_CONSENT, -1
    for consent in sorted(facts.consents, key=lambda consent: consent.number, reverse=True):
        covered, missing = _find_missing(consent, request, facts.now)
        if missing is None:
            return Verdict(consent, None)
        if covered > progress:
            nearest, progress = missing, covered
    return Verdict(None, nearest)


def _find_stop(facts: Facts) -> Reason | None:
    """What stops every use of this person's items, whatever they allowed."""
    markets = (facts.home_market, facts.shown_market)
    if facts.is_log_down:
        return Reason.LOG_DOWN
    if facts.is_erased:
        return Reason.FLAG_ERASED
    if facts.is_restricted:
        return Reason.FLAG_RESTRICTED
    if facts.is_objected:
        return Reason.FLAG_OBJECTED
    if facts.home_market is None or any(market and not market.is_running(facts.now) for market in markets):
        return Reason.MARKET
    return None


def _find_missing(consent: ConsentFacts, request: UseRequest, now: datetime) -> tuple[int, Reason | None]:
    """How many elements of ``request`` are covered by ``consent``, and the first that is not, if any."""
    elements = (
        (request.purpose == consent.purpose, Reason.PURPOSE),
        (bool(request.items) and consent.items.issuperset(request.items), Reason.ITEM),
        (request.channel in consent.channels, Reason.CHANNEL),
        (request.country in consent.territories, Reason.TERRITORY),
        (request.recipient is None or request.recipient in consent.recipients, Reason.RECIPIENT),
    )
    for covered, (is_covered, reason) in enumerate(elements):
        if not is_covered:
            return covered, reason
    return len(elements), _find_lapse(consent, now)


def _find_lapse(consent: ConsentFacts, now: datetime) -> Reason | None:
    """Why a consent that covers the request is not live, or None when it is."""
    if not consent.answer:
        return Reason.NO_CONSENT
    if consent.end_reason is not None:
        return _REASON_OF_END[consent.end_reason]
    if consent.expires_at is None or now >= consent.expires_at:
        return Reason.EXPIRED
    if not consent.has_receipt:
        return Reason.NO_RECEIPT
    return None


# A flag may have been lifted since; what it stopped stays stopped until the person allows it anew.
_REASON_OF_END = {
    "withdrawn": Reason.WITHDRAWN,
    "expired": Reason.EXPIRED,
    "replaced": Reason.NO_CONSENT,
    "objected": Reason.FLAG_OBJECTED,
    "restricted": Reason.FLAG_RESTRICTED,
    "erased": Reason.FLAG_ERASED,
}


def is_word(text: str) -> bool:
    """Whether ``text`` can be a word of the closed vocabularies: lower-case ASCII, digits, dashes."""
    return len(text) <= WORD_LENGTH_MAX and _WORD.fullmatch(text) is not None


def is_country(text: str) -> bool:
    """Whether ``text`` has the form of an ISO 3166-1 alpha-2 code."""
    return _COUNTRY.fullmatch(text) is not None
