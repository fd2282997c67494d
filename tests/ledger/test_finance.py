"""What finance asks of the books: who set money aside, and what was given that is no cash."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onloan import ids
from onloan.ledger.errors import PoolEnded
from onloan.ledger.finance import list_fundings, sum_fulfilled
from onloan.ledger.pools import top_up_pool
from onloan.ledger.queries import pool_view
from onloan.money import Money
from onloan.offers.models import Market
from tests.ledger.books import CASH, NOW, POINTS, POT, SPRING_RULES, Books, earn, join, open_books, promise


def open_with_points() -> Books:
    return open_books(rules=(*SPRING_RULES, POINTS), pools=10)


def test_it_lists_each_funding_once_whatever_slices_it_went_into(both_databases: str) -> None:
    books = open_with_points()
    later = NOW + timedelta(days=1)
    top_up_pool(market_id=books.market_id, amount=POT.times(9), user_id=books.team.fay, now=later)
    lines = list_fundings(books.market_id)
    assert [(line.amount, line.by, line.funded_at) for line in lines] == [
        (POT.times(9), "Fay", later),
        (POT.times(10), "Fay", NOW),
    ]


def test_it_leaves_out_what_only_moved_between_slices(both_databases: str) -> None:
    """Ten pots lie in eight slices: a person whose pot is larger than a slice has it gathered from several."""
    books = open_with_points()
    join(books, amount=POT.times(3))
    assert [line.amount for line in list_fundings(books.market_id)] == [POT.times(10)]


def test_it_sets_a_top_up_aside_once_under_one_key(both_databases: str) -> None:
    books = open_with_points()
    key = ids.new_id()
    for _ in range(2):
        top_up_pool(market_id=books.market_id, amount=POT, user_id=books.team.fay, now=NOW, funding_id=key)
    assert pool_view(books.market_id).funded == POT.times(11)


def test_a_market_that_ended_takes_no_more_money(sqlite_database: str) -> None:
    books = open_with_points()
    for state in ("open", "closed"):
        Market.objects.filter(id=books.market_id).update(state=state, reason="The season is over.")
    with pytest.raises(PoolEnded):
        top_up_pool(market_id=books.market_id, amount=POT, user_id=books.team.fay, now=NOW)
    assert pool_view(books.market_id).funded == POT.times(10)


def test_it_sums_what_the_merchant_gives_that_is_no_cash(both_databases: str) -> None:
    books, quiet = open_with_points(), open_books(slug="autumn-pot")
    for _ in range(2):
        person = join(books)
        earn(books, person, POINTS)
        earn(books, person, CASH, cause_key="friend")
    promise(books, join(books), POINTS)
    assert sum_fulfilled([books.market_id, quiet.market_id]) == {books.market_id: 600, quiet.market_id: 0}
    assert pool_view(books.market_id).owed == Money(600 + 800, "EUR"), "what is owed holds both"
