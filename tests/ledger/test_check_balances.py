"""Recomputing the books finds what no constraint of one row can see."""

from __future__ import annotations

import pytest
from django.db import connection

from onloan import ids
from onloan.errors import MustStopError
from onloan.ledger.actions import mark_reward_paid, return_reward, take_as_voucher
from onloan.ledger.check import check_balances, require_balance
from onloan.ledger.models import Transfer
from onloan.ledger.rules import Cause
from onloan.ledger.spending import expire_voucher, restore_spending, settle_spending, spend_voucher
from onloan.money import Money
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


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("DELETE FROM ledger_transfer WHERE cause = 'payment_returned'", "a reward differs from its transfers"),
        ("DELETE FROM ledger_transfer WHERE cause = 'taken_as_voucher'", "a reward differs from its transfers"),
        (
            "UPDATE ledger_reward SET payment_count = 3 WHERE payment_count = 2",
            "a reward differs from its transfers",
        ),
        (
            "UPDATE ledger_reward SET amount_minor = 699 WHERE rule_id = 'thanks'",
            "more of a voucher is spent or ended than was earned, or less than nothing",
        ),
        (
            "DELETE FROM ledger_transfer WHERE cause = 'redeemed'",
            "more of a voucher is spent or ended than was earned, or less than nothing",
        ),
        ("DELETE FROM ledger_reward WHERE rule_id = 'thanks'", "money that was earned moved for no reward"),
    ],
)
def test_it_finds_what_was_changed_after_earning(both_databases: str, sql: str, rule: str) -> None:
    """Of cash: one was paid, came back and was paid again, one was taken as a voucher. Of a voucher of 14 euros
    7 were spent and rolled back, 5 are spent, 1 is held and 1 ended."""
    books = open_books(pools=1)
    ana = join(books)
    paid, swapped = earn(books, ana, CASH, cause_key="ben"), earn(books, ana, CASH, cause_key="chloe")
    for attempt in (1, 2):
        mark_reward_paid(
            reward_id=paid.id, participant_id=ana, cause=Cause.PAID_OUT, reference="R", now=SETTLED,
            attempt=attempt,
        )  # fmt: skip
        if attempt == 1:
            return_reward(reward_id=paid.id, participant_id=ana, now=SETTLED)
    take_as_voucher(reward_id=swapped.id, participant_id=ana, now=SETTLED)
    voucher = earn(books, ana, THANKS)
    redemptions = [ids.new_id() for _ in range(3)]
    for redemption_id, minor, is_held in zip(redemptions, (700, 500, 100), (True, False, True), strict=True):
        spend_voucher(
            participant_id=ana, market_id=books.market_id, reward_id=voucher.id, redemption_id=redemption_id,
            amount=Money(minor, "EUR"), is_held=is_held, now=SETTLED,
        )  # fmt: skip
        if redemption_id == redemptions[0]:
            settle_spending(participant_id=ana, redemption_id=redemption_id, now=SETTLED)
            restore_spending(participant_id=ana, redemption_id=redemption_id, now=SETTLED)
    expire_voucher(
        participant_id=ana, market_id=books.market_id, reward_id=voucher.id, voucher_id=ids.new_id(),
        amount=Money(100, "EUR"), now=SETTLED,
    )  # fmt: skip
    require_balance()
    suffix = " ON ledger_reward" if connection.vendor == "postgresql" else ""
    execute(f"DROP TRIGGER ledger_reward_stays_earned{suffix}")
    execute(sql)
    assert rule in rules_broken()


def test_it_finds_a_posting_without_a_balance(books: Books) -> None:
    row = Transfer.objects.get(cause="joined")
    row.id = ids.new_id()
    row.save(force_insert=True)
    assert "an account differs from its transfers" in rules_broken()


def test_it_is_content_with_sound_books(books: Books) -> None:
    assert check_balances() == []
    assert (NOW < SETTLED, SETTLED.date() < DUE_ON) == (True, True)
