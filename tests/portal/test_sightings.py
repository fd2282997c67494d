"""What people saw of themselves: explained by a use, or looked at, and said in public meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from onloan import clock
from onloan.access.models import User
from onloan.cases.actions import close_case
from onloan.cases.models import Case, Sighting
from onloan.cases.rules import Kind, Outcome
from onloan.cases.sighting_queries import count_unmatched_sightings, find_sighting_of_case
from onloan.consents.actions import withdraw_all
from onloan.joining.actions import Joined
from onloan.outbox.models import Message
from onloan.people.queries import find_participant
from onloan.uses.addresses import use_address
from onloan.uses.models import Use
from tests.joining.support import open_market
from tests.people.support import read_mailed_code
from tests.portal.support import EVERYTHING, Page, Visitor, add_participant, as_file, portrait
from tests.portal.test_uses import record
from tests.referrals.crowd import member

SHOP = "https://shop.example/winners"


@pytest.fixture
def ana(both_databases: str) -> Joined:
    joined_at = clock.now() - timedelta(days=20)
    return add_participant(open_market(country="GB"), "Ana", answers=EVERYTHING, now=joined_at)


def today(days_ago: int = 0) -> str:
    return (clock.now() - timedelta(days=days_ago)).date().isoformat()


def report(visitor: Visitor, path: str = "/en/me/sighting/", **changes: Any) -> Page:
    typed = {"item": "profile_photo", "channel": "winners_page", "seen_on": today(), "address": SHOP}
    return visitor.post(path, {**typed, **changes})


def signed_in(person: Joined) -> Visitor:
    visitor = Visitor()
    visitor.sign_in(person.participant_id)
    return visitor


def shown(person: Joined, **changes: object) -> Use:
    return record(person, **{"decided_at": clock.now() - timedelta(days=9), **changes})


def disputes(person: Joined) -> int:
    participant = find_participant(person.participant_id)
    assert participant is not None
    return count_unmatched_sightings([participant.offer_id]).get(participant.offer_id, 0)


def test_a_use_that_was_going_on_explains_it_without_a_case(ana: Joined) -> None:
    use = shown(ana)
    visitor = signed_in(ana)
    page = report(visitor)
    assert "A use that you allowed explains it, and it is on record." in page.text
    assert str(use.id) in page.text
    assert not Case.objects.exists() and disputes(ana) == 0
    assert "Disputed" not in visitor.get("/en/status/").text


def test_whoever_says_that_it_is_something_else_is_believed_until_somebody_looked(ana: Joined) -> None:
    shown(ana)
    visitor = signed_in(ana)
    report(visitor)
    page = visitor.post(visitor.address)
    assert visitor.address == "/en/requests/sent/"
    (case,) = Case.objects.all()
    assert case.kind == Kind.SIGHTING and disputes(ana) == 1
    assert case.reference[:4] in page.text
    assert visitor.client.post(f"/en/me/sighting/{Sighting.objects.get().id}/").status_code == 404, "once"


def test_what_no_use_explains_becomes_a_case_and_a_dispute_until_it_is_answered(ana: Joined) -> None:
    visitor = signed_in(ana)
    report(visitor, photo=as_file(portrait()), words="On their wall.")
    assert visitor.address == "/en/requests/sent/"
    (case,) = Case.objects.all()
    assert case.due_on and case.acknowledged_at
    seen = find_sighting_of_case(case.id)
    assert seen is not None and seen.report.address == SHOP and seen.report.words == "On their wall."
    assert seen.report.picture is not None and seen.report.picture.startswith(b"\xff\xd8")
    row = Sighting.objects.get()
    assert SHOP.encode() not in bytes(row.sealed_text) and seen.report.picture not in bytes(
        row.sealed_picture or b""
    )
    text = visitor.get("/en/status/").text
    assert "Disputed: somebody saw their photo or name, and no recorded use explains it (fewer than 10)." in text
    dora = member("Dora", "dpo")
    close_case(case_id=case.id, user_id=dora, outcome=Outcome.REFUSED, now=clock.now())
    assert disputes(ana) == 0
    assert "Disputed" not in visitor.get("/en/status/").text


def test_what_was_found_to_be_so_stays_a_dispute(ana: Joined) -> None:
    report(signed_in(ana))
    close_case(case_id=Case.objects.get().id, user_id=member("Dora", "dpo"), outcome=Outcome.DONE, now=clock.now())
    assert disputes(ana) == 1


def test_a_use_that_was_over_is_named_and_looked_for(ana: Joined) -> None:
    shown(ana, ended_at=clock.now() - timedelta(days=5))
    page = report(signed_in(ana))
    assert "It should not be there any more." in page.text
    assert Case.objects.get().kind == Kind.SIGHTING
    assert disputes(ana) == 0, "a use explains it"


def test_after_taking_back_the_day_of_the_sighting_decides(ana: Joined) -> None:
    shown(ana)
    withdraw_all(participant_id=ana.participant_id, now=clock.now() - timedelta(days=4))
    assert "explains it, and it is on record" in report(signed_in(ana), seen_on=today(6)).text
    assert "should not be there any more" in report(signed_in(ana), seen_on=today(1)).text


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": "shop_screen"},
        {"channel": "elsewhere"},
        {"item": "username"},
        {"seen_on": today(20)},
        {"channel": "invitation_page"},
    ],
)
def test_no_use_explains_what_differs_from_it(ana: Joined, changes: dict[str, str]) -> None:
    shown(ana)
    shown(ana, channel="invitation_page", decided_at=clock.now())
    report(signed_in(ana), **changes)
    assert disputes(ana) == 1, "an address of another host is no page of ours either"


def test_an_address_of_ours_names_its_own_use_and_no_other(ana: Joined) -> None:
    shown(ana)
    ben = add_participant(open_market(country="GB", slug="other-pot"), "Ben", answers=EVERYTHING)
    mine, theirs = shown(ana, channel="shop_app"), shown(ben)
    page = report(signed_in(ana), channel="elsewhere", address=use_address(mine.id, "profile_photo"))
    assert str(mine.id) in page.text
    report(signed_in(ana), address=use_address(theirs.id, "profile_photo"))
    assert disputes(ana) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address": ""}, "address"),
        ({"address": "javascript:alert(1)"}, "address"),
        ({"address": "https://shop.example/a b"}, "address"),
        ({"address": "https://" + "a" * 600}, "address"),
        ({"seen_on": "2126-01-01"}, "seen_on"),
        ({"seen_on": "2001-01-01"}, "seen_on"),
        ({"seen_on": "yesterday"}, "seen_on"),
        ({"item": "voice"}, "item"),
        ({"channel": "moon"}, "channel"),
        ({"words": "a\x00b"}, "words"),
        ({"words": "a" * 2001}, "words"),
    ],
)
def test_what_cannot_be_is_marked_and_nothing_is_kept(ana: Joined, changes: dict[str, str], field: str) -> None:
    page = report(signed_in(ana), **changes)
    assert page.status == 422
    assert f'id="id_{field}_error"' in page.html
    assert not Sighting.objects.exists() and not Case.objects.exists()


def test_a_picture_that_is_none_is_refused(ana: Joined) -> None:
    page = report(signed_in(ana), photo=as_file(b"GIF89a no"))
    assert page.status == 422 and not Sighting.objects.exists()


def test_another_person_cannot_read_it(ana: Joined) -> None:
    shown(ana)
    visitor = signed_in(ana)
    report(visitor)
    ben = add_participant(open_market(country="GB", slug="other-pot"), "Ben", answers=EVERYTHING)
    assert signed_in(ben).status(visitor.address) == 404
    assert signed_in(ben).status(visitor.address, "post") == 404


def test_a_flood_is_slowed_down(ana: Joined) -> None:
    shown(ana)
    for _ in range(10):
        report(signed_in(ana))
    assert report(signed_in(ana)).status == 422
    assert Sighting.objects.count() == 10


def test_somebody_who_never_joined_confirms_an_address_first(ana: Joined) -> None:
    stranger = Visitor()
    assert "channel" not in {field.get("name") for field in stranger.get("/en/sighting/").fields()}
    stranger.post("/en/sighting/", {"email": "chloe@example.org"})
    stranger.post("/en/sighting/code/", {"code": "000000"})
    assert stranger.address == "/en/sighting/code/"
    page = stranger.post("/en/sighting/code/", {"code": read_mailed_code()})
    assert stranger.address == "/en/sighting/" and "chloe@example.org" in page.text
    participant = find_participant(ana.participant_id)
    assert participant is not None
    shown(ana)
    report(stranger, "/en/sighting/", market=str(participant.market_id))
    assert stranger.address == "/en/requests/sent/"
    assert Case.objects.get().participant_id is None
    assert disputes(ana) == 1, "somebody else's use explains nothing"


def test_reports_in_somebody_elses_name_use_up_no_code_with_which_they_sign_in(ana: Joined) -> None:
    for _ in range(6):
        Visitor().post("/en/sighting/", {"email": "ana@example.org"})
    assert set(Message.objects.filter(template__endswith="_code").values_list("template", flat=True)) == {
        "sighting_code"
    }
    visitor = Visitor()
    visitor.post("/en/signin/", {"email": "ana@example.org"})
    assert len(read_mailed_code()) == 6
    visitor.post("/en/sighting/", {"email": "ana@example.org"})
    visitor.post("/en/sighting/code/", {"code": read_mailed_code()})
    assert visitor.address == "/en/sighting/code/", "what signs in reports nothing"


def test_whoever_joined_reports_from_their_own_page(ana: Joined) -> None:
    assert signed_in(ana).get("/en/sighting/").status == 200
    visitor = signed_in(ana)
    visitor.get("/en/sighting/")
    assert visitor.address == "/en/me/sighting/"
    visitor.get("/en/me/request/sighting/")
    assert visitor.address == "/en/me/sighting/"


def test_the_team_sees_what_was_seen(ana: Joined) -> None:
    report(signed_in(ana), photo=as_file(portrait()))
    case = Case.objects.get()
    visitor = Visitor()
    user = User.objects.get(id=member("Dora", "dpo"))
    visitor.client.force_login(user, backend="onloan.console.backend.TeamBackend")
    page = visitor.get(f"/console/requests/{case.id}/")
    assert page.one("img", **{"class": "seen"}).get("src").startswith("data:image/jpeg;base64,")
    assert SHOP in page.text and "No recorded use explains it." in page.text
    assert visitor.get("/console/requests/").status == 200
