"""A system of the merchant passes on what a participant asks, once, and sees how it stands."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

from onloan import clock
from onloan.cases.actions import close_case
from onloan.cases.models import Case
from onloan.cases.queries import find_case, list_cases_of
from onloan.cases.rules import Door, Outcome
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import rights_due
from onloan.outbox.models import Message
from onloan.people.queries import find_participant, list_disputed, list_suppressed
from tests.api.support import open_shop, problem_of
from tests.joining.support import add_participant, open_market


def test_it_opens_a_case_once_and_says_how_it_stands(both_databases: str) -> None:
    market, shop = open_market(), open_shop("cases:write")
    person = find_participant(add_participant(market).participant_id)
    assert person is not None
    asked = {"participant": person.public_id, "request": "restriction", "text": "Not my photo, please."}
    first = shop.post("/cases", asked, again="ticket-1")
    answer = json.loads(first.content)
    assert first.status_code == 201
    assert (answer["request"], answer["market"], answer["state"], answer["outcome"]) == (
        "restriction", "FR", "open", None,
    )  # fmt: skip
    assert json.loads(shop.post("/cases", asked, again="ticket-1").content) == answer
    assert json.loads(shop.post("/cases", asked).content) == answer
    (line,) = list_cases_of(person.id)
    assert (str(line.id), line.door, line.legal_due_on.isoformat()) == (
        answer["case"], Door.API, answer["answer_by"],
    )  # fmt: skip
    now_person = find_participant(person.id)
    assert now_person is not None and now_person.restricted_at is not None
    assert Message.objects.filter(template="case_acknowledged", participant_id=person.id).count() == 2
    close_case(case_id=line.id, user_id=market.team.dora, outcome=Outcome.DONE, now=clock.now())
    read = json.loads(shop.get(f"/cases/{line.id}").content)
    assert read == {**answer, "state": "closed", "outcome": "done"}
    assert "photo" not in json.dumps(read)


def test_it_counts_the_end_of_a_line_as_one_character(sqlite_database: str) -> None:
    person = find_participant(add_participant(open_market()).participant_id)
    assert person is not None
    asked = {"participant": person.public_id, "request": "complaint", "text": "x\r\n" * 1_999 + "x"}
    assert open_shop("cases:write").post("/cases", asked).status_code == 201


def test_it_says_to_what_somebody_objects_and_what_is_wrong(sqlite_database: str) -> None:
    shop = open_shop("cases:write")
    person = find_participant(add_participant(open_market()).participant_id)
    assert person is not None
    asked = {"participant": person.public_id, "request": "objection", "about": "checks"}
    assert json.loads(shop.post("/cases", asked).content)["about"] == "checks"
    wrong = {**asked, "request": "rectification", "about": "username", "text": "It is Anna."}
    assert json.loads(shop.post("/cases", wrong).content)["about"] == "username"
    assert list_disputed(person.id) == {"username"}
    now_person = find_participant(person.id)
    assert now_person is not None and now_person.checks_objected_at and not now_person.objected_at
    both = json.loads(shop.post("/cases", {**asked, "about": None}).content)
    assert both["about"] is None
    now_person = find_participant(person.id)
    assert now_person is not None and now_person.objected_at
    for refused in ({**asked, "request": "access"}, {**asked, "about": "everything"}):
        assert problem_of(shop.post("/cases", refused))["status"] == 422


def test_it_refuses_what_it_cannot_know(sqlite_database: str) -> None:
    market, shop = open_market(), open_shop("cases:write")
    person = find_participant(add_participant(market).participant_id)
    assert person is not None
    unknown = shop.post("/cases", {"participant": "p0000000000000", "request": "access"})
    assert problem_of(unknown)["status"] == 422
    wordless = shop.post("/cases", {"participant": person.public_id, "request": "complaint"})
    assert problem_of(wordless)["code"] == "E-CASE-TEXT"
    wish = shop.post("/cases", {"participant": person.public_id, "request": "wish"})
    assert problem_of(wish)["status"] == 422
    assert problem_of(shop.get(f"/cases/{uuid.uuid4()}"))["status"] == 404
    other = open_shop("uses:write").post("/cases", {"participant": person.public_id, "request": "access"})
    assert problem_of(other)["status"] == 403
    assert not Case.objects.exists()


def test_its_clock_began_on_the_day_when_it_reached_the_merchant(sqlite_database: str) -> None:
    shop, today = open_shop("cases:write"), clock.local_day(clock.now(), "Europe/Paris")
    person = find_participant(add_participant(open_market()).participant_id)
    assert person is not None
    asked = {"participant": person.public_id, "request": "access"}
    day = today - timedelta(days=20)
    opened = json.loads(shop.post("/cases", {**asked, "received_on": day.isoformat()}).content)
    known = public_holidays("FR", day)
    assert opened["answer_by"] == rights_due(day, "FR", known).legal.isoformat()
    for wrong in (today + timedelta(days=1), today - timedelta(days=731)):
        refused = shop.post(
            "/cases", {**asked, "request": "complaint", "text": "x", "received_on": wrong.isoformat()}
        )
        assert problem_of(refused)["code"] == "E-CASE-RECEIVED"
    for wrong in ("yesterday", "2027-02-30", "20270203", 5):
        refused = shop.post("/cases", {**asked, "received_on": wrong})
        assert problem_of(refused)["status"] == 422, wrong
    assert Case.objects.count() == 1


def test_a_help_desk_passes_on_what_anybody_asks(both_databases: str) -> None:
    market, shop = open_market(), open_shop("cases:write")
    ana = add_participant(market, email="chloe@example.org")
    asked = {"contact": "chloe@example.org", "market": "FR", "language": "fr", "request": "objection"}
    opened = json.loads(shop.post("/cases", {**asked, "about": "marketing"}).content)
    case = find_case(uuid.UUID(opened["case"]))
    assert (case.contact, case.line.language, case.line.door) == ("chloe@example.org", "fr", Door.API)
    assert case.line.participant_id is None, "a member says who it is, whether or not somebody has this address"
    assert list_suppressed(["chloe@example.org"]), "their address gets no advertising from now on"
    person = find_participant(ana.participant_id)
    assert person is not None and person.objected_at is None
    (mail,) = Message.objects.filter(template="case_acknowledged")
    assert mail.participant_id is None and mail.sealed_address is not None
    for_another = {**asked, "contact": "centre@example.org", "representative": "Data Advice Centre"}
    opened = json.loads(shop.post("/cases", for_another).content)
    assert find_case(uuid.UUID(opened["case"])).representative == "Data Advice Centre"
    assert not list_suppressed(["centre@example.org"])


def test_it_is_said_once_who_asks(sqlite_database: str) -> None:
    shop = open_shop("cases:write")
    person = find_participant(add_participant(open_market()).participant_id)
    assert person is not None
    contact = {"contact": "chloe@example.org", "market": "FR", "language": "fr"}
    for fields in (
        {},
        {"participant": person.public_id, **contact},
        {"participant": person.public_id, "representative": "Data Advice Centre"},
        {"participant": person.public_id, "language": "fr"},
        {"contact": "chloe@example.org"},
        {**contact, "market": "XX"},
        {**contact, "language": ""},
        {**contact, "contact": "nobody"},
        {**contact, "representative": "x" * 201},
    ):
        assert problem_of(shop.post("/cases", {"request": "access", **fields}))["status"] == 422, fields
    assert not Case.objects.exists()
