"""The order in the log agrees with the order of commits, and the check for it can fail.

The long form is ``dev/stress_log_order.py``, run by hand; this is the same script with fewer steps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "dev" / "stress_log_order.py"


def stress(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
def test_it_orders_each_persons_entries_as_they_were_committed(postgresql_database: str) -> None:
    status, verdict = stress("--steps", "60")
    assert verdict["steps"] == verdict["entries"] > 200
    assert (verdict["lost"], verdict["out_of_order"], verdict["problems"]) == (0, 0, [])
    assert status == 0


@pytest.mark.slow
def test_it_would_notice_an_entry_written_before_the_lock(postgresql_database: str) -> None:
    status, verdict = stress("--steps", "20", "--pause-ms", "40", "--broken", "entry-before-lock")
    assert verdict["out_of_order"] > 0
    assert status == 1


@pytest.mark.slow
def test_it_would_notice_a_cursor_that_passes_late_commits(postgresql_database: str) -> None:
    status, verdict = stress("--people", "20", "--steps", "60", "--pause-ms", "40", "--broken", "cursor")
    assert verdict["lost"] > 0
    assert status == 1


def test_it_refuses_a_database_without_concurrent_writers(sqlite_database: str) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "PostgreSQL" in done.stderr
