"""Recomputing the books finds what no constraint of one row can see."""

from __future__ import annotations

import pytest
from django.db import connection

from onloan import ids
from onloan.errors import MustStopError
from onloan.ledger.check import check_balances, require_balance
from onloan.ledger.models import Transfer
from tests.ledger.books import CASH, DUE_ON, NOW, SETTLED, THANKS, Books, earn, join, open_books, promise


@pytest.fixture
def books(both_databases: str) -> Books:
    """Ana earned cash and waits for a voucher."""
    books = open_books(pools=3)
    ana = join(books)
    earn(books, ana, CASH, cause_key="ben")
    promise(books, ana, THANKS, cause_key="ben")
    require_balance()
    return books


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def rules_broken() -> set[str]:
    return {problem.rule for problem in check_balances()}


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        (
            "UPDATE ledger_account SET credits_posted_minor = credits_posted_minor + 1 WHERE kind = 'owed'",
            "an account differs from its transfers",
        ),
        (
            "UPDATE ledger_account SET debits_pending_minor = debits_pending_minor - 1 WHERE kind = 'reserved'",
            "an account differs from its transfers",
        ),
        (
            "UPDATE ledger_pool_slice SET credits_posted_minor = credits_posted_minor + 1 WHERE number = 0",
            "a slice differs from its fundings and transfers",
        ),
        (
            "UPDATE ledger_account SET credits_posted_minor = credits_posted_minor + 1 WHERE kind = 'owed'",
            "a currency does not add up to what was funded",
        ),
        ("DELETE FROM ledger_funding", "a slice differs from its fundings and transfers"),
        ("DELETE FROM ledger_account WHERE kind = 'owed'", "money moved on an account that is not there"),
        ("DELETE FROM ledger_transfer WHERE kind = 'post'", "a reward differs from its transfers"),
        (
            "DELETE FROM ledger_transfer WHERE kind = 'pending'",
            "a transfer resolves something else than a pending one",
        ),
        ("UPDATE ledger_reward SET state = 'earned', earned_at = earns_at WHERE state = 'pending'",
         "a reward differs from its transfers"),
        ("DELETE FROM ledger_reward WHERE state = 'pending'", "money is set aside for no reward"),
        ("UPDATE ledger_account SET currency = 'GBP'", "a transfer is in another currency than its account"),
    ],
)  # fmt: skip
def test_it_finds_books_that_were_changed(books: Books, sql: str, rule: str) -> None:
    execute(sql)
    assert rule in rules_broken()
    with pytest.raises(MustStopError, match="does not balance"):
        require_balance()


def test_it_finds_a_posting_without_a_balance(books: Books) -> None:
    row = Transfer.objects.get(cause="joined")
    row.id = ids.new_id()
    row.save(force_insert=True)
    assert "an account differs from its transfers" in rules_broken()


def test_it_is_content_with_sound_books(books: Books) -> None:
    assert check_balances() == []
    assert (NOW < SETTLED, SETTLED.date() < DUE_ON) == (True, True)
