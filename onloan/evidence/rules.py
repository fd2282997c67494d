"""What an entry may say, how it is written as bytes, and how it points at a person without naming one. Pure.

The vocabulary is closed on purpose: each kind of entry lists the fields that it must and may have, and each
field has a form that a name, an address or an unkeyed digest does not fit (GDPR art. 5(1)(c); rule LR-093).
"""

from __future__ import annotations

import functools
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID

Value = str | int | Sequence[str] | Sequence[int]
Entry = dict[str, str | int | list[str] | list[int]]

ENTRY_BYTES_MAX = 65_535  # the length prefix of a C2SP tlog-tiles entry bundle has 16 bits
INTEGER_MAX = 2**53 - 1  # the largest integer that every JSON reader keeps exact (RFC 8785, section 3.2.2.3)
LIST_LENGTH_MAX = 64
SLUG_LENGTH_MAX = 64
OPENING_KEY_BYTES = 32
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class ForbiddenEntryError(ValueError):
    """An entry outside the closed vocabulary. Names the kind and the field, never the value."""


class About(StrEnum):
    """Whether an entry of some kind is about a participant."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Kind:
    about: About
    required: frozenset[str]
    optional: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLACE = _words("offer version market")
_CONSENT = _PLACE | _words("permission items purpose channels territories recipients")
_USE = _PLACE | _words("permission items purpose channel recipient decision reason")
_MONEY = _words("amount_minor currency")

KINDS: Mapping[str, Kind] = {
    "offer_published": Kind(About.NEVER, _words("offer version"), _words("count role")),
    **{
        f"market_{state}": Kind(About.NEVER, _words("offer market"), _words("version state reason role"))
        for state in ("opened", "suspended", "stopped", "withdrawn", "closed")
    },
    "joined": Kind(About.ALWAYS, _PLACE, _words("state")),
    "consent_given": Kind(
        About.ALWAYS,
        _PLACE | _words("permission items purpose channels territories consent_number expires"),
        _words("recipients"),
    ),
    "consent_refused": Kind(About.ALWAYS, _PLACE | _words("permission"), (_CONSENT | {"consent_number"}) - _PLACE),
    **{
        f"consent_{end}": Kind(About.ALWAYS, _words("consent_number"), _PLACE | _words("permission reason"))
        for end in ("withdrawn", "expired", "stopped")
    },
    "use_allowed": Kind(
        About.ALWAYS, _words("offer market items purpose channel consent_number"), _USE | {"count"}
    ),
    "use_denied": Kind(About.SOMETIMES, _words("reason"), _USE | _words("consent_number count")),
    # A use that rests on no consent: paying, checking for fraud, answering a right (GDPR art. 6(1)(b), (c), (f)).
    "use_on_basis": Kind(About.SOMETIMES, _words("offer market items purpose channel basis"), _USE | {"count"}),
    # A mass use: the set of consent numbers lies beside the log, bound to the entry by its hash.
    "audience_allowed": Kind(
        About.NEVER, _words("offer market items purpose channel set_hash set_bytes count"), _USE
    ),
    **{
        f"recipient_{what}": Kind(
            About.ALWAYS, _words("recipient reason"), _PLACE | _words("items purpose consent_number")
        )
        for what in ("told", "answered")
    },
    **{
        f"takedown_{what}": Kind(
            About.ALWAYS, _words("reason"), _PLACE | _words("items purpose channel recipient consent_number")
        )
        for what in ("due", "done")
    },
    **{
        f"reward_{state}": Kind(About.ALWAYS, _MONEY, _PLACE | _words("reward state reason role count"))
        for state in ("pending", "held", "earned", "swapped", "paid", "returned", "expired")
    },
    **{
        f"voucher_{what}": Kind(About.ALWAYS, _MONEY, _PLACE | _words("reward"))
        for what in ("redeemed", "restored")
    },
    "review_decided": Kind(About.ALWAYS, _words("decision"), _PLACE | _words("reason role count")),
    "reward_voided": Kind(About.ALWAYS, _MONEY | {"reason"}, _PLACE | _words("reward state role count")),
    "pot_reserved": Kind(About.ALWAYS, _MONEY, _PLACE | _words("count")),
    "pot_released": Kind(About.ALWAYS, _MONEY, _PLACE | _words("reason count")),
    "pool_funded": Kind(About.NEVER, _MONEY, _PLACE | _words("count role")),
    "case_opened": Kind(About.SOMETIMES, _words("case"), _PLACE | _words("state reason role")),
    "case_closed": Kind(About.SOMETIMES, _words("case"), _PLACE | _words("state reason role")),
    "payout_approved": Kind(About.NEVER, _MONEY | {"count"}, _PLACE | _words("role")),
    "item_changed": Kind(About.ALWAYS, _words("items"), _PLACE | _words("role")),
    "person_looked_up": Kind(About.NEVER, _words("role"), _words("count")),
    "archive_read": Kind(About.NEVER, _words("role reason"), _words("market")),
    "breach_recorded": Kind(About.NEVER, _words("role"), frozenset()),
    # Each time the authority of a country was told; ``reason`` where that was later than the law allows.
    "breach_authority_told": Kind(About.NEVER, _words("market role"), _words("reason")),
    "breach_people_told": Kind(About.NEVER, _words("count role territories"), _words("offer")),
    "person_erased": Kind(About.NEVER, frozenset(), _PLACE | _words("count")),
}

CASES = _words(
    "access rectification erasure restriction portability objection withdrawal complaint feedback sighting"
)
ROLES = _words("growth legal dpo support finance auditor till system")
STATES = _words("draft open suspended stopped withdrawn closed pending earned paid held voided expired released")
BASES = _words("contract legal_obligation legitimate_interest")
DECISIONS = frozenset({"allow", "deny", "count", "refuse"})

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_REASON = re.compile(r"[A-Z](?:-[A-Z0-9]+){1,6}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_HASH = re.compile(r"[0-9a-f]{64}")
# What has no place in a word of the vocabulary: a telephone number, a key, a digest in hexadecimal.
_NUMBER_OR_DIGEST = re.compile(r"[0-9]{6}|[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{32}")


def _is_slug(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= SLUG_LENGTH_MAX
        and _SLUG.fullmatch(value) is not None
        and _NUMBER_OR_DIGEST.search(value) is None
    )


def _is_reason(value: object) -> bool:
    if not isinstance(value, str) or len(value) > SLUG_LENGTH_MAX:
        return False
    return _is_slug(value) or (_REASON.fullmatch(value) is not None and _NUMBER_OR_DIGEST.search(value) is None)


def _is_integer(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= INTEGER_MAX


def _is_consent_number(value: object) -> bool:
    return _is_integer(value, least=1)


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_one_of(words: frozenset[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in words


def _is_set_of(is_element: Callable[[object], bool]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return (
            isinstance(value, list | tuple)
            and len(value) <= LIST_LENGTH_MAX
            and all(is_element(element) for element in value)
            and len(set(value)) == len(value)
        )

    return check


def _is_day(value: object) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


FORMS: Mapping[str, Callable[[object], bool]] = {
    "amount_minor": _is_integer,
    "basis": _is_one_of(BASES),
    "case": _is_one_of(CASES),
    "channel": _is_slug,
    "channels": _is_set_of(_is_slug),
    "consent_number": _is_consent_number,
    "consent_numbers": _is_set_of(_is_consent_number),
    "count": _is_integer,
    "currency": _matches(_CURRENCY),
    "decision": _is_one_of(DECISIONS),
    "expires": _is_day,
    "items": _is_set_of(_is_slug),
    "market": _matches(_COUNTRY),
    "offer": _is_slug,
    "permission": _is_slug,
    "purpose": _is_slug,
    "reason": _is_reason,
    "recipient": _is_slug,
    "recipients": _is_set_of(_is_slug),
    "reward": _is_slug,
    "role": _is_one_of(ROLES),
    "set_bytes": _is_integer,
    "set_hash": _matches(_HASH),
    "state": _is_one_of(STATES),
    "territories": _is_set_of(_matches(_COUNTRY)),
    "version": _matches(_HASH),
}
"""The form of each field that a caller may give. ``kind``, ``day`` and ``about`` are written by us."""


def check_vocabulary(kind: str, fields: Mapping[str, Value], *, is_about_person: bool) -> None:
    """Raises ForbiddenEntryError unless kind, fields and each value belong to the closed vocabulary."""
    rule = KINDS.get(kind)
    if rule is None:
        raise ForbiddenEntryError("no such kind of entry")
    if is_about_person and rule.about is About.NEVER:
        raise ForbiddenEntryError(f"{kind} is never about a participant")
    if not is_about_person and rule.about is About.ALWAYS:
        raise ForbiddenEntryError(f"{kind} is always about a participant")
    missing = rule.required - fields.keys()
    if missing:
        raise ForbiddenEntryError(f"{kind} needs {', '.join(sorted(missing))}")
    for name, value in fields.items():
        if name not in rule.required and name not in rule.optional:
            # The name itself is not repeated: a caller could have put anything there.
            raise ForbiddenEntryError(f"{kind} has a field that it may not have")
        if not FORMS[name](value):
            raise ForbiddenEntryError(f"{kind}: {name} does not have its form")


def build_entry(kind: str, fields: Mapping[str, Value], *, occurred_at: datetime, about: str | None) -> Entry:
    """The entry as it stands in the log; lists are sets, so they are sorted. ``about`` is a commitment.

    Raises ForbiddenEntryError for anything outside the closed vocabulary.
    """
    check_vocabulary(kind, fields, is_about_person=about is not None)
    entry: Entry = {"kind": kind, "day": occurred_at.astimezone(UTC).date().isoformat()}
    for name, value in fields.items():
        entry[name] = value if isinstance(value, str | int) else _as_set(value)
    if about is not None:
        assert _HASH.fullmatch(about), "a commitment is 64 hexadecimal characters"
        entry["about"] = about
    return entry


def _as_set(values: Sequence[str] | Sequence[int]) -> list[str] | list[int]:
    return sorted(values)  # type: ignore[return-value]


def canonical(entry: Mapping[str, object]) -> bytes:
    """The one way to write ``entry`` as bytes. For ASCII strings, integers and lists of them this is RFC 8785.

    Raises ForbiddenEntryError for anything else, or when it is too long.
    """
    for name, value in entry.items():
        elements = value if isinstance(value, list) else [value]
        if not name.isascii() or not all(_is_plain(element) for element in elements):
            raise ForbiddenEntryError("an entry holds ASCII strings, integers and lists of them only")
    body = _ENCODER.encode(entry).encode("ascii")
    if len(body) > ENTRY_BYTES_MAX:
        raise ForbiddenEntryError("an entry has at most 65,535 bytes")
    return body


def parse(body: bytes) -> Entry:
    """The entry that ``body`` writes. Raises ForbiddenEntryError unless it is written in the one canonical
    way, belongs to the closed vocabulary, and says its kind, its day and nothing of ours beside them."""
    try:
        entry = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ForbiddenEntryError("it is not JSON") from error
    if not isinstance(entry, dict) or canonical(entry) != body:
        raise ForbiddenEntryError("it is not written in the canonical way")
    fields = {name: value for name, value in entry.items() if name not in {"kind", "day", "about"}}
    if not _is_day(entry.get("day")):
        raise ForbiddenEntryError("it has no day")
    if "about" in entry and not _matches(_HASH)(entry["about"]):
        raise ForbiddenEntryError("its commitment does not have its form")
    check_vocabulary(str(entry.get("kind")), fields, is_about_person="about" in entry)
    return entry


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        # DEL is left out with the control characters; JSON writers disagree about nothing else in ASCII.
        return value.isascii() and value.isprintable()
    return isinstance(value, int) and not isinstance(value, bool) and -INTEGER_MAX <= value <= INTEGER_MAX


def commit_about(opening_key: bytes, participant_id: UUID, occurred_at: datetime) -> str:
    """What stands in an entry instead of the person: HMAC-SHA256 under a key that only this entry has.

    Whoever holds the key, the id and the precise time can open it; once the key is erased nobody can
    (CNIL, "Premiers éléments d'analyse: Blockchain", 2018, on keyed commitments).
    """
    assert len(opening_key) == OPENING_KEY_BYTES
    at = _write_instant(occurred_at)
    # Canonical JSON by hand: neither value has anything to escape, and the gate writes this for each decision.
    hidden = f'{{"at":"{at}","participant":"{participant_id}"}}'.encode("ascii")
    return hmac.digest(opening_key, hidden, "sha256").hex()


@functools.lru_cache(maxsize=64)
def _write_instant(instant: datetime) -> str:
    """Entries of one batch share their instant."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
