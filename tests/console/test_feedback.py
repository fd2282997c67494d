"""The console leads a team from suspending a market to opening it again."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from onloan import clock
from onloan.cases.feedback import send_feedback
from onloan.cases.feedback_rules import FeedbackDoor
from onloan.offers.queries import find_market
from tests.console.test_pages import AUDE, DORA, campaign, seeded, signed_in

__all__ = ["campaign", "seeded"]
MARKET = "/console/markets/spring-pot/GB/"


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.usefixtures("campaign")
def test_it_leads_from_suspending_to_reopening() -> None:
    dora = signed_in(DORA)
    dora.post(MARKET, {"act": "suspend", "reason": "You asked what your photo is for."})
    send_feedback(
        offer_slug="spring-pot", country="GB", version_number=1, topic="asked", text="Leave my <b>photo</b> out.",
        door=FeedbackDoor.STOPPED_PAGE, language="en", now=clock.now(),
    )  # fmt: skip

    page = read(dora, MARKET)
    said = read(dora, MARKET + "feedback/?topic=asked")
    changes = read(dora, MARKET + "changes/")

    assert "From suspending to reopening" in page
    assert page.count('aria-current="step"') == 1
    assert "Leave my &lt;b&gt;photo&lt;/b&gt; out." in said
    assert not re.search(r"\d\d:\d\d", said), "the day of a remark is shown, and no minute"
    assert "Nothing yet: version 1 is the latest one." in changes

    refused = dora.post(MARKET, {"act": "reopen", "reason": "We changed what you asked."}, follow=True)
    assert "E-EXPLANATION" in refused.content.decode()
    assert find_market("spring-pot", "GB").state == "suspended"
    told = {"explanation-en": "We left the photo out, because you asked us to."}
    dora.post(MARKET, {"act": "reopen", "reason": "We changed what you asked.", **told})
    assert find_market("spring-pot", "GB").state == "open"
    assert "Over: opened again on" in read(dora, MARKET)


@pytest.mark.usefixtures("campaign")
def test_an_auditor_sees_counts_and_no_words() -> None:
    send_feedback(
        offer_slug="spring-pot", country="GB", version_number=1, topic="asked", text="Leave my photo out.",
        door=FeedbackDoor.OFFER_PAGE, language="en", now=clock.now(),
    )  # fmt: skip

    page = read(signed_in(AUDE), MARKET + "feedback/")

    assert "What I am asked to allow" in page
    assert "Leave my photo out." not in page
