"""Many rewards at once: the same as one after the other, and all or nothing."""

from __future__ import annotations

import uuid

import pytest

from onloan import db, ids
from onloan.errors import NotFound
from onloan.evidence.models import EntryLink, QueuedEntry
from onloan.ledger.actions import Earning, Promise, earn_rewards, hold_reward, promise_rewards
from onloan.ledger.check import check_balances
from onloan.ledger.errors import RewardNotReady
from onloan.ledger.models import Transfer
from onloan.ledger.queries import find_reward, pool_view
from onloan.ledger.rules import RewardState
from onloan.money import Money
from onloan.offers.document import RewardRule
from onloan.people.statements import lock_participants
from tests.ledger.books import CASH, DUE_ON, NOW, SETTLED, THANKS, WELCOME, Books, join, open_books


@db.action
def promise_all(books: Books, wanted: list[tuple[uuid.UUID, RewardRule, str]]) -> list[uuid.UUID | None]:
    lock_participants({person for person, _, _ in wanted})
    promises = [
        Promise(
            participant_id=person, market_id=books.market_id, country="FR", rule=rule, cause_key=cause_key,
            earns_at=SETTLED,
        )
        for person, rule, cause_key in wanted
    ]  # fmt: skip
    promised = promise_rewards(promises=promises, now=NOW)
    return [each.reward_id if each is not None else None for each in promised]


@db.action
def earn_all(people: list[uuid.UUID], reward_ids: list[uuid.UUID | None]) -> list[RewardState]:
    lock_participants(people)
    earnings = [
        Earning(person, reward_id, DUE_ON)
        for person, reward_id in zip(people, reward_ids, strict=True)
        if reward_id is not None
    ]
    return [reward.state for reward in earn_rewards(earnings=earnings, now=SETTLED)]


def test_several_rewards_of_several_people_add_up(both_databases: str) -> None:
    books = open_books(pools=2)
    ana, dani = join(books), join(books)
    wanted = [
        (person, rule, cause)
        for cause in ("ben", "chloe")
        for person in (ana, dani)
        for rule in (CASH, THANKS, WELCOME)
    ]
    promised = promise_all(books, wanted)
    # A welcome is promised once, whatever its cause.
    welcomes_again = [rule is WELCOME and cause == "chloe" for _, rule, cause in wanted]
    assert [reward_id is None for reward_id in promised] == welcomes_again
    assert promise_all(books, wanted) == promised
    people = [person for person, _, _ in wanted]
    for _ in range(2):
        assert set(earn_all(people, promised)) == {RewardState.EARNED}
    pool = pool_view(books.market_id)
    assert (pool.owed, pool.vouchers) == (Money(4 * 400, "EUR"), Money(4 * 1400 + 2 * 1000, "EUR"))
    assert check_balances() == []
    # Each step has one transfer and one entry, and each entry what opens it; besides, the pool was funded.
    assert (Transfer.objects.count(), QueuedEntry.objects.count(), EntryLink.objects.count()) == (22, 23, 22)


def test_what_no_longer_fits_is_left_out_and_the_rest_is_promised(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books, amount=Money(2_000, "EUR"))
    promised = promise_all(books, [(ana, THANKS, "ben"), (ana, THANKS, "chloe"), (ana, CASH, "chloe")])
    assert [reward_id is not None for reward_id in promised] == [True, False, True]
    assert check_balances() == []


def test_one_that_is_not_ready_keeps_all_from_being_earned(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    promised = promise_all(books, [(ana, CASH, "ben"), (ana, CASH, "chloe")])
    assert promised[1] is not None
    hold_reward(reward_id=promised[1], participant_id=ana, reason="Somebody looks at this.", now=NOW)
    with pytest.raises(RewardNotReady):
        earn_all([ana, ana], promised)
    with pytest.raises(NotFound):
        earn_all([ana, ana], [promised[0], ids.new_id()])
    assert promised[0] is not None
    assert find_reward(promised[0], ana).state is RewardState.PENDING
    assert pool_view(books.market_id).owed == Money(0, "EUR")
