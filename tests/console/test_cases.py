"""The desk on the console: a queue that hides nothing late, a next step, an answer seen before it goes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.models import Case
from onloan.cases.rules import Door, Kind
from onloan.outbox.models import Message
from tests.console.test_reviews import read, signed_in

DONE = "We sent you a copy of everything that we keep about you."


@pytest.fixture
def dora(sqlite_database: str) -> Client:
    return signed_in("Dora", "dpo")


def ask(kind: Kind = Kind.ACCESS, country: str = "FR", days_ago: int = 0) -> UUID:
    return open_case(
        kind=kind, country=country, language="fr", door=Door.PUBLIC_PAGE, text="It is about my photo.",
        contact="chloe@example.org", now=clock.now() - timedelta(days=days_ago),
    ).case_id  # fmt: skip


def send(client: Client, case_id: UUID, **fields: str) -> str:
    return client.post(f"/console/requests/{case_id}/", fields, follow=True).content.decode()


def test_it_shows_what_is_late_whatever_is_chosen(dora: Client) -> None:
    late, fresh = ask(days_ago=40), ask(Kind.COMPLAINT, "GB")
    page = read(dora, "/console/requests/?kind=complaint")
    assert str(late) in page and str(fresh) in page and " days late" in page
    assert str(fresh) not in read(dora, "/console/requests/?country=FR&kind=access")
    desk = read(dora, "/console/desk/")
    assert '<td class="number">2</td><td class="number"><strong>1</strong>' in desk


def test_an_answer_is_seen_word_for_word_before_it_goes(dora: Client) -> None:
    case_id = ask()
    assert "Nobody knows yet who asks." in read(dora, f"/console/requests/{case_id}/")
    preview = send(dora, case_id, act="preview", outcome="done", done=DONE)
    assert DONE in preview and "Notre réponse à votre demande" in preview and "cnil.fr" in preview
    assert "Send it and close" in preview and Case.objects.get().state == "open"
    answered = send(dora, case_id, act="answer", outcome="done", done=DONE)
    assert "Answered and closed" in answered and "Send it and close" not in answered
    assert Case.objects.get().state == "closed"
    assert Message.objects.filter(template="case_answered").count() == 1


def test_a_refusal_without_reasons_goes_nowhere(dora: Client) -> None:
    case_id = ask(Kind.ERASURE)
    for act in ("preview", "answer"):
        page = send(dora, case_id, act=act, outcome="refused", done=DONE)
        assert "E-ANSWER-PARTS" in page and "the reasons" in page
    assert Case.objects.get().state == "open"


def test_time_questions_and_notes_are_steps_of_the_page(dora: Client) -> None:
    case_id = ask()
    send(dora, case_id, act="extend", why_longer="Three systems have to be searched by hand.")
    send(dora, case_id, act="pause", pause="identity", question="With which address did you join?",
         doubt="Two people of this name wrote.")  # fmt: skip
    page = read(dora, f"/console/requests/{case_id}/")
    assert "Take more time, once" not in page and "let the clock go on" in page
    send(dora, case_id, act="resume")
    send(dora, case_id, act="note", note="Ask the shop in Lyon.")
    page = send(dora, case_id, act="progress", note="We asked the shop.")
    for words in ("More time taken", "Asked who they are", "It is clear who they are", "Ask the shop in Lyon."):
        assert words in page


def test_growth_sees_the_queue_and_no_case(sqlite_database: str) -> None:
    case_id = ask()
    greg = signed_in("Greg", "growth")
    assert str(case_id) not in read(greg, "/console/requests/")
    assert greg.get(f"/console/requests/{case_id}/").status_code == 403
