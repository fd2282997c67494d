"""A system of the merchant passes on what a participant asks, once, and sees how it stands."""

from __future__ import annotations

import json
import uuid

from onloan import clock
from onloan.cases.actions import close_case
from onloan.cases.models import Case
from onloan.cases.queries import list_cases_of
from onloan.cases.rules import Door, Outcome
from onloan.outbox.models import Message
from onloan.people.queries import find_participant, list_disputed
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
