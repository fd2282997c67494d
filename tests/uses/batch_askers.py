"""A process of many threads that ask the gate about several people over and over, until a file appears.

``python -m tests.uses.batch_askers DOOR PEOPLE_FILE STOP_FILE RESULT_FILE [--broken HOW]``; the database comes
from the environment. DOOR is ``calls``, where this process is itself the gate, or the port of a server. Each line
of the result is one answer as JSON, with when it was asked for and given, in nanoseconds of the clock that all
processes share. Now and then a call is repeated. ``--broken`` leaves out a part of the recipe, to see that it is
missed.
"""

from __future__ import annotations

import argparse
import functools
import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

THREADS = 4
REPEATED_SHARE = 0.15
PAUSE_SECONDS = 0.01
QUESTION = {"items": ["username"], "purpose": "referral_card", "channel": "invitation_page", "market": "FR"}

Answer = dict[str, Any]
Ask = Callable[[str, str], Answer]


def ask_here(key: str, public_id: str, idempotency_key: str) -> Answer:
    """Ask in this process, beside the other threads: they are answered together."""
    from onloan import keys
    from onloan.access.actions import hash_request
    from onloan.uses.calls import UseCall, ask_gate
    from onloan.uses.rules import UseRequest

    call = UseCall(
        key_hash=keys.keyed_hash("api-key", key),
        idempotency_key=idempotency_key,
        request_hash=hash_request(method="POST", path="/api/v1/uses", body={"participant": public_id}),
        public_id=public_id,
        request=UseRequest(("username",), "referral_card", "invitation_page", "FR", None),
    )
    answer = ask_gate(call)
    return {**answer.body, "replayed": answer.is_replay}


def ask_there(port: int, key: str, public_id: str, idempotency_key: str) -> Answer:
    """Ask a server, also for what may be shown."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"participant": public_id, **QUESTION, "data": True})
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key}
    try:
        connection.request("POST", "/api/v1/uses", body, {**headers, "Content-Type": "application/json"})
        response = connection.getresponse()
        answer: Answer = json.loads(response.read())
    finally:
        connection.close()
    if response.status == 503:
        return {"decision": "denied", "reason": "D-LOG-DOWN", "replayed": False}
    assert response.status == 200, answer
    return {**answer, "replayed": response.getheader("Idempotent-Replayed") == "true"}


def ask_until(stop_file: Path, ask: Ask, people: list[str], name: str, lines: list[str]) -> None:
    chance = random.Random(name)
    earlier: list[tuple[str, str]] = []
    number = 0
    while not stop_file.exists():
        number += 1
        call = chance.choice(people), f"{name}-{number}"
        if earlier and chance.random() < REPEATED_SHARE:
            call = earlier.pop()
        else:
            earlier.append(call)
        started = time.monotonic_ns()
        answer = ask(*call)
        lines.append(
            json.dumps({"person": call[0], "started": started, "finished": time.monotonic_ns(), **answer})
        )
        # A short rest keeps the others, who take back, from waiting too long.
        time.sleep(0.002)


def break_recipe(how: str) -> None:
    """Leave out a part of the recipe, and give others time to come between reading and writing."""
    from onloan.uses import calls, statements

    write, lock_and_read, situation_of = (
        calls.write_decisions,
        statements._person_statements,
        calls.calls_situation,
    )

    def write_late(*arguments: Any, **named: Any) -> bool:
        time.sleep(PAUSE_SECONDS)
        return write(*arguments, **named)

    def read_without_lock(*arguments: Any, **named: Any) -> Any:
        (lock, values), *others = lock_and_read(*arguments, **named)
        return [(lock.partition(" FOR NO KEY UPDATE")[0], values), *others]

    def read_before_lock(hashes: Any, others: Any) -> Any:
        statements._person_statements = read_without_lock
        facts = situation_of(hashes, others)
        time.sleep(PAUSE_SECONDS)
        statements._person_statements = lock_and_read
        statements.read_situation(facts[0].locked)
        return facts

    calls.write_decisions = write_late
    if how == "no-lock":
        statements._person_statements = read_without_lock
    elif how == "facts-before-lock":
        calls.calls_situation = read_before_lock
    else:
        assert how == "only-slow"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("door")
    parser.add_argument("people_file", type=Path)
    parser.add_argument("stop_file", type=Path)
    parser.add_argument("result_file", type=Path)
    parser.add_argument("--broken")
    asked = parser.parse_args()
    django.setup()
    if asked.broken:
        break_recipe(asked.broken)
    plan = json.loads(asked.people_file.read_text())
    here = functools.partial(ask_here, plan["key"])
    ask: Ask = here if asked.door == "calls" else functools.partial(ask_there, int(asked.door), plan["key"])
    lines: list[str] = []
    threads = [
        threading.Thread(
            target=ask_until,
            args=(asked.stop_file, ask, plan["people"], f"{asked.result_file.name}-{number}", lines),
        )
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked.result_file.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
