"""``/api/v1/audiences``: all whom a use may touch, who of them still may be, and whose permission has ended."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from onloan.access.actions import Answer
from onloan.access.queries import KeyView
from onloan.access.rules import Scope
from onloan.api.answers import IdempotencyKey, answer_call
from onloan.api.auth import require_scope
from onloan.errors import BadInput
from onloan.uses.audience_queries import find_audience, list_ended_page, list_members_page
from onloan.uses.audiences import Asker, decide_audience, prepare_audiences

router = Router(tags=["audiences"])

WORD = r"^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$"
POSITION_MAX = 2**53 - 1

Word = Annotated[str, Field(pattern=WORD, max_length=64)]
AudienceRef = Annotated[UUID, Path(description="The audience, as the answer that allowed it named it.")]
After = Annotated[
    int, Query(ge=0, le=POSITION_MAX, description="Where to go on: what the page before gave as `after`.")
]


class AudienceIn(Schema):
    """What you want to use, of everybody who allows it. The words are those of the offer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    offer: Annotated[Word, Field(examples=["spring-pot"])]
    market: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Where it is shown.", examples=["FR"])]
    items: Annotated[list[Word], Field(min_length=1, max_length=8, examples=[["username"]])]
    purpose: Annotated[Word, Field(examples=["referral_card"])]
    channel: Annotated[Word, Field(examples=["invitation_page"])]
    recipient: Annotated[Word | None, Field(description="Who else receives it, as the offer names them.")] = None
    context: Annotated[list[Word], Field(max_length=16, description="What it is shown beside.")] = []
    # The class's own ``copy`` is a method, so the field has another name here.
    is_copy: Annotated[bool, Field(alias="copy", description="It is copied: print, a partner's system.")] = False


class AudienceOut(Schema):
    """Who may be touched: fetch them at `/audiences/{audience}/ids`. ``log_index`` is the entry that records it
    and the instant as of which the set is exact; ``set_hash`` is the SHA-256 of the set. A no has a reason."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["allowed", "denied"]
    audience: UUID | None = None
    count: int | None = None
    set_hash: str | None = None
    log_index: int | None = None
    reason: str | None = None
    sentence: str | None = None


class MembersOut(Schema):
    """Public ids. Without ``after`` there is no further page."""

    model_config = ConfigDict(extra="forbid")

    participants: list[str]
    after: int | None


class EndedLine(Schema):
    """``participant`` is null when nobody can say any more who it was."""

    model_config = ConfigDict(extra="forbid")

    participant: str | None
    cause: Literal["withdrawn", "expired", "stopped"]


class EndedOut(Schema):
    """Take these down. ``after`` is where to go on, now if ``is_all`` is false, else the next time."""

    model_config = ConfigDict(extra="forbid")

    ended: list[EndedLine]
    after: int
    is_all: bool


@router.post(
    "/audiences",
    response={200: AudienceOut},
    operation_id="ask_for_audience",
    summary="Ask whom a use may touch",
    description="Scope `uses:write`. Decided and recorded as one use before it is answered.",
    exclude_none=True,
)
def ask_for_audience(request: HttpRequest, payload: AudienceIn, idempotency_key: IdempotencyKey) -> HttpResponse:
    key = require_scope(request, Scope.USES)
    prepare_audiences()
    return answer_call(
        request,
        key=key,
        idempotency_key=idempotency_key,
        body=payload.model_dump(mode="json"),
        work=lambda: Answer(200, _decide(payload, key)),
    )


def _decide(payload: AudienceIn, key: KeyView) -> dict[str, Any]:
    try:
        decision = decide_audience(
            offer_slug=payload.offer,
            country=payload.market,
            items=payload.items,
            purpose=payload.purpose,
            channel=payload.channel,
            recipient=payload.recipient,
            contexts=payload.context,
            is_copy=payload.is_copy,
            by=Asker(key_id=key.id),
        )
    except BadInput as error:
        field = "market" if error.field == "country" else error.field
        raise BadInput(field=field, **error.fields) from error
    audience = decision.audience
    if audience is None:
        return {"decision": "denied", "reason": decision.reason, "sentence": decision.sentence}
    return {
        "decision": "allowed",
        "audience": str(audience.id),
        "count": audience.count,
        "set_hash": audience.set_hash,
        "log_index": audience.log_index,
    }


@router.get(
    "/audiences/{audience}/ids",
    response={200: MembersOut},
    operation_id="list_audience_members",
    summary="List whom an audience may touch",
    description="Scope `uses:write`. 5,000 a page, without who took it back since. 409 once the campaign stops.",
)
def list_audience_members(request: HttpRequest, audience: AudienceRef, after: After = 0) -> MembersOut:
    require_scope(request, Scope.USES)
    page = list_members_page(find_audience(audience), after=after)
    return MembersOut(participants=page.public_ids, after=page.after)


@router.get(
    "/audiences/{audience}/ended",
    response={200: EndedOut},
    operation_id="list_ended_members",
    summary="List whose permission has ended since",
    description="Scope `uses:write`. In the order in which they ended; the event `audience.changed` tells of it.",
)
def list_ended_members(request: HttpRequest, audience: AudienceRef, after: After = 0) -> EndedOut:
    require_scope(request, Scope.USES)
    page = list_ended_page(find_audience(audience), after=after)
    lines = [EndedLine(participant=line.public_id, cause=line.cause) for line in page.ended]  # type: ignore[arg-type]
    return EndedOut(ended=lines, after=page.after, is_all=page.is_all)
