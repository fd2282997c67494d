"""``onloan keys`` and ``onloan webhooks``: what the merchant's systems call with, and what calls them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from onloan import clock
from onloan.access.actions import create_key, revoke_key
from onloan.access.queries import list_keys
from onloan.access.rules import Scope
from onloan.outbox.actions import add_endpoint, resend_message, retire_endpoint
from onloan.outbox.queries import list_endpoints, list_messages
from onloan.outbox.rules import STATE_FAILED, WebhookEvent

keys = typer.Typer(help="Keys with which the merchant's systems call the API.", no_args_is_help=True)
webhooks = typer.Typer(help="Addresses that are told of events.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(keys, name="keys")
    app.add_typer(webhooks, name="webhooks")


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Which system uses it.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; repeat for more.")],
) -> None:
    """Make a key and print it, this once."""
    made = create_key(name=name, scopes=[wanted.value for wanted in scope], now=clock.now())
    typer.echo(made.key)
    typer.echo(f"Keep it now: it is not shown again. Its number, to revoke it: {made.id}", err=True)


@keys.command("list")
def show_keys() -> None:
    """Every key: number, name, last characters, scopes, since when."""
    for line in list_keys():
        state = f"revoked {line.revoked_at:%Y-%m-%d}" if line.revoked_at else f"since {line.created_at:%Y-%m-%d}"
        typer.echo(f"{line.id}\t{line.name}\t…{line.last_characters}\t{' '.join(line.scopes)}\t{state}")


@keys.command("revoke")
def revoke(key_id: Annotated[UUID, typer.Argument(help="The number of the key, from the list.")]) -> None:
    """Refuse a key from now on."""
    revoke_key(key_id=key_id, now=clock.now())
    typer.echo("Revoked: the next call with it is refused.")


@webhooks.command("add")
def add(
    url: Annotated[str, typer.Argument(help="An https:// address of yours.")],
    event: Annotated[list[WebhookEvent], typer.Option(help="What to be told of; repeat for more.")],
) -> None:
    """Send events to an address, and print the secret that signs them, this once."""
    made = add_endpoint(url=url, events=[wanted.value for wanted in event], now=clock.now())
    typer.echo(made.secret)
    typer.echo(f"Keep it now: it is not shown again. Its number, to stop it: {made.id}", err=True)


@webhooks.command("list")
def show_webhooks() -> None:
    """Every address, and every message that could not be sent."""
    for endpoint in list_endpoints():
        state = "in use" if endpoint.active else "stopped"
        typer.echo(f"{endpoint.id}\t{endpoint.url}\t{' '.join(endpoint.events)}\t{state}")
    for message in list_messages(state=STATE_FAILED):
        typer.echo(
            f"failed\t{message.id}\t{message.template}\t{message.attempts} tries\t{message.last_error_code}"
            f"\t{message.settled_at:%Y-%m-%d %H:%M}"
        )


@webhooks.command("retry")
def retry(message_id: Annotated[UUID, typer.Argument(help="The number of a failed message.")]) -> None:
    """Begin the tries of a failed message anew."""
    resend_message(message_id=message_id, now=clock.now())
    typer.echo("It is sent again now.")


@webhooks.command("stop")
def stop(endpoint_id: Annotated[UUID, typer.Argument(help="The number of the address.")]) -> None:
    """Send nothing to an address any more."""
    retire_endpoint(endpoint_id=endpoint_id)
    typer.echo("Stopped: nothing is sent there any more.")
