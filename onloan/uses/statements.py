"""What the gate reads in one round trip, and what it writes in another, for one decision or for many at once."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from onloan import clock, db
from onloan.db import RowsOf, Statement
from onloan.evidence.queries import LOG_DOWN_AFTER, OLDEST_QUEUED_SQL
from onloan.uses.models import Use
from onloan.uses.rules import ConsentFacts, Facts, MarketFacts, UseRequest

CONSENTS_MAX = 100

_NOW_POSTGRESQL = "clock_timestamp()"
_NOW_SQLITE = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"

_CONSENT_COLUMNS = (
    "number", "permission_id", "version_id", "answer", "items", "purpose", "channels", "territories", "recipients",
    "expires_at", "end_reason", "answered_at",
)  # fmt: skip
_PERSON = (
    "SELECT person.id, person.market_id, person.offer_id, person.version_id, person.restricted_at IS NOT NULL,"  # noqa: S608
    " person.objected_at IS NOT NULL, person.erased_at IS NOT NULL,"
    + ", ".join(f" consent.{column}" for column in _CONSENT_COLUMNS)
    + ", receipt.id IS NOT NULL FROM people_participant AS person"
)
_RECEIPT = (
    " LEFT JOIN consents_receipt AS receipt"
    " ON receipt.participant_id = person.id AND receipt.id = consent.receipt_id"
)
# Live answers come first: should somebody have changed their mind more often than the limit, the gate still
# sees what counts now.
_NEWEST = " ORDER BY (consent.answer AND consent.ended_at IS NULL) DESC, consent.number DESC LIMIT %s"
_FACTS_POSTGRESQL = (
    _PERSON  # noqa: S608
    + " LEFT JOIN LATERAL (SELECT * FROM consents_consent AS consent WHERE consent.participant_id = person.id"
    + _NEWEST
    + ") AS consent ON TRUE"
    + _RECEIPT
    + " WHERE person.id = ANY(%s)"
)
_FACTS_SQLITE = (
    _PERSON
    + " LEFT JOIN consents_consent AS consent ON consent.participant_id = person.id"
    + _RECEIPT
    + " WHERE person.id = %s"
    + _NEWEST
)
# All markets of the offers that these people joined: a use may be shown in another country than their own.
_MARKETS = (
    "SELECT id, offer_id, country, state, closes_at FROM offers_market"
    " WHERE offer_id IN (SELECT offer_id FROM people_participant WHERE id {among})"
)


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What a decision reads about one person; of the consents, those that count now first."""

    market_id: UUID
    offer_id: UUID
    version_id: UUID
    is_restricted: bool
    is_objected: bool
    is_erased: bool
    answered_last_at: datetime | None
    consents: tuple[ConsentFacts, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that decisions about some people read, as committed after their rows were locked.

    ``locked`` are those whose rows are held; ``oldest_queued_at`` is None when no entry waits for its number.
    """

    locked: frozenset[UUID]
    people: dict[UUID, PersonFacts]
    homes: dict[UUID, MarketFacts]
    places: dict[tuple[UUID, str], MarketFacts]
    oldest_queued_at: datetime | None
    now: datetime

    def is_log_down(self) -> bool:
        """Whether an entry has waited for its number for too long."""
        return self.oldest_queued_at is not None and self.now - self.oldest_queued_at > LOG_DOWN_AFTER

    def facts(self, participant_id: UUID, country: str) -> Facts:
        """What a decision about a use in ``country`` needs."""
        person = self.people[participant_id]
        now = self.now
        # What was answered was committed before these statements began. Should the clock of the machine that
        # wrote it run ahead of the database's, the present is still no earlier than the answer.
        if person.answered_last_at is not None and person.answered_last_at > now:
            now = person.answered_last_at
        oldest = self.oldest_queued_at
        return Facts(
            is_restricted=person.is_restricted,
            is_objected=person.is_objected,
            is_erased=person.is_erased,
            market_id=person.market_id,
            version_id=person.version_id,
            home_market=self.homes.get(person.market_id),
            shown_market=self.places.get((person.offer_id, country)),
            is_log_down=oldest is not None and now - oldest > LOG_DOWN_AFTER,
            now=now,
            consents=person.consents,
        )


def read_situation(participant_ids: Iterable[UUID], *, is_waiting: bool = True) -> Situation:
    """Lock these people's rows, in the order of their ids, and then read what decisions about them need.

    The statements after the lock see whatever the last action about each person committed. With ``is_waiting``
    off, people whom another action holds are left out instead of waited for.
    """
    wanted = sorted(set(participant_ids))
    rows = db.fetch_together([*_person_statements(wanted, is_waiting=is_waiting), *_other_statements(wanted)])
    *found, markets, queued, [(now,)] = rows
    if db.is_postgresql():
        locked, facts = frozenset(db.read_uuid(row[0]) for row in found[0]), found[1]
    else:
        facts = [row for answer in found for row in answer]
        locked = frozenset(db.read_uuid(row[0]) for row in facts)
    homes = {db.read_uuid(row[0]): MarketFacts(row[3], db.read_time(row[4])) for row in markets}
    return Situation(
        locked=locked,
        people=_read_people(facts),
        homes=homes,
        places={(db.read_uuid(row[1]), row[2]): homes[db.read_uuid(row[0])] for row in markets},
        oldest_queued_at=db.read_time(queued[0][0]) if queued else None,
        now=clock.shift(db.read_time(now)),
    )


def _person_statements(wanted: Sequence[UUID], *, is_waiting: bool) -> list[Statement]:
    """On SQLite the one writer is the lock, and a statement for each person costs no round trip."""
    if not db.is_postgresql():
        return [(_FACTS_SQLITE, (db.uuid_value(person), CONSENTS_MAX)) for person in wanted]
    suffix = "" if is_waiting else " SKIP LOCKED"
    lock = f"SELECT id FROM people_participant WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE{suffix}"  # noqa: S608
    return [(lock, (list(wanted),)), (_FACTS_POSTGRESQL, (CONSENTS_MAX, list(wanted)))]


def _other_statements(wanted: Sequence[UUID]) -> list[Statement]:
    among, values = db.among(db.uuid_value(person) for person in wanted)
    now_sql = _NOW_POSTGRESQL if db.is_postgresql() else _NOW_SQLITE
    return [(_MARKETS.format(among=among), values), (OLDEST_QUEUED_SQL, ()), (f"SELECT {now_sql}", ())]


def _read_people(rows: Sequence[tuple[Any, ...]]) -> dict[UUID, PersonFacts]:
    by_person: dict[Any, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_person.setdefault(row[0], []).append(row)
    return {db.read_uuid(key): _read_person(answers) for key, answers in by_person.items()}


def _read_person(rows: Sequence[tuple[Any, ...]]) -> PersonFacts:
    first = rows[0]
    answered = [db.read_time(row[18]) for row in rows if row[18] is not None]
    return PersonFacts(
        market_id=db.read_uuid(first[1]),
        offer_id=db.read_uuid(first[2]),
        version_id=db.read_uuid(first[3]),
        is_restricted=bool(first[4]),
        is_objected=bool(first[5]),
        is_erased=bool(first[6]),
        answered_last_at=max(answered, default=None),
        consents=tuple(_read_consent(row) for row in rows if row[7] is not None),
    )


def _read_consent(row: tuple[Any, ...]) -> ConsentFacts:
    return ConsentFacts(
        number=row[7],
        permission_id=row[8],
        version_id=db.read_uuid(row[9]),
        answer=bool(row[10]),
        items=_read_words(row[11]),
        purpose=row[12],
        channels=_read_words(row[13]),
        territories=_read_words(row[14]),
        recipients=_read_words(row[15]),
        expires_at=None if row[16] is None else db.read_time(row[16]),
        end_reason=row[17],
        has_receipt=bool(row[19]),
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
