"""Wrong passwords stop whoever guesses, and never the colleague whose address it is."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from onloan.access.team import add_team_member

PASSWORD, DORA = "a-long-enough-phrase", "dora@shop.example"
STRANGER, OFFICE = "203.0.113.7", "198.51.100.4"


@pytest.fixture(autouse=True)
def dora(sqlite_database: str) -> None:
    add_team_member(email=DORA, name="Dora", role="dpo", password=PASSWORD)


def is_let_in(password: str = PASSWORD, network: str = OFFICE, proxied_for: str = "") -> bool:
    headers = {"HTTP_X_FORWARDED_FOR": proxied_for} if proxied_for else {}
    client = Client(HTTP_HOST="127.0.0.1", REMOTE_ADDR=network, **headers)
    return client.post("/accounts/login/", {"login": DORA, "password": password}).status_code == 302


def test_wrong_passwords_of_a_stranger_lock_out_the_stranger_alone() -> None:
    assert not any(is_let_in("wrong", STRANGER) for _ in range(6))
    assert not is_let_in(network=STRANGER), "they guess no further"
    assert is_let_in()


def test_an_address_that_many_networks_try_is_closed_at_a_bound_of_its_own() -> None:
    with override_settings(ACCOUNT_RATE_LIMITS={"login_failed": "5/5m/key", "login_failed_everywhere": "3/h/key"}):
        for number in range(3):
            assert is_let_in(), "what succeeds is not counted"
            assert not is_let_in("wrong", f"203.0.113.{number}")
        assert not is_let_in()


def test_what_a_visitor_writes_about_their_network_counts_for_nothing_without_a_proxy() -> None:
    assert not any(is_let_in("wrong", STRANGER, f"192.0.2.{number}") for number in range(6))
    assert not is_let_in(network=STRANGER, proxied_for="192.0.2.99")


def test_behind_a_proxy_the_networks_are_told_apart_by_what_the_proxy_adds() -> None:
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1):
        assert not any(is_let_in("wrong", OFFICE, f"192.0.2.{number}, {STRANGER}") for number in range(6))
        assert not is_let_in(proxied_for=STRANGER)
        assert is_let_in(proxied_for="192.0.2.99")
