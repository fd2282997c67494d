"""The daily search for rings on a database: one child fills it, another reads it, so that its memory is its own.

``python -m bench.graph PEOPLE fill`` and ``… read`` are those children.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261201
WHEN = "2026-12-01 10:00:00"


def measure_graph(people: int) -> None:
    """Print what reading a graph of ``people`` from SQLite and finding its rings costs."""
    with tempfile.TemporaryDirectory(prefix="onloan-bench-") as folder:
        environment = {
            **os.environ,
            "ONLOAN_HOME": folder,
            "DATABASE_URL": f"sqlite:///{folder}/onloan.sqlite3",
            "ONLOAN_TEST_MODE": "1",
        }
        graph = ["-m", "bench.graph", str(people)]
        for step in (["manage.py", "migrate", "-v0"], [*graph, "fill"], [*graph, "read"]):
            subprocess.run([sys.executable, *step], cwd=ROOT, env=environment, check=True)  # noqa: S603


def fill(people: int) -> None:
    """A market and ``people`` in one tree. One in a thousand is a second participation of somebody two steps
    above, so that their link closes a ring."""
    import bench.seed

    bench.seed.publish_large_offer()
    from onloan.cli.demo import OFFER_SLUG
    from onloan.ids import new_id
    from onloan.offers.queries import find_market

    market = find_market(OFFER_SLUG, "FR").id.hex
    ids = [new_id().hex for _ in range(people)]
    sponsors = (np.random.default_rng(SEED).random(people) * np.arange(people)).astype(int).tolist()
    twice = range(1_000, people, 1_000)
    with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
        connection.executemany(
            "INSERT INTO referrals_attribution (id, participant_id, sponsor_id, link_code, market_id,"
            " attributed_at, credited) VALUES (?, ?, ?, '', ?, ?, 1)",
            ((ids[number], ids[number], ids[sponsors[number]], market, WHEN) for number in range(1, people)),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO referrals_mark (id, participant_id, kind, value_hash, marked_at)"
            " VALUES (?, ?, 'mailbox', ?, ?)",
            (
                (uuid.uuid4().hex, ids[person], f"{number:064x}", WHEN)
                for number in twice
                for person in (number, sponsors[sponsors[number]])
            ),
        )


def read() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
    import django

    django.setup()
    from onloan.referrals.graph import read_graph
    from onloan.referrals.rings import find_rings

    before = _memory_mib()
    started = time.perf_counter()
    found = read_graph()
    loaded = time.perf_counter()
    rings = find_rings(found.graph, found.same)
    done = time.perf_counter()
    print(
        f"{len(found.ids):,} people in SQLite: {loaded - started:.1f} s to read, {done - loaded:.1f} s to find"
        f" {len(rings):,} rings, {_memory_mib():.0f} MiB at most ({before:.0f} MiB before)"
    )


def _memory_mib() -> float:
    """The most that this process held at once; what ``getrusage`` says begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    match sys.argv[1:]:
        case [count, "fill"]:
            fill(int(count))
        case _:
            read()
