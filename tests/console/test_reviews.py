"""The pages on which a member decides about held rewards."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.test import Client

from onloan import clock
from onloan.access.models import User
from onloan.console.ring_picture import draw_ring
from onloan.referrals.looking import look_for_rings, look_for_signals
from onloan.referrals.models import Review, Signal
from onloan.referrals.review_rules import DECIDE_WITHIN
from onloan.referrals.reviews import comment_on_review
from tests.referrals.crowd import bring, join_with, member
from tests.referrals.support import open_campaign

WHY = "Both addresses lead to one mailbox."


@pytest.fixture
def held(sqlite_database: str) -> tuple[UUID, UUID]:
    """A ring of three participations: (the middle one's review, the ring)."""
    now = clock.now()
    campaign = open_campaign(pools=10, now=now)
    ana = join_with("ana@people.example", campaign, now=now)
    ben = bring(ana, "ben@people.example", campaign, now=now)
    bring(ben, "ana+again@people.example", campaign, now=now)
    look_for_signals(now=now, limit=10)
    look_for_rings(now=now)
    comment_on_review(participant_id=ben.participant_id, text="I know nothing of it.", now=now)
    ring_id = Signal.objects.filter(kind="sponsor_ring").values_list("ring_id", flat=True)[0]
    assert ring_id is not None
    return Review.objects.get(participant_id=ben.participant_id).id, ring_id


def signed_in(name: str, role: str = "support", language: str = "en") -> Client:
    client = Client(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_LANGUAGE=language)
    client.force_login(User.objects.get(id=member(name, role)), backend="onloan.console.backend.TeamBackend")
    return client


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_shows_each_page_and_names_nobody(held: tuple[UUID, UUID], language: str) -> None:
    review_id, ring_id = held
    client = signed_in("Sam", language=language)
    for address in ("", f"{review_id}/", f"rings/{ring_id}/"):
        page = read(client, f"/console/reviews/{address}")
        assert f'<html lang="{language}">' in page
        assert "people.example" not in page and "style=" not in page and "<script" not in page
        assert not re.search(r"\{[a-z]+\}", page)


def test_it_says_why_what_and_until_when(held: tuple[UUID, UUID]) -> None:
    page = read(signed_in("Sam"), f"/console/reviews/{held[0]}/")
    assert "2 people brought each other in a circle" in page
    assert "I know nothing of it." in page
    assert "It counts" in page and "Their language is French." in page


def test_the_list_is_for_everybody_and_the_case_for_who_decides(held: tuple[UUID, UUID]) -> None:
    review_id, ring_id = held
    auditor = signed_in("Aude", "auditor")
    page = read(auditor, "/console/reviews/")
    assert f"/{review_id}/" not in page and str(ring_id) not in page
    for address in (f"{review_id}/", f"rings/{ring_id}/"):
        assert auditor.get(f"/console/reviews/{address}").status_code == 403
        assert auditor.post(f"/console/reviews/{address}", {"decision": "count", "reason": WHY}).status_code == 403
    assert Review.objects.get(id=review_id).state == "open"


def test_it_decides_and_says_so(held: tuple[UUID, UUID]) -> None:
    review_id, _ring_id = held
    answer = signed_in("Sam").post(
        f"/console/reviews/{review_id}/", {"decision": "refuse", "reason": WHY}, follow=True
    )
    assert "The person is told by mail" in answer.content.decode()
    review = Review.objects.get(id=review_id)
    assert (review.state, review.reason_text, review.decided_by_user_id) == ("refused", WHY, member("Sam"))


def test_it_keeps_what_was_typed_when_something_is_missing(held: tuple[UUID, UUID]) -> None:
    address = f"/console/reviews/{held[0]}/"
    client = signed_in("Sam")
    empty = client.post(address, {"decision": "refuse", "reason": " "})
    assert empty.status_code == 422 and "aria-invalid" in empty.content.decode()
    long = client.post(address, {"decision": "refuse", "reason": "long " * 100})
    assert long.status_code == 422 and "long long" in long.content.decode()
    assert client.post(address, {"decision": "perhaps", "reason": WHY}).status_code == 404
    assert Review.objects.get(id=held[0]).state == "open"


def test_it_decides_a_ring_at_once(held: tuple[UUID, UUID]) -> None:
    client = signed_in("Sam")
    address = f"/console/reviews/rings/{held[1]}/"
    page = read(client, address)
    assert "1 brought 2" in page and "1 and 3: the same mailbox" in page and "3 people wait" in page
    client.post(address, {"decision": "count", "reason": "A family of three, all different."})
    assert set(Review.objects.values_list("state", flat=True)) == {"counted"}
    assert "Decide for all" not in read(client, address)


def test_it_offers_no_decision_when_the_days_are_over(
    held: tuple[UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.now() + DECIDE_WITHIN
    monkeypatch.setattr(clock, "now", lambda: later)
    client = signed_in("Sam")
    assert "It does not count" not in read(client, f"/console/reviews/{held[0]}/")
    late = client.post(f"/console/reviews/{held[0]}/", {"decision": "refuse", "reason": WHY})
    assert late.status_code == 409


def test_a_person_in_a_ring_is_held_on_their_own_reward_too(held: tuple[UUID, UUID]) -> None:
    from onloan.ledger.models import Reward

    participant_id = Review.objects.get(id=held[0]).participant_id
    states = Reward.objects.filter(participant_id=participant_id).values_list("state", flat=True)
    assert set(states) == {"held"}


class TestPicture:
    def test_it_numbers_people_and_tells_arrows_from_ties(self) -> None:
        drawn = draw_ring(count=3, links=[(0, 1), (1, 2)], ties=[(0, 2)], title="Who", description="Below.")
        assert (drawn.count("marker-end"), drawn.count('class="tie"'), drawn.count("<circle")) == (2, 1, 3)
        assert 'role="img"' in drawn and "<desc" in drawn
        assert [f">{number}</text>" in drawn for number in (1, 2, 3, 4)] == [True, True, True, False]

    def test_it_stays_within_its_frame(self) -> None:
        for count in range(2, 13):
            everybody = [(one, other) for one in range(count) for other in range(count) if one != other]
            drawn = draw_ring(count=count, links=everybody, ties=everybody, title="t", description="d")
            inside = drawn.split("</defs>")[1]
            numbers = [float(number) for number in re.findall(r"-?\d+\.\d", inside)]
            assert min(numbers) > -20 and max(numbers) < 340

    def test_it_writes_no_markup_of_others(self) -> None:
        drawn = draw_ring(count=2, links=[(0, 1)], ties=[], title="<b>&", description="d")
        assert "<b>" not in drawn
