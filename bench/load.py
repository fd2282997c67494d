"""A small load generator: 16 kept-alive connections, each sending its next request when its answer has come.

One thread and bare sockets, so that it takes little from the two cores that the server and the database need.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

CONNECTIONS = 16


@dataclass
class Result:
    """What one run gave. Times in milliseconds; ``statuses`` counts answers by HTTP status."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    times_ms: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.times_ms)

    @property
    def rate(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.times_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass
class _Connection:
    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def run_load(port: int, requests: Iterator[bytes], seconds: float, connections: int = CONNECTIONS) -> Result:
    """Send ``requests`` until they end or ``seconds`` have passed. RuntimeError when the server hangs up."""
    result = Result()
    chooser = selectors.DefaultSelector()
    open_connections = 0
    started = time.perf_counter()
    for _ in range(connections):
        request = next(requests, None)
        if request is None:
            break
        connection = _Connection(socket.create_connection(("127.0.0.1", port)))
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chooser.register(connection.socket, selectors.EVENT_READ, connection)
        _send(connection, request)
        open_connections += 1
    while open_connections:
        for key, _events in chooser.select(timeout=30):
            connection = key.data
            if not _receive(connection, result):
                continue
            is_over = time.perf_counter() - started >= seconds
            request = None if is_over else next(requests, None)
            if request is None:
                chooser.unregister(connection.socket)
                connection.socket.close()
                open_connections -= 1
            else:
                _send(connection, request)
    result.seconds = time.perf_counter() - started
    return result


def _send(connection: _Connection, request: bytes) -> None:
    connection.received.clear()
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(request)


def _receive(connection: _Connection, result: Result) -> bool:
    """Read what has come; whether the answer is whole."""
    part = connection.socket.recv(65_536)
    if not part:
        raise RuntimeError("the server closed a connection")
    connection.received += part
    head_end = connection.received.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    head = bytes(connection.received[:head_end]).lower()
    length = 0
    for line in head.split(b"\r\n")[1:]:
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    is_chunked = b"transfer-encoding: chunked" in head
    if is_chunked and not connection.received.endswith(b"0\r\n\r\n"):
        return False
    if len(connection.received) < head_end + 4 + length:
        return False
    status = int(head.split(b" ", 2)[1])
    result.statuses[status] = result.statuses.get(status, 0) + 1
    result.times_ms.append((time.perf_counter() - connection.sent_at) * 1000)
    return True


def http_request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A whole HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: keep-alive"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
