"""Finance's pages: pools over time, money set aside once, accounts never shown, the bank's answers read back."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onloan import clock, ids
from onloan.access.models import User
from onloan.console.pools import read_amount
from onloan.errors import BadInput
from onloan.ledger.finance import list_fundings
from onloan.ledger.queries import pool_view
from onloan.ledger.watching import record_pool_day
from onloan.money import Money
from onloan.payouts.actions import give_account, owe_reward
from onloan.payouts.bank_queries import find_debtor, list_answers
from onloan.payouts.queries import list_batches, list_payments, reconcile
from onloan.referrals.models import Event
from tests.ledger.books import CASH, DUE_ON, NOW, WELCOME, Books, earn, join, open_books, second_finance
from tests.payouts.bank.answers import pain002, status
from tests.payouts.bank.files import ANA_IBAN, BEN_IBAN, SHOP_IBAN

POOL = "/console/money/spring-pot/FR/"
BANKING = "/console/money/banking/"
SETTLED = NOW + timedelta(days=14)


@pytest.fixture
def books(sqlite_database: str) -> Books:
    """A market in France with ten full pots of 100 euros, of which nobody has taken one; two days after the first
    rewards of whoever joins it can be earned."""
    clock.advance(max(0, int((SETTLED + timedelta(days=2) - clock.now()).total_seconds())))
    return open_books(pools=10)


def signed_in(user_id: UUID, language: str = "en") -> Client:
    client = Client(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_LANGUAGE=language)
    client.force_login(User.objects.get(id=user_id), backend="onloan.console.backend.TeamBackend")
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def owe(books: Books, name: str, iban: str | None) -> UUID:
    """A new customer is owed 4 euros in cash and got a voucher of 10; who gives an account can be paid."""
    person = join(books)
    Event.objects.create(
        id=ids.new_id(), participant_id=person, event="app_signed_up", external_ref=name, occurred_at=NOW,
        received_at=NOW,
    )  # fmt: skip
    earn(books, person, WELCOME)
    owe_reward(reward=earn(books, person, CASH, cause_key=name), now=SETTLED)
    if iban:
        give_account(participant_id=person, name=name, account=iban, now=SETTLED)
    return person


def say_account(client: Client, **fields: str) -> str:
    form = {
        "act": "debtor",
        "currency": "EUR",
        "name": "Boutique Exemple SAS",
        "account": SHOP_IBAN,
        "town": "Paris",
    }
    return client.post(BANKING, {**form, **fields}, follow=True).content.decode()


def prepare(books: Books) -> str:
    """A batch that Fay prepared, by its address."""
    fay = signed_in(books.team.fay)
    say_account(fay)
    fay.post("/console/money/", {"country": "FR"})
    return f"/console/money/batches/{list_batches()[0].id}/"


def send_answer(client: Client, data: bytes) -> str:
    file = SimpleUploadedFile("answer.xml", data, content_type="application/xml")
    return client.post(BANKING, {"act": "answer", "file": file}).content.decode()


def test_it_never_adds_cash_and_vouchers(books: Books) -> None:
    owe(books, "Ana Lopez", None)
    client = signed_in(books.team.fay)
    for text in (page(client, "/console/money/"), page(client, POOL), page(client, "/console/")):
        assert "€4" in text and "€10" in text
        assert "€14" not in text


def test_it_shows_each_pool_with_what_it_holds(books: Books) -> None:
    owe(books, "Ana Lopez", None)
    text = page(signed_in(books.team.fay), "/console/money/")
    rows = dict(re.findall(r'<th scope="row">(?:<svg.*?</svg>)?([^<]+)</th><td class="number">([^<]+)</td>', text))
    assert rows["Set aside"] == "€1,000" and rows["Free"] == "€900" and rows["Reserved for people"] == "€86"
    assert (rows["Owed"], rows["Paid"]) == ("€4", "€0")
    assert (rows["To be used"], rows["Used"], rows["Expired"]) == ("€10", "€0", "€0")


def test_it_shows_every_number_of_its_charts_as_a_table_too(books: Books) -> None:
    owe(books, "Ana Lopez", None)
    record_pool_day(now=clock.now() - timedelta(days=3))
    owe(books, "Ben Dupont", None)
    text = page(signed_in(books.team.fay), POOL)
    assert text.count('role="img"') == 4, "the bar and three charts"
    shown = set(re.findall(r'<text class="worth"[^>]*>([^<]+)<', text))
    days = text.split("The same as a table")[1].split("</table>")[0]
    assert len(re.findall(r"<tr><th scope=\"row\">", days)) == 2
    assert {"€800", "€8", "€20", "€0"} <= shown
    for amount in shown - {"€8", "€20"}:
        assert f">{amount}<" in days
    assert "style=" not in text


def test_it_tells_the_charts_to_who_does_not_see_them(books: Books) -> None:
    owe(books, "Ana Lopez", None)
    english, french = (page(signed_in(books.team.fay, language), POOL) for language in ("en", "fr"))
    assert re.search(r'<desc id="cash-description">On [^<]*: paid €0, owed €4\.</desc>', english)
    assert re.search(r'<desc id="cash-description">Le [^<]*payé 0\xa0€, dû 4\xa0€\.</desc>', french)


def test_it_sets_more_aside_once_however_often_the_button_is_pressed(books: Books) -> None:
    fay = signed_in(books.team.fay)
    key = re.search(r'name="funding_id" value="([^"]+)"', page(fay, POOL))
    assert key is not None
    for _ in range(2):
        answer = fay.post(POOL, {"amount": "1 250,50", "funding_id": key[1]}, follow=True)
        assert answer.status_code == 200
    assert pool_view(books.market_id).funded == Money(100_000 + 125_050, "EUR")
    assert [line.amount.amount_minor for line in list_fundings(books.market_id)] == [125_050, 100_000]
    assert "€1,250.50 more set aside for FR." in answer.content.decode()


@pytest.mark.parametrize("amount", ["", "0", "1,234.50", "12.345", "-5", "ten", "1e9", "99999999999999"])
def test_it_keeps_an_amount_that_it_cannot_read_at_its_field(books: Books, amount: str) -> None:
    answer = signed_in(books.team.fay).post(POOL, {"amount": amount, "funding_id": str(ids.new_id())})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text and f'value="{amount}"' in text and "E-INPUT" in text
    assert pool_view(books.market_id).funded == Money(100_000, "EUR")


@pytest.mark.parametrize("key", ["", "no-key", "5b5f1a3e-4c2f-4d6e-9d51-0a2c3f1e7b44"])
def test_it_takes_no_key_that_it_did_not_give(books: Books, key: str) -> None:
    answer = signed_in(books.team.fay).post(POOL, {"amount": "5", "funding_id": key})
    assert answer.status_code == 422
    assert pool_view(books.market_id).funded == Money(100_000, "EUR")


@pytest.mark.parametrize("member", ["greg", "dora"])
def test_it_lets_nobody_but_finance_set_money_aside(books: Books, member: str) -> None:
    client = signed_in(getattr(books.team, member))
    assert 'name="amount"' not in page(client, POOL)
    answer = client.post(POOL, {"amount": "5", "funding_id": str(ids.new_id())})
    assert answer.status_code == 403
    assert pool_view(books.market_id).funded == Money(100_000, "EUR")


@pytest.mark.parametrize(
    ("typed", "currency", "amount_minor"),
    [
        ("5", "EUR", 500),
        ("5.5", "EUR", 550),
        ("1250,50", "EUR", 125_050),
        ("1 250,50", "EUR", 125_050),
        ("1\u202f250,50", "EUR", 125_050),
        (" 12.00 ", "GBP", 1200),
        ("1000", "JPY", 1000),
    ],
)
def test_it_reads_an_amount_as_people_type_it(typed: str, currency: str, amount_minor: int) -> None:
    assert read_amount(typed, currency) == Money(amount_minor, currency)


@pytest.mark.parametrize(
    ("typed", "currency"), [("1.5", "JPY"), ("1.250,50", "EUR"), ("١٢", "EUR"), ("1'000", "CHF")]
)
def test_it_guesses_no_amount(typed: str, currency: str) -> None:
    with pytest.raises(BadInput):
        read_amount(typed, currency)


def test_it_gives_the_books_as_a_journal_that_names_nobody(books: Books) -> None:
    owe(books, "Ana Lopez", ANA_IBAN)
    client = signed_in(books.team.dora)
    for address in (f"{POOL}journal/", "/console/money/journal/"):
        answer = client.get(address)
        journal = b"".join(answer.streaming_content).decode()
        assert "attachment" in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
        assert "spring-pot" in journal and "person:p" in journal
        assert "Lopez" not in journal and ANA_IBAN not in journal
    assert client.get("/console/money/spring-pot/DE/journal/").status_code == 404


def test_it_never_shows_an_account_that_it_was_given(books: Books) -> None:
    fay = signed_in(books.team.fay)
    text = say_account(fay)
    assert SHOP_IBAN not in text and f"…{SHOP_IBAN[-4:]}" not in text
    assert f'<span class="code">{SHOP_IBAN[-4:]}</span>' in text
    debtor = find_debtor("EUR")
    assert debtor is not None and debtor.town == "Paris"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("account", SHOP_IBAN[:-1] + "9", "E-PAYEE-ACCOUNT"),
        ("bic", "NOTABIC", "E-PAYEE-ACCOUNT"),
        ("name", "###", "E-PAYEE-NAME"),
        ("town", "T" * 36, "E-PAIN-TEXT"),
    ],
)
def test_it_marks_the_field_to_mend_and_stores_nothing(books: Books, field: str, value: str, code: str) -> None:
    text = say_account(signed_in(books.team.fay), **{field: value})
    assert code in text
    marked = re.findall(r'<input[^>]*name="([a-z]+)"[^>]*aria-invalid="true"', text)
    assert marked == [field]
    assert SHOP_IBAN not in text and SHOP_IBAN[:-1] not in text
    assert find_debtor("EUR") is None


def test_it_pays_whom_it_can_and_says_who_is_waited_for(books: Books) -> None:
    owe(books, "Ana Lopez", ANA_IBAN)
    owe(books, "Ben Dupont", None)
    text = page(signed_in(books.team.fay), "/console/money/")
    assert "1 payment ready" in text and "1 waits until the person says where" in text
    address = prepare(books)
    assert list_batches()[0].count == 1
    assert "Ana Lopez" not in page(signed_in(books.team.fay), address)


def test_it_gives_the_file_to_nobody_before_two_people_stand_behind_it(books: Books) -> None:
    owe(books, "Ana Lopez", ANA_IBAN)
    address = prepare(books)
    fay, finn = signed_in(books.team.fay), signed_in(second_finance())
    assert "Download the file" not in page(finn, address)
    assert finn.get(f"{address}file/").status_code == 409
    fay.post(address, {"act": "approve"})
    assert list_batches()[0].state == "prepared"
    finn.post(address, {"act": "approve"})
    file = fay.get(f"{address}file/")
    assert file["Content-Type"] == "application/xml" and "no-store" in file["Cache-Control"]
    assert ANA_IBAN.encode() in file.content
    assert signed_in(books.team.greg).get(f"{address}file/").status_code == 403


def test_it_reads_the_bank_s_answer_and_shows_it_beside_what_was_sent(books: Books) -> None:
    owe(books, "Ana Lopez", ANA_IBAN)
    owe(books, "Ben Dupont", BEN_IBAN)
    address = prepare(books)
    fay = signed_in(books.team.fay)
    signed_in(second_finance()).post(address, {"act": "approve"})
    first, second = list_payments(list_batches()[0].id)
    answer = pain002(
        status(first.reference, "ACSC", amount="4.00"), status(second.reference, "RJCT", "AC04", amount="4.00")
    )
    text = send_answer(fay, answer)
    assert "1 payment is paid." in text and "1 was refused and is owed again." in text
    found = reconcile(list_batches()[0].id)
    assert (found.accepted.count, found.rejected.count, found.unanswered.count) == (1, 1, 0)
    told = page(fay, address)
    assert "refused (AC04)" in told and "Every payment of this file is answered." in told
    assert "Of 2 payments: 1 paid, 1 refused, 0 sent back, 0 without an answer." in told
    assert "This file was read before" in send_answer(fay, answer)
    assert len(list_answers()) == 1


@pytest.mark.parametrize("data", [b"", b"<html>", b"\x00" * 100, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_it_refuses_a_file_that_is_no_answer(books: Books, data: bytes) -> None:
    text = send_answer(signed_in(books.team.fay), data)
    assert "E-BANK-FILE" in text or "E-INPUT" in text
    assert 'id="file-error"' in text and list_answers() == []


def test_it_reads_nothing_that_does_not_fit_into_memory(books: Books) -> None:
    text = send_answer(signed_in(books.team.fay), b" " * (12 * 1024 * 1024 + 1))
    assert "of at most 10 MB" in text and 'id="file-error"' in text


def test_it_asks_for_a_file(books: Books) -> None:
    answer = signed_in(books.team.fay).post(BANKING, {"act": "answer"})
    assert answer.status_code == 422
    assert "choose the file that the bank gave you, of at most 10 MB" in answer.content.decode()


@pytest.mark.parametrize("form", [{"act": "answer"}, {"act": "debtor", "currency": "EUR"}])
def test_it_lets_nobody_but_finance_speak_for_the_bank(books: Books, form: dict[str, str]) -> None:
    greg = signed_in(books.team.greg)
    assert 'name="file"' not in page(greg, BANKING)
    assert greg.post(BANKING, form).status_code == 403


def test_it_says_what_would_fill_each_page_while_there_is_nothing(sqlite_database: str) -> None:
    from tests.support.offers import make_team

    client = signed_in(make_team().fay)
    for address in ("/console/money/", BANKING):
        assert 'class="empty"' in page(client, address)
    assert client.get(POOL).status_code == 404


def test_it_knows_the_day_by_which_cash_is_paid(books: Books) -> None:
    owe(books, "Ana Lopez", ANA_IBAN)
    address = prepare(books)
    assert DUE_ON.strftime("%-d %B %Y") in page(signed_in(books.team.fay), address)
