"""``onloan evidence``: check the log, show one of its entries."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from onloan.evidence.verify import Report


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    evidence = typer.Typer(no_args_is_help=True, help="The log of what happened, which names nobody.")
    evidence.command("verify")(verify)
    evidence.command("show")(show)
    app.add_typer(evidence, name="evidence")


def verify(
    form: Annotated[Format, typer.Option("--format", help="How to print the report.")] = Format.TEXT,
) -> None:
    """Recompute the whole log from the database. Exit 0: it is what it was; 1: it is not."""
    from onloan.evidence.verify import verify_database

    report = verify_database(show_progress=_show_progress if sys.stderr.isatty() else None)
    if form is Format.JSON:
        typer.echo(json.dumps(_to_json(report), indent=2))
    else:
        typer.echo(f"{report.size} entries, root {report.root_hex}")
        typer.echo(f"{report.waiting_count} waiting, {report.link_count} links opened")
        for problem in report.problems:
            typer.echo(f"- {problem.sentence}")
        if report.unlisted_problem_count:
            typer.echo(f"- and {report.unlisted_problem_count} more.")
        typer.echo("Nothing was altered." if report.is_sound else "The log does not hold.")
    if not report.is_sound:
        raise typer.Exit(1)


def show(
    number: Annotated[int, typer.Argument(min=0, help="The entry's number; the first one is 0.")],
) -> None:
    """Print one entry and its hash."""
    from onloan.evidence import queries

    entry = queries.find_entry(number)
    typer.echo(json.dumps(entry.read(), indent=2))
    typer.echo(f"entry {entry.log_index}, leaf hash {entry.leaf_hash.hex()}")


def _show_progress(done: int, size: int) -> None:
    typer.echo(f"\r{done} of {size} entries", nl=done == size, err=True)


def _to_json(report: Report) -> dict[str, object]:
    return {
        "sound": report.is_sound,
        "size": report.size,
        "root": report.root_hex,
        "waiting": report.waiting_count,
        "links": report.link_count,
        "problems": [{"entry": problem.log_index, "sentence": problem.sentence} for problem in report.problems],
        "more_problems": report.unlisted_problem_count,
    }
