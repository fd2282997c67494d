"""Requests, complaints and sightings, each with its clock."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q

from onloan.cases.clocks import Pause
from onloan.cases.feedback_models import ClarityAnswer, Explanation, Feedback
from onloan.cases.rules import (
    ABOUTS,
    OBJECTS_TO_MARKETING,
    About,
    Door,
    ErasureCause,
    ErasureWay,
    EventKind,
    Kind,
    LateEnd,
    Outcome,
    RestrictionCause,
    State,
)
from onloan.db import ParticipantModel, UUIDModel

__all__ = [
    "Case",
    "CaseEvent",
    "CasePause",
    "ClarityAnswer",
    "Erasure",
    "Explanation",
    "Feedback",
    "LatePayment",
    "Restriction",
    "RetentionRun",
    "Sighting",
]


def _any_of(conditions: Iterable[Q]) -> Q:
    return functools.reduce(operator.or_, conditions)


class Case(UUIDModel):
    """What somebody asked of us. Who they are and what they wrote lie sealed; the clock is always there.

    ``due_on`` is the day that staff see, ``legal_due_on`` the last day in law. ``contact_hash`` counts what one
    address sent, and says nothing else. ``received_on`` is the day on which it reached us (null: written by a
    release that kept none), ``clock_from`` the day from which the law counts (null: the day of receipt);
    ``alarm_days`` how many days were left at the last alarm. ``identified_by_user_id`` tied the case to a
    participant, and said how they knew. ``letter_waits_since``: since when something is to be posted to them.
    ``origin_case_id``: the case that was tied to somebody who had joined this campaign too.
    """

    participant_id = models.UUIDField(null=True)
    origin_case_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=16)
    about = models.CharField(max_length=16, default="", db_default="")
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=8)
    state = models.CharField(max_length=8)
    door = models.CharField(max_length=16)
    reference = models.CharField(max_length=8, unique=True)
    contact_hash = models.CharField(max_length=64, null=True)  # noqa: DJ001  (null: no address was given)
    sealed_contact = models.BinaryField(null=True)
    sealed_text = models.BinaryField(null=True)
    received_at = models.DateTimeField()
    received_on = models.DateField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    letter_waits_since = models.DateTimeField(null=True)
    due_on = models.DateField()
    legal_due_on = models.DateField()
    clock_from = models.DateField(null=True)
    extended_at = models.DateTimeField(null=True)
    alarm_days = models.SmallIntegerField(null=True)
    alarmed_at = models.DateTimeField(null=True)
    sealed_answer = models.BinaryField(null=True)
    sealed_representative = models.BinaryField(null=True)
    identified_at = models.DateTimeField(null=True)
    identified_by_user_id = models.UUIDField(null=True)
    sealed_identified_how = models.BinaryField(null=True)
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
                )
                # Whoever asked closes it themselves by taking it back.
                | Q(
                    state=State.CLOSED.value,
                    closed_at__isnull=False,
                    outcome=Outcome.TAKEN_BACK.value,
                    closed_by_user_id__isnull=True,
                ),
                name="cases_case_is_closed_by_somebody_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(door=Door.MY_PAGE.value) | Q(participant_id__isnull=False),
                name="cases_case_from_my_page_is_identified",
            ),
            models.CheckConstraint(
                condition=~Q(door=Door.LATE_PAYMENT.value)
                | Q(participant_id__isnull=False, kind=Kind.COMPLAINT.value),
                name="cases_case_of_late_payment_is_somebodys",
            ),
            models.CheckConstraint(
                condition=Q(about__in=[about.value for about in About]), name="cases_case_about_is_known"
            ),
            models.CheckConstraint(
                condition=Q(about=About.NOTHING.value)
                | _any_of(Q(kind=kind.value, about__in=sorted(abouts)) for kind, abouts in ABOUTS.items()),
                name="cases_case_is_about_what_its_kind_can_be",
            ),
            # What nothing is weighed against is never refused (GDPR art. 7(3), 21(3)).
            models.CheckConstraint(
                condition=~Q(kind=Kind.WITHDRAWAL.value, outcome=Outcome.REFUSED.value)
                & ~Q(
                    kind=Kind.OBJECTION.value,
                    about__in=sorted(OBJECTS_TO_MARKETING),
                    outcome=Outcome.REFUSED.value,
                ),
                name="cases_case_absolute_right_is_not_refused",
            ),
            models.CheckConstraint(
                condition=Q(contact_hash__isnull=True) | Q(sealed_contact__isnull=False),
                name="cases_case_counted_address_is_there",
            ),
            models.CheckConstraint(
                condition=Q(alarm_days__isnull=True, alarmed_at__isnull=True)
                | Q(alarm_days__isnull=False, alarmed_at__isnull=False),
                name="cases_case_alarm_has_its_instant",
            ),
            models.CheckConstraint(
                condition=Q(
                    identified_at__isnull=True,
                    identified_by_user_id__isnull=True,
                    sealed_identified_how__isnull=True,
                )
                | Q(
                    participant_id__isnull=False,
                    identified_at__isnull=False,
                    identified_by_user_id__isnull=False,
                    sealed_identified_how__isnull=False,
                ),
                name="cases_case_is_identified_by_somebody_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_on"], name="cases_case_by_due_day"),
            models.Index(fields=["participant_id", "received_at"], name="cases_case_by_participant"),
            models.Index(fields=["contact_hash", "received_at"], name="cases_case_by_contact"),
            models.Index(
                fields=["origin_case_id"], condition=Q(origin_case_id__isnull=False), name="cases_case_by_origin"
            ),
            models.Index(fields=["received_at"], name="cases_case_by_time"),
            models.Index(
                fields=["country", "door"], condition=Q(kind=Kind.COMPLAINT.value), name="cases_case_complaints"
            ),
            models.Index(F("state"), F("closed_at").desc(), F("id"), name="cases_case_by_answer"),
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
            models.Index(
                fields=["case_id", "at"],
                condition=Q(kind=EventKind.MAIL_FAILED.value),
                name="cases_event_mail_failed",
            ),
            models.Index(
                fields=["case_id", "at"], condition=Q(kind=EventKind.PACK_GAP.value), name="cases_event_pack_gap"
            ),
        ]


class CasePause(UUIDModel):
    """A question that stops the clock of a case until it is answered, and why it had to be asked. ``alarm_days``:
    after how many days of waiting the team was last told."""

    case_id = models.UUIDField()
    kind = models.CharField(max_length=16)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    alarm_days = models.SmallIntegerField(null=True)
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
        indexes = [models.Index(fields=["case_id"], name="cases_pause_by_case")]


class Restriction(ParticipantModel):
    """That something of a person is kept and not used, since when and why; ``items`` empty: nothing of them is.

    A member who ends it tells the person beforehand (GDPR art. 18(3)): ``told_at``, and ``ends_on``, the day on
    which it ends by itself. The person ends their own at once.
    """

    case_id = models.UUIDField(null=True)
    cause = models.CharField(max_length=8)
    items = models.JSONField()
    since = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    told_by_user_id = models.UUIDField(null=True)
    ends_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "cases_restriction"
        constraints = [
            models.UniqueConstraint(
                fields=["participant_id", "cause", "case_id"],
                condition=Q(ended_at__isnull=True),
                name="cases_restriction_once_for_a_case",
            ),
            models.UniqueConstraint(
                fields=["participant_id", "cause"],
                condition=Q(ended_at__isnull=True) & ~Q(cause=RestrictionCause.DISPUTED.value),
                name="cases_restriction_stands_once",
            ),
            models.CheckConstraint(
                condition=~Q(cause=RestrictionCause.DISPUTED.value) | Q(case_id__isnull=False),
                name="cases_restriction_of_a_dispute_has_a_case",
            ),
            models.CheckConstraint(
                condition=Q(cause__in=[cause.value for cause in RestrictionCause]),
                name="cases_restriction_cause_is_known",
            ),
            models.CheckConstraint(
                condition=Q(told_at__isnull=True, told_by_user_id__isnull=True, ends_on__isnull=True)
                | Q(told_at__isnull=False, told_by_user_id__isnull=False, ends_on__isnull=False),
                name="cases_restriction_is_lifted_by_somebody_who_told",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("since")),
                name="cases_restriction_ends_after_it_began",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ends_on"],
                condition=Q(ended_at__isnull=True, ends_on__isnull=False),
                name="cases_restriction_by_end",
            ),
            models.Index(fields=["case_id"], name="cases_restriction_by_case"),
        ]


class Erasure(ParticipantModel):
    """How far the erasure of one person is. Each step has its instant, and nothing is said to be done before it.

    ``erased_at``: key and rows are gone; ``recipients_done_at``: whoever received something has answered, and with
    that the public id went too; ``swept_at``: the database's own files hold nothing of it any more;
    ``backups_until``: the last day on which a backup or an archived log can still hold it. ``erased_in`` is
    PostgreSQL's number of the transaction that erased: what still reads from before it keeps the rows alive.
    ``accounts_until``: until when the law on accounts asks to keep what was paid to them (null: nothing was).
    """

    case_id = models.UUIDField(null=True)
    cause = models.CharField(max_length=10)
    way = models.CharField(max_length=10)
    begun_at = models.DateTimeField()
    slip_last_characters = models.CharField(max_length=4, default="")
    erased_at = models.DateTimeField(null=True)
    erased_in = models.BigIntegerField(null=True)
    swept_at = models.DateTimeField(null=True)
    recipients_done_at = models.DateTimeField(null=True)
    backups_until = models.DateField(null=True)
    accounts_until = models.DateField(null=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "cases_erasure"
        constraints = [
            models.UniqueConstraint(
                fields=["participant_id"],
                condition=Q(completed_at__isnull=True),
                name="cases_erasure_one_at_a_time",
            ),
            # It bears the number of the case that it came from, so that no case erases a second person.
            models.CheckConstraint(
                condition=Q(case_id__isnull=True) | Q(id=F("case_id")), name="cases_erasure_once_for_a_case"
            ),
            models.CheckConstraint(
                condition=Q(cause__in=[cause.value for cause in ErasureCause]), name="cases_erasure_cause_is_known"
            ),
            models.CheckConstraint(
                condition=Q(way__in=[way.value for way in ErasureWay]), name="cases_erasure_way_is_known"
            ),
            models.CheckConstraint(
                condition=Q(cause=ErasureCause.ASKED.value, case_id__isnull=False)
                | ~Q(cause=ErasureCause.ASKED.value),
                name="cases_erasure_that_was_asked_has_a_case",
            ),
            models.CheckConstraint(
                condition=Q(
                    erased_at__isnull=True,
                    swept_at__isnull=True,
                    recipients_done_at__isnull=True,
                    backups_until__isnull=True,
                    completed_at__isnull=True,
                )
                | Q(erased_at__isnull=False, backups_until__isnull=False, completed_at__isnull=True)
                | Q(
                    erased_at__isnull=False,
                    backups_until__isnull=False,
                    completed_at__isnull=False,
                    swept_at__isnull=False,
                    recipients_done_at__isnull=False,
                ),
                name="cases_erasure_is_complete_after_every_step",
            ),
        ]
        indexes = [
            models.Index(
                fields=["begun_at"], condition=Q(completed_at__isnull=True), name="cases_erasure_under_way"
            ),
            models.Index(fields=["case_id"], name="cases_erasure_by_case"),
            models.Index(fields=["participant_id"], name="cases_erasure_by_participant"),
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


class LatePayment(ParticipantModel):
    """A payment that was late on its way, and the case that opened by itself for it: once for each lateness, which
    the day that was missed names. It leads from the case to the money, so erasing the person deletes it."""

    case_id = models.UUIDField()
    payable_id = models.UUIDField()
    due_on = models.DateField()
    noted_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=8, null=True)  # noqa: DJ001  (null while it is late)

    class Meta:
        db_table = "cases_late_payment"
        constraints = [
            models.UniqueConstraint(
                fields=["participant_id", "payable_id", "due_on"], name="cases_late_payment_once"
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, end__isnull=True)
                | Q(settled_at__isnull=False, end__in=[end.value for end in LateEnd]),
                name="cases_late_payment_ends_somehow",
            ),
        ]
        indexes = [
            models.Index(fields=["case_id"], name="cases_late_payment_by_case"),
            models.Index(fields=["id"], condition=Q(settled_at__isnull=True), name="cases_late_payment_late"),
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
