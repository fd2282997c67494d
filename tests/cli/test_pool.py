"""``onloan pool``: finance sets more aside, and everybody on the team sees how long it lasts."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from onloan.cli import pool
from onloan.errors import BadInput, NotAllowed, NotFound
from onloan.ledger.errors import WrongCurrency
from onloan.ledger.queries import pool_view
from tests.joining.support import OpenMarket, add_participant, open_market

pytestmark = pytest.mark.usefixtures("both_databases")
FAY, GREG = "fay@boutique.example", "greg@boutique.example"


def run(*arguments: str) -> list[str]:
    app = typer.Typer()
    pool.register(app)
    result = CliRunner().invoke(app, ["pool", *arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout.splitlines()


@pytest.fixture
def market() -> OpenMarket:
    return open_market(pots=2)


def test_it_sets_more_aside_and_shows_it(market: OpenMarket) -> None:
    add_participant(market, "Ana")
    before = pool_view(market.market_id)
    (line,) = run("top-up", "spring-pot", "fr", "200.00 EUR", "--by", FAY)
    after = pool_view(market.market_id)
    assert after.funded.amount_minor == before.funded.amount_minor + 200_00
    assert f"funded {after.funded.written()}" in line
    assert line in run("list")


@pytest.mark.parametrize("written", ["200", "200.00", "-200.00 EUR", "200.001 EUR", "EUR", "0.00 EUR"])
def test_it_takes_an_amount_and_nothing_else(market: OpenMarket, written: str) -> None:
    before = pool_view(market.market_id)
    with pytest.raises(BadInput):
        run("top-up", "spring-pot", "FR", "--by", FAY, "--", written)
    assert pool_view(market.market_id) == before


def test_it_asks_for_finance_and_the_markets_own_money(market: OpenMarket) -> None:
    before = pool_view(market.market_id)
    with pytest.raises(NotAllowed):
        run("top-up", "spring-pot", "FR", "200.00 EUR", "--by", GREG)
    with pytest.raises(WrongCurrency):
        run("top-up", "spring-pot", "FR", "200.00 GBP", "--by", FAY)
    with pytest.raises(NotFound):
        run("top-up", "spring-pot", "DE", "200.00 EUR", "--by", FAY)
    assert pool_view(market.market_id) == before


def test_it_says_how_much_is_used_and_that_no_end_is_in_sight(market: OpenMarket) -> None:
    french = next(line for line in run("forecast") if "\tFR\t" in line)
    assert french.endswith("used up: not in sight")
    assert f"{pool_view(market.market_id).full_pots_free} full pots free" in french
