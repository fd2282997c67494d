"""Every read of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from onloan import db
from onloan.db import Statement
from onloan.outbox.models import Endpoint, Message
from onloan.outbox.rules import STATE_WAITING

LINES_MAX = 200


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message as the team sees it: what, when and how it went; never to whom, never its words."""

    id: UUID
    kind: str
    template: str
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    settled_at: datetime | None
    last_error_code: str
    endpoint_id: UUID | None


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """An endpoint of the merchant; its secret is not among what can be read."""

    id: UUID
    url: str
    events: tuple[str, ...]
    active: bool
    created_at: datetime
    last_answered_at: datetime | None


def list_messages(*, state: str, limit: int = LINES_MAX) -> list[MessageLine]:
    """Messages in ``state`` (waiting, sent, failed), the latest first."""
    rows = Message.objects.filter(state=state).order_by("-id")[: min(limit, LINES_MAX)]
    return [
        MessageLine(
            id=row.id,
            kind=row.kind,
            template=row.template,
            state=row.state,
            attempts=row.attempts,
            created_at=row.created_at,
            next_attempt_at=row.next_attempt_at,
            settled_at=row.settled_at,
            last_error_code=row.last_error_code,
            endpoint_id=row.endpoint_id,
        )
        for row in rows
    ]


def list_endpoints() -> list[EndpointLine]:
    """All endpoints, those in use first."""
    return [
        EndpointLine(row.id, row.url, tuple(row.events), row.active, row.created_at, row.last_answered_at)
        for row in Endpoint.objects.order_by("-active", "created_at")
    ]


def has_endpoint(event: str) -> bool:
    """Whether somebody is told of ``event`` at all."""
    return db.fetch_one(*wanting_statement(event)) != (0,)


def wanting_statement(event: str) -> Statement:
    """How many endpoints are told of ``event``, for whoever asks more in the same statement."""
    # A column of JSON reads as text alike on both databases, and no name of an event holds another one's quotes.
    return "SELECT count(*) FROM outbox_endpoint WHERE active AND CAST(events AS text) LIKE %s", [f'%"{event}"%']


def waiting_since(now: datetime) -> timedelta:
    """How long the oldest message that was never tried has been due; zero when none is."""
    oldest = (
        Message.objects.filter(state=STATE_WAITING, attempts=0, next_attempt_at__lte=now)
        .order_by("next_attempt_at")
        .values_list("next_attempt_at", flat=True)
        .first()
    )
    return now - oldest if oldest is not None else timedelta(0)
