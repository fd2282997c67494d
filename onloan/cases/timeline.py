"""What happened to a case, in order: written by every action about it, read by its page and by the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import db, ids, keys
from onloan.access.models import User
from onloan.cases.models import Case, CaseEvent
from onloan.cases.rules import EventKind
from onloan.db import Statement
from onloan.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``by`` is a colleague's name, empty for the person or the program."""

    kind: EventKind
    at: datetime
    by: str
    text: str
    is_shown: bool


def record_event(
    *,
    case_id: UUID,
    kind: EventKind,
    now: datetime,
    by_user_id: UUID | None = None,
    text: str | None = None,
    is_shown: bool = False,
) -> None:
    """Write one line, in the caller's transaction. Raises NotFound for a case that is not there."""
    case = Case.objects.filter(id=case_id).values_list("participant_id").first()
    if case is None:
        raise NotFound
    db.execute([
        event_statement(case_id, case[0], kind, now, by_user_id=by_user_id, text=text, is_shown=is_shown)
    ])  # fmt: skip


def event_statement(
    case_id: UUID,
    participant_id: UUID | None,
    kind: EventKind,
    now: datetime,
    *,
    by_user_id: UUID | None = None,
    text: str | None = None,
    is_shown: bool = False,
    event_id: UUID | None = None,
) -> Statement:
    """The line as a statement, for whoever knows whose case it is. With an ``event_id`` it is written once."""
    on_conflict = "" if event_id is None else "ON CONFLICT DO NOTHING"
    event_id = event_id or ids.new_id()
    return db.insert(
        CaseEvent,
        on_conflict=on_conflict,
        id=event_id,
        case_id=case_id,
        participant_id=participant_id,
        kind=kind.value,
        at=now,
        by_user_id=by_user_id,
        sealed_text=_seal(event_id, text) if text else None,
        is_shown=is_shown,
    )


def list_events(case_id: UUID, *, only_shown: bool = False) -> list[Event]:
    """The events of a case, the first one first; ``only_shown``: what the person sees."""
    rows = CaseEvent.objects.filter(case_id=case_id, **({"is_shown": True} if only_shown else {})).order_by(
        "at", "id"
    )
    found = list(rows)
    names = dict(
        User.objects.filter(id__in=[row.by_user_id for row in found if row.by_user_id]).values_list("id", "name")
    )
    return [
        Event(
            kind=EventKind(row.kind),
            at=row.at,
            by="" if row.by_user_id is None else names.get(row.by_user_id, ""),
            text=unseal_event(row.id, bytes(row.sealed_text)) if row.sealed_text is not None else "",
            is_shown=row.is_shown,
        )
        for row in found
    ]


def find_reply(case_id: UUID, asked_at: datetime) -> datetime | None:
    """When the person first wrote after a question; None while they have not."""
    said = CaseEvent.objects.filter(case_id=case_id, kind=EventKind.MESSAGE_FROM_PERSON, at__gte=asked_at)
    first: datetime | None = said.order_by("at").values_list("at", flat=True).first()
    return first


def _seal(event_id: UUID, text: str) -> bytes:
    return keys.seal(keys.derive_key("cases"), text.encode(), event_id.bytes + b"event")


def unseal_event(event_id: UUID, sealed: bytes) -> str:
    """What stands beside a line of a timeline."""
    return keys.unseal(keys.derive_key("cases"), sealed, event_id.bytes + b"event").decode()
