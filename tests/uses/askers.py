"""A process that asks the gate about one person over and over, until a file appears.

``python -m tests.uses.askers PERSON_ID STOP_FILE RESULT_FILE``; the database comes from the environment. Each
line of the result is ``started finished allowed reason``, in nanoseconds of the clock that all processes share.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from pathlib import Path

import django

THREADS = 2
REST_SECONDS = 0.003


def ask_until(person_id: uuid.UUID, stop_file: Path, lines: list[str]) -> None:
    from django.db import connection

    from onloan.uses.actions import decide_use

    while not stop_file.exists():
        started = time.monotonic_ns()
        decision = decide_use(
            participant_id=person_id, items=("username",), purpose="referral_card", channel="invitation_page",
            country="FR",
        )  # fmt: skip
        lines.append(f"{started} {time.monotonic_ns()} {int(decision.allowed)} {decision.reason or '-'}")
        # SQLite lets whoever asks again at once go first: a short rest keeps the others from waiting too long.
        time.sleep(REST_SECONDS)
    connection.close()


def main(person_id: str, stop_file: str, result_file: str) -> None:
    django.setup()
    lines: list[str] = []
    threads = [
        threading.Thread(target=ask_until, args=(uuid.UUID(person_id), Path(stop_file), lines))
        for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Path(result_file).write_text("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
