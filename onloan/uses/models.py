"""Each question that the gate answered."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel
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
        indexes = [models.Index(fields=["participant_id", "id"], name="uses_use_by_participant")]
