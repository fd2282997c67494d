"""``onloan reviews``: rewards that wait until a human has looked. Who decides does so in the console."""

from __future__ import annotations

import typer

from onloan.referrals.review_queries import list_reviews
from onloan.referrals.review_rules import ReviewState

reviews = typer.Typer(help="Rewards that wait until a human has looked.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(reviews, name="reviews")


@reviews.command("list")
def show_reviews() -> None:
    """Every review that is open, the one that is due first on top: why, and by when it is decided."""
    for line in list_reviews(ReviewState.OPEN):
        kinds = ", ".join(kind.value for kind in line.kinds)
        due = line.due_at.strftime("%Y-%m-%d %H:%M UTC")
        again = "\tasked again" if line.is_second_look else ""
        typer.echo(f"{due}\t{line.country}\t{line.public_id}\t{kinds}\t{line.id}{again}")
