"""Two people have the same case open: whoever comes second is told so, and nothing that they typed is lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.test import Client

from onloan import clock
from onloan.cases.models import Case
from onloan.cases.rules import Kind
from tests.console.test_cases import DONE, HOW, answer, ask, dora, send
from tests.joining.support import add_participant, open_market

__all__ = ["dora"]

REASONS = "Three systems have to be searched by hand."


def refuse(client: Client, case_id: UUID, status: int, **fields: str) -> str:
    answered = client.post(f"/console/requests/{case_id}/", fields)
    assert answered.status_code == status
    page = answered.content.decode()
    assert page.count('role="alert"') == 1 and 'id="errors" tabindex="-1" autofocus' in page
    return page.split('id="errors"', 1)[1].split("<h1", 1)[0]


def kept(summary: str) -> str:
    assert "no longer on this page" in summary
    return summary.split(" readonly>", 1)[1].split("</textarea>", 1)[0]


def test_more_time_that_was_taken_meanwhile_or_too_late_is_refused_aloud(dora: Client) -> None:
    case_id = ask()
    send(dora, case_id, act="extend", why_longer=REASONS)
    summary = refuse(dora, case_id, 422, act="extend", why_longer=REASONS)
    assert "E-EXTENSION" in summary and kept(summary) == REASONS
    summary = refuse(dora, ask(days_ago=40), 422, act="extend", why_longer=REASONS)
    assert "E-EXTENSION" in summary and kept(summary) == REASONS


def test_somebody_identified_meanwhile_is_refused_aloud(dora: Client) -> None:
    ana = add_participant(open_market())
    case_id = ask(Kind.RESTRICTION)
    who = {"act": "identify", "known_as": ana.public_id, "how": HOW}
    send(dora, case_id, **who)
    summary = refuse(dora, case_id, 409, **who)
    assert kept(summary) == f"{ana.public_id}\n\n{HOW}"


def test_a_case_closed_meanwhile_refuses_aloud_and_keeps_every_text(dora: Client) -> None:
    case_id = ask()
    answer(dora, case_id, outcome="nothing_held", done=DONE)
    for act, field in (("note", "note"), ("progress", "note"), ("extend", "why_longer"), ("answer", "done")):
        summary = refuse(dora, case_id, 409, act=act, outcome="done", **{field: f"{REASONS} <b>"})
        assert "E-CASE-CLOSED" in summary and kept(summary) == f"{REASONS} &lt;b&gt;"
    for button in ({"act": "preview", "outcome": "done"}, {"use": "copied"}):
        summary = refuse(dora, case_id, 409, done=DONE, reasons=REASONS, **button)
        assert "E-CASE-CLOSED" in summary and kept(summary) == f"{DONE}\n\n{REASONS}"


def test_a_button_that_was_pressed_meanwhile_says_so(dora: Client) -> None:
    summary = refuse(dora, ask(), 422, act="resume")
    assert "no longer on this page" in summary and "<textarea" not in summary


def test_a_form_that_is_there_is_linked_and_keeps_its_text(dora: Client) -> None:
    case_id = ask()
    summary = refuse(dora, case_id, 422, act="extend", why_longer="busy")
    assert 'href="#why_longer"' in summary and "readonly" not in summary
    Case.objects.filter(id=case_id).update(due_on=clock.now().date() - timedelta(days=1))
    summary = refuse(dora, case_id, 422, act="note", note=" ")
    assert 'href="#note"' in summary and "readonly" not in summary


def test_the_address_of_a_panel_leads_back_to_its_case(dora: Client) -> None:
    case_id = ask(Kind.ERASURE)
    for panel in ("erasure", "restriction"):
        answer = dora.get(f"/console/requests/{case_id}/{panel}/")
        assert answer.status_code == 302 and answer.headers["Location"] == f"/console/requests/{case_id}/"
