"""Nobody who is owed is forgotten, and sums that the law looks at are noticed in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from onloan import ids
from onloan.money import Money
from onloan.outbox.models import Message
from onloan.payouts.actions import give_account
from onloan.payouts.models import YearNote
from onloan.payouts.queries import count_unreached
from onloan.payouts.thresholds import is_near, tell_near
from onloan.payouts.watch import list_voucher_alarms, watch_unreached, watch_voucher_value
from onloan.vouchers.models import Redemption
from tests.ledger.books import CASH, SETTLED, WELCOME, earn, join, open_books
from tests.payouts.bank.files import ANA_IBAN
from tests.payouts.world import owe


def mails(template: str) -> int:
    return Message.objects.filter(template=template).count()


def test_finance_hears_each_monday_of_who_cannot_be_paid(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    days = [SETTLED + timedelta(days=number) for number in range(29, 46)]
    told = [day for day in days if watch_unreached(now=day)]
    assert [day.isoweekday() for day in told] == [1, 1]
    assert all(watch_unreached(now=day) == 0 for day in told)
    assert mails("payments_unreached") == 2 * len([books.team.fay])
    give_account(participant_id=ana, name="Ana Lopez", account=ANA_IBAN, now=days[-1])
    assert count_unreached(country="FR", now=days[-1]) == 0


def spend(amount_minor: int, currency: str, on: datetime) -> None:
    Redemption.objects.create(
        id=ids.new_id(), participant_id=ids.new_id(), voucher_id=ids.new_id(), amount_minor=amount_minor,
        currency=currency, state="done", reference=str(ids.new_id())[:20], by_key_id=ids.new_id(), started_at=on,
        done_at=on,
    )  # fmt: skip


def test_finance_hears_once_a_year_of_what_vouchers_came_to(sqlite_database: str) -> None:
    open_books(pools=1)
    now = datetime(2027, 6, 1, 12, tzinfo=UTC)
    spend(79_999_999, "EUR", now)
    spend(79_999_999, "GBP", now)
    spend(80_000_000, "EUR", now - timedelta(days=365))
    assert watch_voucher_value(now=now) == 0
    spend(1, "EUR", now)
    assert [value.written() for value in list_voucher_alarms(now=now)] == ["800000.00 EUR"]
    assert [watch_voucher_value(now=now) for _ in range(2)] == [1, 0]
    assert mails("voucher_value") == 1


def test_a_person_hears_once_a_year_of_an_amount_to_declare(sqlite_database: str) -> None:
    """80 % of 1,000 pounds: cash and vouchers count together here, and nowhere else."""
    rich = replace(CASH, amounts={"GB": Money(40_000, "GBP")})
    gift = replace(WELCOME, amounts={"GB": Money(40_000, "GBP")})
    books = open_books(country="GB", rules=(rich, gift), pools=40)
    people = [join(books, amount=Money(80_000, "GBP")) for _ in range(2)]
    ana, ben = people
    for person, rules in ((ana, (rich, gift)), (ben, (rich,))):
        for rule in rules:
            earn(books, person, rule)
    year = SETTLED.year
    assert [tell_near(now=SETTLED) for _ in range(2)] == [1, 0]
    assert YearNote.objects.get().participant_id == ana
    assert is_near(ana, country="GB", year=year) and not is_near(ben, country="GB", year=year)
    assert not is_near(ana, country="GB", year=year + 1) and not is_near(ana, country="FR", year=year)
    assert mails("amount_to_declare") == 1
