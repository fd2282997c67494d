"""What a person sees of a payment that is late: that we know of it, when it was due, and what became of it."""

from __future__ import annotations

import json

import pytest

from onloan import clock
from onloan.cases.late_payments import follow_late_payments
from onloan.cases.models import Case
from onloan.portal import status
from tests.portal.money import Earner, a_late_earner, pay
from tests.portal.support import Visitor


@pytest.fixture
def earner(sqlite_database: str) -> Earner:
    return a_late_earner()


def address() -> str:
    return f"requests/{Case.objects.get().id}/"


def test_it_stands_on_their_page_like_a_request(earner: Earner) -> None:
    mine = earner.get()
    assert "Notre paiement en retard" in mine.text and "ouverte par nous le" in mine.text
    assert f"/fr/me/{address()}" in mine.html
    page = earner.get(address())
    assert "Nous vous devons 4 € en argent." in page.text.replace("\u00a0", " ").replace("\u202f", " ")
    assert "Vous n'avez rien à faire" in page.text and "Ce que vous avez écrit" not in page.text
    assert "Ce que j'ai demandé" not in page.text and "cnil.fr" in page.html


def test_they_can_add_to_it_and_nobody_can_make_it_go_away_but_by_an_answer(earner: Earner) -> None:
    assert 'value="take-back"' not in earner.get(address()).html
    assert earner.visitor.client.post(earner.path(address()), {"act": "take-back"}).status_code == 422
    assert Case.objects.get().state == "open"
    earner.post(address(), {"act": "add", "text": "Mon compte a changé de banque."})
    assert "Mon compte a changé de banque." in earner.get(address()).text


def test_once_it_is_paid_it_says_so_and_owes_nothing_any_more(earner: Earner) -> None:
    pay(earner)
    follow_late_payments(now=clock.now(), limit=10)
    page = earner.get(address())
    assert "Nous l'avons payé" in page.text and "payés le" in page.text
    assert "Nous vous devons" not in page.text


def test_the_status_page_counts_it_apart_from_what_people_sent(
    earner: Earner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines() -> dict[str, dict[str, object]]:
        body = json.loads(Visitor().client.get("/status.json").content)
        return {line["country"]: line for line in body["markets"]}

    counts = (
        "complaints",
        "complaints_fewer_than",
        "late_payment_complaints",
        "late_payment_complaints_fewer_than",
    )
    assert [lines()["FR"][name] for name in counts] == [None, 10, None, 10]
    monkeypatch.setattr(status, "COUNTED_MIN", 1)
    assert [lines()["FR"][name] for name in counts] == [None, 1, 1, None]
    page = Visitor().get("/en/status/").text
    assert "Complaints sent to us about this country: fewer than 10." in page
    # Great Britain has none, and its line says no number.
    assert page.count("Complaints that we opened ourselves because our payment was late: 1.") == 1
