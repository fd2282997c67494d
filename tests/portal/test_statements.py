"""What a year brought: on a page to print, and as a table."""

from __future__ import annotations

import csv
import io

import pytest

from onloan import clock
from tests.portal.money import Earner, an_earner, pay
from tests.portal.support import Visitor

pytestmark = pytest.mark.usefixtures("sqlite_database")


def this_year() -> int:
    return clock.local_day(clock.now(), "Europe/Paris").year


def rows(earner: Earner) -> list[dict[str, str]]:
    response = earner.visitor.client.get(earner.path(f"statement/{this_year()}.csv"))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "attachment" in response.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_each_kind_stands_for_itself() -> None:
    ana = an_earner()
    page = ana.get(f"statement/{this_year()}/")
    titles = [title.text for title in page.all("h2")]
    assert titles == ["Argent", "Bons d'achat pour cette boutique"]
    assert "18 €" not in page.text and "14 €" in page.text, "cash and vouchers are never added together"
    assert "Gagné, en tout" in page.text and "Payé, en tout" not in page.text


def test_it_tells_what_was_paid_and_taxes_in_a_neutral_sentence() -> None:
    ana = an_earner()
    ana.give_account()
    pay(ana)
    page = ana.get(f"statement/{this_year()}/")
    assert "Payé, en tout" in page.text
    assert "Ce que vous gagnez peut compter pour vos impôts ou vos aides." in page.text
    assert "Boutique Exemple SAS" in page.text
    assert "Ana" not in page.text and "0189" not in page.text, "no name and no account"


def test_the_table_says_the_same_as_the_page() -> None:
    ana = an_earner()
    ana.give_account()
    pay(ana)
    told = [(row["kind"], row["what"], row["amount"], row["currency"]) for row in rows(ana)]
    assert sorted(told) == [
        ("cash", "earned", "4.00", "EUR"),
        ("cash", "paid", "4.00", "EUR"),
        ("voucher", "earned", "14.00", "EUR"),
    ]


def test_cash_taken_as_a_voucher_is_no_cash_paid() -> None:
    ana = an_earner()
    ana.post(f"payment/vouchers/{ana.owed.reward_id}/")
    told = {(row["kind"], row["what"]): row["amount"] for row in rows(ana)}
    assert told["voucher", "taken_as_voucher"] == "4.00"
    assert ("cash", "paid") not in told


@pytest.mark.parametrize("year", [0, 1999, 2100, 99_999])
def test_there_is_no_statement_of_another_time(year: int) -> None:
    ana = an_earner()
    assert ana.visitor.status(ana.path(f"statement/{year}/")) == 404
    assert ana.visitor.status(ana.path(f"statement/{year}.csv")) == 404


def test_a_stranger_gets_none() -> None:
    for path in (f"/fr/me/statement/{this_year()}/", f"/fr/me/statement/{this_year()}.csv"):
        assert Visitor().status(path) == 302
