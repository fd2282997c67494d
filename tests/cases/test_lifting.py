"""What a person asked for they may end themselves; what was stopped stays ended until they allow it anew."""

from __future__ import annotations

from uuid import UUID

import pytest

from onloan import clock, ids
from onloan.cases.actions import open_case
from onloan.cases.lifting import lift_own, undo_for_stranger
from onloan.cases.models import Case
from onloan.cases.restricting import restrict
from onloan.cases.rules import About, Door, EventKind, Kind, RestrictionCause
from onloan.cases.timeline import list_events
from onloan.consents.actions import answer_permission
from onloan.people.actions import FLAGS, Flag
from onloan.people.models import Participant
from onloan.people.queries import find_participant, list_disputed, list_suppressed, read_item
from onloan.uses.actions import decide_use
from tests.consents.world import ALL, NAME, PAGE_HASH, Person, add_person, build_world
from tests.joining.support import add_participant, open_market


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


def open_for(person: Person, kind: Kind, about: About) -> UUID:
    return open_case(
        kind=kind, about=about, country="FR", language="en", door=Door.MY_PAGE, text="Not mine.",
        participant_id=person.id, now=clock.now(),
    ).case_id  # fmt: skip


def ask(person: Person, kind: Kind, about: About = About.NOTHING) -> list[EventKind]:
    """Ask, end each flag twice, and say what the person reads of it."""
    case_id = open_for(person, kind, about)
    assert flags_of(person)
    for flag in FLAGS * 2:
        lift_own(participant_id=person.id, flag=flag, now=clock.now())
    assert not flags_of(person)
    return [event.kind for event in list_events(case_id, only_shown=True)]


def flags_of(person: Person) -> set[Flag]:
    found = find_participant(person.id)
    assert found is not None
    return {flag for flag in FLAGS if getattr(found, f"{flag}_at") is not None}


@pytest.mark.parametrize(
    ("kind", "about", "stopped", "endings"),
    [
        (Kind.RESTRICTION, About.NOTHING, "D-FLAG-RESTRICTED", 1),
        (Kind.OBJECTION, About.MARKETING, "D-FLAG-OBJECTED", 1),
        (Kind.OBJECTION, About.CHECKS, "", 1),
        (Kind.OBJECTION, About.NOTHING, "D-FLAG-OBJECTED", 2),
    ],
)
def test_it_ends_the_flag_and_brings_no_permission_back(
    sqlite_database: str, kind: Kind, about: About, stopped: str, endings: int
) -> None:
    ana = add_person(build_world(), ALL)
    kinds = ask(ana, kind, about)
    assert kinds == [EventKind.RECEIVED, EventKind.RESTRICTED, *[EventKind.RESTRICTION_LIFTED] * endings]
    assert ask_gate(ana) == stopped, "what it ended stays ended, and why"
    allow_again(ana)
    assert ask_gate(ana) == ""


def test_each_of_two_objections_ends_alone(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    for about in (About.MARKETING, About.CHECKS):
        open_for(ana, Kind.OBJECTION, about)
    lift_own(participant_id=ana.id, flag="checks_objected", now=clock.now())
    assert flags_of(ana) == {"objected"}
    lift_own(participant_id=ana.id, flag="objected", now=clock.now())
    assert flags_of(ana) == set()


def test_a_flag_that_is_older_than_the_rows_ends_like_the_others(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    Participant.objects.filter(id=ana.id).update(restricted_at=clock.now())
    lift_own(participant_id=ana.id, flag="restricted", now=clock.now())
    assert flags_of(ana) == set()


def test_nobody_ends_the_restriction_of_an_erasure_that_goes_on(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    restrict(participant_id=ana.id, cause=RestrictionCause.ERASURE, case_id=None, now=clock.now())
    lift_own(participant_id=ana.id, flag="restricted", now=clock.now())
    assert flags_of(ana) == {"restricted"} and ask_gate(ana) == "D-FLAG-RESTRICTED"


def test_an_address_is_written_to_again_once_no_campaign_s_objection_stands(sqlite_database: str) -> None:
    spring, autumn = open_market(), open_market(slug="autumn-pot")
    people = [add_participant(market).participant_id for market in (spring, autumn)]
    address = (read_item(people[0], "email") or b"").decode()
    for person in people:
        open_case(
            kind=Kind.OBJECTION, about=About.MARKETING, country="FR", language="fr", door=Door.MY_PAGE, text="",
            participant_id=person, now=clock.now(),
        )  # fmt: skip
    lift_own(participant_id=people[0], flag="objected", now=clock.now())
    assert list_suppressed([address]) == {address}
    lift_own(participant_id=people[1], flag="objected", now=clock.now())
    assert list_suppressed([address]) == set()


def test_a_case_that_is_not_theirs_stops_nothing_for_them_but_what_they_asked_themselves(
    sqlite_database: str,
) -> None:
    world = build_world()
    for own in (False, True):
        ana = add_person(world, ALL)
        asked = [(Kind.RESTRICTION, About.NOTHING), (Kind.OBJECTION, About.NOTHING)]
        wrong = [*asked, (Kind.RECTIFICATION, About.USERNAME)]
        if own:
            for kind, about in asked:
                open_for(ana, kind, about)
            # Another case than the first: the first is closed, as its answer was given.
            Case.objects.filter(participant_id=ana.id).update(
                state="closed", closed_at=clock.now(), outcome="done", closed_by_user_id=ids.new_id()
            )
        for kind, about in wrong:
            case_id = open_for(ana, kind, about)
            undo_for_stranger(case_id=case_id, participant_id=ana.id, now=clock.now())
        assert flags_of(ana) == (set(FLAGS) if own else set())
        assert list_disputed(ana.id) == set()
        assert ask_gate(ana) != "", "what ended stays ended"
