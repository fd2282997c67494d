"""Where an offer bounds the friends of one day, no more than that count for one sponsor."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from onloan import clock
from onloan.people.queries import find_participant
from onloan.referrals.models import Attribution
from onloan.referrals.queries import credit_of
from tests.joining.support import OpenMarket, add_participant, open_market

PARIS = ZoneInfo("Europe/Paris")


def at_most(friends: int) -> tuple[tuple[str, str], ...]:
    return (("referral: {", f"referral: {{friends_per_day: {friends}, "),)


def noon() -> datetime:
    """Twelve o'clock of yesterday in Paris: in the past, and far from both ends of a day."""
    yesterday = clock.now().astimezone(PARIS).date() - timedelta(days=1)
    return datetime.combine(yesterday, time(12), PARIS).astimezone(UTC)


def bring(market: OpenMarket, code: str, name: str, joins_at: datetime) -> bool:
    """Whether ``name``, who joins through ``code``, counts for its owner."""
    friend = add_participant(market, name, via_code=code, now=joins_at)
    return Attribution.objects.filter(participant_id=friend.participant_id).exists()


def test_it_counts_two_friends_a_day_and_again_after_midnight(both_databases: str) -> None:
    market = open_market(pots=20, edits=at_most(2))
    today = noon()
    ana = add_participant(market, "Ana", now=today - timedelta(days=3)).link_code
    midnight = datetime.combine(today.astimezone(PARIS).date(), time.min, PARIS)
    tomorrow = datetime.combine(today.astimezone(PARIS).date() + timedelta(days=1), time.min, PARIS)
    assert bring(market, ana, "early", midnight - timedelta(microseconds=1))
    assert bring(market, ana, "first", midnight)
    assert bring(market, ana, "second", today)
    assert not bring(market, ana, "third", today)
    assert not bring(market, ana, "late", tomorrow - timedelta(microseconds=1))
    assert bring(market, ana, "next", tomorrow)


def test_each_sponsor_has_a_bound_of_their_own(both_databases: str) -> None:
    market = open_market(pots=20, edits=at_most(1))
    joined = noon() - timedelta(hours=1)
    ana = add_participant(market, "Ana", now=joined).link_code
    fred = add_participant(market, "Fred", now=joined).link_code
    assert bring(market, ana, "ben", noon()) and bring(market, fred, "dora", noon())
    assert not bring(market, ana, "eve", noon())


def test_it_counts_any_number_where_the_offer_says_nothing(both_databases: str) -> None:
    market = open_market(pots=20)
    ana = add_participant(market, "Ana", now=noon() - timedelta(hours=1)).link_code
    assert all(bring(market, ana, f"friend{letter}", noon()) for letter in "abcdefgh")


def test_friends_who_join_at_once_are_counted_one_after_the_other(both_databases: str) -> None:
    market = open_market(pots=20, edits=at_most(3))
    ana = add_participant(market, "Ana", now=noon() - timedelta(hours=1))
    gate = threading.Barrier(12)

    def join_one(name: str) -> None:
        gate.wait()
        try:
            add_participant(market, name, via_code=ana.link_code, now=noon())
        finally:
            connection.close()

    threads = [threading.Thread(target=join_one, args=[f"friend{letter}"]) for letter in "abcdefghijkl"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Attribution.objects.filter(sponsor_id=ana.participant_id).count() == 3


def test_it_says_beforehand_that_the_day_is_full(both_databases: str) -> None:
    market = open_market(pots=20, edits=at_most(1))
    ana = add_participant(market, "Ana", now=noon() - timedelta(hours=1))
    sponsor = find_participant(ana.participant_id)
    assert sponsor is not None
    assert credit_of(sponsor, market_id=market.market_id, now=noon()) == "counts"
    assert bring(market, ana.link_code, "ben", noon())
    assert credit_of(sponsor, market_id=market.market_id, now=noon()) == "full_today"
    assert credit_of(sponsor, market_id=market.market_id, now=noon() + timedelta(days=1)) == "counts"
    assert credit_of(sponsor, market_id=market.market_id, now=noon() + timedelta(days=31)) == "over"
