"""The books: slices of each pool, accounts of each person, transfers that never change, rewards.

Amounts are whole minor units of the row's currency. An account holds four sums, after TigerBeetle's model:
debits and credits, each pending and posted. What it can still give is
``credits_posted - debits_posted - debits_pending``: a pending debit counts at once.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel, UUIDModel
from onloan.ledger.rules import (
    ALARM_LEVELS_PERCENT,
    CAUSE_KEY_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    ROUTES,
    AccountKind,
    Cause,
    CorrectionState,
    RewardState,
    VoidCause,
)

_CURRENCY_CHARACTERS = 3
_BALANCES = ("debits_pending_minor", "debits_posted_minor", "credits_pending_minor", "credits_posted_minor")
_REWARD_KINDS = ("cash", "voucher", "fulfilled")
_NOT_EARNED_STATES = (RewardState.PENDING.value, RewardState.HELD.value, RewardState.VOIDED.value)
_EARNED_STATES = (RewardState.EARNED.value, RewardState.PAID.value)


def _one_of(column: str, values: type) -> Q:
    return Q(**{f"{column}__in": [value.value for value in values]})  # type: ignore[attr-defined]


def _balance_constraints(table: str) -> list[models.BaseConstraint]:
    """No sum below zero, and nothing given that is not there: the rule that no bug and no race can break."""
    given = F("debits_posted_minor") + F("debits_pending_minor")
    return [
        models.CheckConstraint(
            condition=reduce(lambda all_of, name: all_of & Q(**{f"{name}__gte": 0}), _BALANCES, Q()),
            name=f"{table}_sums_not_negative",
        ),
        models.CheckConstraint(condition=Q(credits_posted_minor__gte=given), name=f"{table}_never_overspent"),
    ]


class PoolSlice(UUIDModel):
    """A part of the money that the merchant set aside for one market, so that joiners do not all wait for one
    row."""

    market_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=_CURRENCY_CHARACTERS)
    debits_pending_minor = models.BigIntegerField()
    debits_posted_minor = models.BigIntegerField()
    credits_pending_minor = models.BigIntegerField()
    credits_posted_minor = models.BigIntegerField()

    class Meta:
        db_table = "ledger_pool_slice"
        constraints = [
            models.UniqueConstraint(fields=["market_id", "number"], name="ledger_pool_slice_once"),
            *_balance_constraints("ledger_pool_slice"),
        ]


class Funding(UUIDModel):
    """Money that came into a slice: from the merchant (``source_slice_id`` null, a named user), or from another
    slice of the same market when only together they hold a full pot. Never changed."""

    market_id = models.UUIDField()
    slice_id = models.UUIDField()
    source_slice_id = models.UUIDField(null=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=_CURRENCY_CHARACTERS)
    by_user_id = models.UUIDField(null=True)
    funded_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_funding"
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ledger_funding_is_positive"),
            models.CheckConstraint(
                condition=Q(source_slice_id__isnull=True, by_user_id__isnull=False)
                | Q(source_slice_id__isnull=False, by_user_id__isnull=True) & ~Q(source_slice_id=F("slice_id")),
                name="ledger_funding_has_one_source",
            ),
        ]
        indexes = [models.Index(fields=["market_id", "funded_at"], name="ledger_funding_by_market")]


class Account(ParticipantModel):
    """What one person's money is doing, by kind. The key is derived from person and kind."""

    kind = models.CharField(max_length=16)
    market_id = models.UUIDField()
    currency = models.CharField(max_length=_CURRENCY_CHARACTERS)
    debits_pending_minor = models.BigIntegerField()
    debits_posted_minor = models.BigIntegerField()
    credits_pending_minor = models.BigIntegerField()
    credits_posted_minor = models.BigIntegerField()

    class Meta:
        db_table = "ledger_account"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "kind"], name="ledger_account_once"),
            models.CheckConstraint(
                condition=_one_of("kind", AccountKind) & ~Q(kind=AccountKind.POOL.value),
                name="ledger_account_kind_is_known",
            ),
            *_balance_constraints("ledger_account"),
        ]


class Transfer(ParticipantModel):
    """Money that moved, or will. Never changed; its key is its idempotency key.

    ``posted`` moves at once; ``pending`` sets aside until one ``post`` or ``void`` names it.
    """

    debit_account_id = models.UUIDField()
    debit_kind = models.CharField(max_length=16)
    credit_account_id = models.UUIDField()
    credit_kind = models.CharField(max_length=16)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=_CURRENCY_CHARACTERS)
    kind = models.CharField(max_length=8)
    pending_id = models.UUIDField(null=True)
    cause = models.CharField(max_length=32)
    cause_ref = models.UUIDField(null=True)
    decided_by_user_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_transfer"
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ledger_transfer_is_positive"),
            models.CheckConstraint(
                condition=reduce(
                    or_,
                    [
                        Q(
                            kind=route.kind.value,
                            debit_kind=route.debit.value,
                            credit_kind=route.credit.value,
                            cause=route.cause.value,
                        )
                        for route in ROUTES
                    ],
                ),
                name="ledger_transfer_route_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["post", "void"], pending_id__isnull=False)
                | Q(kind__in=["posted", "pending"], pending_id__isnull=True),
                name="ledger_transfer_resolves_a_pending_one",
            ),
            models.CheckConstraint(
                condition=Q(cause=Cause.FRAUD_DECIDED_BY_HUMAN.value, decided_by_user_id__isnull=False)
                | ~Q(cause=Cause.FRAUD_DECIDED_BY_HUMAN.value) & Q(decided_by_user_id__isnull=True),
                name="ledger_transfer_fraud_has_a_human",
            ),
            models.UniqueConstraint(
                fields=["participant_id", "pending_id"],
                condition=Q(pending_id__isnull=False),
                name="ledger_transfer_resolves_once",
            ),
        ]
        indexes = [
            models.Index(fields=["participant_id", "created_at"], name="ledger_transfer_by_person"),
        ]


class Reward(ParticipantModel):
    """One promised reward and its life: pending, earned, paid; or held; or voided before it was earned.

    ``cause_key`` is the friend's participant id, or ``own``. ``transfer_id`` is the pending transfer.
    ``taken_as`` says that the person took earned cash as a voucher. ``payment_count`` counts payments, those that
    came back too.
    """

    market_id = models.UUIDField()
    country = models.CharField(max_length=2)
    rule_id = models.CharField(max_length=64)
    reward_kind = models.CharField(max_length=16)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=_CURRENCY_CHARACTERS)
    cause_key = models.CharField(max_length=CAUSE_KEY_CHARACTERS_MAX)
    state = models.CharField(max_length=8)
    void_cause = models.CharField(max_length=32, null=True)
    held_reason = models.CharField(max_length=REASON_CHARACTERS_MAX, null=True)
    pending_at = models.DateTimeField()
    earns_at = models.DateTimeField()
    earned_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    settled_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=64, null=True)
    transfer_id = models.UUIDField()
    taken_as = models.CharField(max_length=8, null=True)
    payment_count = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "ledger_reward"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "rule_id", "cause_key"], name="ledger_reward_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ledger_reward_is_positive"),
            models.CheckConstraint(condition=Q(reward_kind__in=_REWARD_KINDS), name="ledger_reward_kind_is_known"),
            models.CheckConstraint(condition=~Q(cause_key=""), name="ledger_reward_has_a_cause"),
            models.CheckConstraint(
                condition=Q(state__in=_NOT_EARNED_STATES, earned_at__isnull=True)
                | Q(state__in=_EARNED_STATES, earned_at__isnull=False, earned_at__gte=F("earns_at")),
                name="ledger_reward_state_is_known",
            ),
            models.CheckConstraint(
                condition=_one_of("void_cause", VoidCause)
                & Q(state=RewardState.VOIDED.value, void_cause__isnull=False)
                | ~Q(state=RewardState.VOIDED.value) & Q(void_cause__isnull=True),
                name="ledger_reward_void_has_a_cause",
            ),
            models.CheckConstraint(
                condition=~Q(state=RewardState.HELD.value) | Q(held_reason__isnull=False) & ~Q(held_reason=""),
                name="ledger_reward_hold_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state=RewardState.PAID.value, settled_at__isnull=False, settled_at__gte=F("earned_at"))
                | ~Q(state=RewardState.PAID.value) & Q(settled_at__isnull=True),
                name="ledger_reward_paid_is_settled",
            ),
            models.CheckConstraint(
                condition=~Q(reward_kind="cash", state__in=_EARNED_STATES) | Q(due_on__isnull=False),
                name="ledger_reward_cash_has_a_date",
            ),
            models.CheckConstraint(
                condition=Q(taken_as__isnull=True)
                | Q(taken_as="voucher", reward_kind="cash", state=RewardState.EARNED.value),
                name="ledger_reward_taken_as_is_known",
            ),
            models.CheckConstraint(
                condition=Q(payment_count__gte=1) | ~Q(state=RewardState.PAID.value),
                name="ledger_reward_paid_is_counted",
            ),
        ]
        indexes = [
            models.Index(
                fields=["earns_at", "participant_id"],
                condition=Q(state=RewardState.PENDING.value),
                name="ledger_reward_to_earn",
            ),
            models.Index(
                fields=["country", "due_on"],
                condition=Q(reward_kind="fulfilled", state=RewardState.EARNED.value),
                name="ledger_reward_to_confirm",
            ),
        ]


class Correction(ParticipantModel):
    """A reward that the books lack: one member proposes it, another decides; ``reward_id`` once it is booked.

    ``cause_key`` is that of ``Reward``. ``sealed_reason`` holds the case and the member's words under the person's
    own key, so that nothing leads from here to what they asked once they are erased.
    """

    market_id = models.UUIDField()
    rule_id = models.CharField(max_length=64)
    reward_kind = models.CharField(max_length=16)
    cause_key = models.CharField(max_length=CAUSE_KEY_CHARACTERS_MAX)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=_CURRENCY_CHARACTERS)
    sealed_reason = models.BinaryField()
    state = models.CharField(max_length=8)
    proposed_by_user_id = models.UUIDField()
    proposed_at = models.DateTimeField()
    decided_by_user_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    reward_id = models.UUIDField(null=True)

    class Meta:
        db_table = "ledger_correction"
        constraints = [
            # Nothing is taken away by it: it only ever gives.
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ledger_correction_only_gives"),
            models.CheckConstraint(
                condition=Q(
                    state=CorrectionState.PROPOSED.value,
                    decided_by_user_id__isnull=True,
                    decided_at__isnull=True,
                    reward_id__isnull=True,
                )
                | Q(
                    state=CorrectionState.REFUSED.value,
                    decided_by_user_id__isnull=False,
                    decided_at__isnull=False,
                    reward_id__isnull=True,
                )
                | Q(
                    state=CorrectionState.APPROVED.value,
                    decided_by_user_id__isnull=False,
                    decided_at__isnull=False,
                    reward_id__isnull=False,
                ),
                name="ledger_correction_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state=CorrectionState.APPROVED.value)
                | ~Q(decided_by_user_id=F("proposed_by_user_id")),
                name="ledger_correction_needs_two_people",
            ),
            models.UniqueConstraint(
                fields=["participant_id", "rule_id", "cause_key"],
                condition=Q(state=CorrectionState.PROPOSED.value),
                name="ledger_correction_proposed_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["market_id", "proposed_at"],
                condition=Q(state=CorrectionState.PROPOSED.value),
                name="ledger_correction_to_decide",
            ),
            models.Index(fields=["participant_id", "proposed_at"], name="ledger_correction_of_person"),
        ]


class Pledge(UUIDModel):
    """A member of finance sets the money of one file aside: before that, publishing it is refused."""

    draft_id = models.UUIDField()
    file_hash = models.CharField(max_length=64)
    user_id = models.UUIDField()
    pledged_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_pledge"
        constraints = [models.UniqueConstraint(fields=["draft_id", "file_hash"], name="ledger_pledge_once")]


class PoolDay(UUIDModel):
    """What a market's money was doing at the last look on one day (UTC)."""

    market_id = models.UUIDField()
    day = models.DateField()
    currency = models.CharField(max_length=_CURRENCY_CHARACTERS)
    funded_minor = models.BigIntegerField()
    free_minor = models.BigIntegerField()
    reserved_minor = models.BigIntegerField()
    owed_minor = models.BigIntegerField()
    vouchers_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField()
    redeemed_minor = models.BigIntegerField()
    expired_minor = models.BigIntegerField()

    class Meta:
        db_table = "ledger_pool_day"
        constraints = [models.UniqueConstraint(fields=["market_id", "day"], name="ledger_pool_day_once")]


class PoolAlarm(UUIDModel):
    """The team was told that so much of a pool is used; the row goes when a top-up brings it below again."""

    market_id = models.UUIDField()
    level_percent = models.PositiveSmallIntegerField()
    raised_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_pool_alarm"
        constraints = [
            models.UniqueConstraint(fields=["market_id", "level_percent"], name="ledger_pool_alarm_once"),
            models.CheckConstraint(
                condition=Q(level_percent__in=ALARM_LEVELS_PERCENT), name="ledger_pool_alarm_level_is_known"
            ),
        ]
