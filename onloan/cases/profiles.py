"""Whose time is over: thirteen months after the campaign and the last payment, or three years after their last
act; and photos that nobody may show any more.

The periods are those of the notice (``offers.retention``), the rule stands in ``period_rules``. Money that is owed
or still counted keeps a page open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, Model, OuterRef, Q

from onloan import db, ids
from onloan.cases.erasing import stop_erasure
from onloan.cases.erasure_queries import is_money_waiting
from onloan.cases.models import Case, Erasure, RetentionRun, Sighting
from onloan.cases.period_rules import TOLD_BEFORE, PageFacts, is_page_closing, months_after, years_before
from onloan.cases.rules import ErasureCause, Kind
from onloan.consents.models import Consent
from onloan.db import action
from onloan.ledger.models import Correction, Reward
from onloan.ledger.rules import CorrectionState, RewardState
from onloan.offers.models import Market
from onloan.offers.retention import PROFILE_MONTHS, PROFILE_YEARS_MAX
from onloan.payouts.models import Payable, Payee
from onloan.payouts.rules import PayableState
from onloan.people.actions import remove_photo
from onloan.people.models import ItemChange, Participant
from onloan.people.statements import lock_participant

PHOTO_KEPT_FOR = timedelta(days=1)
"""After the last permission for it has ended: time to allow it again, and no reason to keep it longer."""
PHOTOS_AT_A_TIME = 2_000
PROFILES_A_DAY = 500
PEOPLE_AT_A_TIME = 1_000
"""How many people's facts are read together. Each page is looked at, so that none waits behind those that stay."""

_ACTS: tuple[tuple[type[Model], str, dict[str, Any]], ...] = (
    (Consent, "answered_at", {}),
    (ItemChange, "changed_at", {"by_user_id": None}),
    (Case, "received_at", {"kind__in": [kind for kind in Kind if kind not in {Kind.ACCESS, Kind.PORTABILITY}]}),
    (Sighting, "reported_at", {}),
    (Payee, "given_at", {}),
)
"""What people do here. That a mail was opened would not count, and nobody knows it; nor is signing in recorded.
Whoever takes a copy, as the mail about the end of their page offers, does not ask for it to stay."""

_PAYMENTS: tuple[tuple[type[Model], str, dict[str, Any]], ...] = (
    (Payable, "paid_at", {}),
    (Reward, "settled_at", {}),
)

_MONEY_WAITING: tuple[tuple[type[Model], dict[str, Any]], ...] = (
    (Payable, {"state__in": [PayableState.OWED, PayableState.IN_BATCH]}),
    (Reward, {"state__in": [RewardState.PENDING, RewardState.HELD]}),
    (Correction, {"state": CorrectionState.PROPOSED}),
)
"""What ``is_money_waiting`` asks of one person, to ask it of many."""


def list_past_profiles(now: datetime) -> list[UUID]:
    """Participants who are to be told that their page closes, at most ``PROFILES_A_DAY``."""
    return list(islice(_find_past(now), PROFILES_A_DAY))


def _find_past(now: datetime) -> Iterator[UUID]:
    for people in _read_candidates(now):
        rich = _find_money([person.id for person in people])
        poor = [person for person in people if person.id not in rich]
        for participant_id, facts in _read_facts(poor).items():
            if is_page_closing(facts, now):
                yield participant_id


def _read_candidates(now: datetime) -> Iterator[list[Participant]]:
    """Everybody whose page may have to close, some at a time in the order of their keys, each once."""
    # Months differ in length: a day more than the period lets nobody through who is left out by mistake.
    reached = now + TOLD_BEFORE + timedelta(days=1)
    over = [market_id for market_id, ended_at in _read_market_ends().items()
            if months_after(ended_at, PROFILE_MONTHS) <= reached]  # fmt: skip
    begun = Erasure.objects.filter(participant_id=OuterRef("id"), completed_at=None)
    alive = Participant.objects.filter(
        Q(market_id__in=over) | Q(joined_at__lte=years_before(reached, PROFILE_YEARS_MAX)),
        ~Exists(begun),
        erased_at=None,
    ).order_by("id")
    people = list(alive[:PEOPLE_AT_A_TIME])
    while people:
        yield people
        people = list(alive.filter(id__gt=people[-1].id)[:PEOPLE_AT_A_TIME])


def _read_market_ends(market_ids: Sequence[UUID] | None = None) -> dict[UUID, datetime]:
    """The instant after which nobody can join any more, by market; of all markets where none is named."""
    rows = Market.objects.all() if market_ids is None else Market.objects.filter(id__in=market_ids)
    return {
        market_id: since if state in {"closed", "withdrawn"} else closes_at
        for market_id, state, since, closes_at in rows.values_list("id", "state", "since", "closes_at")
    }


def _read_facts(people: Sequence[Participant]) -> dict[UUID, PageFacts]:
    """What the end of each page follows from, by participant."""
    found = [person.id for person in people]
    ends = _read_market_ends(list({person.market_id for person in people}))
    acts, payments = _read_latest(_ACTS, found), _read_latest(_PAYMENTS, found)
    return {
        person.id: PageFacts(
            taking_part_until=max(ends[person.market_id], person.window_ends_at),
            paid_at=payments.get(person.id),
            acted_at=max(person.joined_at, acts.get(person.id, person.joined_at)),
        )
        for person in people
    }


def _read_latest(
    sources: Sequence[tuple[type[Model], str, dict[str, Any]]], participant_ids: Sequence[UUID]
) -> dict[UUID, datetime]:
    """The latest instant in any of ``sources``, by participant; nobody where there is none."""
    latest: dict[UUID, datetime] = {}
    for model, field, conditions in sources:
        rows = model._default_manager.filter(participant_id__in=participant_ids, **conditions)
        dated = rows.exclude(**{field: None}).values("participant_id").annotate(at=Max(field)).order_by()
        for participant_id, at in dated.values_list("participant_id", "at"):
            latest[participant_id] = max(at, latest.get(participant_id, at))
    return latest


def _find_money(participant_ids: Sequence[UUID]) -> set[UUID]:
    """Those of them to whom something is owed, or for whom something is still counted."""
    return {
        participant_id
        for model, conditions in _MONEY_WAITING
        for participant_id in model._default_manager.filter(
            participant_id__in=participant_ids, **conditions
        ).values_list("participant_id", flat=True)
    }


def stop_closings(*, now: datetime) -> int:
    """Pages that were about to close stay where their person did something since, or is owed something now. A
    periodic job, before erasures are carried out; how many stay."""
    closing = Erasure.objects.filter(cause=ErasureCause.RETENTION, erased_at=None).order_by("id")
    count = 0
    rows = list(closing[:PEOPLE_AT_A_TIME])
    while rows:
        found = [row.participant_id for row in rows]
        rich = _find_money(found)
        facts = _read_facts(list(Participant.objects.filter(id__in=found)))
        count += sum(
            stop_closing(participant_id=participant_id, now=now)
            for participant_id in found
            if participant_id in rich or not is_page_closing(facts[participant_id], now)
        )
        rows = list(closing.filter(id__gt=rows[-1].id)[:PEOPLE_AT_A_TIME])
    return count


@action
def stop_closing(*, participant_id: UUID, now: datetime) -> bool:
    """Stop the end of one page, if it was begun because its time was over and that is so no more; recorded among
    the runs of retention. False where it goes on. Raises NotFound."""
    lock_participant(participant_id)
    begun = Erasure.objects.filter(participant_id=participant_id, cause=ErasureCause.RETENTION, erased_at=None)
    if not begun.exists():
        return False
    facts = _read_facts([Participant.objects.get(id=participant_id)])[participant_id]
    if is_page_closing(facts, now) and not is_money_waiting(participant_id):
        return False
    stop_erasure(participant_id=participant_id, now=now)
    _note_run(record_class="pages that stay", count=1, now=now)
    return True


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
        _note_run(record_class="photos", count=count, now=now)
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
def _note_run(*, record_class: str, count: int, now: datetime) -> None:
    RetentionRun.objects.create(id=ids.new_id(), record_class=record_class, count=count, ran_at=now)
