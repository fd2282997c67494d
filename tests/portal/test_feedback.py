"""Saying what should change, reading what changed, and three questions for no reward."""

from __future__ import annotations

from onloan import clock
from onloan.cases.clarity import count_clarity
from onloan.cases.feedback import reopen_market
from onloan.cases.feedback_queries import count_feedback
from onloan.cases.feedback_rules import Topic
from onloan.offers.models import Version
from onloan.offers.queries import find_draft
from onloan.offers.rules import NOTHING_OVERDUE
from tests.joining.support import OpenMarket, open_market
from tests.portal.support import Visitor, add_participant
from tests.support.offers import publish_file

OFFER = "/en/o/spring-pot/GB/"
SAID = {"en": "We ask for less now, because you told us that it was too much."}


def reopen(market: OpenMarket) -> None:
    market.suspend()
    reopen_market(
        offer_slug=market.offer.slug, country="GB", reason="We changed what you asked.", explanations=SAID,
        user_id=market.team.dora, overdue=NOTHING_OVERDUE, now=clock.now(),
    )  # fmt: skip


def test_anybody_says_what_should_change(sqlite_database: None) -> None:
    market = open_market(country="GB")
    visitor = Visitor()
    assert any(link.get("href") == OFFER + "feedback/" for link in visitor.get(OFFER).all("a"))

    page = visitor.post(OFFER + "feedback/", {"topic": "duration", "text": "180 days is long."})

    assert visitor.address == OFFER + "feedback/sent/"
    assert "Thank you, the team has it" in page.text
    assert count_feedback(market.market_id) == {1: {Topic.DURATION: 1}}
    said = visitor.get(OFFER + "feedback/").text
    assert "fewer than 10" in said
    assert "180 days is long." not in said


def test_a_topic_is_asked_for_and_the_words_stay(sqlite_database: None) -> None:
    open_market(country="GB")

    page = Visitor().post(OFFER + "feedback/", {"text": "180 days is long."})

    assert page.status == 422
    assert "Choose what it is about." in page.text
    assert "180 days is long." in page.one("textarea", name="text").text


def test_a_stopped_market_takes_remarks_and_its_reopening_says_what_changed(sqlite_database: None) -> None:
    market = open_market(country="GB")
    ana = add_participant(market)
    visitor = Visitor()
    visitor.sign_in(ana.participant_id)
    assert SAID["en"] not in visitor.get(OFFER).text

    reopen(market)

    assert SAID["en"] in visitor.get(OFFER).text
    assert SAID["en"] in visitor.get("/en/me/").text
    assert SAID["en"] in visitor.get(OFFER + "changes/").text
    market.suspend()
    stopped = visitor.get(OFFER)
    assert SAID["en"] not in stopped.text
    assert any(link.get("href") == OFFER + "feedback/" for link in stopped.all("a"))
    assert visitor.status(OFFER + "changes/") == 404


def test_a_campaign_that_opens_again_unchanged_is_shown_once(sqlite_database: None) -> None:
    market = open_market(country="GB")
    reopen(market)
    page = Visitor().get(OFFER + "changes/")
    assert "opened again under the same version" in page.text and not page.all("table")


def test_three_questions_are_answered_once_and_change_nothing(sqlite_database: None) -> None:
    market = open_market(country="GB")
    visitor = Visitor()
    visitor.sign_in(add_participant(market).participant_id)
    before = visitor.get("/en/me/")
    assert any(link.get("href") == "/en/me/clarity/" for link in before.all("a"))
    assert visitor.post("/en/me/clarity/", {"who": "right"}).status == 422
    assert not count_clarity([market.version_id])

    page = visitor.post("/en/me/clarity/", {"who": "right", "what": "right", "until": "other-1"})
    visitor.post("/en/me/clarity/", {"who": "other-1", "what": "right", "until": "right"})

    assert "these are the right answers" in page.text
    figure = count_clarity([market.version_id])[market.version_id]
    assert (figure.answered, figure.who, figure.until) == (1, 1, 0)
    after = visitor.get("/en/me/")
    assert not any(link.get("href") == "/en/me/clarity/" for link in after.all("a"))
    assert "fewer than 10 people have answered" in visitor.get("/en/status/").text


def test_nobody_is_asked_three_questions_without_signing_in(sqlite_database: None) -> None:
    open_market(country="GB")
    visitor = Visitor()

    visitor.get("/en/me/clarity/")

    assert visitor.address == "/en/signin/"


def test_a_version_that_comes_while_it_runs_is_shown_beside_the_old_one(sqlite_database: None) -> None:
    market = open_market(country="GB")
    visitor = Visitor()
    assert visitor.get(OFFER + "changes/").status == 404 and "Version 2 since" not in visitor.get(OFFER).text
    running = find_draft(Version.objects.get(id=market.version_id).draft_id).file_text
    publish_file(market.team, running.replace("term_days: 180", "term_days: 90"), clock.now())

    assert "Version 2 since" in visitor.get(OFFER).text
    page = visitor.get(OFFER + "changes/")

    assert "while it ran" in page.text
    assert {each.text.strip() for each in page.all("ins")} == {"90"}
    assert {each.text.strip() for each in page.all("del")} == {"180"}


def test_a_stopped_campaign_invites_nobody(sqlite_database: None) -> None:
    market, visitor = open_market(country="GB"), Visitor()
    assert "Three steps" in visitor.get(OFFER).text and "If it happens today" in visitor.get(OFFER).text
    market.suspend()
    page = visitor.get(OFFER)
    assert "Three steps" not in page.text and "If it happens today" not in page.text
