"""Asking for everybody whom a use may touch: over HTTP, from the shell, and being told who takes it back."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from pyroaring import BitMap
from typer.testing import CliRunner

from onloan import clock
from onloan.cli.main import build_app
from onloan.consents.actions import withdraw_permission
from onloan.errors import BadInput, NotAllowed
from onloan.evidence.actions import number_entries
from onloan.outbox.actions import add_endpoint
from onloan.outbox.models import Message
from onloan.people.queries import find_participant
from onloan.uses.audience_changes import tell_changes
from onloan.uses.models import Audience
from tests.api.support import open_shop, problem_of
from tests.consents.world import (
    ALL,
    NAME,
    NOTHING,
    Person,
    add_person,
    build_world,
    current_numbers,
    set_market_state,
)
from tests.support.offers import make_team

QUESTION = {
    "offer": "spring-pot", "market": "FR", "items": ["username"], "purpose": "referral_card",
    "channel": "invitation_page",
}  # fmt: skip


def public_id(person: Person) -> str:
    participant = find_participant(person.id)
    assert participant is not None
    return participant.public_id


def test_it_answers_with_a_set_that_pages_and_loses_who_took_it_back(both_databases: str) -> None:
    world, shop = build_world(), open_shop("uses:write")
    ana, ben = add_person(world, ALL), add_person(world, {**NOTHING, NAME: True}, name="Ben")
    add_person(world, NOTHING, name="Chloé")
    first = shop.post("/audiences", QUESTION, again="once")
    answer = json.loads(first.content)
    assert (answer["decision"], answer["count"]) == ("allowed", 2)
    assert json.loads(shop.post("/audiences", QUESTION, again="once").content) == answer
    assert Audience.objects.count() == 1
    page = json.loads(shop.get(f"/audiences/{answer['audience']}/ids").content)
    assert page == {
        "participants": sorted([public_id(ana), public_id(ben)], key=page["participants"].index),
        "after": None,
    }
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    number_entries()
    assert json.loads(shop.get(f"/audiences/{answer['audience']}/ids").content)["participants"] == [public_id(ben)]
    ended = json.loads(shop.get(f"/audiences/{answer['audience']}/ended").content)
    assert ended["ended"] == [{"participant": public_id(ana), "cause": "withdrawn"}]
    assert ended["is_all"] is True
    later = json.loads(shop.get(f"/audiences/{answer['audience']}/ended?after={ended['after']}").content)
    assert later["ended"] == []


def test_it_says_no_with_a_reason(both_databases: str) -> None:
    world, shop = build_world(), open_shop("uses:write")
    add_person(world, NOTHING)
    denied = json.loads(shop.post("/audiences", QUESTION).content)
    assert denied["decision"] == "denied" and denied["reason"].startswith("D-") and denied["sentence"]
    add_person(world, ALL, name="Ben")
    audience = json.loads(shop.post("/audiences", QUESTION).content)["audience"]
    set_market_state(world.market_ids["FR"], "suspended")
    assert json.loads(shop.post("/audiences", QUESTION).content)["reason"] == "D-MARKET"
    stopped = shop.get(f"/audiences/{audience}/ids")
    assert problem_of(stopped)["code"] == "E-AUDIENCE-STOPPED"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"purpose": "anything"}, 422),
        ({"purpose": "payout"}, 422),
        ({"items": []}, 422),
        ({"market": "france"}, 422),
        ({"offer": "another-pot"}, 404),
        ({"email": "ana@example.org"}, 422),
        ({"recipient": "ana@example.org"}, 422),
    ],
)
def test_it_refuses_bad_questions_and_stores_nothing(
    sqlite_database: str, changes: dict[str, object], status: int
) -> None:
    build_world()
    response = open_shop("uses:write").post("/audiences", {**QUESTION, **changes})
    assert response.status_code == status
    problem_of(response)
    assert not Audience.objects.exists()


def test_it_needs_the_scope(sqlite_database: str) -> None:
    build_world()
    shop = open_shop("events:write")
    assert shop.post("/audiences", QUESTION).status_code == 403
    assert shop.get(f"/audiences/{uuid.uuid4()}/ids").status_code == 403
    assert open_shop("uses:write").get(f"/audiences/{uuid.uuid4()}/ended").status_code == 404


def test_it_tells_once_that_members_took_it_back(both_databases: str) -> None:
    world, shop = build_world(), open_shop("uses:write")
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    add_endpoint(url="https://shop.example/hooks", events=["audience.changed"], now=clock.now())
    answer = json.loads(shop.post("/audiences", QUESTION).content)
    tell_changes(now=clock.now())
    events = Message.objects.filter(template="audience.changed")
    assert not events.exists()
    for person in (ana, ben):
        withdraw_permission(participant_id=person.id, permission_id=NAME, now=clock.now())
    number_entries()
    for _ in range(3):
        tell_changes(now=clock.now())
    (event,) = events
    assert event.context["audience"] == answer["audience"] and event.context["ended_count"] == 2
    assert public_id(ana) not in json.dumps(event.context)
    ended = json.loads(shop.get(f"/audiences/{answer['audience']}/ended?after={event.context['after']}").content)
    assert {line["participant"] for line in ended["ended"]} == {public_id(ana), public_id(ben)}


def test_the_command_line_writes_ids_and_numbers(both_databases: str, tmp_path: Path) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    make_team()
    command = [
        "audience", "spring-pot", "--market", "fr", "--purpose", "referral_card", "--channel", "invitation_page",
        "--item", "username",
    ]  # fmt: skip

    def run(out: Path, by: str = "greg@boutique.example") -> str:
        result = CliRunner().invoke(build_app(), [*command, "--out", str(out), "--by", by], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    ids, numbers = tmp_path / "ids.csv", tmp_path / "ids.roaring"
    assert "1 consents" in run(ids)
    assert ids.read_text() == f"participant\n{public_id(ana)}\n"
    assert ids.stat().st_mode & 0o777 == 0o600
    run(numbers)
    assert list(BitMap.deserialize(numbers.read_bytes())) == [current_numbers(ana.id)[NAME]]
    for out in (ids, tmp_path / "ids.txt", tmp_path / "none" / "ids.csv"):
        with pytest.raises(BadInput):
            run(out)
    with pytest.raises(NotAllowed):
        run(tmp_path / "more.csv", by="fay@boutique.example")
