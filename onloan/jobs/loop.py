"""Run each job when it is due, until told to stop."""

from __future__ import annotations

import threading
import time

import structlog
from django.db import connection, connections

from onloan import clock
from onloan.errors import MustStopError
from onloan.jobs.table import JOBS, Job

log = structlog.get_logger("onloan.jobs")
PAUSE_SECONDS = 0.5


def run_due_jobs(next_run: dict[str, float]) -> int:
    """Run what is due by the monotonic clock; how much work was done. Raises MustStopError."""
    done = 0
    for job in JOBS:
        if next_run.get(job.name, 0.0) > time.monotonic():
            continue
        next_run[job.name] = time.monotonic() + job.every_seconds
        done += run_job(job)
    return done


def run_job(job: Job) -> int:
    """One run of one job. A failure is written down, without personal data, and the next run tries again."""
    try:
        return job.run(clock.now())
    except MustStopError:
        log.critical("job must stop", job=job.name)
        raise
    except Exception as error:
        # A single bad row or a database restart must not end the loop; the next run finds the work again.
        log.error("job failed", job=job.name, error=type(error).__name__)
        connection.close()
        return 0


def run_all_once() -> int:
    """Run every job until none finds work: for tests, the demo and a moved clock. Raises MustStopError."""
    total = 0
    for _ in range(100):
        done = sum(job.run(clock.now()) for job in JOBS)
        total += done
        if done == 0:
            return total
    raise MustStopError("the jobs find work without an end")


def run_until(stop: threading.Event) -> None:
    """The worker's loop."""
    next_run: dict[str, float] = {}
    try:
        while not stop.is_set():
            run_due_jobs(next_run)
            stop.wait(PAUSE_SECONDS)
    finally:
        connections.close_all()
