"""A friend who qualifies is rewarded, and so is who brought them: once, within bounds, whoever else asks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from onloan import ids
from onloan.ledger.queries import pot_view
from onloan.money import Money
from onloan.offers import models as offers
from onloan.offers.document import RewardRule
from onloan.outbox.models import Message
from onloan.people.models import Participant
from onloan.referrals import rules
from onloan.referrals.actions import record_event
from onloan.referrals.errors import EventTimeWrong, EventTooLate, EventUnknown, ParticipantUnknown
from onloan.referrals.models import Event
from onloan.referrals.queries import find_sponsor, friends_view
from tests.referrals.support import (
    CASH,
    EVENT,
    NOW,
    RULES,
    THANKS,
    RewardSeen,
    join_as,
    open_campaign,
    report,
    rewards_of,
    with_times,
)

pytestmark = pytest.mark.usefixtures("both_databases")

DAY = timedelta(days=1)


def test_it_promises_the_sponsors_rewards_and_the_friends_own() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    recorded = report(ben, occurred_at=NOW + DAY, now=NOW + DAY)
    assert recorded.is_new
    assert recorded.counts_at == NOW + DAY + timedelta(days=14)
    assert rewards_of(ben) == [RewardSeen("welcome", "pending", "own")]
    assert rewards_of(ana) == [
        RewardSeen("cash", "pending", ben.participant_id.hex),
        RewardSeen("thanks", "pending", ben.participant_id.hex),
    ]


def test_somebody_who_came_alone_gets_their_own_and_credits_nobody() -> None:
    ana = join_as("Ana", open_campaign())
    report(ana)
    assert rewards_of(ana) == [RewardSeen("welcome", "pending", "own")]
    assert not Message.objects.filter(template="friend_joined").exists()


def test_a_reward_to_a_friend_is_only_for_who_was_brought() -> None:
    friends_only = RewardRule("hello", "friend", "voucher", {"FR": Money(500, "EUR")}, 1, 90, {})
    books = open_campaign(rules=(friends_only, *RULES))
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    report(ana)
    report(ben)
    assert "hello" not in {reward.rule for reward in rewards_of(ana)}
    assert "hello" in {reward.rule for reward in rewards_of(ben)}


def test_a_friends_friend_earns_the_first_sponsor_nothing() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    chloe = join_as("Chloé", books, via=ben)
    report(chloe)
    assert rewards_of(ana) == []
    assert len(rewards_of(ben)) == 2


def test_the_same_event_again_promises_nothing_and_gets_the_first_ones_dates() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    first = report(ben)
    again = report(ben, occurred_at=NOW + DAY, now=NOW + 2 * DAY, ref="s-2")
    assert (again.is_new, again.occurred_at) == (False, first.occurred_at)
    assert (len(rewards_of(ana)), len(rewards_of(ben)), Event.objects.count()) == (2, 1, 1)


def test_sixteen_equal_events_at_once_make_one_set_of_rewards() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    together = threading.Barrier(16)
    new: list[bool] = []

    def call(number: int) -> None:
        together.wait()
        new.append(report(ben, ref=f"s-{number}").is_new)
        connections.close_all()

    callers = [threading.Thread(target=call, args=[number]) for number in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(new) == [False] * 15 + [True]
    assert (len(rewards_of(ana)), len(rewards_of(ben))) == (2, 1)


def test_a_ring_of_sponsors_whose_events_come_at_once_never_waits_in_a_circle() -> None:
    """Each event locks two people; chains that share people are reported at the same moment."""
    books = open_campaign()
    people = [join_as("P0", books)]
    for number in range(1, 9):
        people.append(join_as(f"P{number}", books, via=people[-1]))
    together = threading.Barrier(len(people))
    failures: list[BaseException] = []

    def call(number: int) -> None:
        together.wait()
        try:
            report(people[number])
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    callers = [threading.Thread(target=call, args=[number]) for number in range(len(people))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert failures == []
    assert [len(rewards_of(person)) for person in people] == [3] * 8 + [1]


def test_a_sponsor_is_rewarded_as_often_as_the_offer_says_and_told_as_often() -> None:
    books = open_campaign(rules=(with_times(THANKS, 2), with_times(CASH, 3)))
    ana = join_as("Ana", books)
    for number in range(4):
        report(join_as(f"Friend{number}", books, via=ana))
    assert [reward.rule for reward in rewards_of(ana)] == ["cash"] * 3 + ["thanks"] * 2
    assert Message.objects.filter(template="friend_joined", participant_id=ana.participant_id).count() == 3


def test_the_sponsor_is_told_dates_and_amounts_and_not_who() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    report(ben)
    context = Message.objects.get(template="friend_joined").context
    assert context["qualified_on"] == "2026-12-03"
    assert context["settles_on"] == "2026-12-17"
    assert context["due_on"] == "2027-01-16"
    assert context["rewards"] == ["voucher 14.00 EUR", "cash 4.00 EUR"]
    assert "Ben" not in str(context) and ben.public_id not in str(context)


def test_a_friend_without_a_pot_credits_the_sponsor_and_gets_nothing_promised() -> None:
    books = open_campaign(pools=1)
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    assert not ben.has_pot
    report(ben)
    assert rewards_of(ben) == []
    assert len(rewards_of(ana)) == 2


def test_a_stopped_market_takes_nothing_from_who_is_under_way() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    offers.Market.objects.filter(id=books.market_id).update(state="suspended", reason="We look at it.")
    report(ben)
    assert (len(rewards_of(ana)), len(rewards_of(ben))) == (2, 1)


def test_a_friend_who_comes_after_the_sponsors_window_credits_nobody() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    late = NOW + timedelta(days=30, seconds=1)
    ben = join_as("Ben", books, via=ana, now=late)
    assert find_sponsor(ben.participant_id) is None
    report(ben, occurred_at=late, now=late)
    assert rewards_of(ana) == []


def test_an_erased_sponsor_is_promised_nothing_and_the_friend_is() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    Participant.objects.filter(id=ana.participant_id).update(erased_at=NOW)
    report(ben)
    assert (rewards_of(ana), len(rewards_of(ben))) == ([], 1)


def test_a_sponsor_sees_counts_and_dates() -> None:
    books = open_campaign()
    ana = join_as("Ana", books)
    ben = join_as("Ben", books, via=ana)
    join_as("Chloé", books, via=ana, now=NOW + DAY)
    report(ben, occurred_at=NOW + DAY, now=NOW + DAY)
    view = friends_view(ana.participant_id)
    assert (view.joined, view.qualified, view.credited) == (2, 1, 2)
    assert [line.qualified_at for line in view.lines] == [None, NOW + DAY]
    assert len(pot_view(ana.participant_id).waiting) == 2


class TestBounds:
    @pytest.mark.parametrize(
        "occurred_at", [NOW + timedelta(minutes=5, seconds=1), NOW - timedelta(minutes=5, seconds=1)]
    )
    def test_it_refuses_the_future_and_the_time_before_joining(self, occurred_at) -> None:
        ana = join_as("Ana", open_campaign())
        with pytest.raises(EventTimeWrong):
            report(ana, occurred_at=occurred_at)
        assert (rewards_of(ana), Event.objects.count()) == ([], 0)

    def test_a_clock_a_little_behind_ours_takes_no_reward_away(self) -> None:
        ana = join_as("Ana", open_campaign())
        assert report(ana, occurred_at=NOW - timedelta(minutes=5)).occurred_at == NOW
        assert len(rewards_of(ana)) == 1

    def test_it_counts_on_the_last_day_and_not_a_second_later(self) -> None:
        books = open_campaign()
        last = NOW + timedelta(days=30)
        ana, ben = join_as("Ana", books), join_as("Ben", books)
        assert report(ana, occurred_at=last, now=last).is_new
        with pytest.raises(EventTooLate):
            report(ben, occurred_at=last + timedelta(seconds=1), now=last + DAY)

    def test_it_can_be_reported_for_the_days_of_grace_and_not_later(self) -> None:
        books = open_campaign()
        last = NOW + timedelta(days=30) + rules.REPORT_GRACE
        ana, ben = join_as("Ana", books), join_as("Ben", books)
        assert report(ana, now=last).is_new
        with pytest.raises(EventTooLate):
            report(ben, now=last + timedelta(seconds=1))

    def test_it_refuses_an_event_that_the_offer_does_not_know(self) -> None:
        ana = join_as("Ana", open_campaign())
        with pytest.raises(EventUnknown, match="E-EVENT-NAME|app_signed_up"):
            record_event(
                participant_id=ana.participant_id,
                event="first_order",
                occurred_at=NOW,
                external_ref="1",
                now=NOW,
            )

    def test_it_knows_nobody_who_did_not_join_or_was_erased(self) -> None:
        ana = join_as("Ana", open_campaign())
        Participant.objects.filter(id=ana.participant_id).update(erased_at=NOW)
        for participant_id in (ana.participant_id, ids.new_id()):
            with pytest.raises(ParticipantUnknown):
                record_event(
                    participant_id=participant_id,
                    event=EVENT,
                    occurred_at=NOW,
                    external_ref="1",
                    now=NOW,
                )
