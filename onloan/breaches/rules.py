"""What a breach record says, which clock runs, and what is still to be done (GDPR art. 33, 34; LR-096). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from onloan.markets.rules import breach_due, breach_due_in

TEXT_CHARACTERS_MAX = 4_000
LINE_CHARACTERS_MAX = 500
REASON_CHARACTERS_MIN = 10
REASON_CHARACTERS_MAX = 2_000
REFERENCE_CHARACTERS_MAX = 100
COUNT_MAX = 10_000_000_000
AWARE_YEARS_BACK_MAX = 2
ALARM_HOURS = (24, 6, 0)
REFERENCE_CHARACTERS = 7
"""And one that checks them."""

_HOUR = timedelta(hours=1)
_HAPPENED_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_ADDRESS = re.compile(r"\S@\S+\.\S")


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Risk(StrEnum):
    """How great the risk to people is, as the merchant judges it. ``UNLIKELY`` needs no notification."""

    UNKNOWN = "unknown"
    UNLIKELY = "unlikely"
    RISK = "risk"
    HIGH = "high"


class Ground(StrEnum):
    """Why people need not be told although the risk was high (art. 34(3)(a), (b), (c))."""

    PROTECTED = "protected"
    AVERTED = "averted"
    EFFORT = "effort"


class EntryKind(StrEnum):
    RECORDED = "recorded"
    CHANGED = "changed"
    ASSESSED = "assessed"
    AUTHORITY_TOLD = "authority_told"
    TELLING_BEGUN = "telling_begun"
    PEOPLE_TOLD = "people_told"
    MAILS_SETTLED = "mails_settled"
    PEOPLE_NOT_TOLD = "people_not_told"
    NOTED = "noted"
    ALARMED = "alarmed"
    CLOSED = "closed"
    REOPENED = "reopened"


class Duty(StrEnum):
    """What has to be done before a breach can be closed, in the order in which it is done."""

    ASSESS = "assess"
    COUNTRIES = "countries"
    AUTHORITY = "authority"
    PEOPLE = "people"
    TELLING = "telling"


Value = str | int | list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of a breach, in the order of art. 33(3). Empty or None: not known yet, it may follow in phases
    (art. 33(4)). Counts are approximate."""

    facts: str
    aware_at: datetime
    happened_from: datetime | None = None
    happened_to: datetime | None = None
    countries: tuple[str, ...] = ()
    people_categories: str = ""
    people_count: int | None = None
    record_categories: str = ""
    records_count: int | None = None
    effects: str = ""
    measures: str = ""
    contact: str = ""


ACCOUNT_FIELDS = tuple(field.name for field in fields(Account))
TEXTS = {
    "facts": TEXT_CHARACTERS_MAX,
    "people_categories": LINE_CHARACTERS_MAX,
    "record_categories": LINE_CHARACTERS_MAX,
    "effects": TEXT_CHARACTERS_MAX,
    "measures": TEXT_CHARACTERS_MAX,
    "contact": LINE_CHARACTERS_MAX,
}
COUNTS = ("people_count", "records_count")
ASKED_BY_LAW = (
    "happened_from", "countries", "people_categories", "people_count", "record_categories", "records_count",
    "contact", "effects", "measures",
)  # fmt: skip
"""What art. 33(3) asks for beside the facts, which every record has."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the clock reads it. ``is_correction``: it stands in the place of what was said before."""

    kind: EntryKind
    country: str = ""
    told_at: datetime | None = None
    is_correction: bool = False


def write_account(account: Account) -> dict[str, Value]:
    """The account as JSON keeps it: instants in UTC."""
    return {name: _write(getattr(account, name)) for name in ACCOUNT_FIELDS}


def find_changes(before: Account, after: Account) -> dict[str, Value]:
    """The fields that differ, as they are from now on."""
    written, old = write_account(after), write_account(before)
    return {name: value for name, value in written.items() if value != old[name]}


def _write(value: object) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple):
        return sorted(str(each) for each in value)
    assert value is None or isinstance(value, str | int)
    return value


def list_missing(account: Account) -> list[str]:
    """What art. 33(3) asks for and nobody has written yet."""
    return [name for name in ASKED_BY_LAW if getattr(account, name) in ("", None, ())]


def names_somebody(text: str) -> bool:
    """Whether an e-mail address stands in it. The record says what happened and to how many, never to whom."""
    return _ADDRESS.search(text) is not None


def is_reason(text: str) -> bool:
    return REASON_CHARACTERS_MIN <= len(text) <= REASON_CHARACTERS_MAX


def is_awareness(aware_at: datetime, now: datetime) -> bool:
    """Whether the team can have become aware then: not in the future, and no mistyped year."""
    return now - timedelta(days=366 * AWARE_YEARS_BACK_MAX) <= aware_at <= now


def is_happening(account: Account, now: datetime) -> bool:
    """Whether beginning and end are in order: nobody learns of a breach before it begins; it ends after that."""
    begun, ended = account.happened_from, account.happened_to
    if begun is not None and not _HAPPENED_FIRST <= begun <= account.aware_at:
        return False
    if ended is not None and not _HAPPENED_FIRST <= ended <= now:
        return False
    return begun is None or ended is None or begun <= ended


def find_told(lines: Sequence[Line]) -> dict[str, datetime]:
    """When the authority of each country was first told; what was said later to correct that takes its place."""
    told: dict[str, datetime] = {}
    for line in lines:
        if line.told_at is not None and (line.is_correction or line.country not in told):
            told[line.country] = line.told_at
    return told


def notification_due(account: Account, country: str) -> datetime | None:
    """Until when the authority of ``country`` is to be told; None where its law names no hours."""
    return breach_due_in(account.aware_at, country)


def find_hours(countries: Collection[str]) -> int | None:
    """The shortest time in which the authority of one of these countries is to be told; the usual one where no
    country is known, None where all of them want it as soon as possible."""
    beginning = datetime(2000, 1, 1, tzinfo=UTC)
    dues = [breach_due_in(beginning, country) for country in countries] or [breach_due(beginning)]
    known = [due for due in dues if due is not None]
    return (min(known) - beginning) // _HOUR if known else None


def next_due(account: Account, risk: Risk, told: Collection[str]) -> datetime | None:
    """The first instant by which an authority that was not told is to be told; None when no such clock runs.

    As long as nobody said whose people are touched, the shortest clock runs.
    """
    if risk is Risk.UNLIKELY:
        return None
    if not account.countries:
        return breach_due(account.aware_at)
    dues = [notification_due(account, country) for country in account.countries if country not in told]
    return min((due for due in dues if due is not None), default=None)


def alarm_step(due_at: datetime, now: datetime) -> int | None:
    """Which of the alarms is reached, in hours before the end; None while there is more time."""
    left = due_at - now
    return next((hours for hours in sorted(ALARM_HOURS) if left <= hours * _HOUR), None)


def hours_left(due_at: datetime, now: datetime) -> int:
    """Whole hours that are left, or that have gone by since: 0 in the last hour, -1 in the first one after."""
    return (due_at - now) // _HOUR


def is_people_decided(lines: Sequence[Line]) -> bool:
    """Whether people were told, or it was said why not since the risk was last judged."""
    decided = False
    for line in lines:
        if line.kind is EntryKind.TELLING_BEGUN:
            return True
        if line.kind is EntryKind.ASSESSED:
            decided = False
        elif line.kind is EntryKind.PEOPLE_NOT_TOLD:
            decided = True
    return decided


def list_duties(account: Account, risk: Risk, lines: Sequence[Line], *, is_telling: bool) -> list[Duty]:
    """What is still to be done, the first thing first; empty when the breach can be closed."""
    duties: list[Duty] = []
    if risk is Risk.UNKNOWN:
        duties.append(Duty.ASSESS)
    if risk is not Risk.UNLIKELY:
        if not account.countries:
            duties.append(Duty.COUNTRIES)
        elif set(account.countries) - find_told(lines).keys():
            duties.append(Duty.AUTHORITY)
    if risk is Risk.HIGH and not is_people_decided(lines):
        duties.append(Duty.PEOPLE)
    if is_telling:
        duties.append(Duty.TELLING)
    return duties


def list_text_gaps(texts: Mapping[str, Mapping[str, str]], languages: Collection[str]) -> list[str]:
    """The languages in which a part of what people are told is missing (art. 34(2))."""
    return [
        language
        for language in sorted(languages)
        if not all(texts.get(language, {}).get(part, "").strip() for part in PARTS)
    ]


PARTS = ("what", "effects", "measures", "contact")
"""What people are told: what happened, likely effects, what was done and what they can do, whom to ask."""


def show_reference(reference: str) -> str:
    """A reference as people read it: ``4K7M-2Q9X``."""
    return f"{reference[:4]}-{reference[4:]}"
