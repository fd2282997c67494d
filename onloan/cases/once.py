"""A form that is sent twice, by a second tap or a slow line, is one request.

A form carries the key that its row will have. The same words under the same key are the same thing sent again;
other words, from a page that somebody went back to and changed, are a new one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from onloan import db
from onloan.cases.models import Case, CaseEvent
from onloan.cases.rules import About, EventKind, Kind
from onloan.cases.sealing import contact_hash, unseal_text
from onloan.cases.timeline import unseal_event

SAID_AGAIN_WITHIN = timedelta(hours=1)


def says_the_same(
    case: Case, *, kind: Kind, about: About, text: str, email: str | None, participant_id: UUID | None
) -> bool:
    """Whether the case says just this, from just this address or person. Without a ``participant_id`` it may have
    been tied to one since."""
    if (case.kind, case.about) != (kind, about):
        return False
    if participant_id is not None:
        # An erasure keeps its address apart, so the address says nothing about who asked.
        is_from_them = case.participant_id == participant_id
    else:
        is_from_them = case.contact_hash == (contact_hash(email) if email is not None else None)
    if not is_from_them:
        return False
    return text == (unseal_text(case.id, bytes(case.sealed_text)) if case.sealed_text is not None else "")


def lock_key(key: UUID) -> None:
    """Until the end of the transaction nobody else writes the row of this key, for whoever has neither a person
    nor an address to lock; on SQLite the one writer is the lock."""
    if db.is_postgresql():
        db.fetch_all("SELECT pg_advisory_xact_lock(%s)", [key.int >> 65])


def is_said(case_id: UUID, kind: EventKind, text: str, now: datetime) -> bool:
    """Whether the latest line of this kind says the same and is younger than ``SAID_AGAIN_WITHIN``. The caller has
    locked the case."""
    latest = CaseEvent.objects.filter(case_id=case_id, kind=kind).order_by("-at", "-id").first()
    if latest is None or latest.sealed_text is None or latest.at <= now - SAID_AGAIN_WITHIN:
        return False
    return unseal_event(latest.id, bytes(latest.sealed_text)) == text
