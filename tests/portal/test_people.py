"""Signing in, and a participant's own page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.signing import get_cookie_signer

from onloan import clock
from onloan.consents.queries import list_consents
from onloan.joining.actions import Joined
from onloan.ledger.queries import pot_view, total_by_kind
from onloan.outbox.models import Message
from onloan.people.actions import set_flag
from onloan.portal.session import FORM_COOKIES
from onloan.referrals.actions import record_event, settle_due
from onloan.uses.queries import list_uses
from onloan.vouchers.queries import list_vouchers
from tests.joining.support import OpenMarket, open_market
from tests.people.support import read_mailed_code
from tests.portal.support import (
    ACCEPTANCE,
    EVERYTHING,
    FIRST,
    LAST,
    NOTHING,
    PERMISSIONS,
    Page,
    Visitor,
    add_participant,
)


@pytest.fixture
def market(both_databases: str) -> OpenMarket:
    return open_market()


def signed_in(joined: Joined) -> Visitor:
    visitor = Visitor()
    visitor.sign_in(joined.participant_id)
    return visitor


def sign_up(joined: Joined, days_ago: int) -> None:
    record_event(
        participant_id=joined.participant_id,
        event="app_signed_up",
        occurred_at=clock.now() - timedelta(days=days_ago),
        external_ref=f"order-{joined.public_id}",
        now=clock.now(),
    )


def test_a_code_opens_ones_own_page(market: OpenMarket) -> None:
    add_participant(market, "Ana")
    ana = Visitor()
    ana.get("/fr/me/")
    assert ana.address == "/fr/signin/"
    ana.post("/fr/signin/", {"email": "Ana@Example.org "})
    page = ana.post("/fr/signin/code/", {"code": read_mailed_code()})
    assert ana.address == "/fr/me/"
    assert page.one("h1").text == "Ma page"


def test_an_unknown_address_learns_nothing_before_its_code(market: OpenMarket) -> None:
    add_participant(market, "Ana")
    known, unknown = Visitor(), Visitor()
    one = known.post("/en/signin/", {"email": "ana@example.org"})
    other = unknown.post("/en/signin/", {"email": "anb@example.org"})
    assert one.text.replace("ana@", "") == other.text.replace("anb@", "")
    page = unknown.post("/en/signin/code/", {"code": read_mailed_code()})
    assert "Nobody has joined with this e-mail" in page.text
    assert "onloan_me" not in unknown.client.cookies


def test_somebody_in_two_campaigns_chooses_one(both_databases: str) -> None:
    first, second = open_market(), open_market(slug="autumn-pot", country="GB")
    add_participant(first, "Ana")
    ana_in_autumn = add_participant(second, "Ana")
    ana = Visitor()
    ana.post("/en/signin/", {"email": "ana@example.org"})
    page = ana.post("/en/signin/code/", {"code": read_mailed_code()})
    assert ana.address == "/en/signin/choose/"
    assert len(page.all("button")) == 2
    page = ana.post("/en/signin/choose/", {"account": ana_in_autumn.public_id})
    assert "United Kingdom" in page.text
    stranger = Visitor()
    stranger.post("/en/signin/choose/", {"account": ana_in_autumn.public_id})
    assert stranger.address == "/en/signin/"


def test_an_altered_cookie_signs_nobody_in(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana")
    visitor = signed_in(ana)
    visitor.client.cookies["onloan_me"] = visitor.client.cookies["onloan_me"].value[:-2] + "xx"
    visitor.get("/fr/me/")
    assert visitor.address == "/fr/signin/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(market: OpenMarket) -> None:
    add_participant(market, "Ana")
    ana = Visitor()
    ana.post("/fr/signin/", {"email": "ana@example.org"})
    ana.post("/fr/signin/code/", {"code": read_mailed_code()})
    cookie = ana.client.cookies["onloan_me"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["secure"] == (settings.SECURE or "")
    assert "ana@example.org" not in ana.client.cookies["onloan_sign_in"].value


def test_signing_out_forgets_the_device(market: OpenMarket) -> None:
    ana = signed_in(add_participant(market, "Ana"))
    assert ana.status("/fr/me/sign-out/") == 405
    ana.post("/fr/me/sign-out/")
    ana.get("/fr/me/")
    assert ana.address == "/fr/signin/"


def test_a_copied_cookie_ends_with_signing_out_and_with_a_new_address(market: OpenMarket) -> None:
    joined = add_participant(market, "Ana")
    ana, thief = signed_in(joined), Visitor()
    thief.client.cookies["onloan_me"] = ana.client.cookies["onloan_me"].value
    thief.get("/en/me/")
    assert thief.address == "/en/me/"
    ana.post("/en/me/sign-out/")
    thief.get("/en/me/")
    assert thief.address == "/en/signin/"
    ana.sign_in(joined.participant_id)
    thief.client.cookies["onloan_me"] = ana.client.cookies["onloan_me"].value
    ana.post("/en/me/profile/", {"step": "email", "email": "fresh@example.net"})
    page = ana.post("/en/me/profile/", {"step": "code", "code": read_mailed_code()})
    assert ana.address == "/en/me/profile/" and "fresh@example.net" in page.text, "only others are signed out"
    assert thief.client.post("/en/me/pack/", {"part": "all"}).headers["Location"] == "/en/signin/"


def test_a_cookie_of_the_release_before_still_signs_in_until_somebody_signs_out(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana")
    visitor = Visitor()
    written = get_cookie_signer(salt="onloan_meonloan_me").sign(ana.participant_id.hex)
    visitor.client.cookies["onloan_me"] = written
    assert visitor.get("/en/me/").one("h1").text == "My page"
    visitor.post("/en/me/sign-out/")
    visitor.client.cookies["onloan_me"] = written
    visitor.get("/en/me/")
    assert visitor.address == "/en/signin/"


def test_signing_out_leaves_nothing_for_whoever_shares_the_device(market: OpenMarket) -> None:
    ana, ben = (add_participant(market, name) for name in ("Ana", "Ben"))
    visitor = signed_in(ana)
    visitor.post("/en/me/profile/", {"step": "email", "email": "fresh@example.net"})
    changing = visitor.client.cookies["onloan_change"].value
    for cookie in FORM_COOKIES:
        visitor.client.cookies[cookie] = visitor.client.cookies[cookie].value if cookie == "onloan_change" else "x"
    visitor.post("/en/me/sign-out/")
    assert [name for name, cookie in visitor.client.cookies.items() if cookie.value and "csrf" not in name] == []
    visitor.client.cookies["onloan_change"] = changing
    visitor.sign_in(ben.participant_id)
    assert "fresh@example.net" not in visitor.get("/en/me/profile/").html
    visitor.sign_in(ana.participant_id)
    assert "fresh@example.net" in visitor.get("/en/me/profile/").html


@pytest.mark.parametrize(
    ("address", "claim"),
    [
        ("/en/me/?done=erasure", "The erasure is stopped"),
        ("/en/me/profile/?done=code", "told the old one"),
        ("/en/me/payment/?done=account", "Done."),
    ],
)
def test_no_link_claims_that_something_was_done(market: OpenMarket, address: str, claim: str) -> None:
    page = signed_in(add_participant(market, "Ana")).get(address)
    assert page.status == 200 and claim not in page.text


def test_what_was_done_is_said_once_on_its_page_to_whoever_did_it(market: OpenMarket) -> None:
    ana, ben = (add_participant(market, name) for name in ("Ana", "Ben"))
    visitor = signed_in(ana)
    page = visitor.post("/en/me/profile/", {"step": "name", "username": "Anneke"})
    assert "Done. The new name stands" in page.text
    assert "Done. The new name stands" not in visitor.get("/en/me/profile/").text
    visitor.client.post("/en/me/profile/", {"step": "name", "username": "Annabel"})
    visitor.sign_in(ben.participant_id)
    assert "Done. The new name stands" not in visitor.get("/en/me/profile/").text


def test_the_pot_never_adds_cash_and_vouchers(market: OpenMarket) -> None:
    then = clock.now() - timedelta(days=20)
    ana = add_participant(market, "Ana", now=then)
    ben = add_participant(market, "Ben", via_code=ana.link_code, now=then)
    chloe = add_participant(market, "Chloe", via_code=ana.link_code, now=then)
    sign_up(ben, 16)
    sign_up(chloe, 3)
    settle_due(now=clock.now(), limit=20)
    page = signed_in(ana).get("/fr/me/")
    text = page.text
    for said in ("4 € gagnés", "4 € en route", "12 € encore possibles", "14 € gagnés", "52 € encore possibles"):
        assert said in text, said
    assert "18 €" not in text and "100 €" not in text
    pot = pot_view(ana.participant_id)
    assert sum(money.amount_minor for money in total_by_kind(pot.earned).values()) == 1800
    for voucher in list_vouchers(ana.participant_id):
        assert voucher.code in page.html


def test_each_reward_stands_with_its_dates(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", now=clock.now() - timedelta(days=20))
    ben = add_participant(market, "Ben", via_code=ana.link_code, now=clock.now() - timedelta(days=10))
    sign_up(ben, 3)
    page = signed_in(ana).get("/en/me/")
    assert "Somebody you invited signed up." in page.text
    assert "After 14 days this counts: €4 in cash and €14 in a voucher for this shop." in page.text
    assert "Ben" not in page.html
    steps = [element.get("class") for element in page.all("li") if "timeline" in element.parents[-1].get("class")]
    assert steps == ["done", "coming", "coming"]


def test_a_friends_name_shows_only_if_that_friend_allows_it(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana")
    ben = add_participant(market, "Ben", via_code=ana.link_code, answers={**NOTHING, ACCEPTANCE: True})
    chloe = add_participant(market, "Chloe", via_code=ana.link_code, answers=NOTHING)
    page = signed_in(ana).get("/fr/me/")
    assert "Ben" in page.html and "Chloe" not in page.html
    assert [use.allowed for use in list_uses(ben.participant_id)] == [True]
    assert [use.allowed for use in list_uses(chloe.participant_id)] == [False]
    signed_in(ben).post("/fr/me/take-back/", {"permission": ACCEPTANCE})
    assert "Ben" not in signed_in(ana).get("/fr/me/").html


def find_button(page: Page, action: str, permission: str) -> bool:
    return any(
        field.get("value") == permission and field.parents[-1].get("action").endswith(action)
        for field in page.all("input", name="permission")
    )


def test_one_click_takes_back_and_costs_nothing(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", answers=EVERYTHING)
    before = pot_view(ana.participant_id)
    visitor = signed_in(ana)
    assert find_button(visitor.get("/en/me/"), "/me/take-back/", FIRST)
    page = visitor.post("/en/me/take-back/", {"permission": FIRST})
    assert "Copies that other people made, we cannot call back. You keep everything you earned." in page.text
    states = {consent.permission_id: consent.state for consent in list_consents(ana.participant_id)}
    assert states == {**dict.fromkeys(PERMISSIONS, "allowed"), FIRST: "withdrawn"}
    assert pot_view(ana.participant_id) == before
    assert find_button(page, "/me/allow/", FIRST)
    assert not find_button(page, "/me/allow/", LAST)


def test_one_click_takes_back_everything(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", answers=EVERYTHING)
    visitor = signed_in(ana)
    visitor.post("/en/me/take-back/", {"permission": ""})
    visitor.post("/en/me/take-back/", {"permission": ""})
    assert {consent.state for consent in list_consents(ana.participant_id)} == {"withdrawn"}
    assert "You allow nothing: nothing of yours is shown." in visitor.get("/en/me/").text


def test_taking_back_can_be_undone(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", answers=EVERYTHING)
    visitor = signed_in(ana)
    page = visitor.post("/en/me/take-back/", {"permission": LAST})
    version = page.one("input", name="version").get("value")
    visitor.post("/en/me/allow/", {"permission": LAST, "version": version})
    assert visitor.address == "/en/me/"
    assert {consent.state for consent in list_consents(ana.participant_id)} == {"allowed"}


def test_only_a_sent_form_takes_back_or_allows(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", answers=EVERYTHING)
    visitor = signed_in(ana)
    assert visitor.status("/fr/me/take-back/") == 405
    assert visitor.status("/fr/me/allow/") == 405
    visitor.client.handler.enforce_csrf_checks = True
    assert visitor.status("/fr/me/take-back/", "post") == 403
    assert {consent.state for consent in list_consents(ana.participant_id)} == {"allowed"}


@pytest.mark.parametrize("permission", ["no-such", "x" * 500, "../../"])
def test_a_permission_that_was_never_asked_is_not_found(market: OpenMarket, permission: str) -> None:
    ana = add_participant(market, "Ana", answers=EVERYTHING)
    page = signed_in(ana).post("/fr/me/take-back/", {"permission": permission})
    assert page.status == 404
    assert {consent.state for consent in list_consents(ana.participant_id)} == {"allowed"}


def test_somebody_elses_page_stays_closed(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", answers=EVERYTHING)
    stranger = signed_in(add_participant(market, "Chloe"))
    stranger.post("/fr/me/take-back/", {"permission": LAST, "participant": str(ana.participant_id)})
    assert {consent.state for consent in list_consents(ana.participant_id)} == {"allowed"}


def test_a_suspended_market_keeps_the_page_and_the_pot(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", answers=EVERYTHING)
    market.suspend()
    page = signed_in(ana).get("/fr/me/")
    assert "Ce que vous avez gagné est à vous et sera payé aux mêmes dates." in page.text
    assert "20 € encore possibles" in page.text
    assert find_button(page, "/me/take-back/", LAST), "taking back works in any state"
    assert not find_button(page, "/me/allow/", LAST)


def test_after_an_objection_nothing_is_offered_to_allow(market: OpenMarket) -> None:
    ana = add_participant(market, "Ana", answers=NOTHING)
    set_flag(participant_id=ana.participant_id, flag="objected", now=clock.now())
    assert not find_button(signed_in(ana).get("/fr/me/"), "/me/allow/", LAST)


def test_past_five_codes_an_hour_no_mail_goes_and_the_last_one_opens(market: OpenMarket) -> None:
    add_participant(market, "Ana")
    stranger, ana = Visitor(), Visitor()
    pages = [stranger.post("/en/signin/", {"email": "ana@example.org"}) for _ in range(5)]
    for _ in range(30):
        stranger.post("/en/signin/code/", {"code": "000000"})
        Visitor().post("/en/signin/code/", {"email": "ana@example.org", "code": "111111"})
    sent = Message.objects.count()
    page = ana.post("/en/signin/", {"email": "ana@example.org"})
    assert {each.text for each in pages} == {page.text}, "nobody learns how many codes were asked for"
    assert "The last of them has 16 digits and works for an hour" in page.text
    assert Message.objects.count() == sent
    ana.post("/en/signin/code/", {"code": read_mailed_code()})
    assert ana.address == "/en/me/"


def test_no_stranger_makes_the_code_useless_that_a_browser_asked_for(market: OpenMarket) -> None:
    add_participant(market, "Ana")
    ana, stranger = Visitor(), Visitor()
    ana.post("/en/signin/", {"email": "ana@example.org"})
    code = read_mailed_code()
    for _ in range(6):
        stranger.post("/en/signin/code/", {"email": "ana@example.org", "code": f"{(int(code) + 1) % 10**6:06}"})
    stranger.post("/en/signin/code/", {"email": "ana@example.org", "code": code})
    assert stranger.address == "/en/signin/code/", "the way without the cookie is closed"
    ana.post("/en/signin/code/", {"code": code})
    assert ana.address == "/en/me/"
