"""Vouchers that people hold. The code itself is derived from the row's key and never stored."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel

STATES = ("active", "redeemed", "expired")


class Voucher(ParticipantModel):
    """What an earned reward became: ``remaining_minor`` of ``amount_minor`` to spend until ``expires_at``."""

    reward_id = models.UUIDField()
    market_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    remaining_minor = models.BigIntegerField()
    last_characters = models.CharField(max_length=4)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8)

    class Meta:
        db_table = "vouchers_voucher"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "reward_id"], name="vouchers_voucher_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, remaining_minor__gte=0, remaining_minor__lte=F("amount_minor")),
                name="vouchers_voucher_remaining_is_a_part",
            ),
            models.CheckConstraint(
                condition=Q(state="active", remaining_minor__gt=0)
                | Q(state="redeemed", remaining_minor=0)
                | Q(state="expired"),
                name="vouchers_voucher_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("issued_at")),
                name="vouchers_voucher_expires_later",
            ),
        ]
