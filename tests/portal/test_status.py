"""What runs where: the question that the news case could not answer."""

from __future__ import annotations

import json

import pytest

from onloan import clock
from onloan.offers import switch
from tests.joining.support import OpenMarket, open_market
from tests.portal.support import Visitor, add_participant


@pytest.fixture
def market(both_databases: str) -> OpenMarket:
    return open_market(pots=20)


def read_json() -> dict[str, dict[str, object]]:
    body = json.loads(Visitor().client.get("/status.json").content)
    return {f"{line['offer']}/{line['country']}": line for line in body["markets"]}


def test_every_country_of_the_offer_has_its_line(market: OpenMarket) -> None:
    page = Visitor().get("/en/status/")
    assert [cell.text.strip() for cell in page.all("th", scope="row")] == ["France", "United Kingdom"]
    states = {place: line["state"] for place, line in read_json().items()}
    assert states == {"spring-pot/FR": "open", "spring-pot/GB": "draft"}


def test_fewer_than_ten_people_are_not_counted_out(market: OpenMarket) -> None:
    for number in range(9):
        add_participant(market, f"Ana{number}")
    assert "fewer than 10" in Visitor().get("/en/status/").text
    line = read_json()["spring-pot/FR"]
    assert line["joined"] is None and line["joined_fewer_than"] == 10
    add_participant(market, "Ana9")
    line = read_json()["spring-pot/FR"]
    assert line["joined"] == 10 and line["joined_fewer_than"] is None
    assert page_counts() == ["10", "fewer than 10"]


def page_counts() -> list[str]:
    page = Visitor().get("/en/status/")
    return [cell.text.strip() for cell in page.all("td", **{"data-label": "People who joined"})]


def test_a_suspended_market_says_since_when_and_why(market: OpenMarket) -> None:
    market.suspend()
    page = Visitor().get("/en/status/")
    assert "suspended" in page.text and "We look at what you wrote to us." in page.text
    line = read_json()["spring-pot/FR"]
    assert line["state"] == "suspended" and line["reason"] == "We look at what you wrote to us."
    assert str(line["since"]).startswith(clock.now().strftime("%Y-%m-%dT"))


def test_a_withdrawn_market_says_how_it_honours_what_was_earned(market: OpenMarket) -> None:
    market.suspend()
    switch.withdraw_market(
        offer_slug="spring-pot",
        country="FR",
        reason="We stop this campaign in France.",
        honour_statement="All that was earned is paid on the same dates as before.",
        user_id=market.team.dora,
        now=clock.now(),
    )
    assert read_json()["spring-pot/FR"]["state"] == "withdrawn"
    page = Visitor().get("/fr/o/spring-pot/FR/")
    assert "Cette campagne a été retirée en France le" in page.text
    assert "All that was earned is paid on the same dates as before." in page.text
    assert not [link for link in page.all("a") if "/join/" in link.get("href")]


def test_it_is_never_kept_by_a_cache(market: OpenMarket) -> None:
    for address in ("/en/status/", "/status.json"):
        assert Visitor().client.get(address).headers["Cache-Control"] == "no-store"


def test_the_home_page_shows_where_it_is_open_and_where_it_is_paused(market: OpenMarket) -> None:
    assert "The spring pot" in Visitor().get("/en/").text
    market.suspend()
    assert "No campaign is open at the moment." in Visitor().get("/en/").text
