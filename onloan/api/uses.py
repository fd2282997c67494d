"""``POST /api/v1/uses/{use}/end``, and what the API's description says of ``POST /api/v1/uses``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Schema
from pydantic import BaseModel, ConfigDict, Field

from onloan import clock
from onloan.access.actions import Answer
from onloan.access.rules import Scope
from onloan.api.answers import IDEMPOTENCY_HEADER, IdempotencyKey, answer_call
from onloan.api.auth import require_scope
from onloan.api.use_question import UseIn, UseOut
from onloan.uses.actions import end_use

router = Router(tags=["uses"])

UseRef = Annotated[UUID, Path(description="The use, as the answer that allowed it named it.")]
END = "/uses/{use}/end"


class EndOut(Schema):
    """Since when the use is over; the same when you say it again."""

    model_config = ConfigDict(extra="forbid")

    use: UUID
    ended_at: Annotated[datetime, Field(description="RFC 3339, in UTC.")]


@router.post(
    END,
    response={200: EndOut},
    operation_id="end_use",
    summary="Say that a use is over",
    description=(
        "Scope `uses:write`. Its addresses show nobody from now on, and the person reads from when to when "
        "something of theirs was shown."
    ),
)
def end_use_now(request: HttpRequest, use: UseRef, idempotency_key: IdempotencyKey) -> HttpResponse:
    key = require_scope(request, Scope.USES)

    def work() -> Answer:
        ended_at = end_use(use_id=use, now=clock.now())
        return Answer(200, {"use": str(use), "ended_at": ended_at.isoformat()})

    return answer_call(request, key=key, idempotency_key=idempotency_key, body={"use": str(use)}, work=work)


def describe_question(schema: dict[str, Any]) -> None:
    """Add ``POST /api/v1/uses``, which is answered before Django, to an OpenAPI description. What all calls that
    write have in common, their key and their header, it has from the one beside it."""
    path, like = next((path, each["post"]) for path, each in schema["paths"].items() if path.endswith(END))
    header = next(one for one in like["parameters"] if one["name"] == IDEMPOTENCY_HEADER)
    content = {"application/json": {"schema": _refer(schema, UseIn)}}
    answer = {"application/json": {"schema": _refer(schema, UseOut)}}
    schema["paths"][path.removesuffix("/{use}/end")] = {
        "post": {
            "operationId": "ask_gate",
            "summary": "Ask whether something of a person may be used",
            "description": (
                "Scope `uses:write`. Decided and recorded before it is answered; a no is an answer, not an error. "
                "Ask before each use: an answer is about now."
            ),
            "tags": ["uses"],
            "parameters": [header],
            "requestBody": {"content": content, "required": True},
            "responses": {"200": {"description": "The decision.", "content": answer}},
            "security": like["security"],
        }
    }


def _refer(schema: dict[str, Any], model: type[BaseModel]) -> dict[str, str]:
    form = model.model_json_schema(ref_template="#/components/schemas/{model}")
    components = schema["components"]["schemas"]
    components.update(form.pop("$defs", {}))
    components[model.__name__] = form
    return {"$ref": f"#/components/schemas/{model.__name__}"}
