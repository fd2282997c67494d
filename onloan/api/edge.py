"""The edge: what traffic multiplies is answered here, before Django's middleware.

The threads that the server gives us mostly wait: for a batch of the gate, or for Django, whose pages run in a few
threads of their own, because threads of one process only take turns (docs/decisions/0003). So many questions to
the gate can wait together, and each process holds few connections to its database.

A followed link (``/l/CODE``) becomes a redirect to the invitation page in the reader's language. Nothing about
the reader is kept, nothing about the sponsor stands in the answer. What a code leads to never changes, so it is
remembered in the process; whether the market is open is not asked here and never remembered.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import Error, close_old_connections

from onloan import ids
from onloan.api.bodies import CLOSE, BodyReader, LeftBehind, bytes_to_read, outlast
from onloan.api.clicks import ClickCounter
from onloan.api.gate import USES_PATH, GateResponse, answer_problem, answer_use
from onloan.api.previews import is_preview
from onloan.api.serve_item import ItemServer
from onloan.errors import BODY_REFUSED, OnloanError
from onloan.markets.rules import market_facts
from onloan.referrals.queries import find_link_country
from onloan.referrals.rules import LINK_CODE_LENGTH
from onloan.uses.addresses import PREFIX as ITEM_PREFIX

logger = logging.getLogger(__name__)

StartResponse = Callable[..., Any]
WsgiApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

LINK_PREFIX = "/l/"
API_PREFIX = "/api/"
DJANGO_THREADS = 2
LINK_THREADS = 4
# Half of the server's threads; a quarter may wait for the gate's questions, the rest is for links and pages.
WAITING_FOR_BODIES_MAX = 128
LANGUAGES = tuple(code for code, _ in settings.LANGUAGES)
FALLBACK_LANGUAGE = "en"
LINKS_REMEMBERED_MAX = 50_000
ACCEPT_LANGUAGE_CHARACTERS_MAX = 400
UNKNOWN_CODE = "unknown"

_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,30})?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")
_SAFE_CODE = re.compile(r"[0-9A-Za-z-]{1,20}")

_HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", "0"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("X-Content-Type-Options", "nosniff"),
]


class Edge:
    """A WSGI application in front of Django's."""

    def __init__(self, django_application: WsgiApplication) -> None:
        self.django_application = django_application
        self._django_threads = ThreadPoolExecutor(DJANGO_THREADS, thread_name_prefix="onloan-django")
        self._link_threads = ThreadPoolExecutor(LINK_THREADS, thread_name_prefix="onloan-links")
        self._bodies = BodyReader(waiting_max=WAITING_FOR_BODIES_MAX)
        self.clicks = ClickCounter()
        self.items = ItemServer()
        # Each entry is written once and never changes; under the interpreter's lock a dictionary needs no other.
        self._languages_of_link: dict[str, tuple[str, ...]] = {}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(LINK_PREFIX):
            return self.follow_link(path[len(LINK_PREFIX) :], environ, start_response)
        if path.startswith(ITEM_PREFIX):
            return self.items.answer(environ, start_response)
        if path == USES_PATH:
            return _say(answer_use(environ), start_response)
        return self.ask_django(environ, start_response)

    def ask_django(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Let Django answer in one of its threads; what it says to the server is said from this one.

        The body is there before Django's thread begins, or the thread only says why it is not.
        """
        length = bytes_to_read(environ)
        with ExitStack() as held:
            try:
                held.enter_context(self._bodies.room_for(length))
                body = self._bodies.read(environ["wsgi.input"], length) if length else b""
            except OnloanError as error:
                if environ["PATH_INFO"].startswith(API_PREFIX):
                    return _say(answer_problem(error), start_response)
                over = error.over if isinstance(error, LeftBehind) else None
                refused = {**environ, "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0", BODY_REFUSED: error}
                return outlast(self._run_django(refused, start_response, [CLOSE] if over else []), over)
            return self._run_django({**environ, "wsgi.input": io.BytesIO(body)}, start_response)

    def _run_django(
        self, environ: dict[str, Any], start_response: StartResponse, more: Sequence[tuple[str, str]] = ()
    ) -> Iterable[bytes]:
        said: list[tuple[Any, ...]] = []

        def keep(*arguments: Any) -> None:
            said.append(arguments)

        response = self._django_threads.submit(self.django_application, environ, keep).result()
        status, headers, *rest = said[-1]
        start_response(status, [*headers, *more], *rest)
        return response

    def follow_link(self, typed: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer 303 to the invitation page; 405 for anything but GET and HEAD; 503 when the database is away."""
        method: str = environ["REQUEST_METHOD"]
        if method not in {"GET", "HEAD"}:
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), *_HEADERS])
            return []
        typed = typed.removesuffix("/")
        try:
            code, languages = self._find(typed)
        except Error as error:
            logger.error("a link cannot be looked up: %s", type(error).__name__)  # noqa: TRY400
            start_response("503 Service Unavailable", [("Retry-After", "5"), *_HEADERS])
            return []
        language = choose_language(environ.get("HTTP_ACCEPT_LANGUAGE", ""), languages)
        if code is not None and not is_preview(environ):
            self.clicks.add(code)
        page = f"/{language}/invite/{code or _shown_code(typed)}/"
        start_response("303 See Other", [("Location", page), ("Vary", "Accept-Language"), *_HEADERS])
        return []

    def _find(self, typed: str) -> tuple[str | None, tuple[str, ...]]:
        """The code as issued and its market's languages; None and all languages for a code that is not ours."""
        code = ids.normalize_code(typed)
        if code is None or len(code) != LINK_CODE_LENGTH + 1:
            return None, LANGUAGES
        remembered = self._languages_of_link.get(code)
        if remembered is not None:
            return code, remembered
        # In a thread of its own few: each of the server's many would keep a connection to the database.
        country = self._link_threads.submit(_look_up, code).result()
        if country is None:
            return None, LANGUAGES
        languages = tuple(known for known in market_facts(country).languages if known in LANGUAGES)
        if len(self._languages_of_link) >= LINKS_REMEMBERED_MAX:
            self._languages_of_link.clear()
        self._languages_of_link[code] = languages
        return code, languages


def _say(answer: GateResponse, start_response: StartResponse) -> Iterable[bytes]:
    start_response(answer.status_line, answer.headers)
    return outlast([answer.body], answer.over)


def _look_up(code: str) -> str | None:
    try:
        return find_link_country(code)
    finally:
        # Outside Django's request cycle nobody else gives a broken connection back.
        close_old_connections()


def choose_language(accept_language: str, offered: tuple[str, ...]) -> str:
    """The offered language that the reader wants most (RFC 9110, section 12.5.4), else the first one offered."""
    best, best_quality = offered[0] if offered else FALLBACK_LANGUAGE, 0.0
    for part in accept_language[:ACCEPT_LANGUAGE_CHARACTERS_MAX].split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            continue
        quality = float(match[2]) if match[2] else 1.0
        if quality > best_quality and match[1].lower() in offered:
            best, best_quality = match[1].lower(), quality
    return best


def _shown_code(typed: str) -> str:
    """What stands in the address of the page that says that a code is unknown: the code, if it looks like one."""
    return quote(typed) if _SAFE_CODE.fullmatch(typed) else UNKNOWN_CODE
