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
from onloan.cases.actions import REPRESENTATIVE_CHARACTERS_MAX
from onloan.cases.passing_on import PassedOn, pass_on
from onloan.cases.queries import find_case
from onloan.cases.rules import TEXT_CHARACTERS_MAX, About, Kind
from onloan.lines import plain_lines

DAY_CHARACTERS = len("2027-05-03")

router = Router(tags=["cases"])

CaseRef = Annotated[UUID, Path(description="The case, as the answer that opened it named it.")]
Request = Literal[
    "access", "rectification", "erasure", "restriction", "portability", "objection", "withdrawal", "complaint"
]


Matter = Literal["marketing", "checks", "username", "profile_photo", "email", "money", "other"]


def _plain_lines(text: object) -> object:
    return plain_lines(text) if isinstance(text, str) else text


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) and len(value) == DAY_CHARACTERS else value


class CaseIn(Schema):
    """What somebody asked you for. With a `participant` you know that it is them: they were signed in with you, or
    wrote from an address that you know. Anybody else's request has a `contact`, a `market` and a `language`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    participant: Annotated[str | None, Field(min_length=1, max_length=32, examples=["p7H2K9QW3MX4R8"])] = None
    contact: Annotated[
        str | None,
        Field(min_length=1, max_length=254, description="In place of `participant`: the e-mail for the answer."),
    ] = None
    market: Annotated[
        str | None, Field(pattern="^[A-Z]{2}$", description="With `contact`: the country where they live.")
    ] = None
    language: Annotated[
        Literal["en", "fr"] | None, Field(description="With `contact`: in which they read the answer.")
    ] = None
    representative: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=REPRESENTATIVE_CHARACTERS_MAX,
            description="With `contact`: who writes for somebody else. A member looks at their mandate.",
        ),
    ] = None
    received_on: Annotated[
        date | None,
        BeforeValidator(_day),
        Field(
            description=(
                "The day on which it reached you, if before today: the clock began then. At most two years back."
            )
        ),
    ] = None
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
    summary="Pass on what somebody asks about their data",
    description=(
        "Scope `cases:write`. The clock starts, the person gets a mail, and for a participant what needs no "
        "decision (withdrawal, restriction, objection) acts before this answers. Asked again while it is open, it "
        "is the same case. For a `contact` nothing is done in anybody's name: a member says who it is."
    ),
)
def open_a_case(request: HttpRequest, payload: CaseIn, idempotency_key: IdempotencyKey) -> HttpResponse:
    key = require_scope(request, Scope.CASES)

    def work() -> Answer:
        asked = PassedOn(
            kind=Kind(payload.request), about=About(payload.about or ""), text=payload.text,
            public_id=payload.participant or "", contact=payload.contact or "", country=payload.market or "",
            language=payload.language or "", representative=payload.representative or "",
            received_on=payload.received_on,
        )  # fmt: skip
        opened = pass_on(asked=asked, now=clock.now())
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
