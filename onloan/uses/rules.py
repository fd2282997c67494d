"""Whether a use is covered by a live consent. Pure; everything that is not covered is denied."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from uuid import UUID

from onloan.offers.document import Permission, Recipient

ITEMS_MAX = 8
CONTEXTS_MAX = 16
ENDORSEMENT = "endorsement"
"""A context: beside a statement that reads as the person's own."""
WORD_LENGTH_MAX = 64

_BY_NUMBER = attrgetter("number")
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
    CONTEXT = "D-CONTEXT"
    NO_CONTRACT = "D-NO-CONTRACT"
    TRANSFER = "D-TRANSFER"
    PAYEE = "D-IBAN-PURPOSE"


@dataclass(frozen=True, slots=True)
class UseRequest:
    """What somebody wants to use. ``country`` is where it is shown; no ``recipient`` means the merchant alone.

    ``contexts`` say what it is shown beside. ``is_copy``: it will be copied (print, a partner's system), so that
    the end of the consent becomes a task to take the copy down.
    """

    items: tuple[str, ...]
    purpose: str
    channel: str
    country: str
    recipient: str | None
    contexts: tuple[str, ...] = ()
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class OtherBasis:
    """What a purpose that needs no consent may use, and where. ``stopped_by`` names the flags that end it."""

    basis: str
    items: frozenset[str]
    channels: frozenset[str]
    stopped_by: frozenset[str]


PAYEE_ITEMS = frozenset({"payee_name", "payee_account"})
OTHER_ITEMS = PAYEE_ITEMS | {"email"}
"""Items that no permission can ask for and that are never shown."""

OTHER_BASES: Mapping[str, OtherBasis] = {
    # A restriction keeps what paying needs, on the person's instruction; no flag stops a payment (promise 3).
    "payout": OtherBasis("contract", PAYEE_ITEMS, frozenset({"payment_file"}), frozenset()),
    "accounting": OtherBasis("legal_obligation", PAYEE_ITEMS, frozenset({"archive"}), frozenset()),
    "rights": OtherBasis(
        "legal_obligation", OTHER_ITEMS | {"username", "profile_photo"}, frozenset({"case"}), frozenset()
    ),
    "taking_part": OtherBasis(
        "contract", frozenset({"email", "username"}), frozenset({"mail", "own_page"}), frozenset({"restricted"})
    ),
    # GDPR art. 18 and art. 21(1): both stop what rests on the merchant's interest alone. An objection to
    # advertising does not: it says nothing about checks.
    "fraud_checks": OtherBasis(
        "legitimate_interest",
        frozenset({"email", "username", "payee_account"}),
        frozenset({"review"}),
        frozenset({"restricted", "checks_objected"}),
    ),
}
"""Purposes whose basis is not consent, as the notice of every offer names them (GDPR art. 6(1)(b), (c), (f))."""


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
    the use, None when the offer does not run there. ``now`` is the database's time. ``is_objected``: to
    advertising; ``is_checks_objected``: to what rests on the merchant's interest.
    """

    is_restricted: bool
    is_objected: bool
    is_checks_objected: bool
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
    """What an allowed use rests on: a consent, or another ``basis``. ``reason`` is why it was denied."""

    consent: ConsentFacts | None
    reason: Reason | None
    basis: str = ""

    def __post_init__(self) -> None:
        grounds = (self.consent is not None, self.reason is not None, bool(self.basis))
        assert sum(grounds) == 1, "a verdict is a consent, a basis or a reason, and only one of them"


def decide(facts: Facts, request: UseRequest) -> Verdict:
    """Allow when one live consent covers every element of the request; otherwise deny, with the first element
    that is missing (GDPR articles 5(2), 6(1)(a), 7(3), 18 and 21).

    Two consents are never added together: each stands for what the person read beside one pair of buttons.
    Of several that fail, the one that came nearest gives the reason, and of equals the newest.
    """
    if request.purpose in OTHER_BASES:
        return _decide_on_basis(facts, request, OTHER_BASES[request.purpose])
    reason = _find_stop(facts)
    if reason is None and not PAYEE_ITEMS.isdisjoint(request.items):
        reason = Reason.PAYEE
    if reason is not None:
        return Verdict(None, reason)
    nearest, progress = Reason.NO_CONSENT, -1
    for consent in sorted(facts.consents, key=_BY_NUMBER, reverse=True):
        covered, missing = _find_missing(consent, request, facts.now)
        if missing is None:
            return Verdict(consent, None)
        if covered > progress:
            nearest, progress = missing, covered
    return Verdict(None, nearest)


def _decide_on_basis(facts: Facts, request: UseRequest, other: OtherBasis) -> Verdict:
    """A use that needs no consent: its items and its place are fixed, whatever an offer says."""
    flags = {"restricted": facts.is_restricted, "checks_objected": facts.is_checks_objected}
    stopped = next((flag for flag, is_set in flags.items() if is_set and flag in other.stopped_by), None)
    if facts.is_log_down:
        return Verdict(None, Reason.LOG_DOWN)
    if facts.is_erased:
        return Verdict(None, Reason.FLAG_ERASED)
    if stopped is not None:
        return Verdict(None, Reason.FLAG_RESTRICTED if stopped == "restricted" else Reason.FLAG_OBJECTED)
    if not other.items.issuperset(request.items):
        return Verdict(None, Reason.ITEM)
    if request.channel not in other.channels:
        return Verdict(None, Reason.CHANNEL)
    return Verdict(None, None, other.basis) if request.recipient is None else Verdict(None, Reason.RECIPIENT)


def find_scope_problem(
    permission: Permission, recipient: Recipient | None, contexts: Collection[str], *, is_transfer_covered: bool
) -> Reason | None:
    """What the version that a consent was given under says against a use that the consent covers: what it is
    shown beside, who receives it and where (legal rules LR-070 to LR-072)."""
    # An endorsement puts words into a person's mouth that they never said; no permission covers one.
    if not {*permission.excluded_contexts, ENDORSEMENT}.isdisjoint(contexts):
        return Reason.CONTEXT
    if recipient is None:
        return None
    if not recipient.contract:
        return Reason.NO_CONTRACT
    return None if is_transfer_covered else Reason.TRANSFER


def _find_stop(facts: Facts) -> Reason | None:
    """What stops every use of this person's items, whatever they allowed."""
    if facts.is_log_down:
        return Reason.LOG_DOWN
    if facts.is_erased:
        return Reason.FLAG_ERASED
    if facts.is_restricted:
        return Reason.FLAG_RESTRICTED
    if facts.is_objected:
        return Reason.FLAG_OBJECTED
    home, shown, now = facts.home_market, facts.shown_market, facts.now
    if home is None or not home.is_running(now) or (shown is not None and not shown.is_running(now)):
        return Reason.MARKET
    return None


def _find_missing(consent: ConsentFacts, request: UseRequest, now: datetime) -> tuple[int, Reason | None]:
    """How many elements of ``request`` are covered by ``consent``, and the first that is not, if any."""
    if request.purpose != consent.purpose:
        return 0, Reason.PURPOSE
    if not request.items or not consent.items.issuperset(request.items):
        return 1, Reason.ITEM
    if request.channel not in consent.channels:
        return 2, Reason.CHANNEL
    if request.country not in consent.territories:
        return 3, Reason.TERRITORY
    if request.recipient is not None and request.recipient not in consent.recipients:
        return 4, Reason.RECIPIENT
    return 5, _find_lapse(consent, now)


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
