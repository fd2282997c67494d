"""Statements of the joining transaction, of a click, and of what traffic multiplies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from onloan import db, ids
from onloan.db import Statement
from onloan.people.statements import code_lookup_statement
from onloan.referrals.models import Attribution, Event, Link

CLICK_ROWS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class PersonRow:
    """What an event needs to know of a person."""

    id: UUID
    market_id: UUID
    version_id: UUID
    country: str
    language: str
    joined_at: datetime
    is_erased: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """A person whose event is reported: who brought them, and since when the event is known, if it is.

    ``sponsor`` is None when nobody is rewarded for them. Nothing here but ``is_erased`` and ``known_at`` ever
    changes, so it may be read before the lock; those two are asked again after it.
    """

    person: PersonRow
    is_attributed: bool
    sponsor: PersonRow | None
    known_at: datetime | None


_PERSON_COLUMNS = ("id", "market_id", "version_id", "country", "language", "joined_at", "erased_at")
_SITUATION = (
    "SELECT "  # noqa: S608
    + ", ".join(f"p.{column}" for column in _PERSON_COLUMNS)
    + ", "
    + ", ".join(f"s.{column}" for column in _PERSON_COLUMNS)
    + ", a.credited, e.occurred_at FROM people_participant p"
    " LEFT JOIN referrals_attribution a ON a.participant_id = p.id"
    " LEFT JOIN people_participant s ON s.id = a.sponsor_id AND a.credited"
    " LEFT JOIN referrals_event e ON e.participant_id = p.id AND e.event = %s"
    " WHERE p.id = %s"
)


def read_situation(participant_id: UUID, event: str) -> Situation | None:
    """Everything that an event needs to know, in one statement; None when nobody has this id."""
    row = db.fetch_one(_SITUATION, [event, db.uuid_value(participant_id)])
    if row is None:
        return None
    width = len(_PERSON_COLUMNS)
    sponsor = _read_person(row[width : 2 * width]) if row[width] is not None else None
    return Situation(
        person=_read_person(row[:width]),
        is_attributed=row[2 * width] is not None,
        sponsor=sponsor,
        known_at=db.read_time(row[2 * width + 1]) if row[2 * width + 1] is not None else None,
    )


def _read_person(row: Sequence[Any]) -> PersonRow:
    return PersonRow(
        id=db.read_uuid(row[0]),
        market_id=db.read_uuid(row[1]),
        version_id=db.read_uuid(row[2]),
        country=row[3],
        language=row[4],
        joined_at=db.read_time(row[5]),
        is_erased=row[6] is not None,
    )


def lock_people(participant_ids: Sequence[UUID]) -> set[UUID]:
    """Lock these people's rows in the order of their ids, and say which of them are erased or gone.

    One statement: PostgreSQL locks rows in the order in which they leave the sort.
    """
    assert connection.in_atomic_block, "a lock lives as long as its transaction"
    marks = ", ".join(["%s"] * len(participant_ids))
    suffix = " FOR NO KEY UPDATE" if db.is_postgresql() else ""
    rows = db.fetch_all(
        f"SELECT id, erased_at FROM people_participant WHERE id IN ({marks}) ORDER BY id{suffix}",  # noqa: S608
        [db.uuid_value(participant_id) for participant_id in participant_ids],
    )
    present = {db.read_uuid(row[0]) for row in rows if row[1] is None}
    return set(participant_ids) - present


def write_event(
    *, participant_id: UUID, event: str, external_ref: str, occurred_at: datetime, now: datetime
) -> datetime | None:
    """Write the one event of its kind that a person has. None when it is new; else when the known one was."""
    sql, values = db.insert(
        Event,
        on_conflict="ON CONFLICT (participant_id, event) DO NOTHING RETURNING id",
        id=ids.new_id(),
        participant_id=participant_id,
        event=event,
        external_ref=external_ref,
        occurred_at=occurred_at,
        received_at=now,
    )
    if db.fetch_all(sql, values):
        return None
    row = db.fetch_one(
        "SELECT occurred_at FROM referrals_event WHERE participant_id = %s AND event = %s",
        [db.uuid_value(participant_id), event],
    )
    assert row is not None, "it was in the way of the other one"
    return db.read_time(row[0])


def qualify_statement(participant_id: UUID, occurred_at: datetime) -> Statement:
    """The friend of an attribution did what counts."""
    return (
        "UPDATE referrals_attribution SET qualified_at = %s WHERE participant_id = %s",
        [db.time_value(occurred_at), db.uuid_value(participant_id)],
    )


def link_statements(
    *, participant_id: UUID, code: str, market_id: UUID, offer_id: UUID, now: datetime
) -> list[Statement]:
    """The link of a new participant, and the look-up of its code, whose key makes the code unique.

    Draw ``code`` with ``referrals.queries.draw_link_code()``. Executing raises ``django.db.IntegrityError``
    when somebody took the same code meanwhile: begin again with another one.
    """
    link_id = ids.new_id()
    return [
        code_lookup_statement(kind="link", code=code, participant_id=participant_id, target_id=link_id),
        db.insert(
            Link,
            id=link_id,
            participant_id=participant_id,
            code=code,
            market_id=market_id,
            offer_id=offer_id,
            created_at=now,
        ),
    ]


def attribution_statements(
    *, participant_id: UUID, sponsor_id: UUID, link_code: str, market_id: UUID, credited: bool, now: datetime
) -> list[Statement]:
    """Who brought the new participant. Nobody brings themselves: the database refuses it."""
    return [
        db.insert(
            Attribution,
            id=ids.new_id(),
            participant_id=participant_id,
            sponsor_id=sponsor_id,
            link_code=link_code,
            market_id=market_id,
            attributed_at=now,
            credited=credited,
            qualified_at=None,
            looked_at=None,
        )
    ]


def click_statements(*, counts: Mapping[str, int], day: date) -> list[Statement]:
    """Add clicks of one ``day`` to each link code, whether or not the day has a row already.

    One statement adds up to ``CLICK_ROWS_MAX`` links; they go in the order of their codes, so that two processes
    that flush at once wait for each other and never in a circle.
    """
    ordered = sorted(counts.items())
    chunks = [ordered[start : start + CLICK_ROWS_MAX] for start in range(0, len(ordered), CLICK_ROWS_MAX)]
    return [_add_clicks(chunk, day) for chunk in chunks]


def _add_clicks(chunk: Sequence[tuple[str, int]], day: date) -> Statement:
    written_day = connection.ops.adapt_datefield_value(day)
    values: list[Any] = []
    for code, count in chunk:
        values += [db.uuid_value(ids.new_id()), code, written_day, count]
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(chunk))
    sql = (
        f"INSERT INTO referrals_click_day (id, link_code, day, count) VALUES {rows}"  # noqa: S608
        " ON CONFLICT (link_code, day) DO UPDATE SET count = referrals_click_day.count + excluded.count"
    )
    return sql, values
