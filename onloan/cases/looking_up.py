"""Looking a person up: only for a reason, on record before anything is seen, and shown to that person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from onloan import ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases.errors import LookupFoundNobody, LookupOver, LookupReasonNeeded
from onloan.cases.models import Case
from onloan.cases.queries import CaseLine, list_cases_of
from onloan.consents.queries import ConsentView, list_consents
from onloan.db import action
from onloan.errors import OnloanError
from onloan.evidence.actions import append_entry
from onloan.people.actions import normalize_email
from onloan.people.change_queries import LookupLine, find_lookup
from onloan.people.changes import record_lookup
from onloan.people.queries import (
    ParticipantView,
    find_by_public_id,
    find_participant,
    list_by_email,
    list_item_names,
    read_items,
)
from onloan.people.rules import mask_email, mask_username

REASON_CHARACTERS_MIN, REASON_CHARACTERS_MAX = 10, 200
OPEN_FOR = timedelta(hours=1)
"""How long a file stays open to the member who gave the reason; after that it needs another one."""


class LookupReason(StrEnum):
    """Why somebody's file is opened; what exactly, the member writes beside it."""

    REQUEST = "request"
    COMPLAINT = "complaint"
    PAYMENT = "payment"
    REVIEW = "review"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """What a member sees of a person: who they are masked, what they allow and what they asked."""

    person: ParticipantView
    lookup: LookupLine
    email: str
    username: str
    item_names: list[str]
    cases: list[CaseLine]
    consents: list[ConsentView]


@action
def look_up(*, user_id: UUID, typed: str, reason: LookupReason, text: str, now: datetime) -> list[UUID]:
    """Find whoever has this public id, e-mail or case reference; a record for each, which opens their file.

    Raises NotAllowed, LookupReasonNeeded, LookupFoundNobody.
    """
    member = find_member_by_id(user_id)
    require(member, Capability.HANDLE_CASES)
    written = " ".join(text.split())
    if not REASON_CHARACTERS_MIN <= len(written) <= REASON_CHARACTERS_MAX or not written.isprintable():
        raise LookupReasonNeeded(field="text", minimum=REASON_CHARACTERS_MIN, maximum=REASON_CHARACTERS_MAX)
    found = sorted({person.id for person in _find_people(typed) if person.erased_at is None})
    if not found:
        raise LookupFoundNobody(field="typed")
    append_entry(
        kind="person_looked_up",
        fields={"role": member.role, "count": len(found)},
        participant_id=None,
        occurred_at=now,
    )
    return [
        record_lookup(participant_id=person_id, user_id=user_id, kind=reason.value, text=written, now=now)
        for person_id in found
    ]


def _find_people(typed: str) -> list[ParticipantView]:
    wanted = typed.strip()
    if "@" in wanted:
        try:
            return list_by_email(normalize_email(wanted))
        except OnloanError:
            return []
    person = find_by_public_id(wanted)
    if person is not None:
        return [person]
    reference = ids.normalize_code(wanted)
    case = Case.objects.filter(reference=reference, participant_id__isnull=False).first() if reference else None
    person = find_participant(case.participant_id) if case is not None and case.participant_id else None
    return [person] if person is not None else []


def open_file(*, record_id: UUID, user_id: UUID, now: datetime) -> PersonFile:
    """The file that a look-up opened, for the member who gave the reason and for an hour.

    Raises NotAllowed, NotFound, LookupOver.
    """
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    participant_id, lookup = find_lookup(record_id)
    person = find_participant(participant_id)
    if person is None or person.erased_at or lookup.user_id != user_id or now > lookup.looked_up_at + OPEN_FOR:
        raise LookupOver
    items = read_items(participant_id, ["email", "username"])
    return PersonFile(
        person=person,
        lookup=lookup,
        email=mask_email(items["email"].decode()) if "email" in items else "",
        username=mask_username(items["username"].decode()) if "username" in items else "",
        item_names=list_item_names(participant_id),
        cases=list_cases_of(participant_id),
        consents=list_consents(participant_id),
    )
