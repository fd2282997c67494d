"""The merchant asks to whom it must not write; nothing of what it asks stays anywhere."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from onloan import clock
from onloan.access.models import IdempotencyRecord
from onloan.api.suppressions import ADDRESSES_MAX
from onloan.people.actions import release_address, suppress_address
from onloan.people.models import Suppression
from tests.api.support import Shop, open_shop, problem_of


def ask(shop: Shop, *addresses: str) -> dict[str, list[str]]:
    response = shop.post("/suppressions/check", {"addresses": list(addresses)})
    assert response.status_code == 200, response.content
    answer: dict[str, list[str]] = json.loads(response.content)
    return answer


def test_it_names_those_who_get_no_advertising_until_they_say_otherwise(both_databases: str) -> None:
    shop = open_shop("suppressions:read")
    for _ in range(2):
        suppress_address(email="Chloe@Example.org", now=clock.now())
    assert Suppression.objects.count() == 1
    asked = ("chloe@example.org", "CHLOE@example.org", "ben@example.org", "nobody", "chloe@example.org")
    assert ask(shop, *asked) == {
        "do_not_write": ["chloe@example.org", "CHLOE@example.org"],
        "not_addresses": ["nobody"],
    }
    release_address(email="chloe@example.org")
    assert ask(shop, *asked)["do_not_write"] == []


def test_nothing_of_it_is_kept_or_logged(sqlite_database: str, caplog: pytest.LogCaptureFixture) -> None:
    shop = open_shop("suppressions:read")
    with caplog.at_level(0):
        ask(shop, "zelda@example.org", "zelda@")
        many = {"addresses": ["zelda@example.org"] * (ADDRESSES_MAX + 1)}
        for refused in (
            many,
            {"addresses": []},
            {"addresses": ["zelda@example.org" * 20]},
            {"email": "zelda@x.org"},
        ):
            answer = shop.post("/suppressions/check", refused)
            assert problem_of(answer)["status"] == 422
            assert b"zelda" not in answer.content
    assert "zelda" not in caplog.text.lower()
    assert not IdempotencyRecord.objects.exists()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  (names of our own tables)
            assert "zelda" not in repr(cursor.fetchall()).lower(), table


def test_it_needs_its_own_scope_and_that_scope_does_nothing_else(sqlite_database: str) -> None:
    asked = {"addresses": ["chloe@example.org"]}
    refused = open_shop("cases:write", "events:write").post("/suppressions/check", asked)
    assert problem_of(refused)["status"] == 403
    own = open_shop("suppressions:read")
    assert problem_of(own.post("/cases", {"participant": "p0000000000000", "request": "access"}))["status"] == 403
    assert problem_of(own.post("/events", {"contact": "chloe@example.org"}))["code"] == "E-FRIEND-DATA"
