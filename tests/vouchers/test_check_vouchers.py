"""A cent of a voucher that is nowhere or twice is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import models

from onloan import ids
from onloan.errors import MustStopError
from onloan.ledger.actions import take_as_voucher
from onloan.ledger.errors import RewardNotReady
from onloan.ledger.models import Account
from onloan.ledger.queries import pool_view
from onloan.vouchers.actions import issue_voucher
from onloan.vouchers.check import check_vouchers, require_vouchers_agree
from onloan.vouchers.models import OwnCode, Redemption, Voucher
from onloan.vouchers.own_codes import import_own_codes
from onloan.vouchers.queries import find_own_voucher
from tests.ledger.books import CASH, SETTLED, THANKS, earn, join, open_books
from tests.vouchers.tills import Holder, assert_balanced, euros, give_voucher, take


def spent_and_held() -> Holder:
    ana = give_voucher()
    take(ana, 400)
    take(ana, 300, "sale-2", hold_seconds=60)
    require_vouchers_agree()
    return ana


@pytest.mark.parametrize(
    ("model", "change", "rules"),
    [
        (Voucher, {"remaining_minor": 999}, {"is not what is left", "not what the ledger holds"}),
        (Voucher, {"held_minor": 301}, {"does not hold what tills", "not what the ledger holds"}),
        (Redemption, {"amount_minor": 399}, {"is not what is left"}),
        (Redemption, {"currency": "GBP"}, {"is of no voucher"}),
        (Redemption, {"voucher_id": ids.new_id()}, {"is of no voucher"}),
        (Account, {"credits_posted_minor": 99_999}, {"not what the ledger holds"}),
        (OwnCode, {"voucher_id": ids.new_id()}, {"do not name each other"}),
    ],
)
def test_it_finds_what_somebody_changed(
    both_databases: str, model: type[models.Model], change: dict[str, object], rules: set[str]
) -> None:
    ana = spent_and_held()
    if model is OwnCode:
        OwnCode.objects.create(
            id=ids.new_id(), market_id=ana.books.market_id, rule_id="thanks", code_hash="0" * 64, sealed_code=b"",
            amount_minor=1_400, currency="EUR", imported_at=SETTLED, by_user_id=ana.books.team.fay,
            voucher_id=None,
        )  # fmt: skip
    rows = model._default_manager.all()
    if model is Redemption:
        rows = rows.filter(reference="sale-1")
    rows.update(**change)
    found = {problem.rule for problem in check_vouchers()}
    for words in rules:
        assert any(words in rule for rule in found), (words, found)
    with pytest.raises(MustStopError):
        require_vouchers_agree()


def test_own_codes_that_were_given_agree(both_databases: str) -> None:
    own = replace(THANKS, own_codes=True)
    books = open_books(rules=(own,), pools=1)
    import_own_codes(
        market_id=books.market_id, rule_id="thanks", codes=["SPRINGAAAA1"], user_id=books.team.fay, now=SETTLED
    )
    ana = join(books)
    issue_voucher(reward=earn(books, ana, own), expires_at=None, now=SETTLED, own_codes=True)
    assert_balanced()
    Voucher.objects.update(own_code_id=None)
    assert [problem.rule for problem in check_vouchers()] == [
        "a code of the merchant's own and its voucher do not name each other"
    ]


def test_cash_that_its_owner_took_as_a_voucher_is_spent_like_any_other(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward = earn(books, ana, CASH)
    with pytest.raises(RewardNotReady):
        issue_voucher(reward=reward, expires_at=None, now=SETTLED)
    swapped = take_as_voucher(reward_id=reward.id, participant_id=ana, now=SETTLED)
    voucher_id = issue_voucher(reward=swapped, expires_at=None, now=SETTLED)
    voucher = find_own_voucher(ana, voucher_id)
    assert voucher is not None and voucher.remaining == euros(400)
    take(Holder(books, ana, voucher_id, voucher.code), None)
    pool = pool_view(books.market_id)
    assert (pool.owed, pool.vouchers, pool.redeemed) == (euros(0), euros(0), euros(400))
    assert_balanced()
