"""Promise 1 for mass uses: an audience holds exactly those whom the gate would allow one by one.

Histories are made up; after each, the audience is compared with the gate asked about everybody, and a stranger
reads the log. Then several processes ask for audiences while people take back and allow anew.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onloan import clock
from onloan.consents.actions import answer_permission, stop_consents, withdraw_all, withdraw_permission
from onloan.consents.models import Consent
from onloan.evidence.actions import number_entries
from onloan.evidence.models import SetPage
from onloan.evidence.queries import count_waiting
from onloan.evidence.sets import list_members, read_set
from onloan.evidence.verify import verify_database
from onloan.people.actions import lift_flag, set_flag
from onloan.uses.actions import decide_use
from onloan.uses.audience_queries import list_audiences_of
from onloan.uses.audiences import Asker, decide_audience, prepare_audiences
from onloan.uses.models import Audience
from tests.consents.world import (
    ALL,
    NAME,
    NOTHING,
    PAGE_HASH,
    WALL,
    Person,
    World,
    add_person,
    build_world,
    current_numbers,
    set_market_state,
)
from tests.uses.audience_askers import QUESTION

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 2
ROUNDS = 12
GREG = Asker(user_id=uuid.UUID(int=7))
USES = (
    {"items": ("username",), "purpose": "referral_card", "channel": "invitation_page", "country": "FR"},
    {"items": ("username",), "purpose": "referral_card", "channel": "invitation_page", "country": "GB"},
    {"items": ("profile_photo",), "purpose": "winner_wall", "channel": "shop_app", "country": "FR"},
    {
        "items": ("username_masked",), "purpose": "winner_wall", "channel": "winners_page", "country": "FR",
        "recipient": "print-shop",
    },
)  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["join", "take_back", "take_all", "allow", "restrict", "object", "days", "switch", "number"]
        ),
        st.integers(0, 5),
    ),
    max_size=14,
)
slug_number = itertools.count(1)


class History:
    """One offer and whoever joined it; each step is something that a person or the team does."""

    def __init__(self) -> None:
        self.slug = f"spring-pot-x{next(slug_number)}"
        self.world = build_world(self.slug)
        self.people: list[Person] = []
        self.states = {"FR": "open", "GB": "open"}

    def live(self, step: str, number: int) -> None:
        if step == "join":
            answers = [ALL, NOTHING, {**NOTHING, NAME: True}, {**NOTHING, WALL: True}][number % 4]
            self.people.append(add_person(self.world, answers, country="FR" if number < 4 else "GB"))
        elif step == "days":
            clock.advance((number + 1) * 8 * 86_400)
        elif step == "switch":
            country = "FR" if number % 2 else "GB"
            self.states[country] = "open" if self.states[country] == "suspended" else "suspended"
            set_market_state(self.world.market_ids[country], self.states[country])
        elif step == "number":
            number_entries()
        elif self.people:
            self.change(step, self.people[number % len(self.people)])

    def change(self, step: str, person: Person) -> None:
        now = clock.now()
        if step == "take_back":
            withdraw_permission(participant_id=person.id, permission_id=NAME, now=now)
        elif step == "take_all":
            withdraw_all(participant_id=person.id, now=now)
        elif step == "allow" and self.states[person.country] == "open":
            lift_flag(participant_id=person.id, flag="restricted")
            lift_flag(participant_id=person.id, flag="objected")
            answer_permission(
                participant_id=person.id,
                permission_id=NAME,
                answer=True,
                language="en",
                page_hash=PAGE_HASH,
                now=now,
            )
        elif step in {"restrict", "object"}:
            flag = f"{step}ed"
            set_flag(participant_id=person.id, flag=flag, now=now)  # type: ignore[arg-type]
            stop_consents(participant_id=person.id, reason=flag, now=now)


def numbers_of_gate(history: History, use: dict[str, object]) -> set[int]:
    """Whom the gate allows, asked about one after the other."""
    decisions = [decide_use(participant_id=person.id, **use) for person in history.people]  # type: ignore[arg-type]
    return {decision.consent_number for decision in decisions if decision.consent_number is not None}


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, later=STEPS)
def test_an_audience_is_what_the_gate_says_of_everybody(
    both_databases: str, steps: list[tuple[str, int]], later: list[tuple[str, int]]
) -> None:
    history = History()
    for part in (steps, later):
        for step, number in part:
            history.live(step, number)
        for use in USES:
            prepare_audiences()
            decision = decide_audience(offer_slug=history.slug, by=GREG, **use)  # type: ignore[arg-type]
            audience = decision.audience
            found = set() if audience is None else set(list_members(audience.log_index, 1, 1_000))
            assert found == numbers_of_gate(history, use)
    number_entries()
    assert verify_database().problems == []
    check_lookups(history)


def check_lookups(history: History) -> None:
    """What each person reads of the audiences they were in is what the sets say."""
    rows = list(Audience.objects.filter(offer_id=history.world.version.offer_id).order_by("-id"))
    sets = {row.id: set(list_members(row.log_index, 1, 1_000)) for row in rows}
    for person in history.people:
        numbers = set(
            Consent.objects.filter(participant_id=person.id, answer=True).values_list("number", flat=True)
        )
        told = [(use.audience.id, set(use.consent_numbers)) for use in list_audiences_of(person.id)]
        assert told == [(row.id, sets[row.id] & numbers) for row in rows if sets[row.id] & numbers]


def test_a_number_that_was_added_to_a_set_is_noticed(both_databases: str) -> None:
    world = build_world()
    add_person(world, ALL)
    ben = add_person(world, ALL, name="Ben")
    number = current_numbers(ben.id)[NAME]
    withdraw_all(participant_id=ben.id, now=clock.now())
    prepare_audiences()
    audience = decide_audience(offer_slug="spring-pot", by=GREG, **QUESTION).audience  # type: ignore[arg-type]
    assert audience is not None
    row = Audience.objects.get(id=audience.id)
    bits = bytearray(read_set(row.log_index, row.set_bytes))
    bits += bytes(max(0, number // 8 + 1 - len(bits)))
    bits[number // 8] |= 1 << number % 8
    SetPage.objects.filter(log_index=row.log_index).update(bits=zlib.compress(bytes(bits)))
    assert [problem.log_index for problem in verify_database().problems] == [row.log_index]


@dataclass(frozen=True)
class Ended:
    """A consent, when its end had returned, and that it never comes back: a new yes has a new number."""

    number: int
    at: int


def race(world: World, folder: Path, *more: str) -> tuple[list[Ended], list[dict[str, object]]]:
    """Take back and allow anew, round after round, while other processes ask for the audience."""
    people = [add_person(world, {**NOTHING, NAME: True}, name=name) for name in ("Ana", "Ben", "Chloé")]
    stop, results = folder / "stop", [folder / f"asked-{number}" for number in range(PROCESSES)]
    command = [sys.executable, "-m", "tests.uses.audience_askers", str(stop)]
    asking = [
        subprocess.Popen([*command, str(result), *more], cwd=ROOT, env=dict(os.environ)) for result in results
    ]
    ended = []
    for turn in range(ROUNDS):
        person = people[turn % len(people)]
        wait_for_audiences()
        number = current_numbers(person.id)[NAME]
        withdraw_permission(participant_id=person.id, permission_id=NAME, now=clock.now())
        ended.append(Ended(number, time.monotonic_ns()))
        wait_for_audiences()
        answer_permission(
            participant_id=person.id, permission_id=NAME, answer=True, language="en", page_hash=PAGE_HASH,
            now=clock.now(),
        )  # fmt: skip
    stop.touch()
    assert [process.wait() for process in asking] == [0] * PROCESSES
    return ended, [json.loads(line) for result in results for line in result.read_text().splitlines()]


def wait_for_audiences() -> None:
    """Until two more were allowed, so that every round is asked about."""
    wanted = Audience.objects.count() + 2
    while Audience.objects.count() < wanted:
        time.sleep(0.005)


@pytest.mark.slow
def test_no_audience_holds_whoever_had_taken_it_back(both_databases: str, tmp_path: Path) -> None:
    ended, asked = race(build_world(), tmp_path)
    assert len(asked) > 2 * ROUNDS
    for answer in asked:
        numbers = set(answer["numbers"])  # type: ignore[call-overload]
        assert not [each for each in ended if each.number in numbers and each.at < answer["started"]]
    assert {answer["reason"] for answer in asked} == {""}
    number_entries()
    assert count_waiting() == 0
    assert verify_database().problems == []


@pytest.mark.slow
def test_the_log_contradicts_an_audience_that_is_not_decided_in_the_seat(
    postgresql_database: str, tmp_path: Path
) -> None:
    race(build_world(), tmp_path, "--broken")
    number_entries()
    sentences = {problem.sentence.partition(", ")[2] for problem in verify_database().problems}
    assert sentences == {"not live then or not covering it."}
