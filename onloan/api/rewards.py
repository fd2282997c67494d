"""``POST /api/v1/rewards/{reward}/confirm``: the merchant gave what it fulfils itself."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Schema
from pydantic import ConfigDict, Field

from onloan import clock
from onloan.access.actions import Answer
from onloan.access.rules import Scope
from onloan.api.answers import IdempotencyKey, answer_call
from onloan.api.auth import require_scope
from onloan.api.reading import ExternalRef
from onloan.payouts.actions import confirm_fulfilment

router = Router(tags=["rewards"])

RewardRef = Annotated[
    str,
    Path(
        pattern=r"^R[0-9A-HJKMNP-TV-Z]{27}$",
        description="The reward's reference, as the event reward.earned gave it.",
    ),
]


class ConfirmIn(Schema):
    """How the merchant calls what it gave."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reference: ExternalRef


class ConfirmOut(Schema):
    """The reward is paid now; ``known`` when it was before."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["paid", "known"]
    reward: Annotated[str, Field(description="The reward's reference.")]


@router.post(
    "/rewards/{reward}/confirm",
    response={200: ConfirmOut},
    operation_id="confirm_reward",
    summary="Confirm a reward that you fulfil yourself",
    description="Scope `rewards:write`. The same reference again changes nothing; another one is refused.",
)
def confirm_reward(
    request: HttpRequest, reward: RewardRef, payload: ConfirmIn, idempotency_key: IdempotencyKey
) -> HttpResponse:
    key = require_scope(request, Scope.REWARDS)

    def work() -> Answer:
        is_paid_now = confirm_fulfilment(reward_ref=reward, reference=payload.reference, now=clock.now())
        return Answer(200, {"state": "paid" if is_paid_now else "known", "reward": reward})

    return answer_call(
        request,
        key=key,
        idempotency_key=idempotency_key,
        body={"reward": reward, **payload.model_dump(mode="json")},
        work=work,
    )
