"""Issuing a voucher: once, with a code that nobody can guess and nothing stores."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from onloan import db, ids
from onloan.ledger.check import check_balances
from onloan.ledger.errors import RewardNotReady
from onloan.ledger.queries import find_reward, pool_view
from onloan.money import Money
from onloan.people.models import CodeLookup
from onloan.vouchers.actions import issue_voucher
from onloan.vouchers.codes import voucher_code
from onloan.vouchers.models import Voucher
from onloan.vouchers.queries import VoucherView, find_voucher, list_vouchers
from onloan.vouchers.rules import end_of_day
from tests.ledger.books import CASH, SETTLED, THANKS, earn, join, open_books, promise

EXPIRES_AT = SETTLED + timedelta(days=180)


def test_it_issues_what_was_earned(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    issue_voucher(reward=earn(books, ana, THANKS), expires_at=EXPIRES_AT, now=SETTLED)
    (voucher,) = list_vouchers(ana)
    assert (voucher.amount, voucher.remaining, voucher.state) == (
        Money(1_400, "EUR"), Money(1_400, "EUR"), "active",
    )  # fmt: skip
    assert voucher.issued_at == SETTLED
    assert pool_view(books.market_id).vouchers == Money(1_400, "EUR")
    assert check_balances() == []


def test_it_finds_the_voucher_by_its_code_however_it_is_typed(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    issue_voucher(reward=earn(books, ana, THANKS), expires_at=None, now=SETTLED)
    (voucher,) = list_vouchers(ana)
    assert find_voucher(voucher.code.lower().replace(" ", "-")) == voucher
    for wrong in ("", "0" * 17, voucher.code[:-1], "'; DROP TABLE vouchers_voucher; --", "é" * 17):
        assert find_voucher(wrong) is None


def test_it_stores_no_code(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    voucher_id = issue_voucher(reward=earn(books, ana, THANKS), expires_at=None, now=SETTLED)
    code = voucher_code(voucher_id)
    for table in ("vouchers_voucher", "people_code_lookup"):
        rows = db.fetch_all(f"SELECT * FROM {table}")
        assert rows and not any(code in str(row) for row in rows)
    assert Voucher.objects.get().last_characters == code[-4:]
    assert CodeLookup.objects.filter(kind="voucher").count() == 1


def test_it_issues_once_for_each_reward(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward = earn(books, ana, THANKS)
    issued = {issue_voucher(reward=reward, expires_at=None, now=SETTLED) for _ in range(3)}
    assert len(issued) == 1 and Voucher.objects.count() == 1


def test_it_issues_nothing_for_cash_or_for_what_is_not_earned(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    pending = promise(books, ana, THANKS)
    assert pending is not None
    for reward in (find_reward(pending, ana), earn(books, ana, CASH)):
        with pytest.raises(RewardNotReady):
            issue_voucher(reward=reward, expires_at=None, now=SETTLED)
    assert not Voucher.objects.exists()


def test_it_is_good_to_the_end_of_its_last_day(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    issue_voucher(reward=earn(books, ana, THANKS), expires_at=EXPIRES_AT, now=SETTLED)
    assert list_vouchers(ana)[0].expires_at == datetime(2027, 6, 15, 21, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "time_zone", "end"),
    [
        (datetime(2027, 3, 28, 0, 30, tzinfo=UTC), "Europe/Paris", datetime(2027, 3, 28, 21, 59, 59, tzinfo=UTC)),
        (datetime(2027, 3, 27, 23, 30, tzinfo=UTC), "Europe/Paris", datetime(2027, 3, 28, 21, 59, 59, tzinfo=UTC)),
        (datetime(2027, 7, 31, 12, 0, tzinfo=UTC), "Europe/London",
         datetime(2027, 7, 31, 22, 59, 59, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_it_ends_with_the_local_day(instant: datetime, time_zone: str, end: datetime) -> None:
    assert end_of_day(instant, time_zone) == end


def test_it_gives_each_voucher_its_own_code() -> None:
    codes = {voucher_code(ids.new_id()) for _ in range(500)}
    assert len(codes) == 500
    assert all(len(code) == 17 and ids.normalize_code(code) == code for code in codes)


def test_the_database_lets_nobody_spend_more_than_there_is(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    issue_voucher(reward=earn(books, ana, THANKS), expires_at=None, now=SETTLED)
    for change in ({"remaining_minor": -1}, {"remaining_minor": 1_401}, {"remaining_minor": 0}, {"state": "gone"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Voucher.objects.update(**change)


def test_it_shows_nothing_of_its_owner() -> None:
    assert {field.name for field in fields(VoucherView)}.isdisjoint({"email", "username", "public_id"})
