"""What the gate reads in one round trip, and what it writes in another, for one decision or for many at once."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from onloan import clock, db
from onloan.db import RowsOf, Statement
from onloan.evidence.queries import LOG_DOWN_AFTER, OLDEST_QUEUED_SQL
from onloan.uses.models import Use
from onloan.uses.rules import ConsentFacts, Facts, MarketFacts, UseRequest

CONSENTS_MAX = 100

K = TypeVar("K")
Rows = Sequence[tuple[Any, ...]]

_NOW_POSTGRESQL = "clock_timestamp()"
_NOW_SQLITE = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"

_CONSENT_COLUMNS = (
    "number", "permission_id", "version_id", "answer", "items", "purpose", "channels", "territories", "recipients",
    "expires_at", "end_reason", "answered_at",
)  # fmt: skip
CONSENT_SQL = ",".join(f" consent.{column}" for column in _CONSENT_COLUMNS)
# Live answers come first: should somebody have changed their mind more often than the limit, the gate still
# sees what counts now.
_NEWEST = "ORDER BY (consent.answer AND consent.ended_at IS NULL) DESC, consent.number DESC LIMIT %s"
_FACTS = (
    "SELECT {{key}}, person.id, person.market_id, person.offer_id, person.version_id,"
    " person.restricted_at IS NOT NULL, person.objected_at IS NOT NULL, person.checks_objected_at IS NOT NULL,"
    " person.erased_at IS NOT NULL,"
    "{consents}, receipt.id IS NOT NULL FROM {{people}} {answers}"
    " LEFT JOIN consents_receipt AS receipt"
    " ON receipt.participant_id = person.id AND receipt.id = consent.receipt_id"
    " WHERE {{key}} {among} {newest}"
)
_FACTS_POSTGRESQL = _FACTS.format(
    consents=CONSENT_SQL,
    answers="LEFT JOIN LATERAL (SELECT * FROM consents_consent AS consent"  # noqa: S608
    " WHERE consent.participant_id = person.id " + _NEWEST + ") AS consent ON TRUE",
    among="= ANY(%s)",
    newest="",
)
_FACTS_SQLITE = _FACTS.format(
    consents=CONSENT_SQL,
    answers="LEFT JOIN consents_consent AS consent ON consent.participant_id = person.id",
    among="= %s",
    newest=_NEWEST,
)
_LOCK = "SELECT person.id FROM {people} WHERE {key} = ANY(%s) ORDER BY person.id FOR NO KEY UPDATE OF person"
# All markets of the offers that these people joined: a use may be shown in another country than their own.
_MARKETS = (
    "SELECT market.id, market.offer_id, market.country, market.state, market.closes_at, ({oldest}), {now}"
    " FROM offers_market AS market"
    " WHERE market.offer_id IN (SELECT person.offer_id FROM {people} WHERE {key} {among})"
)


def now_sql() -> str:
    """The database's own time, as an expression."""
    return _NOW_POSTGRESQL if db.is_postgresql() else _NOW_SQLITE


@dataclass(frozen=True, slots=True)
class _Finder:
    """How people are found: ``key`` is compared with what the caller knows of them."""

    key: str
    people: str


_BY_ID = _Finder("person.id", "people_participant AS person")
_BY_LOOKUP = _Finder(
    "lookup.value_hash",
    "people_code_lookup AS lookup JOIN people_participant AS person ON person.id = lookup.participant_id",
)


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What a decision reads about one person; of the consents, those that count now first."""

    id: UUID
    market_id: UUID
    offer_id: UUID
    version_id: UUID
    is_restricted: bool
    is_objected: bool
    is_checks_objected: bool
    is_erased: bool
    answered_last_at: datetime | None
    consents: tuple[ConsentFacts, ...]


@dataclass(frozen=True, slots=True)
class Situation(Generic[K]):
    """Everything that decisions about some people read, as committed after their rows were locked.

    ``people`` has them by what the caller knows of them; ``locked`` are those whose rows are held.
    ``oldest_queued_at`` is None when no entry waits for its number.
    """

    locked: frozenset[UUID]
    people: dict[K, PersonFacts]
    homes: dict[UUID, MarketFacts]
    places: dict[tuple[UUID, str], MarketFacts]
    oldest_queued_at: datetime | None
    now: datetime

    def is_log_down(self) -> bool:
        """Whether an entry has waited for its number for too long."""
        return self.oldest_queued_at is not None and self.now - self.oldest_queued_at > LOG_DOWN_AFTER

    def facts(self, person: PersonFacts, country: str) -> Facts:
        """What a decision about a use in ``country`` needs."""
        now = self.now
        # What was answered was committed before these statements began. Should the clock of the machine that
        # wrote it run ahead of the database's, the present is still no earlier than the answer.
        if person.answered_last_at is not None and person.answered_last_at > now:
            now = person.answered_last_at
        oldest = self.oldest_queued_at
        return Facts(
            is_restricted=person.is_restricted,
            is_objected=person.is_objected,
            is_checks_objected=person.is_checks_objected,
            is_erased=person.is_erased,
            market_id=person.market_id,
            version_id=person.version_id,
            home_market=self.homes.get(person.market_id),
            shown_market=self.places.get((person.offer_id, country)),
            is_log_down=oldest is not None and now - oldest > LOG_DOWN_AFTER,
            now=now,
            consents=person.consents,
        )


def read_situation(participant_ids: Iterable[UUID]) -> Situation[UUID]:
    """Lock these people's rows, in the order of their ids, and then read what decisions about them need.

    The statements after the lock see whatever the last action about each person committed.
    """
    wanted = [db.uuid_value(participant_id) for participant_id in sorted(set(participant_ids))]
    return _read_situation(_BY_ID, wanted, read_key=db.read_uuid)


def calls_situation(
    public_id_hashes: Iterable[str], others: Sequence[Statement]
) -> tuple[Situation[str], list[Rows]]:
    """The same for people whom their public ids name (see ``people.lookups``), without waiting for people whom
    another action holds; and the rows of ``others``, asked for in the same round trip."""
    wanted = sorted(set(public_id_hashes))
    answers: list[Rows] = []
    situation = _read_situation(_BY_LOOKUP, wanted, read_key=str, is_waiting=False, others=others, answers=answers)
    return situation, answers


def _read_situation(
    finder: _Finder,
    wanted: Sequence[Any],
    *,
    read_key: Callable[[Any], K],
    is_waiting: bool = True,
    others: Sequence[Statement] = (),
    answers: list[Rows] | None = None,
) -> Situation[K]:
    people = _person_statements(finder, wanted, is_waiting=is_waiting)
    among, values = db.among(wanted)
    markets = _MARKETS.format(
        oldest=OLDEST_QUEUED_SQL, now=now_sql(), people=finder.people, key=finder.key, among=among
    )
    rows = db.fetch_together([*people, (markets, values), *others])
    if answers is not None:
        answers.extend(rows[len(people) + 1 :])
    facts = rows[1] if db.is_postgresql() else [row for answer in rows[: len(people)] for row in answer]
    locked = rows[0] if db.is_postgresql() else [(row[1],) for row in facts]
    return _situation(facts, locked, rows[len(people)], read_key)


def _situation(facts: Rows, locked: Rows, markets: Rows, read_key: Callable[[Any], K]) -> Situation[K]:
    homes = {db.read_uuid(row[0]): MarketFacts(row[3], db.read_time(row[4])) for row in markets}
    return Situation(
        locked=frozenset(db.read_uuid(row[0]) for row in locked),
        people=_read_people(facts, read_key),
        homes=homes,
        places={(db.read_uuid(row[1]), row[2]): homes[db.read_uuid(row[0])] for row in markets},
        oldest_queued_at=db.read_time_or_none(markets[0][5]) if markets else None,
        # Without a market nobody joined, so nothing is decided and no time is needed.
        now=clock.shift(db.read_time(markets[0][6])) if markets else clock.now(),
    )


def _person_statements(finder: _Finder, wanted: Sequence[Any], *, is_waiting: bool) -> list[Statement]:
    """On SQLite the one writer is the lock, and a statement for each person costs no round trip."""
    names = {"key": finder.key, "people": finder.people}
    if not db.is_postgresql():
        return [(_FACTS_SQLITE.format(**names), (key, CONSENTS_MAX)) for key in wanted]
    lock = _LOCK.format(**names) + ("" if is_waiting else " SKIP LOCKED")
    return [(lock, (list(wanted),)), (_FACTS_POSTGRESQL.format(**names), (CONSENTS_MAX, list(wanted)))]


def _read_people(rows: Rows, read_key: Callable[[Any], K]) -> dict[K, PersonFacts]:
    by_person: dict[Any, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_person.setdefault(row[0], []).append(row)
    return {read_key(key): _read_person(answers) for key, answers in by_person.items()}


def _read_person(rows: Sequence[tuple[Any, ...]]) -> PersonFacts:
    first = rows[0]
    answered = [db.read_time(row[20]) for row in rows if row[20] is not None]
    return PersonFacts(
        id=db.read_uuid(first[1]),
        market_id=db.read_uuid(first[2]),
        offer_id=db.read_uuid(first[3]),
        version_id=db.read_uuid(first[4]),
        is_restricted=bool(first[5]),
        is_objected=bool(first[6]),
        is_checks_objected=bool(first[7]),
        is_erased=bool(first[8]),
        answered_last_at=max(answered, default=None),
        consents=tuple(read_consent(row[9:]) for row in rows if row[9] is not None),
    )


def read_consent(row: tuple[Any, ...]) -> ConsentFacts:
    """One row of ``CONSENT_SQL``, and whether there is a receipt."""
    return ConsentFacts(
        number=row[0],
        permission_id=row[1],
        version_id=db.read_uuid(row[2]),
        answer=bool(row[3]),
        items=_read_words(row[4]),
        purpose=row[5],
        channels=_read_words(row[6]),
        territories=_read_words(row[7]),
        recipients=_read_words(row[8]),
        expires_at=db.read_time_or_none(row[9]),
        end_reason=row[10],
        has_receipt=bool(row[12]),
    )


@functools.lru_cache(maxsize=10_000)
def _read_words(written: str) -> frozenset[str]:
    """A list of words as JSON. People of one version have the same few, so each is read once."""
    return frozenset(json.loads(written))


_USE_COLUMNS = (
    "id", "participant_id", "basis", "consent_number", "permission_id", "items", "purpose", "channel", "market_id",
    "country", "recipient", "version_id", "allowed", "reason", "decided_at", "is_copy", "ended_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UseRow:
    """The record of one decision."""

    id: UUID
    participant_id: UUID
    request: UseRequest
    facts: Facts
    consent: ConsentFacts | None
    basis: str
    reason: str

    @property
    def version_id(self) -> UUID:
        return self.facts.version_id if self.consent is None else self.consent.version_id

    def values(self) -> tuple[Any, ...]:
        request, consent = self.request, self.consent
        return (
            self.id, self.participant_id, self.basis, None if consent is None else consent.number,
            "" if consent is None else consent.permission_id, list(request.items), request.purpose,
            request.channel, self.facts.market_id, request.country, request.recipient or "", self.version_id,
            not self.reason, self.reason, self.facts.now, request.is_copy and not self.reason, None,
        )  # fmt: skip


def use_rows(rows: Sequence[UseRow]) -> RowsOf:
    return Use, _USE_COLUMNS, [row.values() for row in rows]
