"""Putting money into a pool: in whole pots, once, in the market's currency."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from onloan import ids
from onloan.errors import BadInput, NotFound
from onloan.evidence.models import QueuedEntry
from onloan.ledger.check import check_balances
from onloan.ledger.errors import TransferConflict, WrongCurrency
from onloan.ledger.models import Funding, PoolSlice
from onloan.ledger.pools import fund_pool
from onloan.ledger.queries import pool_view
from onloan.money import AMOUNT_MINOR_MAX, Money
from tests.ledger.books import NOW, POT, Books, open_books


def fund(books: Books, amount: Money, full_pot: Money = POT, funding_id: object = None) -> None:
    fund_pool(
        market_id=books.market_id, amount=amount, full_pot=full_pot, by_user_id=books.team.fay, now=NOW,
        funding_id=funding_id,  # type: ignore[arg-type]
    )  # fmt: skip


def free_by_slice(books: Books) -> list[int]:
    rows = PoolSlice.objects.filter(market_id=books.market_id).order_by("number")
    return [row.credits_posted_minor - row.debits_posted_minor for row in rows]


def test_it_puts_whole_pots_into_slices(both_databases: str) -> None:
    books = open_books()
    fund(books, Money(105_001, "EUR"))
    assert free_by_slice(books) == [25_001, 20_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000]
    assert pool_view(books.market_id).full_pots_free == 10
    assert check_balances() == []


def test_it_makes_no_slice_that_could_hold_no_pot(both_databases: str) -> None:
    books = open_books()
    fund(books, Money(29_999, "EUR"))
    assert free_by_slice(books) == [19_999, 10_000]
    fund(books, POT.times(20))
    assert len(free_by_slice(books)) == 8
    assert pool_view(books.market_id).funded == Money(229_999, "EUR")
    assert check_balances() == []


def test_it_keeps_less_than_a_pot_in_one_slice(both_databases: str) -> None:
    books = open_books()
    fund(books, Money(9_999, "EUR"))
    assert free_by_slice(books) == [9_999]
    assert pool_view(books.market_id).full_pots_free == 0


def test_it_adds_the_same_funding_once(both_databases: str) -> None:
    books = open_books()
    key = ids.new_id()
    fund(books, POT.times(3), funding_id=key)
    fund(books, POT.times(3), funding_id=key)
    assert pool_view(books.market_id).funded == POT.times(3)
    with pytest.raises(TransferConflict):
        fund(books, POT.times(4), funding_id=key)
    assert QueuedEntry.objects.count() == 1


def test_it_keeps_to_the_currency_of_the_market(both_databases: str) -> None:
    books = open_books()
    with pytest.raises(WrongCurrency, match="EUR"):
        fund(books, Money(10_000, "GBP"))
    with pytest.raises(WrongCurrency):
        fund(books, POT, full_pot=Money(10_000, "GBP"))
    assert not PoolSlice.objects.exists()


def test_it_refuses_nothing_and_too_much(both_databases: str) -> None:
    books = open_books()
    with pytest.raises(BadInput):
        fund(books, Money(0, "EUR"))
    fund(books, Money(AMOUNT_MINOR_MAX, "EUR"))
    with pytest.raises(BadInput):
        fund(books, Money(1, "EUR"))
    assert pool_view(books.market_id).funded == Money(AMOUNT_MINOR_MAX, "EUR")


def test_it_knows_its_market(both_databases: str) -> None:
    books = open_books()
    with pytest.raises(NotFound):
        fund_pool(market_id=ids.new_id(), amount=POT, full_pot=POT, by_user_id=books.team.fay, now=NOW)
    with pytest.raises(NotFound):
        pool_view(ids.new_id())


def test_it_shows_an_empty_pool_before_any_funding(both_databases: str) -> None:
    pool = pool_view(open_books().market_id)
    assert (pool.funded, pool.free, pool.full_pots_free) == (Money(0, "EUR"), Money(0, "EUR"), 0)


def test_it_never_changes_a_funding(both_databases: str) -> None:
    books = open_books(pools=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Funding.objects.update(amount_minor=1)
    assert pool_view(books.market_id).funded == POT


def test_it_keeps_money_in_one_piece_where_only_friends_are_rewarded(both_databases: str) -> None:
    books = open_books()
    fund(books, Money(50_000, "EUR"), full_pot=Money(0, "EUR"))
    assert free_by_slice(books) == [50_000]
