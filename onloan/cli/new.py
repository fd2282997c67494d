"""``onloan new``: an offer file to start from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from onloan.offers.grammar import SLUG_FORM
from onloan.offers.starters import Starter, fill_starter, is_slug


def register(app: typer.Typer) -> None:
    app.command("new")(new)


def new(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help=f"The offer's name: {SLUG_FORM}.")],
    template: Annotated[Starter, typer.Option(help="What to start from.")] = Starter.SHOP,
    out: Annotated[
        str, typer.Option(metavar="FILE", help="Where to write; - for the screen. Default: SLUG.yaml.")
    ] = "",
) -> None:
    """Write an offer file to start from; it already passes onloan check.

    An existing file is never overwritten.
    """
    if not is_slug(slug):
        raise typer.BadParameter(f"write {SLUG_FORM}", param_hint="SLUG")
    text = fill_starter(template, slug=slug, today=datetime.now(UTC).date())
    if out == "-":
        typer.echo(text, nl=False)
        return
    path = Path(out or f"{slug}.yaml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        typer.echo(f"{path} exists already; nothing was written. Choose another name with --out.", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"{path} cannot be written: {error.strerror}.", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Wrote {path}. Put in your own names and amounts, then: onloan check {path} --explain")
