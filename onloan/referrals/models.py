"""Links, counted clicks, who brought whom, what the merchant's systems reported, and what a human looks at."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel, UUIDModel
from onloan.referrals.marks import MARK_KINDS
from onloan.referrals.review_rules import REASON_CHARACTERS_MAX, REVIEW_STATES
from onloan.referrals.signals import SIGNAL_KINDS


class Link(ParticipantModel):
    """The link a participant shares. Its code leads to it through ``people_code_lookup``, unique there."""

    code = models.CharField(max_length=8)
    market_id = models.UUIDField()
    offer_id = models.UUIDField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "referrals_link"
        constraints = [
            models.UniqueConstraint(fields=["participant_id"], name="referrals_link_once"),
        ]


class ClickDay(UUIDModel):
    """How often a link was opened by people on one day (UTC). Nothing about who opened it exists."""

    link_code = models.CharField(max_length=8)
    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        db_table = "referrals_click_day"
        constraints = [
            models.UniqueConstraint(fields=["link_code", "day"], name="referrals_click_day_once"),
        ]


class Attribution(ParticipantModel):
    """Who brought a participant (the friend): one sponsor, told at joining, never changed.

    ``credited`` says whether the sponsor is rewarded for it: the friend came within the sponsor's window.
    ``looked_at`` is set once the signals around a qualified friend were looked for.
    """

    sponsor_id = models.UUIDField()
    link_code = models.CharField(max_length=8)
    market_id = models.UUIDField()
    attributed_at = models.DateTimeField()
    credited = models.BooleanField()
    qualified_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "referrals_attribution"
        constraints = [
            models.UniqueConstraint(fields=["participant_id"], name="referrals_attribution_once"),
            models.CheckConstraint(
                condition=~Q(sponsor_id=F("participant_id")), name="referrals_attribution_is_not_to_oneself"
            ),
            models.CheckConstraint(
                condition=Q(qualified_at__isnull=True) | Q(qualified_at__gte=F("attributed_at")),
                name="referrals_attribution_qualifies_after_joining",
            ),
        ]
        indexes = [
            models.Index(fields=["sponsor_id", "participant_id"], name="referrals_attribution_sponsor"),
            models.Index(
                fields=["qualified_at"],
                condition=Q(qualified_at__isnull=False, looked_at__isnull=True),
                name="referrals_attribution_to_look",
            ),
        ]


class Event(ParticipantModel):
    """A qualifying event as the merchant reported it. One of a kind for each person: nothing counts twice."""

    event = models.CharField(max_length=40)
    external_ref = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "referrals_event"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "event"], name="referrals_event_once"),
        ]


class Mark(ParticipantModel):
    """A keyed hash by which two participants can be seen to share a mailbox or an account, and nothing else.

    Erasing a person deletes it; so does time (``review_rules.MARKS_KEPT``).
    """

    kind = models.CharField(max_length=8)
    value_hash = models.CharField(max_length=64)
    marked_at = models.DateTimeField()

    class Meta:
        db_table = "referrals_mark"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "kind"], name="referrals_mark_once"),
            models.CheckConstraint(condition=Q(kind__in=MARK_KINDS), name="referrals_mark_kind_is_known"),
        ]
        indexes = [
            models.Index(fields=["kind", "value_hash"], name="referrals_mark_by_value"),
            models.Index(fields=["marked_at"], name="referrals_mark_by_time"),
        ]


class Signal(ParticipantModel):
    """Something that a human may want to look at, about the rewards of one person that have one cause.

    ``subject`` is the cause key of those rewards: a friend's id in hexadecimal, or ``own``. ``details`` holds
    counts. ``review_id`` is set when it led to a review.
    """

    kind = models.CharField(max_length=24)
    subject = models.CharField(max_length=32)
    details = models.JSONField()
    found_at = models.DateTimeField()
    ring_id = models.UUIDField(null=True)
    review_id = models.UUIDField(null=True)

    class Meta:
        db_table = "referrals_signal"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "kind", "subject"], name="referrals_signal_once"),
            models.CheckConstraint(condition=Q(kind__in=SIGNAL_KINDS), name="referrals_signal_kind_is_known"),
        ]
        indexes = [
            models.Index(fields=["review_id"], name="referrals_signal_by_review"),
            models.Index(fields=["ring_id"], condition=Q(ring_id__isnull=False), name="referrals_signal_by_ring"),
            models.Index(fields=["found_at"], name="referrals_signal_by_time"),
        ]


class Review(ParticipantModel):
    """A human's look at held rewards of one person: open until decided, or until its day, when they count.

    ``asked_again_at`` marks the second round, which another human decides. The texts that the person wrote are
    sealed; ``reason_text`` and ``second_reason_text`` are what the deciding members wrote for the person.
    """

    state = models.CharField(max_length=8)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by_user_id = models.UUIDField(null=True)
    reason_text = models.CharField(max_length=REASON_CHARACTERS_MAX)
    asked_again_at = models.DateTimeField(null=True)
    second_decided_at = models.DateTimeField(null=True)
    second_decided_by_user_id = models.UUIDField(null=True)
    second_reason_text = models.CharField(max_length=REASON_CHARACTERS_MAX)
    sealed_comment = models.BinaryField(null=True)
    sealed_second_comment = models.BinaryField(null=True)
    alarmed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "referrals_review"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=REVIEW_STATES), name="referrals_review_state_is_known"),
            # In its first round there is one: what is found meanwhile is added to it.
            models.UniqueConstraint(
                fields=["participant_id"],
                condition=Q(state="open", asked_again_at__isnull=True),
                name="referrals_review_one_open",
            ),
            # Nothing is refused without a human, and nobody decides twice about the same person.
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "final"]) | Q(decided_by_user_id__isnull=False),
                name="referrals_review_is_refused_by_a_human",
            ),
            models.CheckConstraint(
                condition=Q(second_decided_by_user_id__isnull=True)
                | ~Q(second_decided_by_user_id=F("decided_by_user_id")),
                name="referrals_review_second_is_another_human",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="referrals_review_by_day"),
            models.Index(fields=["participant_id", "opened_at"], name="referrals_review_of_person"),
        ]
