"""``onloan pool``: the money set aside for each market, and how long it lasts."""

from __future__ import annotations

from typing import Annotated

import typer

from onloan import clock
from onloan.access.team import find_member
from onloan.errors import BadInput
from onloan.ledger.pools import top_up_pool
from onloan.ledger.queries import pool_forecast, pool_view
from onloan.money import Money, parse_money
from onloan.offers.queries import MarketView, find_market, list_markets

pool = typer.Typer(help="The money set aside for each market.", no_args_is_help=True)

_Offer = Annotated[str, typer.Argument(metavar="OFFER", help="The offer's name, such as spring-pot.")]
_Country = Annotated[str, typer.Argument(metavar="CC", help="The country, such as FR.")]


def register(app: typer.Typer) -> None:
    app.add_typer(pool, name="pool")


@pool.command("list")
def show_pools() -> None:
    """Every pool: what was set aside, what is free, set aside for people, owed and paid."""
    for market in list_markets():
        typer.echo(_line(market))


@pool.command("forecast")
def forecast() -> None:
    """When newcomers would stop, if as many join each day as lately."""
    for market in list_markets():
        seen = pool_forecast(market.id, now=clock.now())
        closes = "not in sight" if seen.closes_on is None else seen.closes_on.isoformat()
        head = f"{market.offer_slug}\t{market.country}\t{seen.used_percent} % used"
        typer.echo(f"{head}\t{seen.full_pots_free} full pots free\tused up: {closes}")


@pool.command("top-up")
def top_up(
    offer: _Offer,
    country: _Country,
    amount: Annotated[str, typer.Argument(help="How much more, such as “2500.00 EUR”.")],
    by: Annotated[str, typer.Option("--by", help="The e-mail of the member of finance who sets it aside.")],
) -> None:
    """Set more money aside for a market. What is set aside is never taken out again."""
    market = find_market(offer, country.upper())
    top_up_pool(market_id=market.id, amount=_read_amount(amount), user_id=find_member(by).id, now=clock.now())
    typer.echo(_line(market))


def _read_amount(written: str) -> Money:
    try:
        return parse_money(written)
    except ValueError as error:
        raise BadInput(field="amount", problem=str(error)) from None


def _line(market: MarketView) -> str:
    view = pool_view(market.id)
    amounts = "\t".join(
        f"{name} {getattr(view, name).written()}"
        for name in ("funded", "free", "reserved", "owed", "vouchers", "redeemed", "paid", "expired")
    )
    return f"{market.offer_slug}\t{market.country}\t{amounts}\t{view.full_pots_free} full pots free"
