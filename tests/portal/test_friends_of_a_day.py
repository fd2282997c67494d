"""Where an offer bounds the friends of a day, the next one is told beforehand that they count tomorrow."""

from __future__ import annotations

from datetime import timedelta

from onloan import clock
from onloan.people.models import EmailCode
from tests.joining.support import open_market
from tests.portal.support import Visitor, add_participant

ONE_A_DAY = (("referral: {", "referral: {friends_per_day: 1, "),)
JOIN = "/fr/o/spring-pot/FR/join/"


def test_the_link_says_that_it_counts_again_tomorrow(both_databases: str) -> None:
    market = open_market(edits=ONE_A_DAY)
    ana = add_participant(market, "Ana", now=clock.now() - timedelta(days=3))
    address = f"/fr/invite/{ana.link_code}/"
    assert "reçoit une récompense" in Visitor().get(address).text
    add_participant(market, "Ben", via_code=ana.link_code)
    page = Visitor().get(address)
    assert "Il compte à nouveau demain." in page.text
    assert "reçoit une récompense" not in page.text
    assert page.all("a", href=JOIN), "joining without an invitation is still possible"


def test_a_typed_code_is_told_at_its_field_and_nothing_is_sent(both_databases: str) -> None:
    market = open_market(edits=ONE_A_DAY)
    ana = add_participant(market, "Ana", now=clock.now() - timedelta(days=3))
    add_participant(market, "Ben", via_code=ana.link_code)
    page = Visitor().post(JOIN, {"email": "chloe@example.org", "via": ana.link_code})
    assert page.status == 422
    assert "Il compte à nouveau demain." in page.text
    assert page.one("input", name="via").get("aria-invalid") == "true"
    assert not EmailCode.objects.exists()
