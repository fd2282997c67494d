"""Reads of what was changed about a person, and of who looked at their file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan.access.team import find_member_by_id
from onloan.errors import NotFound
from onloan.people import sealing
from onloan.people.changes import read_person_key
from onloan.people.models import ItemChange, LookupRecord

LINES_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One change. ``before`` is empty where nothing was kept; ``is_by_team`` where a member wrote it down."""

    name: str
    changed_at: datetime
    is_by_team: bool
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupLine:
    """A look at somebody's file: by whom, when, and the reason in that member's words."""

    id: UUID
    user_id: UUID
    member_name: str
    looked_up_at: datetime
    kind: str
    reason: str


def list_changes(participant_id: UUID) -> list[ChangeLine]:
    """What was changed, the latest first. Raises NotFound for a person whose key is gone."""
    person_key = read_person_key(participant_id)
    rows = ItemChange.objects.filter(participant_id=participant_id).order_by("-changed_at", "-id")[:LINES_MAX]
    return [
        ChangeLine(
            name=row.name,
            changed_at=row.changed_at,
            is_by_team=row.by_user_id is not None,
            before=_open(participant_id, f"change/{row.id}", person_key, row.sealed_before),
        )
        for row in rows
    ]


def list_lookups(participant_id: UUID) -> list[LookupLine]:
    """Who of the team looked at this person's file, the latest first. Raises NotFound as above."""
    rows = LookupRecord.objects.filter(participant_id=participant_id).order_by("-looked_up_at", "-id")[:LINES_MAX]
    return [_lookup_line(row) for row in rows]


def find_lookup(record_id: UUID) -> tuple[UUID, LookupLine]:
    """Whose file it is, and the look. Raises NotFound."""
    row = LookupRecord.objects.filter(id=record_id).first()
    if row is None:
        raise NotFound
    return row.participant_id, _lookup_line(row)


def _lookup_line(row: LookupRecord) -> LookupLine:
    person_key = read_person_key(row.participant_id)
    written = _open(row.participant_id, f"lookup/{row.id}", person_key, row.sealed_reason)
    kind, _, reason = written.partition("\n")
    return LookupLine(
        id=row.id,
        user_id=row.user_id,
        member_name=_member_name(row.user_id),
        looked_up_at=row.looked_up_at,
        kind=kind,
        reason=reason,
    )


def _member_name(user_id: UUID) -> str:
    try:
        return find_member_by_id(user_id).name
    except NotFound:
        return ""


def _open(participant_id: UUID, place: str, person_key: bytes, sealed: bytes | memoryview[int] | None) -> str:
    if sealed is None:
        return ""
    return sealing.unseal_item(participant_id, place, person_key, bytes(sealed)).decode()
