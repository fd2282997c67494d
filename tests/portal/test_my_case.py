"""What a person sees of what they asked: what happened, the answer, and a box to add something."""

from __future__ import annotations

from uuid import UUID

from django.core.signing import get_cookie_signer
from django.test import Client

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.desk import add_note, answer_case
from onloan.cases.rules import Door, Kind, Outcome
from tests.joining.support import open_market
from tests.portal.support import add_participant


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
    assert "It is the photo of May." in page and parts.done in page and "Ask the shop in Lyon." not in page
    assert "<textarea" not in page
    assert signed_in_client(ben.participant_id).get(address).status_code == 404
    assert signed_in_client(None).get(address).status_code == 302
