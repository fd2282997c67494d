"""Uses that rest on no consent: the same rule, a record of each person, and one entry that says how many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from onloan import clock
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.verify import verify_database
from onloan.people.actions import FLAGS, Flag, lift_flag, set_flag
from onloan.people.models import Participant
from onloan.uses.actions import decide_use
from onloan.uses.basis import record_basis_uses
from onloan.uses.errors import RecordBehind
from onloan.uses.models import Use
from onloan.uses.queries import MARKETING_PURPOSES, list_incidents
from tests.consents.world import ALL, Person, World, add_person, build_world, set_market_state

PAYEE = ("payee_name", "payee_account")


@pytest.fixture
def world(both_databases: str) -> World:
    return build_world()


def pay(*people: Person) -> list[bool]:
    """Whether each of them can be paid."""
    allowed = record_basis_uses(
        participant_ids=[person.id for person in people], items=PAYEE, purpose="payout", channel="payment_file"
    )
    return [person.id in allowed for person in people]


def look(*people: Person) -> list[bool]:
    allowed = record_basis_uses(
        participant_ids=[person.id for person in people],
        items=("email",),
        purpose="fraud_checks",
        channel="review",
        is_once_a_day=True,
    )
    return [person.id in allowed for person in people]


def read_log() -> list[dict[str, object]]:
    number_entries()
    found = [dict(entry.read()) for entry in log.entries(0, log.read_checkpoint().size)]
    return [entry for entry in found if str(entry["kind"]).startswith("use_")]


def test_it_records_each_person_and_says_in_the_log_how_many(world: World) -> None:
    people = [add_person(world, ALL) for _ in range(3)] + [add_person(world, ALL, country="GB")]
    assert pay(*people) == [True] * 4
    uses = Use.objects.filter(purpose="payout")
    assert {use.participant_id for use in uses} == {person.id for person in people}
    assert {(use.basis, use.consent_number, use.channel) for use in uses} == {("contract", None, "payment_file")}
    entries = {str(entry["market"]): entry for entry in read_log()}
    assert {market: entry["count"] for market, entry in entries.items()} == {"FR": 3, "GB": 1}
    assert (entries["FR"]["kind"], entries["FR"]["basis"]) == ("use_on_basis", "contract")
    assert "about" not in entries["FR"]
    assert verify_database().problems == []


@pytest.mark.parametrize("flag", FLAGS)
def test_no_flag_and_no_stopped_market_keeps_anybody_from_being_paid(world: World, flag: Flag) -> None:
    ana = add_person(world, ALL)
    set_flag(participant_id=ana.id, flag=flag, now=clock.now())
    set_market_state(world.market_ids["FR"], "suspended")
    assert pay(ana) == [True]


@pytest.mark.parametrize(
    ("flag", "reason"), [("restricted", "D-FLAG-RESTRICTED"), ("checks_objected", "D-FLAG-OBJECTED")]
)
def test_a_flag_keeps_a_person_from_being_looked_at(world: World, flag: Flag, reason: str) -> None:
    ana, ben, chloe = (add_person(world, ALL) for _ in range(3))
    set_flag(participant_id=ana.id, flag=flag, now=clock.now())
    # Whoever does not want to be advertised with has said nothing about checks.
    set_flag(participant_id=chloe.id, flag="objected", now=clock.now())
    assert look(ana, ben, chloe) == [False, True, True]
    assert Use.objects.get(participant_id=ana.id).reason == reason
    assert sorted(str(entry["kind"]) for entry in read_log()) == ["use_denied", "use_on_basis"]


def test_who_was_erased_is_not_used(world: World) -> None:
    ana = add_person(world, ALL)
    Participant.objects.filter(id=ana.id).update(erased_at=clock.now())
    assert pay(ana) == [False]


def test_once_a_day_is_on_record_once_for_each_answer(world: World) -> None:
    ana = add_person(world, ALL)
    assert look(ana) == look(ana) == [True]
    set_flag(participant_id=ana.id, flag="checks_objected", now=clock.now())
    assert look(ana) == look(ana) == [False], "the record of the morning allows nothing"
    lift_flag(participant_id=ana.id, flag="checks_objected")
    assert look(ana) == [True]
    assert [use.allowed for use in Use.objects.order_by("id")] == [True, False]
    number_entries()
    clock.advance(86_400)
    assert look(ana) == [True]
    assert Use.objects.count() == 3


def test_what_cannot_be_recorded_is_not_used(world: World) -> None:
    ana = add_person(world, ALL)
    clock.advance(11)
    with pytest.raises(RecordBehind):
        pay(ana)
    number_entries()
    assert pay(ana) == [True]


def test_items_beyond_the_basis_are_denied(world: World) -> None:
    ana = add_person(world, ALL)
    allowed = record_basis_uses(
        participant_ids=[ana.id], items=("profile_photo",), purpose="fraud_checks", channel="review"
    )
    assert allowed == set()
    assert Use.objects.get().reason == "D-ITEM"


def test_marketing_after_an_objection_is_an_incident(world: World) -> None:
    ana, ben = add_person(world, ALL), add_person(world, ALL)
    began = clock.now()
    for person in (ana, ben):
        ask(person, "referral_card")
    set_flag(participant_id=ana.id, flag="objected", now=clock.now())
    asked = ask(ana, "referral_card")
    ask(ana, "referral_acceptance")
    ask(ben, "winner_wall")
    assert "referral_acceptance" not in MARKETING_PURPOSES
    [incident] = list_incidents(since=began)
    assert (incident.use_id, incident.participant_id, incident.purpose) == (asked, ana.id, "referral_card")
    assert list_incidents(since=began, market_ids=[world.market_ids["GB"]]) == []
    assert list_incidents(since=clock.now() + timedelta(minutes=1)) == []


def ask(person: Person, purpose: str) -> object:
    return decide_use(
        participant_id=person.id, items=("username",), purpose=purpose, channel="invitation_page", country="FR"
    ).use_id


def test_incidents_are_found_without_reading_every_use(postgresql_database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM uses_use WHERE reason = 'D-FLAG-OBJECTED' ORDER BY id DESC LIMIT 50"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "uses_use_after_objection" in plan
