"""The client against a real server, over roads good and bad: one question is one use, and a doubt is a no."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connections
from PIL import Image

from onloan import clock
from onloan.access.actions import create_key
from onloan.client import CallRefused, Gate, GateUnavailable, UsedData, UseDenied
from onloan.client.calls import read_base
from onloan.consents.actions import withdraw_permission
from onloan.evidence.verify import verify_database
from onloan.people.photos import prepare_photo
from onloan.people.queries import find_participant
from onloan.uses.models import Serving, Use
from tests.client.rough_road import BUSY, CUT, DROP, PASS, REST, SILENT, rough_road
from tests.conftest import empty_database
from tests.consents.world import ALL, WALL, Person, World, add_person, build_world
from tests.support.photos import portrait_png
from tests.support.server import ROOT, running_server

PHONE = "Mozilla/5.0 (Linux; Android 9; Phone) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile"
PAGE: dict[str, Any] = {
    "items": ["username_masked", "profile_photo"],
    "purpose": "winner_wall",
    "channel": "winners_page",
    "market": "FR",
}


@dataclass
class Shop:
    """The merchant's side: where the server is, and a key."""

    address: str
    key: str
    world: World

    def gate(self, address: str = "", timeout: float = 20.0) -> Gate:
        return Gate(address or self.address, self.key, timeout=timeout)

    def winner(self) -> tuple[Person, str]:
        person = add_person(self.world, ALL, name="Chloé", photo=prepare_photo(portrait_png()))
        found = find_participant(person.id)
        assert found is not None
        return person, found.public_id


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One server for all tests of an engine; each test has people of its own."""
    folder = tmp_path_factory.mktemp("shop")
    with empty_database(request.param, request, folder) as url:
        world = build_world()
        key = create_key(name="shop", scopes=["uses:write"], now=clock.now()).key
        with running_server(url, folder / "server-home") as server:
            yield Shop(server.address, key, world)
        connections.close_all()


def look(address: str) -> tuple[int, bytes]:
    request = urllib.request.Request(address, headers={"User-Agent": PHONE})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_it_hands_out_texts_and_addresses(shop: Shop) -> None:
    ana, person = shop.winner()
    with shop.gate().use(person, **PAGE) as data:
        assert data.text("username_masked").startswith("C•••")
        assert "profile_photo" in data and "username" not in data
        address = data.address("profile_photo", width=64)
    status, photo = look(address)
    assert status == 200
    with Image.open(io.BytesIO(photo)) as shown:
        assert shown.size == (64, 64)
    with pytest.raises(RuntimeError):
        data.text("username_masked")
    assert data.download("profile_photo").startswith(b"\xff\xd8")
    assert data.download("username_masked").decode().startswith("C•••")

    withdraw_permission(participant_id=ana.id, permission_id=WALL, now=clock.now())
    status, placeholder = look(address)
    assert (status, placeholder[:4]) == (410, b"<svg")
    with pytest.raises(UseDenied):
        data.download("profile_photo")
    with pytest.raises(UseDenied) as denied, shop.gate().use(person, **PAGE):
        pytest.fail("nothing runs after a no")
    assert denied.value.reason == "D-WITHDRAWN"
    assert denied.value.sentence
    assert verify_database().problems == []


def test_a_use_ends_with_its_block_only_where_that_was_asked(shop: Shop) -> None:
    ana, person = shop.winner()
    gate = shop.gate()
    with gate.use(person, **PAGE) as going_on:
        pass
    with gate.use(person, **PAGE, until_end=True) as over:
        assert look(over.address("profile_photo"))[0] == 200
    assert look(going_on.address("profile_photo"))[0] == 200
    assert look(over.address("profile_photo"))[0] == 410
    gate.end(going_on.use_id)
    gate.end(going_on.use_id)
    assert look(going_on.address("profile_photo"))[0] == 410
    assert Use.objects.filter(participant_id=ana.id, ended_at__isnull=False).count() == 2
    with pytest.raises(CallRefused) as refused:
        gate.end("0" * 32)
    assert refused.value.status == 404


def test_a_use_ends_even_when_its_block_fails(shop: Shop) -> None:
    _, person = shop.winner()

    class PrinterOnFire(Exception):
        pass

    with pytest.raises(PrinterOnFire), shop.gate().use(person, **PAGE, until_end=True) as data:
        raise PrinterOnFire
    assert look(data.address("profile_photo"))[0] == 410


def test_a_copy_is_recorded_as_one(shop: Shop) -> None:
    ana, person = shop.winner()
    with shop.gate().use(person, **PAGE, recipient="print-shop", copy=True) as data:
        assert data.download("profile_photo", width=128).startswith(b"\xff\xd8")
    use = Use.objects.get(participant_id=ana.id)
    assert (use.is_copy, use.recipient) == (True, "print-shop")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"items": ["voice"]}, "E-FIELDS"), ({"market": "France"}, "E-FIELDS"), ({"purpose": ""}, "E-FIELDS")],
)
def test_a_wrong_question_is_refused_at_once(shop: Shop, changes: dict[str, Any], code: str) -> None:
    _, person = shop.winner()
    with pytest.raises(CallRefused) as refused, shop.gate().use(person, **{**PAGE, **changes}):
        pytest.fail("nothing runs after a refusal")
    assert 400 <= refused.value.status < 500
    assert refused.value.code.startswith("E-") and refused.value.sentence


def test_a_wrong_key_is_refused_at_once(shop: Shop) -> None:
    _, person = shop.winner()
    with pytest.raises(CallRefused) as refused, Gate(shop.address, "wrong").use(person, **PAGE):
        pytest.fail("nothing runs after a refusal")
    assert refused.value.status == 401


@pytest.mark.parametrize("plan", [(CUT,), (DROP,), (BUSY, BUSY), (CUT, DROP, BUSY, CUT), (PASS,)])
def test_what_gets_lost_is_asked_again_and_recorded_once(shop: Shop, plan: tuple[str, ...]) -> None:
    ana, person = shop.winner()
    with rough_road(shop.address, *plan) as road, shop.gate(road.address).use(person, **PAGE) as data:
        assert data.text("username_masked")
        assert len(set(road.keys)) == 1
        assert len(road.keys) == len(plan) + (plan != (PASS,))
    assert [str(use.id) for use in Use.objects.filter(participant_id=ana.id)] == [data.use_id]


def test_it_asks_again_on_a_fresh_connection_when_a_rested_one_is_gone(shop: Shop) -> None:
    ana, person = shop.winner()
    with rough_road(shop.address, REST, REST, REST) as road:
        gate = shop.gate(road.address)
        for _ in range(4):
            with gate.use(person, **PAGE):
                pass
    assert Use.objects.filter(participant_id=ana.id).count() == 4


def test_it_gives_up_at_its_deadline_and_nothing_is_shown(shop: Shop) -> None:
    _, person = shop.winner()
    with rough_road(shop.address, *[SILENT] * 50) as road:
        with pytest.raises(GateUnavailable), shop.gate(road.address, timeout=1.5).use(person, **PAGE):
            pytest.fail("nothing runs without an answer")
        assert len(road.keys) == 1
    with rough_road(shop.address, *[BUSY] * 50) as road:
        with pytest.raises(GateUnavailable), shop.gate(road.address, timeout=0.5).use(person, **PAGE):
            pytest.fail("nothing runs without an answer")
        assert len(road.keys) > 1


def test_a_repetition_hands_out_nothing_that_was_taken_back_meanwhile(shop: Shop) -> None:
    ana, person = shop.winner()
    with rough_road(shop.address, CUT) as road:
        real = road.ask

        def taken_back_after_the_first(*args: Any) -> tuple[int, bytes]:
            answer = real(*args)
            withdraw_permission(participant_id=ana.id, permission_id=WALL, now=clock.now())
            connections.close_all()
            return answer

        road.ask = taken_back_after_the_first  # type: ignore[method-assign]
        with pytest.raises(UseDenied), shop.gate(road.address).use(person, **PAGE):
            pytest.fail("nothing runs after a no")
    assert Use.objects.filter(participant_id=ana.id, allowed=True).count() == 1


def test_many_threads_share_a_gate(shop: Shop) -> None:
    ana, person = shop.winner()
    gate = shop.gate()

    def ask(_: int) -> str:
        with gate.use(person, **PAGE) as data:
            return data.use_id

    with ThreadPoolExecutor(8) as threads:
        use_ids = list(threads.map(ask, range(40)))
    assert len(set(use_ids)) == 40
    assert Use.objects.filter(participant_id=ana.id).count() == 40


def test_what_was_shown_is_counted_through_the_server(shop: Shop) -> None:
    ana, person = shop.winner()
    with shop.gate().use(person, **PAGE) as data:
        for _ in range(3):
            look(data.address("profile_photo"))
    shown: list[int] = []
    for _ in range(100):
        # The server writes what it counted each second; the texts that were handed out are no views.
        shown = list(Serving.objects.filter(participant_id=ana.id).values_list("count", flat=True))
        if sum(shown) == 3:
            break
        time.sleep(0.1)
    assert sum(shown) == 3


@pytest.mark.parametrize(
    "url",
    [
        "http://pot.example",
        "pot.example",
        "ftp://pot.example",
        "https://",
        "https://u:p@pot.example",
        "https://h/?q",
    ],
)
def test_a_key_never_goes_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError):
        Gate(url, "key")


def test_it_knows_its_server() -> None:
    assert read_base("https://pot.example/").path == ""
    assert read_base("http://127.0.0.1:8000").port == 8000


def test_addresses_have_only_widths_that_there_are() -> None:
    data = UsedData("", {"profile_photo": {"address": "https://pot.example/i/t/profile_photo.jpg"}}, None)  # type: ignore[arg-type]
    assert data.address("profile_photo", 256) == "https://pot.example/i/t/profile_photo-256.jpg"
    with pytest.raises(ValueError):
        data.address("profile_photo", 100)
    with pytest.raises(KeyError):
        data.address("username")


ALONE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in sys.stdlib_module_names and not (
            name == "onloan" or name == "onloan.client" or name.startswith("onloan.client.")
        ):
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Blocked())
from onloan.client import Gate, UseDenied
Gate("https://pot.example", "key")
try:
    import django
except ImportError:
    print("alone")
"""


def test_it_needs_nothing_but_the_standard_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE],
        cwd=ROOT,
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("alone", "")
