"""``POST /api/v1/uses`` at the edge: read by hand, answered from a batch, nothing of Django's between.

What may be asked is described in ``api/use_question.py``.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from onloan import keys
from onloan.access.actions import IDEMPOTENCY_KEY, hash_request
from onloan.access.errors import IdempotencyKeyMissing, KeyMissing
from onloan.access.queries import KEY_CHARACTERS_MAX
from onloan.api.bodies import CLOSE, BodyReader, LeftBehind
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
from onloan.api.use_question import UseIn
from onloan.batching import Overloaded
from onloan.errors import RETRY_SECONDS, BadInput, Busy, OnloanError
from onloan.offers.vocabulary import ITEMS
from onloan.uses.addresses import ItemAddress, use_address
from onloan.uses.calls import CallAnswer, UseCall, ask_gate
from onloan.uses.deciding import check_request
from onloan.uses.rules import UseRequest
from onloan.uses.serving import Shown, serve_item

logger = logging.getLogger(__name__)

USES_PATH = "/api/v1/uses"
BODY_BYTES_MAX = 4_096

Headers = list[tuple[str, str]]

_questions = BodyReader(waiting_max=56, direct_max=8, direct_bytes_max=BODY_BYTES_MAX)

_SECURE: Headers = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]


@dataclass(frozen=True, slots=True)
class GateResponse:
    """An HTTP answer: status line, headers, body; ``over`` as ``bodies.outlast`` takes it."""

    status: int
    headers: Headers
    body: bytes
    over: threading.Event | None = None

    @property
    def status_line(self) -> str:
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def answer_use(environ: Mapping[str, Any]) -> GateResponse:
    """Answer one call: 200 with a decision, or a problem (RFC 9457). Never raises for what was sent."""
    try:
        call = read_call(environ)
        answer = ask_gate(call)
        content = _hand_out(call, answer)
    except _FieldsWrong as error:
        return answer_problem(FieldsWrong(field=error.lines[0].field), error.lines)
    except OnloanError as error:
        return answer_problem(error)
    except Overloaded:
        return answer_problem(Unavailable())
    except Exception as error:
        logger.error("a decision failed: %s", type(error).__name__)  # noqa: TRY400
        return answer_problem(OwnFault())
    return _decision(content, is_replay=answer.is_replay)


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
    question = _read_question(body)
    return UseCall(
        key_hash=keys.keyed_hash("api-key", token),
        idempotency_key=idempotency_key,
        request_hash=hash_request(method="POST", path=USES_PATH, body=body),
        public_id=question.participant,
        request=_check_request(question),
        wants_data=question.data,
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
    return _questions.read(environ["wsgi.input"], length)


def _read_question(body: dict[str, Any]) -> UseIn:
    try:
        return UseIn.model_validate(body)
    except ValidationError as error:
        raise _FieldsWrong([_field_problem(line) for line in error.errors(include_url=False)]) from error


def _field_problem(line: Mapping[str, Any]) -> FieldProblem:
    # The name of a field that is not known is not repeated: a caller could have put anything there.
    is_known = line["type"] != "extra_forbidden"
    field = ".".join(str(part) for part in line["loc"]) if is_known else "body"
    return FieldProblem(field=field, problem=line["msg"])


def _check_request(question: UseIn) -> UseRequest:
    try:
        return check_request(
            items=question.items, purpose=question.purpose, channel=question.channel, country=question.market,
            recipient=question.recipient, contexts=question.context, is_copy=question.is_copy,
        )  # fmt: skip
    except BadInput as error:
        field = "market" if error.field == "country" else error.field
        raise _FieldsWrong([FieldProblem(field=field, problem=str(error.fields["problem"]))]) from error


def _hand_out(call: UseCall, answer: CallAnswer) -> dict[str, Any]:
    """The answer with what may be shown now of an allowed use. Asked after the record was committed, also for a
    repetition, so that nothing is handed out that was taken back in the meantime. Raises Unavailable."""
    body = dict(answer.body)
    if not call.wants_data or body["decision"] != "allowed":
        return body
    use_id = UUID(body["use"])
    served = {item: _serve(use_id, item) for item in call.request.items if item in ITEMS}
    return {**body, "data": {item: used for item, used in served.items() if used is not None}}


def _serve(use_id: UUID, item: str) -> dict[str, str] | None:
    served = serve_item(ItemAddress(use_id, item, None))
    if served.shown is Shown.UNAVAILABLE:
        raise Unavailable
    if served.shown is not Shown.YES:
        return None
    used = {"address": use_address(use_id, item)}
    return used if ITEMS[item].is_image else {**used, "value": served.value.decode()}


def _decision(content: dict[str, Any], *, is_replay: bool) -> GateResponse:
    body = json.dumps(content, separators=(",", ":")).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *_SECURE]
    if is_replay:
        headers.append(("Idempotent-Replayed", "true"))
    return GateResponse(200, headers, body)


def answer_problem(error: OnloanError, lines: list[FieldProblem] | None = None) -> GateResponse:
    """``error`` as a problem (RFC 9457), with the headers that its kind needs."""
    body = json.dumps(problem_content(error, lines or ())).encode()
    headers = [("Content-Type", PROBLEM_TYPE), ("Content-Length", str(len(body))), *_SECURE]
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", "Bearer"))
    if isinstance(error, MethodWrong):
        headers.append(("Allow", "POST"))
    if isinstance(error, (Unavailable, Busy)):
        headers.append(("Retry-After", str(RETRY_SECONDS)))
    over = error.over if isinstance(error, LeftBehind) else None
    if over is not None:
        headers.append(CLOSE)
    return GateResponse(error.status, headers, body, over)
