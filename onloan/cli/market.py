"""``onloan market``: the switch of each country."""

from __future__ import annotations

from typing import Annotated

import typer

from onloan import clock
from onloan.access.team import find_member
from onloan.cases.feedback import reopen_market
from onloan.errors import BadInput
from onloan.offers import switch
from onloan.offers.queries import MarketView, find_market, list_markets
from onloan.payouts.queries import count_overdue

market = typer.Typer(help="The countries in which offers run.", no_args_is_help=True)

_Offer = Annotated[str, typer.Argument(metavar="OFFER", help="The offer's name, such as spring-pot.")]
_Country = Annotated[str, typer.Argument(metavar="CC", help="The country, such as FR.")]
_Reason = Annotated[str, typer.Option(help="Why, in one sentence that everybody can read on the status page.")]
_By = Annotated[str, typer.Option("--by", help="The e-mail of the team member who does this.")]


def register(app: typer.Typer) -> None:
    app.add_typer(market, name="market")


@market.command("list")
def show_markets() -> None:
    """Every market: its state, since when, under which version, and why."""
    markets = list_markets()
    if not markets:
        typer.echo(
            "No offer is published yet. Try: onloan publish FILE --author EMAIL --approver EMAIL --funder EMAIL"
        )
    for view in markets:
        typer.echo(_line(view))


@market.command("open")
def open_market(
    offer: _Offer,
    country: _Country,
    reason: _Reason,
    by: _By,
    changed: Annotated[
        list[str] | None,
        typer.Option(metavar="LANGUAGE=TEXT", help="After a suspension: what changed and why, as people read it."),
    ] = None,
) -> None:
    """Let people join, for the first time or again. Again, they are told what changed and why in each language."""
    member, now, country = find_member(by), clock.now(), country.upper()
    overdue = count_overdue(country=country, now=now)
    if find_market(offer, country).state == "suspended":
        reopen_market(
            offer_slug=offer, country=country, reason=reason, explanations=_read_texts(changed or []),
            user_id=member.id, overdue=overdue, now=now,
        )  # fmt: skip
    else:
        switch.open_market(
            offer_slug=offer, country=country, reason=reason, user_id=member.id, overdue=overdue, now=now
        )
    _say(offer, country)


def _read_texts(written: list[str]) -> dict[str, str]:
    """``fr=…`` for each language. Raises BadInput for anything else."""
    texts: dict[str, str] = {}
    for each in written:
        language, mark, text = each.partition("=")
        if not mark or language in texts:
            raise BadInput(field="changed", problem="write each language once, as fr=What changed and why")
        texts[language.strip()] = text
    return texts


@market.command("suspend")
def suspend_market(offer: _Offer, country: _Country, reason: _Reason, by: _By) -> None:
    """Stop joining and showing at once. What was earned or is under way is still paid."""
    member = find_member(by)
    switch.suspend_market(
        offer_slug=offer, country=country.upper(), reason=reason, user_id=member.id, now=clock.now()
    )
    switch.finish_stopping(now=clock.now())
    _say(offer, country)


@market.command("withdraw")
def withdraw_market(
    offer: _Offer,
    country: _Country,
    reason: _Reason,
    honour: Annotated[str, typer.Option(help="How all that was earned is still paid; everybody can read it.")],
    by: _By,
) -> None:
    """End a suspended market for good, before its closing date."""
    member = find_member(by)
    switch.withdraw_market(
        offer_slug=offer,
        country=country.upper(),
        reason=reason,
        honour_statement=honour,
        user_id=member.id,
        now=clock.now(),
    )
    _say(offer, country)


@market.command("close")
def close_market(offer: _Offer, country: _Country, reason: _Reason, by: _By) -> None:
    """End a market whose closing date has come; the worker does it by itself too."""
    member = find_member(by)
    switch.close_market(
        offer_slug=offer, country=country.upper(), reason=reason, user_id=member.id, now=clock.now()
    )
    switch.finish_stopping(now=clock.now())
    _say(offer, country)


def _say(offer: str, country: str) -> None:
    view = find_market(offer, country.upper())
    typer.echo(_line(view))
    if view.state in ("suspended", "closed") and view.stopped_at is None:
        typer.echo(
            "Something begun before this is still under way; the worker notes in the log when it has ended."
        )


def _line(view: MarketView) -> str:
    since = view.since.strftime("%Y-%m-%d %H:%M UTC")
    head = f"{view.offer_slug}\t{view.country}\t{view.state}\tsince {since}\tversion {view.version_number}"
    return f"{head}\t{view.reason}" if view.reason else head
