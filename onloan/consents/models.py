"""Answers to permissions, and the receipts that prove them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from onloan.consents.rules import Act, Door, EndReason
from onloan.db import ParticipantModel

HASH_CHARACTERS = 64


class Consent(ParticipantModel):
    """One answer, yes or no, to one permission of one version. Its scope is copied here, so that the gate reads
    what this person was asked, and nothing that was published later can stretch it."""

    number = models.BigIntegerField()
    permission_id = models.CharField(max_length=64)
    version_id = models.UUIDField()
    market_id = models.UUIDField()
    country = models.CharField(max_length=2)
    answer = models.BooleanField()
    items = models.JSONField()
    purpose = models.CharField(max_length=64)
    channels = models.JSONField()
    territories = models.JSONField()
    recipients = models.JSONField()
    answered_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=16, null=True)  # noqa: DJ001  (null beside a null time)
    end_door = models.CharField(max_length=16, null=True)  # noqa: DJ001
    receipt_id = models.UUIDField()

    class Meta:
        db_table = "consents_consent"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "number"], name="consents_consent_number_once"),
            models.UniqueConstraint(
                fields=["participant_id", "permission_id"],
                condition=Q(answer=True, ended_at__isnull=True),
                name="consents_consent_one_live_yes",
            ),
            models.CheckConstraint(condition=Q(number__gt=0), name="consents_consent_number_is_positive"),
            models.CheckConstraint(
                condition=Q(answer=True, expires_at__isnull=False, expires_at__gt=models.F("answered_at"))
                | Q(answer=False, expires_at__isnull=True),
                name="consents_consent_yes_has_an_end",
            ),
            # A comparison with NULL is neither true nor false, and a check lets it pass: so each column is named.
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason__isnull=True, end_door__isnull=True)
                | Q(
                    answer=True,
                    ended_at__isnull=False,
                    end_reason__isnull=False,
                    end_reason=EndReason.WITHDRAWN.value,
                    end_door__isnull=False,
                    end_door__in=[door.value for door in Door],
                )
                | Q(
                    answer=True,
                    ended_at__isnull=False,
                    end_reason__isnull=False,
                    end_reason__in=[reason.value for reason in EndReason if reason != EndReason.WITHDRAWN],
                    end_door__isnull=True,
                ),
                name="consents_consent_end_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(answer=True, ended_at__isnull=True),
                name="consents_consent_by_expiry",
            ),
            models.Index(fields=["participant_id", "receipt_id"], name="consents_consent_by_receipt"),
            # Sets of mass uses name people by the number of their consent.
            models.Index(fields=["number"], condition=Q(answer=True), name="consents_consent_by_number"),
        ]


class Receipt(ParticipantModel):
    """What a person saw and did when they answered: the proof of a yes, and of a no."""

    version_id = models.UUIDField()
    version_hash = models.CharField(max_length=HASH_CHARACTERS)
    market_id = models.UUIDField()
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=8)
    notice_hash = models.CharField(max_length=HASH_CHARACTERS)
    page_hash = models.CharField(max_length=HASH_CHARACTERS)
    control_states = models.JSONField()
    act = models.CharField(max_length=16)
    given_at = models.DateTimeField()

    class Meta:
        db_table = "consents_receipt"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "id"], name="consents_receipt_once"),
            models.CheckConstraint(
                condition=Q(act__in=[act.value for act in Act]), name="consents_receipt_act_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(notice_hash="") & ~Q(page_hash="") & ~Q(version_hash=""),
                name="consents_receipt_is_complete",
            ),
        ]
