"""Reads of people: who they are to the system, what they gave, and who holds a code."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import TruncDate

from onloan import db, ids
from onloan.offers.queries import list_markets
from onloan.people import sealing
from onloan.people.models import EmailLookup, Item, Participant, Suppression
from onloan.people.rules import ITEM_NAMES

PEOPLE_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantView:
    """A participant as the system knows them: nothing here says who they are."""

    id: UUID
    public_id: str
    offer_id: UUID
    market_id: UUID
    version_id: UUID
    country: str
    language: str
    joined_at: datetime
    window_ends_at: datetime
    is_demo: bool
    has_pot: bool
    pot_released_at: datetime | None
    restricted_at: datetime | None
    objected_at: datetime | None
    checks_objected_at: datetime | None
    erased_at: datetime | None
    session_number: int


_VIEW_FIELDS = tuple(ParticipantView.__dataclass_fields__)
_FIND_PARTICIPANT = f"SELECT {', '.join(_VIEW_FIELDS)} FROM people_participant WHERE id = %s"  # noqa: S608


def find_participant(participant_id: UUID) -> ParticipantView | None:
    """By hand, as joining, each event and each page of a person ask it."""
    row = db.fetch_one(_FIND_PARTICIPANT, [db.uuid_value(participant_id)])
    if row is None:
        return None
    return ParticipantView(
        id=db.read_uuid(row[0]),
        public_id=row[1],
        offer_id=db.read_uuid(row[2]),
        market_id=db.read_uuid(row[3]),
        version_id=db.read_uuid(row[4]),
        country=row[5],
        language=row[6],
        joined_at=db.read_time(row[7]),
        window_ends_at=db.read_time(row[8]),
        is_demo=bool(row[9]),
        has_pot=bool(row[10]),
        pot_released_at=db.read_time_or_none(row[11]),
        restricted_at=db.read_time_or_none(row[12]),
        objected_at=db.read_time_or_none(row[13]),
        checks_objected_at=db.read_time_or_none(row[14]),
        erased_at=db.read_time_or_none(row[15]),
        session_number=row[16],
    )


def is_alive(participant_id: UUID | None) -> bool:
    """Whether this is somebody who was not erased: only then may an entry of the log be linked with them."""
    if participant_id is None:
        return False
    row = db.fetch_one(
        "SELECT 1 FROM people_participant WHERE id = %s AND erased_at IS NULL", [db.uuid_value(participant_id)]
    )
    return row is not None


def find_by_public_id(public_id: str) -> ParticipantView | None:
    """The participant whom the merchant's systems call ``public_id``; None for anything that is not one."""
    participant_id = find_id_by_public_id(public_id)
    return find_participant(participant_id) if participant_id is not None else None


def find_id_by_public_id(public_id: str) -> UUID | None:
    """The same, without reading more than who it is."""
    if not public_id.startswith("p"):
        return None
    code = ids.normalize_code(public_id[1:])
    found = find_by_code("participant", f"p{code}") if code else None
    return found[0] if found is not None else None


def find_by_email(offer_id: UUID, email: str) -> ParticipantView | None:
    """Who joined ``offer_id`` with a normalized address (see ``rules.check_email``)."""
    value_hash = sealing.email_hash(offer_id, email)
    participant_id = (
        EmailLookup.objects.filter(value_hash=value_hash).values_list("participant_id", flat=True).first()
    )
    return find_participant(participant_id) if participant_id else None


def read_erasures_stopped(participant_id: UUID) -> int:
    """How often this person stopped an erasure; 0 for somebody who is not there."""
    stopped = Participant.objects.filter(id=participant_id).values_list("erasures_stopped", flat=True).first()
    return stopped or 0


def list_by_email(email: str) -> list[ParticipantView]:
    """Everybody who joined any offer with a normalized address, the latest first."""
    offer_ids = {market.offer_id for market in list_markets()}
    hashes = [sealing.email_hash(offer_id, email) for offer_id in offer_ids]
    found = EmailLookup.objects.filter(value_hash__in=hashes).values_list("participant_id", flat=True)
    rows = Participant.objects.filter(id__in=list(found)).order_by("-joined_at").values(*_VIEW_FIELDS)
    return [ParticipantView(**row) for row in rows]


def find_by_code(kind: str, code: str) -> tuple[UUID, UUID] | None:
    """(participant_id, target_id) of a code in the form in which it was issued, or None."""
    row = db.fetch_one(
        "SELECT participant_id, target_id FROM people_code_lookup WHERE value_hash = %s AND kind = %s",
        [sealing.code_hash(kind, code), kind],
    )
    return (db.read_uuid(row[0]), db.read_uuid(row[1])) if row else None


def read_item(participant_id: UUID, name: str) -> bytes | None:
    """One item in plain, or None when the person never gave it, took it back or was erased.

    For paying, writing to the person and showing them their own page. Showing an item to anybody else goes
    through the gate, which calls this after it said yes.
    """
    return read_items(participant_id, [name]).get(name)


def read_items(participant_id: UUID, names: Sequence[str]) -> dict[str, bytes]:
    """Several items in plain, by name, read in one statement; those that are not there are left out."""
    return read_items_of([participant_id], names).get(participant_id, {})


def read_items_of(participant_ids: Collection[UUID], names: Sequence[str]) -> dict[UUID, dict[str, bytes]]:
    """The same for at most ``PEOPLE_PER_STATEMENT`` people at once; somebody without any of them is left out."""
    assert set(names) <= set(ITEM_NAMES), "the set of items is closed"
    assert 0 < len(participant_ids) <= PEOPLE_PER_STATEMENT
    people, marks = ", ".join(["%s"] * len(participant_ids)), ", ".join(["%s"] * len(names))
    rows = db.fetch_all(
        "SELECT item.participant_id, item.name, item.ciphertext, person_key.wrapped_key FROM people_item item"  # noqa: S608
        " JOIN people_person_key person_key ON person_key.participant_id = item.participant_id"
        f" WHERE item.participant_id IN ({people}) AND item.name IN ({marks}) ORDER BY item.participant_id",
        [*map(db.uuid_value, participant_ids), *names],
    )
    found: dict[UUID, dict[str, bytes]] = {}
    unwrapped: tuple[UUID, bytes] | None = None
    for owner, name, ciphertext, wrapped_key in rows:
        participant_id = db.read_uuid(owner)
        if unwrapped is None or unwrapped[0] != participant_id:
            unwrapped = participant_id, sealing.unwrap_person_key(participant_id, bytes(wrapped_key))
        found.setdefault(participant_id, {})[name] = sealing.unseal_item(
            participant_id, name, unwrapped[1], bytes(ciphertext)
        )
    return found


def list_item_names(participant_id: UUID) -> list[str]:
    """Which items this person gave, without opening one."""
    rows = db.fetch_all(
        "SELECT name FROM people_item WHERE participant_id = %s ORDER BY name", [db.uuid_value(participant_id)]
    )
    return [name for (name,) in rows]


def list_disputed(participant_id: UUID) -> set[str]:
    """Which items this person says are wrong, and nobody has settled yet."""
    disputed = Item.objects.filter(participant_id=participant_id, disputed_at__isnull=False)
    return set(disputed.values_list("name", flat=True))


def list_suppressed(emails: Collection[str]) -> set[str]:
    """Which of these normalized addresses are never to be written to for advertising."""
    by_hash = {sealing.suppression_hash(email): email for email in emails}
    found = Suppression.objects.filter(value_hash__in=list(by_hash)).values_list("value_hash", flat=True)
    return {by_hash[value_hash] for value_hash in found}


def find_suppressed_since(participant_id: UUID) -> datetime | None:
    """Since when this person's address is one of those."""
    address = read_item(participant_id, "email")
    if address is None:
        return None
    value_hash = sealing.suppression_hash(address.decode())
    return Suppression.objects.filter(value_hash=value_hash).values_list("since", flat=True).first()


def is_suppressed(participant_id: UUID) -> bool:
    """Whether this person's address is one of those."""
    return find_suppressed_since(participant_id) is not None


def list_checks_objected(participant_ids: Collection[UUID]) -> set[UUID]:
    """Who of these objected to what rests on the merchant's interest alone: no program looks at their rewards."""
    wanted = sorted(participant_ids)
    found: set[UUID] = set()
    for start in range(0, len(wanted), PEOPLE_PER_STATEMENT):
        some = Participant.objects.filter(
            id__in=wanted[start : start + PEOPLE_PER_STATEMENT], checks_objected_at__isnull=False
        )
        found |= set(some.values_list("id", flat=True))
    return found


def count_joined(market_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many people joined each market; demo people are people of the demo and count too."""
    rows = (
        Participant.objects.filter(market_id__in=list(market_ids))
        .values_list("market_id")
        .annotate(joined=Count("id"))
    )
    counts = dict.fromkeys(market_ids, 0)
    counts.update(dict(rows))
    return counts


def count_pots_taken(market_id: UUID, *, first: date, last: date) -> list[int]:
    """How many people joined this market with a pot on each day (UTC) from ``first`` to ``last``."""
    begins = datetime.combine(first, time(), UTC)
    ends = datetime.combine(last + timedelta(days=1), time(), UTC)
    rows = (
        Participant.objects.filter(market_id=market_id, has_pot=True, joined_at__gte=begins, joined_at__lt=ends)
        .annotate(day=TruncDate("joined_at", tzinfo=UTC))
        .values_list("day")
        .annotate(taken=Count("id"))
    )
    counts: dict[date, int] = dict(rows)
    return [counts.get(first + timedelta(days=number), 0) for number in range((last - first).days + 1)]


def list_ended_windows(*, version_id: UUID, ended_before: datetime, limit: int) -> list[UUID]:
    """Participants of a version whose window ended before ``ended_before`` and whose pot still holds its
    reservation, those first who joined first."""
    return list(
        Participant.objects.filter(
            has_pot=True,
            pot_released_at__isnull=True,
            version_id=version_id,
            window_ends_at__lt=ended_before,
        )
        .order_by("window_ends_at")
        .values_list("id", flat=True)[:limit]
    )


def read_draft(code_id: UUID) -> dict[str, object] | None:
    """What was typed into the form that this code opened, or None."""
    row = db.fetch_one("SELECT sealed_draft FROM people_email_code WHERE id = %s", [db.uuid_value(code_id)])
    if row is None or row[0] is None:
        return None
    draft: dict[str, object] = json.loads(sealing.unseal_draft(code_id, bytes(row[0])))
    return draft
