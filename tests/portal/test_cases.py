"""A door for every right, and for complaints."""

from __future__ import annotations

import pytest

from onloan import clock
from onloan.cases.models import Case
from onloan.cases.queries import list_cases, list_cases_of
from onloan.cases.rates import CASES_PER_DAY_MAX
from onloan.cases.rules import Kind
from onloan.consents.queries import list_consents
from onloan.joining.actions import Joined
from onloan.outbox.models import Message
from tests.joining.support import open_market
from tests.portal.support import EVERYTHING, Visitor, add_participant, read_mailed_code

PUBLIC = {"kind": "access", "country": "FR", "email": "ana@example.org", "text": ""}


@pytest.fixture
def ana(both_databases: str) -> Joined:
    return add_participant(open_market(), "Ana", answers=EVERYTHING)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.SIGHTING, Kind.ERASURE}])
def test_each_right_has_a_door_on_ones_own_page(sqlite_database: str, kind: Kind) -> None:
    ana = add_participant(open_market(), "Ana", answers=EVERYTHING)
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    own_page = visitor.get("/fr/me/")
    doors = {link.get("href") for link in own_page.all("a")}
    assert f"/fr/me/request/{kind.value}/" in doors or kind is Kind.WITHDRAWAL and "#allow" in doors
    sent = {"text": "Mon nom est mal écrit.", **({"about": "username"} if kind is Kind.RECTIFICATION else {})}
    page = visitor.post(f"/fr/me/request/{kind.value}/", sent)
    assert visitor.address == "/fr/requests/sent/"
    (line,) = list_cases_of(ana.participant_id)
    assert line.kind is kind
    assert line.reference in page.text
    assert str(line.legal_due_on.day) in page.text
    assert "la CNIL" in page.text and "Rien ne vous oblige à commencer par nous." in page.text


def test_an_objection_stops_showing_at_once_and_pays_all_the_same(ana: Joined) -> None:
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    visitor.post("/fr/me/request/objection/", {"text": ""})
    assert "allowed" not in {consent.state for consent in list_consents(ana.participant_id)}
    assert "20 € encore possibles" in visitor.get("/fr/me/").text


def test_a_request_without_the_words_it_needs_is_asked_for_them(ana: Joined) -> None:
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    page = visitor.post("/fr/me/request/complaint/", {"text": "  "})
    assert page.status == 422
    assert page.one("textarea", name="text").get("aria-invalid") == "true"
    assert not Case.objects.exists()


def test_whoever_is_not_signed_in_is_asked_to(ana: Joined) -> None:
    visitor = Visitor()
    visitor.post("/fr/me/request/access/", {"text": ""})
    assert visitor.address == "/fr/signin/"
    assert not Case.objects.exists()


def test_whoever_was_signed_out_while_writing_comes_back_to_an_empty_form(ana: Joined) -> None:
    visitor = Visitor()
    assert "Nothing was sent" not in visitor.get("/en/signin/").text
    page = visitor.post("/en/me/request/complaint/", {"text": "It is late.\nAnd wrong."})
    assert "Nothing was sent yet" in page.text
    visitor.post("/en/signin/", {"email": "ana@example.org"})
    page = visitor.post("/en/signin/code/", {"code": read_mailed_code()})
    assert visitor.address == "/en/me/request/complaint/"
    assert page.one("textarea", name="text").text.strip() == ""
    visitor.post("/en/me/request/complaint/", {"text": "It is late."})
    assert Case.objects.count() == 1


def test_everybody_can_write_from_the_public_page(both_databases: str) -> None:
    visitor = Visitor()
    page = visitor.post("/en/requests/", {**PUBLIC, "country": "GB", "kind": "complaint", "text": "It is wrong."})
    assert visitor.address == "/en/requests/sent/"
    (line,) = list_cases()
    assert (line.kind, line.country, line.language) == (Kind.COMPLAINT, "GB", "en")
    assert line.reference in page.text and "the ICO" in page.text
    assert Message.objects.get().template == "case_acknowledged"


def test_the_page_tells_nobody_how_many_requests_came_from_an_address(sqlite_database: str) -> None:
    said = set()
    for number in range(CASES_PER_DAY_MAX + 2):
        kind = "access" if number < CASES_PER_DAY_MAX else "erasure"
        page = Visitor().post("/en/requests/", {**PUBLIC, "kind": kind})
        words = page.text.replace("See and get a copy of what you have about me", "").replace("Erase my data", "")
        said.add(words.split("What you asked")[0] + words.split("Answer at the latest on")[1])
        assert page.status == 200 and page.one("input", name="code")
    assert len(said) == 1
    assert Case.objects.filter(kind="erasure").count() == 1
    assert Message.objects.count() == CASES_PER_DAY_MAX


def test_no_stranger_makes_the_code_of_a_request_useless(sqlite_database: str) -> None:
    open_market()
    visitor, stranger = Visitor(), Visitor()
    visitor.post("/en/requests/", PUBLIC)
    code = read_mailed_code()
    stranger.post("/en/requests/", PUBLIC)
    for _ in range(12):
        stranger.post("/en/requests/sent/", {"code": f"{(int(code) + 1) % 10**6:06}"})
    page = visitor.post("/en/requests/sent/", {"code": code})
    assert "your e-mail address is confirmed" in page.text
    visitor.post("/en/requests/", PUBLIC)
    visitor.post("/en/requests/sent/", {"again": "yes"})
    code = read_mailed_code()
    for _ in range(12):
        stranger.post("/en/requests/sent/", {"code": f"{(int(code) + 1) % 10**6:06}"})
    page = visitor.post("/en/requests/sent/", {"code": code})
    assert "your e-mail address is confirmed" in page.text


def test_reloading_what_was_sent_sends_nothing_again(both_databases: str) -> None:
    visitor = Visitor()
    visitor.post("/en/requests/", PUBLIC)
    visitor.get("/en/requests/sent/")
    assert Case.objects.count() == 1
    assert "ana@example.org" not in visitor.client.cookies["onloan_sent"].value
    other = Visitor()
    other.get("/en/requests/sent/")
    assert other.address == "/en/requests/"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "waive"}, "kind"),
        ({"country": ""}, "country"),
        ({"country": "XX"}, "country"),
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"text": "x" * 4001}, "text"),
        ({"kind": "complaint"}, "text"),
        ({"kind": "rectification", "text": "It is Anna."}, "about"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_kept(
    sqlite_database: str, change: dict[str, str], field: str
) -> None:
    sent = {**PUBLIC, **change}
    page = Visitor().post("/en/requests/", sent)
    assert page.status == 422
    assert not Case.objects.exists()
    marked = [element for element in page.fields() if element.get("aria-invalid") == "true"]
    assert {element.get("name") for element in marked} == {field}
    assert page.one("input", name="email").get("value") == sent["email"]
    assert page.one("textarea", name="text").text.strip() == sent["text"]


def test_a_text_is_not_longer_for_the_two_characters_with_which_browsers_end_a_line(ana: Joined) -> None:
    written = "\r\n".join(["x" * 9] * 399 + ["x" * 10])
    assert len(written) > 4_000
    assert Visitor().post("/en/requests/", {**PUBLIC, "text": written}).status == 200
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    assert visitor.post("/en/me/request/complaint/", {"text": written}).status == 200
    assert Case.objects.count() == 2


def test_all_that_is_missing_is_said_at_once_in_the_order_of_the_page(sqlite_database: str) -> None:
    page = Visitor().post("/en/requests/", {"kind": "complaint", "email": "nobody", "country": "", "text": " "})
    links = [link.get("href") for link in page.all("a") if "id_" in (link.get("href") or "")]
    assert links == ["#id_text", "#id_email", "#id_country"]
    page = Visitor().post("/en/requests/", {"email": "", "country": "XX"})
    links = [link.get("href") for link in page.all("a") if "id_" in (link.get("href") or "")]
    assert links == ["#id_kind_0", "#id_email", "#id_country"]


def test_whoever_asked_too_often_today_is_told_where_to_write(ana: Joined) -> None:
    asked = {**PUBLIC, "kind": "complaint", "text": "It is wrong."}
    pages = [Visitor().post("/en/requests/", asked) for _ in range(2 * CASES_PER_DAY_MAX + 1)]
    assert [page.status for page in pages] == [200] * 2 * CASES_PER_DAY_MAX + [422]
    assert [link for link in pages[-1].all("a") if (link.get("href") or "").startswith("mailto:")]


def test_a_kind_that_does_not_exist_is_not_found(ana: Joined) -> None:
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    assert visitor.status("/fr/me/request/waive/") == 404


def test_what_was_asked_stands_on_ones_own_page_with_its_day(ana: Joined) -> None:
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    visitor.post("/fr/me/request/access/", {"text": ""})
    page = visitor.get("/fr/me/")
    assert list_cases_of(ana.participant_id)[0].reference in page.text
    assert "réponse au plus tard le" in page.text
    assert str(clock.now().year) in page.text


def test_the_code_ties_it_to_ones_page_and_the_page_tells_nothing(sqlite_database: str) -> None:
    ana = add_participant(open_market(), "Ana", answers=EVERYTHING)
    pages = {}
    for email in ("ana@example.org", "chloe@example.org"):
        visitor = Visitor()
        page = visitor.post("/en/requests/", {**PUBLIC, "kind": "restriction", "email": email})
        assert page.one("input", name="code")
        reference = page.text.split("Number")[1].split()[0]
        assert visitor.post("/en/requests/sent/", {"code": "abc"}).status == 422
        old = read_mailed_code()
        assert "A new code is on its way" in visitor.post("/en/requests/sent/", {"again": "yes"}).text
        assert read_mailed_code() != old and Message.objects.latest("id").template == "request_code"
        page = visitor.post("/en/requests/sent/", {"code": read_mailed_code()})
        assert "your e-mail address is confirmed" in page.text and not page.all("input", name="code")
        assert "onloan_me" not in visitor.client.cookies
        pages[email] = page.text.replace(reference, "").replace(email, "")
    assert len(set(pages.values())) == 1
    (line,) = list_cases_of(ana.participant_id)
    assert line.kind is Kind.RESTRICTION
    assert "allowed" not in {consent.state for consent in list_consents(ana.participant_id)}


def test_the_same_asked_again_keeps_its_number_and_says_so(sqlite_database: str) -> None:
    ana = add_participant(open_market(), "Ana", answers=EVERYTHING)
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    visitor.post("/en/me/request/access/", {"text": ""})
    page = visitor.post("/en/me/request/access/", {"text": "The photo too."})
    (line,) = list_cases_of(ana.participant_id)
    assert "You had asked for this already" in page.text and line.reference in page.text
    assert "The photo too." in visitor.get(f"/en/me/requests/{line.id}/").text


def test_the_public_pages_name_whoever_answers(sqlite_database: str) -> None:
    assert "Boutique Exemple SAS" not in Visitor().get("/fr/requests/").text
    open_market()
    page = Visitor().get("/fr/requests/")
    assert "va à Boutique Exemple SAS, qui vous répond" in page.text
    for address in ("/fr/requests/", "/fr/requests/follow/"):
        assert Visitor().get(address).one("a", **{"class": "name"}).text == "Boutique Exemple SAS"
