"""One market of an offer, put into the words of its pages. No database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.utils import translation

from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.document import Offer, RewardRule
from onloan.offers.queries import MarketView, PublishedVersion
from onloan.offers.rules import market_hours
from onloan.offers.texts import render_all
from onloan.portal.campaign import Campaign
from tests.support.offers import spring_offer

TODAY = datetime(2026, 12, 3, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def campaign(offer: Offer | None = None, now: datetime = TODAY, state: str = "open") -> Campaign:
    offer = offer or spring_offer()
    version = PublishedVersion(uuid4(), uuid4(), offer.slug, 1, "0" * 64, offer, render_all(offer), now)
    opens_at, closes_at = market_hours(offer.markets["GB"])
    market = MarketView(
        id=uuid4(),
        offer_id=version.offer_id,
        offer_slug=offer.slug,
        country="GB",
        version_id=version.id,
        version_number=1,
        state=state,  # type: ignore[arg-type]
        since=opens_at,
        opens_at=opens_at,
        closes_at=closes_at,
        currency="GBP",
        reason="",
        stopped_at=None,
    )
    return Campaign(market, version, market_facts("GB"), now, "en")


def test_each_amount_stands_beside_its_condition_and_its_day() -> None:
    cash, voucher, own = campaign().rewards
    assert (cash.line.amount, cash.line.nature) == ("£2", "in cash")
    assert cash.line.condition == "for each friend who signs up"
    assert cash.if_today == "If it happens today, it is paid by 16 January 2027."
    assert voucher.if_today == "If it happens today, you have it on 17 December 2026."
    assert own.line.condition == "when you sign up yourself"


def test_somebody_invited_reads_their_own_part_first() -> None:
    invited = campaign().invited_by("H8CRTFJW")
    assert [reward.line.amount for reward in invited.rewards] == ["£5", "£2", "£7"]
    assert invited.join_address.endswith("/join/?via=H8CRTFJW")


def test_a_thank_you_stands_at_its_question_and_in_no_pot() -> None:
    offer = spring_offer()
    thanks = RewardRule("merci", "participant", "cash", {"GB": Money(1_00, "GBP")}, 1, None, {}, "winner-wall")
    shown = campaign(replace(offer, rewards=(*offer.rewards, thanks)))
    assert [line.amount for line in shown.thanks_for("winner-wall")] == ["£1"]
    assert shown.thanks_for("invitation-card") == []
    assert len(shown.rewards) == 3


@pytest.mark.parametrize(
    ("now", "state", "shown"),
    [
        (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), "open", "draft"),
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), "open", "open"),
        (datetime(2027, 1, 15, 23, 59, tzinfo=UTC), "open", "open"),
        (datetime(2027, 1, 16, 0, 0, tzinfo=UTC), "open", "closed"),
        (datetime(2027, 1, 16, 0, 0, tzinfo=UTC), "suspended", "suspended"),
        (datetime(2026, 12, 1, 0, 0, tzinfo=UTC), "withdrawn", "withdrawn"),
    ],
)
def test_the_state_is_what_a_reader_meets(now: datetime, state: str, shown: str) -> None:
    assert campaign(now=now, state=state).state == shown
    assert campaign(now=now, state=state).is_open == (shown == "open")


def test_only_languages_with_pages_are_offered() -> None:
    offer = spring_offer()
    german = replace(offer.markets["GB"], languages=("de", "fr"))
    assert campaign(replace(offer, markets={**offer.markets, "GB": german})).languages == ("fr",)
    assert campaign().languages == ("en",)
