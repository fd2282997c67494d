"""The copy of everything that is kept about a person (GDPR art. 15), and the part to take elsewhere (art. 20).

Every table with rows about people is named by one source; a test fails when one is missing, and when a column is
neither given nor left out for a reason. It is made when it is asked for, and nothing of it is stored. A source
that fails, or that the database does not answer in its time, is left out and named: the rest is given.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import db
from onloan.cases.pack import desk, money, person, referrals, uses
from onloan.cases.pack.forms import Row, Source
from onloan.errors import NotFound
from onloan.people.queries import ParticipantView, find_participant, read_item

logger = logging.getLogger(__name__)

SOURCE_SECONDS_MAX = 3.0
PACK_SECONDS_MAX = 30.0
"""For all sources together, so that a page is answered even when each of them is slow."""

SOURCES: tuple[Source, ...] = (
    person.PERSON,
    person.ITEM_VALUES,
    person.ADVERTISING,
    person.CHANGES,
    person.LOOKUPS,
    person.ANSWERS,
    person.RECEIPTS,
    person.CLARITY,
    person.RESTRICTIONS,
    person.ERASURES,
    uses.USES,
    uses.SHOWINGS,
    uses.MASS_USES,
    uses.RECIPIENTS,
    uses.NOTICES,
    uses.TAKEDOWNS,
    money.POT,
    money.BOOKINGS,
    money.REWARDS,
    money.CORRECTIONS,
    money.VOUCHERS,
    money.SPENDINGS,
    money.CASH,
    money.PAYMENTS,
    money.PAYEE,
    money.SLIPS,
    money.ARCHIVE,
    money.ARCHIVE_READINGS,
    money.YEAR_NOTES,
    referrals.LINK,
    referrals.FRIENDS,
    referrals.INVITATION,
    referrals.EVENTS,
    referrals.MARKS,
    referrals.SIGNALS,
    referrals.REVIEWS,
    desk.REQUESTS,
    desk.STEPS,
    desk.QUESTIONS,
    desk.SIGHTINGS,
    desk.LATE_PAYMENTS,
    desk.MAILS,
    desk.LOG,
)


@dataclass(frozen=True, slots=True)
class Pack:
    """What was put together. ``content`` holds the rows of each source that answered, ``files`` the photo and
    other pictures by their names, ``gaps`` the names of sources that did not answer."""

    person: ParticipantView
    made_at: datetime
    is_portable: bool
    content: Mapping[str, list[Row]]
    files: Mapping[str, bytes]
    gaps: tuple[str, ...]


def build_pack(participant_id: UUID, *, is_portable: bool, now: datetime) -> Pack:
    """Ask every source. Raises NotFound for somebody who is not there any more."""
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    ends_at = time.monotonic() + PACK_SECONDS_MAX
    content: dict[str, list[Row]] = {}
    files: dict[str, bytes] = {}
    gaps: list[str] = []
    for source in SOURCES:
        if is_portable and not source.is_portable:
            continue
        try:
            with db.time_limit(min(SOURCE_SECONDS_MAX, ends_at - time.monotonic())):
                rows = source.read(participant_id)
                content[source.name] = _portable_part(source, rows) if is_portable else rows
                files |= _read_files(source, participant_id)
        except Exception as error:
            # Whatever fails in one place must not keep the rest from the person.
            logger.error("a pack has a gap, %s: %s", source.name, type(error).__name__)  # noqa: TRY400
            content.pop(source.name, None)
            gaps.append(source.name)
    return Pack(person, now, is_portable, content, files, tuple(gaps))


def _portable_part(source: Source, rows: list[Row]) -> list[Row]:
    blank = {each.name: None for each in source.properties if not each.is_portable}
    return [row | blank for row in rows if source.is_portable_row(row)]


def _read_files(source: Source, participant_id: UUID) -> dict[str, bytes]:
    if source is desk.SIGHTINGS:
        return desk.read_pictures(participant_id)
    photo = read_item(participant_id, person.PHOTO) if source is person.ITEM_VALUES else None
    return {} if photo is None else {person.PHOTO_FILE: photo}
