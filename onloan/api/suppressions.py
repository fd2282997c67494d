"""``POST /api/v1/suppressions/check``: to which addresses the merchant must not write for advertising.

Addresses stand in the body, never in an address of ours; nothing of what was asked is kept or written to a log.
"""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from onloan.access.rules import Scope
from onloan.api.auth import require_scope
from onloan.people.queries import list_suppressed
from onloan.people.rules import EMAIL_CHARACTERS_MAX, check_email

router = Router(tags=["suppressions"])

ADDRESSES_MAX = 500

Address = Annotated[str, Field(min_length=1, max_length=EMAIL_CHARACTERS_MAX, examples=["chloe@example.org"])]


class SuppressionsIn(Schema):
    """Whom you are about to write to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    addresses: Annotated[list[Address], Field(min_length=1, max_length=ADDRESSES_MAX)]


class SuppressionsOut(Schema):
    """Those of the addresses that get no advertising, as you sent them; and those that are no e-mail address."""

    model_config = ConfigDict(extra="forbid")

    do_not_write: list[str]
    not_addresses: list[str]


@router.post(
    "/suppressions/check",
    response={200: SuppressionsOut},
    operation_id="check_suppressions",
    summary="See to whom you must not write for advertising",
    description=(
        "Scope `suppressions:read`. At most 500 addresses. Whoever objected to advertising, whether they ever "
        "joined or not, is among `do_not_write`. Nothing of what you ask is kept, so it needs no Idempotency-Key. "
        "One-time codes and mails about what somebody takes part in are not advertising."
    ),
)
def check_suppressions(request: HttpRequest, payload: SuppressionsIn) -> SuppressionsOut:
    require_scope(request, Scope.SUPPRESSIONS)
    normalized: dict[str, str] = {}
    not_addresses: list[str] = []
    for address in dict.fromkeys(payload.addresses):
        try:
            normalized[address] = check_email(address)
        except ValueError:
            not_addresses.append(address)
    suppressed = list_suppressed(set(normalized.values()))
    return SuppressionsOut(
        do_not_write=[address for address, email in normalized.items() if email in suppressed],
        not_addresses=not_addresses,
    )
