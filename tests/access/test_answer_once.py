"""A repeated call gets the first one's answer and does nothing again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from onloan import clock, db, ids
from onloan.access.actions import Answer, answer_once, create_key, forget_answers, hash_request
from onloan.access.errors import IdempotencyConflict, IdempotencyKeyMissing
from onloan.access.models import ApiKey, IdempotencyRecord
from onloan.errors import NotFound

pytestmark = pytest.mark.usefixtures("both_databases")

CALLER = ids.new_id()
REQUEST = hash_request(method="POST", path="/api/v1/events", body={"a": 1})


def ask(work, *, key: str = "key-1", request_hash: str = REQUEST, caller=CALLER) -> Answer:
    return answer_once(
        api_key_id=caller, idempotency_key=key, request_hash=request_hash, now=clock.now(), work=work
    )


def make_something() -> Answer:
    """Work that leaves a trace: one more row each time it is done."""
    ApiKey.objects.create(
        id=ids.new_id(),
        name="x",
        key_hash=ids.new_code(20),
        last_characters="x",
        scopes=[],
        created_at=clock.now(),
    )
    return Answer(201, {"made": ApiKey.objects.count()})


def test_it_gives_the_same_answer_and_works_once() -> None:
    first, second = ask(make_something), ask(make_something)
    assert (first.is_replay, second.is_replay) == (False, True)
    assert (first.status, first.body) == (second.status, second.body) == (201, {"made": 1})
    assert ApiKey.objects.count() == 1


def test_it_refuses_the_same_key_for_another_request() -> None:
    ask(make_something)
    with pytest.raises(IdempotencyConflict):
        ask(make_something, request_hash=hash_request(method="POST", path="/api/v1/events", body={"a": 2}))
    assert ApiKey.objects.count() == 1


def test_two_callers_may_use_the_same_key() -> None:
    ask(make_something)
    ask(make_something, caller=ids.new_id())
    assert ApiKey.objects.count() == 2


def test_it_remembers_nothing_of_work_that_failed() -> None:
    def fail() -> Answer:
        make_something()
        raise NotFound

    with pytest.raises(NotFound):
        ask(fail)
    assert (IdempotencyRecord.objects.count(), ApiKey.objects.count()) == (0, 0)
    assert ask(make_something).is_replay is False


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 129, "a\n", "a\x00"])
def test_it_refuses_a_key_that_cannot_be_one(key: str) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        ask(make_something, key=key)


def test_how_a_body_is_written_does_not_make_it_another_request() -> None:
    one = hash_request(method="POST", path="/x", body={"a": 1, "b": "é"})
    assert one == hash_request(method="POST", path="/x", body={"b": "é", "a": 1})
    assert one != hash_request(method="PUT", path="/x", body={"a": 1, "b": "é"})
    assert one != hash_request(method="POST", path="/y", body={"a": 1, "b": "é"})


def test_sixteen_equal_calls_at_once_work_once() -> None:
    answers: list[Answer] = []
    together = threading.Barrier(16)

    def call() -> None:
        together.wait()
        answers.append(ask(make_something))
        connections.close_all()

    callers = [threading.Thread(target=call) for _ in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert ApiKey.objects.count() == 1
    assert sorted(answer.is_replay for answer in answers) == [False] + [True] * 15
    assert {answer.body["made"] for answer in answers} == {1}


def test_it_forgets_old_answers() -> None:
    ask(make_something)
    assert forget_answers(now=clock.now() + timedelta(days=6)) == 0
    assert forget_answers(now=clock.now() + timedelta(days=8)) == 1


def test_it_works_for_keys_that_were_really_made() -> None:
    made = create_key(name="shop", scopes=["events:write"], now=clock.now())
    assert ask(lambda: Answer(200, {}), caller=made.id).status == 200
    assert db.fetch_one("SELECT count(*) FROM access_idempotencyrecord") == (1,)
