"""One call over HTTP, tried until it is answered or its time is over.

Each try sends the same ``Idempotency-Key``, so whatever was lost on the way (the question or the answer), the
server decides and records once.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from onloan.client.errors import CallRefused, GateUnavailable

ANSWER_BYTES_MAX = 4 * 1024 * 1024
READ_BYTES = 65_536
FIRST_PAUSE_SECONDS = 0.1
PAUSE_SECONDS_MAX = 2.0
AGENT = "Onloan-Client/1"
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_TRIED_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class HttpAnswer:
    """A whole answer; ``headers`` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def read_object(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one for anything else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Caller:
    """Keeps one connection for each thread that calls. ``timeout`` (seconds) is for a call with all its tries."""

    def __init__(self, url: str, key: str, timeout: float) -> None:
        self._base = read_base(url)
        self._key = key
        self._timeout = timeout
        self._own = threading.local()
        self._tls = ssl.create_default_context() if self._base.scheme == "https" else None

    def post(self, path: str, body: Mapping[str, Any], idempotency_key: str) -> dict[str, Any]:
        """The JSON object of a 200. Raises CallRefused for another answer that is final, GateUnavailable."""
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
        }
        answer = self.call("POST", path, json.dumps(body).encode(), headers)
        if answer.status == http.client.OK:
            return answer.read_object()
        problem = answer.read_object()
        raise CallRefused(answer.status, str(problem.get("code", "")), str(problem.get("detail", "")))

    def call(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> HttpAnswer:
        """The first answer that another try would not change. Raises GateUnavailable."""
        deadline = time.monotonic() + self._timeout
        pause = FIRST_PAUSE_SECONDS
        while True:
            wanted_pause = 0.0
            try:
                answer = self._try(method, path, body, headers, deadline)
                if answer.status not in _TRIED_AGAIN:
                    return answer
                wanted_pause = _read_pause(answer)
                failure = f"the server answered {answer.status}"
            except (OSError, http.client.HTTPException) as error:
                was_reused = self._is_reused()
                self._close()
                if was_reused and not isinstance(error, TimeoutError):
                    # The server let go of a connection that had rested: that says nothing about the server.
                    continue
                failure = type(error).__name__
            # A random part, so that many callers do not come back at the same moment.
            rest = max(wanted_pause, pause * random.uniform(0.5, 1.0))  # noqa: S311
            if time.monotonic() + rest >= deadline:
                raise GateUnavailable(f"no answer within {self._timeout:g} seconds: {failure}")
            time.sleep(rest)
            pause = min(pause * 2, PAUSE_SECONDS_MAX)

    def _try(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], deadline: float
    ) -> HttpAnswer:
        """Raises OSError (which a time-out is), HTTPException."""
        connection = self._connect(deadline)
        connection.request(method, self._base.path + path, body=body, headers={"User-Agent": AGENT, **headers})
        answer = connection.getresponse()
        parts, size = [], 0
        while part := answer.read1(READ_BYTES):
            parts.append(part)
            size += len(part)
            if size > ANSWER_BYTES_MAX or time.monotonic() > deadline:
                raise TimeoutError
        # ``read1`` takes a broken connection for the end of the answer.
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        answer.close()
        if answer.will_close:
            self._close()
        else:
            self._own.has_answered = True
        return HttpAnswer(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, b"".join(parts)
        )

    def _connect(self, deadline: float) -> http.client.HTTPConnection:
        """This thread's connection, allowed to wait until ``deadline`` and no longer."""
        if getattr(self._own, "process", None) != os.getpid():
            # A process that was forked leaves its parent's connection alone.
            self._own.process, self._own.connection, self._own.has_answered = os.getpid(), None, False
        left = max(0.001, deadline - time.monotonic())
        connection: http.client.HTTPConnection | None = self._own.connection
        if connection is None:
            host, port = self._base.hostname or "", self._base.port
            if self._tls is None:
                connection = _Connection(host, port)
            else:
                connection = _TlsConnection(host, port, context=self._tls)
            self._own.connection = connection
        connection.timeout = left
        if connection.sock is not None:
            connection.sock.settimeout(left)
        return connection

    def _is_reused(self) -> bool:
        return getattr(self._own, "has_answered", False)

    def _close(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        self._own.connection, self._own.has_answered = None, False
        if connection is not None:
            connection.close()


class _Connection(http.client.HTTPConnection):
    """Closed with the thread or the gate that it belonged to, and not some day later."""

    def __del__(self) -> None:
        self.close()


class _TlsConnection(http.client.HTTPSConnection):
    """The same over TLS."""

    def __del__(self) -> None:
        self.close()


def read_base(url: str) -> SplitResult:
    """Where the server is. Raises ValueError for an address over which a key would go in the clear."""
    base = urlsplit(url.rstrip("/"))
    if base.scheme not in {"http", "https"} or not base.hostname or base.query or base.fragment or base.username:
        raise ValueError("write the server's address as in https://pot.example")
    if base.scheme == "http" and base.hostname not in _LOCAL_HOSTS:
        raise ValueError("the key would be sent in the clear: use https")
    return base


def _read_pause(answer: HttpAnswer) -> float:
    """``Retry-After`` in seconds; 0 when there is none, or a date."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() and len(text) <= 6 else 0.0
