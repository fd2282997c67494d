"""Whoever has no account follows their request, adds to it and takes it back; no page tells anybody else."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.test import Client

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.clocks import Pause
from onloan.cases.desk import add_note, answer_case, pause_case
from onloan.cases.identifying import identify_case
from onloan.cases.models import Case
from onloan.cases.queries import list_cases_of
from onloan.cases.rules import Door, EventKind, Kind, Outcome
from onloan.outbox.models import Message
from onloan.portal.cases import EVENT_WORDS
from tests.joining.support import open_market
from tests.portal.support import Visitor, add_participant, read_mailed_code

NEVER_SHOWN = {
    EventKind.NOTE, EventKind.ALARMED, EventKind.MAIL_FAILED, EventKind.ERASURE_PREVIEWED,
    EventKind.ANOTHER_CONFIRMED,
}  # fmt: skip


def complain(kind: Kind = Kind.COMPLAINT) -> str:
    return open_case(
        kind=kind, country="GB", language="en", door=Door.PUBLIC_PAGE, text="It is wrong.",
        contact="chloe@example.org", representative="", now=clock.now(),
    ).reference  # fmt: skip


def test_it_follows_a_complaint_to_its_end(sqlite_database: str) -> None:
    market, reference, visitor = open_market(), complain(), Visitor()
    case_id = Case.objects.get().id
    page = visitor.post("/en/requests/follow/", {"reference": reference, "email": "chloe@example.org"})
    assert visitor.address == "/en/requests/follow/code/"
    assert visitor.post("/en/requests/follow/code/", {"code": "000000"}).status == 422
    page = visitor.post("/en/requests/follow/code/", {"code": read_mailed_code()})
    assert visitor.address == "/en/requests/follow/case/" and reference in page.text and "the ICO" in page.text
    assert "We received it" in page.text and "onloan_me" not in visitor.client.cookies
    assert visitor.post("/en/requests/follow/case/", {"act": "add", "text": " "}).status == 422
    dora = market.team.dora
    add_note(case_id=case_id, user_id=dora, text="Ask the shop in Lyon.", is_shown=False, now=clock.now())
    add_note(case_id=case_id, user_id=dora, text="We asked the shop.", is_shown=True, now=clock.now())
    page = visitor.post("/en/requests/follow/case/", {"act": "add", "text": "It was in May."})
    assert "It was in May." in page.text and "We asked the shop." in page.text and "Lyon" not in page.text
    answer_case(
        case_id=case_id, user_id=dora, outcome=Outcome.DONE, parts=Parts(done="You are right. It is mended now."),
        now=clock.now(),
    )  # fmt: skip
    page = visitor.get("/en/requests/follow/case/")
    assert "It is mended now." in page.text and not page.all("textarea")
    visitor.post("/en/requests/follow/case/", {"act": "leave"})
    visitor.get("/en/requests/follow/case/")
    assert visitor.address == "/en/requests/follow/"


def test_a_request_is_taken_back_with_an_are_you_sure(sqlite_database: str) -> None:
    open_market()
    reference, visitor = complain(Kind.ACCESS), Visitor()
    visitor.post("/en/requests/follow/", {"reference": reference, "email": "chloe@example.org"})
    page = visitor.post("/en/requests/follow/code/", {"code": read_mailed_code()})
    button = page.one("button", value="take-back")
    assert "details" in {parent.tag for parent in button.parents}, "one click opens it, another one does it"
    page = visitor.post("/en/requests/follow/case/", {"act": "take-back"})
    assert "Taken back on" in page.text and not page.all("button", value="take-back")
    assert Case.objects.values_list("outcome", "closed_by_user_id").get() == ("taken_back", None)
    assert "already" in visitor.post("/en/requests/follow/case/", {"act": "add", "text": "And more."}).text


def test_the_pages_are_the_same_whether_or_not_there_is_such_a_request(sqlite_database: str) -> None:
    open_market()
    reference, pages = complain(), set()
    for email in ("chloe@example.org", "nobody@example.org"):
        visitor = Visitor()
        page = visitor.post("/en/requests/follow/", {"reference": reference, "email": email})
        pages.add(page.text.replace(email, ""))
        assert reference not in page.text and email not in visitor.client.cookies["onloan_follow"].value
    assert len(pages) == 1
    page = visitor.post("/en/requests/follow/code/", {"code": read_mailed_code()})
    assert page.status == 422 and "No request with this number came from this address." in page.text
    for _ in range(6):
        page = visitor.post("/en/requests/follow/", {"reference": reference, "email": "nobody@example.org"})
    pages.add(page.text.replace(email, ""))
    assert len(pages) == 1 and Message.objects.filter(template="follow_code").count() == 6
    other = Visitor()
    for address in ("/en/requests/follow/code/", "/en/requests/follow/case/"):
        other.get(address)
        assert other.address == "/en/requests/follow/"


def test_whoever_asks_for_codes_in_somebody_elses_name_keeps_nobody_from_signing_in(sqlite_database: str) -> None:
    reference, stranger = complain(), Visitor()
    asked = {"reference": reference, "email": "chloe@example.org"}
    for _ in range(6):
        stranger.post("/en/requests/follow/", asked)
    for _ in range(6):
        stranger.post("/en/requests/follow/code/", {"code": "000000"})
    chloe = Visitor()
    chloe.post("/en/requests/follow/", asked)
    chloe.post("/en/requests/follow/code/", {"code": read_mailed_code()})
    assert chloe.address == "/en/requests/follow/case/"
    chloe = Visitor()
    chloe.post("/en/signin/", {"email": "chloe@example.org"})
    assert chloe.address == "/en/signin/code/"
    stranger.post("/en/requests/follow/code/", {"code": read_mailed_code()})
    assert stranger.address == "/en/requests/follow/code/", "what signs in opens no request"


def test_the_page_of_one_request_closes_after_an_hour(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_market()
    reference, visitor = complain(), Visitor()
    visitor.post("/en/requests/follow/", {"reference": reference, "email": "chloe@example.org"})
    visitor.post("/en/requests/follow/code/", {"code": read_mailed_code()})
    then = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(clock, "now", lambda: then)
    visitor.get("/en/requests/follow/case/")
    assert visitor.address == "/en/requests/follow/"


def test_on_my_page_a_question_is_named_and_a_request_taken_back(sqlite_database: str) -> None:
    market = open_market()
    ana = add_participant(market)
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    visitor.post("/en/me/request/objection/", {"about": "checks", "text": ""})
    (line,) = list_cases_of(ana.participant_id)
    question = "Which of your rewards do you mean?"
    pause_case(
        case_id=line.id, user_id=market.team.dora, pause=Pause.IDENTITY, question=question, reason=question,
        now=clock.now(),
    )  # fmt: skip
    page = visitor.get(f"/en/me/requests/{line.id}/")
    assert "wait for your answer" in page.text and question in page.text
    assert "What we stopped stays stopped" in page.text
    page = visitor.post(f"/en/me/requests/{line.id}/", {"act": "add", "text": "The one of May."})
    assert "You answered on" in page.text and "wait for your answer" not in page.text
    add_note(
        case_id=line.id, user_id=market.team.dora, text="We mean which reward of May.", is_shown=True,
        now=clock.now(),
    )  # fmt: skip
    page = visitor.get(f"/en/me/requests/{line.id}/")
    assert "wait for your answer" in page.text and "You answered on" not in page.text
    page = visitor.post(f"/en/me/requests/{line.id}/", {"act": "take-back"})
    assert "Taken back on" in page.text and list_cases_of(ana.participant_id)[0].outcome is Outcome.TAKEN_BACK
    stranger = Client(HTTP_HOST="127.0.0.1")
    assert stranger.post(f"/en/me/requests/{line.id}/", {"act": "take-back"}).status_code == 302


def test_each_thing_that_is_shown_has_words_for_the_person() -> None:
    assert set(EventKind) - NEVER_SHOWN <= set(EVENT_WORDS)


def test_a_representative_takes_the_copy_with_the_number(sqlite_database: str) -> None:
    market, visitor = open_market(), Visitor()
    ana, dora = add_participant(market), market.team.dora
    opened = open_case(
        kind=Kind.ACCESS, country="FR", language="en", door=Door.PUBLIC_PAGE, text="", now=clock.now(),
        contact="centre@example.org", representative="Data Advice Centre",
    )  # fmt: skip
    visitor.post("/en/requests/follow/", {"reference": opened.reference, "email": "centre@example.org"})
    page = visitor.post("/en/requests/follow/code/", {"code": read_mailed_code()})
    assert "Take the copy" not in page.text
    assert visitor.client.post("/en/requests/follow/case/", {"act": "take-copy"}).status_code == 422
    identify_case(
        case_id=opened.case_id, user_id=dora, typed=ana.public_id, is_mandate_seen=True, now=clock.now(),
        how="They named two people whom they invited.",
    )  # fmt: skip
    assert "Take the copy" in visitor.get("/en/requests/follow/case/").text
    taken = visitor.client.post("/en/requests/follow/case/", {"act": "take-copy"})
    assert taken["Content-Type"] == "application/zip" and taken["Cache-Control"] == "private, no-store"
    archive = zipfile.ZipFile(io.BytesIO(taken.content))
    assert json.loads(archive.read("data.json"))["sources"]["person"]
    assert [mail.participant_id for mail in Message.objects.filter(template="pack_made")] == [ana.participant_id]
    page = visitor.get("/en/requests/follow/case/")
    assert "You took your copy" in page.text
