"""``python -m bench cases``: requests through the public page over HTTP, each commit on the disk.

A request is counted whole: the form is checked, and case, clock, timeline, evidence, one-time code and its mail
are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from bench.__main__ import CSRF, HEAD, measure, measure_commits
from bench.load import http_request
from bench.stack import Stack, running_stack
from onloan.ids import new_id

PEER_PER_SECOND = 50
PEER_CPU_MS = 20.0
"""Another product's privacy requests, measured elsewhere on two cores with PostgreSQL."""
ADDRESSES = 5_500
"""Below what the installation takes from the public page within a minute."""


def request_intakes() -> Iterator[bytes]:
    headers = {"Cookie": f"csrftoken={CSRF}", "Content-Type": "application/x-www-form-urlencoded"}
    for number in range(ADDRESSES):
        fields = {
            "csrfmiddlewaretoken": CSRF,
            "kind": "access",
            "country": "FR",
            "email": f"person{number}@example.org",
            "text": "",
            "form_id": str(new_id()),
        }
        yield http_request("POST", "/fr/requests/", headers, urlencode(fields).encode())


def run_stack(name: str) -> None:
    with running_stack(name, ["-m", "bench.seed", "10", "1"]) as stack:
        _measure(stack)


def _measure(stack: Stack) -> None:
    commits = measure_commits(stack)
    print(f"\n{stack.name}: baseline commit = {commits:,.0f} one-row commits/s (16 connections, no HTTP)")
    print(HEAD.format("", "requests/s", "p50 ms", "p99 ms", "CPU ms each", "statements", "ratio"))
    result = measure(stack, "request, public page (to commit)", request_intakes(), 302, commits)
    print(
        f"another product: {PEER_PER_SECOND}/s, {PEER_CPU_MS:.0f} ms CPU each;"
        f" here {result.rate / PEER_PER_SECOND:.1f} times as many"
    )


def main() -> None:
    for name in ("sqlite", "postgresql"):
        run_stack(name)


if __name__ == "__main__":
    main()
