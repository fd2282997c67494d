"""When a permission ends: recipients are told and answer, copies are taken down, and nothing is forgotten."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import Client
from standardwebhooks import Webhook

from onloan import clock
from onloan.access.team import add_team_member
from onloan.cases.actions import open_case
from onloan.cases.rules import Door, Kind
from onloan.consents.actions import expire_due, withdraw_permission
from onloan.errors import BadInput, NotFound
from onloan.evidence.actions import number_entries
from onloan.evidence.queries import entries
from onloan.evidence.verify import verify_database
from onloan.outbox.actions import deliver_due
from onloan.outbox.models import Message
from onloan.uses.actions import decide_use
from onloan.uses.audiences import Asker, decide_audience, prepare_audiences
from onloan.uses.duties import make_duties, take_down_seen, tell_rectified
from onloan.uses.duty_queries import count_disclosures, count_late_duties, count_open_duties, list_duties
from onloan.uses.duty_rules import DoorKind
from onloan.uses.errors import DutyEnded
from onloan.uses.models import Notice, Takedown
from onloan.uses.notices import (
    except_notice,
    finish_takedown,
    set_door,
    tell_recipients,
    watch_duties,
    write_token,
)
from tests.consents.world import ALL, WALL, WALL_TERM_DAYS, Person, World, add_person, build_world

PRINT: dict[str, Any] = {
    "items": ("profile_photo",),
    "purpose": "winner_wall",
    "channel": "winners_page",
    "country": "FR",
}


def use(person: Person, **changes: Any) -> None:
    assert decide_use(participant_id=person.id, **{**PRINT, **changes}).allowed


def pass_on(person: Person) -> None:
    use(person, recipient="print-shop")
    use(person, recipient="print-shop", items=("username_masked",))


def take_back(person: Person) -> None:
    withdraw_permission(participant_id=person.id, permission_id=WALL, now=clock.now())


def settle() -> int:
    number_entries()
    return make_duties(now=clock.now())


def dora() -> uuid.UUID:
    return add_team_member(email="dora@shop.example", name="Dora", role="dpo", password="a long password 42")


def kinds() -> list[str]:
    number_entries()
    return [str(entry.read()["kind"]) for entry in entries(0, 100)]


class Receiver:
    """A recipient's own server: it keeps what it got, and answers as it is told."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0))
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hooks"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def open_door(world: World, kind: DoorKind, address: str) -> str:
    made = set_door(
        offer_id=world.version.offer_id,
        recipient="print-shop",
        kind=kind,
        address=address,
        user_id=dora(),
        now=clock.now(),
    )
    return made.secret if made is not None else ""


def test_a_recipient_is_told_refuses_is_told_again_and_answers(both_databases: str) -> None:
    world = build_world()
    ana, receiver = add_person(world, ALL), Receiver(500, 200)
    try:
        secret = open_door(world, DoorKind.WEBHOOK, receiver.address)
        pass_on(ana)
        take_back(ana)
        assert settle() == 1
        assert tell_recipients(now=clock.now(), limit=10) == 1
        for later in (0, 60):
            deliver_due(now=clock.now() + timedelta(seconds=later), limit=10, read_address=lambda _: None)
    finally:
        receiver.close()
    (_, first), (headers, body) = receiver.got
    assert first == body
    Webhook(secret).verify(body, headers)
    notice = json.loads(body)["data"]
    assert notice["items"] == "profile_photo,username_masked" and notice["cause"] == "withdrawn"
    path = notice["acknowledge_url"]
    answer = '{"done": true}'
    client = Client(HTTP_HOST="127.0.0.1")

    def acknowledge(signed_with: str) -> int:
        at = datetime.now(UTC)
        signature = Webhook(signed_with).sign("msg_1", at, answer)
        return client.post(
            path[path.index("/api/") :],
            answer,
            content_type="application/json",
            headers={
                "webhook-id": "msg_1",
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": signature,
            },
        ).status_code

    assert acknowledge("whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz") == 401
    assert Notice.objects.get().state == "told"
    assert [acknowledge(secret), acknowledge(secret)] == [200, 200]
    assert Notice.objects.get().state == "acknowledged" and Notice.objects.get().answer_proof.startswith("v1,")
    assert kinds()[-2:] == ["recipient_told", "recipient_answered"]
    assert verify_database().problems == []
    assert count_open_duties(ana.id) == 0


def test_a_recipient_without_a_webhook_presses_a_button(sqlite_database: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    open_door(world, DoorKind.MAIL, "data@print.example")
    pass_on(ana)
    take_back(ana)
    settle()
    tell_recipients(now=clock.now(), limit=10)
    mail = Message.objects.get(template="notice_due")
    assert "print.example" not in json.dumps(mail.context)
    address = f"/en/notices/{write_token(Notice.objects.get().id)}/"
    page = Client(HTTP_HOST="127.0.0.1").get(address)
    assert page.status_code == 200 and "profile photo" in page.content.decode()
    assert Notice.objects.get().state == "told"
    assert Client(HTTP_HOST="127.0.0.1").post(address).status_code == 302
    assert Notice.objects.get().state == "acknowledged"
    assert "It is done" not in Client(HTTP_HOST="127.0.0.1").get(address).content.decode()
    assert (
        Client(HTTP_HOST="127.0.0.1").get("/en/notices/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/").status_code
        == 404
    )


def test_copies_are_taken_down_and_pages_of_our_own_are_not(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL)
    use(ana)
    use(ana, is_copy=True)
    use(ben, is_copy=True)
    take_back(ana)
    settle()
    (line,) = list_duties()
    assert (line.is_notice, line.recipient, line.cause) == (False, "", "withdrawn")
    assert line.due_at - line.made_at == timedelta(hours=24)
    assert settle() == 0
    member = dora()
    with pytest.raises(BadInput):
        finish_takedown(takedown_id=line.id, user_id=member, note="done", now=clock.now())
    finish_takedown(takedown_id=line.id, user_id=member, note="The poster was taken off.", now=clock.now())
    with pytest.raises(DutyEnded):
        finish_takedown(takedown_id=line.id, user_id=member, note="The poster was taken off.", now=clock.now())
    assert list_duties() == []
    assert "takedown_due" in kinds() and kinds()[-1] == "takedown_done"
    assert verify_database().problems == []


def test_a_member_of_an_audience_is_taken_down_alone(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL)
    number_entries()
    prepare_audiences()
    decided = decide_audience(
        offer_slug="spring-pot", **PRINT, recipient="print-shop", is_copy=True, by=Asker(user_id=dora())
    )
    assert decided.audience is not None and decided.audience.count == 2
    take_back(ana)
    settle()
    assert {(row.participant_id, row.is_mass) for row in Takedown.objects.all()} == {(ana.id, True)}
    assert [row.participant_id for row in Notice.objects.all()] == [ana.id]
    assert count_open_duties(ben.id) == 0
    since = clock.now() - timedelta(days=1)
    (line,) = count_disclosures(world.version.offer_id, since=since)
    assert (line.recipient, line.count, line.consideration) == ("print-shop", 2, "none")


@pytest.mark.parametrize(
    ("kind", "cause"), [(Kind.RESTRICTION, "restricted"), (Kind.OBJECTION, "objected"), (None, "expired")]
)
def test_other_ends_are_told_too(sqlite_database: str, kind: Kind | None, cause: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    pass_on(ana)
    now = clock.now()
    if kind is None:
        expire_due(now=now + timedelta(days=WALL_TERM_DAYS + 2), limit=100)
    else:
        open_case(
            kind=kind, country="FR", language="fr", door=Door.MY_PAGE, text="", participant_id=ana.id, now=now
        )
    settle()
    assert [row.cause for row in Notice.objects.filter(recipient="print-shop")] == [cause]


def test_what_was_corrected_is_told_each_time(sqlite_database: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    pass_on(ana)
    assert tell_rectified(participant_id=ana.id, items=["profile_photo"], now=clock.now()) == 1
    assert tell_rectified(participant_id=ana.id, items=["profile_photo"], now=clock.now()) == 0
    Notice.objects.update(state="acknowledged", told_at=clock.now(), answered_at=clock.now(), answer_proof="v1,x")
    assert tell_rectified(participant_id=ana.id, items=["profile_photo"], now=clock.now()) == 1
    assert tell_rectified(participant_id=ana.id, items=["email"], now=clock.now()) == 0


def test_nobody_forgets_what_is_late(sqlite_database: str) -> None:
    world = build_world()
    ana, member = add_person(world, ALL), dora()
    pass_on(ana)
    take_back(ana)
    settle()
    now = clock.now()
    assert tell_recipients(now=now, limit=10) == 0, "there is no door yet"
    assert watch_duties(now=now) == 0
    assert watch_duties(now=now + timedelta(hours=50)) == 1
    assert watch_duties(now=now + timedelta(hours=51)) == 0
    assert watch_duties(now=now + timedelta(hours=75)) == 1
    assert count_late_duties(now=now + timedelta(hours=75)) == 1
    assert Message.objects.filter(template="duties_due").count() == 2
    (line,) = list_duties()
    with pytest.raises(BadInput):
        except_notice(notice_id=line.id, user_id=member, reason="gone", now=now)
    except_notice(notice_id=line.id, user_id=member, reason="The print shop closed in May.", now=now)
    assert count_open_duties() == 0


def test_a_sighting_after_the_end_makes_a_takedown_once(sqlite_database: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL)
    decided = decide_use(participant_id=ana.id, **PRINT)
    assert decided.use_id is not None
    seen = {"use_id": decided.use_id, "is_mass": False, "now": clock.now()}
    assert take_down_seen(participant_id=ana.id, **seen)
    assert not take_down_seen(participant_id=ana.id, **seen)
    assert not take_down_seen(participant_id=ben.id, **seen)


def test_no_door_is_set_for_somebody_no_offer_names(sqlite_database: str) -> None:
    world = build_world()
    member = dora()
    for recipient, address, error in (("nobody", "a@b.example", NotFound), ("print-shop", "no mail", BadInput)):
        with pytest.raises(error):
            set_door(
                offer_id=world.version.offer_id,
                recipient=recipient,
                kind=DoorKind.MAIL,
                address=address,
                user_id=member,
                now=clock.now(),
            )
