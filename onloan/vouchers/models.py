"""Vouchers that people hold, what was spent of them, and the merchant's own codes.

The code of a voucher is derived from the row's key and never stored; a code of the merchant's own lies sealed.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel, UUIDModel
from onloan.vouchers.rules import REFERENCE_CHARACTERS_MAX, RedemptionState, VoucherState

_HASH_CHARACTERS = 64
_BY_ONE_TILL = Q(by_key_id__isnull=True, by_user_id__isnull=False) | Q(
    by_key_id__isnull=False, by_user_id__isnull=True
)
_UNDONE_BY_NOBODY = Q(undone_by_key_id__isnull=True, undone_by_user_id__isnull=True)


class Voucher(ParticipantModel):
    """What an earned reward became: ``remaining_minor`` of ``amount_minor`` to spend until ``expires_at``.

    ``held_minor`` is the part of it that a till has set aside. Once the end is booked, what was left stands in
    ``expired_minor``. ``warned_days`` is the shortest notice of the end that needs no mail any more.
    """

    reward_id = models.UUIDField()
    rule_id = models.CharField(max_length=64)
    market_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    remaining_minor = models.BigIntegerField()
    held_minor = models.BigIntegerField()
    expired_minor = models.BigIntegerField()
    last_characters = models.CharField(max_length=4)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    warned_days = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=8)
    waits_for_code = models.BooleanField()
    own_code_id = models.UUIDField(null=True)

    class Meta:
        db_table = "vouchers_voucher"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "reward_id"], name="vouchers_voucher_once"),
            models.CheckConstraint(
                condition=Q(
                    amount_minor__gt=0,
                    remaining_minor__gte=0,
                    expired_minor__gte=0,
                    amount_minor__gte=F("remaining_minor") + F("expired_minor"),
                    held_minor__gte=0,
                    held_minor__lte=F("remaining_minor"),
                ),
                name="vouchers_voucher_remaining_is_a_part",
            ),
            models.CheckConstraint(
                condition=Q(state=VoucherState.ACTIVE.value, remaining_minor__gt=0, expired_minor=0)
                | Q(state=VoucherState.REDEEMED.value, remaining_minor=0, expired_minor=0)
                | Q(
                    state=VoucherState.EXPIRED.value,
                    remaining_minor=0,
                    expired_minor__gt=0,
                    expires_at__isnull=False,
                ),
                name="vouchers_voucher_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("issued_at")),
                name="vouchers_voucher_expires_later",
            ),
            models.CheckConstraint(
                condition=Q(waits_for_code=False)
                | Q(state=VoucherState.ACTIVE.value, remaining_minor=F("amount_minor"), own_code_id__isnull=True),
                name="vouchers_voucher_waits_unspent",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state=VoucherState.ACTIVE.value, expires_at__isnull=False),
                name="vouchers_voucher_to_expire",
            ),
            models.Index(
                fields=["issued_at"], condition=Q(waits_for_code=True), name="vouchers_voucher_to_get_a_code"
            ),
        ]


class Redemption(ParticipantModel):
    """A part of a voucher that a till took, or set aside to take. ``reference`` is the merchant's: once for each
    voucher, so that a retry finds its first try."""

    voucher_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=16)
    reference = models.CharField(max_length=REFERENCE_CHARACTERS_MAX)
    by_key_id = models.UUIDField(null=True)
    by_user_id = models.UUIDField(null=True)
    started_at = models.DateTimeField()
    held_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by_key_id = models.UUIDField(null=True)
    undone_by_user_id = models.UUIDField(null=True)

    class Meta:
        db_table = "vouchers_redemption"
        constraints = [
            models.UniqueConstraint(
                fields=["participant_id", "voucher_id", "reference"], name="vouchers_redemption_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="vouchers_redemption_is_positive"),
            models.CheckConstraint(condition=_BY_ONE_TILL, name="vouchers_redemption_by_one_till"),
            models.CheckConstraint(
                condition=Q(
                    state=RedemptionState.HELD.value,
                    held_until__isnull=False,
                    done_at__isnull=True,
                    undone_at__isnull=True,
                )
                & _UNDONE_BY_NOBODY
                | Q(state=RedemptionState.DONE.value, done_at__isnull=False, undone_at__isnull=True)
                & _UNDONE_BY_NOBODY
                | Q(
                    state=RedemptionState.RELEASED.value,
                    held_until__isnull=False,
                    done_at__isnull=True,
                    undone_at__isnull=False,
                )
                | Q(state=RedemptionState.ROLLED_BACK.value, done_at__isnull=False, undone_at__isnull=False)
                & ~_UNDONE_BY_NOBODY,
                name="vouchers_redemption_state_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["held_until"],
                condition=Q(state=RedemptionState.HELD.value),
                name="vouchers_redemption_held",
            ),
            models.Index(
                fields=["done_at"], condition=Q(state=RedemptionState.DONE.value), name="vouchers_redemption_spent"
            ),
        ]


class OwnCode(UUIDModel):
    """A voucher code of the merchant's own shop, sealed, waiting to be given to somebody or given."""

    market_id = models.UUIDField()
    rule_id = models.CharField(max_length=64)
    code_hash = models.CharField(max_length=_HASH_CHARACTERS)
    sealed_code = models.BinaryField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    imported_at = models.DateTimeField()
    by_user_id = models.UUIDField()
    voucher_id = models.UUIDField(null=True)

    class Meta:
        db_table = "vouchers_own_code"
        constraints = [
            models.UniqueConstraint(fields=["code_hash"], name="vouchers_own_code_once"),
            models.UniqueConstraint(
                fields=["voucher_id"],
                condition=Q(voucher_id__isnull=False),
                name="vouchers_own_code_for_one_voucher",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="vouchers_own_code_is_positive"),
        ]
        indexes = [
            models.Index(
                fields=["market_id", "rule_id", "id"],
                condition=Q(voucher_id__isnull=True),
                name="vouchers_own_code_in_stock",
            ),
        ]


class Miss(UUIDModel):
    """A well-formed code that nobody holds, typed at a till: counted, so that nobody guesses. The code itself is
    not kept."""

    till_id = models.UUIDField()
    tried_at = models.DateTimeField()

    class Meta:
        db_table = "vouchers_miss"
        indexes = [
            models.Index(fields=["till_id", "tried_at"], name="vouchers_miss_by_till"),
            models.Index(fields=["tried_at"], name="vouchers_miss_by_time"),
        ]
