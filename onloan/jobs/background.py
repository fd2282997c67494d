"""What runs beside requests in a server process: the sequencer's seat, and the jobs on SQLite."""

from __future__ import annotations

import threading

from onloan.db import is_postgresql
from onloan.evidence.seat import start_seat
from onloan.jobs.loop import run_until

_started = threading.Lock()
_stop = threading.Event()


def start_background(with_jobs: bool) -> None:
    """Start once in this process; a second call does nothing. Threads are daemons: they end with the server."""
    if not _started.acquire(blocking=False):
        return
    start_seat()
    if with_jobs or not is_postgresql():
        threading.Thread(target=run_until, args=(_stop,), name="onloan-jobs", daemon=True).start()
