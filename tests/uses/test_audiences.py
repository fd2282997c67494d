"""Mass uses on a real database: who is in one, what is on record, and what happens to those who take it back."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from onloan import clock
from onloan.consents.actions import stop_consents, withdraw_all, withdraw_permission
from onloan.errors import BadInput, NotFound
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.sets import find_members, list_members, read_set
from onloan.evidence.verify import verify_database
from onloan.people.actions import set_flag
from onloan.uses.audience_queries import (
    find_audience,
    list_audiences_of,
    list_ended_page,
    list_members_page,
)
from onloan.uses.audiences import AllowedAudience, Asker, AudienceDecision, decide_audience, prepare_audiences
from onloan.uses.errors import AudienceStopped
from onloan.uses.models import Audience
from tests.consents.world import (
    ALL,
    NAME,
    NOTHING,
    WALL,
    Person,
    World,
    add_person,
    build_world,
    current_numbers,
    make_permission,
    set_market_state,
)

DAY_SECONDS = 86_400
GREG = Asker(user_id=uuid.UUID(int=7))
CARD = {"purpose": "referral_card", "channel": "invitation_page", "country": "FR"}
WALL_USE = {"items": ("username_masked",), "purpose": "winner_wall", "channel": "winners_page"}


def ask(**changes: object) -> AudienceDecision:
    question: dict[str, object] = {"offer_slug": "spring-pot", "items": ("username",), "by": GREG, **CARD}
    prepare_audiences()
    return decide_audience(**{**question, **changes})  # type: ignore[arg-type]


def allowed(**changes: object) -> AllowedAudience:
    decision = ask(**changes)
    assert decision.audience is not None, decision.reason
    return decision.audience


def members(audience: AllowedAudience) -> list[int]:
    return list_members(audience.log_index, 1, 1_000)


def numbers_of(*people: Person, permission: str = NAME) -> list[int]:
    return sorted(current_numbers(person.id)[permission] for person in people)


def build_crowd() -> tuple[World, Person, Person, Person]:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, {**NOTHING, NAME: True}, country="GB", name="Ben")
    chloe = add_person(world, NOTHING, name="Chloé")
    return world, ana, ben, chloe


def test_it_takes_all_whom_the_use_may_touch_and_records_one_entry(both_databases: str) -> None:
    _, ana, ben, _ = build_crowd()
    audience = allowed()
    assert members(audience) == numbers_of(ana, ben)
    checkpoint = log.read_checkpoint()
    assert audience.log_index == checkpoint.size - 1, "its index is its as-of: nothing came between"
    entry = log.find_entry(audience.log_index).read()
    entry.pop("day")
    bits = read_set(audience.log_index, int(str(entry["set_bytes"])))
    assert entry == {
        "kind": "audience_allowed",
        "offer": "spring-pot",
        "market": "FR",
        "items": ["username"],
        "purpose": "referral_card",
        "channel": "invitation_page",
        "decision": "allow",
        "count": 2,
        "set_hash": audience.set_hash,
        "set_bytes": len(bits),
    }
    row = Audience.objects.get(id=audience.id)
    assert (row.count, row.set_hash, row.by_user_id, row.by_key_id) == (2, audience.set_hash, GREG.user_id, None)
    assert verify_database().problems == []


def test_it_leaves_out_whoever_took_it_back_or_is_flagged_before(both_databases: str) -> None:
    world, ana, ben, _ = build_crowd()
    greg = add_person(world, ALL, name="Greg")
    assert members(allowed()) == numbers_of(ana, ben, greg)
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    assert members(allowed()) == numbers_of(ben, greg)
    set_flag(participant_id=greg.id, flag="restricted", now=clock.now())
    stop_consents(participant_id=greg.id, reason="restricted", now=clock.now())
    assert members(allowed()) == numbers_of(ben)
    withdraw_all(participant_id=ben.id, now=clock.now())
    decision = ask()
    assert (decision.audience, decision.reason) == (None, "D-ITEM"), "the photo is what Ana still allows"
    assert verify_database().problems == []


def test_it_leaves_out_what_ran_out_without_any_job(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    clock.advance(29 * DAY_SECONDS)
    assert members(allowed(**WALL_USE)) == numbers_of(ana, permission=WALL)
    clock.advance(3 * DAY_SECONDS)
    assert ask(**WALL_USE).reason == "D-EXPIRED"
    assert members(allowed()) == numbers_of(ana)
    assert verify_database().problems == []


MISSING = [
    ({"purpose": "photo_wall"}, "D-PURPOSE"),
    ({"items": ("username_masked",)}, "D-ITEM"),
    ({"items": ("username", "profile_photo")}, "D-ITEM"),
    ({"channel": "shop_app"}, "D-CHANNEL"),
    ({"country": "DE"}, "D-TERRITORY"),
    ({**WALL_USE, "country": "GB"}, "D-TERRITORY"),
    ({"recipient": "print-shop"}, "D-RECIPIENT"),
    ({**WALL_USE, "recipient": "other-shop"}, "D-RECIPIENT"),
    ({"contexts": ("political",)}, "D-CONTEXT"),
    ({"contexts": ("endorsement",)}, "D-CONTEXT"),
]


@pytest.mark.parametrize(("changes", "reason"), MISSING)
def test_it_denies_what_no_permission_covers(
    sqlite_database: str, changes: dict[str, object], reason: str
) -> None:
    build_crowd()
    decision = ask(**changes)
    assert (decision.audience, decision.reason) == (None, reason)
    assert decision.sentence
    assert not Audience.objects.exists()
    number_entries()
    entry = log.find_entry(log.read_checkpoint().size - 1).read()
    assert (entry["kind"], entry["reason"], "about" in entry) == ("use_denied", reason, False)


def test_it_asks_each_version_for_itself(both_databases: str) -> None:
    """Only the second version names the shop's app; whoever answered the first was never asked for it."""
    from dataclasses import replace

    from tests.consents.world import PERMISSIONS, make_offer, publish

    world = build_world()
    add_person(world, ALL)
    wider = make_permission(NAME, channels=("invitation_page", "shop_app"))
    second = publish(make_offer("spring-pot", (wider, *PERMISSIONS[1:])), number=2)
    ben = add_person(replace(world, version=second), ALL, name="Ben")
    assert members(allowed(channel="shop_app")) == numbers_of(ben)
    assert allowed().count == 2


def test_it_names_nobody_of_another_offer(both_databases: str) -> None:
    build_crowd()
    other = build_world("autumn-pot")
    dora = add_person(other, ALL, name="Dora")
    assert members(allowed(offer_slug="autumn-pot")) == numbers_of(dora)


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_it_denies_where_the_campaign_does_not_run(both_databases: str, state: str) -> None:
    world, ana, ben, _ = build_crowd()
    set_market_state(world.market_ids["GB"], state)
    assert members(allowed()) == numbers_of(ana), "Ben joined where it is stopped"
    set_market_state(world.market_ids["FR"], state)
    assert ask().reason == "D-MARKET"


BAD = [
    ({"items": ()}, "items"),
    ({"purpose": "anything lawful"}, "purpose"),
    ({"purpose": "payout", "items": ("payee_name",), "channel": "payment_file"}, "purpose"),
    ({"channel": "any_media"}, "channel"),
    ({"country": "fr"}, "country"),
    ({"recipient": "x" * 65}, "recipient"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
def test_it_refuses_words_outside_the_vocabularies(
    sqlite_database: str, changes: dict[str, object], field: str
) -> None:
    build_crowd()
    with pytest.raises(BadInput) as refused:
        ask(**changes)
    assert refused.value.field == field


def test_it_knows_no_other_offer(sqlite_database: str) -> None:
    build_crowd()
    with pytest.raises(NotFound):
        ask(offer_slug="winter-pot")


def test_it_denies_while_the_log_has_stopped(both_databases: str) -> None:
    build_crowd()
    allowed()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_state SET hashes = %s", [b""])
    assert ask().reason == "D-LOG-DOWN"
    assert Audience.objects.count() == 1


def test_it_numbers_what_waits_before_it_decides(both_databases: str) -> None:
    """Ben's consent and Ana's withdrawal wait in the queue: both count, and both stand before the audience."""
    world = build_world()
    ana = add_person(world, ALL)
    prepare_audiences()
    ben = add_person(world, ALL, name="Ben")
    withdraw_all(participant_id=ana.id, now=clock.now())
    assert log.count_waiting() > 0
    decision = decide_audience(offer_slug="spring-pot", items=("username",), by=GREG, **CARD)  # type: ignore[arg-type]
    assert decision.audience is not None
    assert members(decision.audience) == numbers_of(ben)
    assert log.count_waiting() == 0
    assert verify_database().problems == []


def test_it_pages_members_and_leaves_out_whoever_took_it_back_since(both_databases: str) -> None:
    from onloan.people.queries import find_participant

    world = build_world()
    people = [add_person(world, ALL, name=f"Person {number}") for number in range(5)]
    audience = find_audience(allowed().id)
    withdraw_all(participant_id=people[1].id, now=clock.now())
    wanted = [find_participant(person.id).public_id for person in people]  # type: ignore[union-attr]
    del wanted[1]
    found, after = [], 0
    while True:
        page = list_members_page(audience, after=after, limit=2)
        found += page.public_ids
        if page.after is None:
            break
        after = page.after
    assert found == wanted
    set_market_state(world.market_ids["FR"], "suspended")
    with pytest.raises(AudienceStopped):
        list_members_page(audience)


def test_it_tells_whose_consent_ended_since(both_databases: str) -> None:
    from onloan.people.queries import find_participant

    world = build_world()
    ana, ben, chloe = (add_person(world, ALL, name=name) for name in ("Ana", "Ben", "Chloé"))
    withdraw_all(participant_id=chloe.id, now=clock.now())
    audience = find_audience(allowed().id)
    first = list_ended_page(audience)
    assert (first.ended, first.is_all) == ([], True)
    withdraw_permission(participant_id=ana.id, permission_id=WALL, now=clock.now())
    withdraw_permission(participant_id=ben.id, permission_id=NAME, now=clock.now())
    number_entries()
    second = list_ended_page(audience, after=first.after)
    public_id = find_participant(ben.id).public_id  # type: ignore[union-attr]
    assert [(line.public_id, line.cause) for line in second.ended] == [(public_id, "withdrawn")]
    assert list_ended_page(audience, after=second.after).ended == []
    assert list_ended_page(audience).ended == second.ended, "from the beginning it is told again"


def test_it_lists_the_mass_uses_that_touched_a_person(both_databases: str) -> None:
    _, ana, ben, chloe = build_crowd()
    first, wall = allowed(), allowed(**WALL_USE, recipient="print-shop", is_copy=True)
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    allowed()
    assert [use.audience.id for use in list_audiences_of(ana.id)] == [wall.id, first.id]
    assert [use.audience.id for use in list_audiences_of(ben.id)][1:] == [first.id]
    assert list_audiences_of(chloe.id) == []
    use = list_audiences_of(ana.id)[0]
    assert (use.audience.recipient, use.audience.is_copy) == ("print-shop", True)
    assert use.consent_numbers == (current_numbers(ana.id)[WALL],)


def test_it_looks_one_person_up_by_one_page_of_each_set(both_databases: str) -> None:
    build_crowd()
    audience = allowed()
    assert find_members([audience.log_index], [1, 999_999]) == {audience.log_index: [1]}
