"""``/api/v1/cases``: a request that reached the merchant elsewhere (its app, its help desk), and how it stands."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Schema
from pydantic import BeforeValidator, ConfigDict, Field

from onloan import clock
from onloan.access.actions import Answer
from onloan.access.rules import Scope
from onloan.api.answers import IdempotencyKey, answer_call
from onloan.api.auth import require_scope
from onloan.cases.actions import open_case
from onloan.cases.queries import find_case
from onloan.cases.rules import TEXT_CHARACTERS_MAX, About, Door, Kind
from onloan.errors import BadInput
from onloan.lines import plain_lines
from onloan.people.queries import find_by_public_id

router = Router(tags=["cases"])

CaseRef = Annotated[UUID, Path(description="The case, as the answer that opened it named it.")]
Request = Literal[
    "access", "rectification", "erasure", "restriction", "portability", "objection", "withdrawal", "complaint"
]


Matter = Literal["marketing", "checks", "username", "profile_photo", "email", "money", "other"]


def _plain_lines(text: object) -> object:
    return plain_lines(text) if isinstance(text, str) else text


class CaseIn(Schema):
    """What a participant asked you for. You know that it is them: they were signed in with you, or wrote from an
    address that you know."""

    model_config = ConfigDict(extra="forbid", strict=True)

    participant: Annotated[str, Field(min_length=1, max_length=32, examples=["p7H2K9QW3MX4R8"])]
    request: Request
    about: Annotated[
        Matter | None,
        Field(
            description=(
                "An `objection` to `marketing` or to `checks` by a program; without it, to both. What is wrong, "
                "for a `rectification`: of a name or a photo nothing is shown until it is settled."
            )
        ),
    ] = None
    text: Annotated[
        str,
        BeforeValidator(_plain_lines),
        Field(
            max_length=TEXT_CHARACTERS_MAX,
            description="What they wrote. Needed for `rectification` and `complaint` only.",
        ),
    ] = ""


class CaseOut(Schema):
    """How a case stands; nothing says who asked. ``answer_by`` is the last day in law."""

    model_config = ConfigDict(extra="forbid")

    case: UUID
    reference: str
    request: Request | Literal["sighting"]
    about: Matter | None
    market: str
    state: Literal["open", "closed"]
    answer_by: date
    outcome: Literal["done", "partly_done", "refused", "nothing_held", "taken_back"] | None


@router.post(
    "/cases",
    response={201: CaseOut},
    operation_id="open_case",
    summary="Pass on what a participant asks about their data",
    description=(
        "Scope `cases:write`. The clock starts, the person gets a mail, and what needs no decision (withdrawal, "
        "restriction, objection) acts before this answers. Asked again while it is open, it is the same case."
    ),
)
def open_a_case(request: HttpRequest, payload: CaseIn, idempotency_key: IdempotencyKey) -> HttpResponse:
    key = require_scope(request, Scope.CASES)

    def work() -> Answer:
        person = find_by_public_id(payload.participant)
        if person is None or person.erased_at is not None:
            raise BadInput(field="participant", problem="nobody has this public id")
        opened = open_case(
            kind=Kind(payload.request), about=About(payload.about or ""), country=person.country,
            language=person.language, door=Door.API, text=payload.text, participant_id=person.id, now=clock.now(),
        )  # fmt: skip
        return Answer(201, _case_body(opened.case_id))

    return answer_call(
        request, key=key, idempotency_key=idempotency_key, body=payload.model_dump(mode="json"), work=work
    )


@router.get(
    "/cases/{case}",
    response={200: CaseOut},
    operation_id="read_case",
    summary="See how a case stands",
    description="Scope `cases:write`. State and clock, and nothing of what was written.",
)
def read_case(request: HttpRequest, case: CaseRef) -> dict[str, Any]:
    require_scope(request, Scope.CASES)
    return _case_body(case)


def _case_body(case_id: UUID) -> dict[str, Any]:
    line = find_case(case_id).line
    return {
        "case": str(line.id),
        "reference": line.reference,
        "request": line.kind.value,
        "about": line.about.value or None,
        "market": line.country,
        "state": line.state.value,
        "answer_by": line.legal_due_on.isoformat(),
        "outcome": line.outcome.value if line.outcome is not None else None,
    }
