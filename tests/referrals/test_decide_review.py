"""A named human decides about what is held; time decides for the person; a second human looks if they ask."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction

from onloan.access.models import User
from onloan.errors import NotAllowed, NotFound, OnloanError
from onloan.evidence.models import QueuedEntry
from onloan.joining.actions import Joined
from onloan.ledger.check import require_balance
from onloan.ledger.models import Reward, Transfer
from onloan.outbox.mails import render_mail
from onloan.outbox.models import Message
from onloan.referrals.actions import settle_due
from onloan.referrals.errors import (
    NoReview,
    ReviewClosed,
    ReviewReasonNeeded,
    ReviewTextNotValid,
    SecondMemberNeeded,
)
from onloan.referrals.looking import look_for_rings, look_for_signals
from onloan.referrals.models import Attribution, Mark, Review, Signal
from onloan.referrals.review_queries import find_review, find_ring, list_reviews, review_of
from onloan.referrals.review_rules import ASK_AGAIN_WITHIN, DECIDE_WITHIN, Decision, ReviewState
from onloan.referrals.reviews import (
    ask_again,
    comment_on_review,
    decide_review,
    decide_ring,
    finish_reviews,
    forget_old_signals,
    warn_reviews,
)
from tests.referrals.crowd import LOOKED, bring, join_with, member, own_link, states_of
from tests.referrals.support import NOW, Campaign, open_campaign

pytestmark = pytest.mark.usefixtures("both_databases")
SETTLED = NOW + timedelta(days=14)
DAY = timedelta(days=1)
WHY = "Both addresses lead to one mailbox."


@pytest.fixture
def campaign(both_databases: str) -> Campaign:
    return open_campaign(pools=60)


def review_of_person(person: Joined) -> Review:
    return Review.objects.get(participant_id=person.participant_id)


def decide(person: Joined, decision: Decision, *, by: str = "Sam", at: timedelta = DAY, reason: str = WHY) -> None:
    decide_review(
        review_id=review_of_person(person).id,
        user_id=member(by),
        decision=decision,
        reason=reason,
        now=LOOKED + at,
    )


def ask(person: Joined, text: str = "It was my sister.", *, at: timedelta = 2 * DAY) -> None:
    ask_again(participant_id=person.participant_id, text=text, now=LOOKED + at)


def test_what_a_human_lets_count_is_earned_on_its_day(campaign: Campaign) -> None:
    mallory, again = own_link(campaign)
    decide(mallory, Decision.COUNT)
    assert states_of(mallory) == ["pending", "pending"]
    assert states_of(again) == ["held"]
    settle_due(now=SETTLED, limit=50)
    assert states_of(mallory) == ["earned", "earned"]
    assert {reward.due_on.isoformat() for reward in Reward.objects.filter(state="earned") if reward.due_on} == {
        "2027-01-16"
    }


def test_what_a_human_let_count_is_not_held_for_the_same_again(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    decide(mallory, Decision.COUNT)
    Attribution.objects.update(looked_at=None)
    look_for_signals(now=LOOKED + 2 * DAY, limit=100)
    assert states_of(mallory) == ["pending", "pending"]


def test_a_refusal_takes_nothing_away_until_the_person_could_ask_again(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    decide(mallory, Decision.REFUSE)
    last = LOOKED + DAY + ASK_AGAIN_WITHIN
    finish_reviews(now=last)
    assert states_of(mallory) == ["held", "held"]
    finish_reviews(now=last + timedelta(seconds=1))
    assert states_of(mallory) == ["voided", "voided"]
    voided = Reward.objects.filter(participant_id=mallory.participant_id)
    assert {reward.void_cause for reward in voided} == {"fraud_decided_by_human"}
    deciders = Transfer.objects.filter(cause="fraud_decided_by_human").values_list("decided_by_user_id", flat=True)
    assert set(deciders) == {member("Sam")}
    require_balance()


def test_nobody_deciding_in_ten_days_lets_it_count(campaign: Campaign) -> None:
    mallory, again = own_link(campaign)
    finish_reviews(now=LOOKED + DECIDE_WITHIN - timedelta(seconds=1))
    assert states_of(mallory) == ["held", "held"]
    assert finish_reviews(now=LOOKED + DECIDE_WITHIN) == 2
    assert finish_reviews(now=LOOKED + DECIDE_WITHIN) == 0
    assert states_of(mallory) + states_of(again) == ["pending"] * 3
    assert review_of_person(mallory).decided_by_user_id is None
    settle_due(now=SETTLED, limit=50)
    assert states_of(mallory) == ["earned", "earned"]


def test_a_decision_after_the_ten_days_is_refused(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    with pytest.raises(ReviewClosed):
        decide(mallory, Decision.REFUSE, at=DECIDE_WITHIN)
    assert states_of(mallory) == ["held", "held"]


def test_whoever_asks_again_gets_another_human(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    decide(mallory, Decision.REFUSE)
    ask(mallory)
    with pytest.raises(SecondMemberNeeded):
        decide(mallory, Decision.REFUSE, at=3 * DAY)
    decide(mallory, Decision.COUNT, by="Dora", at=3 * DAY, reason="Two people, one mailbox.")
    assert states_of(mallory) == ["pending", "pending"]
    review = review_of_person(mallory)
    assert (review.decided_by_user_id, review.second_decided_by_user_id) == (member("Sam"), member("Dora"))


def test_a_second_refusal_is_the_end(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    decide(mallory, Decision.REFUSE)
    ask(mallory)
    decide(mallory, Decision.REFUSE, by="Dora", at=3 * DAY)
    assert states_of(mallory) == ["voided", "voided"]
    with pytest.raises(NoReview):
        ask(mallory, at=4 * DAY)
    require_balance()


def test_a_second_look_that_nobody_takes_counts_too(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    decide(mallory, Decision.REFUSE)
    ask(mallory)
    finish_reviews(now=LOOKED + 2 * DAY + DECIDE_WITHIN)
    assert states_of(mallory) == ["pending", "pending"]


def test_it_can_be_asked_again_until_the_last_day_and_once(campaign: Campaign) -> None:
    mallory, again = own_link(campaign)
    with pytest.raises(NoReview):
        ask(mallory)
    decide(mallory, Decision.REFUSE)
    decide(again, Decision.REFUSE)
    with pytest.raises(NoReview):
        ask(again, at=DAY + ASK_AGAIN_WITHIN + timedelta(seconds=1))
    ask(mallory, "", at=DAY + ASK_AGAIN_WITHIN)
    with pytest.raises(NoReview):
        ask(mallory, at=DAY + ASK_AGAIN_WITHIN)


def test_it_is_another_human_again_when_the_first_may_not_decide_any_more(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    decide(mallory, Decision.REFUSE)
    User.objects.filter(id=member("Sam")).update(is_active=False)
    after = DAY + ASK_AGAIN_WITHIN + timedelta(hours=1)
    finish_reviews(now=LOOKED + after)
    assert states_of(mallory) == ["held", "held"]
    decide(mallory, Decision.REFUSE, by="Dora", at=after + DAY)
    assert states_of(mallory) == ["voided", "voided"]


@pytest.mark.parametrize("role", ["growth", "finance", "auditor", "till"])
def test_only_who_may_decide_decides(campaign: Campaign, role: str) -> None:
    mallory, _again = own_link(campaign)
    other = member("Greta", role)
    with pytest.raises(NotAllowed):
        decide_review(
            review_id=review_of_person(mallory).id, user_id=other, decision=Decision.COUNT, reason=WHY, now=LOOKED
        )
    assert states_of(mallory) == ["held", "held"]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 401, "no\x00thing"])
def test_the_person_is_told_a_reason(campaign: Campaign, reason: str) -> None:
    mallory, _again = own_link(campaign)
    with pytest.raises(ReviewReasonNeeded):
        decide(mallory, Decision.COUNT, reason=reason)


def test_it_knows_no_review_by_chance(campaign: Campaign) -> None:
    with pytest.raises(NotFound):
        decide_review(review_id=uuid.uuid4(), user_id=member("Sam"), decision=Decision.COUNT, reason=WHY, now=NOW)
    with pytest.raises(NotFound):
        find_review(uuid.uuid4())
    with pytest.raises(NotFound):
        find_ring(uuid.uuid4())


def test_what_a_person_writes_is_sealed_and_read_by_who_decides(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    comment_on_review(participant_id=mallory.participant_id, text=" We share\r\na mailbox. ", now=LOOKED)
    review = review_of_person(mallory)
    assert review.sealed_comment is not None and b"mailbox" not in bytes(review.sealed_comment)
    assert find_review(review.id).rounds[0].comment == "We share\na mailbox."
    decide(mallory, Decision.REFUSE)
    ask(mallory, "She is my sister.")
    comment_on_review(participant_id=mallory.participant_id, text="Her name is Eve.", now=LOOKED + 3 * DAY)
    rounds = find_review(review.id).rounds
    assert [each.comment for each in rounds] == ["We share\na mailbox.", "Her name is Eve."]
    assert (rounds[0].decided_by, rounds[0].reason) == ("Sam", WHY)


@pytest.mark.parametrize("text", ["", " \n", "x" * 2001, "a\x07b"])
def test_it_refuses_a_comment_that_nobody_can_read(campaign: Campaign, text: str) -> None:
    mallory, _again = own_link(campaign)
    with pytest.raises(ReviewTextNotValid):
        comment_on_review(participant_id=mallory.participant_id, text=text, now=LOOKED)
    assert review_of_person(mallory).sealed_comment is None


def test_nobody_comments_where_nothing_waits(campaign: Campaign) -> None:
    ana = join_with("ana@people.example", campaign)
    with pytest.raises(NoReview):
        comment_on_review(participant_id=ana.participant_id, text="Hello?", now=LOOKED)
    assert review_of(ana.participant_id, now=LOOKED) is None


def test_the_person_sees_each_step(campaign: Campaign) -> None:
    mallory, again = own_link(campaign)
    view = review_of(mallory.participant_id, now=LOOKED)
    assert view is not None
    assert (view.state, view.may_comment, view.may_ask_again) == (ReviewState.OPEN, True, False)
    assert view.decide_by == LOOKED + DECIDE_WITHIN
    assert view.reasons == ["Someone joined by your link with the same mailbox as yours."]
    held = Reward.objects.filter(participant_id=mallory.participant_id, state="held").values_list("id", flat=True)
    assert set(view.reward_ids) == set(held)
    decide(mallory, Decision.REFUSE)
    view = review_of(mallory.participant_id, now=LOOKED + 2 * DAY)
    assert view is not None
    assert (view.may_comment, view.may_ask_again, view.decision_reason) == (False, True, WHY)
    assert view.ask_again_until == LOOKED + DAY + ASK_AGAIN_WITHIN
    late = review_of(mallory.participant_id, now=LOOKED + 2 * DAY + ASK_AGAIN_WITHIN)
    assert late is not None and not late.may_ask_again
    other = review_of(again.participant_id, now=LOOKED)
    assert other is not None and other.reasons == ["You joined by a link whose owner has the same mailbox as you."]


def test_the_reason_travels_sealed_and_is_in_the_mail(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    decide(mallory, Decision.REFUSE)
    mail = Message.objects.get(template="review_decided")
    assert WHY not in str(mail.context)
    assert mail.context["due_on"] == "2026-12-18"
    subject, body = render_mail(
        template="review_decided", language="en", context=mail.context, secrets={"reason": WHY}
    )
    assert WHY in body and "18 December 2026" in body and "decided" in subject


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_mail_can_be_read(campaign: Campaign, language: str) -> None:
    own_link(campaign)
    warn_reviews(now=LOOKED + 8 * DAY)
    finish_reviews(now=LOOKED + DECIDE_WITHIN)
    for mail in Message.objects.filter(template__in=["reward_held", "reviews_waiting", "review_decided"]):
        subject, body = render_mail(template=mail.template, language=language, context=mail.context, secrets={})
        assert subject and body and "{" not in subject + body and "None" not in body


def test_it_warns_who_may_decide_once(campaign: Campaign) -> None:
    own_link(campaign)
    member("Sam"), member("Aude", "auditor")
    assert warn_reviews(now=LOOKED + 7 * DAY - timedelta(seconds=1)) == 0
    assert warn_reviews(now=LOOKED + 7 * DAY) == 2
    assert warn_reviews(now=LOOKED + 8 * DAY) == 0
    mails = Message.objects.filter(template="reviews_waiting")
    assert {mail.context["count"] for mail in mails} == {2}
    assert mails.count() == User.objects.filter(role__in=["dpo", "support"]).count()


def test_a_ring_is_decided_at_once(campaign: Campaign) -> None:
    ana = join_with("ana@people.example", campaign)
    ben = bring(ana, "ben@people.example", campaign)
    third = bring(ben, "ana+again@people.example", campaign)
    look_for_signals(now=LOOKED, limit=100)
    look_for_rings(now=LOOKED)
    ring_id = Signal.objects.filter(kind="sponsor_ring").values_list("ring_id", flat=True)[0]
    assert ring_id is not None
    ring = find_ring(ring_id)
    assert [person.public_id for person in ring.members] == [ana.public_id, ben.public_id, third.public_id]
    assert (ring.links, ring.shared, ring.open_count) == ([(0, 1), (1, 2)], [(0, 2, "mailbox")], 3)
    done = decide_ring(
        ring_id=ring_id, user_id=member("Sam"), decision=Decision.REFUSE, reason=WHY, now=LOOKED + DAY
    )
    assert done == 3
    assert {line.state for line in list_reviews()} == {ReviewState.REFUSED}
    with pytest.raises(ReviewClosed):
        decide_ring(ring_id=ring_id, user_id=member("Sam"), decision=Decision.COUNT, reason=WHY, now=LOOKED + DAY)


def test_the_database_lets_nobody_refuse_without_a_human_or_twice(campaign: Campaign) -> None:
    own_link(campaign)
    for wrong in (
        {"state": "final"},
        {"state": "refused"},
        {"decided_by_user_id": member("Sam"), "second_decided_by_user_id": member("Sam")},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.update(**wrong)


def test_two_members_at_once_decide_once(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    review_id, answers = review_of_person(mallory).id, []
    members = [member("Sam"), member("Dora")]

    def work(user_id: uuid.UUID, decision: Decision) -> None:
        try:
            decide_review(review_id=review_id, user_id=user_id, decision=decision, reason=WHY, now=LOOKED + DAY)
            answers.append("done")
        except OnloanError as error:
            answers.append(error.code)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=work, args=pair)
        for pair in zip(members, (Decision.COUNT, Decision.REFUSE), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["E-REVIEW-CLOSED", "done"]
    require_balance()


def test_each_decision_is_in_the_evidence_and_names_nobody(campaign: Campaign) -> None:
    mallory, _again = own_link(campaign)
    decide(mallory, Decision.REFUSE)
    finish_reviews(now=LOOKED + DECIDE_WITHIN)
    bodies = [bytes(body) for body in QueuedEntry.objects.values_list("body", flat=True)]
    decided = [body for body in bodies if b'"kind":"review_decided"' in body]
    assert [b'"role":"support"' in body for body in decided] == [True, False]
    assert b"undecided-in-time" in decided[1] and b'"role":"system"' in decided[1]
    assert not any(b"mailbox" in body or member("Sam").hex.encode() in body for body in bodies)


def test_it_forgets_after_a_year_and_a_refused_case_after_three(campaign: Campaign) -> None:
    mallory, again = own_link(campaign)
    decide(mallory, Decision.REFUSE)
    finish_reviews(now=LOOKED + DECIDE_WITHIN)
    finish_reviews(now=LOOKED + 16 * DAY)
    assert forget_old_signals(now=NOW + 364 * DAY) == 0
    forget_old_signals(now=NOW + 400 * DAY)
    assert (Mark.objects.count(), Review.objects.count(), Signal.objects.count()) == (0, 1, 1)
    assert review_of_person(mallory).state == ReviewState.FINAL
    forget_old_signals(now=NOW + 4 * 366 * DAY)
    assert (Review.objects.count(), Signal.objects.count()) == (0, 0)


def test_erased_items_leave_the_decision_possible(campaign: Campaign) -> None:
    from onloan.people.models import Item, Participant, PersonKey

    mallory, _again = own_link(campaign)
    Item.objects.filter(participant_id=mallory.participant_id).delete()
    PersonKey.objects.filter(participant_id=mallory.participant_id).delete()
    Participant.objects.filter(id=mallory.participant_id).update(erased_at=LOOKED)
    decide(mallory, Decision.COUNT)
    settle_due(now=SETTLED, limit=50)
    assert states_of(mallory) == ["earned", "earned"]
