"""Promise 2 where many people are decided about at once: in several processes, and through a running server.

Several people take back, restrict, object, and their market stops, while every process asks about all of them
without pause. No answer that was asked for after a stop has returned may be a yes, but for the repetition of an
earlier one; none hands out anything; and the log contradicts no decision. What the recipe's parts are for is shown
by leaving them out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onloan import clock
from onloan.consents.actions import answer_permission, withdraw_all, withdraw_by_receipt, withdraw_permission
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.verify import verify_database
from onloan.people.actions import lift_flag, set_flag
from onloan.people.models import Participant
from onloan.uses.models import Use
from tests.api.serving import serving
from tests.api.support import open_shop
from tests.consents.world import NAME, NOTHING, PAGE_HASH, Person, World, add_person, build_world, set_market_state
from tests.uses.batch_askers import THREADS

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 3
AT_ONCE = PROCESSES * THREADS
PEOPLE = 4
ROUNDS = 10

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Stop:
    """When a person's data were allowed from, when that began to end, had ended, and began anew."""

    public_id: str
    allowed_from: int
    may_end: int
    ended: int
    may_begin: int


class Askers:
    """Processes that ask about everybody until they are told to stop."""

    def __init__(self, door: str, people: list[str], folder: Path, *more: str) -> None:
        plan = folder / "people"
        plan.write_text(json.dumps({"key": open_shop("uses:write").key, "people": people}))
        self._stop = folder / "stop"
        self._results = [folder / f"asked-{number}" for number in range(PROCESSES)]
        command = [sys.executable, "-m", "tests.uses.batch_askers", door, str(plan), str(self._stop)]
        self._running = [
            subprocess.Popen([*command, str(result), *more], cwd=ROOT, env=dict(os.environ))
            for result in self._results
        ]

    def finish(self) -> list[dict[str, Any]]:
        self._stop.touch()
        assert [process.wait() for process in self._running] == [0] * PROCESSES
        return [json.loads(line) for result in self._results for line in result.read_text().splitlines()]


@pytest.mark.parametrize("door", ["calls", "http"])
def test_it_denies_whatever_starts_after_a_stop(both_databases: str, tmp_path: Path, door: str) -> None:
    world = build_world()
    people = [add_person(world, {**NOTHING, NAME: True}) for _ in range(PEOPLE)]
    if door == "calls":
        stops, asked = play(world, people, tmp_path, door)
    else:
        with serving(both_databases) as served:
            stops, asked = play(world, people, tmp_path, str(served.port))
    check_answers(stops, asked)
    number_entries()
    assert verify_database().problems == []
    check_record(asked)


@pytest.mark.parametrize("how", ["only-slow", "no-lock", "facts-before-lock"])
def test_the_log_contradicts_a_gate_that_leaves_out_the_lock(
    postgresql_database: str, tmp_path: Path, how: str
) -> None:
    world = build_world()
    people = [add_person(world, {**NOTHING, NAME: True}) for _ in range(PEOPLE)]
    play(world, people, tmp_path, "calls", "--broken", how)
    number_entries()
    found = {problem.sentence.partition(", which ")[2] for problem in verify_database().problems}
    assert found == (set() if how == "only-slow" else {"had ended before."})


def play(
    world: World, people: list[Person], folder: Path, door: str, *more: str
) -> tuple[list[Stop], list[dict[str, Any]]]:
    """Stop and allow everybody again, round after round, while all are asked about."""
    names = {person.id: Participant.objects.get(id=person.id).public_id for person in people}
    allowed_from = dict.fromkeys(names, time.monotonic_ns())
    askers = Askers(door, list(names.values()), folder, *more)
    stops = []
    for turn in range(ROUNDS):
        wait_for_uses()
        began, ended = {}, {}
        for number, person in enumerate(people):
            began[person.id] = time.monotonic_ns()
            take_back(person, world, turn + number)
            ended[person.id] = time.monotonic_ns()
        wait_for_uses()
        may_begin = time.monotonic_ns()
        for person in people:
            # A market that stops ends it for all, also for those whose turn came before.
            times = allowed_from[person.id], min(began.values()), ended[person.id], may_begin
            stops.append(Stop(names[person.id], *times))
        set_market_state(world.market_ids["FR"], "open")
        for person in people:
            make_good(person)
            allowed_from[person.id] = time.monotonic_ns()
        number_entries()
    return stops, askers.finish()


def take_back(person: Person, world: World, turn: int) -> None:
    """Every way in which what was allowed stops counting."""
    ways = [
        lambda: withdraw_permission(participant_id=person.id, permission_id=NAME, now=clock.now()),
        lambda: set_flag(participant_id=person.id, flag="restricted", now=clock.now()),
        lambda: withdraw_by_receipt(token=person.receipt_token, permission_id=NAME, now=clock.now()),
        lambda: set_flag(participant_id=person.id, flag="objected", now=clock.now()),
        lambda: withdraw_all(participant_id=person.id, now=clock.now()),
        lambda: set_market_state(world.market_ids["FR"], "suspended"),
    ]
    ways[turn % len(ways)]()


def make_good(person: Person) -> None:
    lift_flag(participant_id=person.id, flag="restricted")
    lift_flag(participant_id=person.id, flag="objected")
    answer_permission(
        participant_id=person.id, permission_id=NAME, answer=True, language="en", page_hash=PAGE_HASH,
        now=clock.now(),
    )  # fmt: skip


def wait_for_uses() -> None:
    """Until each person was asked about, and answered, since now: as many questions as can be under way may have
    been asked before, and as many answers may not have been heard yet."""
    before = Use.objects.count()
    while True:
        new = Use.objects.order_by("-id")[: max(0, Use.objects.count() - before - 2 * AT_ONCE)]
        if len(Counter(use.participant_id for use in new)) == PEOPLE:
            return
        time.sleep(0.01)


def check_answers(stops: list[Stop], asked: list[dict[str, Any]]) -> None:
    during = after = replayed = 0
    for stop in stops:
        for one in asked:
            if one["person"] != stop.public_id:
                continue
            if stop.ended <= one["started"] and one["finished"] <= stop.may_begin:
                after += 1
                assert not one.get("data"), "nothing is handed out, to whom it may be"
                if one["replayed"]:
                    replayed += 1
                else:
                    assert one["decision"] == "denied", one
            elif stop.allowed_from <= one["started"] and one["finished"] <= stop.may_end and not one["replayed"]:
                during += 1
                # On a crowded machine a question may find the database too busy: that is a no, never a yes.
                assert one["decision"] == "allowed" or one["reason"] == "D-LOG-DOWN", one
    assert during and after and replayed, "the askers asked in between"


def check_record(asked: list[dict[str, Any]]) -> None:
    """Each answer that names a use is on record and in the log once, repeated or not."""
    kinds = Counter(
        str(entry.read()["kind"])
        for first in range(0, log.read_checkpoint().size, log.ENTRIES_MAX)
        for entry in log.entries(first, log.ENTRIES_MAX)
    )
    answered = {one["use"]: one["decision"] == "allowed" for one in asked if "use" in one}
    recorded = {str(use.id): use.allowed for use in Use.objects.all()}
    assert answered.items() <= recorded.items()
    counts = Counter(recorded.values())
    assert (kinds["use_allowed"], kinds["use_denied"]) == (counts[True], counts[False])
