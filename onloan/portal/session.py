"""Who is reading: first-party cookies, none of which is set before somebody joins, signs in or writes to us.

``onloan_me`` says which participant is signed in, and under which number: signing out raises it, so that no copy
of the cookie outlives that. The others carry a form from one screen to the next (the
e-mail that the code went to, the link that was followed, what a request was answered) or open one request by its
number; they are sealed, so that a borrowed device shows nobody's e-mail, and they end after an hour.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal, TypedDict
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

from onloan import clock, keys
from onloan.people.queries import ParticipantView, find_participant

ME_COOKIE = "onloan_me"
ME_SECONDS = 30 * 24 * 3600
JOIN_COOKIE = "onloan_join"
SIGN_IN_COOKIE = "onloan_sign_in"
SENT_COOKIE = "onloan_sent"
FOLLOW_COOKIE = "onloan_follow"
CHANGE_COOKIE = "onloan_change"
SLIP_COOKIE = "onloan_slip"
BACK_COOKIE = "onloan_back"
DONE_COOKIE = "onloan_done"
FORM_COOKIES = (
    JOIN_COOKIE,
    SIGN_IN_COOKIE,
    SENT_COOKIE,
    FOLLOW_COOKIE,
    CHANGE_COOKIE,
    SLIP_COOKIE,
    BACK_COOKIE,
    DONE_COOKIE,
)
FORM_SECONDS = 3600
COOKIE_LENGTH_MAX = 2000


class _Attributes(TypedDict):
    httponly: bool
    samesite: Literal["Lax"]
    secure: bool


_ATTRIBUTES: _Attributes = {"httponly": True, "samesite": "Lax", "secure": settings.SECURE}


@dataclass(frozen=True, slots=True)
class FormState:
    """What a form of several screens remembers. ``asked_id`` is the code that this browser asked for,
    ``code_id`` the one that was right."""

    email: str
    place: str = ""
    via_code: str = ""
    code_id: str = ""
    asked_id: str = ""

    @property
    def asked(self) -> UUID | None:
        return read_asked(self.asked_id)


def read_participant(request: HttpRequest) -> ParticipantView | None:
    """Who is signed in, or None; the participant may have been erased since."""
    try:
        written = str(request.get_signed_cookie(ME_COOKIE, salt=ME_COOKIE, max_age=ME_SECONDS))
        # A release that knew no numbers wrote none: that is the first one.
        holder, _, number = written.partition(".")
        participant_id, session_number = UUID(hex=holder), int(number or 0)
    except (KeyError, BadSignature, ValueError):
        return None
    participant = find_participant(participant_id)
    return participant if participant is not None and participant.session_number == session_number else None


def read_participant_id(request: HttpRequest) -> UUID | None:
    participant = read_participant(request)
    return participant.id if participant is not None else None


def sign_in(response: HttpResponse, participant: ParticipantView) -> None:
    written = f"{participant.id.hex}.{participant.session_number}"
    response.set_signed_cookie(ME_COOKIE, written, salt=ME_COOKIE, max_age=ME_SECONDS, **_ATTRIBUTES)


def sign_out(response: HttpResponse) -> None:
    """Nobody is signed in on this device any more, and nothing is left of what they were doing."""
    for cookie in (ME_COOKIE, *FORM_COOKIES):
        response.delete_cookie(cookie, samesite="Lax")


def write_asked(code_id: UUID | None) -> str:
    """The code that a browser asked for, as its sealed cookie holds it; empty where none was sent."""
    return code_id.hex if code_id is not None else ""


def read_asked(written: str) -> UUID | None:
    return UUID(hex=written) if written else None


def read_form(request: HttpRequest, cookie: str) -> FormState | None:
    """The state that an earlier screen left, or None when there is none, it is too old, or was altered."""
    saved = read_sealed(request, cookie)
    return FormState(**saved) if saved is not None else None


def save_form(response: HttpResponse, cookie: str, state: FormState) -> None:
    save_sealed(response, cookie, asdict(state))


def read_sealed(request: HttpRequest, cookie: str) -> dict[str, str] | None:
    written = request.COOKIES.get(cookie, "")
    if not written or len(written) > COOKIE_LENGTH_MAX:
        return None
    try:
        plain = keys.unseal(_key(), base64.urlsafe_b64decode(written), cookie.encode())
    except (ValueError, InvalidTag):
        return None
    saved: dict[str, str] = json.loads(plain)
    ends_at = datetime.fromisoformat(saved.pop("ends_at"))
    return saved if clock.now() < ends_at else None


def save_sealed(response: HttpResponse, cookie: str, values: Mapping[str, str]) -> None:
    ends_at = clock.now() + timedelta(seconds=FORM_SECONDS)
    plain = json.dumps({**values, "ends_at": ends_at.isoformat()}).encode()
    written = base64.urlsafe_b64encode(keys.seal(_key(), plain, cookie.encode())).decode()
    response.set_cookie(cookie, written, max_age=FORM_SECONDS, **_ATTRIBUTES)


def forget_form(response: HttpResponse, cookie: str) -> None:
    response.delete_cookie(cookie, samesite="Lax")


def _key() -> bytes:
    return keys.derive_key("portal-form")
