"""``python -m bench gate``: single decisions over HTTP, each recorded before it is answered."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from bench.__main__ import HEAD, measure, measure_commits, repeated
from bench.load import CONNECTIONS, http_request
from bench.stack import running_stack

SPONSORS = 2_000


def use_requests(seeded: dict[str, object]) -> Iterator[bytes]:
    """Questions about people chosen at random: three of four are allowed, one asks for what nobody was asked."""
    people: list[str] = seeded["sponsor_ids"]  # type: ignore[assignment]
    chance = random.Random(7)  # noqa: S311
    number = 0
    while True:
        number += 1
        question = {
            "participant": chance.choice(people),
            "items": ["username"],
            "purpose": "referral_card",
            "channel": "invitation_page" if number % 4 else "shop_screen",
            "market": "FR",
        }
        headers = {
            "Authorization": f"Bearer {seeded['api_key']}",
            "Idempotency-Key": f"gate-{number}",
            "Content-Type": "application/json",
        }
        yield http_request("POST", "/api/v1/uses", headers, json.dumps(question).encode())


def run_stack(name: str) -> None:
    with running_stack(name, ["-m", "bench.seed", "1", str(SPONSORS)]) as stack:
        seeded = json.loads((Path(stack.home) / "bench.json").read_text())
        commits = measure_commits(stack)
        print(f"\n{name}: baseline commit = {commits:,.0f} one-row commits/s (16 connections, no HTTP)")
        print(HEAD.format("", "requests/s", "p50 ms", "p99 ms", "CPU ms each", "statements", "ratio"))
        measure(stack, "baseline: redirect by Django", repeated(http_request("GET", "/", {})), 302, 0)
        measure(stack, "decision, recorded (to commit)", use_requests(seeded), 200, commits)


def main() -> None:
    print(f"{CONNECTIONS} connections, {SPONSORS:,} people, {os.cpu_count()} cores shared by all")
    for name in ("postgresql", "sqlite"):
        run_stack(name)
