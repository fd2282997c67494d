"""What the gate answered over time, for the team: counts by day, market and reason, and what must not be asked."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from onloan import db

# The keys grow with time, so that the primary key bounds what is read; the test clock only runs ahead of them.
_TALLY = (
    "SELECT used.market_id, {day} AS day, used.reason, count(*) FROM uses_use AS used"
    " WHERE used.id >= %s AND used.decided_at >= %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
_DAY_POSTGRESQL = "(used.decided_at AT TIME ZONE 'UTC')::date"
_DAY_SQLITE = "substr(used.decided_at, 1, 10)"


@dataclass(frozen=True, slots=True)
class DayTally:
    """How often the gate gave one answer about people of one market on one day (UTC). ``reason`` is empty for
    what was allowed."""

    market_id: UUID
    day: date
    reason: str
    count: int


def tally_uses(*, since: datetime, now: datetime) -> list[DayTally]:
    """Answers of the gate since an instant, by market, day and reason. ``now`` is the present, on that clock."""
    day = _DAY_POSTGRESQL if db.is_postgresql() else _DAY_SQLITE
    rows = db.fetch_all(_TALLY.format(day=day), (db.uuid_value(_first_id(since, now)), db.time_value(since)))
    return [_read(row) for row in rows]


def _first_id(since: datetime, now: datetime) -> UUID:
    """No key (UUIDv7) that was made after ``since`` is below this one."""
    started = datetime.now(UTC) - (now - since)
    return uuid.UUID(int=max(0, int(started.timestamp() * 1_000) - 1_000) << 80)


def _read(row: tuple[object, ...]) -> DayTally:
    day = db.read_date(row[1])
    assert day is not None and isinstance(row[3], int)
    return DayTally(db.read_uuid(row[0]), day, str(row[2]), row[3])
