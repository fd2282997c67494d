"""Cash that is owed, and the batches in which it is paid."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel, UUIDModel


class Payable(ParticipantModel):
    """One earned cash reward on its way to a person: owed, in a batch, paid. Once for each reward."""

    reward_id = models.UUIDField()
    market_id = models.UUIDField()
    country = models.CharField(max_length=2)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    state = models.CharField(max_length=8)
    batch_id = models.UUIDField(null=True)
    owed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payouts_payable"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "reward_id"], name="payouts_payable_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payouts_payable_is_positive"),
            models.CheckConstraint(
                condition=Q(state="owed", batch_id__isnull=True, paid_at__isnull=True)
                | Q(state="in_batch", batch_id__isnull=False, paid_at__isnull=True)
                | Q(state="paid", batch_id__isnull=False, paid_at__isnull=False),
                name="payouts_payable_state_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["country", "due_on"], condition=Q(state="owed"), name="payouts_payable_to_pay"),
            models.Index(fields=["batch_id", "participant_id"], name="payouts_payable_by_batch"),
        ]


class Batch(UUIDModel):
    """Payables of one country that are paid together. The person who prepared it never approves it."""

    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8)
    payable_count = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    file_hash = models.CharField(max_length=64)
    created_by_user_id = models.UUIDField()
    created_at = models.DateTimeField()
    approved_by_user_id = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    refused_by_user_id = models.UUIDField(null=True)
    refused_at = models.DateTimeField(null=True)
    paid_by_user_id = models.UUIDField(null=True)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payouts_batch"
        constraints = [
            models.CheckConstraint(
                condition=Q(payable_count__gt=0, total_minor__gt=0), name="payouts_batch_is_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(approved_by_user_id__isnull=True) | ~Q(approved_by_user_id=F("created_by_user_id")),
                name="payouts_batch_needs_two_people",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="prepared",
                    approved_by_user_id__isnull=True,
                    approved_at__isnull=True,
                    refused_by_user_id__isnull=True,
                    refused_at__isnull=True,
                    paid_by_user_id__isnull=True,
                    paid_at__isnull=True,
                )
                | Q(
                    state="refused",
                    approved_by_user_id__isnull=True,
                    approved_at__isnull=True,
                    refused_by_user_id__isnull=False,
                    refused_at__isnull=False,
                    paid_by_user_id__isnull=True,
                    paid_at__isnull=True,
                )
                | Q(
                    state="approved",
                    approved_by_user_id__isnull=False,
                    approved_at__isnull=False,
                    refused_by_user_id__isnull=True,
                    refused_at__isnull=True,
                    paid_by_user_id__isnull=True,
                    paid_at__isnull=True,
                )
                | Q(
                    state="paid",
                    approved_by_user_id__isnull=False,
                    approved_at__isnull=False,
                    refused_by_user_id__isnull=True,
                    refused_at__isnull=True,
                    paid_by_user_id__isnull=False,
                    paid_at__isnull=False,
                ),
                name="payouts_batch_state_is_known",
            ),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="payouts_batch_by_state")]
