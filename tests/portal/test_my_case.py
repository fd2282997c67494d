"""What a person sees of what they asked: what happened, the answer, and a box to add something."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.core.signing import get_cookie_signer
from django.http import HttpResponse
from django.test import Client

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.desk import add_note, answer_case
from onloan.cases.erasure_rules import GRACE
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.rules import Door, Kind, Outcome
from onloan.portal.session import FOLLOW_COOKIE, save_sealed
from tests.joining.support import open_market
from tests.portal.support import Visitor, add_participant


def signed_in_client(participant_id: UUID | None) -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    if participant_id is not None:
        client.cookies["onloan_me"] = get_cookie_signer(salt="onloan_meonloan_me").sign(participant_id.hex)
    return client


def test_it_follows_a_request_to_its_answer(sqlite_database: str) -> None:
    market = open_market()
    ana, ben = add_participant(market), add_participant(market, "Ben")
    case_id = open_case(
        kind=Kind.ACCESS, country="FR", language="en", door=Door.MY_PAGE, text="", now=clock.now(),
        participant_id=ana.participant_id,
    ).case_id  # fmt: skip
    address, client = f"/en/me/requests/{case_id}/", signed_in_client(ana.participant_id)
    assert address in client.get("/en/me/").content.decode()
    page = client.get(address).content.decode()
    assert "We received it" in page and "cnil.fr" in page
    assert client.post(address, {"text": " "}).status_code == 422
    client.post(address, {"text": "It is the photo of May."})
    dora = market.team.dora
    add_note(case_id=case_id, user_id=dora, text="Ask the shop in Lyon.", is_shown=False, now=clock.now())
    parts = Parts(done="We sent you a copy of everything that we keep.")
    answer_case(case_id=case_id, user_id=dora, outcome=Outcome.DONE, parts=parts, now=clock.now())
    page = client.get(address).content.decode()
    assert "you can complain to the CNIL (" in page
    assert "It is the photo of May." in page and parts.done in page and "Ask the shop in Lyon." not in page
    assert "<textarea" not in page
    assert signed_in_client(ben.participant_id).get(address).status_code == 404
    assert signed_in_client(None).get(address).status_code == 302


def test_it_shows_what_was_written_and_says_what_is_wrong_where_it_is(sqlite_database: str) -> None:
    ana = add_participant(open_market())
    case_id = open_case(
        kind=Kind.COMPLAINT, country="FR", language="en", door=Door.MY_PAGE, text="My name is <wrong>.",
        now=clock.now(), participant_id=ana.participant_id,
    ).case_id  # fmt: skip
    address, client = f"/en/me/requests/{case_id}/", signed_in_client(ana.participant_id)
    assert "My name is &lt;wrong&gt;." in client.get(address).content.decode()
    page = client.post(address, {"act": "add", "text": " "}).content.decode()
    assert "Write first what you want to add." in page and page.count('aria-invalid="true"') == 1


def follow(visitor: Visitor, case_id: UUID) -> None:
    """As if the code of the mail had just been typed."""
    response = HttpResponse()
    save_sealed(response, FOLLOW_COOKIE, {"case": case_id.hex})
    visitor.client.cookies[FOLLOW_COOKIE] = response.cookies[FOLLOW_COOKIE].value


def test_an_erasure_that_is_done_is_not_offered_to_be_taken_back(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add_participant(open_market())
    case_id = open_case(
        kind=Kind.ERASURE, country="FR", language="en", door=Door.MY_PAGE, text="", now=clock.now(),
        participant_id=ana.participant_id,
    ).case_id  # fmt: skip
    visitor, address = Visitor(), "/en/requests/follow/case/"
    follow(visitor, case_id)
    assert visitor.get(address).all("button", value="take-back")
    then = clock.now() + GRACE[Door.MY_PAGE] + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: then)
    finish_erasures(now=then)
    follow(visitor, case_id)
    page = visitor.get(address)
    assert "We erased it" in page.text and not page.all("button", value="take-back")
    page = visitor.post(address, {"act": "take-back"})
    assert page.status == 422 and "cannot be undone" in page.text
    assert not [field for field in page.fields() if field.get("aria-invalid") == "true"]
