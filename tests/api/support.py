"""One of the merchant's systems, which calls the API as it would over the network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from onloan import clock, ids
from onloan.access.actions import create_key
from onloan.access.rules import Scope

ALL_SCOPES = tuple(scope.value for scope in Scope)


@dataclass
class Shop:
    """Calls with ``key``; every call gets an Idempotency-Key of its own unless it says otherwise."""

    key: str

    def post(self, path: str, body: object, *, again: str | None = None, **headers: str) -> HttpResponse:
        sent = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": again or ids.new_id().hex, **headers}
        data = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return client().post(f"/api/v1{path}", data=data, content_type="application/json", headers=sent)

    def get(self, path: str) -> HttpResponse:
        return client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {self.key}"})


def client() -> Client:
    return Client(headers={"host": "127.0.0.1"})


def open_shop(*scopes: str) -> Shop:
    name = f"shop {ids.new_code(6)}"
    return Shop(create_key(name=name, scopes=scopes or ALL_SCOPES, now=clock.now()).key)


def problem_of(response: HttpResponse) -> dict[str, Any]:
    """The content of a problem, whose form is checked on the way."""
    assert response["Content-Type"] == "application/problem+json", response.content
    content: dict[str, Any] = json.loads(response.content)
    assert {"type", "title", "status", "code", "detail"} <= set(content)
    assert content["status"] == response.status_code
    assert content["code"].startswith("E-") and content["detail"]
    return content
