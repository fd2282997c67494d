"""The REST API's root: its operations, how errors look, and what is checked before anything is read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver, path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from onloan.access.errors import IdempotencyKeyMissing, KeyMissing
from onloan.api import audiences, cases, events, notices, rewards, status, suppressions, uses, vouchers
from onloan.api.answers import IDEMPOTENCY_HEADER
from onloan.api.auth import KeyBearer
from onloan.api.errors import (
    BodyTooLarge,
    BodyUnreadable,
    FieldsWrong,
    MethodWrong,
    OwnFault,
    TooManyCalls,
    Unavailable,
)
from onloan.api.problems import PROBLEM_TYPE, FieldProblem, Problem, problem_response
from onloan.api.reading import BODY_BYTES_MAX, BodyParser
from onloan.errors import MustStopError, NotFound, OnloanError
from onloan.vouchers.errors import TooManyMisses
from onloan.vouchers.rules import MISSES_COUNTED_FOR

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]

DESCRIPTION = (
    "For the merchant's systems. Each call carries a key (`Authorization: Bearer …`); each call that changes "
    "something carries an `Idempotency-Key` and is done once. Errors are `application/problem+json` with a "
    "stable `code`. No contact details of anybody are kept."
)


class OnloanAPI(NinjaAPI):
    """Every answer of the API, also for a wrong address or method, is JSON in one of two forms."""

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = guard(pattern.callback)
        return [*patterns, path("<path:rest>", guard(answer_unknown_address))], app_name, namespace

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """OpenAPI 3.1; each operation's errors are one form under ``default``."""
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        uses.describe_question(schema)
        forms = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components = schema["components"]["schemas"]
        components.update(forms.pop("$defs"))
        components["Problem"] = forms
        content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = {"description": "A problem.", "content": content}
        return schema


def guard(view: View) -> View:
    """Look at the size before ``view`` reads a byte, and give every error the same form."""

    @wraps(view)
    def run(request: HttpRequest, **parameters: Any) -> HttpResponseBase:
        try:
            check_size(request)
            response = view(request, **parameters)
        except OnloanError as error:
            return problem_response(error)
        except Http404:
            return problem_response(NotFound())
        if response.status_code == MethodWrong.status:
            refused = problem_response(MethodWrong())
            refused["Allow"] = response["Allow"]
            return refused
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    run.csrf_exempt = True  # type: ignore[attr-defined]  # No cookie lets anybody in here, so none can be abused.
    return run


def check_size(request: HttpRequest) -> None:
    """Raises BodyTooLarge before a byte of the body is read."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = BODY_BYTES_MAX + 1
    if length > BODY_BYTES_MAX or length < 0:
        raise BodyTooLarge(bytes=BODY_BYTES_MAX)


def answer_unknown_address(request: HttpRequest, rest: str) -> HttpResponse:
    raise NotFound


api = OnloanAPI(
    title="Onloan",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    auth=KeyBearer(),
    parser=BodyParser(),
)
api.add_router("", audiences.router)
api.add_router("", cases.router)
api.add_router("", events.router)
api.add_router("", notices.router)
api.add_router("", rewards.router)
api.add_router("", status.router)
api.add_router("", suppressions.router)
api.add_router("", uses.router)
api.add_router("", vouchers.router)


@api.exception_handler(OnloanError)
def answer_refusal(request: HttpRequest, error: OnloanError) -> HttpResponse:
    response = problem_response(error)
    if isinstance(error, TooManyCalls):
        response["Retry-After"] = "1"
    elif isinstance(error, TooManyMisses):
        response["Retry-After"] = str(MISSES_COUNTED_FOR // timedelta(seconds=1))
    return response


@api.exception_handler(ValidationError)
def answer_wrong_fields(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Which fields are wrong and why; never what stood in them."""
    if any(line["loc"][:2] == ("header", IDEMPOTENCY_HEADER) for line in error.errors):
        return problem_response(IdempotencyKeyMissing(field=IDEMPOTENCY_HEADER))
    lines = [
        FieldProblem(field=".".join(str(part) for part in line["loc"][2:]) or "body", problem=line["msg"])
        for line in error.errors
    ]
    return problem_response(FieldsWrong(field=lines[0].field), lines)


@api.exception_handler(HttpError)
def answer_framework_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Ninja wraps what the parser raised, and has its own error for a missing key."""
    if isinstance(error.__cause__, OnloanError):
        return problem_response(error.__cause__)
    if error.status_code == KeyMissing.status:
        return problem_response(KeyMissing())
    return problem_response(BodyUnreadable(problem="it cannot be read"))


@api.exception_handler(Error)
def answer_database_error(request: HttpRequest, error: Error) -> HttpResponse:
    logger.error("a call failed in the database: %s", type(error).__name__)
    response = problem_response(Unavailable())
    response["Retry-After"] = "5"
    return response


@api.exception_handler(Exception)
def answer_own_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """Written down without the error's text, which could quote what was sent."""
    if isinstance(error, MustStopError):
        raise error
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown"
    logger.error("a call failed: %s at %s", type(error).__name__, place)
    return problem_response(OwnFault())
