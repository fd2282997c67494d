"""Every clock on one page, and first on the overview of whoever answers people."""

from __future__ import annotations

import re

from django.test import Client

from onloan import clock
from onloan.cases.feedback import send_feedback
from onloan.cases.feedback_rules import FeedbackDoor, Topic
from onloan.cases.rules import Kind
from onloan.offers.switch import suspend_market
from tests.console.test_cases import ask, dora
from tests.console.test_reviews import read, signed_in
from tests.joining.support import open_market

__all__ = ["dora"]


def row(page: str, name: str) -> list[str]:
    """The numbers of a clock."""
    found = re.search(rf">{re.escape(name)}</a></th>(.*?)</tr>", page)
    assert found, name
    return re.findall(r"\d+|–", re.sub(r"<[^>]+>", " ", found.group(1)))


def test_each_kind_of_work_has_its_clock(dora: Client) -> None:
    market = open_market()
    ask(days_ago=40), ask(), ask(Kind.COMPLAINT, "GB")
    send_feedback(
        offer_slug="spring-pot", country="FR", version_number=1, topic=Topic.DURATION, text="Too long.",
        door=FeedbackDoor.OFFER_PAGE, language="fr", now=clock.now(),
    )  # fmt: skip
    suspend_market(
        offer_slug="spring-pot", country="FR", reason="We look at it.", user_id=market.team.dora, now=clock.now()
    )
    desk = read(dora, "/console/desk/")
    assert row(desk, "A copy of their data") == ["2", "1", "0", "0"]
    assert row(desk, "A complaint") == ["1", "0", "0", "0"]
    for name in (
        "Waiting for the person",
        "Copies of data with a gap",
        "Mails about requests that did not arrive",
    ):
        assert row(desk, name) == ["0", "0", "–", "–"], name
    for name in (
        "Erasures under way", "Rewards that wait for a human", "Recipients to answer, copies to take down",
        "Payments that are owed",
    ):  # fmt: skip
        assert row(desk, name) == ["0", "0", "0", "0"], name
    assert row(desk, "Feedback on spring-pot FR, which is suspended") == ["1", "–", "–", "–"]
    # The overview of whoever answers people begins with them; others see what it always showed.
    overview = read(dora, "/console/")
    assert overview.index("Every clock") < overview.index("People who joined")
    assert row(overview, "A copy of their data") == ["2", "1", "0", "0"]
    assert "Every clock" not in read(signed_in("Fay", "finance"), "/console/")
