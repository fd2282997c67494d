"""The real application under granian, which a test can kill and start again on the same port."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Served:
    """``post`` gives status and JSON of an answer; it raises OSError when the server is not there."""

    port: int
    environment: dict[str, str]
    workers: int
    threads: int = 4
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", str(self.workers), "--blocking-threads"]
        command += [str(self.threads), "--backpressure", "256", "--http", "1"]
        command += ["--no-access-log", "--log-level", "error", "onloan.wsgi:application"]
        # A session of its own, so that killing it kills its workers too.
        self.process = subprocess.Popen(command, env=self.environment, cwd=ROOT, start_new_session=True)
        for _ in range(600):
            assert self.process.poll() is None, "the server ended"
            try:
                self.get("/api/v1/openapi.json")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the server does not answer")

    def kill(self) -> None:
        """As a power cut would: no signal handler runs."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def post(self, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        sent = {"Content-Type": "application/json", **headers}
        return self._call("POST", path, json.dumps(body), sent)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        return self._call("GET", path, None, headers or {})

    def _call(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except http.client.HTTPException as error:
            raise ConnectionError from error
        finally:
            connection.close()


@contextmanager
def serving(database_url: str, threads: int = 4) -> Iterator[Served]:
    """Serve the test's database: several processes on PostgreSQL, one on SQLite."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "ONLOAN_HOME": str(settings.HOME),
        "ONLOAN_TEST_MODE": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }
    workers = 2 if database_url.startswith("postgresql") else 1
    served = Served(port, environment, workers, threads)
    try:
        served.start()
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.kill()
