"""The page of a case that is answered by letter says what has to be posted, and never that it was sent."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from onloan import clock
from onloan.cases.letters import CameBy, Written, write_down
from onloan.cases.rules import EventKind, Kind
from onloan.cases.timeline import event_statement
from onloan.db import action, execute
from onloan.outbox.models import Message
from tests.console.test_cases import DONE, HOW, ask, send
from tests.console.test_reviews import read, signed_in
from tests.joining.support import OpenMarket, add_participant, open_market

WHY = "Three systems have to be searched by hand."
ANSWER = {"outcome": "done", "done": DONE}


@pytest.fixture
def dora(sqlite_database: str) -> Client:
    return signed_in("Dora", "dpo")


def take_in(market: OpenMarket, days_ago: int = 0, known_as: str = "") -> UUID:
    written = Written(
        kind=Kind.ACCESS, text="Everything.", country="FR", language="en", came_by=CameBy.LETTER,
        received_on=clock.local_day(clock.now(), "Europe/Paris") - timedelta(days=days_ago),
        postal_address="2 rue des Lilas", known_as=known_as, how=HOW if known_as else "",
    )  # fmt: skip
    return write_down(user_id=market.team.dora, written=written, now=clock.now()).case_id


def test_a_message_waits_until_it_was_posted(dora: Client) -> None:
    case_id = take_in(open_market())
    send(dora, case_id, act="by_letter")
    page = send(dora, case_id, act="progress", note="We asked the shop.")
    assert "Print the letter and post it." in page and "A letter waits to be posted." in page
    assert "Sent to the person." not in page and "letter to post" in read(dora, "/console/requests/")
    assert "We asked the shop." in read(dora, f"/console/requests/{case_id}/letter/")
    assert "A letter waits to be posted." not in send(dora, case_id, act="by_letter")
    answer = {**ANSWER, "outcome": "nothing_held"}
    seen = re.search('name="seen" value="([0-9a-f]{64})"', send(dora, case_id, act="preview", **answer))
    page = send(dora, case_id, act="answer", seen=seen.group(1) if seen is not None else "", **answer)
    assert "this answer goes by letter" in page and "Print the letter and post it." in page
    assert DONE in read(dora, f"/console/requests/{case_id}/letter/")
    page = send(dora, case_id, act="by_letter")
    assert 'value="by_letter"' not in page and "letter to post" not in read(dora, "/console/requests/")


def test_a_question_stops_the_clock_once_it_was_posted(dora: Client) -> None:
    case_id = take_in(open_market())
    page = send(dora, case_id, act="extend", why_longer=WHY)
    assert "There is a new day. Print the letter and post it." in page
    asked = {"question": "With which address did you join?", "doubt": "Two people of this name wrote."}
    page = send(dora, case_id, act="pause", pause="identity", **asked)
    assert "The clock goes on until you say that it went." in page and "The clock stands still" not in page
    assert "it went by letter. The clock stands still." in send(dora, case_id, act="by_letter")


def test_the_page_says_where_the_answer_really_goes(dora: Client) -> None:
    market = open_market()
    case_id = take_in(market, known_as=add_participant(market).public_id)
    page = read(dora, f"/console/requests/{case_id}/")
    assert "by letter, to no other address" in page and "2 rue des Lilas" in page
    assert "by their page and mail" not in page
    send(dora, case_id, act="by_letter")
    seen = re.search('name="seen" value="([0-9a-f]{64})"', send(dora, case_id, act="preview", **ANSWER))
    page = send(dora, case_id, act="answer", seen=seen.group(1) if seen is not None else "", **ANSWER)
    assert "this answer goes by letter" in page and DONE in read(dora, f"/console/requests/{case_id}/letter/")
    assert not Message.objects.filter(template="case_answered").exists()


def test_a_receipt_that_did_not_arrive_is_not_shown_as_confirmed(dora: Client) -> None:
    case_id = ask()

    @action
    def fail() -> None:
        execute([event_statement(case_id, None, EventKind.MAIL_FAILED, clock.now(), text="case_acknowledged")])

    assert "not yet" not in read(dora, f"/console/requests/{case_id}/")
    fail()
    assert "not yet" in read(dora, f"/console/requests/{case_id}/")
    assert "not yet" not in send(dora, case_id, act="readdress", email="new@example.org")
