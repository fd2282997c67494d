"""The merchant's own codes: read from a file, given out once each, awaited without a loss."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from onloan import db
from onloan.errors import NotAllowed
from onloan.ledger.queries import pool_view
from onloan.outbox.models import Message
from onloan.vouchers import own_codes
from onloan.vouchers.actions import issue_voucher
from onloan.vouchers.endings import expire_vouchers, warn_expiring
from onloan.vouchers.errors import OwnCodesUnwanted, TooManyOwnCodes
from onloan.vouchers.models import OwnCode, Voucher
from onloan.vouchers.own_codes import ImportReport, RefusedLine, hand_out_codes, import_own_codes
from onloan.vouchers.queries import VoucherView, find_own_voucher, find_voucher, list_missing_codes, list_own_codes
from tests.ledger.books import CASH, SETTLED, THANKS, WELCOME, Books, earn, join, open_books
from tests.vouchers.tills import EXPIRES_AT, LATER, Holder, assert_balanced, euros, take

OWN = replace(THANKS, own_codes=True)


def shop(pools: int = 4) -> Books:
    return open_books(rules=(WELCOME, OWN, CASH), pools=pools)


def hand_in(books: Books, *codes: str, rule_id: str = "thanks") -> ImportReport:
    return import_own_codes(
        market_id=books.market_id, rule_id=rule_id, codes=codes, user_id=books.team.fay, now=SETTLED
    )


def earn_voucher(books: Books, cause_key: str = "own") -> VoucherView:
    ana = join(books)
    voucher_id = issue_voucher(
        reward=earn(books, ana, OWN, cause_key=cause_key), expires_at=EXPIRES_AT, now=SETTLED, own_codes=True
    )
    found = find_own_voucher(ana, voucher_id)
    assert found is not None
    return found


def test_it_reads_each_code_once_and_says_which_lines_it_refused(both_databases: str) -> None:
    books = shop()
    report = hand_in(books, "SPRING-AAAA-1", "", "spring aaaa 1", "short", "SPRINGAAAA2", "naïve-code-3", "Z" * 41)
    assert report == ImportReport(
        2, 1, 3, (RefusedLine(4, "form"), RefusedLine(6, "form"), RefusedLine(7, "form"))
    )
    assert hand_in(books, "SPRING-AAAA-1", "SPRINGAAAA2") == ImportReport(0, 2, 0, ())
    (stock,) = list_own_codes()
    assert (stock.ready, stock.given, stock.waiting, stock.amount) == (2, 0, 0, euros(1_400))
    assert list_missing_codes() == []


def test_it_stores_no_code_that_can_be_read(both_databases: str) -> None:
    books = shop()
    hand_in(books, "SPRINGAAAA1")
    rows = db.fetch_all("SELECT * FROM vouchers_own_code")
    assert rows and not any(b"SPRINGAAAA1" in bytes(str(row), "utf-8") for row in rows)
    assert b"SPRINGAAAA1" not in bytes(OwnCode.objects.get().sealed_code)


def test_a_code_stands_for_one_reward_of_one_market(both_databases: str) -> None:
    books = open_books(rules=(replace(WELCOME, own_codes=True), OWN), pools=1)
    hand_in(books, "SPRINGAAAA1")
    assert hand_in(books, "SPRINGAAAA2", "SPRINGAAAA1", rule_id="welcome") == ImportReport(
        1, 0, 1, (RefusedLine(2, "taken"),)
    )


@pytest.mark.parametrize("rule_id", ["welcome", "cash", "nothing", ""])
def test_it_wants_a_reward_that_takes_own_codes(both_databases: str, rule_id: str) -> None:
    with pytest.raises(OwnCodesUnwanted):
        hand_in(shop(), "SPRINGAAAA1", rule_id=rule_id)


def test_only_finance_hands_codes_in(both_databases: str) -> None:
    books = shop()
    with pytest.raises(NotAllowed):
        import_own_codes(
            market_id=books.market_id, rule_id="thanks", codes=["SPRINGAAAA1"], user_id=books.team.greg,
            now=SETTLED,
        )  # fmt: skip
    assert not OwnCode.objects.exists()


def test_it_reads_many_in_transactions_of_500_and_not_too_many(
    both_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = shop()
    assert hand_in(books, *(f"SPRING{number:06}" for number in range(1_234))).new == 1_234
    monkeypatch.setattr(own_codes, "CODES_MAX", 3)
    with pytest.raises(TooManyOwnCodes):
        hand_in(books, *(f"SUMMER{number:06}" for number in range(4)))
    assert OwnCode.objects.count() == 1_234


def test_a_voucher_carries_a_code_from_stock(both_databases: str) -> None:
    books = shop()
    hand_in(books, "Spring-Aaaa-1", "SPRINGAAAA2")
    first, second = earn_voucher(books), earn_voucher(books)
    assert (first.code, second.code) == ("Spring-Aaaa-1", "SPRINGAAAA2")
    assert first.has_own_code and not first.waits_for_code
    assert find_voucher("springaaaa1") == first and find_voucher("SPRING AAAA 2") == second
    assert Voucher.objects.get(id=first.id).last_characters == "AAA1"
    holder = Holder(books, first.participant_id, first.id, first.code)
    take(holder, 900)
    assert holder.voucher.remaining == euros(500)
    assert_balanced()


def test_it_waits_for_a_code_and_loses_no_day(both_databases: str) -> None:
    books = shop()
    ana, ben = earn_voucher(books), earn_voucher(books)
    assert (ana.code, ana.waits_for_code, ana.remaining) == ("", True, euros(1_400))
    assert [(line.waiting, line.ready) for line in list_missing_codes()] == [(2, 0)]
    assert pool_view(books.market_id).vouchers == euros(2_800)
    assert hand_out_codes(now=LATER, limit=10) == 0
    hand_in(books, "SPRINGAAAA1")
    ten_days_on = SETTLED + timedelta(days=10)
    assert [hand_out_codes(now=ten_days_on, limit=10) for _ in range(2)] == [1, 0]
    given = find_own_voucher(ana.participant_id, ana.id)
    assert given is not None and (given.code, given.waits_for_code) == ("SPRINGAAAA1", False)
    assert given.expires_at is not None and ana.expires_at is not None
    assert given.expires_at == ana.expires_at + timedelta(days=10)
    mail = Message.objects.get(template="voucher_code")
    assert mail.participant_id == ana.participant_id and "SPRINGAAAA1" not in str(mail.context)
    assert [(line.waiting, line.given) for line in list_missing_codes()] == [(1, 1)]
    assert find_own_voucher(ben.participant_id, ben.id) == ben
    assert_balanced()


def test_what_waits_for_its_code_does_not_end(both_databases: str) -> None:
    books = shop()
    ana = earn_voucher(books)
    long_after = EXPIRES_AT + timedelta(days=100)
    assert warn_expiring(now=EXPIRES_AT - timedelta(days=3), limit=10) == 0
    assert expire_vouchers(now=long_after, limit=10) == 0
    hand_in(books, "SPRINGAAAA1")
    hand_out_codes(now=long_after, limit=10)
    holder = Holder(books, ana.participant_id, ana.id, "SPRINGAAAA1")
    assert take(holder, None, now=long_after + timedelta(days=180)).amount == euros(1_400)


def test_a_code_goes_to_vouchers_of_its_amount_only(both_databases: str) -> None:
    books = shop()
    hand_in(books, "SPRINGAAAA1")
    OwnCode.objects.update(amount_minor=500)
    assert earn_voucher(books).waits_for_code
    assert hand_out_codes(now=LATER, limit=10) == 0


def test_a_retry_of_issuing_takes_no_second_code(both_databases: str) -> None:
    books = shop()
    hand_in(books, "SPRINGAAAA1", "SPRINGAAAA2")
    ana = join(books)
    reward = earn(books, ana, OWN)
    issued = {issue_voucher(reward=reward, expires_at=None, now=SETTLED, own_codes=True) for _ in range(3)}
    assert len(issued) == 1
    assert list_own_codes()[0].ready == 1
