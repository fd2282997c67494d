"""Answering a call that changes something: once for each Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Header

from onloan import clock
from onloan.access.actions import Answer, answer_once, hash_request
from onloan.access.queries import KeyView

IDEMPOTENCY_HEADER = "Idempotency-Key"

IdempotencyKey = Annotated[
    str,
    Header(
        alias=IDEMPOTENCY_HEADER,
        min_length=1,
        max_length=128,
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="New for each call, the same when you repeat it.",
    ),
]


def answer_call(
    request: HttpRequest,
    *,
    key: KeyView,
    idempotency_key: str,
    body: dict[str, Any],
    work: Callable[[], Answer],
) -> HttpResponse:
    """Do ``work`` in one transaction with the record of its answer; a repetition gets that answer.

    ``body`` is what was asked, in JSON's own types. Raises what ``work`` raises, and IdempotencyConflict.
    """
    answer = answer_once(
        api_key_id=key.id,
        idempotency_key=idempotency_key,
        request_hash=hash_request(method=request.method or "", path=request.path, body=body),
        now=clock.now(),
        work=work,
    )
    response = JsonResponse(answer.body, status=answer.status)
    if answer.is_replay:
        response["Idempotent-Replayed"] = "true"
    return response
