"""A receipt opens with its own link, takes back, and goes to other programs."""

from __future__ import annotations

import pytest

from onloan.consents.errors import PermissionUnknown
from onloan.consents.queries import list_consents
from onloan.joining.actions import Joined
from tests.joining.support import OpenMarket, open_market
from tests.portal.support import ACCEPTANCE, EVERYTHING, LAST, PERMISSIONS, Visitor, add_participant

SOME = {**EVERYTHING, ACCEPTANCE: False}


@pytest.fixture
def ana(both_databases: str) -> Joined:
    market: OpenMarket = open_market()
    return add_participant(market, "Ana", answers=SOME)


def states(joined: Joined) -> dict[str, str]:
    return {consent.permission_id: consent.state for consent in list_consents(joined.participant_id)}


def test_it_says_what_was_allowed_and_refused(ana: Joined) -> None:
    page = Visitor().get(f"/en/r/{ana.receipt_token}/")
    assert page.text.count("You allowed this.") == len(PERMISSIONS) - 1
    assert page.text.count("You did not allow this.") == 1
    assert "Ana" not in page.html and "ana@example.org" not in page.html


def test_it_takes_one_back_without_signing_in(ana: Joined) -> None:
    visitor = Visitor()
    page = visitor.post(f"/en/r/{ana.receipt_token}/take-back/", {"permission": LAST})
    assert states(ana) == {**dict.fromkeys(PERMISSIONS, "allowed"), ACCEPTANCE: "refused", LAST: "withdrawn"}
    assert "You still allow us to show your username" in page.text
    assert "onloan_me" not in visitor.client.cookies


@pytest.mark.parametrize("permission", ["\x00", f"{LAST}\x00", "no-such-permission"])
def test_what_is_no_permission_is_not_found_whatever_was_typed(ana: Joined, permission: str) -> None:
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    for address in (f"/en/r/{ana.receipt_token}/take-back/", "/en/me/take-back/", "/en/me/allow/"):
        page = visitor.client.post(address, {"permission": permission})
        assert page.status_code == (PermissionUnknown.status if "allow" in address else 404)
    assert states(ana) == {**dict.fromkeys(PERMISSIONS, "allowed"), ACCEPTANCE: "refused"}


def test_it_takes_everything_back_without_signing_in(ana: Joined) -> None:
    page = Visitor().post(f"/fr/r/{ana.receipt_token}/take-back/", {"permission": ""})
    assert "allowed" not in states(ana).values()
    assert "Plus rien de vous n'est affiché." in page.text


def test_opening_it_takes_nothing_back(ana: Joined) -> None:
    visitor = Visitor()
    assert visitor.status(f"/fr/r/{ana.receipt_token}/take-back/") == 405
    assert visitor.status(f"/fr/r/{ana.receipt_token}/", "head") == 200
    assert states(ana)[LAST] == "allowed"


@pytest.mark.parametrize("form", ["iso27560", "dpv", "kantara"])
def test_it_goes_to_other_programs_in_three_forms(ana: Joined, form: str) -> None:
    page = Visitor().get(f"/en/r/{ana.receipt_token}/")
    address = f"/en/r/{ana.receipt_token}/{form}.json"
    assert page.all("a", href=address)
    response = Visitor().client.get(address)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "private, no-store"
    written = response.content.decode()
    assert "Ana" not in written and ana.receipt_token not in written


def test_a_form_that_does_not_exist_is_not_found(ana: Joined) -> None:
    assert Visitor().status(f"/en/r/{ana.receipt_token}/pdf.json") == 404


@pytest.mark.parametrize("token", ["A" * 27, "x", "0", "%20", "a" * 200])
def test_a_token_of_nobody_opens_nothing(ana: Joined, token: str) -> None:
    assert Visitor().status(f"/fr/r/{token}/") == 404
    assert Visitor().status(f"/fr/r/{token}/take-back/", "post") == 404
    assert set(states(ana)) == set(PERMISSIONS)
    assert states(ana)[LAST] == "allowed"
