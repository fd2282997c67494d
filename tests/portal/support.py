"""A visitor without JavaScript, and what can be read from a page's HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import get_cookie_signer
from django.test import Client

from onloan.joining.actions import Joined
from onloan.offers.lint import check_text
from onloan.people.queries import find_participant
from tests.joining.support import OpenMarket
from tests.joining.support import add_participant as add
from tests.people.support import read_mailed_code
from tests.support.offers import spring_text
from tests.support.photos import portrait_png

PHONE = "Mozilla/5.0 (Linux; Android 9; Phone) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
INLINE = {"a", "span", "strong", "em", "time"}

_OFFER = check_text(spring_text(), "spring-pot.yaml").offer
assert _OFFER is not None, "the shipped offer breaks no rule"
PERMISSIONS = tuple(permission.id for permission in _OFFER.permissions)
CARDS = tuple(permission.id for permission in _OFFER.permissions if permission.purpose == "referral_card")
ACCEPTANCE = next(
    permission.id for permission in _OFFER.permissions if permission.purpose == "referral_acceptance"
)
FIRST, LAST = PERMISSIONS[0], PERMISSIONS[-1]
NOTHING = dict.fromkeys(PERMISSIONS, False)
EVERYTHING = dict.fromkeys(PERMISSIONS, True)
SHOWS_CARD = {**NOTHING, **dict.fromkeys(CARDS, True)}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parents: tuple[Element, ...]
    text: str = ""

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def has(self, name: str) -> bool:
        return name in self.attributes


@dataclass
class Page:
    """An answer, and every element in it."""

    status: int
    html: str
    headers: dict[str, str]
    elements: list[Element] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return [
            element
            for element in self.elements
            if element.tag == tag and all(element.get(name) == value for name, value in attributes.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} {tag} {attributes}"
        return found[0]

    def fields(self) -> list[Element]:
        """What a person can fill in."""
        return [
            element
            for element in self.elements
            if element.tag in {"input", "select", "textarea"} and element.get("type") != "hidden"
        ]

    @property
    def text(self) -> str:
        """The words of the page in reading order, with plain spaces."""
        return re.sub(r"\s+", " ", "".join(self.words))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.stack: list[Element] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.stack))
        self.elements.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.stack))
        self.elements.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack[-1].tag == tag, f"</{tag}> closes <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        for element in self.stack:
            element.text += data
        if not any(element.tag in {"style", "head"} for element in self.stack):
            self.words.append(data if self.stack[-1:] and self.stack[-1].tag in INLINE else f" {data}")


def read_page(response: Any) -> Page:
    html = response.content.decode()
    reader = _Reader()
    reader.feed(html)
    assert not reader.stack, "every element is closed"
    return Page(response.status_code, html, dict(response.headers), reader.elements, reader.words)


def add_participant(market: OpenMarket, name: str = "Ana", **changes: Any) -> Joined:
    """Somebody who joined, and refused whatever ``answers`` does not allow."""
    return add(market, name, **{"answers": NOTHING, **changes})


class Visitor:
    """Somebody with a phone. ``get`` and ``post`` follow redirects and return the page at the end."""

    def __init__(self, **headers: str) -> None:
        # WhiteNoise warns about a missing folder, and a warning fails a test.
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        values = {"SERVER_NAME": "127.0.0.1", "HTTP_USER_AGENT": PHONE, "HTTP_ACCEPT_LANGUAGE": "en"}
        self.client = Client(**{**values, **headers})
        self.address = ""

    def get(self, path: str) -> Page:
        response = self.client.get(path, follow=True)
        self.address = response.request["PATH_INFO"]
        return read_page(response)

    def post(self, path: str, values: dict[str, Any] | None = None) -> Page:
        response = self.client.post(path, values or {}, follow=True)
        self.address = response.request["PATH_INFO"]
        return read_page(response)

    def status(self, path: str, method: str = "get") -> int:
        status: int = getattr(self.client, method)(path).status_code
        return status

    def sign_in(self, participant_id: UUID) -> None:
        participant = find_participant(participant_id)
        assert participant is not None
        written = f"{participant_id.hex}.{participant.session_number}"
        self.client.cookies["onloan_me"] = get_cookie_signer(salt="onloan_meonloan_me").sign(written)


def join_address(country: str = "FR", language: str = "fr", slug: str = "spring-pot") -> str:
    return f"/{language}/o/{slug}/{country}/join/"


def fill_in_until_questions(
    visitor: Visitor,
    *,
    base: str,
    email: str = "ana@example.org",
    username: str = "Ana",
    via: str = "",
    photo: bytes | None = None,
) -> Page:
    """E-mail, code, name; the answer is the page with the questions."""
    visitor.post(base, {"email": email, "via": via})
    visitor.post(base + "code/", {"code": read_mailed_code()})
    values: dict[str, Any] = {"over_age": "on", "username": username}
    if photo is not None:
        values["photo"] = as_file(photo)
    return visitor.post(base + "profile/", values)


def answers(page: Page, *allowed: str) -> dict[str, str]:
    """What the last form sends when ``allowed`` get a yes and everything else a no."""
    values = {"version": page.one("input", name="version").get("value")}
    for permission_id in PERMISSIONS:
        values[f"answer-{permission_id}"] = "allow" if permission_id in allowed else "do-not-allow"
    return values


def as_file(content: bytes, name: str = "photo.png") -> BytesIO:
    file = BytesIO(content)
    file.name = name
    return file


def portrait() -> bytes:
    return portrait_png()
