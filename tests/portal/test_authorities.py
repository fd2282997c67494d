"""The authority stands on the first screen: of the country that is known, and of all; no country is guessed."""

from __future__ import annotations

from onloan.markets.rules import known_countries, market_facts
from tests.joining.support import open_market
from tests.portal.support import Visitor

FIRST = "Vous pouvez vous plaindre auprès de nous, ou directement auprès de"


def test_every_authority_stands_on_the_first_screen(sqlite_database: str) -> None:
    page = Visitor().get("/fr/requests/")
    addresses = {link.get("href") for link in page.all("a")}
    for country in known_countries():
        assert market_facts(country).authority.complaint_url in addresses, country
    # A reader of French may live in Belgium: no country is guessed.
    assert f"{FIRST} l'autorité de protection des données de votre pays" in page.text
    assert not [option for option in page.all("option") if option.has("selected") and option.get("value")]
    assert "la loi du Royaume-Uni nous demande d'avoir" in page.text


def test_the_country_of_a_markets_page_is_named_and_chosen(sqlite_database: str) -> None:
    open_market()
    offer = Visitor().get("/fr/o/spring-pot/FR/")
    assert "/fr/requests/?country=FR" in {link.get("href") for link in offer.all("a")}
    page = Visitor().get("/fr/requests/?country=FR")
    assert f"{FIRST} la CNIL" in page.text and "Rien ne vous oblige à commencer par nous." in page.text
    assert page.one("option", value="FR").has("selected")
    british = Visitor().get("/en/requests/?country=GB")
    assert "directly to the ICO" in british.text and "the form for complaints that the law" in british.text
    assert (
        "directly to the data-protection authority of your country"
        in Visitor().get("/en/requests/?country=<b>").text
    )
