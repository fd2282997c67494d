"""A reward that is looked at: why, until when, what the person says, and asking for somebody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onloan import clock
from onloan.referrals.actions import record_event, settle_due
from onloan.referrals.looking import look_for_signals
from onloan.referrals.review_queries import PersonReview, find_review, review_of
from onloan.referrals.review_rules import Decision
from onloan.referrals.reviews import decide_review
from tests.joining.support import OpenMarket, open_market
from tests.portal.money import Earner, sign_in
from tests.portal.support import add_participant
from tests.referrals.crowd import member

pytestmark = pytest.mark.usefixtures("sqlite_database")
SAID = "C'est ma sœur, nous partageons cette boîte."


def held(market: OpenMarket | None = None) -> Earner:
    """Ana, and a friend with the same mailbox, who did their part: what both would get is held."""
    market = market or open_market()
    ana = add_participant(market, "Ana", email="ana@example.org")
    friend = add_participant(market, "Friend", email="ana+2@example.org", via_code=ana.link_code)
    record_event(
        participant_id=friend.participant_id, event="app_signed_up", occurred_at=clock.now(),
        external_ref="order-1", now=clock.now(),
    )  # fmt: skip
    look_for_signals(now=clock.now(), limit=100)
    return sign_in(market, ana)


def review(earner: Earner) -> PersonReview:
    found = review_of(earner.joined.participant_id, now=clock.now())
    assert found is not None
    return found


def decide(earner: Earner, decision: Decision, by: str = "Sam", reason: str = "Une seule boîte.") -> None:
    decide_review(
        review_id=review(earner).id, user_id=member(by), decision=decision, reason=reason, now=clock.now()
    )


def test_a_person_reads_why_until_when_and_that_time_is_on_their_side() -> None:
    ana = held()
    mine = ana.get()
    assert "Une personne regarde ceci avant que cela compte" in mine.text
    assert [link for link in mine.all("a") if link.get("href").endswith("/me/review/")]
    page = ana.get("review/")
    assert "avec la même boîte aux lettres que la vôtre" in page.text
    assert "Si personne n'a décidé d'ici là, cela compte." in page.text
    assert "4 € en argent" in page.text and "14 € en bon d'achat" in page.text


def test_what_a_person_says_reaches_whoever_decides_and_can_be_changed() -> None:
    ana = held()
    page = ana.post("review/", {"step": "comment", "text": SAID})
    assert "La personne qui décide le lit d'abord." in page.text and SAID in page.text
    assert find_review(review(ana).id).rounds[0].comment == SAID
    assert page.one("textarea").text.strip() == SAID
    ana.post("review/", {"step": "comment", "text": "Non, c'est moi."})
    assert review(ana).comment == "Non, c'est moi."


@pytest.mark.parametrize("text", ["", "   ", "x" * 2_001])
def test_a_comment_that_cannot_be_taken_says_why_and_stays_typed(text: str) -> None:
    ana = held()
    page = ana.post("review/", {"step": "comment", "text": text})
    assert page.status == 422
    assert page.one("textarea").get("aria-invalid") == "true"
    assert len(page.one("textarea").text.strip()) == len(text.strip())
    assert review(ana).comment == ""


def test_after_a_refusal_a_person_reads_the_reason_and_asks_again() -> None:
    ana = held()
    ana.post("review/", {"step": "comment", "text": SAID})
    decide(ana, Decision.REFUSE)
    assert "Nous avons décidé qu'une récompense ne compte pas." in ana.get().text
    page = ana.get("review/")
    assert "Une seule boîte." in page.text and "Rien n'est encore perdu." in page.text
    asked = ana.post("review/", {"step": "ask-again", "text": ""})
    assert "Quelqu'un d'autre regarde maintenant, sous dix jours." in asked.text
    assert review(ana).is_second_look
    decide(ana, Decision.COUNT, by="Dora2", reason="Deux personnes.")
    page = ana.get("review/")
    assert "Nous avons regardé, et cela compte." in page.text and not page.all("textarea")


def test_a_second_refusal_is_the_last_and_takes_nothing_else() -> None:
    ana = held()
    decide(ana, Decision.REFUSE)
    ana.post("review/", {"step": "ask-again", "text": SAID})
    decide(ana, Decision.REFUSE, by="Dora2", reason="Deux avis, le même.")
    page = ana.get("review/")
    assert "Tout le reste de ce que vous avez gagné est intact." in page.text
    assert "Deux avis, le même." in page.text and not page.all("textarea")
    assert "Cela ne compte pas" in ana.get().text
    late = ana.post("review/", {"step": "ask-again", "text": SAID})
    assert late.status == 200 and not review(ana).may_ask_again


def test_who_has_nothing_looked_at_has_no_such_page() -> None:
    market = open_market()
    chloe = sign_in(market, add_participant(market, "Chloe"))
    assert chloe.get("review/").status == 404
    held(market)
    assert chloe.get("review/").status == 404
    settle_due(now=clock.now() + timedelta(days=1), limit=10)
