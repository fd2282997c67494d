"""``POST /api/v1/vouchers/…``: the merchant's shop takes what a voucher holds, sets it aside, or gives it back.

A code stands in a body, never in an address; it is looked up before the call's own transaction begins, so that a
miss is counted although the call is refused.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Schema
from pydantic import ConfigDict, Field

from onloan import clock
from onloan.access.actions import Answer
from onloan.access.queries import KeyView
from onloan.access.rules import Scope
from onloan.api.answers import IdempotencyKey, answer_call
from onloan.api.auth import require_scope
from onloan.money import AMOUNT_MINOR_MAX, Money
from onloan.vouchers.errors import VoucherCurrency
from onloan.vouchers.guessing import look_up
from onloan.vouchers.queries import RedemptionView, VoucherView, find_redeemed_voucher, find_voucher
from onloan.vouchers.rules import HOLD_SECONDS_MAX, HOLD_SECONDS_MIN, Till
from onloan.vouchers.spending import (
    finish_redemption,
    redeem_voucher,
    release_redemption,
    roll_back_redemption,
)

router = Router(tags=["vouchers"])

Code = Annotated[
    str,
    Field(
        min_length=1, max_length=80, description="The code as it was typed or scanned.", examples=["7K2M 9QAX …"]
    ),
]
AmountMinor = Annotated[int, Field(description="In the smallest unit of the currency.")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]
RedemptionRef = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        description="The redemption's id, as its start was answered.",
    ),
]


class CheckIn(Schema):
    """A code that somebody showed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: Code


class VoucherOut(Schema):
    """What a voucher holds. ``available_minor`` is what can be taken now: what remains without what another sale
    has set aside. ``expires_on`` is its last day in its market, or null."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["active", "redeemed", "expired"]
    amount_minor: AmountMinor
    remaining_minor: AmountMinor
    available_minor: AmountMinor
    currency: str
    expires_on: date | None


class RedeemIn(Schema):
    """What to take. Without ``amount_minor`` all of it; with ``hold_seconds`` it is only set aside, so long."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: Code
    currency: Currency
    reference: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._/-]{1,64}$",
            description="Your own number of the sale: once for each voucher. Never an e-mail or a name.",
            examples=["order-48213"],
        ),
    ]
    amount_minor: Annotated[int, Field(ge=1, le=AMOUNT_MINOR_MAX)] | None = None
    hold_seconds: Annotated[int, Field(ge=HOLD_SECONDS_MIN, le=HOLD_SECONDS_MAX)] | None = None


class RedemptionOut(Schema):
    """A redemption as it stands, and its voucher as it stands after it. ``held_until`` while it is held."""

    model_config = ConfigDict(extra="forbid")

    id: str
    state: Literal["held", "done", "released", "rolled_back"]
    amount_minor: AmountMinor
    currency: str
    reference: str
    held_until: datetime | None
    can_roll_back_until: datetime | None
    voucher: VoucherOut


@router.post(
    "/vouchers/check",
    response={200: VoucherOut},
    operation_id="check_voucher",
    summary="See what a voucher holds",
    description="Scope `vouchers:write`. Changes nothing, so it needs no Idempotency-Key.",
)
def check_voucher(request: HttpRequest, payload: CheckIn) -> dict[str, Any]:
    key = require_scope(request, Scope.VOUCHERS)
    return _voucher_body(_find(key, payload.code))


@router.post(
    "/vouchers/redemptions",
    response={201: RedemptionOut},
    operation_id="redeem_voucher",
    summary="Take from a voucher, or set aside",
    description=(
        "Scope `vouchers:write`. The same reference again changes nothing and gets what became of the first call. "
        "With `hold_seconds` the amount is set aside until you finish or release it, or the time is over."
    ),
)
def redeem(request: HttpRequest, payload: RedeemIn, idempotency_key: IdempotencyKey) -> HttpResponse:
    key = require_scope(request, Scope.VOUCHERS)
    found = _find(key, payload.code)
    if found.amount.currency != payload.currency:
        raise VoucherCurrency(field="currency", currency=found.amount.currency)
    amount = None if payload.amount_minor is None else Money(payload.amount_minor, payload.currency)

    def work() -> Answer:
        redemption = redeem_voucher(
            typed_code=payload.code,
            amount=amount,
            reference=payload.reference,
            by=Till(key_id=key.id),
            hold_seconds=payload.hold_seconds,
            now=clock.now(),
        )
        return Answer(201, _redemption_body(redemption))

    return answer_call(
        request, key=key, idempotency_key=idempotency_key, body=payload.model_dump(mode="json"), work=work
    )


@router.post(
    "/vouchers/redemptions/{redemption}/{step}",
    response={200: RedemptionOut},
    operation_id="change_redemption",
    summary="Finish, release or roll back a redemption",
    description=(
        "Scope `vouchers:write`. `finish` and `release` end a hold; `roll-back` undoes a sale within 24 hours. "
        "Each again changes nothing."
    ),
)
def change_redemption(
    request: HttpRequest,
    redemption: RedemptionRef,
    step: Literal["finish", "release", "roll-back"],
    idempotency_key: IdempotencyKey,
) -> HttpResponse:
    key = require_scope(request, Scope.VOUCHERS)
    perform = {"finish": finish_redemption, "release": release_redemption, "roll-back": roll_back_redemption}[step]

    def work() -> Answer:
        changed = perform(redemption_id=UUID(redemption), by=Till(key_id=key.id), now=clock.now())
        return Answer(200, _redemption_body(changed))

    body = {"redemption": redemption, "step": step}
    return answer_call(request, key=key, idempotency_key=idempotency_key, body=body, work=work)


def _find(key: KeyView, typed_code: str) -> VoucherView:
    return look_up(typed_code=typed_code, by=Till(key_id=key.id), now=clock.now(), find=find_voucher)


def _voucher_body(voucher: VoucherView) -> dict[str, Any]:
    return {
        "state": voucher.state,
        "amount_minor": voucher.amount.amount_minor,
        "remaining_minor": voucher.remaining.amount_minor,
        "available_minor": voucher.available.amount_minor,
        "currency": voucher.amount.currency,
        "expires_on": voucher.expires_on.isoformat() if voucher.expires_on is not None else None,
    }


def _redemption_body(redemption: RedemptionView) -> dict[str, Any]:
    undo_until = redemption.can_roll_back_until
    return {
        "id": str(redemption.id),
        "state": redemption.state.value,
        "amount_minor": redemption.amount.amount_minor,
        "currency": redemption.amount.currency,
        "reference": redemption.reference,
        "held_until": redemption.held_until.isoformat() if redemption.held_until is not None else None,
        "can_roll_back_until": undo_until.isoformat() if undo_until is not None else None,
        "voucher": _voucher_body(find_redeemed_voucher(redemption)),
    }
