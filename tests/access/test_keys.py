"""A key is shown once, works until it is revoked, and does what its scopes say."""

from __future__ import annotations

import pytest

from onloan import clock, ids
from onloan.access.actions import create_key, revoke_key
from onloan.access.errors import KeyRefused
from onloan.access.models import ApiKey
from onloan.access.queries import find_key, list_keys
from onloan.errors import NotFound

pytestmark = pytest.mark.usefixtures("both_databases")


def test_it_finds_a_key_and_what_it_may_do() -> None:
    made = create_key(name="shop", scopes=["events:write"], now=clock.now())
    found = find_key(made.key)
    assert found is not None
    assert (found.id, found.name, found.scopes) == (made.id, "shop", {"events:write"})


def test_it_keeps_nothing_that_the_key_could_be_made_from() -> None:
    made = create_key(name="shop", scopes=["events:write"], now=clock.now())
    kept = ApiKey.objects.values().get()
    assert made.key not in str(kept)
    assert kept["last_characters"] == made.key[-4:]


def test_it_refuses_a_revoked_key_at_once() -> None:
    made = create_key(name="shop", scopes=["events:write"], now=clock.now())
    revoke_key(key_id=made.id, now=clock.now())
    assert find_key(made.key) is None
    with pytest.raises(NotFound):
        revoke_key(key_id=made.id, now=clock.now())


@pytest.mark.parametrize("typed", ["", "onloan_", "x" * 10_000, "onloan_\x00", "' OR 1=1 --", "é"])
def test_it_finds_no_key_that_was_never_made(typed: str) -> None:
    create_key(name="shop", scopes=["events:write"], now=clock.now())
    assert find_key(typed) is None


@pytest.mark.parametrize(
    ("name", "scopes"),
    [("", ["events:write"]), ("x" * 81, ["events:write"]), ("a\nb", ["events:write"]), ("s", []), ("s", ["all"])],
)
def test_it_refuses_a_key_without_a_name_or_with_an_unknown_scope(name: str, scopes: list[str]) -> None:
    with pytest.raises(KeyRefused):
        create_key(name=name, scopes=scopes, now=clock.now())
    assert list_keys() == []


def test_it_refuses_a_name_in_use_and_allows_it_again_once_revoked() -> None:
    first = create_key(name="shop", scopes=["events:write"], now=clock.now())
    with pytest.raises(KeyRefused):
        create_key(name="shop", scopes=["rewards:write"], now=clock.now())
    revoke_key(key_id=first.id, now=clock.now())
    second = create_key(name="shop", scopes=["rewards:write"], now=clock.now())
    assert [line.id for line in list_keys()] == [second.id, first.id]
    with pytest.raises(NotFound):
        revoke_key(key_id=ids.new_id(), now=clock.now())
