"""Each question that the gate answered, about one person or about all whom a use may touch."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel, UUIDModel
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
