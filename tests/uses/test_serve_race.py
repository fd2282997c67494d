"""Views while people take back: none that begins after the withdrawal's commit is answered with the photo."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import pytest
from django.db import connections

from onloan import clock
from onloan.consents.actions import withdraw_permission
from onloan.uses.actions import decide_use
from onloan.uses.addresses import ItemAddress
from onloan.uses.serving import Shown, serve_items
from tests.consents.world import ALL, NAME, Person, add_person, build_world

VIEWERS, PEOPLE = 3, 6


@dataclass
class Views:
    """What viewers saw of each person: when each view began, and whether it was shown."""

    stop: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[int, int, Shown]] = field(default_factory=list)

    def look(self, addresses: list[ItemAddress]) -> None:
        try:
            while not self.stop.is_set():
                began = time.monotonic_ns()
                answers = serve_items(addresses)
                self.seen += [(began, place, answer.shown) for place, answer in enumerate(answers)]
        finally:
            connections.close_all()


def address_of(person: Person) -> ItemAddress:
    decision = decide_use(
        participant_id=person.id, items=("username",), purpose="referral_card", channel="invitation_page",
        country="FR",
    )  # fmt: skip
    assert decision.use_id is not None
    return ItemAddress(decision.use_id, "username", None)


@pytest.mark.slow
def test_no_view_after_the_commit_shows_it(both_databases: str) -> None:
    world = build_world()
    people = [add_person(world, ALL) for _ in range(PEOPLE)]
    addresses = [address_of(person) for person in people]
    views = Views()
    threads = [threading.Thread(target=views.look, args=(addresses,)) for _ in range(VIEWERS)]
    for thread in threads:
        thread.start()
    committed: list[int] = []
    for person in people:
        before = len(views.seen)
        while len(views.seen) < before + PEOPLE * VIEWERS:
            time.sleep(0.001)
        withdraw_permission(participant_id=person.id, permission_id=NAME, now=clock.now())
        committed.append(time.monotonic_ns())
    before = len(views.seen)
    while len(views.seen) < before + 2 * PEOPLE * VIEWERS:
        time.sleep(0.001)
    views.stop.set()
    for thread in threads:
        thread.join()
    late = [shown for began, place, shown in views.seen if began > committed[place]]
    assert late and set(late) == {Shown.GONE}
    assert any(shown is Shown.YES for _, _, shown in views.seen)
    assert {shown for _, _, shown in views.seen} == {Shown.YES, Shown.GONE}
