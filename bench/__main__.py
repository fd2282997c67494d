"""``make bench``: joins, events and link clicks over HTTP, on SQLite and PostgreSQL, each commit on the disk.

Server, database and load generator share the machine. What is counted is said beside each figure; ratios are
against baselines of the same run.
"""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from bench.load import CONNECTIONS, Result, http_request, run_load
from bench.stack import Stack, count_statements, running_stack

SECONDS = 10.0
CSRF = "b" * 32
HEAD = "{:<34}{:>10}{:>9}{:>9}{:>12}{:>12}{:>10}"
ROW = "{:<34}{:>10,.0f}{:>9.1f}{:>9.1f}{:>12.2f}{:>12}{:>10.2f}"


def join_requests(seeded: dict[str, object]) -> Iterator[bytes]:
    """The final POST of joining: it writes participant, items, answers, receipt, link, attribution, pot, evidence
    and mail. The three screens before it are not counted."""
    fields = {"csrfmiddlewaretoken": CSRF, "version": seeded["version_id"]}
    for permission_id in seeded["permission_ids"]:  # type: ignore[attr-defined]
        fields[f"answer-{permission_id}"] = "allow"
    body = urlencode(fields).encode()
    for cookie in seeded["cookies"]:  # type: ignore[attr-defined]
        headers = {
            "Cookie": f"csrftoken={CSRF}; onloan_join={cookie}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        yield http_request("POST", "/fr/o/spring-pot/FR/join/permissions/", headers, body)


def event_requests(seeded: dict[str, object], public_ids: list[str]) -> Iterator[bytes]:
    """The shop says that a friend signed up: natural key, idempotent answer, and the rewards of both promised."""
    for number, public_id in enumerate(public_ids):
        body = json.dumps(
            {
                "participant": public_id,
                "event": "app_signed_up",
                "occurred_at": datetime.now(UTC).isoformat(),
                "id": f"bench-{number}",
            }
        ).encode()
        headers = {
            "Authorization": f"Bearer {seeded['api_key']}",
            "Idempotency-Key": f"bench-{number}",
            "Content-Type": "application/json",
        }
        yield http_request("POST", "/api/v1/events", headers, body)


def repeated(request: bytes) -> Iterator[bytes]:
    while True:
        yield request


def click_requests(seeded: dict[str, object]) -> Iterator[bytes]:
    codes: list[str] = seeded["link_codes"]  # type: ignore[assignment]
    headers = {"User-Agent": "Mozilla/5.0", "Accept-Language": "fr"}
    requests = [http_request("GET", f"/l/{code}", headers) for code in codes]
    while True:
        yield from requests


def measure_commits(stack: Stack) -> float:
    """Baseline: one row inserted and committed to the disk, by 16 connections without HTTP; commits per second."""
    counts: list[int] = []
    stop = time.perf_counter() + 4.0
    work = _commit_sqlite if stack.name == "sqlite" else _commit_postgresql
    if stack.name == "postgresql":
        import psycopg

        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE baseline (value text)")
    started = time.perf_counter()
    # SQLite has one writer at a time whatever the number of threads, so one thread is its best case.
    threads = [
        threading.Thread(target=work, args=(stack, stop, counts))
        for _ in range(1 if stack.name == "sqlite" else CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def _commit_sqlite(stack: Stack, stop: float, counts: list[int]) -> None:
    connection = sqlite3.connect(stack.home / "baseline.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE baseline (value TEXT)")
    done = 0
    while time.perf_counter() < stop:
        connection.execute("INSERT INTO baseline VALUES ('one row')")
        done += 1
    counts.append(done)


def _commit_postgresql(stack: Stack, stop: float, counts: list[int]) -> None:
    import psycopg

    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        done = 0
        while time.perf_counter() < stop:
            connection.execute("INSERT INTO baseline VALUES ('one row')")
            done += 1
    counts.append(done)


def measure(stack: Stack, name: str, requests: Iterator[bytes], status: int, baseline: float) -> Result:
    """Run one load and print its row. Raises RuntimeError when an answer has another status than expected."""
    cpu_before, statements_before = stack.server_cpu_seconds(), count_statements(stack)
    result = run_load(stack.port, requests, SECONDS)
    if set(result.statuses) != {status}:
        raise RuntimeError(f"{name}: expected {status} only, got {result.statuses}")
    cpu_ms = (stack.server_cpu_seconds() - cpu_before) / result.count * 1000
    statements_after = count_statements(stack)
    statements = "-"
    if statements_before is not None and statements_after is not None:
        statements = f"{(statements_after - statements_before) / result.count:.1f}"
    ratio = result.rate / baseline if baseline else 1.0
    print(
        ROW.format(name, result.rate, result.percentile(0.5), result.percentile(0.99), cpu_ms, statements, ratio),
        flush=True,
    )
    return result


def list_public_ids(stack: Stack) -> list[str]:
    """The people who just joined by a link, in the order they joined."""
    script = (
        "import django; django.setup()\n"
        "from onloan.people.models import Participant\n"
        "from onloan.referrals.models import Attribution\n"
        "friends = set(Attribution.objects.values_list('participant_id', flat=True))\n"
        "for row in Participant.objects.order_by('id').values_list('id', 'public_id'):\n"
        "    if row[0] in friends: print(row[1])\n"
    )
    os.environ["DJANGO_SETTINGS_MODULE"] = "onloan.settings"
    return stack.run("-c", script).split()


def run_stack(name: str) -> None:
    with running_stack(name, ["-m", "bench.seed"]) as stack:
        seeded = json.loads((Path(stack.home) / "bench.json").read_text())
        commits = measure_commits(stack)
        print(f"\n{name}: baseline commit = {commits:,.0f} one-row commits/s (16 connections, no HTTP)")
        print(HEAD.format("", "requests/s", "p50 ms", "p99 ms", "CPU ms each", "statements", "ratio"))
        redirect = measure(stack, "baseline: redirect by Django", repeated(http_request("GET", "/", {})), 302, 0)
        measure(stack, "link click (ratio: to that)", click_requests(seeded), 303, redirect.rate)
        measure(stack, "join, final POST (to commit)", join_requests(seeded), 302, commits)
        friends = list_public_ids(stack)
        measure(stack, "event, both promised (to commit)", event_requests(seeded, friends), 201, commits)


APART = ("ledger", "payouts", "fraud", "engines", "gate", "audience", "cases", "pack")
"""Benchmarks with a module of their own: ``python -m bench fraud``."""


def main() -> None:
    if sys.argv[1:2] and sys.argv[1] in APART:
        importlib.import_module(f"bench.{sys.argv[1]}").main(*map(int, sys.argv[2:3]))
        return
    cores = os.cpu_count()
    print(f"{CONNECTIONS} connections, {SECONDS:.0f} s each, {cores} cores shared by server, database and load")
    chosen: list[str] = sys.argv[1:] or ["sqlite", "postgresql"]
    run: Callable[[str], None] = run_stack
    for name in chosen:
        run(name)


if __name__ == "__main__":
    main()
