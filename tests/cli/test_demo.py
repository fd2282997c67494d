"""``onloan demo``: what its pages show is there, and its books balance."""

from __future__ import annotations

from datetime import timedelta

from onloan import clock
from onloan.cli.demo import DAYS_TOLD, OFFER_SLUG, seed
from onloan.cli.demo_people import PEOPLE
from onloan.ledger.check import check_balances
from onloan.ledger.queries import list_pool_days, pool_forecast, pool_view
from onloan.offers.queries import find_market
from onloan.payouts.check import check_payables
from onloan.payouts.queries import count_waiting, list_batches, reconcile
from onloan.referrals.review_queries import list_reviews
from onloan.referrals.review_rules import ReviewState
from onloan.referrals.signals import SignalKind


def test_it_shows_money_in_each_of_its_states(both_databases: str) -> None:
    now = clock.now()
    seed(now)
    market = find_market(OFFER_SLUG, "FR")
    pool = pool_view(market.id)
    for name in ("free", "reserved", "owed", "vouchers", "paid", "redeemed"):
        assert getattr(pool, name).amount_minor > 0, name
    assert pool.funded.amount_minor == 3_000_00, "a pool of 2,000 euros, and 1,000 more later"
    assert pool_forecast(market.id, now=now).closes_on is not None
    days = list_pool_days(market.id, since=now.date() - timedelta(days=DAYS_TOLD))
    assert len(days) == DAYS_TOLD + 1, "the chart has a mark for each day"
    assert check_balances() == [] and check_payables() == []


def test_it_has_a_paid_batch_one_to_approve_cash_that_waits_and_a_held_reward(both_databases: str) -> None:
    seed(clock.now())
    assert [(batch.country, batch.state) for batch in list_batches()] == [("GB", "prepared"), ("FR", "paid")]
    paid = reconcile(list_batches()[1].id)
    assert paid.accepted == paid.sent and paid.sent.count == 2
    assert count_waiting("FR") == 1, "Ana has not told where to pay her 4 euros"
    held = list_reviews(ReviewState.OPEN)
    assert [line.kinds for line in held] == [(SignalKind.OWN_LINK,)] * len(held) and held


def test_everybody_in_it_is_somebody_of_their_own() -> None:
    assert len({person.email for person in PEOPLE}) == len(PEOPLE)
    known = {person.name: person for person in PEOPLE}
    for person in PEOPLE:
        assert person.signed_up_days_ago is None or person.signed_up_days_ago <= person.joined_days_ago
        if person.sponsor:
            assert known[person.sponsor].joined_days_ago >= person.joined_days_ago
            assert known[person.sponsor].country == person.country
