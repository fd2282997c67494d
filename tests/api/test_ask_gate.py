"""``POST /api/v1/uses`` as callers see it: a decision for every question, a problem for everything else."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from onloan import clock, ids
from onloan.access.actions import create_key
from onloan.access.models import IdempotencyRecord
from onloan.api import gate
from onloan.api.gate import GateResponse, answer_use
from onloan.batching import Batcher, Overloaded
from onloan.consents.actions import withdraw_all
from onloan.evidence.actions import number_entries
from onloan.evidence.models import QueuedEntry
from onloan.evidence.verify import verify_database
from onloan.people.actions import remove_photo
from onloan.people.models import Participant
from onloan.uses import calls, serving
from onloan.uses.addresses import use_address
from onloan.uses.models import Use
from tests.api.serving import Served
from tests.api.serving import serving as serving_http
from tests.api.support import open_shop, problem_of
from tests.consents.world import ALL, NAME, NOTHING, PHOTO, Person, World, add_person, build_world


@dataclass(frozen=True)
class Asker:
    """Asks at the edge, without a server in between. ``key`` is the caller's."""

    key: str

    def ask(self, body: object, *, again: str | None = None, **environ: str | None) -> GateResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        values = {
            "REQUEST_METHOD": "POST",
            "HTTP_AUTHORIZATION": f"Bearer {self.key}",
            "HTTP_IDEMPOTENCY_KEY": again or ids.new_id().hex,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": io.BytesIO(data),
            **environ,
        }
        return answer_use({name: value for name, value in values.items() if value is not None})


def content(answer: GateResponse) -> dict[str, Any]:
    """The JSON of an answer, of which the form is checked on the way."""
    headers = dict(answer.headers)
    assert headers["Content-Length"] == str(len(answer.body))
    assert headers["Cache-Control"] == "no-store"
    read: dict[str, Any] = json.loads(answer.body)
    if answer.status == 200:
        assert headers["Content-Type"] == "application/json"
        assert read["decision"] in {"allowed", "denied"}
    else:
        assert headers["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "code", "detail"} <= read.keys()
        assert read["status"] == answer.status and read["detail"]
    return read


def question(person: Person, **changes: object) -> dict[str, object]:
    asked: dict[str, object] = {
        "participant": Participant.objects.get(id=person.id).public_id,
        "items": ["username"],
        "purpose": "referral_card",
        "channel": "invitation_page",
        "market": "FR",
    }
    return {name: value for name, value in {**asked, **changes}.items() if value is not None}


@pytest.fixture(autouse=True)
def fresh_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate's thread and the one that hands out have not worked on another test's database yet."""
    asking = Batcher("gate", calls.answer_calls, batch_max=calls.BATCH_MAX, waiting_max=calls.WAITING_MAX)
    monkeypatch.setattr(calls, "_batcher", asking)
    monkeypatch.setattr(serving, "_batcher", Batcher("items", serving.serve_items, batch_max=8, waiting_max=8))


@pytest.fixture
def world(both_databases: str) -> World:
    return build_world()


@pytest.fixture
def asker(world: World) -> Asker:
    return Asker(create_key(name="the shop", scopes=["uses:write"], now=clock.now()).key)


def test_it_answers_yes_and_no_with_what_a_caller_needs(world: World, asker: Asker) -> None:
    ana = add_person(world, {**NOTHING, NAME: True})
    allowed = content(asker.ask(question(ana)))
    assert allowed.keys() == {"decision", "use"}
    assert Use.objects.get(id=allowed["use"]).allowed
    denied = content(asker.ask(question(ana, items=["profile_photo"])))
    assert denied == {
        "decision": "denied",
        "reason": "D-NO-CONSENT",
        "sentence": "This person has not allowed this.",
        "use": denied["use"],
    }
    assert not Use.objects.get(id=denied["use"]).allowed


def test_the_first_answer_is_repeated_and_says_that_it_is(world: World, asker: Asker) -> None:
    ana = add_person(world, ALL)
    first = asker.ask(question(ana), again="order-7")
    withdraw_all(participant_id=ana.id, now=clock.now())
    again = asker.ask(question(ana), again="order-7")
    assert content(again) == content(first)
    assert "Idempotent-Replayed" not in dict(first.headers)
    assert dict(again.headers)["Idempotent-Replayed"] == "true"
    other = asker.ask(question(ana, market="GB"), again="order-7")
    assert (other.status, content(other)["code"]) == (409, "E-IDEMPOTENCY-CONFLICT")


WRONG_FIELDS = [
    ({"participant": None}, "participant"),
    ({"participant": "ana@people.example"}, "participant"),
    ({"participant": "p000000000000I"}, "participant"),
    ({"participant": 7}, "participant"),
    ({"items": []}, "items"),
    ({"items": "username"}, "items"),
    ({"items": ["username", "username"]}, "items"),
    ({"items": ["voice"]}, "items"),
    ({"items": [["username"]]}, "items.0"),
    ({"items": ["username"] * 9}, "items"),
    ({"purpose": "anything lawful"}, "purpose"),
    ({"purpose": None}, "purpose"),
    ({"channel": "any_media"}, "channel"),
    ({"market": "fr"}, "market"),
    ({"market": "FR\n"}, "market"),
    ({"market": 1}, "market"),
    ({"recipient": "Ana Exemple <ana@people.example>"}, "recipient"),
    ({"recipient": ""}, "recipient"),
    ({"recipient": "x" * 65}, "recipient"),
    ({"context": ["sunshine"]}, "context"),
    ({"context": "gambling"}, "context"),
    ({"context": ["gambling"] * 17}, "context"),
    ({"copy": "yes"}, "copy"),
    ({"copy": 1}, "copy"),
    ({"data": "true"}, "data"),
    ({"ana@people.example": 1}, "body"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG_FIELDS)
def test_a_wrong_field_is_named_and_never_repeated(
    sqlite_database: str, changes: dict[str, object], field: str
) -> None:
    world = build_world()
    asker = Asker(create_key(name="the shop", scopes=["uses:write"], now=clock.now()).key)
    answer = asker.ask(question(add_person(world, ALL), **changes))
    problem = content(answer)
    assert (answer.status, problem["code"], problem["field"]) == (422, "E-FIELDS", field)
    assert field in {line["field"] for line in problem["errors"]}
    assert b"ana@" not in answer.body and b"any_media" not in answer.body
    assert not Use.objects.exists() and not IdempotencyRecord.objects.exists()


WRONG_CALLS: list[tuple[object, dict[str, str | None], int, str]] = [
    ({}, {"REQUEST_METHOD": "GET"}, 405, "E-METHOD"),
    ({}, {"REQUEST_METHOD": "PATCH"}, 405, "E-METHOD"),
    ({}, {"HTTP_AUTHORIZATION": None}, 401, "E-API-KEY"),
    ({}, {"HTTP_AUTHORIZATION": "Basic YTpi"}, 401, "E-API-KEY"),
    ({}, {"HTTP_AUTHORIZATION": "Bearer " + "x" * 1_000}, 401, "E-API-KEY"),
    ({}, {"HTTP_IDEMPOTENCY_KEY": None}, 400, "E-IDEMPOTENCY-KEY"),
    ({}, {"HTTP_IDEMPOTENCY_KEY": "two words"}, 400, "E-IDEMPOTENCY-KEY"),
    ({}, {"HTTP_IDEMPOTENCY_KEY": "x" * 129}, 400, "E-IDEMPOTENCY-KEY"),
    ({}, {"CONTENT_TYPE": "text/plain"}, 415, "E-BODY-TYPE"),
    ({}, {"CONTENT_TYPE": None}, 415, "E-BODY-TYPE"),
    ({}, {"CONTENT_LENGTH": "5000"}, 413, "E-BODY-LARGE"),
    ({}, {"CONTENT_LENGTH": "-1"}, 413, "E-BODY-LARGE"),
    ({}, {"CONTENT_LENGTH": "many"}, 413, "E-BODY-LARGE"),
    (b"", {"CONTENT_LENGTH": None}, 400, "E-BODY-JSON"),
    (b"[]", {}, 400, "E-BODY-JSON"),
    (b"{", {}, 400, "E-BODY-JSON"),
    (b'{"market": NaN}', {}, 400, "E-BODY-JSON"),
    (b'{"market": "FR", "market": "GB"}', {}, 400, "E-BODY-JSON"),
    (b"\xff\xfe", {}, 400, "E-BODY-JSON"),
    (b"[" * 4_000, {}, 400, "E-BODY-JSON"),
    (b'{"participant": "\\ud800"}', {}, 422, "E-FIELDS"),
]


@pytest.mark.parametrize(("body", "environ", "status", "code"), WRONG_CALLS)
def test_a_call_of_the_wrong_form_is_a_problem(
    sqlite_database: str, body: object, environ: dict[str, str | None], status: int, code: str
) -> None:
    asker = Asker(create_key(name="the shop", scopes=["uses:write"], now=clock.now()).key)
    answer = asker.ask(body, **environ)
    assert (answer.status, content(answer)["code"]) == (status, code)
    headers = dict(answer.headers)
    assert (headers.get("Allow") == "POST") == (status == 405)
    assert (headers.get("WWW-Authenticate") == "Bearer") == (status == 401)


def test_who_may_not_ask_is_refused(world: World) -> None:
    ana = add_person(world, ALL)
    till = Asker(create_key(name="the till", scopes=["vouchers:write"], now=clock.now()).key)
    stranger = Asker("onloan_guessed")
    assert [content(each.ask(question(ana)))["code"] for each in (till, stranger)] == ["E-SCOPE", "E-API-KEY"]
    assert not Use.objects.exists()


def test_too_much_at_once_and_a_fault_say_try_again(
    world: World, asker: Asker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures: Iterator[Exception] = iter([Overloaded(), RuntimeError("ana@people.example")])

    def fail(call: object) -> None:
        raise next(failures)

    monkeypatch.setattr(gate, "ask_gate", fail)
    ana = add_person(world, ALL)
    crowded, broken = asker.ask(question(ana)), asker.ask(question(ana))
    assert (crowded.status, dict(crowded.headers)["Retry-After"]) == (503, "5")
    assert (broken.status, content(broken)["code"]) == (500, "E-INTERNAL")
    assert b"ana@" not in broken.body and "ana@" not in caplog.text


def test_data_comes_with_a_yes_and_only_then(world: World, asker: Asker) -> None:
    ana = add_person(world, {**NOTHING, NAME: True, PHOTO: True}, name="Chloé")
    plain = content(asker.ask(question(ana)))
    assert "data" not in plain
    named = content(asker.ask(question(ana, data=True)))
    address = use_address(UUID(named["use"]), "username")
    assert named["data"] == {"username": {"address": address, "value": "Chloé"}}
    shown = content(asker.ask(question(ana, items=["profile_photo"], data=True)))
    assert shown["data"] == {"profile_photo": {"address": use_address(UUID(shown["use"]), "profile_photo")}}
    denied = content(asker.ask(question(ana, channel="winners_page", data=True)))
    assert denied["decision"] == "denied" and "data" not in denied


def test_data_leaves_out_what_the_person_does_not_have(world: World, asker: Asker) -> None:
    ana = add_person(world, ALL)
    remove_photo(participant_id=ana.id)
    answer = content(asker.ask(question(ana, items=["profile_photo"], data=True)))
    assert (answer["decision"], answer["data"]) == ("allowed", {})


def test_a_repetition_hands_out_nothing_that_was_taken_back(world: World, asker: Asker) -> None:
    ana = add_person(world, ALL, name="Chloé")
    first = content(asker.ask(question(ana, data=True), again="order-7"))
    assert content(asker.ask(question(ana, data=True), again="order-7")) == first
    withdraw_all(participant_id=ana.id, now=clock.now())
    again = content(asker.ask(question(ana, data=True), again="order-7"))
    assert again == {**first, "data": {}}


def test_values_stand_in_no_record(world: World, asker: Asker, caplog: pytest.LogCaptureFixture) -> None:
    ana = add_person(world, ALL, name="Zebulon")
    asker.ask(question(ana, data=True))
    kept = [json.dumps(record.answer) for record in IdempotencyRecord.objects.all()]
    logged = [bytes(entry.body).decode() for entry in QueuedEntry.objects.all()]
    assert kept and logged
    assert "Zebulon" not in "".join([*kept, *logged, caplog.text])


def test_a_use_is_over_once_its_caller_says_so(world: World, asker: Asker) -> None:
    use_id = content(asker.ask(question(add_person(world, ALL))))["use"]
    shop = open_shop("uses:write")
    first = json.loads(shop.post(f"/uses/{use_id}/end", {}).content)
    assert first.keys() == {"use", "ended_at"} and first["use"] == use_id
    use = Use.objects.get(id=use_id)
    assert use.ended_at is not None and use.ended_at.isoformat() == first["ended_at"]
    clock.advance(60)
    assert json.loads(shop.post(f"/uses/{use_id}/end", {}).content) == first, "it was over already"


def test_what_was_denied_or_never_asked_cannot_be_over(world: World, asker: Asker) -> None:
    denied = content(asker.ask(question(add_person(world, NOTHING))))["use"]
    shop = open_shop("uses:write")
    for use_id in (denied, str(ids.new_id())):
        response = shop.post(f"/uses/{use_id}/end", {})
        assert (response.status_code, problem_of(response)["code"]) == (404, "E-NOT-FOUND")
    response = open_shop("events:write").post(f"/uses/{denied}/end", {})
    assert problem_of(response)["code"] == "E-SCOPE"
    assert not Use.objects.exclude(ended_at=None).exists()


@pytest.mark.slow
def test_many_ask_a_running_server_at_once(both_databases: str) -> None:
    """Sixteen callers, some repeating each other: one record for each question, and a log that fits."""
    world = build_world()
    people = [add_person(world, {**NOTHING, NAME: number % 2 == 0}) for number in range(8)]
    bodies = [question(person, data=True) for person in people]
    key = open_shop("uses:write").key
    with serving_http(both_databases) as served, ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda number: call(served, key, bodies[number % 8], number % 16), range(64)))
        status, problem = served.post("/api/v1/uses", {}, {"Authorization": f"Bearer {key}"})
    assert (status, problem["code"]) == (400, "E-IDEMPOTENCY-KEY")
    for number, (status, answer) in enumerate(answers):
        assert status == 200
        assert answer["decision"] == ("denied" if number % 2 else "allowed")
        assert answer["use"] == answers[number % 16][1]["use"], "the same call has the same answer"
        assert ("data" in answer) == (number % 2 == 0)
    assert Use.objects.count() == 16
    number_entries()
    assert verify_database().problems == []


def call(served: Served, key: str, body: object, number: int) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"call-{number}"}
    return served.post("/api/v1/uses", body, headers)
