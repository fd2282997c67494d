"""What showing an item asks of the database: one statement for many uses, and one that counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from onloan import clock, db, ids
from onloan.db import Statement
from onloan.evidence.queries import LOG_DOWN_AFTER, OLDEST_QUEUED_SQL
from onloan.uses.rules import Facts, MarketFacts, UseRequest
from onloan.uses.statements import CONSENT_SQL, now_sql, read_consent

SERVING_ROWS_MAX = 1_000

# The consent that the use rests on, and no other: what a person allows anew later is another consent, and
# somebody has to ask the gate again.
_SERVED = (
    "SELECT wanted.id, person.id, wanted.items, wanted.purpose, wanted.channel, wanted.country, wanted.recipient,"
    " person.market_id, person.version_id,"
    " person.restricted_at IS NOT NULL, person.objected_at IS NOT NULL, person.erased_at IS NOT NULL,"
    " home.state, home.closes_at, shown.state, shown.closes_at, ({oldest}), {now},{consent},"
    " receipt.id IS NOT NULL"
    " FROM uses_use AS wanted"
    " JOIN people_participant AS person ON person.id = wanted.participant_id"
    " JOIN consents_consent AS consent"
    " ON consent.participant_id = wanted.participant_id AND consent.number = wanted.consent_number"
    " LEFT JOIN consents_receipt AS receipt"
    " ON receipt.participant_id = wanted.participant_id AND receipt.id = consent.receipt_id"
    " LEFT JOIN offers_market AS home ON home.id = person.market_id"
    " LEFT JOIN offers_market AS shown ON shown.offer_id = person.offer_id AND shown.country = wanted.country"
    " WHERE wanted.id {among} AND wanted.allowed AND wanted.ended_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class GrantedUse:
    """A use that was allowed by a consent and is not over, with the facts as they are now."""

    use_id: UUID
    participant_id: UUID
    request: UseRequest
    facts: Facts


def read_granted(use_ids: Iterable[UUID]) -> list[GrantedUse]:
    """Read the facts about each use, in one statement; uses that were denied, are over or rest on something
    else than a consent are left out."""
    among, values = db.among([db.uuid_value(use_id) for use_id in sorted(set(use_ids))])
    sql = _SERVED.format(oldest=OLDEST_QUEUED_SQL, now=now_sql(), consent=CONSENT_SQL, among=among)
    return [_read_granted(row) for row in db.fetch_all(sql, values)]


def _read_granted(row: tuple[Any, ...]) -> GrantedUse:
    consent = read_consent(row[18:])
    queued_at, answered_at = db.read_time_or_none(row[16]), db.read_time(row[29])
    now = clock.shift(db.read_time(row[17]))
    request = UseRequest(tuple(json.loads(row[2])), row[3], row[4], row[5], row[6] or None)
    facts = Facts(
        is_restricted=bool(row[9]),
        is_objected=bool(row[10]),
        # It stops checks by a program, and nothing that somebody allowed.
        is_checks_objected=False,
        is_erased=bool(row[11]),
        market_id=db.read_uuid(row[7]),
        version_id=db.read_uuid(row[8]),
        home_market=_read_market(row[12:14]),
        shown_market=_read_market(row[14:16]),
        is_log_down=queued_at is not None and now - queued_at > LOG_DOWN_AFTER,
        now=max(now, answered_at),
        consents=(consent,),
    )
    return GrantedUse(db.read_uuid(row[0]), db.read_uuid(row[1]), request, facts)


def _read_market(columns: Sequence[Any]) -> MarketFacts | None:
    return None if columns[0] is None else MarketFacts(columns[0], db.read_time(columns[1]))


def serving_statements(*, counts: Mapping[tuple[UUID, UUID], int], day: date) -> list[Statement]:
    """Add to how often each use, given as (participant, use), was served on ``day``.

    In the order of their ids, so that two processes that write at once wait for each other and never in a circle.
    """
    ordered = sorted(counts.items())
    chunks = [ordered[start : start + SERVING_ROWS_MAX] for start in range(0, len(ordered), SERVING_ROWS_MAX)]
    return [_add_servings(chunk, day) for chunk in chunks]


def _add_servings(chunk: Sequence[tuple[tuple[UUID, UUID], int]], day: date) -> Statement:
    values: list[Any] = []
    for (participant_id, use_id), count in chunk:
        values += [*map(db.uuid_value, (ids.new_id(), participant_id, use_id)), db.date_value(day), count]
    rows = ", ".join(["(%s, %s, %s, %s, %s)"] * len(chunk))
    sql = (
        f"INSERT INTO uses_serving (id, participant_id, use_id, day, count) VALUES {rows}"  # noqa: S608
        " ON CONFLICT (participant_id, use_id, day) DO UPDATE SET count = uses_serving.count + excluded.count"
    )
    return sql, values
