"""Reserving a pot: whole, once, and only while one is free."""

from __future__ import annotations

import pytest

from onloan import db, ids
from onloan.evidence.models import EntryLink, QueuedEntry
from onloan.ledger.check import check_balances
from onloan.ledger.errors import TransferConflict
from onloan.ledger.models import Account, Funding, PoolSlice, Transfer
from onloan.ledger.pools import fund_pool, release_pot, reserve_pot
from onloan.ledger.queries import is_pot_free, pool_view
from onloan.money import Money
from tests.ledger.books import NOW, POT, NoPotError, join, open_books, promise


def test_it_reserves_one_whole_pot(both_databases: str) -> None:
    books = open_books(pools=3)
    ana = join(books)
    pool = pool_view(books.market_id)
    assert (pool.funded, pool.free, pool.reserved, pool.posted) == (
        Money(30_000, "EUR"), Money(20_000, "EUR"), POT, Money(0, "EUR"),
    )  # fmt: skip
    assert pool.full_pots_free == 2
    account = Account.objects.get(participant_id=ana, kind="reserved")
    assert (account.credits_posted_minor, account.debits_posted_minor) == (10_000, 0)
    assert check_balances() == []


def test_it_lets_exactly_as_many_people_in_as_there_are_pots(both_databases: str) -> None:
    books = open_books(pools=10)
    for _ in range(10):
        join(books)
    assert not is_pot_free(books.market_id, POT)
    with pytest.raises(NoPotError):
        join(books)
    assert Transfer.objects.count() == 10
    assert pool_view(books.market_id).free == Money(0, "EUR")
    assert check_balances() == []


def test_it_writes_nothing_when_no_pot_is_free(both_databases: str) -> None:
    books = open_books(pools=0)
    before = QueuedEntry.objects.count()

    @db.action
    def reserve() -> bool:
        return reserve_pot(participant_id=ids.new_id(), market_id=books.market_id, amount=POT, now=NOW)

    assert reserve() is False
    assert (Account.objects.count(), Transfer.objects.count(), QueuedEntry.objects.count()) == (0, 0, before)


def test_it_reserves_once_however_often_it_is_tried(both_databases: str) -> None:
    books = open_books(pools=3)
    ana = join(books)
    assert reserve_pot(participant_id=ana, market_id=books.market_id, amount=POT, now=NOW)
    assert Transfer.objects.count() == 1
    assert pool_view(books.market_id).reserved == POT


def test_it_refuses_another_amount_under_the_same_key(both_databases: str) -> None:
    books = open_books(pools=3)
    ana = join(books)
    with pytest.raises(TransferConflict):
        reserve_pot(participant_id=ana, market_id=books.market_id, amount=Money(9_999, "EUR"), now=NOW)


def test_it_books_nothing_for_a_pot_of_nothing(both_databases: str) -> None:
    books = open_books(pools=0)
    assert reserve_pot(participant_id=ids.new_id(), market_id=books.market_id, amount=Money(0, "EUR"), now=NOW)
    assert not Transfer.objects.exists()


def test_it_never_takes_another_currency(both_databases: str) -> None:
    books = open_books(pools=3)
    pounds = Money(100, "GBP")
    assert not reserve_pot(participant_id=ids.new_id(), market_id=books.market_id, amount=pounds, now=NOW)


def test_it_gathers_what_lies_in_several_slices(both_databases: str) -> None:
    """Ten pots were given out and each partly given back: no slice alone holds a full pot any more."""
    books = open_books(pools=8)
    people = [join(books) for _ in range(8)]
    rule = books.offer.rewards[1]
    for person in people:
        assert promise(books, person, rule, cause_key="a") and promise(books, person, rule, cause_key="b")
        release_pot(participant_id=person, now=NOW)
    assert max(row.credits_posted_minor - row.debits_posted_minor for row in PoolSlice.objects.all()) == 7_200
    assert pool_view(books.market_id).full_pots_free == 5
    for _ in range(5):
        join(books)
    with pytest.raises(NoPotError):
        join(books)
    assert Funding.objects.exclude(source_slice_id=None).exists()
    assert pool_view(books.market_id).free == Money(7_600, "EUR")
    assert check_balances() == []


def test_it_writes_an_entry_that_names_nobody(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    link = EntryLink.objects.get(participant_id=ana)
    body = bytes(QueuedEntry.objects.get(entry_ref=link.entry_ref).body).decode()
    assert '"kind":"pot_reserved"' in body
    assert '"market":"FR"' in body
    assert '"amount_minor":10000' in body
    assert ana.hex not in body and str(ana) not in body


def test_it_uses_a_top_up(both_databases: str) -> None:
    books = open_books(pools=1)
    join(books)
    with pytest.raises(NoPotError):
        join(books)
    fund_pool(market_id=books.market_id, amount=POT, full_pot=POT, by_user_id=books.team.fay, now=NOW)
    join(books)
    assert check_balances() == []
