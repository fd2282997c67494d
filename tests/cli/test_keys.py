"""``onloan keys`` and ``onloan webhooks``: made, shown once, listed, ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner, Result

from onloan import clock, db, ids
from onloan.access.errors import KeyRefused
from onloan.access.queries import find_key
from onloan.cli import keys
from onloan.db import action
from onloan.errors import NotFound
from onloan.outbox.actions import deliver_due
from onloan.outbox.errors import EndpointRefused
from onloan.outbox.queries import list_endpoints, list_messages
from onloan.outbox.rules import WEBHOOK_RETRIES, WebhookEvent
from onloan.outbox.statements import webhook_statement

pytestmark = pytest.mark.usefixtures("both_databases")


def run(*arguments: str) -> Result:
    app = typer.Typer()
    keys.register(app)
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def number_in(result: Result) -> str:
    found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", result.stderr)
    assert found is not None
    return found.group()


def test_a_key_is_printed_once_works_and_is_revoked() -> None:
    made = run("keys", "create", "the shop", "--scope", "events:write", "--scope", "rewards:write")
    key = made.stdout.strip()
    found = find_key(key)
    assert found is not None and found.scopes == {"events:write", "rewards:write"}
    listed = run("keys", "list").stdout
    assert "the shop" in listed and key not in listed and key[-4:] in listed
    run("keys", "revoke", number_in(made))
    assert find_key(key) is None
    assert "revoked" in run("keys", "list").stdout


def test_it_refuses_what_cannot_be_a_key() -> None:
    assert run("keys", "create", "the shop").exit_code == 2
    assert run("keys", "create", "the shop", "--scope", "everything").exit_code == 2
    run("keys", "create", "the shop", "--scope", "events:write")
    with pytest.raises(KeyRefused):
        run("keys", "create", "the shop", "--scope", "events:write")
    with pytest.raises(NotFound):
        run("keys", "revoke", str(ids.new_id()))
    assert run("keys", "revoke", "1").exit_code == 2


def test_an_endpoint_is_added_listed_and_stopped() -> None:
    made = run("webhooks", "add", "https://shop.example/hooks", "--event", "reward.earned")
    secret = made.stdout.strip()
    assert secret.startswith("whsec_")
    listed = run("webhooks", "list").stdout
    assert "https://shop.example/hooks" in listed and secret not in listed
    run("webhooks", "stop", number_in(made))
    assert [endpoint.active for endpoint in list_endpoints()] == [False]
    with pytest.raises(EndpointRefused):
        run("webhooks", "add", "http://shop.example/hooks", "--event", "reward.earned")


@action
def write_event() -> None:
    db.execute([webhook_statement(event=WebhookEvent.REWARD_EARNED, payload={}, idempotency_ref=ids.new_id())])


def test_a_failed_message_is_listed_and_begun_anew() -> None:
    run("webhooks", "add", "http://127.0.0.1:1/nothing-listens", "--event", "reward.earned")
    write_event()
    now = clock.now()
    for step in (*WEBHOOK_RETRIES, timedelta(0)):
        deliver_due(now=now, read_address=lambda _: None)
        now += step
    (failed,) = list_messages(state="failed")
    assert f"failed\t{failed.id}" in run("webhooks", "list").stdout
    run("webhooks", "retry", str(failed.id))
    assert list_messages(state="failed") == []
