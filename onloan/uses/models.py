"""Each question that the gate answered, about one person or about all whom a use may touch."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel, UUIDModel
from onloan.uses.duty_rules import Cause, DoorKind, NoticeState
from onloan.uses.rules import OTHER_BASES

OTHER_BASIS_NAMES = sorted({other.basis for other in OTHER_BASES.values()})


class Use(ParticipantModel):
    """One decision of the gate: what was asked, the answer, and what it rests on: a consent, or another legal
    ``basis``. ``ended_at``: whoever asked said that the use is over; ``is_copy``: it was copied meanwhile."""

    basis = models.CharField(max_length=20)
    consent_number = models.BigIntegerField(null=True)
    permission_id = models.CharField(max_length=64)
    items = models.JSONField()
    purpose = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    market_id = models.UUIDField()
    country = models.CharField(max_length=2)
    recipient = models.CharField(max_length=64)
    version_id = models.UUIDField()
    allowed = models.BooleanField()
    reason = models.CharField(max_length=24)
    decided_at = models.DateTimeField()
    is_copy = models.BooleanField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "uses_use"
        constraints = [
            models.CheckConstraint(
                condition=Q(allowed=True, basis="consent", consent_number__isnull=False, reason="")
                | Q(allowed=True, basis__in=OTHER_BASIS_NAMES, consent_number__isnull=True, reason="")
                | Q(allowed=False, basis="", consent_number__isnull=True, reason__startswith="D-"),
                name="uses_use_rests_on_a_basis_or_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(allowed=True, ended_at__gte=F("decided_at")),
                name="uses_use_ends_after_it_began",
            ),
        ]
        indexes = [
            models.Index(fields=["participant_id", "id"], name="uses_use_by_participant"),
            # Asked about somebody who had objected: few, and looked for among all.
            models.Index(fields=["id"], condition=Q(reason="D-FLAG-OBJECTED"), name="uses_use_after_objection"),
            # The register of disclosures: what went to somebody outside the merchant.
            models.Index(
                fields=["market_id", "decided_at"],
                condition=Q(allowed=True) & ~Q(recipient=""),
                name="uses_use_disclosed",
            ),
        ]


class Serving(ParticipantModel):
    """How often Onloan showed something of one use on one day (UTC). Nothing about who looked is kept."""

    use_id = models.UUIDField()
    day = models.DateField()
    count = models.IntegerField()

    class Meta:
        db_table = "uses_serving"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "use_id", "day"], name="uses_serving_once_a_day"),
            models.CheckConstraint(condition=Q(count__gt=0), name="uses_serving_counts"),
        ]


class Audience(UUIDModel):
    """A mass use that was allowed. Whom it touches lies beside the log as a set of consent numbers, under
    ``log_index``. ``watched_until`` is when the last of its consents ends; ``seen_index`` is how far the log was
    looked through for consents of it that ended, to tell the merchant."""

    offer_id = models.UUIDField()
    country = models.CharField(max_length=2)
    items = models.JSONField()
    purpose = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    recipient = models.CharField(max_length=64)
    is_copy = models.BooleanField()
    log_index = models.BigIntegerField(unique=True)
    set_hash = models.CharField(max_length=64)
    set_bytes = models.BigIntegerField()
    count = models.BigIntegerField()
    decided_at = models.DateTimeField()
    watched_until = models.DateTimeField()
    seen_index = models.BigIntegerField()
    by_key_id = models.UUIDField(null=True)
    by_user_id = models.UUIDField(null=True)

    class Meta:
        db_table = "uses_audience"
        constraints = [
            models.CheckConstraint(condition=Q(count__gt=0), name="uses_audience_has_somebody"),
            models.CheckConstraint(
                condition=Q(by_key_id__isnull=True, by_user_id__isnull=False)
                | Q(by_key_id__isnull=False, by_user_id__isnull=True),
                name="uses_audience_was_asked_by_one",
            ),
        ]
        indexes = [
            models.Index(fields=["offer_id", "id"], name="uses_audience_by_offer"),
            models.Index(fields=["watched_until"], name="uses_audience_by_end"),
        ]


class RecipientDoor(UUIDModel):
    """How a recipient of an offer is told. The address of a mail door is sealed; a webhook is an ``endpoint_id``
    of the outbox, whose secret also signs the recipient's answers."""

    offer_id = models.UUIDField()
    recipient = models.CharField(max_length=64)
    kind = models.CharField(max_length=8)
    sealed_address = models.BinaryField(null=True)
    endpoint_id = models.UUIDField(null=True)
    set_by_user_id = models.UUIDField()
    set_at = models.DateTimeField()

    class Meta:
        db_table = "uses_recipient_door"
        constraints = [
            models.UniqueConstraint(fields=["offer_id", "recipient"], name="uses_recipient_door_once"),
            models.CheckConstraint(
                condition=Q(kind=DoorKind.WEBHOOK.value, endpoint_id__isnull=False, sealed_address__isnull=True)
                | Q(kind=DoorKind.MAIL.value, endpoint_id__isnull=True, sealed_address__isnull=False),
                name="uses_recipient_door_leads_somewhere",
            ),
        ]


class Notice(ParticipantModel):
    """That one recipient has to be told of one thing about what it received under one consent (GDPR art. 19), and
    what it answered. ``answer_proof`` is the signature of its answer, or says that it pressed the button."""

    offer_id = models.UUIDField()
    recipient = models.CharField(max_length=64)
    consent_number = models.BigIntegerField()
    cause = models.CharField(max_length=10)
    items = models.JSONField()
    state = models.CharField(max_length=12)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer_proof = models.CharField(max_length=400, null=True)
    reason = models.CharField(max_length=500, null=True)
    by_user_id = models.UUIDField(null=True)
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "uses_notice"
        constraints = [
            # What was rectified once and answered may be rectified again.
            models.UniqueConstraint(
                fields=["participant_id", "recipient", "consent_number", "cause"],
                condition=~Q(cause=Cause.RECTIFIED.value) | Q(state__in=["waiting", "told"]),
                name="uses_notice_once",
            ),
            models.CheckConstraint(
                condition=Q(cause__in=[cause.value for cause in Cause]), name="uses_notice_cause_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state=NoticeState.WAITING.value, told_at__isnull=True, answered_at__isnull=True)
                | Q(state=NoticeState.TOLD.value, told_at__isnull=False, answered_at__isnull=True)
                | Q(state=NoticeState.ACKNOWLEDGED.value, answered_at__isnull=False, answer_proof__isnull=False)
                | Q(
                    state=NoticeState.EXCEPTED.value,
                    answered_at__isnull=False,
                    reason__isnull=False,
                    by_user_id__isnull=False,
                ),
                name="uses_notice_ends_by_an_answer_or_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "told"]), name="uses_notice_open_by_due"
            ),
            models.Index(fields=["participant_id", "made_at"], name="uses_notice_of_person"),
        ]


class Takedown(ParticipantModel):
    """A copy that has to be taken down: of one use, or (``is_mass``) of one person out of a mass use."""

    use_id = models.UUIDField()
    is_mass = models.BooleanField()
    offer_id = models.UUIDField()
    consent_number = models.BigIntegerField()
    items = models.JSONField()
    purpose = models.CharField(max_length=64)
    channel = models.CharField(max_length=64)
    recipient = models.CharField(max_length=64)
    cause = models.CharField(max_length=10)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by_user_id = models.UUIDField(null=True)
    note = models.CharField(max_length=500, null=True)
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "uses_takedown"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "use_id"], name="uses_takedown_once"),
            models.CheckConstraint(
                condition=Q(cause__in=[cause.value for cause in Cause]), name="uses_takedown_cause_is_known"
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, done_by_user_id__isnull=True, note__isnull=True)
                | Q(done_at__isnull=False, done_by_user_id__isnull=False, note__isnull=False),
                name="uses_takedown_is_done_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(done_at__isnull=True), name="uses_takedown_open_by_due"),
        ]


class DutyMark(UUIDModel):
    """Up to where the log was read for permissions that ended. One row."""

    seen_index = models.BigIntegerField()

    class Meta:
        db_table = "uses_duty_mark"
        constraints = [models.CheckConstraint(condition=Q(seen_index__gte=0), name="uses_duty_mark_is_a_place")]
