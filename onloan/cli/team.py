"""``onloan team``: the merchant's own people."""

from __future__ import annotations

from typing import Annotated

import typer

from onloan.access.rules import Role
from onloan.access.team import add_team_member, list_members

team = typer.Typer(help="The people who work with Onloan here.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(team, name="team")


@team.command("add")
def add_member(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(help="How colleagues see them.")],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="ONLOAN_PASSWORD")
    ],
) -> None:
    """Add a member of the team, who then signs in at /console/."""
    add_team_member(email=email, name=name, role=role.value, password=password)
    typer.echo(f"{name} ({role.value}) can sign in now.")


@team.command("list")
def show_members() -> None:
    """Who is in the team, with which role."""
    for member in list_members():
        typer.echo(f"{member.name}\t{member.role}\t{member.email}")
