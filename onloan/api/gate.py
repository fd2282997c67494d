"""``POST /api/v1/uses`` at the edge: read by hand, answered from a batch, nothing of Django's between.

The same operation stands in the API's description (``api/uses.py``), which reads and answers through here too.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from onloan import keys
from onloan.access.actions import IDEMPOTENCY_KEY, hash_request
from onloan.access.errors import IdempotencyKeyMissing, KeyMissing
from onloan.access.queries import KEY_CHARACTERS_MAX
from onloan.api.errors import (
    BodyNotJson,
    BodyTooLarge,
    FieldsWrong,
    MethodWrong,
    OwnFault,
    Unavailable,
)
from onloan.api.problems import PROBLEM_TYPE, FieldProblem, problem_content
from onloan.api.reading import read_json
from onloan.batching import Overloaded
from onloan.errors import BadInput, OnloanError
from onloan.uses.calls import CallAnswer, UseCall, ask_gate
from onloan.uses.deciding import check_request
from onloan.uses.rules import UseRequest

logger = logging.getLogger(__name__)

USES_PATH = "/api/v1/uses"
BODY_BYTES_MAX = 4_096

Headers = list[tuple[str, str]]

_PUBLIC_ID = re.compile(r"p[0-9A-HJKMNP-TV-Z]{13}")
_FIELDS = frozenset({"participant", "items", "purpose", "channel", "market", "recipient", "context", "copy"})
_REQUIRED = ("participant", "items", "purpose", "channel", "market")
_SECURE: Headers = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]


@dataclass(frozen=True, slots=True)
class GateResponse:
    """An HTTP answer: status line, headers, body."""

    status: int
    headers: Headers
    body: bytes

    @property
    def status_line(self) -> str:
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def answer_use(environ: Mapping[str, Any]) -> GateResponse:
    """Answer one call: 200 with a decision, or a problem (RFC 9457). Never raises for what was sent."""
    try:
        call = read_call(environ)
        answer = ask_gate(call)
    except _FieldsWrong as error:
        return _problem(FieldsWrong(field=error.lines[0].field), error.lines)
    except OnloanError as error:
        return _problem(error)
    except Overloaded:
        return _problem(Unavailable())
    except Exception as error:
        logger.error("a decision failed: %s", type(error).__name__)  # noqa: TRY400
        return _problem(OwnFault())
    return _decision(answer)


def read_call(environ: Mapping[str, Any]) -> UseCall:
    """What is asked, checked in form before anything is looked up. Raises OnloanError, _FieldsWrong."""
    if environ["REQUEST_METHOD"] != "POST":
        raise MethodWrong
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not 0 < len(token) <= KEY_CHARACTERS_MAX:
        raise KeyMissing
    idempotency_key = environ.get("HTTP_IDEMPOTENCY_KEY", "")
    if IDEMPOTENCY_KEY.fullmatch(idempotency_key) is None:
        raise IdempotencyKeyMissing(field="Idempotency-Key")
    body = read_json(_read_body(environ))
    return UseCall(
        key_hash=keys.keyed_hash("api-key", token),
        idempotency_key=idempotency_key,
        request_hash=hash_request(method="POST", path=USES_PATH, body=body),
        public_id=_read_text(body, "participant", _PUBLIC_ID),
        request=_read_request(body),
    )


class _FieldsWrong(Exception):
    """Fields that are missing, unknown or not of their form."""

    def __init__(self, lines: list[FieldProblem]) -> None:
        self.lines = lines


def _read_body(environ: Mapping[str, Any]) -> bytes:
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
        raise BodyNotJson
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = -1
    if not 0 <= length <= BODY_BYTES_MAX:
        raise BodyTooLarge(bytes=BODY_BYTES_MAX)
    data: bytes = environ["wsgi.input"].read(length)
    return data


def _read_text(body: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = body.get(name)
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise _FieldsWrong([FieldProblem(field=name, problem=f"it must match {form.pattern}")])
    return value


def _read_request(body: Mapping[str, Any]) -> UseRequest:
    """Names that the call must and may have, and their types; the words themselves the gate checks."""
    lines = [FieldProblem(field=name, problem="it is missing") for name in _REQUIRED if name not in body]
    # The name itself is not repeated: a caller could have put anything there.
    lines += [FieldProblem(field="body", problem="it has a field that is not known")] * (
        not body.keys() <= _FIELDS
    )
    for name, is_right in (
        ("items", _are_words(body.get("items"))),
        ("purpose", isinstance(body.get("purpose"), str)),
        ("channel", isinstance(body.get("channel"), str)),
        ("market", isinstance(body.get("market"), str)),
        ("recipient", isinstance(body.get("recipient"), str | None)),
        ("context", _are_words(body.get("context", []))),
        ("copy", isinstance(body.get("copy", False), bool)),
    ):
        if name in body and not is_right:
            lines.append(FieldProblem(field=name, problem="it has another type than the description says"))
    if lines:
        raise _FieldsWrong(lines)
    try:
        return check_request(
            items=body["items"], purpose=body["purpose"], channel=body["channel"], country=body["market"],
            recipient=body.get("recipient"), contexts=body.get("context", ()), is_copy=body.get("copy", False),
        )  # fmt: skip
    except BadInput as error:
        field = "market" if error.field == "country" else error.field
        raise _FieldsWrong([FieldProblem(field=field, problem=str(error.fields["problem"]))]) from error


def _are_words(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 32 and all(isinstance(word, str) for word in value)


def _decision(answer: CallAnswer) -> GateResponse:
    body = json.dumps(answer.body, separators=(",", ":")).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *_SECURE]
    if answer.is_replay:
        headers.append(("Idempotent-Replayed", "true"))
    return GateResponse(200, headers, body)


def _problem(error: OnloanError, lines: list[FieldProblem] | None = None) -> GateResponse:
    body = json.dumps(problem_content(error, lines or ())).encode()
    headers = [("Content-Type", PROBLEM_TYPE), ("Content-Length", str(len(body))), *_SECURE]
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", "Bearer"))
    if isinstance(error, MethodWrong):
        headers.append(("Allow", "POST"))
    if isinstance(error, Unavailable):
        headers.append(("Retry-After", "5"))
    return GateResponse(error.status, headers, body)
