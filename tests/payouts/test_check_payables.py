"""What was issued, owed and paid agrees with the ledger, or the difference is found."""

from __future__ import annotations

import pytest
from django.db import connection

from onloan.payouts.actions import approve_batch, mark_batch_paid, owe_reward, prepare_batch, refuse_batch
from onloan.payouts.check import check_payables
from onloan.vouchers.actions import issue_voucher
from tests.ledger.books import CASH, SETTLED, THANKS, Books, earn, join, open_books, second_finance

NO_VOUCHER = "an earned voucher reward has no voucher of its amount"
NOT_OWED = "an earned cash reward is not owed, or not in its amount"
NO_SUM = "a batch is not the sum of its payables"


@pytest.fixture
def books(both_databases: str) -> Books:
    """Ana was paid for one friend, is owed for another, and has a voucher."""
    books = open_books(pools=1)
    ana, fay = join(books), books.team.fay
    owe_reward(reward=earn(books, ana, CASH, cause_key="ben"), now=SETTLED)
    refuse_batch(batch_id=prepare_batch(country="FR", user_id=fay, now=SETTLED), user_id=fay, now=SETTLED)
    batch_id = prepare_batch(country="FR", user_id=fay, now=SETTLED)
    approve_batch(batch_id=batch_id, user_id=second_finance(), now=SETTLED)
    mark_batch_paid(batch_id=batch_id, user_id=fay, now=SETTLED)
    owe_reward(reward=earn(books, ana, CASH, cause_key="dan"), now=SETTLED)
    issue_voucher(reward=earn(books, ana, THANKS, cause_key="ben"), expires_at=None, now=SETTLED)
    assert check_payables() == []
    return books


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("DELETE FROM vouchers_voucher", NO_VOUCHER),
        ("UPDATE vouchers_voucher SET amount_minor = 9999", NO_VOUCHER),
        ("DELETE FROM ledger_reward", "a voucher has no earned reward"),
        ("DELETE FROM payouts_payable WHERE state = 'owed'", NOT_OWED),
        ("UPDATE payouts_payable SET amount_minor = 1", NOT_OWED),
        (
            "UPDATE payouts_payable SET state = 'in_batch', paid_at = NULL WHERE state = 'paid'",
            NOT_OWED,
        ),
        ("DELETE FROM ledger_reward WHERE reward_kind = 'cash'", "something is owed that nobody earned"),
        ("UPDATE payouts_batch SET total_minor = total_minor + 1", NO_SUM),
        ("UPDATE payouts_batch SET payable_count = 2", NO_SUM),
        ("DELETE FROM payouts_payable", NO_SUM),
    ],
)  # fmt: skip
def test_it_finds_what_does_not_agree(books: Books, sql: str, rule: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert rule in {problem.rule for problem in check_payables()}
