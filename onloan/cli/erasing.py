"""``onloan erase-again``: after a restore, erase whoever had been erased since the backup was made."""

from __future__ import annotations

import typer

from onloan import clock
from onloan.cases.erasing import erase_again


def register(app: typer.Typer) -> None:
    app.command("erase-again")(erase)


def erase() -> None:
    """Run it after every restore, before the server starts: a backup brings erased people back."""
    count = erase_again(now=clock.now())
    typer.echo(f"Erased again: {count}.")
