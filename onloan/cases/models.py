"""Requests, complaints and sightings, each with its clock."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.cases.clocks import Pause
from onloan.cases.feedback_models import ClarityAnswer, Explanation, Feedback
from onloan.cases.rules import Door, EventKind, Kind, Outcome, State
from onloan.db import UUIDModel

__all__ = [
    "Case",
    "CaseEvent",
    "CasePause",
    "ClarityAnswer",
    "Explanation",
    "Feedback",
    "RetentionRun",
    "Sighting",
]


class Case(UUIDModel):
    """What somebody asked of us. Who they are and what they wrote lie sealed; the clock is always there.

    ``due_on`` is the day that staff see, ``legal_due_on`` the last day in law. ``contact_hash`` counts what one
    address sent, and says nothing else. ``clock_from`` is the day from which the law counts (null: the day of
    receipt); ``alarm_days`` how many days were left at the last alarm.
    """

    participant_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=16)
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=8)
    state = models.CharField(max_length=8)
    door = models.CharField(max_length=16)
    reference = models.CharField(max_length=8, unique=True)
    contact_hash = models.CharField(max_length=64, null=True)  # noqa: DJ001  (null: no address was given)
    sealed_contact = models.BinaryField(null=True)
    sealed_text = models.BinaryField(null=True)
    received_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    due_on = models.DateField()
    legal_due_on = models.DateField()
    clock_from = models.DateField(null=True)
    extended_at = models.DateTimeField(null=True)
    alarm_days = models.SmallIntegerField(null=True)
    alarmed_at = models.DateTimeField(null=True)
    sealed_answer = models.BinaryField(null=True)
    sealed_representative = models.BinaryField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_user_id = models.UUIDField(null=True)
    outcome = models.CharField(max_length=16, null=True)  # noqa: DJ001  (null while open)

    class Meta:
        db_table = "cases_case"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in Kind]), name="cases_case_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(door__in=[door.value for door in Door]), name="cases_case_door_is_known"
            ),
            models.CheckConstraint(
                condition=Q(due_on__lte=F("legal_due_on")), name="cases_case_staff_see_the_earlier_day"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=State.OPEN.value,
                    closed_at__isnull=True,
                    outcome__isnull=True,
                    closed_by_user_id__isnull=True,
                )
                | Q(
                    state=State.CLOSED.value,
                    closed_at__isnull=False,
                    outcome__in=[outcome.value for outcome in Outcome],
                    closed_by_user_id__isnull=False,
                ),
                name="cases_case_is_closed_by_somebody_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(door=Door.MY_PAGE.value) | Q(participant_id__isnull=False),
                name="cases_case_from_my_page_is_identified",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_on"], name="cases_case_by_due_day"),
            models.Index(fields=["participant_id", "received_at"], name="cases_case_by_participant"),
            models.Index(fields=["contact_hash", "received_at"], name="cases_case_by_contact"),
            models.Index(fields=["received_at"], name="cases_case_by_time"),
        ]


class CaseEvent(UUIDModel):
    """What happened to a case, for its page; ``is_shown`` also to the person."""

    case_id = models.UUIDField()
    participant_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=24)
    at = models.DateTimeField()
    by_user_id = models.UUIDField(null=True)
    sealed_text = models.BinaryField(null=True)
    is_shown = models.BooleanField()

    class Meta:
        db_table = "cases_event"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in EventKind]), name="cases_event_kind_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["case_id", "at"], name="cases_event_by_case"),
            models.Index(fields=["participant_id", "at"], name="cases_event_by_participant"),
        ]


class CasePause(UUIDModel):
    """A question that stops the clock of a case until it is answered, and why it had to be asked."""

    case_id = models.UUIDField()
    kind = models.CharField(max_length=16)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    sealed_reason = models.BinaryField()

    class Meta:
        db_table = "cases_pause"
        constraints = [
            models.UniqueConstraint(
                fields=["case_id"], condition=Q(answered_at__isnull=True), name="cases_pause_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(answered_at__gte=F("asked_at")),
                name="cases_pause_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in Pause]), name="cases_pause_kind_is_known"
            ),
        ]


class Sighting(UUIDModel):
    """I saw my photo here: ``use_id`` is the use (or, ``is_mass``, the mass use) that explains it; where none
    does, or the use was over by then, somebody looks: ``case_id``. ``channel`` is empty for a place of nobody's.
    """

    participant_id = models.UUIDField(null=True)
    offer_id = models.UUIDField()
    item = models.CharField(max_length=40)
    channel = models.CharField(max_length=64)
    seen_on = models.DateField()
    use_id = models.UUIDField(null=True)
    is_mass = models.BooleanField()
    is_after_end = models.BooleanField()
    case_id = models.UUIDField(null=True)
    sealed_text = models.BinaryField()
    sealed_picture = models.BinaryField(null=True)
    reported_at = models.DateTimeField()

    class Meta:
        db_table = "cases_sighting"
        constraints = [
            models.CheckConstraint(
                condition=Q(use_id__isnull=False, participant_id__isnull=False) | Q(case_id__isnull=False),
                name="cases_sighting_is_explained_or_looked_at",
            ),
            models.CheckConstraint(
                condition=Q(is_after_end=False) | Q(use_id__isnull=False), name="cases_sighting_is_after_a_use"
            ),
        ]
        indexes = [
            models.Index(fields=["participant_id", "reported_at"], name="cases_sighting_by_participant"),
            models.Index(fields=["offer_id", "reported_at"], name="cases_sighting_by_offer"),
            models.Index(fields=["case_id"], name="cases_sighting_by_case"),
        ]


class RetentionRun(UUIDModel):
    """How many rows of a class of records were deleted because their time was over."""

    record_class = models.CharField(max_length=40)
    count = models.PositiveIntegerField()
    ran_at = models.DateTimeField()

    class Meta:
        db_table = "cases_retention_run"
        constraints = [models.CheckConstraint(condition=Q(count__gt=0), name="cases_retention_run_counts")]
        indexes = [models.Index(fields=["ran_at"], name="cases_retention_run_by_time")]
