"""Errors as ``application/problem+json`` (RFC 9457): status, code, and a sentence that says what to do.

Nothing that was sent comes back in an error, so nothing personal can.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, JsonResponse
from ninja import Schema
from pydantic import ConfigDict, Field

from onloan.errors import OnloanError

PROBLEM_TYPE = "application/problem+json"
ERRORS_MAX = 50


class FieldProblem(Schema):
    """One field to mend."""

    field: str
    problem: str


class Problem(Schema):
    """An error. ``code`` is stable; ``detail`` says what to do, in the caller's language."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="about:blank: the code says what it is.")
    title: str
    status: int
    code: str
    detail: str
    field: str | None = Field(default=None, description="The field to mend, where one is at fault.")
    errors: list[FieldProblem] | None = Field(default=None, description="Every field to mend.")


def problem_content(error: OnloanError, errors: Sequence[FieldProblem] = ()) -> dict[str, Any]:
    """The JSON of an error's answer."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": str(error),
    }
    if error.field:
        content["field"] = error.field
    if errors:
        content["errors"] = [line.model_dump() for line in errors[:ERRORS_MAX]]
    return content


def problem_response(error: OnloanError, errors: Sequence[FieldProblem] = ()) -> HttpResponse:
    """The answer for ``error``."""
    response = JsonResponse(problem_content(error, errors), status=error.status, content_type=PROBLEM_TYPE)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response
