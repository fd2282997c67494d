"""What anybody can conclude from the entries alone, in their order, without trusting the merchant. Pure.

The rules stand in docs/evidence.md. They need no name, no clock and no database: only the entries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from onloan.evidence.rules import Entry


@dataclass(frozen=True, slots=True)
class Terms:
    """What one consent covers; shared by all consents that say the same, so that many cost little."""

    offer: str
    permission: str
    items: frozenset[str]
    purpose: str
    channels: frozenset[str]
    territories: frozenset[str]
    recipients: frozenset[str]


@dataclass(frozen=True, slots=True)
class LiveConsent:
    terms: Terms
    given_on: str
    expires: str


class NumberSet:
    """Consent numbers: one bit each, in pages, so that ten million take little over 1 MB."""

    PAGE_BYTES = 512
    PAGE_BITS = PAGE_BYTES * 8

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def __contains__(self, number: int) -> bool:
        page, bit = divmod(number, self.PAGE_BITS)
        return page in self._pages and bool(self._pages[page][bit // 8] >> bit % 8 & 1)

    def add(self, number: int) -> None:
        page, bit = divmod(number, self.PAGE_BITS)
        self._pages.setdefault(page, bytearray(self.PAGE_BYTES))[bit // 8] |= 1 << bit % 8

    def discard(self, number: int) -> None:
        page, bit = divmod(number, self.PAGE_BITS)
        if page in self._pages:
            self._pages[page][bit // 8] &= ~(1 << bit % 8)

    def page(self, number: int) -> int:
        """One page as a number whose bits are the members."""
        return int.from_bytes(self._pages.get(number, b""), "little")


@dataclass(frozen=True, slots=True)
class Basis:
    """What a purpose that needs no consent may use, and where; written down here once more, for the stranger."""

    basis: str
    items: frozenset[str]
    channels: frozenset[str]


BASES = {
    "payout": Basis("contract", frozenset({"payee_name", "payee_account"}), frozenset({"payment_file"})),
    "accounting": Basis("legal_obligation", frozenset({"payee_name", "payee_account"}), frozenset({"archive"})),
    "rights": Basis(
        "legal_obligation",
        frozenset({"payee_name", "payee_account", "email", "username", "profile_photo"}),
        frozenset({"case"}),
    ),
    "taking_part": Basis("contract", frozenset({"email", "username"}), frozenset({"mail", "own_page"})),
    "fraud_checks": Basis(
        "legitimate_interest", frozenset({"email", "username", "payee_account"}), frozenset({"review"})
    ),
}


class Stranger:
    """Reads entries in order and says what contradicts the promises. Remembers live consents and markets."""

    def __init__(self) -> None:
        self._live: dict[int, LiveConsent] = {}
        self._seen = NumberSet()
        self._terms: dict[Terms, Terms] = {}
        # The live ones again, together with whom they say the same: a mass use is checked page by page.
        self._together: dict[LiveConsent, NumberSet] = {}
        self._markets: dict[tuple[str, str], str] = {}

    def read(self, entry: Entry, bits: bytes | None = None) -> Iterator[str]:
        """The problems of one entry that has the form of its kind, in plain sentences. ``bits`` is the set that
        lies beside the log for this entry, as a plain array (docs/evidence.md), if there is one."""
        kind = str(entry["kind"])
        if kind == "consent_given":
            yield from self._give(entry)
        elif kind in {"consent_withdrawn", "consent_expired", "consent_stopped"}:
            yield from self._end(entry)
        elif kind == "use_allowed":
            yield from self._use(entry)
            yield from self._check_market(entry, "allows a use")
        elif kind == "use_on_basis":
            yield from self._use_on_basis(entry)
        elif kind == "audience_allowed":
            yield from self._use_many(entry, bits)
            yield from self._check_market(entry, "allows a mass use")
        elif kind == "joined":
            yield from self._check_market(entry, "lets somebody join")
        elif kind.startswith("market_"):
            yield from self._move_market(entry, kind.removeprefix("market_"))

    def _give(self, entry: Entry) -> Iterator[str]:
        number = _number(entry)
        if number in self._seen:
            yield f"gives consent {number} a second time"
            return
        self._seen.add(number)
        terms = Terms(
            offer=str(entry["offer"]),
            permission=str(entry["permission"]),
            items=_words(entry, "items"),
            purpose=str(entry["purpose"]),
            channels=_words(entry, "channels"),
            territories=_words(entry, "territories"),
            recipients=_words(entry, "recipients"),
        )
        terms = self._terms.setdefault(terms, terms)
        consent = LiveConsent(terms, str(entry["day"]), str(entry["expires"]))
        self._live[number] = consent
        self._together.setdefault(consent, NumberSet()).add(number)

    def _end(self, entry: Entry) -> Iterator[str]:
        number = _number(entry)
        if number not in self._seen:
            yield f"ends consent {number}, which no earlier entry gives"
        consent = self._live.pop(number, None)
        if consent is not None:
            self._together[consent].discard(number)

    def _use(self, entry: Entry) -> Iterator[str]:
        number = _number(entry)
        consent = self._live.get(number)
        if consent is None:
            how = "had ended before" if number in self._seen else "no earlier entry gives"
            yield f"allows a use under consent {number}, which {how}"
            return
        for what in _uncovered(entry, consent):
            yield f"allows a use under consent {number}, which does not cover its {what}"

    def _use_on_basis(self, entry: Entry) -> Iterator[str]:
        known = BASES.get(str(entry["purpose"]))
        if known is None:
            yield f"allows a use without a consent for {entry['purpose']}, which needs one"
            return
        for what, is_right in (
            ("basis", entry["basis"] == known.basis),
            ("items", _words(entry, "items") <= known.items),
            ("channel", entry["channel"] in known.channels),
            ("recipient", "recipient" not in entry),
        ):
            if not is_right:
                yield f"allows a use without a consent for {entry['purpose']}, which does not cover its {what}"

    def _use_many(self, entry: Entry, bits: bytes | None) -> Iterator[str]:
        if bits is None:
            yield "names a set that does not lie beside the log"
            return
        if hashlib.sha256(bits).hexdigest() != entry["set_hash"] or len(bits) != entry["set_bytes"]:
            yield "has a set beside it that is not the one it names"
            return
        count = int.from_bytes(bits, "little").bit_count()
        if count != entry["count"]:
            yield f"says that it touched {entry['count']} consents; its set has {count}"
        covering = [numbers for consent, numbers in self._together.items() if not any(_uncovered(entry, consent))]
        wrong = list(_list_outside(bits, covering))
        if wrong:
            others = f" and {len(wrong) - 1} others" if len(wrong) > 1 else ""
            yield f"allows a mass use under consent {wrong[0]}{others}, not live then or not covering it"

    def _check_market(self, entry: Entry, act: str) -> Iterator[str]:
        offer, country = str(entry["offer"]), str(entry["market"])
        if self._markets.get((offer, country)) == "stopped":
            yield f"{act} in {country} for {offer} after that market stopped"

    def _move_market(self, entry: Entry, state: str) -> Iterator[str]:
        offer, country = str(entry["offer"]), str(entry["market"])
        before = self._markets.get((offer, country))
        if state == "stopped" and before in {None, "opened"}:
            yield f"says that {country} stopped for {offer}, which had not been suspended, withdrawn or closed"
        elif state == "opened" or before != "stopped":
            # A stopped market stays stopped through a later withdrawal; only opening it starts it again.
            self._markets[offer, country] = state


def _list_outside(bits: bytes, covering: list[NumberSet]) -> Iterator[int]:
    """The numbers of a plain array that are in none of ``covering``."""
    for place, start in enumerate(range(0, len(bits), NumberSet.PAGE_BYTES)):
        outside = int.from_bytes(bits[start : start + NumberSet.PAGE_BYTES], "little")
        for numbers in covering:
            if not outside:
                break
            outside &= ~numbers.page(place)
        while outside:
            lowest = outside & -outside
            yield place * NumberSet.PAGE_BITS + lowest.bit_length() - 1
            outside ^= lowest


def _number(entry: Entry) -> int:
    number = entry["consent_number"]
    assert isinstance(number, int)
    return number


def _words(entry: Entry, name: str) -> frozenset[str]:
    values = entry.get(name, [])
    assert isinstance(values, list)
    return frozenset(str(value) for value in values)


def _uncovered(entry: Entry, consent: LiveConsent) -> Iterator[str]:
    """The elements of a use that its consent does not cover (design: promise 1)."""
    terms, day = consent.terms, str(entry["day"])
    if entry["offer"] != terms.offer:
        yield "offer"
    if entry.get("permission", terms.permission) != terms.permission:
        yield "permission"
    if not _words(entry, "items") <= terms.items:
        yield "items"
    if entry["purpose"] != terms.purpose:
        yield "purpose"
    if entry["channel"] not in terms.channels:
        yield "channel"
    if entry["market"] not in terms.territories:
        yield "market"
    if "recipient" in entry and entry["recipient"] not in terms.recipients:
        yield "recipient"
    # Days are compared as text: YYYY-MM-DD sorts like the calendar. The last day itself is covered.
    if not consent.given_on <= day <= consent.expires:
        yield "day"
