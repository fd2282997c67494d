"""Feedback as one journey: what people say, what changes, and what is said when a market opens again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onloan import clock
from onloan.cases import feedback
from onloan.cases.errors import (
    ExplanationNeeded,
    ExplanationWords,
    RemarkNotValid,
    TooMuchFeedback,
    TopicNeeded,
)
from onloan.cases.feedback import reopen_market, send_feedback
from onloan.cases.feedback_models import Explanation, Feedback
from onloan.cases.feedback_queries import count_feedback, find_what_changed, list_remarks
from onloan.cases.feedback_rules import FeedbackDoor, Step, Topic, find_journey
from onloan.errors import NotFound
from onloan.offers.queries import find_market
from onloan.offers.rules import NOTHING_OVERDUE, ChangeLine, MarketState
from tests.joining.support import OpenMarket, open_market

DAY = datetime(2026, 5, 3, 12, tzinfo=UTC)
SAID = {
    "fr": "Nous ne demandons plus votre photo, car vous l'avez trouvé de trop.",
    "en": "We no longer ask for your photo, because you found it too much.",
}


def line(state: MarketState, version: int, day: int) -> ChangeLine:
    return ChangeLine(state, version, DAY + timedelta(days=day), "Dora", "We look at it.", "")


def history(*lines: ChangeLine) -> list[ChangeLine]:
    return list(reversed(lines))


def send(market: OpenMarket, **changes: Any) -> None:
    values: dict[str, Any] = {
        "offer_slug": market.offer.slug, "country": market.country, "version_number": 1, "topic": "asked",
        "text": "Why a photo?", "door": FeedbackDoor.OFFER_PAGE, "language": "en", "now": clock.now(),
    }  # fmt: skip
    send_feedback(**{**values, **changes})


def reopen(market: OpenMarket, said: dict[str, str]) -> None:
    reopen_market(
        offer_slug=market.offer.slug, country=market.country, reason="We changed what you asked.",
        explanations=said, user_id=market.team.dora, overdue=NOTHING_OVERDUE, now=clock.now(),
    )  # fmt: skip


def test_it_has_no_journey_before_a_suspension() -> None:
    assert find_journey(history(line("open", 1, 0)), feedback_count=9, has_draft=True) is None


@pytest.mark.parametrize(
    ("more", "feedback_count", "has_draft", "now_at"),
    [
        ((), 0, False, Step.LISTEN),
        ((), 3, False, Step.CHANGE),
        ((), 3, True, Step.PUBLISH),
        ((), 0, True, Step.PUBLISH),
        ((line("suspended", 2, 2),), 0, False, Step.REOPEN),
        ((line("suspended", 2, 2),), 3, False, Step.REOPEN),
    ],
)
def test_it_names_the_next_step(
    more: tuple[ChangeLine, ...], feedback_count: int, has_draft: bool, now_at: Step
) -> None:
    changes = history(line("open", 1, 0), line("suspended", 1, 1), *more)

    journey = find_journey(changes, feedback_count=feedback_count, has_draft=has_draft)

    assert journey is not None
    assert journey.now_at is now_at
    assert journey.reopened_at is None


def test_a_new_version_of_a_suspended_market_starts_no_second_journey() -> None:
    changes = history(line("open", 1, 0), line("suspended", 1, 1), line("suspended", 2, 2), line("open", 2, 3))

    journey = find_journey(changes, feedback_count=1, has_draft=False)

    assert journey is not None
    assert (journey.old_number, journey.new_number) == (1, 2)
    assert journey.reopened_at == DAY + timedelta(days=3)
    assert journey.done == frozenset(Step)


def test_what_is_published_after_reopening_belongs_to_no_journey() -> None:
    changes = history(
        line("open", 1, 0),
        line("suspended", 1, 1),
        line("suspended", 2, 2),
        line("open", 2, 3),
        line("open", 3, 4),
    )

    journey = find_journey(changes, feedback_count=0, has_draft=False)

    assert journey is not None
    assert journey.new_number == 2


def test_it_keeps_a_remark_sealed_and_counts_it(sqlite_database: None) -> None:
    market = open_market()

    send(market)
    send(market, topic="duration", text="")

    assert count_feedback(market.market_id) == {1: {Topic.ASKED: 1, Topic.DURATION: 1}}
    remarks = list_remarks(market.market_id, version_number=1, topic=None, first=0, limit=9)
    assert [remark.text for remark in remarks] == ["Why a photo?"]
    kept = Feedback.objects.get(topic="asked")
    assert b"photo" not in bytes(kept.sealed_text or b"")
    assert not {"participant_id", "contact_hash"} & {field.name for field in Feedback._meta.get_fields()}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"topic": "weather"}, TopicNeeded),
        ({"text": "x" * 1001}, RemarkNotValid),
        ({"text": "a\x00b"}, RemarkNotValid),
        ({"version_number": 2}, NotFound),
        ({"country": "DE"}, NotFound),
    ],
)
def test_it_keeps_nothing_of_a_wrong_remark(
    sqlite_database: None, changes: dict[str, Any], error: type[Exception]
) -> None:
    market = open_market()

    with pytest.raises(error):
        send(market, **changes)

    assert not Feedback.objects.exists()


def test_it_bounds_a_flood(sqlite_database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "FEEDBACK_PER_HOUR_MAX", 2)
    market = open_market()
    send(market)
    send(market)

    with pytest.raises(TooMuchFeedback):
        send(market)

    send(market, now=clock.now() + timedelta(hours=2))


def test_it_tells_what_changed_in_each_language(both_databases: None) -> None:
    market = open_market()
    market.suspend()

    reopen(market, SAID)

    for language, text in SAID.items():
        if language in market.offer.markets["FR"].languages:
            found = find_what_changed(market.market_id, language)
            assert found is not None
            assert found.text == text
            assert not found.has_new_version
    assert find_market("spring-pot", "FR").state == "open"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({}, ExplanationNeeded),
        (dict.fromkeys(SAID, "Short."), ExplanationNeeded),
        (dict.fromkeys(SAID, "Write to dora@example.org about what changed here."), ExplanationNeeded),
        (dict.fromkeys(SAID, "You now waive the right to object to all of this."), ExplanationWords),
    ],
)
def test_it_stays_suspended_without_an_explanation(
    sqlite_database: None, said: dict[str, str], error: type[Exception]
) -> None:
    market = open_market()
    market.suspend()

    with pytest.raises(error):
        reopen(market, said)

    assert find_market("spring-pot", "FR").state == "suspended"
    assert not Explanation.objects.exists()
