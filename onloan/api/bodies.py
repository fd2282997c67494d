"""What is sent to us, read before Django's few threads or a batch wait for it: bounded in bytes and in time.

The server's own reader waits until all is there or the sender hangs up, and nothing can wake it. So whatever may
come slowly is read in a thread of its own. When its time is over the sender is told, and that thread and the
server's wait on until the connection ends. Each lane (the pages and calls of Django, the gate) has its own places,
so that slow senders on one of them leave the server's threads to all else (docs/decisions/0005).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from django.conf import settings

from onloan.errors import BodySlow, Busy

GRACE_SECONDS = 20.0
"""Within this time the body of a form or call is there, or at least as much of it as the rate asks for."""
BYTES_PER_SECOND_MIN = 32 * 1024
"""What a larger body has to come with once the first seconds are over: 10 MB take at most six minutes."""
ROOM_SECONDS = 0.25
CHUNK_BYTES = 64 * 1024
LARGE_BODIES_MAX = 8
"""Bodies with a photo or a file in memory at once, from their first byte until they are answered."""

SMALL_BYTES_MAX: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
CLOSE = ("Connection", "close")
"""Said to whoever is left behind: a client that means well hangs up, and gives the threads back."""
_BODILESS = {"GET", "HEAD", "OPTIONS", "TRACE"}


class Source(Protocol):
    """``wsgi.input``: a read ends with as much as was asked for, or with less when the sender has hung up."""

    def read(self, size: int, /) -> bytes: ...


class _Arriving:
    """One body on its way. Its thread adds parts; whoever waits for it may give it up."""

    def __init__(self, source: Source, length: int) -> None:
        self.source = source
        self.length = length
        self.parts: list[bytes] = []
        self.received_bytes = 0
        self.is_given_up = False
        self.over = threading.Event()

    def receive(self) -> None:
        try:
            while self.received_bytes < self.length and not self.is_given_up:
                part = self.source.read(min(CHUNK_BYTES, self.length - self.received_bytes))
                if not part:
                    return
                self.parts.append(part)
                self.received_bytes += len(part)
        finally:
            self.over.set()


class LeftBehind(BodySlow):
    """Its time is over, and the server's reader still waits: until ``over``."""

    def __init__(self, over: threading.Event) -> None:
        super().__init__()
        self.over = over


class BodyReader:
    """One lane: at most ``waiting_max`` of the server's threads wait for a body, each for a bounded time.

    Up to ``direct_max`` more read a body of at most ``direct_bytes_max`` by themselves, which costs nothing where
    it came together with its head, as it nearly always does; who stalls there holds a place until they hang up.
    """

    def __init__(
        self,
        *,
        waiting_max: int,
        direct_max: int = 0,
        direct_bytes_max: int = 0,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._waiting = threading.BoundedSemaphore(waiting_max)
        self._direct = threading.BoundedSemaphore(direct_max) if direct_max else None
        self._direct_bytes_max = direct_bytes_max
        self._grace_seconds = grace_seconds
        self._large = threading.BoundedSemaphore(LARGE_BODIES_MAX)

    def read(self, source: Source, length: int) -> bytes:
        """``length`` bytes. Raises LeftBehind when they do not come in time: give its ``over`` to ``outlast``;
        BodySlow when the sender hung up; Busy when too many are waited for already."""
        if length <= 0:
            return b""
        if self._direct and length <= self._direct_bytes_max and self._direct.acquire(blocking=False):
            try:
                body = source.read(length)
            finally:
                self._direct.release()
        elif self._waiting.acquire(timeout=ROOM_SECONDS):
            try:
                body = self._read_apart(source, length)
            finally:
                self._waiting.release()
        else:
            raise Busy
        if len(body) != length:
            raise BodySlow
        return body

    @contextmanager
    def room_for(self, length: int) -> Iterator[None]:
        """Hold memory for one body. Raises Busy when as many large ones as may be are held."""
        is_large = length > SMALL_BYTES_MAX
        if is_large and not self._large.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            if is_large:
                self._large.release()

    def _read_apart(self, source: Source, length: int) -> bytes:
        arriving = _Arriving(source, length)
        # A daemon: one that waits on does not keep the process from ending.
        threading.Thread(target=arriving.receive, name="onloan-body", daemon=True).start()
        due_at = time.monotonic() + self._grace_seconds
        left_seconds = self._grace_seconds
        while not arriving.over.wait(left_seconds):
            left_seconds = due_at + arriving.received_bytes / BYTES_PER_SECOND_MIN - time.monotonic()
            if left_seconds <= 0:
                arriving.is_given_up = True
                arriving.parts.clear()
                raise LeftBehind(arriving.over)
        return b"".join(arriving.parts)


def outlast(answer: Iterable[bytes], over: threading.Event | None) -> Iterable[bytes]:
    """``answer``, which ends only when ``over`` is set.

    The server takes a body back when its request has been answered to the end, and waits for whoever still reads
    it while it holds the interpreter: with a reader left behind, the whole process would stand still.
    """
    return answer if over is None else _wait_after(answer, over)


def _wait_after(answer: Iterable[bytes], over: threading.Event) -> Iterator[bytes]:
    try:
        yield from answer
    finally:
        if hasattr(answer, "close"):
            answer.close()
        over.wait()


def bytes_to_read(environ: Mapping[str, Any]) -> int:
    """How much of a body Django may ask for; 0 where it reads none, or refuses it by its length alone.

    Only a form with a file may be large. A body that does not say its length is empty, as it is for Django.
    """
    if environ["REQUEST_METHOD"] in _BODILESS:
        return 0
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
    has_files = environ.get("CONTENT_TYPE", "").strip().lower().startswith("multipart/form-data")
    bytes_max = settings.FORM_BYTES_MAX if has_files else SMALL_BYTES_MAX
    return length if 0 <= length <= bytes_max else 0
