"""What was used, as one person reads it: like uses of one day told together. What was denied was no use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from onloan import clock, db
from onloan.consents.queries import find_yes_ends, find_yes_versions
from onloan.uses.audience_queries import AudienceUse, list_audiences_of
from onloan.uses.models import Use
from onloan.uses.periods import PastUse, find_last_day

GROUPS_MAX = 5_000
PAST_USES_MAX = 200

# Everything starts from this person's own rows, by indexes that begin with them: however many people there are,
# the cost is that of one person's uses.
_GROUPS = (
    "SELECT {day} AS day, used.items, used.purpose, used.channel, used.country, used.recipient, used.basis,"
    " used.is_copy, used.consent_number, count(*), min(used.decided_at), max(used.decided_at),"
    " count(used.ended_at), max(used.ended_at), min(shown.first_day), max(shown.last_day), sum(shown.times),"
    " used.version_id FROM uses_use AS used LEFT JOIN ("
    "SELECT use_id, min(day) AS first_day, max(day) AS last_day, sum(count) AS times FROM uses_serving"
    " WHERE participant_id = %s GROUP BY use_id) AS shown ON shown.use_id = used.id"
    " WHERE used.participant_id = %s AND used.allowed"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 18 ORDER BY 12 DESC LIMIT %s"
)
_DAY_POSTGRESQL = "(used.decided_at AT TIME ZONE %s)::date"
_DAY_SQLITE = "django_datetime_cast_date(used.decided_at, %s, 'UTC')"


@dataclass(frozen=True, slots=True, kw_only=True)
class UseGroup:
    """Uses of one day (in the person's time zone) that differ in nothing that a person would ask about.

    ``ended_at``: whoever asked said of each of them that it is over, the last time then. ``consent_ends_at`` is
    when the consent that they rest on ended, or will end by itself. ``shown_first`` and ``shown_last`` are days
    (UTC) on which Onloan showed something of them, ``shown_count`` times. ``is_mass``: part of a mass use.
    ``version_id`` is the version of the offer that they rest on; None when the answer is not kept any more.
    """

    day: date
    version_id: UUID | None
    items: tuple[str, ...]
    purpose: str
    channel: str
    country: str
    recipient: str
    basis: str
    is_copy: bool
    is_mass: bool = False
    count: int
    first_at: datetime
    last_at: datetime
    ended_at: datetime | None
    consent_ends_at: datetime | None
    shown_first: date | None = None
    shown_last: date | None = None
    shown_count: int = 0


def groups_statement(participant_id: UUID, time_zone: str) -> db.Statement:
    """The statement that groups one person's uses; ``time_zone`` says when a day begins."""
    person = db.uuid_value(participant_id)
    day = _DAY_POSTGRESQL if db.is_postgresql() else _DAY_SQLITE
    return _GROUPS.format(day=day), (time_zone, person, person, GROUPS_MAX)


def list_use_groups(participant_id: UUID, *, time_zone: str) -> list[UseGroup]:
    """All that was used of this person, single and mass uses, newest first; at most ``GROUPS_MAX`` of each."""
    ends = find_yes_ends(participant_id)
    single = [_read_group(row, ends) for row in db.fetch_all(*groups_statement(participant_id, time_zone))]
    versions = find_yes_versions(participant_id)
    mass = [_mass_group(use, ends, versions, time_zone) for use in list_audiences_of(participant_id)]
    return sorted([*single, *mass], key=lambda group: group.last_at, reverse=True)


def list_past_uses(
    participant_id: UUID,
    *,
    channel: str,
    seen_on: date,
    time_zone: str,
    now: datetime,
    use_id: UUID | None = None,
) -> list[PastUse]:
    """Uses by consent in ``channel`` that began by the end of ``seen_on``, newest first; with ``use_id`` that one,
    if it was of this person."""
    ends = find_yes_ends(participant_id)
    until = datetime.combine(seen_on + timedelta(days=1), time(), tzinfo=ZoneInfo(time_zone))
    rows = Use.objects.filter(participant_id=participant_id, allowed=True, basis="consent", decided_at__lt=until)
    rows = rows.filter(channel=channel) if use_id is None else rows.filter(id=use_id)
    found = [
        _past_use(row, ends.get(row.consent_number or 0), now, time_zone)
        for row in rows.order_by("-id")[:PAST_USES_MAX]
    ]
    return (
        found if use_id is not None else [*found, *_past_mass_uses(participant_id, channel, until, now, time_zone)]
    )


def _past_use(row: Use, consent_ends_at: datetime | None, now: datetime, time_zone: str) -> PastUse:
    first_day = clock.local_day(row.decided_at, time_zone)
    last_day = find_last_day(
        channel=row.channel,
        ended_at=row.ended_at,
        consent_ends_at=consent_ends_at,
        first_day=first_day,
        now=now,
        time_zone=time_zone,
    )
    return PastUse(row.id, tuple(row.items), row.channel, first_day, last_day, is_mass=False)


def _past_mass_uses(
    participant_id: UUID, channel: str, until: datetime, now: datetime, time_zone: str
) -> list[PastUse]:
    ends = find_yes_ends(participant_id)
    return [
        PastUse(
            use.audience.id,
            use.audience.items,
            use.audience.channel,
            (first_day := clock.local_day(use.audience.decided_at, time_zone)),
            find_last_day(
                channel="",
                ended_at=None,
                consent_ends_at=max((ends[number] for number in use.consent_numbers), default=None),
                first_day=first_day,
                now=now,
                time_zone=time_zone,
            ),
            is_mass=True,
        )
        for use in list_audiences_of(participant_id)
        if use.audience.channel == channel and use.audience.decided_at < until
    ]


def _read_group(row: tuple[Any, ...], ends: dict[int, datetime]) -> UseGroup:
    day = db.read_date(row[0])
    assert day is not None
    count, ended_count = row[9], row[12]
    return UseGroup(
        day=day,
        version_id=db.read_uuid(row[17]),
        items=tuple(json.loads(row[1])),
        purpose=row[2],
        channel=row[3],
        country=row[4],
        recipient=row[5],
        basis=row[6],
        is_copy=bool(row[7]),
        count=count,
        first_at=db.read_time(row[10]),
        last_at=db.read_time(row[11]),
        ended_at=db.read_time(row[13]) if ended_count == count else None,
        consent_ends_at=None if row[8] is None else ends.get(row[8]),
        shown_first=db.read_date(row[14]),
        shown_last=db.read_date(row[15]),
        shown_count=int(row[16] or 0),
    )


def _mass_group(
    use: AudienceUse, ends: dict[int, datetime], versions: dict[int, UUID], time_zone: str
) -> UseGroup:
    audience = use.audience
    return UseGroup(
        day=clock.local_day(audience.decided_at, time_zone),
        version_id=versions.get(max(use.consent_numbers)),
        items=audience.items,
        purpose=audience.purpose,
        channel=audience.channel,
        country=audience.country,
        recipient=audience.recipient,
        basis="consent",
        is_copy=audience.is_copy,
        is_mass=True,
        count=1,
        first_at=audience.decided_at,
        last_at=audience.decided_at,
        ended_at=None,
        consent_ends_at=max((ends[number] for number in use.consent_numbers if number in ends), default=None),
    )
