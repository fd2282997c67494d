"""A real server (and on PostgreSQL a real worker) on a test's database, and the mails it writes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningServer:
    """``address`` answers; ``home`` holds its mails and clock. Commands run as an operator would run them."""

    address: str
    home: Path
    environment: dict[str, str]

    def command(self, *arguments: str) -> str:
        """Run ``onloan`` with ``arguments``; what it printed. Raises CalledProcessError."""
        done = subprocess.run(
            [sys.executable, "-m", "onloan.cli.main", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"onloan {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def mails_to(self, email: str) -> list[str]:
        """The texts of mails to one address, oldest first."""
        found = []
        paths = sorted((self.home / "mail").glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
        for path in paths:
            message = message_from_bytes(path.read_bytes().split(b"\n" + b"-" * 79)[0], policy=policy.default)
            if message["To"] == email:
                found.append(message.get_content())
        return found

    def wait_for_mail(self, email: str, known: int = 0) -> str:
        """The newest mail to ``email`` once there are more than ``known``."""
        for _ in range(300):
            mails = self.mails_to(email)
            if len(mails) > known:
                return mails[-1]
            time.sleep(0.1)
        raise AssertionError("the mail did not come")

    def wait_for_words(self, email: str, words: str) -> str:
        """The mail to ``email`` that says so, whatever else is on its way."""
        for _ in range(300):
            found = [mail for mail in self.mails_to(email) if words in mail]
            if found:
                return found[-1]
            time.sleep(0.1)
        raise AssertionError("the mail did not come")

    def wait_for_code(self, email: str, known: int = 0) -> str:
        """The six digits in the newest mail to ``email``."""
        found = re.search(r"\b\d{3} ?\d{3}\b", self.wait_for_mail(email, known))
        assert found is not None, "the mail holds no code"
        return found.group()


@contextmanager
def running_server(database_url: str, home: Path) -> Iterator[RunningServer]:
    """Serve a migrated database in test mode until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "ONLOAN_HOME": str(home),
        "ONLOAN_TEST_MODE": "1",
        "ONLOAN_PUBLIC_URL": address,
        "PYTHONPATH": str(ROOT),
    }
    onloan = [sys.executable, "-m", "onloan.cli.main"]
    processes = [subprocess.Popen([*onloan, "serve", "--port", str(port)], env=environment, cwd=ROOT)]
    if database_url.startswith("postgresql"):
        processes.append(subprocess.Popen([*onloan, "worker"], env=environment, cwd=ROOT))
    try:
        _wait_until_it_answers(address, processes[0])
        yield RunningServer(address, home, environment)
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{address}/status.json", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")
