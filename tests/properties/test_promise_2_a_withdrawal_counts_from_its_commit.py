"""Promise 2: a withdrawal counts from its commit: the next decision, in any process, denies.

Real processes ask the gate without pause while this one allows and takes back. No decision that starts after a
withdrawal has returned may be allowed, none may be denied while it was allowed all along, and the log shows uses
and withdrawals in an order that contradicts no decision.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.lifting import lift_own
from onloan.cases.restricting import end_disputes_about
from onloan.cases.rules import About, Door, Kind
from onloan.consents.actions import answer_permission, withdraw_all, withdraw_by_receipt, withdraw_permission
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.verify import verify_database
from onloan.offers.queries import find_market_by_id
from onloan.people.actions import FLAGS
from onloan.uses.models import Use
from tests.consents.world import NAME, NOTHING, PAGE_HASH, Person, World, add_person, build_world, set_market_state
from tests.uses.askers import THREADS

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 3
AT_ONCE = PROCESSES * THREADS
ROUNDS = 10


@dataclass(frozen=True)
class Asked:
    started: int
    finished: int
    allowed: bool
    reason: str


class Askers:
    """Processes that ask about one person until they are told to stop."""

    def __init__(self, person_id: uuid.UUID, folder: Path) -> None:
        self._stop = folder / "stop"
        self._results = [folder / f"asked-{number}" for number in range(PROCESSES)]
        command = [sys.executable, "-m", "tests.uses.askers", str(person_id), str(self._stop)]
        self._running = [
            subprocess.Popen([*command, str(result)], cwd=ROOT, env=dict(os.environ)) for result in self._results
        ]

    def finish(self) -> list[Asked]:
        self._stop.touch()
        assert [process.wait() for process in self._running] == [0] * PROCESSES
        lines = [line.split() for result in self._results for line in result.read_text().splitlines()]
        return [Asked(int(start), int(end), allowed == "1", reason) for start, end, allowed, reason in lines]


def wait_for_uses() -> None:
    """Until at least one question was both asked and answered since now: as many as can be under way may have
    been asked before, and as many may not have heard their answer yet."""
    wanted = Use.objects.count() + 2 * AT_ONCE + 1
    while Use.objects.count() < wanted:
        time.sleep(0.01)


def allow(ana: Person) -> None:
    answer_permission(
        participant_id=ana.id, permission_id=NAME, answer=True, language="en", page_hash=PAGE_HASH, now=clock.now()
    )


def take_back(ana: Person, world: World, turn: int) -> None:
    """Every way in which what was allowed stops counting."""
    ways = [
        lambda: withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now()),
        lambda: withdraw_by_receipt(token=ana.receipt_token, permission_id=NAME, now=clock.now()),
        lambda: withdraw_all(participant_id=ana.id, now=clock.now()),
        lambda: ask_for(ana, Kind.RESTRICTION),
        lambda: ask_for(ana, Kind.OBJECTION, About.MARKETING),
        lambda: ask_for(ana, Kind.RECTIFICATION, About.USERNAME),
        lambda: set_market_state(world.market_ids["FR"], "suspended"),
    ]
    ways[turn % len(ways)]()


def ask_for(ana: Person, kind: Kind, about: About = About.NOTHING) -> None:
    open_case(
        kind=kind, about=about, country="FR", language="fr", door=Door.MY_PAGE, text="Not mine.",
        participant_id=ana.id, now=clock.now(),
    )  # fmt: skip


def make_good(ana: Person, world: World) -> None:
    for flag in FLAGS:
        lift_own(participant_id=ana.id, flag=flag, now=clock.now())
    end_disputes_about(participant_id=ana.id, item="username", now=clock.now())
    if find_market_by_id(world.market_ids["FR"]).state != "open":
        set_market_state(world.market_ids["FR"], "open")
    allow(ana)


@pytest.mark.slow
def test_it_denies_whatever_starts_after_a_withdrawal(both_databases: str, tmp_path: Path) -> None:
    world = build_world()
    ana = add_person(world, {**NOTHING, NAME: True})
    allowed_from, periods = time.monotonic_ns(), []
    askers = Askers(ana.id, tmp_path)
    for turn in range(ROUNDS):
        wait_for_uses()
        may_stop = time.monotonic_ns()
        take_back(ana, world, turn)
        stopped = time.monotonic_ns()
        wait_for_uses()
        may_start = time.monotonic_ns()
        periods.append((allowed_from, may_stop, stopped, may_start))
        make_good(ana, world)
        allowed_from = time.monotonic_ns()
        number_entries()
    asked = askers.finish()
    for allowed_from, may_stop, stopped, may_start in periods:
        after = [one for one in asked if stopped <= one.started and one.finished <= may_start]
        during = [one for one in asked if allowed_from <= one.started and one.finished <= may_stop]
        assert after and during, "the askers asked in between"
        assert not [one for one in after if one.allowed]
        # On a crowded machine a question may find the database or the log too busy: that is a no, never a yes.
        assert {one.reason for one in during if not one.allowed} <= {"D-LOG-DOWN"}
    number_entries()
    assert verify_database().problems == []
    check_record(asked)


def check_record(asked: list[Asked]) -> None:
    """Each answer is on record and in the log, but for what could not be recorded, which was denied."""
    numbered = [
        entry.read()["kind"]
        for first in range(0, log.read_checkpoint().size, log.ENTRIES_MAX)
        for entry in log.entries(first, log.ENTRIES_MAX)
    ]
    yes, no = (Use.objects.filter(allowed=allowed).count() for allowed in (True, False))
    assert (numbered.count("use_allowed"), numbered.count("use_denied")) == (yes, no)
    assert yes == sum(one.allowed for one in asked)
    unrecorded = sum(not one.allowed for one in asked) - no
    assert 0 <= unrecorded <= sum(one.reason == "D-LOG-DOWN" for one in asked)
