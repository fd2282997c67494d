"""Promise 6: a pool is never overspent, and a ledger always balances, under any concurrency, crash or retry.

A state machine plays any order of everything that money can do against a real database, beside a model in plain
Python that books the same (``tests/ledger/money_machine.py``). Threads then race for the last pots.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable

from django.db import close_old_connections, connections
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from onloan.ledger.actions import earn_reward, mark_reward_paid, promise_reward
from onloan.ledger.check import check_balances
from onloan.ledger.models import Transfer
from onloan.ledger.pools import release_pot
from onloan.ledger.queries import pool_view
from onloan.ledger.rules import Cause
from onloan.money import Money
from onloan.offers.document import RewardRule
from onloan.payouts.actions import owe_reward
from onloan.payouts.models import Payable
from tests.ledger.books import CASH, DUE_ON, NOW, POT, join, open_books
from tests.ledger.money_machine import MoneyMachine

MACHINE_SETTINGS = settings(
    max_examples=80,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


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
