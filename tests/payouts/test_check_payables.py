"""What was issued, owed and paid agrees with the ledger, or the difference is found."""

from __future__ import annotations

import pytest
from django.db import connection

from onloan.payouts.actions import issue_slip, mark_batch_paid, owe_reward, refuse_batch
from onloan.payouts.check import check_payables
from onloan.payouts.models import Payable
from onloan.vouchers.actions import issue_voucher
from tests.ledger.books import CASH, SETTLED, THANKS, Books, earn, open_books
from tests.payouts.world import LATER, owe, prepare, send

NO_VOUCHER = "an earned voucher reward has no voucher of its amount"
NOT_OWED = "an earned cash reward is not owed, or not in its amount"
NO_LINE = "what is under way or paid by a bank is no line of its batch"
LINE_OF_NOTHING = "a line is under way or paid, and what it pays is not"
TOO_OFTEN = "it was paid more or less often than banks and tills say"
WRONG_SLIP = "a slip and what it pays do not agree"
NO_SUM = "a batch is not the sum of its lines"


@pytest.fixture
def books(both_databases: str) -> Books:
    """Ana was paid for one friend, is owed for another, and has a voucher."""
    books = open_books(pools=2)
    fay = books.team.fay
    ana = owe(books)
    refuse_batch(batch_id=prepare(books), user_id=fay, now=LATER)
    mark_batch_paid(batch_id=send(books), user_id=fay, now=LATER)
    owe_reward(reward=earn(books, ana, CASH, cause_key="dan"), now=SETTLED)
    issue_voucher(reward=earn(books, ana, THANKS, cause_key="ben"), expires_at=None, now=SETTLED)
    ben = owe(books, account=None)
    issue_slip(participant_id=ben, payable_id=Payable.objects.get(participant_id=ben).id, now=LATER)
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
        ("UPDATE payouts_payable SET state = 'in_batch', paid_at = NULL WHERE state = 'paid'", NOT_OWED),
        ("UPDATE payouts_payable SET times_paid = 2 WHERE state = 'paid'", NOT_OWED),
        ("UPDATE payouts_payable SET times_paid = 2 WHERE state = 'paid'", TOO_OFTEN),
        ("DELETE FROM payouts_payment", NO_LINE),
        ("UPDATE payouts_payment SET amount_minor = 1", NO_LINE),
        ("UPDATE payouts_payment SET payable_id = reward_id", LINE_OF_NOTHING),
        ("UPDATE payouts_slip SET cancelled_at = issued_at", WRONG_SLIP),
        ("DELETE FROM ledger_reward WHERE reward_kind = 'cash'", "something is owed that nobody earned"),
        ("UPDATE payouts_batch SET total_minor = total_minor + 1", NO_SUM),
        ("UPDATE payouts_batch SET payable_count = 2", NO_SUM),
        ("DELETE FROM payouts_payment", NO_SUM),
    ],
)  # fmt: skip
def test_it_finds_what_does_not_agree(books: Books, sql: str, rule: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert rule in {problem.rule for problem in check_payables()}
