"""Whose time is over: thirteen months after the campaign and the last payment, or three years after their last
act; and photos that nobody may show any more.

The periods are those of the notice (``offers.retention``). Money that is owed or still counted keeps a page open.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from uuid import UUID

from django.db.models import Max

from onloan import db, ids
from onloan.cases.erasure_queries import is_money_waiting
from onloan.cases.models import Case, Erasure, RetentionRun
from onloan.consents.models import Consent
from onloan.db import action
from onloan.markets.rules import add_months
from onloan.offers.queries import MarketView, list_markets
from onloan.offers.retention import PROFILE_MONTHS, PROFILE_YEARS_MAX
from onloan.payouts.models import Payable
from onloan.people.actions import remove_photo
from onloan.people.models import ItemChange, Participant
from onloan.people.statements import lock_participant

PHOTO_KEPT_FOR = timedelta(days=1)
"""After the last permission for it has ended: time to allow it again, and no reason to keep it longer."""
PHOTOS_AT_A_TIME = 2_000
PROFILES_A_DAY = 500
SCANNED_MAX = 20_000


def list_past_profiles(now: datetime) -> list[UUID]:
    """Participants whose page has to close, at most ``PROFILES_A_DAY``."""
    return list(islice(_find_past(now), PROFILES_A_DAY))


def _find_past(now: datetime) -> Iterator[UUID]:
    begun = Erasure.objects.filter(completed_at=None).values("participant_id")
    ends = {market.id: _ended_at(market) for market in list_markets()}
    over = [market_id for market_id, ended_at in ends.items() if _months_after(ended_at, PROFILE_MONTHS) < now]
    alive = Participant.objects.filter(erased_at=None).exclude(id__in=begun).order_by("joined_at")
    idle_since = _months_after(now, -12 * PROFILE_YEARS_MAX)
    for rows, is_past in (
        (alive.filter(market_id__in=over), _is_campaign_over),
        (alive.filter(market_id__in=list(ends), joined_at__lt=idle_since), _is_idle),
    ):
        for person in rows[:SCANNED_MAX].iterator():
            if is_past(person, ends[person.market_id], now) and not is_money_waiting(person.id):
                yield person.id


def _ended_at(market: MarketView) -> datetime:
    """The instant after which nobody can join any more."""
    return market.since if market.state in {"closed", "withdrawn"} else market.closes_at


def _is_campaign_over(person: Participant, ended_at: datetime, now: datetime) -> bool:
    paid = Payable.objects.filter(participant_id=person.id).aggregate(latest=Max("paid_at"))["latest"]
    last = max(ended_at, person.window_ends_at, *([paid] if paid is not None else []))
    return _months_after(last, PROFILE_MONTHS) < now


def _is_idle(person: Participant, ended_at: datetime, now: datetime) -> bool:
    """Whether the person did nothing here for so long; that a mail was opened would not count, nor be known."""
    own = {"participant_id": person.id}
    acts = [
        person.joined_at,
        Consent.objects.filter(**own).aggregate(at=Max("answered_at"))["at"],
        ItemChange.objects.filter(**own, by_user_id=None).aggregate(at=Max("changed_at"))["at"],
        Case.objects.filter(**own).aggregate(at=Max("received_at"))["at"],
    ]
    last = max(act for act in acts if act is not None)
    return _months_after(last, 12 * PROFILE_YEARS_MAX) < now


def _months_after(instant: datetime, months: int) -> datetime:
    at = instant.astimezone(UTC)
    return datetime.combine(add_months(at.date(), months), time(at.hour, at.minute, at.second), UTC)


_UNUSED_PHOTOS = (
    "SELECT item.participant_id FROM people_item AS item"
    " JOIN people_participant AS person ON person.id = item.participant_id"
    " WHERE item.name = 'profile_photo' AND item.disputed_at IS NULL AND person.joined_at < %s{whose}"
    " AND NOT EXISTS (SELECT 1 FROM consents_consent AS consent"
    " WHERE consent.participant_id = item.participant_id AND consent.answer"
    " AND CAST(consent.items AS TEXT) LIKE '%%\"profile_photo\"%%'"
    " AND coalesce(consent.ended_at, consent.expires_at) > %s) LIMIT %s"
)


def forget_photos(*, now: datetime) -> int:
    """Delete photos that nobody may show any more, a day after the last permission for them ended. A periodic job;
    how many."""
    before = db.time_value(now - PHOTO_KEPT_FOR)
    rows = db.fetch_all(_UNUSED_PHOTOS.format(whose=""), [before, before, PHOTOS_AT_A_TIME])
    people = [db.read_uuid(row[0]) for row in rows]
    count = sum(_forget_photo(participant_id=participant_id, now=now) for participant_id in people)
    if count:
        _note_photos(count=count, now=now)
    return count


@action
def _forget_photo(*, participant_id: UUID, now: datetime) -> bool:
    """Looked at once more under the lock: it may have been allowed again since."""
    lock_participant(participant_id)
    before = db.time_value(now - PHOTO_KEPT_FOR)
    whose = " AND item.participant_id = %s"
    if not db.fetch_all(_UNUSED_PHOTOS.format(whose=whose), [before, db.uuid_value(participant_id), before, 1]):
        return False
    remove_photo(participant_id=participant_id)
    return True


@action
def _note_photos(*, count: int, now: datetime) -> None:
    RetentionRun.objects.create(id=ids.new_id(), record_class="photos", count=count, ran_at=now)
