"""The page of a case: its next step, who asks, an answer seen before it goes; what was typed stays."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from onloan import clock, ids
from onloan.cases.actions import open_case
from onloan.cases.clocks import Pause
from onloan.cases.desk import pause_case
from onloan.cases.following import add_message
from onloan.cases.letters import CameBy, Written, write_down
from onloan.cases.models import Case
from onloan.cases.pack.actions import note_taken, prepare_packs
from onloan.cases.queries import find_case
from onloan.cases.rules import Door, EventKind, Kind
from onloan.cases.timeline import event_statement
from onloan.clock import local_day
from onloan.db import action, execute
from onloan.outbox.models import Message
from onloan.uses.models import Takedown
from tests.cases.pack.test_actions import broken_table
from tests.cases.readers import wait_for_readers
from tests.cases.test_staying import paid_and_erased
from tests.console.test_reviews import member, read, signed_in
from tests.joining.support import add_participant, open_market

DONE = "We sent you a copy of everything that we keep about you."
HOW = "They named two people whom they invited."


@pytest.fixture
def dora(sqlite_database: str) -> Client:
    return signed_in("Dora", "dpo")


def ask(
    kind: Kind = Kind.ACCESS, country: str = "FR", days_ago: int = 0, representative: str = "",
    person: UUID | None = None,
) -> UUID:  # fmt: skip
    return open_case(
        kind=kind, country=country, language="fr", door=Door.PUBLIC_PAGE if person is None else Door.MY_PAGE,
        text="It is about my photo.", contact="chloe@example.org" if person is None else None,
        representative=representative, participant_id=person, now=clock.now() - timedelta(days=days_ago),
    ).case_id  # fmt: skip


def send(client: Client, case_id: UUID, **fields: str) -> str:
    return client.post(f"/console/requests/{case_id}/", fields, follow=True).content.decode()


def answer(client: Client, case_id: UUID, **fields: str) -> str:
    """Look at the answer, and send what was seen."""
    seen = re.search('name="seen" value="([0-9a-f]{64})"', send(client, case_id, act="preview", **fields))
    return send(client, case_id, act="answer", seen=seen.group(1) if seen is not None else "", **fields)


def test_an_answer_is_seen_word_for_word_before_it_goes(dora: Client) -> None:
    case_id = ask()
    assert "Nobody knows yet who asks." in read(dora, f"/console/requests/{case_id}/")
    preview = send(dora, case_id, act="preview", outcome="nothing_held", done=DONE)
    assert DONE in preview and "Notre réponse à votre demande" in preview and "cnil.fr" in preview
    assert "Send it and close" in preview and Case.objects.get().state == "open"
    answered = answer(dora, case_id, outcome="nothing_held", done=DONE)
    assert "Answered and closed" in answered and "Send it and close" not in answered
    assert Case.objects.get().state == "closed"
    assert Message.objects.filter(template="case_answered").count() == 1
    refused = dora.post(f"/console/requests/{case_id}/", {"act": "answer", "outcome": "done", "done": DONE})
    assert refused.status_code == 409 and "E-CASE-CLOSED" not in DONE


def test_what_was_changed_after_the_preview_is_shown_again_and_not_sent(dora: Client) -> None:
    case_id, other_id = ask(Kind.COMPLAINT), ask(Kind.COMPLAINT)
    typed = {"outcome": "refused", "done": "We looked into what you wrote.", "reasons": "It was done as promised."}
    page = send(dora, case_id, act="preview", **typed)
    seen = page.split('name="seen" value="')[1].split('"')[0]
    for sent_to, change in (
        (case_id, {"outcome": "done", "done": "You are right, and we are sorry.", "reasons": ""}),
        (case_id, {"outcome": "partly_done"}),
        (case_id, {"seen": ""}),
        (other_id, {}),
    ):
        fields = {**typed, "seen": seen, **change}
        page = send(dora, sent_to, act="answer", **fields)
        assert "E-ANSWER-UNSEEN" in page and f"<p>{fields['done']}</p>" in page and "Send it and close" in page
        assert not Case.objects.filter(state="closed").exists()
    fresh = page.split('name="seen" value="')[1].split('"')[0]
    assert "Answered and closed" in send(dora, other_id, act="answer", seen=fresh, **typed)


def test_a_sentence_is_used_in_the_persons_language_with_what_was_typed(dora: Client) -> None:
    case_id = ask(Kind.COMPLAINT)
    page = read(dora, f"/console/requests/{case_id}/")
    assert "Upheld in part, with reasons" in page and "Refused" not in page
    assert "You are right, and we are sorry." in page, "the meaning stands beside it"
    page = send(dora, case_id, use="upheld", done="Bonjour Chloé,", note="Ask the shop.")
    assert "Bonjour Chloé,\n\nVous avez raison" in page and '<option value="done" selected>Upheld' in page
    assert "Ask the shop." in page, "what stands in another form stays"
    typed = "Vous avez raison. Désormais, [ce qui change]."
    page = send(dora, case_id, act="preview", outcome="done", done=typed)
    assert "E-ANSWER-PARTS" in page and "[ce qui change]" in page and 'href="#done"' in page
    assert Case.objects.get().state == "open"


def test_a_refusal_without_reasons_or_ground_goes_nowhere_and_stays_typed(dora: Client) -> None:
    case_id = ask(Kind.ERASURE)
    for act in ("preview", "answer"):
        page = send(dora, case_id, act=act, outcome="refused", done=DONE)
        assert "E-ANSWER-PARTS" in page and "the reasons" in page and f">{DONE}</textarea>" in page
    page = send(dora, case_id, act="answer", outcome="refused", done=DONE, reasons="The law asks us to keep it.")
    assert "E-ERASE-GROUND" in page and "The law asks us to keep it.</textarea>" in page
    parts = {"ground": "legal_obligation", "law": "Code de commerce, L123-22", "kept_until": "2037-12-31"}
    page = send(
        dora, case_id, act="preview", outcome="refused", done=DONE, reasons="The law asks for it.", **parts
    )
    assert "31 décembre 2037" in page and 'type="date"' in page and 'value="2037-12-31"' in page
    assert Case.objects.get().state == "open"


def test_time_questions_and_notes_are_steps_of_the_page(dora: Client) -> None:
    case_id = ask()
    page = send(dora, case_id, act="extend", why_longer="busy")
    assert "E-EXTENSION" in page and ">busy</textarea>" in page and '<details id="longer" open>' in page
    send(dora, case_id, act="extend", why_longer="Three systems have to be searched by hand.")
    asked = {"pause": "identity", "doubt": "Two people of this name wrote."}
    page = send(dora, case_id, act="pause", question="Please send a scan of your identity card.", **asked)
    assert "E-ID-COPY" in page and "Two people of this name wrote.</textarea>" in page
    send(dora, case_id, act="pause", question="With which address did you join?", **asked)
    page = read(dora, f"/console/requests/{case_id}/")
    assert "Take more time, once" not in page and "let the clock go on" in page and "stands still" in page
    send(dora, case_id, act="resume")
    send(dora, case_id, act="note", note="Ask the shop in Lyon.")
    page = send(dora, case_id, act="progress", note="We asked the shop.")
    for words in ("More time taken", "Asked who they are", "It is clear who they are", "Ask the shop in Lyon."):
        assert words in page


def test_more_time_is_not_offered_where_it_cannot_be_taken(dora: Client) -> None:
    assert "Take more time, once" in read(dora, f"/console/requests/{ask(days_ago=20)}/")
    for case_id in (ask(days_ago=40), ask(Kind.COMPLAINT)):
        assert "Take more time, once" not in read(dora, f"/console/requests/{case_id}/")


def test_whoever_was_asked_late_keeps_their_day(dora: Client) -> None:
    case_id = ask(days_ago=5)
    page = read(dora, f"/console/requests/{case_id}/")
    assert "more than 3 days after it came in that does not stop the clock" in page
    page = send(dora, case_id, act="pause", pause="identity", question="With which address did you join?",
                doubt="Two people of this name wrote.")  # fmt: skip
    assert "Asked, too late to stop the clock" in page and "the clock does not stop" in page
    assert find_case(case_id).waits_for is None


def test_the_clock_goes_on_from_the_day_of_the_answer(dora: Client) -> None:
    case_id, now = ask(country="GB", days_ago=50), clock.now()
    words = "With which address did you join us?"
    pause_case(
        case_id=case_id, user_id=member("Dora", "dpo"), pause=Pause.IDENTITY, question=words, reason=words,
        now=now - timedelta(days=49),
    )  # fmt: skip
    page = read(dora, f"/console/requests/{case_id}/")
    assert "Remind them, or go on without it." in page and page.index("Remind them</") < page.index(
        "It has arrived"
    )
    assert "Sent to the person." in send(dora, case_id, act="remind")
    assert "You wait for what was asked." in read(dora, f"/console/requests/{case_id}/")
    add_message(case_id=case_id, text="With this one.", now=now - timedelta(days=20))
    answered_on = local_day(now - timedelta(days=20), "Europe/London").isoformat()
    page = read(dora, f"/console/requests/{case_id}/")
    assert "waits for an answer" in read(dora, "/console/requests/")
    assert f'name="answered_on" value="{answered_on}"' in page
    for typed in ("2020-01-01", (now + timedelta(days=2)).date().isoformat()):
        page = send(dora, case_id, act="resume", answered_on=typed)
        assert "E-ANSWERED-DAY" in page and f'value="{typed}"' in page and 'href="#answered_on"' in page
    assert "write a day as" in send(dora, case_id, act="resume", answered_on="soon")
    assert "The clock goes on." in send(dora, case_id, act="resume", answered_on=answered_on)
    assert find_case(case_id).line.clock_from.isoformat() == answered_on


def test_only_the_part_of_the_next_step_is_open_and_reminders_are_one_line(dora: Client) -> None:
    case_id = ask()

    @action
    def remind(kind: EventKind) -> None:
        execute([event_statement(case_id, None, kind, clock.now())])

    for kind in (EventKind.ALARMED, EventKind.ALARMED, EventKind.NOTE, EventKind.ALARMED):
        remind(kind)
    page = read(dora, f"/console/requests/{case_id}/")
    assert page.count("The team was reminded") == 2 and page.count("The team was reminded 2 times") == 1
    assert 'id="who" open>' in page and 'id="answer">' in page
    assert 'id="answer" open>' in read(dora, f"/console/requests/{ask(Kind.COMPLAINT)}/")
    assert 'id="answer" open>' in send(dora, case_id, act="preview", outcome="done")


def test_a_case_is_tied_with_a_reason_and_separated_again(dora: Client) -> None:
    ana = add_participant(open_market())
    case_id = ask(Kind.RESTRICTION, representative="Data Advice Centre")
    page = read(dora, f"/console/requests/{case_id}/")
    assert "Data Advice Centre, for somebody else" in page and "Say who it is" in page
    page = send(dora, case_id, act="identify", known_as=ana.public_id, how=HOW)
    assert "E-MANDATE" in page and f">{HOW}</textarea>" in page
    page = send(dora, case_id, act="identify", known_as=ana.public_id, how=HOW, mandate="yes")
    assert "It is theirs now." in page and HOW in page and "Say who it is" not in page
    assert find_case(case_id).line.participant_id == ana.participant_id
    page = send(dora, case_id, act="separate", separate="It was her sister, who wrote again.")
    assert "Separated." in page and find_case(case_id).line.participant_id is None


def test_recipients_that_are_open_stand_beside_the_answer(dora: Client) -> None:
    market = open_market()
    ana = add_participant(market)
    case_id = ask(Kind.RESTRICTION, person=ana.participant_id)
    now = clock.now()
    Takedown.objects.create(
        id=ids.new_id(), participant_id=ana.participant_id, offer_id=market.offer_id, use_id=ids.new_id(),
        is_mass=False, consent_number=1, items=["username"], purpose="referral_card", channel="invitation_page",
        recipient="", cause="restricted", made_at=now, due_at=now + timedelta(hours=24),
    )  # fmt: skip
    page = read(dora, f"/console/requests/{case_id}/")
    assert "Recipients and copies still open" in page and "to be taken down" in page
    page = answer(dora, case_id, outcome="done", done=DONE, why_not_wait="later")
    assert "E-NOTICES-OPEN" in page and ">later</textarea>" in page
    page = answer(dora, case_id, outcome="done", done=DONE, why_not_wait="The page is gone since May.")
    assert "Answered and closed" in page


def test_a_letter_is_printed_and_said_to_have_gone(dora: Client) -> None:
    user_id = open_market().team.dora
    written = Written(
        kind=Kind.COMPLAINT, text="It is wrong.", country="GB", language="en",
        received_on=clock.now().date() - timedelta(days=2), came_by=CameBy.LETTER, postal_address="2 Lilac Street",
    )  # fmt: skip
    case_id = write_down(user_id=user_id, written=written, now=clock.now()).case_id
    page = read(dora, f"/console/requests/{case_id}/")
    assert "The letter, to print" in page and "not yet" in page and "As the authority counts" in page
    letter = read(dora, f"/console/requests/{case_id}/letter/")
    assert "2 Lilac Street" in letter and "We received your complaint." in letter and "ico.org.uk" in letter
    assert "Noted: it went by letter." in send(dora, case_id, act="by_letter")
    page = answer(dora, case_id, outcome="done", done=DONE)
    assert "this answer goes by letter" in page
    assert DONE in read(dora, f"/console/requests/{case_id}/letter/")


def test_a_mail_that_did_not_arrive_is_shown_until_something_was_sent(dora: Client) -> None:
    case_id = ask()

    @action
    def fail() -> None:
        execute([event_statement(case_id, None, EventKind.MAIL_FAILED, clock.now(), text="case_acknowledged")])

    fail()
    assert "our confirmation" in read(dora, f"/console/requests/{case_id}/")
    page = send(dora, case_id, act="readdress", email="nobody")
    assert "E-EMAIL" in page and 'value="nobody"' in page
    page = send(dora, case_id, act="readdress", email="new@example.org")
    assert "Sent to the other address." in page and "Another e-mail address of theirs" not in page


def test_growth_sees_the_queue_and_no_case(sqlite_database: str) -> None:
    case_id = ask()
    greg = signed_in("Greg", "growth")
    assert str(case_id) not in read(greg, "/console/requests/")
    for address in (
        f"/console/requests/{case_id}/",
        f"/console/requests/{case_id}/letter/",
        "/console/requests/new/",
    ):
        assert greg.get(address).status_code == 403


def test_the_law_and_the_day_of_what_stays_are_filled_in(dora: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once they are erased; what was typed instead stays."""
    wait_for_readers(monkeypatch)
    case_id, until = paid_and_erased()
    page = read(dora, f"/console/requests/{case_id}/")
    assert 'name="law" maxlength="200" value="Code de commerce, art. L123-22"' in page
    assert f'name="kept_until" value="{until.isoformat()}"' in page
    page = send(dora, case_id, act="preview", outcome="partly_done", done=DONE, law="HGB", kept_until="")
    assert 'name="law" maxlength="200" value="HGB"' in page and 'name="kept_until" value=""' in page


def test_an_erasure_of_nobody_known_can_be_refused_as_such(dora: Client) -> None:
    case_id, known = ask(Kind.ERASURE), ask(Kind.ERASURE, person=add_participant(open_market()).participant_id)
    assert 'value="not_identifiable"' in read(dora, f"/console/requests/{case_id}/")
    assert 'value="not_identifiable"' not in read(dora, f"/console/requests/{known}/")
    typed = {"outcome": "refused", "done": DONE, "reasons": "Nobody knows who asks, and no answer came."}
    page = send(dora, case_id, act="preview", ground="not_identifiable", **typed)
    assert "E-IDENTITY-UNASKED" in page
    page = send(dora, case_id, act="preview", ground="unfounded", proof="Too often.", **typed)
    assert "E-ANSWER-PARTS" in page and ">Too often.</textarea>" in page


def test_a_member_makes_the_copy_that_is_posted(dora: Client) -> None:
    market = open_market()
    ana = add_participant(market)
    written = Written(
        kind=Kind.ACCESS, text="Everything, please.", country="FR", language="fr", came_by=CameBy.LETTER,
        received_on=clock.now().date() - timedelta(days=2), postal_address="2 rue des Lilas",
    )  # fmt: skip
    case_id = write_down(user_id=market.team.dora, written=written, now=clock.now()).case_id
    address = f"/console/requests/{case_id}/"
    assert "Make the copy to send" not in read(dora, address)
    send(dora, case_id, act="by_letter")
    send(dora, case_id, act="identify", known_as=ana.public_id, how=HOW)
    page = read(dora, address)
    assert "Make the copy to send, print it, and answer" in page and "comes with this letter" in page
    page = send(dora, case_id, act="copy", why_copy="by post")
    assert "E-COPY-REASON" in page and ">by post</textarea>" in page
    made = dora.post(address, {"act": "copy", "why_copy": "You asked for it by post."})
    assert made["Content-Type"] == "application/zip" and made["Cache-Control"] == "private, no-store"
    archive = zipfile.ZipFile(io.BytesIO(made.content))
    assert 'lang="fr"' in archive.read("index.html").decode()[:200], "in the language that they joined in"
    assert "The copy was made. Answer, print the letter, and post both." in read(dora, address)
    answer(dora, case_id, outcome="done", done=DONE)
    assert "Make it and download it" in read(dora, address), "it can be made for a month"
    growth = signed_in("Greg", "growth").post(address, {"act": "copy", "why_copy": "You asked for it by post."})
    assert growth.status_code == 403


def test_what_did_itself_is_answered_with_one_click(dora: Client) -> None:
    ana = add_participant(open_market())
    case_id = ask(Kind.RESTRICTION, person=ana.participant_id)
    page = read(dora, f"/console/requests/{case_id}/")
    assert "Send the usual answer" in page and "Vos données sont conservées" in page and "cnil.fr" in page
    form = page.split('id="usual"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(seen|outcome|done)" value="([^"]*)"', form))
    done = html.unescape(fields.pop("done"))
    assert "E-ANSWER-UNSEEN" in send(dora, case_id, act="answer", done=done + " Merci.", **fields)
    page = send(dora, case_id, act="answer", done=done, **fields)
    assert "Answered and closed" in page and "Send the usual answer" not in page
    assert Message.objects.filter(template="case_answered").count() == 1
    assert "Send the usual answer" not in read(dora, f"/console/requests/{ask(Kind.RESTRICTION)}/")


def test_the_next_step_names_the_gap_first(dora: Client) -> None:
    ana = add_participant(open_market())
    case_id = ask(person=ana.participant_id)
    with broken_table():
        prepare_packs(now=clock.now())
    note_taken(participant_id=ana.participant_id, is_portable=False, gaps=("changes",), now=clock.now())
    page = read(dora, f"/console/requests/{case_id}/")
    assert "could not be read: Ce que vous avez changé" in page and "Answer that it was all of it" not in page
    assert '<option value="done"' not in page and '<option value="partly_done"' in page
    assert "E-PACK-GAP" in answer(dora, case_id, outcome="done", done=DONE)
    page = answer(dora, case_id, outcome="partly_done", done=DONE, reasons="One part could not be read yet.")
    assert "Answered and closed" in page and "Elle suivra" in find_case(case_id).answer
