"""Taking back: one act, no reason, no sign-in needed, at commit; and what ends a consent without the person."""

from __future__ import annotations

import uuid

import pytest

from onloan import clock, ids
from onloan.consents.actions import (
    expire_due,
    stop_consents,
    withdraw_all,
    withdraw_by_receipt,
    withdraw_permission,
)
from onloan.consents.models import Consent
from onloan.consents.queries import AnswerCounts, count_answers, list_consents
from onloan.errors import NotFound
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.verify import verify_database
from onloan.people.models import CodeLookup
from onloan.people.queries import find_by_code
from tests.consents.world import (
    ALL,
    NAME,
    NOTHING,
    PHOTO,
    WALL,
    Person,
    add_person,
    build_world,
    current_numbers,
    set_market_state,
)

DAY_SECONDS = 86_400


def states(person: Person) -> dict[str, str]:
    return {consent.permission_id: consent.state for consent in list_consents(person.id)}


def entries_of(kind: str) -> list[dict[str, object]]:
    number_entries()
    found = [dict(entry.read()) for entry in log.entries(0, 1000)]
    return [entry for entry in found if entry["kind"] == kind]


def test_it_takes_one_permission_back(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    number = current_numbers(ana.id)[NAME]
    assert withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now()) == (NAME,)
    assert states(ana) == {NAME: "withdrawn", PHOTO: "allowed", WALL: "allowed"}
    assert set(states(ben).values()) == {"allowed"}
    (entry,) = entries_of("consent_withdrawn")
    assert (entry["consent_number"], entry["permission"], entry["market"]) == (number, NAME, "FR")
    assert verify_database().problems == []


def test_it_does_no_harm_twice(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    first = Consent.objects.get(permission_id=NAME).ended_at
    assert withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now()) == ()
    assert withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now(), door="staff") == ()
    assert Consent.objects.get(permission_id=NAME).ended_at == first
    assert len(entries_of("consent_withdrawn")) == 1


def test_it_takes_everything_back_at_once(both_databases: str) -> None:
    ana = add_person(build_world(), {**ALL, PHOTO: False})
    assert set(withdraw_all(participant_id=ana.id, now=clock.now())) == {NAME, WALL}
    assert states(ana) == {NAME: "withdrawn", PHOTO: "refused", WALL: "withdrawn"}
    assert withdraw_all(participant_id=ana.id, now=clock.now()) == ()
    assert len(entries_of("consent_withdrawn")) == 2


def test_it_takes_back_where_the_campaign_is_stopped(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    set_market_state(world.market_ids["FR"], "suspended")
    assert len(withdraw_all(participant_id=ana.id, now=clock.now())) == 3


def test_it_knows_nobody_by_a_wrong_name(both_databases: str) -> None:
    ana = add_person(build_world(), NOTHING)
    with pytest.raises(NotFound):
        withdraw_permission(participant_id=ana.id, permission_id="hometown", now=clock.now())
    with pytest.raises(NotFound):
        withdraw_permission(participant_id=uuid.uuid4(), permission_id=NAME, now=clock.now())
    with pytest.raises(ValueError, match="window"):
        withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now(), door="window")


def test_it_takes_back_through_the_receipts_own_link(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    typed = " " + ana.receipt_token.lower()[:9] + " " + ana.receipt_token[9:] + "\n"
    assert withdraw_by_receipt(token=typed, permission_id=NAME, now=clock.now()) == (NAME,)
    assert Consent.objects.get(participant_id=ana.id, permission_id=NAME).end_door == "receipt"
    assert set(withdraw_by_receipt(token=ana.receipt_token, permission_id=None, now=clock.now())) == {PHOTO, WALL}
    assert set(states(ben).values()) == {"allowed"}


def test_it_opens_nothing_with_another_code(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    wrong = ids.new_code(26)
    for token in ("", "x", wrong, ana.receipt_token[:-1], ana.receipt_token[::-1], "0" * 5000, "🌱" * 10):
        with pytest.raises(NotFound):
            withdraw_by_receipt(token=token, permission_id=None, now=clock.now())
    with pytest.raises(NotFound):
        withdraw_by_receipt(token=ana.receipt_token, permission_id="hometown", now=clock.now())
    assert set(states(ana).values()) == {"allowed"}


def test_it_keeps_no_receipt_code(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    assert find_by_code("receipt", ana.receipt_token) == (ana.id, ana.receipt_id)
    row = CodeLookup.objects.get(kind="receipt")
    assert ana.receipt_token not in {row.value_hash, str(row.target_id)}
    assert len(ana.receipt_token) == 27, "26 characters, 130 bits, and one to catch a slip"


@pytest.mark.parametrize("reason", ["objected", "restricted", "erased"])
def test_it_stops_each_consent_with_an_entry_of_its_own(both_databases: str, reason: str) -> None:
    ana = add_person(build_world(), {**ALL, WALL: False})
    numbers = set(current_numbers(ana.id).values())
    assert stop_consents(participant_id=ana.id, reason=reason, now=clock.now()) == 2
    assert states(ana) == {NAME: "stopped", PHOTO: "stopped", WALL: "refused"}
    entries = entries_of("consent_stopped")
    assert {entry["consent_number"] for entry in entries} == numbers
    assert {entry["reason"] for entry in entries} == {reason}
    assert stop_consents(participant_id=ana.id, reason=reason, now=clock.now()) == 0


def test_it_writes_down_what_ran_out(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, {**NOTHING, WALL: True}, country="GB", name="Ben")
    assert expire_due(now=clock.now()) == 0
    clock.advance(32 * DAY_SECONDS)
    assert states(ana)[WALL] == "expired", "without any job"
    assert expire_due(now=clock.now()) == 2
    assert expire_due(now=clock.now()) == 0
    assert states(ana) == {NAME: "allowed", PHOTO: "allowed", WALL: "expired"}
    assert states(ben)[WALL] == "expired"
    assert len(entries_of("consent_expired")) == 2
    assert verify_database().problems == []


def test_it_expires_no_more_people_than_asked(both_databases: str) -> None:
    world = build_world()
    for name in ("Ana", "Ben", "Chloé"):
        add_person(world, {**NOTHING, WALL: True}, name=name)
    clock.advance(32 * DAY_SECONDS)
    assert expire_due(now=clock.now(), limit=2) == 2
    assert expire_due(now=clock.now(), limit=2) == 1


def test_it_calls_expired_what_ran_out_before_it_was_taken_back(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    clock.advance(32 * DAY_SECONDS)
    withdraw_all(participant_id=ana.id, now=clock.now())
    assert states(ana) == {NAME: "withdrawn", PHOTO: "withdrawn", WALL: "expired"}


def test_it_counts_answers_by_market_and_permission(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    add_person(world, {**NOTHING, NAME: True}, name="Ben")
    add_person(world, NOTHING, country="GB", name="Chloé")
    withdraw_permission(participant_id=ana.id, permission_id=PHOTO, now=clock.now())
    elsewhere = uuid.uuid4()
    assert count_answers([*world.market_ids.values(), elsewhere]) == {
        world.market_ids["FR"]: [
            AnswerCounts(NAME, allowed=2, refused=0, withdrawn=0),
            AnswerCounts(PHOTO, allowed=0, refused=1, withdrawn=1),
            AnswerCounts(WALL, allowed=1, refused=1, withdrawn=0),
        ],
        world.market_ids["GB"]: [AnswerCounts(name, 0, 1, 0) for name in (NAME, PHOTO, WALL)],
        elsewhere: [],
    }
