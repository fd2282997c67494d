"""``onloan schema``: the JSON Schema of an offer file, for editors, and of the file that people take."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from onloan.offers.schema import offer_schema


def register(app: typer.Typer) -> None:
    app.command("schema")(schema)


def schema(
    pack: Annotated[bool, typer.Option("--pack", help="The schema of data.json in a person's copy.")] = False,
) -> None:
    """Print the JSON Schema of an offer file, for editors that complete and explain keys.

    Save it, and begin an offer file with: # yaml-language-server: $schema=offer.schema.json
    """
    if pack:
        from onloan.cases.pack.schema import pack_schema

        typer.echo(json.dumps(pack_schema(), ensure_ascii=False, indent=2))
        return
    typer.echo(json.dumps(offer_schema(), ensure_ascii=False, indent=2))
