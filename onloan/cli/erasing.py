"""``onloan erase-again`` and ``onloan sweep``: what an operator runs after a restore, and in a quiet hour."""

from __future__ import annotations

import typer

from onloan import clock
from onloan.cases.erasure_steps import erase_again, sweep_erased


def register(app: typer.Typer) -> None:
    app.command("erase-again")(erase)
    app.command("sweep")(sweep)


def erase() -> None:
    """After a restore, erase whoever had been erased since the backup was made. `serve` and `worker` do it too."""
    count = erase_again(now=clock.now())
    typer.echo(f"Erased again: {count}.")


def sweep() -> None:
    """Take what was erased out of the database's own files, however large they are. People wait meanwhile."""
    count = sweep_erased(now=clock.now(), is_quiet=True)
    if count is None:
        typer.echo("Somebody was reading. Please try again.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Swept. Erasures that are past this step: {count}.")
