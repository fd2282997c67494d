"""What a person, and the merchant, read about uses."""

from __future__ import annotations

import uuid

from onloan.uses.actions import decide_use
from onloan.uses.queries import NO_USES, count_market_uses, count_uses, list_uses
from tests.consents.world import ALL, NAME, WALL, Person, add_person, build_world


def ask(
    person: Person, item: str = "username", purpose: str = "referral_card", channel: str = "invitation_page"
) -> bool:
    return decide_use(
        participant_id=person.id, items=(item,), purpose=purpose, channel=channel, country="FR"
    ).allowed


def test_it_lists_the_newest_first_and_no_more_than_asked(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, {**ALL, "invitation-photo": False}), add_person(world, ALL, name="Ben")
    assert [ask(ana), ask(ana, "profile_photo"), ask(ben)] == [True, False, True]
    uses = list_uses(ana.id)
    assert [(use.allowed, use.items, use.reason) for use in uses] == [
        (False, ("profile_photo",), "D-NO-CONSENT"),
        (True, ("username",), ""),
    ]
    assert uses[0].sentence == "This person has not allowed this."
    assert [use.id for use in list_uses(ana.id, 1)] == [uses[0].id]
    assert list_uses(ana.id, 0) == list_uses(ana.id, -5) == []
    assert [use.items for use in list_uses(ana.id, only_allowed=True)] == [("username",)]


def test_it_counts_by_permission_and_by_market(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    ben = add_person(world, ALL, country="GB", name="Ben")
    assert all([ask(ana), ask(ana), ask(ana, "username_masked", "winner_wall", "winners_page"), ask(ben)])
    assert not ask(ana, "username", "photo_wall")
    assert count_uses(ana.id) == {NAME: 2, WALL: 1}
    elsewhere = uuid.uuid4()
    counts = count_market_uses([*world.market_ids.values(), elsewhere])
    france = counts[world.market_ids["FR"]]
    assert (france.allowed, france.denied) == (3, 1)
    assert france.last_at == list_uses(ana.id)[0].decided_at
    assert counts[world.market_ids["GB"]].allowed == 1, "Ben joined there, wherever he was shown"
    assert counts[elsewhere] == NO_USES
