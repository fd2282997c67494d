"""Joining through the portal, screen by screen, without JavaScript."""

from __future__ import annotations

import pytest
from django.utils import translation

from onloan.consents.queries import list_consents, list_receipts
from onloan.offers.queries import find_market
from onloan.people.models import EmailCode, Participant
from onloan.people.queries import find_by_email, read_draft, read_item
from onloan.portal import joining
from onloan.referrals.queries import find_link_of, find_sponsor
from tests.joining.support import OpenMarket, open_market
from tests.people.support import read_mailed_code
from tests.portal.support import (
    FIRST,
    LAST,
    PERMISSIONS,
    Page,
    Visitor,
    add_participant,
    answers,
    as_file,
    fill_in_until_questions,
    join_address,
    portrait,
)

BASE = join_address()


@pytest.fixture
def market(both_databases: str) -> OpenMarket:
    return open_market()


def join(visitor: Visitor, *allowed: str, **typed: object) -> Page:
    questions = fill_in_until_questions(visitor, base=BASE, **typed)  # type: ignore[arg-type]
    return visitor.post(BASE + "permissions/", answers(questions, *allowed))


def find_ana(market: OpenMarket, email: str = "ana@example.org") -> Participant:
    found = find_by_email(market.offer_id, email)
    assert found is not None
    return Participant.objects.get(id=found.id)


def test_it_joins_with_what_was_typed_and_answered(market: OpenMarket) -> None:
    ana = Visitor()
    done = join(ana, FIRST, photo=portrait())
    assert ana.address == BASE + "done/"
    participant = find_ana(market)
    states = {consent.permission_id: consent.state for consent in list_consents(participant.id)}
    assert states == {**dict.fromkeys(PERMISSIONS, "refused"), FIRST: "allowed"}
    assert read_item(participant.id, "username") == b"Ana"
    photo = read_item(participant.id, "profile_photo")
    assert photo is not None and photo.startswith(b"\xff\xd8")
    link = find_link_of(participant.id)
    assert link is not None and f"/l/{link.code}" in done.html
    (receipt,) = list_receipts(participant.id)
    assert done.all("a", href=f"/fr/r/{receipt.token}/")
    assert participant.is_demo, "in test mode everybody is marked as demo"


def test_nothing_is_kept_of_the_form_once_it_was_sent(market: OpenMarket) -> None:
    join(Visitor())
    assert not EmailCode.objects.filter(sealed_draft__isnull=False).exists()


def test_no_answer_is_chosen_beforehand_and_none_is_easier(market: OpenMarket) -> None:
    page = fill_in_until_questions(Visitor(), base=BASE)
    radios = page.all("input", type="radio")
    assert len(radios) == 2 * len(PERMISSIONS)
    assert not [radio for radio in radios if radio.has("checked")]
    for permission_id in PERMISSIONS:
        allow, refuse = page.all("input", name=f"answer-{permission_id}")
        assert (allow.get("value"), refuse.get("value")) == ("allow", "do-not-allow")
        assert allow.get("class") == refuse.get("class")
        allow_label, refuse_label = allow.parents[-1], refuse.parents[-1]
        assert allow_label.tag == refuse_label.tag == "label"
        assert allow_label.get("class") == refuse_label.get("class")
        assert allow_label.parents[-1] is refuse_label.parents[-1]
    assert "Votre cagnotte est la même, que vous autorisiez ou non." in page.text


def test_age_is_not_ticked_beforehand(market: OpenMarket) -> None:
    ana = Visitor()
    ana.post(BASE, {"email": "ana@example.org"})
    page = ana.post(BASE + "code/", {"code": read_mailed_code()})
    assert not page.one("input", name="over_age").has("checked")


def test_a_missing_answer_is_asked_for_and_stores_nothing(market: OpenMarket) -> None:
    ana = Visitor()
    values = answers(fill_in_until_questions(ana, base=BASE), FIRST)
    del values[f"answer-{LAST}"]
    page = ana.post(BASE + "permissions/", values)
    assert page.status == 422
    assert not Participant.objects.exists()
    assert page.one("input", name=f"answer-{FIRST}", value="allow").has("checked")
    summary = page.one("div", id="errors")
    assert any(link.parents and summary in link.parents for link in page.all("a", href=f"#id_answer-{LAST}_0"))


@pytest.mark.parametrize("answer", ["", "yes", "on", "true"])
def test_only_a_chosen_answer_is_an_answer(market: OpenMarket, answer: str) -> None:
    ana = Visitor()
    values = answers(fill_in_until_questions(ana, base=BASE))
    values[f"answer-{LAST}"] = answer
    assert ana.post(BASE + "permissions/", values).status == 422
    assert not Participant.objects.exists()


def test_sending_the_last_form_again_joins_once(market: OpenMarket) -> None:
    ana = Visitor()
    values = answers(fill_in_until_questions(ana, base=BASE))
    state = ana.client.cookies["onloan_join"].value
    ana.post(BASE + "permissions/", values)
    again = Visitor()
    again.client.cookies["onloan_join"] = state
    page = again.post(BASE + "permissions/", values)
    assert again.address == BASE + "done/"
    assert page.status == 200
    assert Participant.objects.count() == 1


def test_going_back_after_joining_leads_to_the_link(market: OpenMarket) -> None:
    ana = Visitor()
    join(ana)
    for screen in ("profile/", "permissions/"):
        assert ana.get(BASE + screen).status == 200
        assert ana.address == BASE + "done/"
    ana.get(BASE)
    assert ana.address == "/fr/me/"


def test_a_code_on_another_device_brings_back_what_was_typed(market: OpenMarket) -> None:
    sponsor = add_participant(market, "Zoe")
    fill_in_until_questions(Visitor(), base=BASE, photo=portrait(), via=sponsor.link_code)
    other = Visitor()
    other.post(BASE, {"email": "ana@example.org"})
    page = other.post(BASE + "code/", {"code": read_mailed_code()})
    assert page.one("input", name="username").get("value") == "Ana"
    assert page.all("img")[0].get("src").startswith("data:image/jpeg;base64,")
    questions = other.post(BASE + "profile/", {"over_age": "on", "username": "Ana"})
    other.post(BASE + "permissions/", answers(questions))
    ana = find_ana(market)
    assert read_item(ana.id, "profile_photo") is not None
    found = find_sponsor(ana.id)
    assert found is not None and found.sponsor_id == sponsor.participant_id


def test_a_code_page_opened_afresh_asks_for_the_address(market: OpenMarket) -> None:
    Visitor().post(BASE, {"email": "ana@example.org"})
    other = Visitor()
    assert other.get(BASE + "code/").all("input", name="email")
    other.post(BASE + "code/", {"email": "ana@example.org", "code": read_mailed_code()})
    assert other.address == BASE + "profile/"


def test_a_wrong_code_is_said_at_its_field(market: OpenMarket) -> None:
    ana = Visitor()
    ana.post(BASE, {"email": "ana@example.org"})
    wrong = "000000" if read_mailed_code() != "000000" else "111111"
    page = ana.post(BASE + "code/", {"code": wrong})
    assert page.status == 422
    assert page.one("input", name="code").get("aria-invalid") == "true"
    assert page.one("input", name="code").get("value") == wrong
    ana.get(BASE + "profile/")
    assert ana.address == BASE, "without a right code there is no second screen"


@pytest.mark.parametrize("email", ["", "ana", "ana@", "a" * 300 + "@example.org", "ana@exa mple.org"])
def test_a_wrong_address_keeps_what_was_typed_and_stores_nothing(market: OpenMarket, email: str) -> None:
    page = Visitor().post(BASE, {"email": email})
    assert page.status == 422
    field = page.one("input", name="email")
    assert field.get("value") == email
    assert field.get("aria-invalid") == "true"
    assert f"{field.get('id')}_error" in field.get("aria-describedby")
    assert not EmailCode.objects.exists()


@pytest.mark.parametrize("name", ["", "A", "ana@example.org", "<script>alert(1)</script>", "a\u202eb", "x" * 60])
def test_a_wrong_name_keeps_what_was_typed_and_the_photo(market: OpenMarket, name: str) -> None:
    ana = Visitor()
    page = fill_in_until_questions(ana, base=BASE, username=name, photo=portrait())
    assert ana.address == BASE + "profile/"
    assert page.status == 422
    assert page.one("input", name="username").get("value") == name
    assert page.one("input", name="over_age").has("checked")
    assert page.all("img")[0].get("src").startswith("data:image/jpeg")
    assert "<script>alert" not in page.html


def test_nothing_is_kept_of_somebody_who_does_not_say_that_they_are_old_enough(market: OpenMarket) -> None:
    ana = Visitor()
    ana.post(BASE, {"email": "ana@example.org"})
    ana.post(BASE + "code/", {"code": read_mailed_code()})
    page = ana.post(BASE + "profile/", {"username": "Ana", "photo": as_file(portrait())})
    assert page.status == 422
    row = EmailCode.objects.get(sealed_draft__isnull=False)
    assert set(read_draft(row.id) or {}) == {"via"}
    assert not ana.get(BASE + "profile/").one("input", name="username").get("value")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 not a picture", b"\x89PNG\r\n\x1a\n cut off"])
def test_what_is_no_photo_is_said_at_its_field(market: OpenMarket, content: bytes) -> None:
    ana = Visitor()
    ana.post(BASE, {"email": "ana@example.org"})
    ana.post(BASE + "code/", {"code": read_mailed_code()})
    values = {"over_age": "on", "username": "Ana", "photo": as_file(content)}
    page = ana.post(BASE + "profile/", values)
    assert page.status == 422
    assert page.one("input", name="photo").get("aria-invalid") == "true"
    assert page.one("input", name="username").get("value") == "Ana"


def test_a_photo_of_more_than_ten_megabytes_is_refused_in_words(market: OpenMarket) -> None:
    ana = Visitor()
    ana.post(BASE, {"email": "ana@example.org"})
    ana.post(BASE + "code/", {"code": read_mailed_code()})
    for size in (10 * 1024 * 1024 + 1, 13 * 1024 * 1024):
        values = {"over_age": "on", "username": "Ana", "photo": as_file(b"\xff\xd8" + b"0" * size)}
        page = ana.post(BASE + "profile/", values)
        assert page.status == 422
        assert "Cette photo dépasse 10 Mo" in page.text
    photo = as_file(b"\xff\xd8" + b"0" * 17 * 1024 * 1024)
    assert ana.post(BASE + "profile/", {"photo": photo}).status == 413


def test_somebody_too_young_leaves_nothing(market: OpenMarket) -> None:
    ana = Visitor()
    ana.post(BASE, {"email": "ana@example.org"})
    ana.post(BASE + "code/", {"code": read_mailed_code()})
    page = ana.post(BASE + "profile/", {"username": "Ana"})
    assert page.status == 422
    ana.get(BASE + "permissions/")
    assert ana.address == BASE + "profile/"


def test_a_suspended_market_takes_nobody_in_at_any_screen(market: OpenMarket) -> None:
    ana = Visitor()
    values = answers(fill_in_until_questions(ana, base=BASE))
    market.suspend()
    page = ana.post(BASE + "permissions/", values)
    assert ana.address == "/fr/o/spring-pot/FR/"
    assert "Cette campagne est suspendue en France depuis le" in page.text
    assert not Participant.objects.exists()
    for screen in ("", "code/", "profile/", "permissions/"):
        ana.get(BASE + screen)
        assert ana.address == "/fr/o/spring-pot/FR/"


def test_another_version_than_the_one_that_was_read_is_shown_first(market: OpenMarket) -> None:
    ana = Visitor()
    values = answers(fill_in_until_questions(ana, base=BASE))
    values["version"] = "0" * 32
    page = ana.post(BASE + "permissions/", values)
    assert page.status == 409
    assert "Les conditions ont changé" in page.text
    assert page.one("input", name="version").get("value") == str(find_market("spring-pot", "FR").version_id)
    assert not Participant.objects.exists()


def test_somebody_who_joined_already_is_signed_in_by_the_code(market: OpenMarket) -> None:
    join(Visitor())
    again = Visitor()
    again.post(BASE, {"email": "ana@example.org"})
    page = again.post(BASE + "code/", {"code": read_mailed_code()})
    assert again.address == "/fr/me/"
    assert "Ma page" in page.text


def test_a_friend_joins_by_a_link_and_counts(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana")
    ben = Visitor()
    first = ben.get(BASE + f"?via={ana.link_code}")
    assert first.one("input", name="via").get("value") == ana.link_code
    join(ben, email="ben@example.org", username="Ben", via=ana.link_code)
    sponsor = find_sponsor(find_ana(market, "ben@example.org").id)
    assert sponsor is not None and sponsor.sponsor_id == ana.participant_id and sponsor.credited


@pytest.mark.parametrize("typed", ["H8CRTFJW", "nobody", "x"])
def test_an_unknown_invitation_code_is_said_at_its_field(market: OpenMarket, typed: str) -> None:
    page = Visitor().post(BASE, {"email": "ana@example.org", "via": typed})
    assert page.status == 422
    assert page.one("input", name="via").get("aria-invalid") == "true"
    assert page.one("input", name="via").get("value") == typed
    assert not EmailCode.objects.exists()


def test_the_receipt_names_the_page_that_asked(market: OpenMarket) -> None:
    with translation.override("fr"):
        assert joining.page_hash("fr") != joining.page_hash("en")
        assert len(joining.page_hash("fr")) == 64


def test_a_form_without_its_token_is_refused_and_stores_nothing(market: OpenMarket) -> None:
    ana = Visitor()
    ana.client.handler.enforce_csrf_checks = True
    response = ana.client.post(BASE, {"email": "ana@example.org"})
    assert response.status_code == 403
    assert "Rien n'a été enregistré." in response.content.decode()
    assert not EmailCode.objects.exists()
