"""A seeded server on SQLite or PostgreSQL with every commit on the disk, and what it costs."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import postgresql

ROOT = Path(__file__).resolve().parent.parent
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
MASTER_KEY = "YmVuY2htYXJrIGtleSwgMzIgYnl0ZXMgbG9uZyAuLi4="


@dataclass
class Stack:
    """``server`` is the process that ``onloan serve`` started; ``database_url`` is what it writes to."""

    name: str
    home: Path
    database_url: str
    port: int
    server: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "ONLOAN_HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "ONLOAN_MASTER_KEY": MASTER_KEY,
            "ONLOAN_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "PYTHONPATH": str(ROOT),
        }

    def run(self, *arguments: str) -> str:
        """A Python command in this stack's environment; what it printed."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, env=self.environment(), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def server_cpu_seconds(self) -> float:
        """CPU time of the server and its workers so far."""
        assert self.server is not None
        return sum(_cpu_seconds(pid) for pid in _family(self.server.pid))


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _family(int(child))
    return found


def _cpu_seconds(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / CLOCK_TICKS


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running_stack(name: str, seed: list[str], *, serves: bool = True) -> Iterator[Stack]:
    """A stack on ``sqlite`` or ``postgresql``, seeded by running ``seed`` with Python, then served; without
    ``serves`` there is the database alone."""
    home = Path(tempfile.mkdtemp(prefix=f"onloan-bench-{name}-"))
    server = postgresql.start_server(is_durable=True) if name == "postgresql" else None
    if name == "postgresql" and server is None:
        raise RuntimeError("no PostgreSQL here")
    stack = Stack(name, home, server.url if server else f"sqlite:///{home}/onloan.sqlite3", _free_port())
    try:
        if server:
            import psycopg

            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION pg_stat_statements")
        stack.run("-m", "onloan.cli.main", "migrate")
        stack.run(*seed)
        if serves:
            command = [
                sys.executable, "-m", "onloan.cli.main", "serve", "--port", str(stack.port), "--workers", "2"
            ]  # fmt: skip
            stack.server = subprocess.Popen(command, env=stack.environment(), cwd=ROOT)
            _wait(stack)
            _wait_for_mails(stack)
        yield stack
    finally:
        if stack.server is not None:
            stack.server.terminate()
            stack.server.wait(20)
        if server:
            postgresql.stop_server(server)
        shutil.rmtree(home, ignore_errors=True)


def _wait(stack: Stack) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{stack.port}/status.json", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def _wait_for_mails(stack: Stack) -> None:
    """On SQLite the server sends the mails as well: those that seeding left would be in the first figure."""
    if stack.name != "sqlite":
        return
    with closing(sqlite3.connect(stack.home / "onloan.sqlite3")) as connection:
        while connection.execute("SELECT 1 FROM outbox_message WHERE settled_at IS NULL LIMIT 1").fetchone():
            time.sleep(0.5)


def count_statements(stack: Stack) -> int | None:
    """Statements that PostgreSQL has run so far, transactions' own left out; None on SQLite."""
    if stack.name != "postgresql":
        return None
    import psycopg

    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query !~* '^(begin|commit|rollback)'"
        ).fetchone()
    return int(row[0]) if row else 0
