"""``POST /api/v1/events``: the merchant says that a participant did what counts."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from onloan import clock
from onloan.access.actions import Answer
from onloan.access.rules import Scope
from onloan.api.answers import IdempotencyKey, answer_call
from onloan.api.auth import require_scope
from onloan.api.reading import ExternalRef, Instant, PublicId
from onloan.people.queries import find_id_by_public_id
from onloan.referrals.actions import record_event
from onloan.referrals.errors import ParticipantUnknown

router = Router(tags=["events"])


class EventIn(Schema):
    """What happened, when, to whom."""

    model_config = ConfigDict(extra="forbid", strict=True)

    participant: PublicId
    event: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9_.-]{0,39}$",
            description="The event that the offer names.",
            examples=["app_signed_up"],
        ),
    ]
    occurred_at: Instant
    id: ExternalRef


class EventOut(Schema):
    """What became of it. ``counts_at`` is when the rewards are earned, if nothing is undone."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["recorded", "known"]
    occurred_at: str
    counts_at: str


@router.post(
    "/events",
    response={201: EventOut, 200: EventOut},
    operation_id="report_event",
    summary="Report an event",
    description=(
        "Scope `events:write`. A person has one event of a kind: the first is `recorded` (201), every other is "
        "`known` (200), promises nothing and gets the first one's dates."
    ),
)
def report_event(request: HttpRequest, payload: EventIn, idempotency_key: IdempotencyKey) -> HttpResponse:
    key = require_scope(request, Scope.EVENTS)

    def work() -> Answer:
        participant_id = find_id_by_public_id(payload.participant)
        if participant_id is None:
            raise ParticipantUnknown(field="participant")
        recorded = record_event(
            participant_id=participant_id,
            event=payload.event,
            occurred_at=payload.occurred_at,
            external_ref=payload.id,
            now=clock.now(),
        )
        body = {
            "state": "recorded" if recorded.is_new else "known",
            "occurred_at": recorded.occurred_at.isoformat(),
            "counts_at": recorded.counts_at.isoformat(),
        }
        return Answer(201 if recorded.is_new else 200, body)

    return answer_call(
        request,
        key=key,
        idempotency_key=idempotency_key,
        body=payload.model_dump(mode="json"),
        work=work,
    )
