"""Writes of reviews: signals hold, a person comments, a named human decides, and time decides for the person."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, list_members, require
from onloan.db import Statement, action
from onloan.errors import MustStopError, NotFound
from onloan.evidence.statements import entry_statements
from onloan.ledger.actions import hold_reward, resume_reward, void_reward
from onloan.ledger.queries import RewardView, find_place, list_rewards_of_cause
from onloan.ledger.rules import RewardState, VoidCause
from onloan.lines import plain_lines
from onloan.people.queries import ParticipantView, find_participant
from onloan.people.statements import lock_participant, lock_participants
from onloan.referrals import review_rules as rules
from onloan.referrals.errors import (
    NoReview,
    ReviewClosed,
    ReviewReasonNeeded,
    ReviewTextNotValid,
    SecondMemberNeeded,
)
from onloan.referrals.models import Mark, Review, Signal
from onloan.referrals.review_rules import Decision, ReviewState
from onloan.referrals.review_sealing import seal_comment
from onloan.referrals.review_words import alarm_mail, decided_mail, held_mail, held_reason
from onloan.referrals.signals import SignalKind

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignal:
    """A signal about a person's rewards of one cause; ``subject`` is a friend's id in hexadecimal, or ``own``."""

    kind: SignalKind
    subject: str
    details: Mapping[str, int]
    ring_id: UUID | None = None


@action
def raise_signals(*, participant_id: UUID, signals: Sequence[NewSignal], now: datetime) -> bool:
    """Keep signals that ask for a human, and hold the pending rewards that they are about; whether any is held.

    What is held gets a review, or joins the one that is open; the person is told why and how to comment. What a
    human has let count is held again only by something new that is enough alone.
    """
    lock_participant(participant_id)
    known: dict[str, set[str]] = defaultdict(set)
    for subject, kind in Signal.objects.filter(participant_id=participant_id).values_list("subject", "kind"):
        known[subject].add(kind)
    new = [signal for signal in signals if signal.kind.value not in known[signal.subject]]
    subjects = sorted({signal.subject for signal in new if not known[signal.subject] or signal.kind.holds_alone})
    rewards = [
        reward
        for subject in subjects
        for reward in list_rewards_of_cause(participant_id, subject)
        if reward.state is RewardState.PENDING
    ]
    review = _open_review(participant_id, now) if rewards else None
    reviewed = dict.fromkeys((reward.cause_key for reward in rewards), review.id) if review else {}
    db.execute([_keep_signal(participant_id, signal, reviewed.get(signal.subject), now) for signal in signals])
    if review is None:
        return False
    person = _find_person(participant_id)
    reason = held_reason(person, review.due_at)
    for reward in rewards:
        hold_reward(reward_id=reward.id, participant_id=participant_id, reason=reason, now=now)
    told = [(signal.kind.value, signal.subject, signal.details) for signal in new if signal.subject in reviewed]
    db.execute([held_mail(person, due_at=review.due_at, rewards=rewards, signals=told)])
    return True


def _open_review(participant_id: UUID, now: datetime) -> Review:
    """The person's open review of the first round; the row of the person is locked, so there is only one."""
    present = Review.objects.filter(
        participant_id=participant_id, state=ReviewState.OPEN, asked_again_at=None, due_at__gt=now
    ).first()
    if present is not None:
        return present
    for overdue in Review.objects.filter(
        participant_id=participant_id, state=ReviewState.OPEN, asked_again_at=None
    ):
        _count_undecided(overdue, now)
    review = Review(
        id=ids.new_id(),
        participant_id=participant_id,
        state=ReviewState.OPEN,
        opened_at=now,
        due_at=now + rules.DECIDE_WITHIN,
    )
    review.save(force_insert=True)
    return review


def _keep_signal(participant_id: UUID, signal: NewSignal, review_id: UUID | None, now: datetime) -> Statement:
    """A signal seen again keeps its review and its counts, and learns which ring it belongs to now."""
    return db.insert(
        Signal,
        on_conflict="ON CONFLICT (participant_id, kind, subject) DO UPDATE SET ring_id = excluded.ring_id",
        id=ids.new_id(),
        participant_id=participant_id,
        kind=signal.kind.value,
        subject=signal.subject,
        details=dict(signal.details),
        found_at=now,
        ring_id=signal.ring_id,
        review_id=review_id,
    )


@action
def comment_on_review(*, participant_id: UUID, text: str, now: datetime) -> None:
    """The person says what the deciding member should know; a later text replaces it. Raises ReviewTextNotValid,
    NoReview when nothing of theirs waits for a decision."""
    written = _check_text(text, is_needed=True)
    lock_participant(participant_id)
    review = _latest(participant_id, ReviewState.OPEN)
    if review is None or review.due_at <= now:
        raise NoReview
    round_number = 1 if review.asked_again_at is None else 2
    column = "sealed_comment" if round_number == 1 else "sealed_second_comment"
    sealed = seal_comment(review.id, round_number, written)
    Review.objects.filter(id=review.id).update(**{column: sealed})


@action
def ask_again(*, participant_id: UUID, text: str, now: datetime) -> None:
    """After a refusal: another member than the first looks, within ten days. ``text`` may be empty.

    Raises ReviewTextNotValid, NoReview when nothing was refused in the last fourteen days.
    """
    written = _check_text(text, is_needed=False)
    lock_participant(participant_id)
    review = _latest(participant_id, ReviewState.REFUSED)
    if review is None or review.decided_at is None or now > review.decided_at + rules.ASK_AGAIN_WITHIN:
        raise NoReview
    Review.objects.filter(id=review.id).update(
        state=ReviewState.OPEN,
        asked_again_at=now,
        due_at=now + rules.DECIDE_WITHIN,
        alarmed_at=None,
        sealed_second_comment=seal_comment(review.id, 2, written) if written else None,
    )


def _latest(participant_id: UUID, state: ReviewState) -> Review | None:
    return Review.objects.filter(participant_id=participant_id, state=state).order_by("-opened_at").first()


def _check_text(text: str, *, is_needed: bool) -> str:
    written = plain_lines(text).strip()
    is_readable = all(character.isprintable() or character == "\n" for character in written)
    if len(written) > rules.COMMENT_CHARACTERS_MAX or not is_readable or (is_needed and not written):
        raise ReviewTextNotValid(field="text", maximum=rules.COMMENT_CHARACTERS_MAX)
    return written


@action
def decide_review(*, review_id: UUID, user_id: UUID, decision: Decision, reason: str, now: datetime) -> None:
    """A named member decides: what is held counts, or it does not. ``reason`` is for the person.

    A first refusal takes nothing away yet: the person has fourteen days to ask again. A second one, by another
    member, ends what is held. Raises NotAllowed, NotFound, ReviewReasonNeeded, ReviewClosed, SecondMemberNeeded.
    """
    member = find_member_by_id(user_id)
    require(member, Capability.DECIDE_REWARDS)
    reason = _check_reason(reason)
    review = _lock_review(review_id)
    if review.state != ReviewState.OPEN or review.due_at <= now:
        raise ReviewClosed
    is_second = review.asked_again_at is not None
    if is_second and review.decided_by_user_id == user_id:
        raise SecondMemberNeeded
    if is_second:
        review.second_decided_at, review.second_decided_by_user_id = now, user_id
        review.second_reason_text = reason
    else:
        review.decided_at, review.decided_by_user_id, review.reason_text = now, user_id, reason
    review.save()
    db.execute(_evidence(review, decision, member.role, "", now))
    if decision is Decision.COUNT:
        _let_count(review, now)
    elif is_second:
        _end_held(review, user_id, now)
    else:
        Review.objects.filter(id=review_id).update(state=ReviewState.REFUSED)
    person = _find_person(review.participant_id)
    db.execute([decided_mail(person, decision=decision, reason=reason, is_final=is_second, now=now)])


@action
def decide_ring(*, ring_id: UUID, user_id: UUID, decision: Decision, reason: str, now: datetime) -> int:
    """Decide every review of this ring that waits for a first decision, at once; how many there were.

    Whoever asked again gets an answer of their own. Raises as ``decide_review`` does; then none is decided.
    """
    require(find_member_by_id(user_id), Capability.DECIDE_REWARDS)
    _check_reason(reason)
    review_ids = Signal.objects.filter(ring_id=ring_id, review_id__isnull=False).values("review_id")
    waiting = Review.objects.filter(id__in=review_ids, state=ReviewState.OPEN, asked_again_at=None, due_at__gt=now)
    found = sorted(waiting.values_list("participant_id", "id"))
    if not found:
        raise ReviewClosed
    lock_participants(participant_id for participant_id, _review_id in found)
    for _participant_id, review_id in found:
        decide_review(review_id=review_id, user_id=user_id, decision=decision, reason=reason, now=now)
    return len(found)


def _check_reason(reason: str) -> str:
    written = " ".join(reason.split())
    if not 0 < len(written) <= rules.REASON_CHARACTERS_MAX or not written.isprintable():
        raise ReviewReasonNeeded(field="reason", maximum=rules.REASON_CHARACTERS_MAX)
    return written


def _lock_review(review_id: UUID) -> Review:
    """The review as it stands once its person's row is locked. Raises NotFound."""
    participant_id = Review.objects.filter(id=review_id).values_list("participant_id", flat=True).first()
    if participant_id is None:
        raise NotFound
    lock_participant(participant_id)
    return Review.objects.get(id=review_id)


def finish_reviews(*, now: datetime) -> int:
    """What nobody decided in its days counts; what was refused, and not asked about again, ends. How many."""
    overdue = Review.objects.filter(state=ReviewState.OPEN, due_at__lte=now)
    refused = Review.objects.filter(state=ReviewState.REFUSED, decided_at__lt=now - rules.ASK_AGAIN_WITHIN)
    return _finish_each(overdue.values_list("id", flat=True)[:500], _count_overdue, now) + _finish_each(
        refused.values_list("id", flat=True)[:500], _end_refused, now
    )


def _finish_each(review_ids: Iterable[UUID], finish: Callable[..., bool], now: datetime) -> int:
    """Each in its own transaction: one that fails is written down and does not keep the others waiting."""
    done = 0
    for review_id in list(review_ids):
        try:
            done += finish(review_id=review_id, now=now)
        except MustStopError:
            raise
        except Exception as error:
            logger.error("review %s cannot be finished: %s", review_id, type(error).__name__)  # noqa: TRY400
    return done


@action
def _count_overdue(*, review_id: UUID, now: datetime) -> bool:
    review = _lock_review(review_id)
    if review.state != ReviewState.OPEN or review.due_at > now:
        return False
    _count_undecided(review, now)
    return True


@action
def _end_refused(*, review_id: UUID, now: datetime) -> bool:
    review = _lock_review(review_id)
    if review.state != ReviewState.REFUSED or review.decided_at is None or review.decided_by_user_id is None:
        return False
    if not find_member_by_id(review.decided_by_user_id).can(Capability.DECIDE_REWARDS):
        # Whoever refused may not decide any more, so nobody stands for it: somebody else looks anew.
        Review.objects.filter(id=review_id).update(
            state=ReviewState.OPEN, asked_again_at=now, due_at=now + rules.DECIDE_WITHIN, alarmed_at=None
        )
        return True
    _end_held(review, review.decided_by_user_id, now)
    return True


def _count_undecided(review: Review, now: datetime) -> None:
    """Its days are over and nobody decided: what was held counts."""
    db.execute(_evidence(review, Decision.COUNT, "system", "undecided-in-time", now))
    _let_count(review, now)
    person = _find_person(review.participant_id)
    db.execute([decided_mail(person, decision=Decision.COUNT, reason="", is_final=True, now=now)])


def _let_count(review: Review, now: datetime) -> None:
    for reward in _list_held(review):
        resume_reward(reward_id=reward.id, participant_id=review.participant_id, now=now)
    Review.objects.filter(id=review.id).update(state=ReviewState.COUNTED, closed_at=now)


def _end_held(review: Review, user_id: UUID, now: datetime) -> None:
    """What is held ends, with the member who refused it as the one who decided."""
    for reward in _list_held(review):
        void_reward(
            reward_id=reward.id,
            participant_id=review.participant_id,
            cause=VoidCause.FRAUD_DECIDED_BY_HUMAN,
            decided_by_user_id=user_id,
            now=now,
        )
    Review.objects.filter(id=review.id).update(state=ReviewState.FINAL, closed_at=now)


def _list_held(review: Review) -> list[RewardView]:
    subjects = Signal.objects.filter(review_id=review.id).values_list("subject", flat=True)
    return [
        reward
        for subject in sorted(set(subjects))
        for reward in list_rewards_of_cause(review.participant_id, subject)
        if reward.state is RewardState.HELD
    ]


def _find_person(participant_id: UUID) -> ParticipantView:
    person = find_participant(participant_id)
    assert person is not None, "the row is locked"
    return person


def _evidence(review: Review, decision: Decision, role: str, reason: str, now: datetime) -> list[Statement]:
    place = find_place(_find_person(review.participant_id).market_id)
    fields = {"offer": place.offer_slug, "market": place.country, "decision": decision.value, "role": role}
    return entry_statements(
        kind="review_decided",
        fields={**fields, "reason": reason} if reason else fields,
        participant_id=review.participant_id,
        occurred_at=now,
    )


@action
def warn_reviews(*, now: datetime) -> int:
    """Tell everybody who may decide, once for each review, that its days are nearly over; how many reviews."""
    nearly_over = Review.objects.filter(
        state=ReviewState.OPEN, alarmed_at=None, due_at__lte=now + rules.ALARM_BEFORE
    )
    due = sorted(nearly_over.values_list("due_at", "id"))
    if not due:
        return 0
    deciders = [member for member in list_members() if member.can(Capability.DECIDE_REWARDS)]
    db.execute([
        alarm_mail(address=member.email, count=len(due), due_at=due[0][0]) for member in deciders
    ])  # fmt: skip
    Review.objects.filter(id__in=[review_id for _due_at, review_id in due]).update(alarmed_at=now)
    return len(due)


@action
def forget_old_signals(*, now: datetime) -> int:
    """Delete marks and signals after twelve months and what belongs to a refused review after three years."""
    marks, _ = Mark.objects.filter(marked_at__lt=now - rules.MARKS_KEPT).delete()
    refused = Review.objects.filter(state=ReviewState.FINAL)
    old_refused = refused.filter(closed_at__lt=now - rules.REFUSED_KEPT)
    kept = refused.exclude(id__in=old_refused.values("id"))
    signals, _ = (
        Signal.objects.filter(found_at__lt=now - rules.SIGNALS_KEPT)
        .exclude(review_id__in=kept.values("id"))
        .exclude(review_id__in=Review.objects.filter(closed_at=None).values("id"))
        .delete()
    )
    counted, _ = Review.objects.filter(state=ReviewState.COUNTED, closed_at__lt=now - rules.SIGNALS_KEPT).delete()
    ended, _ = old_refused.delete()
    return marks + signals + counted + ended
