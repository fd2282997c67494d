"""Who is looked at, what is held for it, and what leaves no trace."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.db import connections

from onloan import db
from onloan.cases.actions import open_case
from onloan.cases.rules import About, Door, Kind, can_be_about
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.ledger.check import require_balance
from onloan.ledger.models import Reward
from onloan.outbox.models import Message
from onloan.people.actions import Flag, set_flag
from onloan.people.models import Item
from onloan.referrals.actions import settle_due
from onloan.referrals.erasing import forget_traces
from onloan.referrals.looking import look_again, look_for_rings, look_for_signals
from onloan.referrals.models import Attribution, Mark, Review, Signal
from onloan.referrals.review_rules import Decision
from onloan.referrals.reviews import NewSignal, decide_review, finish_reviews, raise_signals
from onloan.referrals.signals import SignalKind
from onloan.uses.models import Use
from tests.referrals.crowd import LOOKED, bring, give_account, join_with, member, own_link, states_of
from tests.referrals.support import NOW, Campaign, open_campaign

pytestmark = pytest.mark.usefixtures("both_databases")
SETTLED = NOW + timedelta(days=14)


@pytest.fixture
def campaign(both_databases: str) -> Campaign:
    return open_campaign(pools=60)


def test_it_holds_the_rewards_for_a_friend_who_is_the_sponsor_and_for_nobody_else(campaign: Campaign) -> None:
    mallory = join_with("mallory@people.example", campaign)
    again = bring(mallory, "mallory+2@people.example", campaign)
    chloe = bring(mallory, "chloe@people.example", campaign)
    assert look_for_signals(now=LOOKED, limit=100) == 2
    assert states_of(mallory) == ["held", "held", "pending", "pending"]
    assert (states_of(again), states_of(chloe)) == (["held"], ["pending"])
    held = Reward.objects.filter(participant_id=mallory.participant_id, state="held")
    assert {reward.cause_key for reward in held} == {again.participant_id.hex}
    settle_due(now=SETTLED, limit=50)
    assert states_of(mallory) == ["earned", "earned", "held", "held"]
    require_balance()


def test_it_tells_each_person_once_why_and_until_when(campaign: Campaign) -> None:
    mallory, again = own_link(campaign)
    look_for_signals(now=LOOKED, limit=100)
    mails = {mail.participant_id: mail.context for mail in Message.objects.filter(template="reward_held")}
    assert set(mails) == {mallory.participant_id, again.participant_id}
    assert len(mails[mallory.participant_id]["rewards"]) == 2
    assert mails[mallory.participant_id]["due_on"] == "2026-12-13"
    assert mails[mallory.participant_id]["reasons"] != mails[again.participant_id]["reasons"]
    assert "mallory" not in str(mails)
    reward = Reward.objects.filter(participant_id=again.participant_id).get()
    assert reward.held_reason is not None and "13 décembre 2026" in reward.held_reason


def test_doing_it_again_changes_nothing(campaign: Campaign) -> None:
    own_link(campaign)
    Attribution.objects.update(looked_at=None)
    before = (Review.objects.count(), Signal.objects.count(), Message.objects.count())
    assert look_for_signals(now=LOOKED, limit=100) == 1
    assert look_for_signals(now=LOOKED, limit=100) == 0
    assert (Review.objects.count(), Signal.objects.count(), Message.objects.count()) == before


def test_honest_people_leave_no_trace_but_marks(campaign: Campaign) -> None:
    ana = join_with("ana@people.example", campaign)
    for number in range(12):
        bring(ana, f"pupil{number}@school.example", campaign, now=NOW + timedelta(minutes=number))
    assert look_for_signals(now=LOOKED, limit=5) == 5
    assert look_for_signals(now=LOOKED, limit=100) == 7
    assert (Signal.objects.count(), Review.objects.count()) == (0, 0)
    assert Mark.objects.filter(kind="mailbox").count() == 13
    assert set(states_of(ana)) == {"pending"}


def test_a_burst_of_throw_away_addresses_is_held_with_those_before_it(campaign: Campaign) -> None:
    ana = join_with("ana@people.example", campaign)
    for number in range(9):
        bring(ana, f"x{number}@mailinator.com", campaign, now=NOW + timedelta(minutes=number))
    look_for_signals(now=LOOKED, limit=100)
    assert Signal.objects.count() == 0
    tenth = bring(ana, "x9@mailinator.com", campaign, now=NOW + timedelta(minutes=9))
    look_for_signals(now=LOOKED, limit=100)
    assert set(states_of(ana)) == {"held"}
    assert states_of(tenth) == ["held"]
    assert Review.objects.filter(participant_id=ana.participant_id).count() == 1
    assert Signal.objects.filter(participant_id=ana.participant_id, kind="velocity").count() == 10


def test_a_couple_with_one_account_is_not_held_and_four_people_are(campaign: Campaign) -> None:
    ana = join_with("ana@people.example", campaign)
    friends = [bring(ana, f"friend{number}@people.example", campaign) for number in range(3)]
    look_for_signals(now=LOOKED, limit=100)
    for person in (ana, friends[0], friends[1]):
        give_account(person, "joint")
        look_for_signals(now=LOOKED, limit=100)
    assert Review.objects.count() == 0
    give_account(friends[2], "joint")
    assert look_for_signals(now=LOOKED, limit=100) == 3
    assert set(states_of(ana)) == {"held"}
    signal = Signal.objects.get(participant_id=friends[0].participant_id)
    assert (signal.kind, signal.details) == ("shared_account", {"people": 4})


def test_what_is_earned_cannot_be_held(campaign: Campaign) -> None:
    mallory = join_with("mallory@people.example", campaign)
    again = bring(mallory, "mallory+2@people.example", campaign)
    settle_due(now=SETTLED, limit=50)
    look_for_signals(now=SETTLED, limit=100)
    assert set(states_of(mallory) + states_of(again)) == {"earned"}
    assert Review.objects.count() == 0
    assert not Message.objects.filter(template="reward_held").exists()


def test_it_looks_before_it_settles_where_nothing_is_waited_for(both_databases: str) -> None:
    from onloan.jobs.table import JOBS

    names = [job.name for job in JOBS]
    assert names.index("look for signals") < names.index("settle rewards")


def test_a_ring_is_held_on_each_of_its_links(campaign: Campaign) -> None:
    ana = join_with("ana@people.example", campaign)
    ben = bring(ana, "ben@people.example", campaign)
    third = bring(ben, "ana+again@people.example", campaign)
    honest = bring(ben, "chloe@people.example", campaign)
    look_for_signals(now=LOOKED, limit=100)
    assert Review.objects.count() == 0
    assert look_for_rings(now=LOOKED) == 4
    assert look_for_rings(now=LOOKED) == 0
    assert states_of(honest) == ["pending"]
    assert (states_of(third), "held" in states_of(ana)) == (["held"], True)
    held = Reward.objects.filter(participant_id=ben.participant_id, state="held")
    assert {reward.cause_key for reward in held} == {"own", third.participant_id.hex}
    signals = Signal.objects.filter(kind="sponsor_ring")
    assert {(signal.details["people"], signal.details["links"]) for signal in signals} == {(2, 2)}
    assert len({signal.ring_id for signal in signals}) == 1


def test_using_every_right_changes_no_signal(campaign: Campaign) -> None:
    """The same crowd twice: once silent, once with every request there is but those that stop the looking itself.
    What is found is the same."""
    stops = {(Kind.RESTRICTION, About.NOTHING), (Kind.ERASURE, About.NOTHING)}
    stops |= {(Kind.OBJECTION, about) for about in (About.NOTHING, About.CHECKS)}
    asked = {(kind, about) for kind in Kind for about in About if can_be_about(kind, about)} - stops

    def look(prefix: str, *, asks: bool) -> list[tuple[str, int]]:
        ana = join_with(f"{prefix}@people.example", campaign)
        people = [
            ana,
            bring(ana, f"{prefix}+2@people.example", campaign),
            bring(ana, f"{prefix}b@p.example", campaign),
        ]
        for kind, about in sorted(asked) if asks else ():
            for person in people:
                open_case(
                    kind=kind, about=about, country="FR", language="fr", door=Door.MY_PAGE, text="Please.",
                    now=NOW, participant_id=person.participant_id,
                )  # fmt: skip
        look_for_signals(now=LOOKED, limit=100)
        look_for_rings(now=LOOKED)
        found = Signal.objects.filter(participant_id__in=[person.participant_id for person in people])
        return sorted((signal.kind, len(signal.subject)) for signal in found)

    assert look("ana", asks=False) == look("eva", asks=True) != []


@pytest.mark.parametrize(
    ("flag", "reason"), [("restricted", "D-FLAG-RESTRICTED"), ("checks_objected", "D-FLAG-OBJECTED")]
)
def test_nobody_who_restricted_or_objected_is_looked_at(campaign: Campaign, flag: Flag, reason: str) -> None:
    """Neither around a sponsor nor in a ring; each refusal is on record. A human looks at the rewards of whoever
    objected to checks, and they count when nobody decides."""
    ana = join_with("ana@people.example", campaign)
    ben = bring(ana, "ana+2@people.example", campaign)
    bring(ben, "ben@people.example", campaign)
    set_flag(participant_id=ben.participant_id, flag=flag, now=NOW)
    look_for_signals(now=LOOKED, limit=100)
    assert set(Signal.objects.values_list("kind", flat=True)) <= {"not_checked"}
    assert not Mark.objects.filter(participant_id=ben.participant_id).exists()
    asked = Use.objects.filter(purpose="fraud_checks")
    assert {(use.participant_id, use.reason) for use in asked if not use.allowed} == {(ben.participant_id, reason)}
    assert ana.participant_id in {use.participant_id for use in asked if use.allowed}
    settle_due(now=SETTLED, limit=50)
    assert set(states_of(ana)) == {"earned"}
    assert set(states_of(ben)) == {"held" if flag == "checks_objected" else "earned"}
    finish_reviews(now=SETTLED)
    settle_due(now=SETTLED, limit=50)
    assert set(states_of(ben)) == {"earned"}
    require_balance()


def test_a_human_decides_the_rewards_of_whoever_objected_and_the_friend_is_told_nothing(
    campaign: Campaign,
) -> None:
    ana = join_with("ana@people.example", campaign)
    ben = bring(ana, "ben@people.example", campaign)
    set_flag(participant_id=ana.participant_id, flag="checks_objected", now=NOW)
    # Not to be advertised with is another right: a program goes on looking at Ben's.
    set_flag(participant_id=ben.participant_id, flag="objected", now=NOW)
    look_for_signals(now=LOOKED, limit=100)
    assert (states_of(ana), states_of(ben)) == (["held", "held"], ["pending"])
    review = Review.objects.get()
    assert (review.participant_id, review.due_at) == (ana.participant_id, LOOKED + timedelta(days=10))
    mails = Message.objects.filter(template="reward_held")
    assert [mail.participant_id for mail in mails] == [ana.participant_id]
    dora = member("Dora")
    decide_review(
        review_id=review.id, user_id=dora, decision=Decision.COUNT, reason="All in order.", now=LOOKED
    )  # fmt: skip
    look_again(participant_ids=[ana.participant_id])
    look_for_signals(now=LOOKED, limit=100)
    assert states_of(ana) == ["pending", "pending"]


def test_no_signal_of_a_ring_is_kept_about_somebody_who_objected(campaign: Campaign) -> None:
    ana = join_with("ana@people.example", campaign)
    ben = bring(ana, "ben@people.example", campaign)
    bring(ben, "ana+again@people.example", campaign)
    look_for_signals(now=LOOKED, limit=100)
    set_flag(participant_id=ben.participant_id, flag="checks_objected", now=NOW)
    assert look_for_rings(now=LOOKED) > 0
    assert not Signal.objects.filter(participant_id=ben.participant_id).exists()


def test_looking_again_on_the_same_day_records_nothing_more(campaign: Campaign) -> None:
    mallory, again = own_link(campaign)
    look_for_signals(now=LOOKED, limit=100)
    assert Use.objects.filter(purpose="fraud_checks").count() == 2
    look_again(participant_ids=[mallory.participant_id, again.participant_id])
    look_for_signals(now=LOOKED, limit=100)
    assert Use.objects.filter(purpose="fraud_checks").count() == 2
    [entry] = [body for body in read_queued() if body["kind"] == "use_on_basis"]
    assert (entry["purpose"], entry["basis"], entry["count"]) == ("fraud_checks", "legitimate_interest", 2)
    assert "about" not in entry


def read_queued() -> list[dict[str, object]]:
    number_entries()
    size = log.read_checkpoint().size
    return [dict(entry.read()) for entry in log.entries(0, size)]


def test_forgetting_a_person_forgets_their_marks(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    forget_traces(participant_id=mallory.participant_id)
    assert not Mark.objects.filter(participant_id=mallory.participant_id).exists()
    assert look_for_rings(now=LOOKED) == 0


def test_a_sponsor_whose_look_fails_keeps_no_other_waiting(campaign: Campaign) -> None:
    """One person's item was damaged in the database: their sponsor's friends wait, all others are looked at."""
    ana, mallory = join_with("ana@people.example", campaign), join_with("mallory@people.example", campaign)
    broken = bring(ana, "ben@people.example", campaign)
    again = bring(mallory, "mallory+2@people.example", campaign)
    Item.objects.filter(participant_id=broken.participant_id).update(ciphertext=b"noise" * 10)
    assert look_for_signals(now=LOOKED, limit=100) == 1
    assert states_of(again) == ["held"]
    assert list(Attribution.objects.filter(looked_at=None).values_list("participant_id", flat=True)) == [
        broken.participant_id
    ]


def test_a_process_killed_in_the_middle_leaves_no_half(campaign: Campaign) -> None:
    """A child holds, writes and dies before its commit; then all of it is done once."""
    mallory = join_with("mallory@people.example", campaign)
    again = bring(mallory, "mallory+2@people.example", campaign)
    signal = NewSignal(kind=SignalKind.OWN_LINK, subject=again.participant_id.hex, details={})
    connections.close_all()
    child = os.fork()
    if child == 0:

        @db.action
        def hold_and_die() -> None:
            raise_signals(participant_id=mallory.participant_id, signals=[signal], now=LOOKED)
            os._exit(9)

        hold_and_die()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (Review.objects.count(), states_of(mallory)) == (0, ["pending", "pending"])
    look_for_signals(now=LOOKED, limit=100)
    assert states_of(mallory) + states_of(again) == ["held"] * 3
    assert Message.objects.filter(template="reward_held").count() == 2
