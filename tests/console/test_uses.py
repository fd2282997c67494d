"""What the gate answered, as the team reads it."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client

from onloan import clock
from onloan.people.actions import set_flag
from onloan.uses.actions import decide_use
from onloan.uses.models import Use
from onloan.uses.tally import tally_uses
from tests.consents.world import ALL, Person, World, add_person, build_world
from tests.console.test_reviews import read, signed_in


@pytest.fixture
def world(both_databases: str) -> World:
    return build_world()


def ask(person: Person, item: str = "username") -> None:
    decide_use(
        participant_id=person.id, items=(item,), purpose="referral_card", channel="invitation_page", country="FR"
    )


def tiles(page: str) -> list[str]:
    return re.findall(r"<b>([0-9,]+)</b>", page)


def test_it_counts_by_market_and_reason_and_writes_each_reason_out(world: World) -> None:
    ana, ben = add_person(world, ALL), add_person(world, ALL, country="GB", name="Ben")
    for person in (ana, ana, ben):
        ask(person)
    ask(ana, "username_masked")
    page = read(signed_in("Dora", "dpo"), "/console/uses/")
    assert tiles(page) == ["3", "1", "0", "0", "0"]
    assert "This person has not allowed all of these items together for this purpose." in page
    assert "D-ITEM" in page and '<svg class="chart"' in page
    in_britain = read(signed_in("Dora", "dpo"), "/console/uses/?market=spring-pot/GB")
    assert tiles(in_britain) == ["1", "0", "0", "0", "0"] and "Nothing was denied." in in_britain


def test_marketing_after_an_objection_is_an_incident(world: World) -> None:
    ana = add_person(world, ALL)
    set_flag(participant_id=ana.id, flag="objected", now=clock.now())
    ask(ana)
    page = read(signed_in("Dora", "dpo"), "/console/uses/")
    assert tiles(page) == ["0", "1", "1", "0", "0"]
    assert "The gate denied each of these." in page
    assert re.search(r"<td[^>]*>p[0-9A-Z]{13}</td>", page)
    for_growth = read(signed_in("Greg", "growth"), "/console/uses/")
    assert "The gate denied each of these." in for_growth
    assert not re.search(r"<td[^>]*>p[0-9A-Z]{13}</td>", for_growth), "whom is for those who handle cases"


def test_what_is_older_is_not_counted(world: World) -> None:
    ana = add_person(world, ALL)
    ask(ana)
    now = clock.now()
    assert [tally.count for tally in tally_uses(since=now - timedelta(days=1), now=now)] == [1]
    assert not tally_uses(since=now + timedelta(minutes=1), now=now)
    Use.objects.update(decided_at=now - timedelta(days=31))
    page = read(signed_in("Dora", "dpo"), "/console/uses/")
    assert tiles(page) == ["0", "0", "0", "0", "0"]
    assert "The gate was not asked in these days." in page


def test_a_key_made_long_ago_bounds_what_is_read(world: World) -> None:
    ana = add_person(world, ALL)
    ask(ana)
    now = clock.now()
    old = uuid.UUID(int=int((now - timedelta(days=3)).timestamp() * 1000) << 80)
    Use.objects.update(id=old)
    assert not tally_uses(since=now - timedelta(days=2), now=now)
    assert tally_uses(since=now - timedelta(days=4), now=now)


@pytest.mark.parametrize("address", ["/console/uses/", "/console/uses/?market=nowhere/XX"])
def test_it_is_read_in_french_and_with_nothing_in_it(sqlite_database: str, address: str) -> None:
    page = read(signed_in("Dora", "dpo", "fr"), address)
    assert '<html lang="fr">' in page and "style=" not in page


def test_strangers_are_sent_to_sign_in(sqlite_database: str) -> None:
    assert Client(HTTP_HOST="127.0.0.1").get("/console/uses/").status_code == 302
