"""Recipients on the console: how they are told, what they received, what has to be done since."""

from __future__ import annotations

import re

from django.test import Client

from onloan import clock
from onloan.consents.actions import withdraw_permission
from onloan.evidence.actions import number_entries
from onloan.uses.actions import decide_use
from onloan.uses.duties import make_duties
from onloan.uses.models import Notice, RecipientDoor, Takedown
from tests.consents.world import ALL, WALL, World, add_person, build_world
from tests.console.test_reviews import read, signed_in

PAGE = "/console/recipients/"


def pass_on_and_take_back(world: World) -> None:
    ana = add_person(world, ALL)
    for use in ({"recipient": "print-shop"}, {"is_copy": True}):
        decide_use(
            participant_id=ana.id, items=("profile_photo",), purpose="winner_wall", channel="winners_page",
            country="FR", **use,
        )  # fmt: skip
    withdraw_permission(participant_id=ana.id, permission_id=WALL, now=clock.now())
    number_entries()
    make_duties(now=clock.now())


def send(client: Client, **fields: object) -> str:
    return client.post(PAGE, fields, follow=True).content.decode()


def test_it_shows_who_received_what_and_what_has_to_be_done(sqlite_database: str) -> None:
    pass_on_and_take_back(build_world())
    page = read(signed_in("Dora", "dpo"), PAGE)
    assert "Imprimerie Exemple SARL" in page and "No way to tell them yet." in page
    assert "Imprimerie Exemple SARL has to be told, and there is no way yet" in page
    assert "a copy of your own, " in page and "taken back" in page
    assert re.search(r"profile photo</th><td>[^<]*</td><td class=\"number\">1</td>", page)
    for_growth = read(signed_in("Greg", "growth"), PAGE)
    assert not re.search(r">p[0-9A-Z]{13}<", for_growth), "whom is for those who handle cases"
    assert "<textarea" not in for_growth


def test_dora_says_how_they_are_told_and_ends_what_is_open(sqlite_database: str) -> None:
    world = build_world()
    pass_on_and_take_back(world)
    dora = signed_in("Dora", "dpo")
    door = {"act": "door", "id": world.version.offer_id, "recipient": "print-shop"}
    assert "E-INPUT" in send(dora, **door, kind="mail", address="nowhere")
    assert "told by mail" in send(dora, **door, kind="mail", address="data@print.example")
    secret = send(dora, **door, kind="webhook", address="https://print.example/hooks")
    assert re.search(r'<p class="code">whsec_[A-Za-z0-9+/=]{40,}</p>', secret)
    assert RecipientDoor.objects.get().kind == "webhook"
    takedown, notice = Takedown.objects.get(), Notice.objects.get()
    send(dora, act="done", id=takedown.id, reason="The poster was taken off the wall.")
    send(dora, act="except", id=notice.id, reason="The print shop closed in May.")
    assert "Nothing is open." in read(dora, PAGE)
    assert Takedown.objects.get().note == "The poster was taken off the wall."


def test_growth_changes_nothing(sqlite_database: str) -> None:
    world = build_world()
    pass_on_and_take_back(world)
    greg = signed_in("Greg", "growth")
    offer_id = world.version.offer_id
    send(greg, act="door", id=offer_id, recipient="print-shop", kind="mail", address="data@print.example")
    send(greg, act="done", id=Takedown.objects.get().id, reason="It was taken off the wall.")
    assert not RecipientDoor.objects.exists() and Takedown.objects.get().done_at is None
