"""Promise 7, at the door of the merchant's systems: what was acknowledged is never lost, nothing happens twice.

Three ways to break it: calls repeated in any order and under any key, equal calls from several processes at once,
and a server that is killed in the middle of answering.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from onloan import clock
from onloan.access.models import IdempotencyRecord
from onloan.joining.actions import Joined
from onloan.ledger.check import check_balances
from onloan.ledger.models import Reward
from onloan.payouts.models import Payable
from onloan.referrals.actions import settle_due
from onloan.referrals.models import Event
from onloan.vouchers.models import Voucher
from tests.api.serving import Served, serving
from tests.api.support import Shop, open_shop
from tests.referrals.support import Campaign, join_as, open_campaign

SETTLE_DAYS = 14

# Every machine of a run writes to one database, so no name and no key may come twice.
_numbers = itertools.count()


class EventCalls(RuleBasedStateMachine):
    """People join by each other's links; their events are reported, repeated, reported anew; days pass.

    The model is a set: who has an event. Everything else follows from it.
    """

    def __init__(self, campaign: Campaign, shop: Shop) -> None:
        super().__init__()
        self.campaign, self.shop = campaign, shop
        self.now = clock.now()
        self.people: list[tuple[Joined, int | None]] = []
        self.reported: set[int] = set()
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        self.calls: dict[str, dict[str, str]] = {}

    def body_of(self, number: int, id: str) -> dict[str, str]:
        person, _ = self.people[number]
        return {
            "participant": person.public_id,
            "event": "app_signed_up",
            "occurred_at": self.now.isoformat(timespec="microseconds"),
            "id": id,
        }

    @precondition(lambda self: len(self.people) < 8)
    @rule(sponsor=st.integers(0, 7))
    def somebody_joins(self, sponsor: int) -> None:
        number = sponsor % len(self.people) if self.people else None
        via = self.people[number][0] if number is not None else None
        joined = join_as(f"P{next(_numbers)}", self.campaign, via=via, now=self.now)
        self.people.append((joined, number))

    @precondition(lambda self: self.people)
    @rule(number=st.integers(0, 7), name=st.sampled_from("abc"))
    def an_event_is_reported(self, number: int, name: str) -> None:
        number %= len(self.people)
        key = f"call-{next(_numbers):06}"
        body = self.body_of(number, name)
        response = self.shop.post("/events", body, again=key)
        expected = (200, "known") if number in self.reported else (201, "recorded")
        assert (response.status_code, response.json()["state"]) == expected
        self.reported.add(number)
        self.calls[key], self.answers[key] = body, (response.status_code, response.json())

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 50))
    def a_call_is_repeated(self, which: int) -> None:
        key = sorted(self.calls)[which % len(self.calls)]
        response = self.shop.post("/events", self.calls[key], again=key)
        assert (response.status_code, response.json()) == self.answers[key]
        assert response["Idempotent-Replayed"] == "true"

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 50))
    def a_key_is_used_for_something_else(self, which: int) -> None:
        key = sorted(self.calls)[which % len(self.calls)]
        response = self.shop.post("/events", {**self.calls[key], "id": "another"}, again=key)
        assert response.status_code == 409

    @rule(days=st.sampled_from([0, SETTLE_DAYS, SETTLE_DAYS + 1]))
    def rewards_are_settled(self, days: int) -> None:
        settle_due(now=self.now + timedelta(days=days), limit=100)

    @invariant()
    def everybody_has_what_their_events_promise_and_no_more(self) -> None:
        for number, (person, _) in enumerate(self.people):
            friends = sum(
                1 for other, (_, via) in enumerate(self.people) if via == number and other in self.reported
            )
            promised = Reward.objects.filter(participant_id=person.participant_id)
            assert promised.filter(rule_id="welcome").count() == (number in self.reported)
            assert promised.filter(rule_id="thanks").count() == min(5, friends)
            assert promised.filter(rule_id="cash").count() == min(5, friends)

    def teardown(self) -> None:
        ours = [person.participant_id for person, _ in self.people]
        earned = Reward.objects.filter(participant_id__in=ours, state="earned")
        assert (
            Voucher.objects.filter(participant_id__in=ours).count() == earned.filter(reward_kind="voucher").count()
        )
        assert Payable.objects.filter(participant_id__in=ours).count() == earned.filter(reward_kind="cash").count()
        assert check_balances() == []


@pytest.mark.slow
def test_any_order_of_calls_pays_what_the_set_of_events_promises(both_databases: str) -> None:
    campaign = open_campaign(pools=2_000, now=clock.now() - timedelta(days=1))
    shop = open_shop("events:write")

    def machine() -> EventCalls:
        return EventCalls(campaign, shop)

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _calls_of(people: list[Joined], random_numbers: random.Random) -> list[tuple[str, dict[str, str]]]:
    """Each person's event: sent three times under one key, and once under another; all mixed."""
    now = clock.now().isoformat(timespec="microseconds")
    calls = []
    for number, person in enumerate(people):
        body = {"participant": person.public_id, "event": "app_signed_up", "occurred_at": now, "id": f"s-{number}"}
        calls += [(f"call-{number}", body)] * 3 + [(f"other-{number}", body)]
    random_numbers.shuffle(calls)
    return calls


@pytest.fixture
def random_numbers() -> Iterator[random.Random]:
    yield random.Random(7)


@pytest.mark.slow
def test_a_server_killed_again_and_again_loses_no_acknowledged_event(
    both_databases: str, random_numbers: random.Random
) -> None:
    """Callers send until they are answered, as docs/api.md asks; meanwhile the server dies as in a power cut."""
    now = clock.now()
    campaign = open_campaign(pools=100, now=now - timedelta(days=1))
    sponsors = [join_as(f"Sponsor{number}", campaign, now=now) for number in range(6)]
    friends = [join_as(f"Friend{number}", campaign, via=sponsors[number % 6], now=now) for number in range(24)]
    shop = open_shop("events:write")
    connections.close_all()
    acknowledged: dict[str, tuple[int, str]] = {}
    guard = threading.Lock()
    with serving(both_databases) as served:
        calls = _calls_of(friends, random_numbers)
        done = threading.Event()
        killer = threading.Thread(target=_kill_again_and_again, args=[served, done, acknowledged, len(calls)])
        killer.start()

        def call(sent: tuple[str, dict[str, str]]) -> None:
            key, body = sent
            headers = {"Authorization": f"Bearer {shop.key}", "Idempotency-Key": key}
            status, answer = _post_until_answered(served, body, headers)
            with guard:
                seen = acknowledged.setdefault(key, (status, answer["counts_at"]))
                assert seen == (status, answer["counts_at"]), "one key has one answer, whoever lives or dies"

        try:
            with ThreadPoolExecutor(8) as callers:
                list(callers.map(call, calls))
        finally:
            done.set()
            killer.join()
    assert len(acknowledged) == 2 * len(friends)
    assert Event.objects.count() == len(friends)
    assert IdempotencyRecord.objects.count() == 2 * len(friends)
    assert {status for status, _ in acknowledged.values()} == {200, 201}
    for number, friend in enumerate(friends):
        statuses = {acknowledged[f"call-{number}"][0], acknowledged[f"other-{number}"][0]}
        assert statuses == {200, 201}, "one key recorded it, the other one knew it"
        assert Reward.objects.filter(participant_id=friend.participant_id).count() == 1
    for sponsor in sponsors:
        assert Reward.objects.filter(participant_id=sponsor.participant_id).count() == 2 * 4
    assert check_balances() == []


def _post_until_answered(
    served: Served, body: dict[str, str], headers: dict[str, str]
) -> tuple[int, dict[str, str]]:
    for _ in range(2_000):
        try:
            status, answer = served.post("/api/v1/events", body, headers)
        except OSError:
            threading.Event().wait(0.05)
            continue
        if status < 500:
            assert status in {200, 201}, answer
            return status, answer
        threading.Event().wait(0.05)
    raise AssertionError("the server never answered")


def _kill_again_and_again(
    served: Served, done: threading.Event, acknowledged: dict[str, tuple[int, str]], calls: int
) -> None:
    """Three times: wait until some more calls were answered, then kill in the middle of the next ones."""
    for part in range(1, 4):
        while len(acknowledged) < part * calls // 12 and not done.is_set():
            done.wait(0.002)
        if done.is_set():
            return
        served.kill()
        served.start()
