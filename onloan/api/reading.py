"""Reading what a caller sends: bounded, JSON only, and no contact details of anybody."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja.parser import Parser
from pydantic import BeforeValidator, Field, WithJsonSchema

from onloan.api.errors import BodyNotJson, BodyUnreadable, FriendDataRefused

BODY_BYTES_MAX = 64 * 1024
DEPTH_MAX = 8

_CONTACT_WORDS = (
    "address", "contact", "email", "friend", "msisdn", "mobile", "phone", "recipient", "sms", "telephone",
    "whatsapp",
)  # fmt: skip
_EMAIL = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_YEARS = range(2000, 2200)


class BodyParser(Parser):
    """JSON as RFC 8259 has it, an object, without double names, numbers that are none, or contact details."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Raises BodyNotJson, BodyUnreadable, FriendDataRefused."""
        if request.content_type != "application/json":
            raise BodyNotJson
        body = read_json(request.body)
        # To ask to whom one must not write is to name them; nothing of it is kept.
        if request.path.endswith("/suppressions/check"):
            return body
        # Whoever asks about an audience may name a recipient of the offer: a word whose form no contact has. Who
        # passes a request on says where its answer goes.
        named = {"audiences": "recipient", "cases": "contact"}.get(request.path.rpartition("/")[2])
        refuse_contacts({name: body[name] for name in body if name != named})
        return body


def read_json(data: bytes) -> dict[str, Any]:
    """A JSON object (RFC 8259) without double names. Raises BodyUnreadable."""
    try:
        body = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_read_object,
            parse_constant=_refuse_constant,
            parse_int=_read_int,
        )
    except UnicodeDecodeError as error:
        raise BodyUnreadable(problem="it is not UTF-8") from error
    except RecursionError as error:
        raise BodyUnreadable(problem="it is nested too deep") from error
    except ValueError as error:
        raise BodyUnreadable(problem="its JSON is broken") from error
    if not isinstance(body, dict):
        raise BodyUnreadable(problem="it is not an object")
    return body


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyUnreadable(problem="a name occurs twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise BodyUnreadable(problem=f"{name} is not a number")


def _read_int(digits: str) -> int:
    if len(digits) > 20:
        raise BodyUnreadable(problem="a number is too long")
    return int(digits)


def refuse_contacts(value: Any, depth: int = 0) -> None:
    """Raises FriendDataRefused when a field's name, at any depth, speaks of contact details, or a text holds an
    e-mail address (legal rule LR-039); BodyUnreadable beyond ``DEPTH_MAX``."""
    if depth > DEPTH_MAX:
        raise BodyUnreadable(problem="it is nested too deep")
    if isinstance(value, dict):
        for name, content in value.items():
            plain = re.sub(r"[^a-z]", "", name.lower())
            if any(word in plain for word in _CONTACT_WORDS) or plain == "tel":
                raise FriendDataRefused
            refuse_contacts(content, depth + 1)
    elif isinstance(value, list):
        for content in value:
            refuse_contacts(content, depth + 1)
    elif isinstance(value, str) and _EMAIL.search(value):
        raise FriendDataRefused


def read_instant(value: Any) -> datetime:
    """A date and time with its offset (RFC 3339) in UTC. Raises ValueError with a sentence."""
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        raise ValueError("write date, time and offset: 2027-05-03T18:30:00+02:00")
    if int(value[:4]) not in _YEARS:
        raise ValueError("this year is out of bounds")
    return datetime.fromisoformat(value.upper()).astimezone(UTC)


Instant = Annotated[
    datetime,
    BeforeValidator(read_instant),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "maxLength": 35,
            "examples": ["2027-05-03T18:30:00+02:00"],
            "description": "When it happened: date, time and offset (RFC 3339).",
        },
        mode="validation",
    ),
]
PublicId = Annotated[
    str,
    Field(
        pattern=r"^p[0-9A-HJKMNP-TV-Z]{13}$",
        description="The participant's public id, as Onloan gave it.",
        examples=["p0000000000000"],
    ),
]
ExternalRef = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._:/-]{1,64}$",
        description="Your own number of it. Never an e-mail or a name.",
        examples=["signup-48213"],
    ),
]
