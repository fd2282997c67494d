"""Promising a reward out of the person's own reservation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from onloan import ids
from onloan.errors import NotFound
from onloan.evidence.models import QueuedEntry
from onloan.ledger.actions import void_reward
from onloan.ledger.check import check_balances
from onloan.ledger.models import Reward, Transfer
from onloan.ledger.pools import release_pot
from onloan.ledger.queries import find_reward, list_rewards_of_cause, pool_view, pot_view
from onloan.ledger.rules import RewardState, VoidCause
from onloan.money import Money
from tests.ledger.books import CASH, NOW, POINTS, THANKS, WELCOME, join, open_books, promise


def test_it_sets_the_reward_aside(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH, cause_key="ben")
    assert reward_id is not None
    reward = find_reward(reward_id, ana)
    assert (reward.state, reward.amount) == (RewardState.PENDING, Money(400, "EUR"))
    assert reward.earns_at == NOW + timedelta(days=14)
    pool = pool_view(books.market_id)
    assert (pool.reserved, pool.posted) == (Money(10_000, "EUR"), Money(0, "EUR"))
    assert check_balances() == []


def test_it_promises_once_for_each_friend(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    first = promise(books, ana, CASH, cause_key="ben")
    assert promise(books, ana, CASH, cause_key="ben") == first
    assert promise(books, ana, THANKS, cause_key="ben") not in {first, None}
    assert len(list_rewards_of_cause(ana, "ben")) == 2
    assert Transfer.objects.filter(kind="pending").count() == 2


def test_it_stops_at_the_times_of_the_rule(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    assert all(promise(books, ana, CASH, cause_key=f"friend{number}") for number in range(5))
    assert promise(books, ana, CASH, cause_key="sixth") is None
    assert Reward.objects.count() == 5


def test_it_gives_a_voided_reward_s_place_to_the_next_friend(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    promised = [promise(books, ana, CASH, cause_key=f"friend{number}") for number in range(5)]
    assert promised[0] is not None
    void_reward(
        reward_id=promised[0], participant_id=ana, cause=VoidCause.EVENT_UNDONE_BEFORE_EARNED,
        decided_by_user_id=None, now=NOW,
    )  # fmt: skip
    assert promise(books, ana, CASH, cause_key="sixth") is not None
    assert check_balances() == []


def test_it_promises_nothing_without_a_reservation(both_databases: str) -> None:
    """A friend who joined when all pots were given out: their sponsor is credited, they are not."""
    books = open_books(pools=1)
    late = join(books, amount=Money(0, "EUR"))
    assert promise(books, late, WELCOME) is None
    assert not Reward.objects.exists()


def test_it_promises_no_more_than_is_reserved(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books, amount=Money(1_500, "EUR"))
    assert promise(books, ana, THANKS, cause_key="ben") is not None
    assert promise(books, ana, CASH, cause_key="ben") is None
    assert check_balances() == []


def test_it_promises_nothing_after_the_window(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    release_pot(participant_id=ana, now=NOW)
    assert promise(books, ana, CASH, cause_key="ben") is None


def test_it_promises_nothing_that_the_offer_does_not_name_for_this_country(both_databases: str) -> None:
    books = open_books(country="GB", pools=1)
    ana = join(books, amount=Money(10_000, "GBP"))
    assert promise(books, ana, POINTS, cause_key="ben") is None


def test_it_knows_the_person(both_databases: str) -> None:
    with pytest.raises(NotFound):
        promise(open_books(pools=1), ids.new_id(), CASH)


def test_it_keeps_the_friend_out_of_the_evidence(both_databases: str) -> None:
    books = open_books(pools=1)
    ana, friend_id = join(books), ids.new_id()
    promise(books, ana, CASH, cause_key=friend_id.hex)
    bodies = [bytes(body).decode() for body in QueuedEntry.objects.values_list("body", flat=True)]
    assert any('"kind":"reward_pending"' in body and '"reward":"cash"' in body for body in bodies)
    assert not any(friend_id.hex in body or str(friend_id) in body for body in bodies)


def test_it_shows_what_is_still_possible_by_kind(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    assert pot_view(ana).still_possible == {"voucher": Money(8_000, "EUR"), "cash": Money(2_000, "EUR")}
    promise(books, ana, CASH, cause_key="ben")
    promise(books, ana, WELCOME)
    pot = pot_view(ana)
    assert pot.still_possible == {"voucher": Money(7_000, "EUR"), "cash": Money(1_600, "EUR")}
    assert [line.rule_id for line in pot.waiting] == ["cash", "welcome"]
    assert pot.waiting[0].pending_at == NOW
    release_pot(participant_id=ana, now=NOW)
    assert pot_view(ana).still_possible == {}
    assert len(pot_view(ana).waiting) == 2


def test_it_shows_a_friend_s_reward_as_possible_to_nobody_but_a_friend(both_databases: str) -> None:
    welcome = replace(WELCOME, to="friend")
    books = open_books(pools=2, rules=(welcome, THANKS, CASH))
    alone = join(books, amount=Money(9_000, "EUR"))
    brought = join(books)
    assert pot_view(alone).still_possible == {"voucher": Money(7_000, "EUR"), "cash": Money(2_000, "EUR")}
    assert pot_view(brought).still_possible == {"voucher": Money(8_000, "EUR"), "cash": Money(2_000, "EUR")}
