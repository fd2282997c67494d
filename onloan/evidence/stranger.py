"""What anybody can conclude from the entries alone, in their order, without trusting the merchant. Pure.

The rules stand in docs/evidence.md. They need no name, no clock and no database: only the entries.
"""

from __future__ import annotations

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


class SeenNumbers:
    """Every consent number that occurred: one bit each, in pages, so that ten million take little over 1 MB."""

    PAGE_BITS = 4096

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def __contains__(self, number: int) -> bool:
        page, bit = divmod(number, self.PAGE_BITS)
        return page in self._pages and bool(self._pages[page][bit // 8] >> bit % 8 & 1)

    def add(self, number: int) -> None:
        page, bit = divmod(number, self.PAGE_BITS)
        self._pages.setdefault(page, bytearray(self.PAGE_BITS // 8))[bit // 8] |= 1 << bit % 8


class Stranger:
    """Reads entries in order and says what contradicts the promises. Remembers live consents and markets."""

    def __init__(self) -> None:
        self._live: dict[int, LiveConsent] = {}
        self._seen = SeenNumbers()
        self._terms: dict[Terms, Terms] = {}
        self._markets: dict[tuple[str, str], str] = {}

    def read(self, entry: Entry) -> Iterator[str]:
        """The problems of one entry that has the form of its kind, in plain sentences."""
        kind = str(entry["kind"])
        if kind == "consent_given":
            yield from self._give(entry)
        elif kind in {"consent_withdrawn", "consent_expired", "consent_stopped"}:
            yield from self._end(entry)
        elif kind == "use_allowed":
            yield from self._use(entry)
            yield from self._check_market(entry, "allows a use")
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
        self._live[number] = LiveConsent(terms, str(entry["day"]), str(entry["expires"]))

    def _end(self, entry: Entry) -> Iterator[str]:
        number = _number(entry)
        if number not in self._seen:
            yield f"ends consent {number}, which no earlier entry gives"
        self._live.pop(number, None)

    def _use(self, entry: Entry) -> Iterator[str]:
        number = _number(entry)
        consent = self._live.get(number)
        if consent is None:
            how = "had ended before" if number in self._seen else "no earlier entry gives"
            yield f"allows a use under consent {number}, which {how}"
            return
        for what in _uncovered(entry, consent):
            yield f"allows a use under consent {number}, which does not cover its {what}"

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
