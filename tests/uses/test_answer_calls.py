"""Questions of the merchant's systems, answered many at once: each as if it were alone."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from django.db import connection, transaction

from onloan import clock, ids, keys
from onloan.access.actions import revoke_key
from onloan.access.errors import IdempotencyConflict, KeyMissing, ScopeMissing
from onloan.access.models import IdempotencyRecord
from onloan.batching import Batcher
from onloan.consents.actions import withdraw_permission
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.models import LoggedEntry, QueuedEntry
from onloan.evidence.verify import verify_database
from onloan.uses import calls
from onloan.uses.calls import CallAnswer, UseCall, answer_calls, ask_gate
from onloan.uses.models import Use
from tests.consents.world import ALL, NAME, NOTHING, World, add_person, build_world
from tests.uses.callers import Caller


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate whose thread has not worked on another test's database yet."""
    batcher = Batcher("gate-of-a-test", answer_calls, batch_max=calls.BATCH_MAX, waiting_max=calls.WAITING_MAX)
    monkeypatch.setattr(calls, "_batcher", batcher)


@pytest.fixture
def world(both_databases: str) -> World:
    return build_world()


def read_answers(asked: list[UseCall]) -> list[str]:
    """What each call was answered: a reason, ``allowed``, or the name of a refusal."""
    return [say(answer) for answer in answer_calls(asked)]


def say(answer: CallAnswer | Exception | None) -> str:
    if isinstance(answer, CallAnswer):
        return str(answer.body.get("reason", answer.body["decision"]))
    return type(answer).__name__


def count_records() -> tuple[int, int, int]:
    return Use.objects.count(), QueuedEntry.objects.count(), IdempotencyRecord.objects.count()


def test_a_batch_answers_each_by_itself_and_all_is_on_record(world: World) -> None:
    shop = Caller()
    people = [add_person(world, {**NOTHING, NAME: number % 2 == 0}) for number in range(6)]
    number_entries()
    asked = [shop.call(person) for person in people] + [shop.call(people[0], channel="winners_page")]
    answers = [answer for answer in answer_calls(asked) if isinstance(answer, CallAnswer)]
    assert [say(answer) for answer in answers] == ["allowed", "D-NO-CONSENT"] * 3 + ["D-CHANNEL"]
    for call, answer in zip(asked, answers, strict=True):
        use = Use.objects.get(id=answer.body["use"])
        assert (use.allowed, use.reason) == ("reason" not in answer.body, answer.body.get("reason", ""))
        assert use.channel == call.request.channel
        kept = IdempotencyRecord.objects.get(api_key_id=shop.key_id, idempotency_key=call.idempotency_key)
        assert kept.answer == answer.body
    assert count_records() == (7, 7, 7)
    number_entries()
    assert verify_database().problems == []


def test_a_repetition_gets_the_first_answer_whatever_happened_since(world: World) -> None:
    ana, shop = add_person(world, ALL), Caller()
    call = shop.call(ana)
    [first] = answer_calls([call])
    assert isinstance(first, CallAnswer) and say(first) == "allowed" and not first.is_replay
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    before = count_records()
    again, new = answer_calls([call, shop.call(ana)])
    assert isinstance(again, CallAnswer) and again.is_replay and again.body == first.body
    assert say(new) == "D-WITHDRAWN"
    assert count_records() == tuple(count + 1 for count in before), "only the new question was recorded"


def test_a_key_used_for_another_question_is_a_conflict_and_spoils_nothing(world: World) -> None:
    ana, shop = add_person(world, ALL), Caller()
    answer_calls([shop.call(ana, again="order-7")])
    asked = [shop.call(ana, again="order-7", channel="winners_page"), shop.call(ana)]
    assert read_answers(asked) == [IdempotencyConflict.__name__, "allowed"]
    # The same words of another caller are another call.
    assert read_answers([Caller().call(ana, again="order-7")]) == ["allowed"]


def test_a_call_that_came_twice_at_once_is_decided_once(world: World) -> None:
    ana, shop = add_person(world, ALL), Caller()
    call = shop.call(ana)
    first, second = answer_calls([call, call])
    assert say(first) == "allowed" and second is None, "the second one comes again"
    [again] = answer_calls([call])
    assert isinstance(again, CallAnswer) and again.is_replay
    assert Use.objects.count() == 1


def test_sixteen_equal_calls_at_once_get_one_answer(world: World) -> None:
    call = Caller().call(add_person(world, ALL))
    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda _: ask_gate(call), range(16)))
    assert len({json.dumps(dict(answer.body), sort_keys=True) for answer in answers}) == 1
    assert [answer.is_replay for answer in answers].count(False) == 1
    assert Use.objects.count() == 1


def test_who_may_not_ask_learns_nothing_and_nothing_is_recorded(world: World) -> None:
    ana, shop, till, former = add_person(world, ALL), Caller(), Caller("vouchers:write"), Caller()
    revoke_key(key_id=former.key_id, now=clock.now())
    before = count_records()
    unknown = replace(shop.call(ana), key_hash=keys.keyed_hash("api-key", "onloan_guessed"))
    answers = read_answers([unknown, till.call(ana), former.call(ana)])
    assert answers == [KeyMissing.__name__, ScopeMissing.__name__, KeyMissing.__name__]
    assert count_records() == before


def test_a_key_that_is_revoked_is_refused_in_the_next_batch(world: World) -> None:
    ana, shop = add_person(world, ALL), Caller()
    call = shop.call(ana)
    assert read_answers([call]) == ["allowed"]
    revoke_key(key_id=shop.key_id, now=clock.now())
    assert read_answers([call]) == [KeyMissing.__name__], "a repetition, too, is for who may ask"


def test_nobody_by_this_id_is_denied_like_somebody_who_allowed_nothing(world: World) -> None:
    shop = Caller()
    call = replace(shop.call(add_person(world, NOTHING)), public_id="p" + "0" * 13)
    before = count_records()
    assert read_answers([call]) == ["D-NO-CONSENT"]
    assert count_records() == before


def test_what_spoils_one_call_spoils_no_other(world: World, caplog: pytest.LogCaptureFixture) -> None:
    shop = Caller()
    people = [add_person(world, ALL) for _ in range(3)]
    with connection.cursor() as cursor:
        # A person whose version nobody can read any more.
        lost, spoiled = ids.new_id(), people[1].id
        values = [lost, spoiled] if connection.vendor == "postgresql" else [lost.hex, spoiled.hex]
        cursor.execute("UPDATE people_participant SET version_id = %s WHERE id = %s", values)
        cursor.execute("UPDATE consents_consent SET version_id = %s WHERE participant_id = %s", values)
    assert read_answers([shop.call(person) for person in people]) == ["allowed", "D-LOG-DOWN", "allowed"]
    assert Use.objects.count() == 2
    assert "could not be recorded" in caplog.text and str(people[1].id) not in caplog.text


@pytest.mark.parametrize("table", ["evidence_queue", "uses_use", "access_idempotencyrecord"])
def test_what_cannot_be_recorded_is_denied(world: World, table: str) -> None:
    shop = Caller()
    asked = [shop.call(add_person(world, ALL)) for _ in range(2)]
    before = count_records()
    rename(table, "away")
    answers = answer_calls(asked)
    assert [say(answer) for answer in answers] == ["D-LOG-DOWN"] * 2
    assert all(isinstance(answer, CallAnswer) and "use" not in answer.body for answer in answers)
    rename("away", table)
    assert count_records() == before, "half a record is none"
    assert read_answers(asked) == ["allowed"] * 2


def rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")


def test_the_log_gets_its_turn_before_all_is_denied(world: World) -> None:
    shop = Caller()
    asked = [shop.call(add_person(world, ALL)) for _ in range(2)]
    clock.advance(11)
    assert log.is_log_down(clock.now())
    assert read_answers(asked) == ["allowed"] * 2
    assert LoggedEntry.objects.count() == 6


def test_a_log_that_has_stopped_denies_everybody_and_says_so_on_record(world: World) -> None:
    shop = Caller()
    asked = [shop.call(add_person(world, ALL)) for _ in range(2)]
    number_entries()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_state SET size = size + 1, hashes = %s", [b""])
    assert read_answers(asked[:1]) == ["allowed"], "nothing waits for a number yet"
    clock.advance(11)
    assert read_answers(asked[1:]) == ["D-LOG-DOWN"]
    assert Use.objects.filter(allowed=False, reason="D-LOG-DOWN").count() == 1


def test_a_person_whom_somebody_holds_delays_nobody_else(postgresql_database: str) -> None:
    world, shop = build_world(), Caller()
    ana, ben = add_person(world, ALL), add_person(world, ALL)
    call, other = shop.call(ana), shop.call(ben)
    with psycopg.connect(postgresql_database) as holder:
        holder.execute("SELECT 1 FROM people_participant WHERE id = %s FOR NO KEY UPDATE", [ana.id])
        assert [say(answer) for answer in answer_calls([call, other])] == ["NoneType", "allowed"]
        with ThreadPoolExecutor(1) as callers:
            waiting = callers.submit(ask_gate, call)
            assert say(ask_gate(shop.call(ben))) == "allowed"
            assert not waiting.done()
            holder.rollback()
            assert say(waiting.result()) == "allowed"
    assert Use.objects.filter(participant_id=ana.id).count() == 1


def test_a_withdrawal_under_way_is_waited_for_and_seen(postgresql_database: str) -> None:
    """The row is held by an action that takes everything back: the answer comes after it and says so."""
    world, shop = build_world(), Caller()
    ana, ben = add_person(world, ALL), add_person(world, ALL)
    call = shop.call(ana)
    with ThreadPoolExecutor(1) as callers:
        with transaction.atomic():
            withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
            asked = callers.submit(ask_gate, call)
            assert say(ask_gate(shop.call(ben))) == "allowed"
            assert not asked.done()
        assert say(asked.result()) == "D-WITHDRAWN"


def test_a_broken_connection_is_replaced(postgresql_database: str) -> None:
    shop, ana = Caller(), add_person(build_world(), ALL)
    call = shop.call(ana)
    connection.ensure_connection()
    connection.connection.close()
    assert read_answers([call]) == ["D-LOG-DOWN"]
    assert read_answers([call]) == ["allowed"]
