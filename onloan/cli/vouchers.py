"""``onloan vouchers``: codes that the merchant made itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onloan import clock
from onloan.access.team import find_member
from onloan.errors import BadInput
from onloan.offers.queries import find_market
from onloan.vouchers.own_codes import import_own_codes
from onloan.vouchers.queries import OwnCodeStock, list_missing_codes, list_own_codes

vouchers = typer.Typer(help="Vouchers with codes that the merchant made itself.", no_args_is_help=True)

FILE_BYTES_MAX = 10_000_000
_REASONS = {
    "form": "no code of 8 to 40 letters and digits",
    "taken": "stands for another market, reward or amount",
}


def register(app: typer.Typer) -> None:
    app.add_typer(vouchers, name="vouchers")


@vouchers.command("import")
def import_codes(
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="The offer's name, such as spring-pot.")],
    country: Annotated[str, typer.Argument(metavar="CC", help="The country, such as FR.")],
    reward: Annotated[str, typer.Argument(help="The id of the reward in the offer file; it has own_codes: true.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="One code on each line, UTF-8.")
    ],
    by: Annotated[str, typer.Option("--by", help="The e-mail of the member of finance who does this.")],
) -> None:
    """Take the codes of FILE into stock, one for each voucher. The same file again changes nothing."""
    market = find_market(offer, country.upper())
    report = import_own_codes(
        market_id=market.id,
        rule_id=reward,
        codes=_read_lines(file),
        user_id=find_member(by).id,
        now=clock.now(),
    )
    typer.echo(f"{report.new} new, {report.known} known before, {report.refused} refused.")
    for refused in report.refused_lines:
        # The code itself is as good as money, so only its line is named.
        typer.echo(f"line {refused.line}: {_REASONS[refused.because]}", err=True)
    if report.refused:
        raise typer.Exit(1)


@vouchers.command("list")
def show_codes() -> None:
    """How many codes lie ready, how many were given out, and how many people wait for one."""
    _show(list_own_codes())


@vouchers.command("list-missing")
def show_missing_codes() -> None:
    """Where people wait for a code, because too few were imported. Exit 3 while anybody waits."""
    missing = list_missing_codes()
    _show(missing)
    if missing:
        raise typer.Exit(3)


def _show(stock: list[OwnCodeStock]) -> None:
    for line in stock:
        head = f"{line.offer_slug}\t{line.country}\t{line.rule_id}\t{line.amount.written()}"
        typer.echo(f"{head}\t{line.ready} ready\t{line.given} given\t{line.waiting} waiting")


def _read_lines(path: Path) -> list[str]:
    with path.open("rb") as opened:
        data = opened.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise BadInput(field="FILE", problem=f"the file is larger than {FILE_BYTES_MAX // 1_000_000} MB")
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise BadInput(field="FILE", problem="save the file as UTF-8") from None
