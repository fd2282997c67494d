"""Every read of reviews: for the person whose reward waits, and for the members who decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, Count, F, Q, Value, When

from onloan.access.team import find_member_by_id
from onloan.errors import NotFound
from onloan.ledger.queries import RewardView, list_rewards_of_cause
from onloan.people.models import Participant
from onloan.referrals.models import Attribution, Mark, Review, Signal
from onloan.referrals.review_rules import ASK_AGAIN_WITHIN, ReviewState
from onloan.referrals.review_sealing import unseal_comment
from onloan.referrals.review_words import person_sentences
from onloan.referrals.signals import SignalKind, tell_team

LINES_MAX = 500
RING_DRAWN_MAX = 12
"""Larger rings are listed and not drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReview:
    """What the person whose reward waits is told. ``reasons`` are sentences in the active language.

    While ``state`` is open the person may comment until ``decide_by``; then it counts if nobody decided. After a
    refusal they may ask for somebody else until ``ask_again_until``. ``reward_ids`` are the rewards it is about.
    """

    id: UUID
    state: ReviewState
    reasons: list[str]
    opened_at: datetime
    decide_by: datetime
    is_second_look: bool
    comment: str
    decision_reason: str
    decided_at: datetime | None
    may_comment: bool
    may_ask_again: bool
    ask_again_until: datetime | None
    reward_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLine:
    """A review in the team's list: a public id, and nothing else that says who it is."""

    id: UUID
    public_id: str
    country: str
    language: str
    state: ReviewState
    is_second_look: bool
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    kinds: tuple[SignalKind, ...]
    ring_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRound:
    """One decision: by whom and when, the reason the person read, and what the person had written."""

    comment: str
    decided_at: datetime | None
    decided_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """A whole review, for the member who decides. ``sentences`` are in the active language."""

    line: ReviewLine
    sentences: list[str]
    rewards: list[RewardView]
    friends_joined: int
    friends_qualified: int
    rounds: list[ReviewRound]
    first_decided_by_user_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RingMember:
    """Somebody in a ring; ``review_id`` leads to their latest review, if they have one."""

    public_id: str
    review_id: UUID | None
    state: ReviewState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RingView:
    """A ring: members, who brought whom (by position), and who shares a mailbox or an account with whom."""

    id: UUID
    members: list[RingMember]
    links: list[tuple[int, int]]
    shared: list[tuple[int, int, str]]
    open_count: int
    is_drawn: bool


def review_of(participant_id: UUID, *, now: datetime) -> PersonReview | None:
    """The review that a person should know of: one that is open, else one that they may still ask about again,
    else the latest; None when none of their rewards was ever held."""
    found = reviews_of(participant_id, now=now)
    pressing = [review for review in found if review.state is ReviewState.OPEN or review.may_ask_again]
    pressing.sort(key=lambda review: review.state is not ReviewState.OPEN)
    return next(iter([*pressing, *found]), None)


def reviews_of(participant_id: UUID, *, now: datetime) -> list[PersonReview]:
    """Every review of one person, the latest first."""
    reviews = list(Review.objects.filter(participant_id=participant_id).order_by("-opened_at"))
    signals = list(Signal.objects.filter(participant_id=participant_id).order_by("found_at", "id"))
    return [
        _person_review(review, [signal for signal in signals if signal.review_id == review.id], now)
        for review in reviews
    ]


def _person_review(review: Review, signals: Sequence[Signal], now: datetime) -> PersonReview:
    is_second = review.asked_again_at is not None
    until = None
    if review.state == ReviewState.REFUSED and review.decided_at is not None:
        until = review.decided_at + ASK_AGAIN_WITHIN
    return PersonReview(
        id=review.id,
        state=ReviewState(review.state),
        reasons=person_sentences((signal.kind, signal.subject, signal.details) for signal in signals),
        opened_at=review.opened_at,
        decide_by=review.due_at,
        is_second_look=is_second,
        comment=_read_comment(review, 2 if is_second else 1),
        decision_reason=review.second_reason_text or review.reason_text,
        decided_at=review.second_decided_at or review.decided_at,
        may_comment=review.state == ReviewState.OPEN and now < review.due_at,
        may_ask_again=until is not None and now <= until,
        ask_again_until=until,
        reward_ids=tuple(reward.id for reward in _list_rewards(review, signals)),
    )


def _list_rewards(review: Review, signals: Sequence[Signal]) -> list[RewardView]:
    return [
        reward
        for subject in sorted({signal.subject for signal in signals})
        for reward in list_rewards_of_cause(review.participant_id, subject)
    ]


def list_reviews(state: ReviewState | None = None) -> list[ReviewLine]:
    """Reviews by the day they are due: open ones first, then refused ones that may be asked about again, then
    those that are over, the latest first; at most ``LINES_MAX``."""
    reviews = Review.objects.all() if state is None else Review.objects.filter(state=state)
    place = Case(
        When(state=ReviewState.OPEN, then=Value(0)),
        When(state=ReviewState.REFUSED, then=Value(1)),
        default=Value(2),
    )
    return _lines(list(reviews.order_by(place, F("closed_at").desc(nulls_first=True), "due_at", "id")[:LINES_MAX]))


def count_open_reviews(*, now: datetime) -> int:
    """How many reviews wait for a member's decision."""
    return Review.objects.filter(state=ReviewState.OPEN, due_at__gt=now).count()


def count_reviews(*, now: datetime) -> tuple[int, int, int, int]:
    """(open, late, due within 3 days, within 10 days) rewards that wait until a human has looked."""
    soon = {
        name: Q(due_at__range=(now, now + timedelta(days=days))) for name, days in (("in_3", 3), ("in_10", 10))
    }
    counts = Review.objects.filter(state=ReviewState.OPEN).aggregate(
        open=Count("id"),
        late=Count("id", filter=Q(due_at__lt=now)),
        in_3=Count("id", filter=soon["in_3"]),
        in_10=Count("id", filter=soon["in_10"]),
    )
    return counts["open"], counts["late"], counts["in_3"], counts["in_10"]


def find_review(review_id: UUID) -> ReviewView:
    """One review with its signals, its rewards and what the person wrote. Raises NotFound."""
    review = Review.objects.filter(id=review_id).first()
    if review is None:
        raise NotFound
    signals = list(Signal.objects.filter(review_id=review.id).order_by("found_at", "id"))
    sentences: list[str] = []
    for signal in signals:
        sentence = tell_team(SignalKind(signal.kind), signal.details)
        if sentence not in sentences:
            sentences.append(sentence)
    brought = Attribution.objects.filter(sponsor_id=review.participant_id).aggregate(
        joined=Count("id"), qualified=Count("id", filter=Q(qualified_at__isnull=False))
    )
    return ReviewView(
        line=_lines([review])[0],
        sentences=sentences,
        rewards=_list_rewards(review, signals),
        friends_joined=brought["joined"],
        friends_qualified=brought["qualified"],
        rounds=_list_rounds(review),
        first_decided_by_user_id=review.decided_by_user_id,
    )


def _list_rounds(review: Review) -> list[ReviewRound]:
    rounds = [
        ReviewRound(
            comment=_read_comment(review, 1),
            decided_at=review.decided_at,
            decided_by=_member_name(review.decided_by_user_id),
            reason=review.reason_text,
        )
    ]
    if review.asked_again_at is not None:
        rounds.append(
            ReviewRound(
                comment=_read_comment(review, 2),
                decided_at=review.second_decided_at,
                decided_by=_member_name(review.second_decided_by_user_id),
                reason=review.second_reason_text,
            )
        )
    return rounds


def _member_name(user_id: UUID | None) -> str:
    return find_member_by_id(user_id).name if user_id is not None else ""


def _read_comment(review: Review, round_number: int) -> str:
    sealed = review.sealed_comment if round_number == 1 else review.sealed_second_comment
    return unseal_comment(review.id, round_number, bytes(sealed)) if sealed is not None else ""


def _lines(reviews: Sequence[Review]) -> list[ReviewLine]:
    people = {
        participant_id: (public_id, country, language)
        for participant_id, public_id, country, language in Participant.objects.filter(
            id__in={review.participant_id for review in reviews}
        ).values_list("id", "public_id", "country", "language")
    }
    kinds: dict[UUID, list[SignalKind]] = {review.id: [] for review in reviews}
    rings: dict[UUID, list[UUID]] = {review.id: [] for review in reviews}
    for review_id, kind, ring_id in (
        Signal.objects.filter(review_id__in=list(kinds))
        .order_by("kind", "ring_id")
        .values_list("review_id", "kind", "ring_id")
        .distinct()
    ):
        assert review_id is not None
        if SignalKind(kind) not in kinds[review_id]:
            kinds[review_id].append(SignalKind(kind))
        if ring_id is not None:
            rings[review_id].append(ring_id)
    return [
        ReviewLine(
            id=review.id,
            public_id=people[review.participant_id][0],
            country=people[review.participant_id][1],
            language=people[review.participant_id][2],
            state=ReviewState(review.state),
            is_second_look=review.asked_again_at is not None,
            opened_at=review.opened_at,
            due_at=review.due_at,
            closed_at=review.closed_at,
            kinds=tuple(kinds[review.id]),
            ring_ids=tuple(rings[review.id]),
        )
        for review in reviews
    ]


def find_ring(ring_id: UUID) -> RingView:
    """A ring as it was last found. Raises NotFound."""
    signals = list(Signal.objects.filter(ring_id=ring_id).values_list("participant_id", "subject"))
    if not signals:
        raise NotFound
    edges = sorted({
        (participant_id, UUID(hex=subject)) for participant_id, subject in signals if subject != "own"
    })  # fmt: skip
    people = sorted({person for edge in edges for person in edge} | {person for person, _subject in signals})
    number = {person: place for place, person in enumerate(people)}
    public_ids = dict(Participant.objects.filter(id__in=people).values_list("id", "public_id"))
    latest: dict[UUID, Review] = {}
    for review in Review.objects.filter(participant_id__in=people).order_by("opened_at"):
        latest[review.participant_id] = review
    return RingView(
        id=ring_id,
        members=[
            RingMember(
                public_id=public_ids.get(person, ""),
                review_id=latest[person].id if person in latest else None,
                state=ReviewState(latest[person].state) if person in latest else None,
            )
            for person in people
        ],
        links=[(number[sponsor], number[friend]) for sponsor, friend in edges],
        shared=_list_shared(people, number),
        open_count=sum(
            1 for review in latest.values() if review.state == ReviewState.OPEN and review.asked_again_at is None
        ),
        is_drawn=len(people) <= RING_DRAWN_MAX,
    )


def _list_shared(people: Sequence[UUID], number: dict[UUID, int]) -> list[tuple[int, int, str]]:
    """Pairs of neighbours in each group that shares a mark: enough to see the group."""
    groups: dict[tuple[str, str], list[int]] = {}
    for kind, value_hash, person in Mark.objects.filter(participant_id__in=people).values_list(
        "kind", "value_hash", "participant_id"
    ):
        groups.setdefault((kind, value_hash), []).append(number[person])
    return sorted(
        (first, second, kind)
        for (kind, _value_hash), group in groups.items()
        for first, second in zip(sorted(group), sorted(group)[1:], strict=False)
    )
