"""``onloan schema``: the JSON Schema of an offer file, for editors."""

from __future__ import annotations

import json

import typer

from onloan.offers.schema import offer_schema


def register(app: typer.Typer) -> None:
    app.command("schema")(schema)


def schema() -> None:
    """Print the JSON Schema of an offer file, for editors that complete and explain keys.

    Save it, and begin an offer file with: # yaml-language-server: $schema=offer.schema.json
    """
    typer.echo(json.dumps(offer_schema(), ensure_ascii=False, indent=2))
