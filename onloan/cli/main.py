"""The ``onloan`` command: each file beside this one holds the commands of one thing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from onloan.errors import MustStopError, OnloanError


def _read_option(arguments: list[str], name: str) -> str | None:
    """The value of ``--name``, wherever it stands: settings are read before commands are parsed."""
    for position, argument in enumerate(arguments):
        if argument == name and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith(f"{name}="):
            return argument.removeprefix(f"{name}=")
    return None


def read_command(arguments: list[str]) -> str:
    """The first word that is neither an option nor the folder of ``--home``; empty when there is none."""
    before = ""
    for argument in arguments:
        if not argument.startswith("-") and before != "--home":
            return argument
        before = argument
    return ""


def prepare(arguments: list[str]) -> None:
    """Set what settings read from the environment, then start Django."""
    home = _read_option(arguments, "--home")
    if home:
        os.environ["ONLOAN_HOME"] = str(Path(home).resolve())
    if read_command(arguments) == "demo":
        os.environ.setdefault("ONLOAN_TEST_MODE", "1")
        # Links, the QR code and mails carry the port that the demo listens on.
        port = _read_option(arguments, "--port") or "8000"
        os.environ.setdefault("ONLOAN_PUBLIC_URL", f"http://127.0.0.1:{port}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
    import django

    from onloan.translations import compile_catalogues

    compile_catalogues()
    django.setup()


def build_app() -> typer.Typer:
    """Every command, registered by the file that holds it."""
    from onloan.cli import (
        audience,
        cases,
        check,
        demo,
        erasing,
        evidence,
        keys,
        market,
        new,
        payouts,
        pool,
        preview,
        publish,
        reviews,
        schema,
        serve,
        team,
        vouchers,
    )

    app = typer.Typer(
        name="onloan",
        help="Referral rewards where nobody's data is for sale.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )

    @app.callback()
    def main(
        home: Annotated[Path | None, typer.Option(help="Where the database, keys and mail lie.")] = None,
    ) -> None:
        """Referral rewards where nobody's data is for sale."""

    for module in (
        check, new, schema, preview, publish, market, pool, payouts, vouchers, reviews, cases, audience, evidence,
        keys, team, serve, erasing, demo,
    ):  # fmt: skip
        module.register(app)
    return app


def run() -> None:
    """Entry point. Exit 1: refused, with code and sentence; 3: the system must stop."""
    prepare(sys.argv[1:])
    try:
        build_app()()
    except OnloanError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        sys.exit(1)
    except MustStopError as error:
        typer.echo(f"MUST STOP: {error}", err=True)
        sys.exit(3)


if __name__ == "__main__":
    run()
