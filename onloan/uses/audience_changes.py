"""Telling the merchant that members of an audience took it back: an event without ids; they are fetched."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from onloan import db
from onloan.db import action
from onloan.evidence.queries import consent_entries, read_checkpoint
from onloan.evidence.sets import find_members
from onloan.outbox.queries import has_endpoint
from onloan.outbox.rules import WebhookEvent
from onloan.outbox.statements import webhook_statement
from onloan.uses.audience_index import ENDS
from onloan.uses.audience_queries import find_slug
from onloan.uses.models import Audience

ENTRIES_AT_A_TIME = 50_000
AUDIENCES_AT_A_TIME = 20
ENDS_AT_A_TIME = 5_000
# What ran out by itself is written down by a job, a little later.
WATCHED_LONGER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class _End:
    log_index: int
    number: int


def tell_changes(*, now: datetime) -> int:
    """Read what the log grew by, and write one event for each audience of which somebody's consent ended. Returns
    how many audiences were looked at. A periodic job; after a stop it goes on where it was."""
    size = read_checkpoint().size
    behind = Audience.objects.filter(watched_until__gt=now - WATCHED_LONGER, seen_index__lt=size)
    rows = list(behind.order_by("seen_index", "id")[:AUDIENCES_AT_A_TIME])
    if not rows:
        return 0
    ends, end = _read_ends(rows[0].seen_index, size)
    members = find_members([row.log_index for row in rows], [each.number for each in ends])
    for row in rows:
        if row.seen_index < end:
            inside = set(members.get(row.log_index, ()))
            ended = [each for each in ends if each.log_index >= row.seen_index and each.number in inside]
            _settle(row=row, ended=ended, end=end)
    return len(rows)


def _read_ends(first: int, size: int) -> tuple[list[_End], int]:
    """Consents that ended from index ``first`` on, and up to where the log was read."""
    end = min(first + ENTRIES_AT_A_TIME, size)
    ends: list[_End] = []
    for log_index, entry in consent_entries(first, end):
        if entry["kind"] in ENDS:
            number = entry["consent_number"]
            assert isinstance(number, int)
            ends.append(_End(log_index, number))
            if len(ends) == ENDS_AT_A_TIME:
                return ends, log_index + 1
    return ends, end


@action
def _settle(*, row: Audience, ended: Sequence[_End], end: int) -> None:
    """Move on, and say so when somebody is to be taken down. Another process may have been here first."""
    unseen = Audience.objects.filter(id=row.id, seen_index=row.seen_index)
    if not unseen.update(seen_index=end) or not ended or not has_endpoint(WebhookEvent.AUDIENCE_CHANGED):
        return
    event = webhook_statement(
        event=WebhookEvent.AUDIENCE_CHANGED,
        payload={
            "audience": str(row.id),
            "offer": find_slug(row.offer_id),
            "market": row.country,
            "ended_count": len(ended),
            # The address to look at goes on after this entry: nothing of this event lies before it.
            "after": ended[0].log_index - 1,
        },
        idempotency_ref=uuid.uuid5(row.id, str(end)),
    )
    db.execute([event])
