"""A road to the server on which answers get lost: it passes each call on, and then does what it was told."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PASS, CUT, SILENT, BUSY, DROP, REST = "pass", "cut", "silent", "busy", "drop", "rest"
"""Hand the answer over; cut it in the middle; never answer; answer 503 and pass nothing on; close without a word;
hand it over and let go of the connection without saying so."""


class RoughRoad:
    """``plan`` says what happens to each call, in order; afterwards all pass. ``keys`` are the keys that came."""

    def __init__(self, target: str, plan: list[str]) -> None:
        self.plan = plan
        self.keys: list[str] = []
        self.ended = threading.Event()
        road = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                road.keys.append(self.headers["Idempotency-Key"])
                body = self.rfile.read(int(self.headers["Content-Length"]))
                what = road.plan.pop(0) if road.plan else PASS
                if what == BUSY:
                    self.send_response(503)
                    self.send_header("Retry-After", "0")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                status, answer = road.ask(target, self.path, body, dict(self.headers))
                if what == SILENT:
                    road.ended.wait(30)
                if what in {SILENT, DROP}:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer[: len(answer) // 2] if what == CUT else answer)
                self.close_connection = what in {CUT, REST}

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @staticmethod
    def ask(target: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        parts = urlsplit(target)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request("POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def rough_road(target: str, *plan: str) -> Iterator[RoughRoad]:
    road = RoughRoad(target, list(plan))
    thread = threading.Thread(target=road.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield road
    finally:
        road.ended.set()
        road.server.shutdown()
        road.server.server_close()
        thread.join()
