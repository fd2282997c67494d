"""Who may sign in to the console."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from onloan.access.team import add_team_member

PASSWORD = "a-long-enough-phrase"


def sign_in(client: Client, email: str) -> int:
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    return client.get("/console/").status_code


def test_it_lets_a_colleague_of_the_demo_in_in_test_mode_only(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_team_member(email="dora@shop.example", name="Dora", role="dpo", password=PASSWORD)
    add_team_member(email="greg@demo.example", name="Greg", role="growth", password=PASSWORD, is_demo=True)
    signed_in = Client(HTTP_HOST="127.0.0.1")
    assert sign_in(signed_in, "greg@demo.example") == 200
    monkeypatch.setattr(settings, "TEST_MODE", False)
    assert signed_in.get("/console/").status_code == 302
    assert sign_in(Client(HTTP_HOST="127.0.0.1"), "greg@demo.example") == 302
    assert sign_in(Client(HTTP_HOST="127.0.0.1"), "dora@shop.example") == 200
