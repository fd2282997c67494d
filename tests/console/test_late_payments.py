"""The team's side of a payment that is late: its case, the answer that fits, and a market that stays shut."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.test import Client

from onloan.cases.models import Case
from onloan.offers.queries import find_market
from tests.console.test_cases import answer, send
from tests.console.test_reviews import read, signed_in
from tests.portal.money import Earner, a_late_earner, pay, prepare

MARKET = "/console/markets/spring-pot/FR/"
REOPEN = {
    "act": "reopen",
    "reason": "The page is clearer now.",
    "explanation-fr": "Nous avons retiré la photo des gagnants.",
}


@pytest.fixture
def earner(sqlite_database: str) -> Earner:
    return a_late_earner()


@pytest.fixture
def dora(earner: Earner) -> Client:
    return signed_in("Dora", "dpo")


def only_case() -> UUID:
    case_id: UUID = Case.objects.get().id
    return case_id


def page_of(client: Client) -> str:
    return read(client, f"/console/requests/{only_case()}/")


def test_the_queue_and_the_page_say_that_nobody_wrote_it(dora: Client) -> None:
    assert "a late payment, opened by itself" in read(dora, "/console/requests/")
    page = page_of(dora)
    assert "The late payment" in page and "What was written" not in page
    assert "nobody: it opened by itself because a payment is late" in page
    assert "€4" in page and 'href="/console/money/"' in page and "Have it paid, then answer why" in page


def test_it_leads_to_the_file_that_the_money_is_in(earner: Earner, dora: Client) -> None:
    assert "in a file for the bank" not in page_of(dora)
    prepare(earner)
    assert re.search(r'href="/console/money/batches/[0-9a-f-]{36}/">in a file for the bank', page_of(dora))


def test_the_answer_that_fits_is_suggested_before_and_after_it_is_paid(earner: Earner, dora: Client) -> None:
    assert 'value="late-unpaid"' in page_of(dora) and 'value="late-paid"' not in page_of(dora)
    pay(earner)
    page = page_of(dora)
    assert 'value="late-paid"' in page and 'value="late-unpaid"' not in page and 'value="upheld"' not in page
    assert "It is not late any more." in page
    used = send(dora, only_case(), use="late-paid")
    typed = re.search(r'<textarea id="done"[^>]*>(.*?)</textarea>', used, re.DOTALL)
    assert typed is not None and "Nous vous avons payé" in typed.group(1) and "[pourquoi]" in typed.group(1)
    done = typed.group(1).replace("&#x27;", "'").replace("[pourquoi]", "un oubli")
    done = done.replace("[ce qui change]", "deux personnes y veillent")
    assert "Answered and closed" in answer(dora, only_case(), outcome="done", done=done)
    assert Case.objects.get().outcome == "done"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_market_says_beforehand_that_it_stays_shut_while_payments_are_late(
    earner: Earner, language: str
) -> None:
    dora = signed_in("Dora", "dpo", language)
    assert 'id="overdue"' not in read(dora, MARKET), "it is open"
    dora.post(MARKET, {"act": "suspend", "reason": "We look at it again."})
    page = read(dora, MARKET)
    said = {"en": "Overdue payments in FR: 1 of 1.", "fr": "Paiements en retard en FR\u202f: 1 sur 1."}[language]
    assert said in page and re.search(r'id="overdue".*?href="/console/money/"', page, re.DOTALL)
    refused = dora.post(MARKET, REOPEN)
    text = refused.content.decode()
    assert refused.status_code == 409 and "E-OVERDUE" in text and "onloan payouts list" in text
    assert REOPEN["explanation-fr"] in text and find_market("spring-pot", "FR").state == "suspended"
    pay(earner)
    assert 'id="overdue"' not in read(dora, MARKET)
    dora.post(MARKET, REOPEN)
    assert find_market("spring-pot", "FR").state == "open"
