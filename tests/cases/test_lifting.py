"""What a person asked for they may end themselves; what was stopped stays ended until they allow it anew."""

from __future__ import annotations

import pytest

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.lifting import lift_own
from onloan.cases.rules import Door, EventKind, Kind
from onloan.cases.timeline import list_events
from onloan.consents.actions import answer_permission
from onloan.people.actions import Flag
from onloan.people.queries import find_participant
from onloan.uses.actions import decide_use
from tests.consents.world import ALL, NAME, PAGE_HASH, Person, add_person, build_world


def ask_gate(person: Person) -> str:
    decision = decide_use(
        participant_id=person.id, items=("username",), purpose="referral_card", channel="invitation_page",
        country="FR",
    )  # fmt: skip
    return decision.reason


def allow_again(person: Person) -> None:
    answer_permission(
        participant_id=person.id, permission_id=NAME, answer=True, language="en", page_hash=PAGE_HASH,
        now=clock.now(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "flag", "stopped"),
    [
        (Kind.RESTRICTION, "restricted", "D-FLAG-RESTRICTED"),
        (Kind.OBJECTION, "objected", "D-FLAG-OBJECTED"),
    ],
)
def test_it_ends_the_flag_and_brings_no_permission_back(
    sqlite_database: str, kind: Kind, flag: Flag, stopped: str
) -> None:
    ana = add_person(build_world(), ALL)
    case_id = open_case(
        kind=kind, country="FR", language="en", door=Door.MY_PAGE, text="", participant_id=ana.id, now=clock.now()
    ).case_id
    assert ask_gate(ana) == stopped
    for _ in range(2):
        lift_own(participant_id=ana.id, flag=flag, now=clock.now())
    person = find_participant(ana.id)
    assert person is not None and person.restricted_at is None and person.objected_at is None
    assert ask_gate(ana) == stopped, "what it ended stays ended, and why"
    allow_again(ana)
    assert ask_gate(ana) == ""
    kinds = [event.kind for event in list_events(case_id, only_shown=True)]
    assert kinds.count(EventKind.RESTRICTION_LIFTED) == 1
