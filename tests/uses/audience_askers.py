"""A process that asks for the audience of a use over and over, until a file appears.

``python -m tests.uses.audience_askers STOP_FILE RESULT_FILE [--broken]``; the database comes from the environment.
Each line of the result is one answer as JSON: when it was asked for and given, in nanoseconds of the clock that
all processes share, and whose consents it touched. ``--broken`` leaves out what is read in the sequencer's seat.
"""

from __future__ import annotations

import argparse
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

QUESTION = {"items": ("username",), "purpose": "referral_card", "channel": "invitation_page", "country": "FR"}
PAUSE_SECONDS = 0.02


def ask() -> dict[str, Any]:
    from onloan.evidence.sets import list_members
    from onloan.uses.audiences import Asker, decide_audience, prepare_audiences

    started = time.monotonic_ns()
    prepare_audiences()
    decision = decide_audience(offer_slug="spring-pot", by=Asker(user_id=uuid.UUID(int=7)), **QUESTION)  # type: ignore[arg-type]
    finished, audience = time.monotonic_ns(), decision.audience
    numbers = [] if audience is None else list_members(audience.log_index, 1, 10_000)
    return {"started": started, "finished": finished, "numbers": numbers, "reason": decision.reason}


def break_recipe() -> None:
    """Decide from what was read before the seat was taken, and give others time to come between."""
    from django.db import connection

    from onloan.uses import audiences

    read = audiences.consent_entries

    def read_outside(first: int, end: int) -> Iterator[tuple[int, Any]]:
        if connection.in_atomic_block:
            return iter(())
        found = list(read(first, end))
        time.sleep(PAUSE_SECONDS)
        return iter(found)

    audiences.consent_entries = read_outside


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("stop_file", type=Path)
    parser.add_argument("result_file", type=Path)
    parser.add_argument("--broken", action="store_true")
    asked = parser.parse_args()
    django.setup()
    if asked.broken:
        break_recipe()
    lines = []
    while not asked.stop_file.exists():
        lines.append(json.dumps(ask()))
        time.sleep(0.002)
    asked.result_file.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
