"""Each question that the gate answered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from onloan.db import ParticipantModel


class Use(ParticipantModel):
    """One decision of the gate: what was asked, the answer, and the consent that it rests on."""

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

    class Meta:
        db_table = "uses_use"
        constraints = [
            models.CheckConstraint(
                condition=Q(allowed=True, consent_number__isnull=False, reason="")
                | Q(allowed=False, consent_number__isnull=True, reason__startswith="D-"),
                name="uses_use_rests_on_a_consent_or_has_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["participant_id", "id"], name="uses_use_by_participant")]
