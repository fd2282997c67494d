"""Erasing one's own data: reading what goes and stays, choosing how to be paid, stopping it; the slip after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from onloan import clock
from onloan.cases.erasure_queries import find_backups_end, find_erasure
from onloan.cases.erasure_rules import GRACE
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.models import Case
from onloan.cases.rules import Door, ErasureWay, Outcome
from onloan.markets.rules import market_facts
from onloan.offers.retention import account_years
from onloan.outbox.mails import render_mail
from onloan.outbox.models import Message
from onloan.people.queries import is_alive
from onloan.portal.words import day, moment
from tests.joining.support import open_market
from tests.people.support import read_mailed_code
from tests.portal.money import NAME, UK_NUMBER, UK_SORT_CODE, Earner, an_earner
from tests.portal.support import EVERYTHING, NOTHING, Visitor, add_participant

AFTER = GRACE[Door.MY_PAGE] + timedelta(minutes=1)


@pytest.fixture
def ana(sqlite_database: str) -> Earner:
    return an_earner("GB")


def test_it_says_what_goes_and_stays_before_anything_is_asked(ana: Earner) -> None:
    page = ana.get("request/erasure/")
    for words in ("What goes", "What stays, why, until when", "in cash that we owe you.", "voucher", "the ICO"):
        assert words in page.text, words
    year = clock.now().year + account_years(market_facts("GB"))
    assert "Whatever we still pay to an account: " in page.text and f"Until 31 December {year} if" in page.text
    assert [box.get("value") for box in page.all("input", name="way")] == ["paid_first", "slip"]
    assert page.all("input", name="way")[0].has("checked"), "nothing is lost by pressing the button"
    assert not Case.objects.exists()


def test_it_is_watched_changed_and_stopped_on_the_same_page(ana: Earner) -> None:
    page = ana.post("request/erasure/", {"act": "erase", "way": "paid_first", "text": "Please."})
    assert ana.visitor.address == ana.path("request/erasure/")
    assert "First we pay what is yours, then we erase." in page.text and "Your slip" in page.text
    reference = Case.objects.get().reference
    assert f"{reference[:4]}-{reference[4:]}" in page.text
    page = ana.post("request/erasure/", {"act": "way", "way": "slip"})
    assert "until then you can stop it" in page.text and "Rather pay me first" in page.text
    view = find_erasure(ana.joined.participant_id)
    assert view is not None and view.way is ErasureWay.SLIP and view.slip_code in page.text
    page = ana.post("request/erasure/", {"act": "stop"})
    assert "Erase my data" in page.text and find_erasure(ana.joined.participant_id) is None
    assert Case.objects.get().outcome == Outcome.TAKEN_BACK


@pytest.mark.parametrize(
    ("way", "said", "unsaid"),
    [
        ("slip", "You chose not to wait for your money: we erase on", "We pay it first"),
        ("paid_first", "We pay it first and erase then, not before", "You chose not to wait"),
    ],
)
def test_one_mail_says_what_was_chosen_and_the_day(ana: Earner, way: str, said: str, unsaid: str) -> None:
    ana.post("request/erasure/", {"act": "erase", "way": way, "text": ""})
    (message,) = Message.objects.filter(template="case_erasure_begun")
    _, body = render_mail(
        template=message.template, language="en", context=message.context, secrets={"code": "7K3Q"}
    )
    assert said in body and unsaid not in body
    view = find_erasure(ana.joined.participant_id)
    assert view is not None and view.way == way
    assert f" {view.progress.erased_from:%Y}" in body and "/en/me/request/erasure/" in body


def test_the_own_page_says_when_it_happens_and_stops_it(ana: Earner) -> None:
    calls = ("Your link", "still possible", "in cash are yours.")
    page = ana.get()
    assert all(words in page.text for words in calls)
    ana.post("request/erasure/", {"act": "erase", "way": "slip", "text": ""})
    page = ana.get()
    view = find_erasure(ana.joined.participant_id)
    assert view is not None
    instant = moment(view.progress.erased_from, "en", "Europe/London")
    assert f"We do it on {instant}; until then you can stop it." in page.text
    assert page.all("a", href="/en/me/request/erasure/")
    assert not any(words in page.text for words in calls), "nobody new counts, and the slip needs no account"
    form = next(parent for parent in page.one("button", value="stop").parents if parent.tag == "form")
    page = ana.visitor.post(form.get("action"), {"act": "stop"})
    assert ana.visitor.address == "/en/me/" and find_erasure(ana.joined.participant_id) is None
    assert "Done. The erasure is stopped, and your data stay." in page.text
    assert "Your link" in page.text and not page.all("button", value="stop")
    assert "taken back on" in page.text and "answered on" not in page.text


def test_no_step_is_said_to_be_done_before_it_is(ana: Earner, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ana.post("request/erasure/", {"act": "erase", "way": "slip", "text": ""})
    assert "What you earned goes on your slip." in page.text and "is settled" not in page.text
    page = ana.post("request/erasure/", {"act": "way", "way": "paid_first"})
    assert "We settle what you earned." in page.text and "not before" in page.text
    then = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: then)
    page = ana.get("request/erasure/")
    assert "not before" not in page.text and "Until we do it you can stop it." in page.text
    assert "We cannot pay you yet: we wait for you to say where." in page.text
    ana.post("payment/", {"step": "save", "name": NAME, "sort_code": UK_SORT_CODE, "account": UK_NUMBER})
    assert "We cannot pay you yet" not in ana.get("request/erasure/").text
    ana.post("request/erasure/", {"act": "way", "way": "slip"})
    assert "We do it in the next minutes" in ana.get().text


def test_pressing_twice_or_coming_back_changes_nothing(ana: Earner) -> None:
    for _ in range(2):
        ana.post("request/erasure/", {"act": "erase", "way": "slip", "text": ""})
    assert Case.objects.count() == 1
    assert ana.post("request/erasure/", {"act": "everything"}).status == 200


def test_words_that_are_too_long_are_refused_and_kept(ana: Earner) -> None:
    page = ana.post("request/erasure/", {"act": "erase", "way": "slip", "text": "x" * 4001})
    assert page.status == 422 and page.one("textarea", name="text").text.startswith("xxx")
    assert not Case.objects.exists() and "Please write at most" in page.text


def test_whoever_holds_the_slip_gets_all_of_it(ana: Earner) -> None:
    ana.post("request/erasure/", {"act": "erase", "way": "slip", "text": ""})
    view = find_erasure(ana.joined.participant_id)
    assert view is not None
    finish_erasures(now=clock.now() + AFTER)
    assert not is_alive(ana.joined.participant_id)
    assert ana.visitor.get("/en/me/") and ana.visitor.address == "/en/signin/"
    holder = Visitor()
    page = holder.post("/en/slip/", {"code": "7K3Q X9AB"})
    assert page.status == 404 and page.one("input", name="code").get("aria-invalid") == "true"
    page = holder.post("/en/slip/", {"code": view.slip_code.lower().replace(" ", "-")})
    assert holder.address == "/en/slip/money/" and view.slip_code not in holder.address
    assert "£2 in cash" in page.text and "£7 to spend" in page.text
    assert page.text.count("QR") == 0 and len(page.all("div", role="img")) >= 2
    stranger = Visitor()
    stranger.get("/en/slip/money/")
    assert stranger.address == "/en/slip/"


def test_whoever_is_erased_reads_what_is_to_come(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody received anything of Ben, so nobody answered; and something may be in a backup for a month."""
    ben = add_participant(open_market(country="GB"), "Ben", answers=NOTHING)
    visitor = Visitor()
    visitor.sign_in(ben.participant_id)
    reference = visitor.post("/en/me/request/erasure/", {"act": "erase"}).one("dd", **{"class": "code"}).text
    for days in (2, 3 + settings.BACKUP_DAYS):
        then = clock.now() + timedelta(days=days)
        finish_erasures(now=then)
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda then=then: then)
            holder = Visitor()
            holder.post("/en/requests/follow/", {"reference": reference, "email": "ben@example.org"})
            page = holder.post("/en/requests/follow/code/", {"code": read_mailed_code()})
        until = find_backups_end(Case.objects.get().id)
        assert until is not None
        says = "ends" if days == 2 else "has ended"
        assert f"The last backup that can still hold it {says} {day(until, 'en')}" in page.text
        assert "The last traces in the database are gone" in page.text
        assert "has answered" not in page.text and "Nothing of it is left" not in page.text


def test_the_page_of_a_slip_ends_with_its_code(ana: Earner) -> None:
    """The code was typed within the hour; then the erasure was stopped."""
    ana.post("request/erasure/", {"act": "erase", "way": "slip", "text": ""})
    view = find_erasure(ana.joined.participant_id)
    assert view is not None
    holder = Visitor()
    holder.post("/en/slip/", {"code": view.slip_code})
    assert "£7 to spend" in holder.get("/en/slip/money/").text
    ana.post("request/erasure/", {"act": "stop"})
    assert "£7 to spend" not in holder.get("/en/slip/money/").text and holder.address == "/en/slip/"


def test_a_slip_is_closed_on_a_shared_device(ana: Earner) -> None:
    ana.post("request/erasure/", {"act": "erase", "way": "slip", "text": ""})
    view = find_erasure(ana.joined.participant_id)
    assert view is not None
    holder = Visitor()
    page = holder.post("/en/slip/", {"code": view.slip_code})
    button = next(each for each in page.all("button") if each.text == "Close on this device")
    form = next(parent for parent in button.parents if parent.tag == "form")
    assert (form.get("method"), form.get("action")) == ("get", "/en/slip/")
    holder.get("/en/slip/")
    holder.get("/en/slip/money/")
    assert holder.address == "/en/slip/"
    holder.post("/en/slip/", {"code": view.slip_code})
    holder.post("/en/me/sign-out/")
    holder.get("/en/slip/money/")
    assert holder.address == "/en/slip/"


def test_with_nothing_owed_no_choice_is_asked(sqlite_database: str) -> None:
    ben = add_participant(open_market(), "Ben", answers=EVERYTHING)
    visitor = Visitor()
    visitor.sign_in(ben.participant_id)
    page = visitor.get("/fr/me/request/erasure/")
    assert "Ce que nous versons encore" not in page.text
    assert not page.all("input", name="way") and "Effacer mes données" in page.text
    assert "un code à garder" in page.text
    page = visitor.post("/fr/me/request/erasure/", {"act": "erase"})
    view = find_erasure(ben.participant_id)
    assert view is not None and view.slip_code in page.text
    assert "Arrêter l'effacement" in page.text and "Rien ne vous est dû pour le moment" in page.text
