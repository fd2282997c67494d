"""The page that a friend opens with a sponsor's link."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onloan import clock
from onloan.consents.actions import answer_permission, withdraw_permission
from onloan.joining.actions import Joined
from onloan.people.models import EmailCode
from onloan.people.photos import prepare_photo
from onloan.uses.addresses import use_path
from onloan.uses.queries import list_uses
from tests.joining.support import OpenMarket, open_market
from tests.portal.support import CARDS, NOTHING, SHOWS_CARD, Visitor, add_participant, portrait


@pytest.fixture
def market(both_databases: str) -> OpenMarket:
    return open_market()


def ana_who_allows(market: OpenMarket, *, photo: bool = False) -> Joined:
    picture = prepare_photo(portrait()) if photo else None
    return add_participant(market, "Ana", answers=SHOWS_CARD, photo=picture)


def path_of(sponsor: Joined) -> str:
    return f"/fr/invite/{sponsor.link_code}/"


def test_a_friend_sees_the_name_and_photo_that_the_sponsor_allows(market: OpenMarket) -> None:
    ana = ana_who_allows(market, photo=True)
    page = Visitor().get(path_of(ana))
    assert "Ana" in page.text
    source = page.one("img").get("src")
    uses = list_uses(ana.participant_id)
    # An address that asks the gate's rule at each view, and no copy in the page.
    assert source in {use_path(use.id, "profile_photo", 256) for use in uses}
    assert {(use.allowed, use.channel, use.purpose) for use in uses} == {
        (True, "invitation_page", "referral_card")
    }
    assert {item for use in uses for item in use.items} == {"username", "profile_photo"}


def test_a_friend_sees_no_photo_where_none_was_given(market: OpenMarket) -> None:
    ana = ana_who_allows(market)
    page = Visitor().get(path_of(ana))
    assert "Ana" in page.text
    assert not page.all("img")
    assert len(list_uses(ana.participant_id)) == 1, "what was never given is not asked for"


def test_a_friend_sees_nothing_that_was_refused_or_taken_back(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", answers=NOTHING, photo=prepare_photo(portrait()))
    friend = Visitor()
    assert "Ana" not in friend.get(path_of(ana)).html
    for permission_id in CARDS:
        answer_permission(
            participant_id=ana.participant_id,
            permission_id=permission_id,
            answer=True,
            language="fr",
            page_hash="0" * 64,
            now=clock.now(),
        )
    assert "Ana" in friend.get(path_of(ana)).html
    for permission_id in CARDS:
        withdraw_permission(participant_id=ana.participant_id, permission_id=permission_id, now=clock.now())
    page = friend.get(path_of(ana))
    assert "Ana" not in page.html and not page.all("img")
    assert "Participer" in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_USER_AGENT": "WhatsApp/2.23"},
        {"HTTP_USER_AGENT": "facebookexternalhit/1.1"},
        {"HTTP_SEC_PURPOSE": "prefetch"},
        {"HTTP_USER_AGENT": ""},
    ],
)
def test_a_robot_sees_nobody_and_no_use_is_recorded(market: OpenMarket, headers: dict[str, str]) -> None:
    ana = ana_who_allows(market, photo=True)
    page = Visitor(**headers).get(path_of(ana))
    assert page.status == 200
    assert "Ana" not in page.html and not page.all("img")
    assert not list_uses(ana.participant_id)


def test_asking_for_the_head_shows_and_records_nothing(market: OpenMarket) -> None:
    ana = ana_who_allows(market)
    assert Visitor().status(path_of(ana), "head") == 200
    assert not list_uses(ana.participant_id)


def test_the_preview_never_names_the_sponsor(market: OpenMarket) -> None:
    page = Visitor().get(path_of(ana_who_allows(market, photo=True)))
    head = page.html.split("</head>")[0]
    assert "Ana" not in head and "data:image" not in head
    assert page.one("meta", property="og:title").get("content").startswith("La cagnotte du printemps")
    assert not page.all("meta", property="og:image")


def test_opening_a_link_leaves_nothing_about_the_reader(market: OpenMarket) -> None:
    friend = Visitor()
    friend.get(path_of(ana_who_allows(market)))
    assert not friend.client.cookies
    assert not EmailCode.objects.exists()


def test_the_owner_of_a_link_is_told_that_it_is_their_own(market: OpenMarket) -> None:
    ana = ana_who_allows(market)
    owner = Visitor()
    owner.sign_in(ana.participant_id)
    page = owner.get(path_of(ana))
    assert "C'est votre propre lien" in page.text
    assert not [link for link in page.all("a") if "/join/" in link.get("href")]
    assert not list_uses(ana.participant_id)


def test_a_link_that_no_longer_counts_says_so_and_still_lets_join(market: OpenMarket) -> None:
    long_ago = clock.now() - timedelta(days=40)
    ana = add_participant(market, "Ana", answers=SHOWS_CARD, now=long_ago)
    page = Visitor().get(path_of(ana))
    assert "Ce lien ne compte plus" in page.text
    assert [link for link in page.all("a") if link.get("href").endswith("/join/")]


def test_a_suspended_market_explains_itself_and_shows_nobody(market: OpenMarket) -> None:
    ana = ana_who_allows(market, photo=True)
    market.suspend()
    page = Visitor().get(path_of(ana))
    assert "Cette campagne est suspendue en France depuis le" in page.text
    assert "Ana" not in page.html
    assert not [link for link in page.all("a") if "/join/" in link.get("href")]


def test_a_late_friend_is_told_beforehand_that_no_pot_is_left(both_databases: str) -> None:
    market = open_market(pots=1)
    ana = ana_who_allows(market)
    offer = Visitor().get("/fr/o/spring-pot/FR/")
    assert "personne ne peut plus s'inscrire" in offer.text
    assert not [link for link in offer.all("a") if "/join/" in link.get("href")]
    page = Visitor().get(path_of(ana))
    assert "Pour vous, il ne reste pas de cagnotte." in page.text
    assert [link for link in page.all("a") if f"/join/?via={ana.link_code}" in link.get("href")]


@pytest.mark.parametrize("code", ["AAAAAAAA", "x", "O" * 60, "..", "%00"])
def test_a_code_of_nobody_is_not_found(market: OpenMarket, code: str) -> None:
    assert Visitor().status(f"/fr/invite/{code}/") == 404


@pytest.mark.parametrize("code", ["AAAAAAAA", "O" * 60])
def test_a_wrong_code_can_be_typed_again(market: OpenMarket, code: str) -> None:
    visitor = Visitor()
    page = visitor.get(f"/fr/invite/{code}/")
    assert "Nous ne connaissons aucune invitation avec ce code." in page.text
    assert page.one("input", name="code").get("value") == code[:40]
    assert visitor.status(f"/fr/invite/?code={code}") in {302, 404}


def test_a_typed_code_opens_the_invitation(market: OpenMarket) -> None:
    ana = ana_who_allows(market)
    typed = f"{ana.link_code[:4].lower()}+{ana.link_code[4:]}"
    assert "Ana" in Visitor().get(f"/fr/invite/?code={typed}").text
    assert "Le code de votre invitation" in Visitor().get("/fr/invite/").text
