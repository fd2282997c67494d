"""Promise 6: a pool is never overspent, and a ledger always balances, under any concurrency, crash or retry.

A state machine plays any order of fund, join, promise, earn, void, pay, release and retry against a real
database, beside a model in plain Python that books the same. Threads then race for the last pots.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import close_old_connections, connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from onloan import ids
from onloan.ledger.actions import (
    earn_reward,
    mark_reward_paid,
    promise_reward,
    void_reward,
)
from onloan.ledger.check import check_balances
from onloan.ledger.errors import ClawbackRefused, RewardNotReady
from onloan.ledger.models import Transfer
from onloan.ledger.pools import fund_pool, release_pot, reserve_pot
from onloan.ledger.queries import pool_view, pot_view
from onloan.ledger.rules import AccountKind, Cause, VoidCause, promised_account
from onloan.money import Money
from onloan.offers.document import RewardRule
from onloan.payouts.actions import owe_reward
from onloan.payouts.models import Payable
from onloan.vouchers.actions import issue_voucher
from onloan.vouchers.models import Voucher
from tests.ledger.books import CASH, DUE_ON, NOW, POINTS, POT, THANKS, WELCOME, NoPotError, join, open_books

RULES = (WELCOME, THANKS, CASH, POINTS)
MACHINE_SETTINGS = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass
class ModelReward:
    id: uuid.UUID
    person: ModelPerson
    rule: RewardRule
    cause_key: str
    earns_at: datetime
    state: str = "pending"

    @property
    def amount_minor(self) -> int:
        return self.rule.amounts["FR"].amount_minor


@dataclass
class ModelPerson:
    id: uuid.UUID
    reserved_minor: int
    is_released: bool = False
    rewards: list[ModelReward] = field(default_factory=list)

    def used(self, rule: RewardRule) -> int:
        return sum(reward.rule is rule and reward.state != "voided" for reward in self.rewards)


class MoneyMachine(RuleBasedStateMachine):
    """What each step should do stands in the model; ``check`` compares all of it with the database."""

    def __init__(self) -> None:
        super().__init__()
        self.books = open_books(slug=f"pot-{uuid.uuid4().hex[:8].translate(_TO_LETTERS)}", rules=RULES)
        self.now = NOW
        self.funded = self.free = 0
        self.people: list[ModelPerson] = []
        self.fundings: list[tuple[uuid.UUID, Money]] = []

    def _pick(self, number: int) -> ModelReward:
        rewards = [reward for person in self.people for reward in person.rewards]
        return rewards[number % len(rewards)]

    @rule(amount_minor=st.integers(1, 45_000))
    def fund(self, amount_minor: int) -> None:
        funding = (ids.new_id(), Money(amount_minor, "EUR"))
        self._fund(funding)
        self.fundings.append(funding)
        self.funded += amount_minor
        self.free += amount_minor

    @precondition(lambda self: self.fundings)
    @rule(number=st.integers(0, 99))
    def fund_again_with_the_same_key(self, number: int) -> None:
        self._fund(self.fundings[number % len(self.fundings)])

    def _fund(self, funding: tuple[uuid.UUID, Money]) -> None:
        fund_pool(
            market_id=self.books.market_id, amount=funding[1], full_pot=POT, by_user_id=self.books.team.fay,
            now=self.now, funding_id=funding[0],
        )  # fmt: skip

    @rule(amount_minor=st.sampled_from([2_000, 10_000, 10_000, 11_000]), times=st.integers(1, 2))
    def join(self, amount_minor: int, times: int) -> None:
        amount = Money(amount_minor, "EUR")
        if amount_minor > self.free:
            with pytest.raises(NoPotError):
                join(self.books, amount=amount, now=self.now)
            return
        person = ModelPerson(join(self.books, amount=amount, now=self.now), amount_minor)
        self.free -= amount_minor
        self.people.append(person)
        for _ in range(times - 1):
            assert reserve_pot(
                participant_id=person.id, market_id=self.books.market_id, amount=amount, now=self.now
            )

    @precondition(lambda self: self.people)
    @rule(number=st.integers(0, 99), rule_=st.sampled_from(RULES), cause_key=st.sampled_from("abcdefg"))
    def promise(self, number: int, rule_: RewardRule, cause_key: str) -> None:
        person = self.people[number % len(self.people)]
        earns_at = self.now + timedelta(days=14)
        reward_id = promise_reward(
            participant_id=person.id, market_id=self.books.market_id, country="FR", rule=rule_,
            cause_key=cause_key, earns_at=earns_at, now=self.now,
        )  # fmt: skip
        known = [reward for reward in person.rewards if (reward.rule, reward.cause_key) == (rule_, cause_key)]
        if known:
            assert reward_id == known[0].id
        elif person.used(rule_) >= rule_.times or rule_.amounts["FR"].amount_minor > person.reserved_minor:
            assert reward_id is None
        else:
            assert reward_id is not None
            person.reserved_minor -= rule_.amounts["FR"].amount_minor
            person.rewards.append(ModelReward(reward_id, person, rule_, cause_key, earns_at))

    @precondition(lambda self: any(person.rewards for person in self.people))
    @rule(number=st.integers(0, 99))
    def earn(self, number: int) -> None:
        reward = self._pick(number)

        def attempt() -> None:
            earned = earn_reward(reward_id=reward.id, participant_id=reward.person.id, due_on=DUE_ON, now=self.now)
            if earned.state == "earned" and earned.kind == "cash":
                owe_reward(reward=earned, now=self.now)
            if earned.kind == "voucher":
                issue_voucher(reward=earned, expires_at=None, now=self.now)

        if reward.state == "voided" or (reward.state == "pending" and self.now < reward.earns_at):
            with pytest.raises(RewardNotReady):
                attempt()
            return
        attempt()
        reward.state = "earned" if reward.state == "pending" else reward.state

    @precondition(lambda self: any(person.rewards for person in self.people))
    @rule(number=st.integers(0, 99))
    def undo_the_event(self, number: int) -> None:
        reward = self._pick(number)

        def attempt() -> None:
            void_reward(
                reward_id=reward.id, participant_id=reward.person.id, now=self.now,
                cause=VoidCause.EVENT_UNDONE_BEFORE_EARNED, decided_by_user_id=None,
            )  # fmt: skip

        if reward.state in {"earned", "paid"}:
            with pytest.raises(ClawbackRefused):
                attempt()
            return
        attempt()
        if reward.state == "pending":
            reward.state = "voided"
            if reward.person.is_released:
                self.free += reward.amount_minor
            else:
                reward.person.reserved_minor += reward.amount_minor

    @precondition(lambda self: any(person.rewards for person in self.people))
    @rule(number=st.integers(0, 99))
    def pay(self, number: int) -> None:
        reward = self._pick(number)
        cause = Cause.FULFILLED if reward.rule.kind == "fulfilled" else Cause.PAID_OUT

        def attempt() -> bool:
            return mark_reward_paid(
                reward_id=reward.id, participant_id=reward.person.id, cause=cause, reference="R", now=self.now  # type: ignore[arg-type]
            )  # fmt: skip

        if reward.state in {"pending", "voided"} or reward.rule.kind == "voucher":
            with pytest.raises(RewardNotReady):
                attempt()
            return
        assert attempt() is (reward.state == "earned")
        reward.state = "paid"

    @precondition(lambda self: self.people)
    @rule(number=st.integers(0, 99))
    def release(self, number: int) -> None:
        person = self.people[number % len(self.people)]
        release_pot(participant_id=person.id, now=self.now)
        self.free += person.reserved_minor
        person.reserved_minor, person.is_released = 0, True

    @rule(days=st.sampled_from([1, 14, 40]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @invariant()
    def check(self) -> None:
        sums: Counter[AccountKind] = Counter()
        for person in self.people:
            sums[AccountKind.RESERVED] += person.reserved_minor
            for reward in person.rewards:
                account = promised_account(reward.rule.kind)
                where = {"pending": AccountKind.RESERVED, "earned": account, "paid": AccountKind.PAID}
                if reward.state != "voided":
                    sums[where[reward.state]] += reward.amount_minor
        pool = pool_view(self.books.market_id)
        assert (pool.funded.amount_minor, pool.free.amount_minor) == (self.funded, self.free)
        assert {
            AccountKind.RESERVED: pool.reserved.amount_minor,
            AccountKind.OWED: pool.owed.amount_minor,
            AccountKind.VOUCHERS: pool.vouchers.amount_minor,
            AccountKind.PAID: pool.paid.amount_minor,
        } == {kind: sums[kind] for kind in (
            AccountKind.RESERVED, AccountKind.OWED, AccountKind.VOUCHERS, AccountKind.PAID,
        )}  # fmt: skip
        assert pool.funded == pool.free + pool.reserved + pool.posted

    def teardown(self) -> None:
        assert check_balances() == []
        market = {"market_id": self.books.market_id}
        vouchers = sum(Voucher.objects.filter(**market).values_list("remaining_minor", flat=True))
        assert vouchers == pool_view(self.books.market_id).vouchers.amount_minor
        rewards = [reward for person in self.people for reward in person.rewards]
        owed = {
            reward.id for reward in rewards if reward.rule.kind == "cash" and reward.state in {"earned", "paid"}
        }
        assert set(Payable.objects.filter(**market).values_list("reward_id", flat=True)) == owed
        for person in self.people:
            pot = pot_view(person.id)
            lines = {line.reward_id: line.state for line in (*pot.waiting, *pot.earned, *pot.paid, *pot.voided)}
            assert lines == {reward.id: reward.state for reward in person.rewards}


_TO_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def test_it_balances_after_any_order_of_steps(both_databases: str) -> None:
    run_state_machine_as_test(MoneyMachine, settings=MACHINE_SETTINGS)


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """Run all in threads of their own, each with its own connection, started together."""
    results: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(position: int) -> None:
        close_old_connections()
        gate.wait()
        try:
            results[position] = works[position]()
        except Exception as error:  # noqa: BLE001
            results[position] = type(error).__name__
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(position,)) for position in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_sixteen_at_once_reserve_exactly_ten_pots(both_databases: str) -> None:
    books = open_books(pools=10)
    results = at_once([lambda: bool(join(books))] * 16)
    assert Counter(map(str, results)) == {"True": 10, "NoPotError": 6}
    assert (pool_view(books.market_id).free, Transfer.objects.count()) == (Money(0, "EUR"), 10)
    assert check_balances() == []


def test_the_last_pot_lies_in_pieces_and_one_of_sixteen_gets_it(both_databases: str) -> None:
    """Every slice holds an eighth of a pot: all sixteen have to gather it from all slices at the same moment."""
    books = open_books(pools=8)
    people = [join(books) for _ in range(8)]
    piece = RewardRule("piece", "sponsor", "cash", {"FR": Money(8_750, "EUR")}, 1, None, {})
    for person in people:
        assert promise_reward(
            participant_id=person, market_id=books.market_id, country="FR", rule=piece, cause_key="own",
            earns_at=NOW, now=NOW,
        )  # fmt: skip
        release_pot(participant_id=person, now=NOW)
    assert pool_view(books.market_id).free == POT
    results = at_once([lambda: bool(join(books))] * 16)
    assert Counter(map(str, results)) == {"True": 1, "NoPotError": 15}
    assert check_balances() == []


def test_joining_and_releasing_at_once_lose_nothing(both_databases: str) -> None:
    books = open_books(pools=8)
    people = [join(books) for _ in range(8)]
    released = [lambda person=person: release_pot(participant_id=person, now=NOW) for person in people]
    results = at_once([*released, *([lambda: bool(join(books))] * 8)])
    joined = results[8:].count(True)
    assert results[:8] == [None] * 8
    assert set(map(str, results[8:])) <= {"True", "NoPotError"}
    assert pool_view(books.market_id).free == POT.times(8 - joined)
    assert check_balances() == []


def test_sixteen_at_once_promise_and_pay_once(both_databases: str) -> None:
    """The same friend reported by sixteen calls at once, then the same reward earned and paid by sixteen."""
    books = open_books(pools=1)
    ana = join(books)

    def promise_once() -> object:
        return promise_reward(
            participant_id=ana, market_id=books.market_id, country="FR", rule=CASH, cause_key="ben",
            earns_at=NOW, now=NOW,
        )  # fmt: skip

    (reward_id,) = set(at_once([promise_once] * 16))
    assert isinstance(reward_id, uuid.UUID)

    def earn_and_pay() -> object:
        earned = earn_reward(reward_id=reward_id, participant_id=ana, due_on=DUE_ON, now=NOW)
        if earned.state == "earned":
            owe_reward(reward=earned, now=NOW)
        return mark_reward_paid(
            reward_id=reward_id, participant_id=ana, cause=Cause.PAID_OUT, reference="R", now=NOW
        )

    assert Counter(map(str, at_once([earn_and_pay] * 16))) == {"True": 1, "False": 15}
    assert pool_view(books.market_id).paid == Money(400, "EUR")
    assert Payable.objects.count() == 1
    assert check_balances() == []
