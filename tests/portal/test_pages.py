"""What every page owes its reader: a language, a size, labels, and nothing from anywhere else."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from onloan import clock
from onloan.consents.queries import list_receipts
from onloan.joining.actions import Joined
from onloan.people.photos import prepare_photo
from onloan.referrals.actions import record_event, settle_due
from tests.joining.support import open_market
from tests.people.support import read_mailed_code
from tests.portal.support import (
    EVERYTHING,
    LAST,
    Page,
    Visitor,
    add_participant,
    answers,
    fill_in_until_questions,
    join_address,
    portrait,
)

STYLESHEET = Path(__file__).parents[2] / "onloan" / "static" / "onloan.css"
JOIN_PAGE_BYTES_MAX = 60_000
PLACES = {"FR": "fr", "GB": "en"}


def a_used_campaign(country: str) -> Joined:
    """Ana and her friend Ben in one country, both with rewards; Ana allows her name and photo."""
    market = open_market(country=country)
    then = clock.now() - timedelta(days=20)
    yes = {**EVERYTHING, LAST: False}
    ana = add_participant(market, "Ana", answers=yes, photo=prepare_photo(portrait()), now=then)
    ben = add_participant(market, "Ben", answers=yes, via_code=ana.link_code, now=then + timedelta(days=1))
    for friend, days in ((ana, 1), (ben, 2)):
        record_event(
            participant_id=friend.participant_id,
            event="app_signed_up",
            occurred_at=then + timedelta(days=days, hours=1),
            external_ref=f"order-{days}",
            now=clock.now(),
        )
    settle_due(now=clock.now(), limit=10)
    return ana


def public_paths(country: str, language: str, ana: Joined) -> list[str]:
    place = f"/{language}/o/spring-pot/{country}/"
    token = list_receipts(ana.participant_id)[0].token
    return [
        f"/{language}/",
        place,
        place + "join/",
        place + "join/code/",
        place + "terms/1/",
        place + "notice/1/",
        f"/{language}/invite/{ana.link_code}/",
        f"/{language}/signin/",
        f"/{language}/signin/code/",
        f"/{language}/requests/",
        f"/{language}/sighting/",
        f"/{language}/status/",
        f"/{language}/r/{token}/",
        f"/{language}/r/{token}/taken-back/",
        "/demo/shop/",
        "/demo/mail/",
    ]


def own_paths(country: str, language: str) -> list[str]:
    return [
        f"/{language}/me/",
        f"/{language}/me/uses/",
        f"/{language}/me/sighting/",
        f"/{language}/me/taken-back/",
        f"/{language}/me/request/erasure/",
        f"/{language}/me/request/complaint/",
        f"/{language}/me/payment/",
        f"/{language}/me/statement/{clock.now().year}/",
        f"/{language}/o/spring-pot/{country}/join/done/",
    ]


@pytest.mark.parametrize("country", PLACES)
def test_every_page_is_whole_in_its_language(sqlite_database: str, country: str) -> None:
    ana = a_used_campaign(country)
    language = PLACES[country]
    reader, owner = Visitor(HTTP_ACCEPT_LANGUAGE=language), Visitor(HTTP_ACCEPT_LANGUAGE=language)
    owner.sign_in(ana.participant_id)
    for path in public_paths(country, language, ana):
        check_page(reader.get(path), path, language)
    for path in own_paths(country, language):
        page = owner.get(path)
        assert owner.address == path
        check_page(page, path, language)


@pytest.mark.parametrize("country", PLACES)
def test_every_screen_of_joining_is_whole(sqlite_database: str, country: str) -> None:
    open_market(country=country)
    language, base = PLACES[country], join_address(country, PLACES[country])
    ana = Visitor()
    ana.post(base, {"email": "ana@example.org"})
    check_page(ana.post(base + "code/", {"code": "12"}), "wrong code", language, status=422)
    check_page(ana.post(base + "code/", {"code": read_mailed_code()}), "profile", language)
    check_page(ana.post(base + "profile/", {}), "nothing typed", language, status=422)
    questions = ana.post(base + "profile/", {"over_age": "on", "username": "Ana"})
    check_page(questions, "questions", language)
    values = answers(questions)
    del values[f"answer-{LAST}"]
    check_page(ana.post(base + "permissions/", values), "one answer missing", language, status=422)


@pytest.mark.parametrize("country", PLACES)
def test_a_page_to_join_weighs_less_than_sixty_kilobytes(sqlite_database: str, country: str) -> None:
    ana = a_used_campaign(country)
    language = PLACES[country]
    visitor = Visitor()
    base = join_address(country, language)
    pages = [visitor.get(path) for path in public_paths(country, language, ana)[1:4]]
    pages.append(visitor.get(f"/{language}/invite/{ana.link_code}/"))
    chloe = Visitor()
    pages.append(fill_in_until_questions(chloe, base=base, email="chloe@example.org", photo=noisy_photo()))
    pages.append(chloe.get(base + "profile/"))
    assert pages[-1].all("img")
    style_bytes = STYLESHEET.stat().st_size
    assert style_bytes < 20_000
    for page in pages:
        assert len(page.html.encode()) + style_bytes < JOIN_PAGE_BYTES_MAX


def noisy_photo() -> bytes:
    """The photo that is hardest to make small."""
    target = io.BytesIO()
    Image.effect_noise((900, 900), 100).convert("RGB").save(target, "PNG")
    return target.getvalue()


def check_page(page: Page, path: str, language: str, status: int = 200) -> None:
    assert page.status == status, path
    assert page.one("html").get("lang") == language, path
    assert page.all("meta", name="viewport"), path
    assert len(page.all("h1")) == 1, path
    assert page.one("title").text.strip(), path
    check_ids(page, path)
    check_labels(page, path)
    check_addresses(page, path)
    check_words(page, path)


def check_ids(page: Page, path: str) -> None:
    ids = [element.get("id") for element in page.elements if element.has("id")]
    assert len(ids) == len(set(ids)), (path, sorted(each for each in ids if ids.count(each) > 1))
    for element in page.elements:
        for name in ("aria-describedby", "aria-labelledby", "for"):
            for wanted in element.get(name).split():
                assert wanted in ids, (path, name, wanted)
        if element.tag == "a" and element.get("href").startswith("#"):
            assert element.get("href")[1:] in ids, (path, element.get("href"))


def check_labels(page: Page, path: str) -> None:
    """Each control has words of its own, and none is filled in against the person's interest."""
    labelled = {label.get("for") for label in page.all("label")}
    for field in page.fields():
        assert field.get("id") in labelled, (path, field.attributes)
        inside_fieldset = any(parent.tag == "fieldset" for parent in field.parents)
        assert field.get("type") != "radio" or inside_fieldset, path
    for image in page.all("img"):
        assert image.get("alt"), path
    for button in page.all("button"):
        assert button.text.strip(), path


def check_addresses(page: Page, path: str) -> None:
    """Nothing is loaded from elsewhere, runs, or is styled inline; a link outside tells nobody where it was."""
    assert not page.all("script") and not page.all("iframe")
    for element in page.elements:
        assert not element.has("style"), (path, element.tag)
        assert not [name for name in element.attributes if name.startswith("on")], (path, element.tag)
        for name in ("src", "srcset", "action", "formaction", "poster", "data"):
            value = element.get(name)
            assert value == "" or value.startswith("data:") or (value[0] == "/" and value[:2] != "//"), path
        address = element.get("href")
        assert address or element.tag != "a", (path, element.text)
        if element.tag == "link":
            assert address.startswith(("/static/", "data:,")), (path, address)
        elif urlsplit(address).scheme in {"http", "https"} and "/l/" not in address:
            assert element.get("rel") in {"noreferrer", "nofollow"}, (path, address)
    assert page.headers["Referrer-Policy"] == "same-origin"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


def check_words(page: Page, path: str) -> None:
    """Words that no page uses (look and words)."""
    text = page.text.lower()
    for word in ("data subject", "consent to processing", "congratulations", "hurry", "exclusive", "only today"):
        assert word not in text, (path, word)


def test_a_language_that_the_market_does_not_speak_leads_to_one_that_it_does(sqlite_database: str) -> None:
    open_market(country="FR")
    visitor = Visitor()
    page = visitor.get("/en/o/spring-pot/FR/")
    assert visitor.address == "/fr/o/spring-pot/FR/"
    assert page.one("html").get("lang") == "fr"


def test_a_place_that_never_was_is_not_found(sqlite_database: str) -> None:
    open_market(country="FR")
    visitor = Visitor()
    for path in ("/fr/o/spring-pot/DE/", "/fr/o/nothing/FR/", "/fr/o/spring-pot/FR/terms/2/", "/fr/nothing/"):
        assert visitor.get(path).status == 404


def test_an_empty_house_says_what_would_fill_it(sqlite_database: str) -> None:
    visitor = Visitor()
    assert "No campaign is open at the moment." in visitor.get("/en/").text
    assert "No campaign has been published yet." in visitor.get("/en/status/").text
    assert "Aucune campagne n'est ouverte en ce moment." in visitor.get("/fr/").text


def test_the_home_page_is_in_the_readers_language(sqlite_database: str) -> None:
    visitor = Visitor(HTTP_ACCEPT_LANGUAGE="fr-FR,fr;q=0.9")
    visitor.get("/")
    assert visitor.address == "/fr/"


def test_a_page_about_a_person_is_kept_by_no_cache(sqlite_database: str) -> None:
    ana = a_used_campaign("FR")
    owner = Visitor()
    owner.sign_in(ana.participant_id)
    token = list_receipts(ana.participant_id)[0].token
    for path in (*own_paths("FR", "fr"), f"/fr/r/{token}/", join_address(), f"/fr/invite/{ana.link_code}/"):
        page = owner.get(path)
        assert "no-store" in page.headers["Cache-Control"], path
        assert page.one("meta", name="robots").get("content") == "noindex, nofollow", path
