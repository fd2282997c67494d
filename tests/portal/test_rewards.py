"""Each reward's life as a timeline, and what can be done now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import translation

from onloan import clock
from onloan.money import Money
from onloan.offers.queries import find_market_by_id
from onloan.offers.vocabulary import EVENTS
from onloan.payouts.models import Payable, Payee
from onloan.portal.campaign import Campaign, campaign_of
from onloan.portal.rewards import Step, happened, read_holdings, reward_timelines
from onloan.portal.to_do import list_to_do
from onloan.vouchers.models import Voucher
from onloan.vouchers.spending import redeem_voucher, roll_back_redemption
from tests.portal.money import Earner, an_earner, prepare, spend, tess

pytestmark = pytest.mark.usefixtures("sqlite_database")


def campaign_at(earner: Earner, days: int = 0) -> Campaign:
    """The campaign as it stands ``days`` from now, in English."""
    campaign = campaign_of(find_market_by_id(earner.market.market_id))
    return replace(campaign, language="en", now=clock.now() + timedelta(days=days))


def steps(earner: Earner, days: int = 0) -> list[Step]:
    with translation.override("en"):
        (timeline,) = reward_timelines(
            earner.joined.participant_id,
            campaign_at(earner, days),
            read_holdings(earner.joined.participant_id, clock.now()),
        )
    return list(timeline.steps)


def told(earner: Earner, days: int = 0) -> list[tuple[str, str]]:
    return [(step.state, step.text.replace("\u00a0", " ")) for step in steps(earner, days)]


def to_do(earner: Earner, days: int = 0) -> list[str]:
    with translation.override("en"):
        found = list_to_do(read_holdings(earner.joined.participant_id, clock.now()), campaign_at(earner, days))
    return [each.sentence.replace("\u00a0", " ") for each in found]


def test_it_tells_a_reward_from_the_event_to_its_payment() -> None:
    ana = an_earner()
    assert told(ana) == [
        ("done", "Somebody you invited signed up."),
        ("done", "Earned: €4 in cash and €14 in a voucher for this shop."),
        ("coming", "To spend: €14."),
        ("coming", "We pay you, once you have told us where: €4 in cash."),
    ]
    ana.give_account()
    assert told(ana)[-1] == ("coming", "We pay you: €4 in cash.")
    prepare(ana)
    assert told(ana)[-1] == ("coming", "Our bank is asked to pay you: €4 in cash.")
    assert told(ana, days=90)[-1] == ("coming", "We pay you: €4 in cash."), "no day in the past is promised"


def test_a_payment_that_came_back_is_told_and_still_owed() -> None:
    ana = an_earner()
    ana.give_account()
    Payable.objects.update(returned_at=clock.now(), returned_reason="AC04")
    Payee.objects.update(problem="returned", problem_code="AC04")
    assert told(ana)[-2:] == [
        ("failed", "Your bank sent it back: €4 in cash. It is still yours."),
        ("coming", "We pay you, once you have told us where: €4 in cash."),
    ]
    assert to_do(ana) == ["Your bank sent €4 back. The money is still yours."]
    page = ana.get("payment/")
    assert "Votre banque a renvoyé l'argent" in page.text
    assert "L'argent est revenu de ce compte" in page.text


def test_what_is_left_of_a_voucher_stands_beside_its_code() -> None:
    ana = an_earner()
    sale = spend(ana, 500)
    step = steps(ana)[2]
    assert (step.text.replace("\u00a0", " "), step.code) == ("To spend: €9 of €14.", ana.voucher.code)
    roll_back_redemption(redemption_id=sale, by=tess(), now=clock.now())
    assert told(ana)[2] == ("coming", "To spend: €14.")
    spend(ana, 1_400)
    spent = steps(ana)[2]
    assert (spent.state, spent.code) == ("done", "")
    assert spent.text == "You have spent the whole voucher of €14."


def test_the_page_of_a_voucher_tells_what_was_spent_and_undone() -> None:
    ana = an_earner()
    page = ana.get(f"vouchers/{ana.voucher.id}/")
    assert "14 € à dépenser" in page.text and ana.voucher.code in page.text and page.all("svg")
    sale = spend(ana, 500)
    page = ana.get(f"vouchers/{ana.voucher.id}/")
    assert "9 € restants sur 14 €" in page.text and "Vous avez dépensé 5 €." in page.text
    roll_back_redemption(redemption_id=sale, by=tess(), now=clock.now())
    page = ana.get(f"vouchers/{ana.voucher.id}/")
    assert "La boutique a annulé un achat : 5 € sont de nouveau à vous." in page.text
    spend(ana, 1_400)
    page = ana.get(f"vouchers/{ana.voucher.id}/")
    assert "Vous avez dépensé les 14 € de ce bon d'achat." in page.text
    assert ana.voucher.code not in page.text and not page.all("svg")


def test_a_voucher_that_a_till_holds_says_so() -> None:
    ana = an_earner()
    redeem_voucher(
        typed_code=ana.voucher.code, amount=Money(300, "EUR"), reference="sale-1",
        by=tess(), hold_seconds=600, now=clock.now(),
    )  # fmt: skip
    page = ana.get(f"vouchers/{ana.voucher.id}/")
    assert "Une caisse en réserve 3 € en ce moment." in page.text
    assert "Vous avez dépensé" not in page.text


def test_a_voucher_that_ended_is_told_with_what_was_lost() -> None:
    ana = an_earner()
    spend(ana, 500)
    start, end = clock.now() - timedelta(days=200), clock.now() - timedelta(days=1)
    Voucher.objects.filter(id=ana.voucher.id).update(issued_at=start, expires_at=end)
    assert ("failed", "The voucher ended, as the terms announced. €9 were not spent.") in told(ana)
    page = ana.get(f"vouchers/{ana.voucher.id}/")
    assert "Ce bon d'achat a pris fin le" in page.text and "9 € n'ont pas été dépensés." in page.text
    assert ana.voucher.code not in page.text


def test_a_voucher_without_its_code_yet_says_that_it_comes() -> None:
    ana = an_earner()
    Voucher.objects.filter(id=ana.voucher.id).update(waits_for_code=True)
    page = ana.get(f"vouchers/{ana.voucher.id}/")
    assert "Son code est en route" in page.text and not page.all("svg")


def test_what_can_be_done_now_stands_on_top() -> None:
    ana = an_earner()
    assert to_do(ana) == ["€4 in cash are yours."]
    page = ana.get()
    links = [link.get("href") for link in page.all("a", **{"class": "button low"})]
    assert links == ["/fr/me/payment/"]
    ana.give_account()
    assert to_do(ana) == []
    last_day = ana.voucher.expires_on
    assert last_day is not None
    sentence = f"Your voucher ends on {last_day.day} {last_day:%B %Y}: €14 are left to spend."
    assert (to_do(ana, days=149), to_do(ana, days=155)) == ([], [sentence])


def test_somebody_with_a_slip_is_asked_for_nothing() -> None:
    ana = an_earner()
    ana.post(ana.slip_path())
    assert to_do(ana) == []
    assert told(ana)[-1] == ("coming", "On a slip: €4 in cash, as soon as its code is shown to the shop.")


def test_every_event_of_the_vocabulary_has_its_own_sentence() -> None:
    plain = happened("something else")
    assert not [event for event in EVENTS if happened(event) == plain]
