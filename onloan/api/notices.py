"""``POST /api/v1/notices/{notice}/acknowledge``: a recipient says that it has removed or mended what it received.

No key: the recipient is none of the merchant's systems. It signs with the secret of its own webhook.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import ConfigDict

from onloan import clock
from onloan.uses.notices import acknowledge_signed

router = Router(tags=["notices"])

NoticeRef = Annotated[UUID, Path(description="The notice, as the event named it.")]


class DoneIn(Schema):
    """What a notice asked was done."""

    model_config = ConfigDict(extra="forbid", strict=True)

    done: Literal[True]


class DoneOut(Schema):
    model_config = ConfigDict(extra="forbid")

    notice: UUID
    state: Literal["acknowledged"]


@router.post(
    "/notices/{notice}/acknowledge",
    auth=None,
    response={200: DoneOut},
    operation_id="acknowledge_notice",
    summary="Say that what a notice asks was done",
    description=(
        "For recipients, without a key: headers `webhook-id`, `webhook-timestamp` and `webhook-signature` over "
        "the body, by the secret of the recipient's webhook (Standard Webhooks). Again changes nothing."
    ),
)
def acknowledge_notice(request: HttpRequest, notice: NoticeRef, payload: DoneIn) -> DoneOut:
    acknowledge_signed(notice_id=notice, body=request.body, headers=dict(request.headers), now=clock.now())
    return DoneOut(notice=notice, state="acknowledged")
