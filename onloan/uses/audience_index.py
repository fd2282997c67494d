"""Which consents are live, as sets of their numbers: what a mass use is decided from. Kept in memory.

It follows the log: whatever gave or ended a consent is an entry. Reading an entry twice changes nothing, and a
number that ended never comes back, so the index may know more than the log up to its mark, never less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from pyroaring import BitMap

from onloan.consents.rules import read_expiry
from onloan.errors import MustStopError
from onloan.evidence.queries import LogMark
from onloan.evidence.rules import Entry
from onloan.offers.queries import PublishedVersion, find_version_by_hash
from onloan.uses.rules import ConsentFacts, Reason

NUMBER_MAX = 2**32 - 1
ENDS = frozenset({"consent_withdrawn", "consent_expired", "consent_stopped"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What people of one market were asked: a permission of a version, known by the hash of its file."""

    offer: str
    version_hash: str
    permission: str
    country: str

    def find_version(self) -> PublishedVersion:
        return find_version_by_hash(self.offer, self.version_hash)

    def consent_facts(self, expires_on: date) -> ConsentFacts:
        """One live answer under these terms as the gate's rule reads it. Which of them it is makes no difference:
        what people were asked, and their receipts, were written together."""
        version = self.find_version()
        permission = version.offer.permission(self.permission)
        return ConsentFacts(
            number=1,
            permission_id=permission.id,
            version_id=version.id,
            answer=True,
            items=frozenset(permission.items),
            purpose=permission.purpose,
            channels=frozenset(permission.channels),
            territories=frozenset(permission.territories),
            recipients=frozenset(permission.recipients),
            expires_at=read_expiry(expires_on, version.offer.markets[self.country].time_zone),
            end_reason=None,
            has_receipt=True,
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """``numbers`` are covered until ``ends_at`` at the latest. ``reason`` says why it is empty, if it is."""

    numbers: BitMap
    ends_at: datetime | None
    reason: Reason | None


Judge = Callable[[str, ConsentFacts], Reason | None]
"""Why a consent given in a country does not cover the use, or None when it does."""


class LiveIndex:
    """Live consent numbers by terms and by the last day (UTC) on which they count.

    ``mark`` is how far the log was read; ``given_on`` the last day on which a consent was given, which a clock
    running ahead may have made later than today.
    """

    def __init__(self, mark: LogMark, given_on: date = date.min) -> None:
        self.mark = mark
        self.given_on = given_on
        self.live: dict[Terms, dict[date, BitMap]] = {}

    def give(self, terms: Terms, expires_on: date, numbers: Iterable[int]) -> None:
        by_day = self.live.setdefault(terms, {})
        by_day.setdefault(expires_on, BitMap()).update(numbers)

    def read(self, entries: Iterable[tuple[int, Entry]]) -> None:
        """Follow entries of the log, in their order."""
        for _, entry in entries:
            kind = entry["kind"]
            if kind == "consent_given":
                self._give(entry)
            elif kind in ENDS:
                self._end(entry)

    def _give(self, entry: Entry) -> None:
        terms = Terms(str(entry["offer"]), str(entry["version"]), str(entry["permission"]), str(entry["market"]))
        self.give(terms, date.fromisoformat(str(entry["expires"])), [check_number(_number(entry))])
        self.given_on = max(self.given_on, date.fromisoformat(str(entry["day"])))

    def _end(self, entry: Entry) -> None:
        number = _number(entry)
        named = {name: entry.get(field) for name, field in _FIELDS_OF_TERMS}
        for terms, by_day in self.live.items():
            if all(value is None or getattr(terms, name) == value for name, value in named.items()):
                for numbers in by_day.values():
                    numbers.discard(number)

    def select(self, offer: str, judge: Judge) -> Selection:
        """All whom the gate's rule lets a use touch. The rule is asked once for each terms and last day."""
        chosen: list[BitMap] = []
        ends_at: datetime | None = None
        nearest: Reason | None = None
        for terms, by_day in self.live.items():
            if terms.offer != offer:
                continue
            for expires_on, numbers in by_day.items():
                if not numbers:
                    continue
                facts = terms.consent_facts(expires_on)
                reason = judge(terms.country, facts)
                if reason is None:
                    assert facts.expires_at is not None
                    chosen.append(numbers)
                    ends_at = facts.expires_at if ends_at is None else max(ends_at, facts.expires_at)
                elif nearest is None or _ORDER[reason] > _ORDER[nearest]:
                    nearest = reason
        if chosen:
            return Selection(BitMap.union(*chosen), ends_at, None)
        return Selection(BitMap(), None, nearest or Reason.NO_CONSENT)

    def forget_ended(self, today: date) -> None:
        """Drop what ended over two days ago, wherever on earth it was."""
        for by_day in self.live.values():
            for expires_on in [day for day, numbers in by_day.items() if (today - day).days > 2 or not numbers]:
                del by_day[expires_on]

    def count(self) -> int:
        return sum(len(numbers) for by_day in self.live.values() for numbers in by_day.values())


_FIELDS_OF_TERMS = (
    ("offer", "offer"), ("version_hash", "version"), ("permission", "permission"), ("country", "market"),
)  # fmt: skip
# The gate asks in this order, so of several missing elements the last one came nearest.
_ORDER = {reason: place for place, reason in enumerate(Reason)}


def check_number(number: int) -> int:
    """Raises MustStopError for a number that no set can hold: after four thousand million answers."""
    if not 1 <= number <= NUMBER_MAX:
        raise MustStopError("a consent number is too large for a set")
    return number


def _number(entry: Entry) -> int:
    number = entry["consent_number"]
    assert isinstance(number, int)
    return number


def to_bits(numbers: BitMap) -> bytes:
    """The plain bit array of ``evidence.sets``."""
    if not numbers:
        return b""
    # Whole bytes: one for each number while it is built, an eighth of it in the end.
    flags = np.zeros((numbers.max() // 8 + 1) * 8, dtype=np.uint8)
    flags[np.frombuffer(numbers.to_array(), dtype=np.uint32)] = 1
    return np.packbits(flags, bitorder="little").tobytes()


def from_bits(bits: bytes) -> BitMap:
    """The reverse of ``to_bits``."""
    flags = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), bitorder="little")
    return BitMap(np.flatnonzero(flags).astype(np.uint32))
