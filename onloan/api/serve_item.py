"""``GET /i/…`` at the edge: a photo or a name that a use allows, or a picture that shows nobody.

Each view is asked anew, also by a browser that has the photo already (it then gets 304). Programs that make
previews always get the neutral picture, because what they copy nobody can call back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from onloan.api.counting import DayCounter
from onloan.api.previews import is_preview
from onloan.batching import Overloaded
from onloan.offers.vocabulary import ITEMS
from onloan.uses.actions import count_servings
from onloan.uses.addresses import ItemAddress, read_path
from onloan.uses.serving import PhotoSizes, ServedItem, Shown, entity_tag, serve_item

logger = logging.getLogger(__name__)

SERVINGS_PER_FLUSH_MAX = 10_000
PLACEHOLDER_SIDE = 256

_PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="{side}" height="{side}">'
    '<path fill="#e6e6ea" d="M0 0h64v64H0z"/>'
    '<g fill="#9a9aa6"><circle cx="32" cy="25" r="11"/><path d="M10 64a22 22 0 0 1 44 0z"/></g></svg>'
)
_STATUS_OF = {
    Shown.GONE: HTTPStatus.GONE,
    Shown.UNKNOWN: HTTPStatus.NOT_FOUND,
    Shown.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
_HEADERS = [
    # A page of the merchant's may show it; nothing in it runs, and nothing is told to anybody.
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "noindex, noimageindex, noarchive"),
]
_NEVER_KEPT = ("Cache-Control", "no-store")
_ASKED_EACH_TIME = ("Cache-Control", "private, no-cache")
# Scripts of the merchant's pages may read a name; the address is all that it takes, and no cookie goes along.
_TEXT = [("Content-Type", "text/plain; charset=utf-8"), ("Access-Control-Allow-Origin", "*")]

Headers = list[tuple[str, str]]


class ItemServer:
    """What one process shows, how often, and the sizes of photos that it remembers for a minute."""

    def __init__(self, ask: Callable[[ItemAddress], ServedItem] = serve_item) -> None:
        self._ask = ask
        self._sizes = PhotoSizes()
        self.servings: DayCounter[tuple[UUID, UUID]] = DayCounter(
            "servings",
            lambda counts, day: count_servings(counts=counts, day=day),
            kinds_max=SERVINGS_PER_FLUSH_MAX,
            each_second=self._sizes.forget_old,
        )

    def answer(self, environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:
        """200, 304, 404, 405, 410 or 503. ``environ`` is a request for a path that begins with ``/i/``."""
        status, headers, body = self._answer(environ)
        if status is not HTTPStatus.NOT_MODIFIED:
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", [*headers, *_HEADERS])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: Mapping[str, Any]) -> tuple[HTTPStatus, Headers, bytes]:
        method: str = environ["REQUEST_METHOD"]
        path: str = environ["PATH_INFO"]
        if method not in {"GET", "HEAD"}:
            return HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", "GET, HEAD"), _NEVER_KEPT], b""
        address = read_path(path)
        if address is None:
            return _show_nobody(HTTPStatus.NOT_FOUND, path, None)
        if is_preview(environ):
            return _show_nobody(HTTPStatus.OK, path, address.width)
        try:
            served = self._ask(address)
            if served.shown is not Shown.YES:
                return _show_nobody(_STATUS_OF[served.shown], path, address.width)
            assert served.participant_id is not None
            self.servings.add((served.participant_id, address.use_id))
            return self._show(address, served.value, environ.get("HTTP_IF_NONE_MATCH", ""))
        except Overloaded:
            return _show_nobody(HTTPStatus.SERVICE_UNAVAILABLE, path, address.width)
        except Exception as error:
            # Only the type: a message may quote what was read.
            logger.error("an item cannot be shown: %s", type(error).__name__)  # noqa: TRY400
            return _show_nobody(HTTPStatus.SERVICE_UNAVAILABLE, path, address.width)

    def _show(self, address: ItemAddress, value: bytes, known_tags: str) -> tuple[HTTPStatus, Headers, bytes]:
        tag = entity_tag(address, value)
        headers: Headers = [("ETag", tag), _ASKED_EACH_TIME]
        if tag in known_tags:
            return HTTPStatus.NOT_MODIFIED, headers, b""
        if not ITEMS[address.item].is_image:
            return HTTPStatus.OK, [*headers, *_TEXT], value
        return HTTPStatus.OK, [*headers, ("Content-Type", "image/jpeg")], self._sizes.resize(value, address.width)


def _show_nobody(status: HTTPStatus, path: str, width: int | None) -> tuple[HTTPStatus, Headers, bytes]:
    """A picture of nobody, without a word in any language, where a photo would stand; nothing for a text."""
    headers: Headers = [_NEVER_KEPT]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", "5"))
    if not path.endswith(".jpg"):
        return status, [*headers, *_TEXT], b""
    drawing = _PLACEHOLDER.format(side=width or PLACEHOLDER_SIDE)
    return status, [*headers, ("Content-Type", "image/svg+xml")], drawing.encode()
