"""Cash that is owed, to whom, and the ways in which it is paid: batches for a bank, slips for a till."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel, UUIDModel
from onloan.payouts.rules import (
    END_TO_END_CHARACTERS_MAX,
    REFERENCE_CHARACTERS_MAX,
    SHORT_REFERENCE_CHARACTERS_MAX,
    AlarmKind,
    ArchivePurpose,
    BankWord,
    BatchState,
    PayableState,
    PayeeProblem,
    PaymentState,
    PayoutMethod,
)

_HASH_CHARACTERS = 64
_BANK_METHODS = [method.value for method in PayoutMethod if method is not PayoutMethod.CLAIM_SLIP]


class Payable(ParticipantModel):
    """One earned cash reward on its way to a person, once for each reward.

    ``attempts`` counts how often it was put into a batch that stands: what a bank sent back is tried again under
    another reference. ``times_paid`` counts how often it was paid, those that came back too; ``returned_reason``
    is the bank's code for the last of these.
    """

    reward_id = models.UUIDField()
    market_id = models.UUIDField()
    country = models.CharField(max_length=2)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    state = models.CharField(max_length=8)
    batch_id = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    times_paid = models.PositiveSmallIntegerField(default=0)
    returned_at = models.DateTimeField(null=True)
    returned_reason = models.CharField(max_length=8, null=True)
    asks = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    owed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payouts_payable"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "reward_id"], name="payouts_payable_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payouts_payable_is_positive"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[PayableState.OWED.value, PayableState.SLIP.value, PayableState.VOUCHER.value],
                    batch_id__isnull=True,
                    paid_at__isnull=True,
                )
                | Q(state=PayableState.IN_BATCH.value, batch_id__isnull=False, paid_at__isnull=True)
                | Q(state=PayableState.PAID.value, paid_at__isnull=False, times_paid__gt=0),
                name="payouts_payable_state_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["country", "due_on"],
                condition=Q(state=PayableState.OWED.value),
                name="payouts_payable_to_pay",
            ),
            models.Index(fields=["batch_id", "participant_id"], name="payouts_payable_by_batch"),
        ]


class Payment(ParticipantModel):
    """One try to pay one payable: a line of one batch's file, under a reference that no other try has.

    ``sealed_line`` is the name and the account as the file has them, under the batch's own key: what is under way
    is paid even when the person's data are erased meanwhile, and goes with that key. ``bank_word`` is what the
    bank said last without settling it (see ``BankWord``).
    """

    payable_id = models.UUIDField()
    reward_id = models.UUIDField()
    batch_id = models.UUIDField()
    attempt = models.PositiveSmallIntegerField()
    end_to_end_id = models.CharField(max_length=END_TO_END_CHARACTERS_MAX)
    short_reference = models.CharField(max_length=SHORT_REFERENCE_CHARACTERS_MAX)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    sealed_line = models.BinaryField(null=True)
    state = models.CharField(max_length=8)
    reason_code = models.CharField(max_length=8, null=True)
    bank_word = models.CharField(max_length=10, null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payouts_payment"
        constraints = [
            models.UniqueConstraint(
                fields=["participant_id", "payable_id", "attempt"], name="payouts_payment_once"
            ),
            models.CheckConstraint(
                condition=Q(attempt__gt=0, amount_minor__gt=0), name="payouts_payment_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(state=PaymentState.OPEN.value, answered_at__isnull=True, reason_code__isnull=True)
                | Q(
                    state__in=[
                        PaymentState.ACCEPTED.value,
                        PaymentState.REJECTED.value,
                        PaymentState.RETURNED.value,
                    ],
                    answered_at__isnull=False,
                ),
                name="payouts_payment_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(bank_word__isnull=True)
                | Q(
                    bank_word__in=[BankWord.PENDING.value, BankWord.NAME_CHECK.value],
                    state=PaymentState.OPEN.value,
                )
                | Q(bank_word=BankWord.MADE.value, state=PaymentState.REJECTED.value),
                name="payouts_payment_bank_word_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["batch_id", "id"], name="payouts_payment_by_batch"),
            models.Index(fields=["end_to_end_id"], name="payouts_payment_by_reference"),
            models.Index(fields=["short_reference"], name="payouts_payment_by_short"),
            models.Index(
                fields=["participant_id", "payable_id"],
                condition=Q(bank_word=BankWord.MADE.value),
                name="payouts_payment_made",
            ),
        ]


class Batch(UUIDModel):
    """Payments of one country that go to the bank together. The person who prepared it never approves it.

    ``sealed_debtor`` is the account that it is paid from, as it was when the batch was prepared; ``wrapped_key``
    seals the lines and is null once they are forgotten.
    """

    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=16)
    state = models.CharField(max_length=9)
    execute_on = models.DateField()
    payable_count = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    file_hash = models.CharField(max_length=_HASH_CHARACTERS, null=True)
    wrapped_key = models.BinaryField(null=True)
    sealed_debtor = models.BinaryField(null=True)
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
                condition=Q(state__in=[BatchState.PREPARING.value, BatchState.REFUSED.value])
                | Q(payable_count__gt=0, total_minor__gt=0, file_hash__isnull=False),
                name="payouts_batch_is_not_empty",
            ),
            models.CheckConstraint(condition=Q(method__in=_BANK_METHODS), name="payouts_batch_method_is_known"),
            models.CheckConstraint(
                condition=Q(approved_by_user_id__isnull=True) | ~Q(approved_by_user_id=F("created_by_user_id")),
                name="payouts_batch_needs_two_people",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[BatchState.PREPARING.value, BatchState.PREPARED.value],
                    approved_by_user_id__isnull=True,
                    approved_at__isnull=True,
                    refused_by_user_id__isnull=True,
                    refused_at__isnull=True,
                    paid_by_user_id__isnull=True,
                    paid_at__isnull=True,
                )
                | Q(
                    state=BatchState.REFUSED.value,
                    approved_by_user_id__isnull=True,
                    approved_at__isnull=True,
                    refused_by_user_id__isnull=False,
                    refused_at__isnull=False,
                    paid_by_user_id__isnull=True,
                    paid_at__isnull=True,
                )
                | Q(
                    state=BatchState.APPROVED.value,
                    approved_by_user_id__isnull=False,
                    approved_at__isnull=False,
                    refused_by_user_id__isnull=True,
                    refused_at__isnull=True,
                    paid_by_user_id__isnull=True,
                    paid_at__isnull=True,
                )
                | Q(
                    state__in=[BatchState.PAID.value, BatchState.REJECTED.value],
                    approved_by_user_id__isnull=False,
                    approved_at__isnull=False,
                    refused_by_user_id__isnull=True,
                    refused_at__isnull=True,
                    paid_by_user_id__isnull=False,
                    paid_at__isnull=False,
                ),
                name="payouts_batch_state_is_known",
            ),
            # One at a time is being put together, so that a preparation that was killed is gone on with.
            models.UniqueConstraint(
                fields=["country"],
                condition=Q(state=BatchState.PREPARING.value),
                name="payouts_batch_one_in_preparation",
            ),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="payouts_batch_by_state")]


class Payee(ParticipantModel):
    """That a person told where to pay them, and what a colleague may know of it. The name and the account
    themselves are sealed items of the person. Deleted when nothing is owed any more."""

    offer_id = models.UUIDField()
    kind = models.CharField(max_length=4)
    country = models.CharField(max_length=2)
    account_hash = models.CharField(max_length=_HASH_CHARACTERS)
    last_characters = models.CharField(max_length=4)
    given_at = models.DateTimeField()
    problem = models.CharField(max_length=8, null=True)
    problem_code = models.CharField(max_length=8, null=True)

    class Meta:
        db_table = "payouts_payee"
        constraints = [
            models.UniqueConstraint(fields=["participant_id"], name="payouts_payee_once"),
            models.CheckConstraint(condition=Q(kind__in=["iban", "gb"]), name="payouts_payee_kind_is_known"),
            models.CheckConstraint(
                condition=Q(problem__isnull=True, problem_code__isnull=True)
                | Q(problem__isnull=False) & Q(problem__in=[problem.value for problem in PayeeProblem]),
                name="payouts_payee_problem_is_known",
            ),
        ]
        indexes = [models.Index(fields=["offer_id", "account_hash"], name="payouts_payee_by_account")]


class Slip(ParticipantModel):
    """Cash for whoever shows the code at a till. The code is derived from the row's key and never stored; it has
    no end."""

    payable_id = models.UUIDField()
    last_characters = models.CharField(max_length=4)
    issued_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=REFERENCE_CHARACTERS_MAX, null=True)
    by_user_id = models.UUIDField(null=True)
    by_key_id = models.UUIDField(null=True)

    class Meta:
        db_table = "payouts_slip"
        constraints = [
            models.UniqueConstraint(
                fields=["participant_id", "payable_id"],
                condition=Q(cancelled_at__isnull=True),
                name="payouts_slip_one_lives",
            ),
            models.CheckConstraint(
                condition=Q(
                    redeemed_at__isnull=True,
                    reference__isnull=True,
                    by_user_id__isnull=True,
                    by_key_id__isnull=True,
                )
                | Q(redeemed_at__isnull=False, reference__isnull=False, cancelled_at__isnull=True)
                & (
                    Q(by_user_id__isnull=False, by_key_id__isnull=True)
                    | Q(by_user_id__isnull=True, by_key_id__isnull=False)
                ),
                name="payouts_slip_state_is_known",
            ),
        ]
        indexes = [models.Index(fields=["participant_id", "issued_at"], name="payouts_slip_of_person")]


class Debtor(UUIDModel):
    """The merchant's account from which one currency is paid."""

    currency = models.CharField(max_length=3, unique=True)
    name = models.CharField(max_length=70)
    sealed_account = models.BinaryField()
    last_characters = models.CharField(max_length=4)
    bic = models.CharField(max_length=11, null=True)
    town = models.CharField(max_length=35)
    set_by_user_id = models.UUIDField()
    set_at = models.DateTimeField()

    class Meta:
        db_table = "payouts_debtor"


class BankAnswer(UUIDModel):
    """A file of the bank that was read to its end, so that a second reading is known as one."""

    file_hash = models.CharField(max_length=_HASH_CHARACTERS, unique=True)
    kind = models.CharField(max_length=8)
    accepted = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    returned = models.PositiveIntegerField()
    unknown = models.PositiveIntegerField()
    read_by_user_id = models.UUIDField()
    read_at = models.DateTimeField()

    class Meta:
        db_table = "payouts_bank_answer"


class Alarm(UUIDModel):
    """That finance was told something on one day: of a ``place``, which is a country, or a currency for the value
    of vouchers (see ``AlarmKind``)."""

    kind = models.CharField(max_length=12)
    place = models.CharField(max_length=3)
    day = models.DateField()

    class Meta:
        db_table = "payouts_alarm"
        constraints = [
            models.UniqueConstraint(fields=["kind", "place", "day"], name="payouts_alarm_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in AlarmKind]), name="payouts_alarm_kind_is_known"
            ),
        ]


class YearNote(ParticipantModel):
    """That a person was told in one year that what they earned comes near an amount to be declared."""

    year = models.PositiveSmallIntegerField()
    told_at = models.DateTimeField()

    class Meta:
        db_table = "payouts_year_note"
        constraints = [models.UniqueConstraint(fields=["participant_id", "year"], name="payouts_year_note_once")]


class ArchivedPayment(ParticipantModel):
    """What the law on accounts wants kept of one transfer that was made, until ``retain_until``; one that came
    back stays, with ``returned_on``.

    ``sealed_payee`` holds the name and the masked account, and is null where both were deleted before the bank
    said that it had paid. ``participant_id`` leads to the person only while they are there: when they are erased,
    each of their rows gets a number of its own that leads nowhere.
    """

    reference = models.CharField(max_length=END_TO_END_CHARACTERS_MAX)
    country = models.CharField(max_length=2)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    paid_on = models.DateField()
    returned_on = models.DateField(null=True)
    retain_until = models.DateField()
    sealed_payee = models.BinaryField(null=True)

    class Meta:
        db_table = "payouts_archive"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "reference"], name="payouts_archive_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payouts_archive_is_positive"),
            models.CheckConstraint(
                condition=Q(returned_on__isnull=True) | Q(returned_on__gte=F("paid_on")),
                name="payouts_archive_returns_what_was_paid",
            ),
            models.CheckConstraint(condition=Q(retain_until__gt=F("paid_on")), name="payouts_archive_has_an_end"),
        ]
        indexes = [
            models.Index(fields=["reference"], name="payouts_archive_by_reference"),
            models.Index(fields=["country", "paid_on", "id"], name="payouts_archive_by_day"),
            models.Index(fields=["country", "retain_until"], name="payouts_archive_by_end"),
        ]


class ArchiveReading(UUIDModel):
    """That a member opened one archived payment, what for, and sealed why. It is kept as long as the payment."""

    archive_id = models.UUIDField()
    user_id = models.UUIDField()
    purpose = models.CharField(max_length=16)
    sealed_reason = models.BinaryField()
    read_at = models.DateTimeField()

    class Meta:
        db_table = "payouts_archive_reading"
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=[purpose.value for purpose in ArchivePurpose]),
                name="payouts_archive_reading_purpose_is_known",
            ),
        ]
        indexes = [models.Index(fields=["archive_id", "read_at"], name="payouts_archive_reading_of")]
