"""What somebody changes on their own page changes wherever it is shown, and costs a code only where it must."""

from __future__ import annotations

import pytest

from onloan import clock
from onloan.joining.actions import Joined
from onloan.people.change_queries import list_changes
from onloan.people.changes import record_lookup
from onloan.people.queries import read_item
from onloan.portal.uploads import PHOTOS_PER_HOUR_MAX
from tests.joining.support import OpenMarket, open_market
from tests.people.support import read_mailed_code
from tests.portal.support import SHOWS_CARD, Visitor, add_participant, as_file, portrait

ADDRESS = "/en/me/profile/"


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market(country="GB")


@pytest.fixture
def ana(market: OpenMarket) -> Joined:
    return add_participant(market, "Ana", answers=SHOWS_CARD)


@pytest.fixture
def visitor(ana: Joined) -> Visitor:
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    return visitor


def test_a_new_name_stands_wherever_the_old_one_was_shown(ana: Joined, visitor: Visitor) -> None:
    shown = Visitor().get(f"/en/invite/{ana.link_code}/")
    assert "Ana" in shown.text and "Anneke" not in shown.text
    page = visitor.post(ADDRESS, {"step": "name", "username": "Anneke"})
    assert page.one("div", role="status").text.startswith("Done.")
    assert "before: Ana" in page.text
    shown = Visitor().get(f"/en/invite/{ana.link_code}/")
    assert "Anneke" in shown.text and "Ana " not in shown.text


def test_a_name_that_was_disputed_has_to_be_allowed_again_and_the_page_says_so(
    ana: Joined, visitor: Visitor
) -> None:
    visitor.post("/en/me/request/rectification/", {"about": "username", "text": "It is Anneke."})
    page = visitor.post(ADDRESS, {"step": "name", "username": "Anneke"})
    assert "What you had allowed with the old one has ended" in page.one("div", role="status").text
    assert "Anneke" not in Visitor().get(f"/en/invite/{ana.link_code}/").text


def test_a_name_that_cannot_stand_is_refused_at_its_field(ana: Joined, visitor: Visitor) -> None:
    page = visitor.post(ADDRESS, {"step": "name", "username": "www.ana.example"})
    assert page.status == 422
    assert page.one("div", id="id_name_username_error")
    assert read_item(ana.participant_id, "username") == b"Ana"


def test_a_photo_needs_the_word_that_it_shows_only_its_owner(ana: Joined, visitor: Visitor) -> None:
    page = visitor.post(ADDRESS, {"step": "photo", "photo": as_file(portrait())})
    assert page.status == 422 and read_item(ana.participant_id, "profile_photo") is None
    visitor.post(ADDRESS, {"step": "photo", "photo": as_file(portrait()), "is_mine": "on"})
    assert read_item(ana.participant_id, "profile_photo") is not None
    page = visitor.post(ADDRESS, {"step": "remove"})
    assert page.one("div", role="status").text.strip() == "Done. Your photo is removed."
    assert read_item(ana.participant_id, "profile_photo") is None
    refused = visitor.post(ADDRESS, {"step": "photo", "photo": as_file(b"no picture"), "is_mine": "on"})
    assert refused.status == 422 and "We could not read this photo." in refused.text


def test_another_address_signs_in_after_its_code_and_not_before(ana: Joined, visitor: Visitor) -> None:
    page = visitor.post(ADDRESS, {"step": "email", "email": "Anneke@example.org"})
    assert "anneke@example.org" in page.text
    code = read_mailed_code()
    assert read_item(ana.participant_id, "email") == b"ana@example.org"
    wrong = visitor.post(ADDRESS, {"step": "code", "code": "000000" if code != "000000" else "111111"})
    assert wrong.status == 422
    visitor.post(ADDRESS, {"step": "code", "code": code})
    assert read_item(ana.participant_id, "email") == b"anneke@example.org"
    other = Visitor()
    other.post("/en/signin/", {"email": "anneke@example.org"})
    other.post("/en/signin/code/", {"code": read_mailed_code()})
    assert other.address == "/en/me/"


def test_doing_nothing_new_leaves_no_history(ana: Joined, visitor: Visitor) -> None:
    page = visitor.post(ADDRESS, {"step": "name", "username": "Ana"})
    assert "Nothing was changed." in page.text
    assert list_changes(ana.participant_id) == []
    assert visitor.post(ADDRESS, {"step": "whatever"}).status == 200
    assert Visitor().get(ADDRESS).one("h1")


def test_who_looked_stands_there_with_the_reason(ana: Joined, visitor: Visitor) -> None:
    from tests.referrals.crowd import member

    record_lookup(
        participant_id=ana.participant_id, user_id=member("Dora", "dpo"), kind="complaint",
        text="Complaint 4K7M-2Q9X", now=clock.now(),
    )  # fmt: skip
    assert "Dora: Complaint 4K7M-2Q9X" in visitor.get(ADDRESS).text


def test_only_so_many_photos_an_hour_are_opened(ana: Joined, visitor: Visitor) -> None:
    for _ in range(PHOTOS_PER_HOUR_MAX):
        page = visitor.post(ADDRESS, {"step": "photo", "photo": as_file(b"no picture"), "is_mine": "on"})
        assert "We could not read this photo." in page.text
    refused = visitor.post(ADDRESS, {"step": "photo", "photo": as_file(portrait()), "is_mine": "on"})
    assert refused.status == 422 and "You have sent many photos within an hour." in refused.text
    assert read_item(ana.participant_id, "profile_photo") is None
