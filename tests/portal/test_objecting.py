"""Objecting, ending it, and saying that something is wrong: without a script, in both languages."""

from __future__ import annotations

import pytest

from onloan import clock
from onloan.cases.actions import record_end
from onloan.cases.models import Case
from onloan.cases.queries import list_cases, list_cases_of
from onloan.cases.restricting import announce_lifting
from onloan.cases.rules import About, Kind, Outcome
from onloan.consents.queries import list_consents
from onloan.joining.actions import Joined
from onloan.people.queries import find_participant, list_suppressed
from tests.joining.support import OpenMarket, open_market
from tests.portal.support import EVERYTHING, Page, Visitor, add_participant, read_mailed_code

SAID = {
    "fr": ("C'est fait", "vos données n'y servent plus", "une personne examine vos récompenses"),
    "en": ("It is done", "your data are not used for it", "a person looks at your rewards"),
}


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market()


@pytest.fixture
def ana(market: OpenMarket) -> Joined:
    return add_participant(market, "Ana", answers=EVERYTHING)


def enter(ana: Joined) -> Visitor:
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    return visitor


def click(visitor: Visitor, page: Page, about: str) -> Page:
    """The button of one objection, which stands alone in its form."""
    button = page.one("button", name="about", value=about)
    form = next(parent for parent in reversed(button.parents) if parent.tag == "form")
    inside = [field for field in page.fields() if form in field.parents]
    assert inside == [], "one click, and nothing to fill in"
    return visitor.post(form.get("action"), {"about": about})


@pytest.mark.parametrize("language", ["fr", "en"])
def test_one_click_stops_advertising_another_stops_checks_and_each_ends_alone(ana: Joined, language: str) -> None:
    done, advertising, checks = SAID[language]
    visitor = enter(ana)
    page = click(visitor, visitor.get(f"/{language}/me/"), "marketing")
    assert visitor.address == f"/{language}/requests/sent/" and done in page.text
    assert "allowed" not in {consent.state for consent in list_consents(ana.participant_id)}
    page = visitor.get(f"/{language}/me/")
    assert advertising in page.text and checks not in page.text
    click(visitor, page, "checks")
    page = visitor.get(f"/{language}/me/")
    assert advertising in page.text and checks in page.text
    assert {(line.kind, line.about) for line in list_cases_of(ana.participant_id)} == {
        (Kind.OBJECTION, About.MARKETING), (Kind.OBJECTION, About.CHECKS),
    }  # fmt: skip
    page = visitor.post(f"/{language}/me/lift/objected/", {})
    assert advertising not in page.text and checks in page.text
    assert page.one("div", role="status").text.split()[0] in {"C'est", "Done."}, "it says that it is done"
    visitor.post(f"/{language}/me/lift/checks_objected/", {})
    person = find_participant(ana.participant_id)
    assert person is not None and person.objected_at is None and person.checks_objected_at is None
    assert visitor.status(f"/{language}/me/lift/erased/", "post") == 404


def test_whoever_says_nothing_more_objects_to_both(ana: Joined) -> None:
    visitor = enter(ana)
    page = visitor.get("/en/me/request/objection/")
    assert [radio.get("value") for radio in page.all("input", name="about")] == ["marketing", "checks", ""]
    assert [radio.get("value") for radio in page.all("input", name="about") if radio.has("checked")] == [""]
    visitor.post("/en/me/request/objection/", {"about": "", "text": "I am somebody who paints."})
    person = find_participant(ana.participant_id)
    assert person is not None and person.objected_at and person.checks_objected_at


def test_a_wrong_name_is_shown_to_nobody_until_it_is_settled(ana: Joined) -> None:
    visitor = enter(ana)
    page = visitor.post("/fr/me/request/rectification/", {"text": "C'est Anna."})
    assert page.status == 422 and {
        field.get("name") for field in page.all("input", **{"aria-invalid": "true"})
    } == {"about"}
    assert page.all("a", href="/fr/me/profile/")
    page = visitor.post("/fr/me/request/rectification/", {"about": "username", "text": "C'est Anna."})
    assert "votre pseudo n'est affiché à personne" in page.text
    page = visitor.get("/fr/me/")
    assert page.text.count("Vous nous avez dit que c'est inexact") == 3, "each permission that names it"
    assert "Autoriser de nouveau" not in page.text
    record_end(case_id=Case.objects.get().id, user_id=None, outcome=Outcome.TAKEN_BACK, now=clock.now())
    page = visitor.get("/fr/me/")
    assert "Vous nous avez dit que c'est inexact" not in page.text and "Autoriser de nouveau" in page.text


def test_a_restriction_that_ends_can_be_asked_for_again_in_one_click(market: OpenMarket, ana: Joined) -> None:
    visitor = enter(ana)
    visitor.post("/en/me/request/restriction/", {"text": ""})
    (case,) = list_cases()
    reasons = "The photo was found to be yours, as you had said."
    announce_lifting(case_id=case.id, user_id=market.team.dora, reasons=reasons, now=clock.now())
    page = visitor.get("/en/me/")
    assert "We wrote to you why it ends on" in page.text
    assert reasons in visitor.get(f"/en/me/requests/{case.id}/").text
    visitor.post("/en/me/request/restriction/", {})
    page = visitor.get("/en/me/")
    assert "We wrote to you why it ends on" not in page.text and "keep your data and not to use it" in page.text
    visitor.post("/en/me/lift/restricted/", {})
    assert "keep your data and not to use it" not in visitor.get("/en/me/").text


def test_whoever_never_joined_is_never_written_to_and_may_say_otherwise_later(market: OpenMarket) -> None:
    visitor = Visitor()
    sent = {"kind": "objection:marketing", "country": "FR", "email": "eva@example.org", "text": ""}
    page = visitor.post("/fr/requests/", sent)
    assert "C'est fait" not in page.text, "nothing is done before the code"
    page = visitor.post("/fr/requests/sent/", {"code": read_mailed_code()})
    assert "personne n'écrit plus à cette adresse" in page.text
    (case,) = list_cases()
    assert (case.kind, case.about) == (Kind.OBJECTION, About.MARKETING)
    assert list_suppressed(["eva@example.org"])
    eva = add_participant(market, "Eva")
    visitor = enter(eva)
    assert "Personne ne vous écrit à des fins publicitaires." in visitor.get("/fr/me/").text
    visitor.post("/fr/me/lift/objected/", {})
    assert not list_suppressed(["eva@example.org"])
