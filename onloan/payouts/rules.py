"""States, ways to pay, references and dates of payouts. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from onloan import clock, ids
from onloan.ledger.rules import reward_reference

PAYABLES_MAX = 100_000
REFERENCE_CHARACTERS_MAX = 64
END_TO_END_CHARACTERS_MAX = 35  # ISO 20022, Max35Text
SHORT_REFERENCE_CHARACTERS_MAX = 18  # Faster Payments, the reference that the payee sees
PEOPLE_PER_ACCOUNT_MAX = 4
DAYS_TO_PAY_AFTER_ACCOUNT = 14
DAYS_TO_PAY_AFTER_RETURN = 30
ASKS_MAX = 2
ASK_AGAIN_AFTER = timedelta(days=14)
ACCOUNT_KEPT_FOR = timedelta(days=30)
"""The live copy of an account, after the last payment is settled (rule LR-063)."""
ALARM_DAYS_BEFORE = 3
UNREACHED_DAYS = 30
"""How long cash waits for somebody who does not say where to pay it, before finance is told, each week."""
VOUCHER_YEAR_ALARM = 800_000
"""Vouchers spent in a year, in units of one currency: the law on limited networks asks for a notification at a
million euros (PSD2 art. 37(2) with 3(k); rule LR-065), so somebody looks before."""
DECLARE_SHARE_PERCENT = 80
"""Of a country's yearly amount, from which on a person is told (rule LR-061)."""
ARCHIVE_REASON_CHARACTERS_MIN, ARCHIVE_REASON_CHARACTERS_MAX = 10, 200

# Letters, digits and a few marks: no room for a name with spaces, an address or a formula.
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


class PayableState(StrEnum):
    """``slip``: a claim slip is out for it; ``voucher``: the person took a voucher of the same amount instead."""

    OWED = "owed"
    SLIP = "slip"
    IN_BATCH = "in_batch"
    PAID = "paid"
    VOUCHER = "voucher"


class PaymentState(StrEnum):
    """What the bank has said of one line: nothing yet, done, refused, or done and sent back later."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETURNED = "returned"


class AlarmKind(StrEnum):
    """What finance was told of: payments due or late; people who cannot be paid; vouchers spent in a year."""

    DUE = "due"
    UNREACHED = "unreached"
    VOUCHERS = "vouchers"


class BankWord(StrEnum):
    """What the bank said last of a line that it did not settle by it.

    ``pending``: it is at it. ``name_check``: the name does not match the account, so it waits for the person (rule
    LR-064). ``made``: it refused the payment, and said later that it was made, while the amount was under way in
    another manner.
    """

    PENDING = "pending"
    NAME_CHECK = "name_check"
    MADE = "made"


class ArchivePurpose(StrEnum):
    """What the archive of payments is opened for; there is no other purpose (rule LR-066)."""

    AUDIT = "audit"
    TAX_AUTHORITY = "tax_authority"
    DISPUTE = "dispute"


class BatchState(StrEnum):
    """``paid``: every line is answered, and one at least was paid; ``rejected``: the bank refused them all."""

    PREPARING = "preparing"
    PREPARED = "prepared"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    REFUSED = "refused"


class PayeeProblem(StrEnum):
    """Why the last payment to a person's account failed, as far as the person can mend it."""

    REJECTED = "rejected"
    NAME = "name"
    RETURNED = "returned"


class PayoutMethod(StrEnum):
    """A way to pay cash. Each but the slip makes one kind of file for a bank."""

    SEPA_TRANSFER = "sepa_transfer"
    GB_TRANSFER = "gb_transfer"
    TRANSFER_LIST = "transfer_list"
    CLAIM_SLIP = "claim_slip"


def bank_method(currency: str) -> PayoutMethod:
    """Which file pays ``currency``: ISO 20022 for euros, the Faster Payments kind for pounds, else a list."""
    if currency == "EUR":
        return PayoutMethod.SEPA_TRANSFER
    return PayoutMethod.GB_TRANSFER if currency == "GBP" else PayoutMethod.TRANSFER_LIST


def methods_for(currency: str) -> tuple[PayoutMethod, ...]:
    """Every way in which a person who is owed ``currency`` can be paid; the slip is always one of them."""
    return bank_method(currency), PayoutMethod.CLAIM_SLIP


def payment_due_on(earned_at: datetime, payout_days: int, time_zone: str) -> date:
    """The last day to pay: so many days after the local day on which the reward was earned."""
    assert 0 <= payout_days <= 366
    return clock.local_day(earned_at, time_zone) + timedelta(days=payout_days)


def due_after_account(due_on: date, given_on: date) -> date:
    """The last day to pay, once the person has told where: never sooner than two weeks from then."""
    return max(due_on, given_on + timedelta(days=DAYS_TO_PAY_AFTER_ACCOUNT))


def execution_day(prepared_on: date, bank_holidays: Container[date]) -> date:
    """The day that the file asks the bank for: the next one on which banks settle payments."""
    day = prepared_on + timedelta(days=1)
    while day.isoweekday() > 5 or day in bank_holidays:
        day += timedelta(days=1)
    return day


def archived_until(paid_on: date, years: int) -> date:
    """The last day on which the voucher of a payment is kept: laws on accounts count their years from the end of
    the one in which it was booked (Code de commerce art. L123-22; HGB s. 257(5))."""
    assert years > 0
    return date(paid_on.year + years, 12, 31)


def is_archive_reason(written: str) -> bool:
    """Whether somebody said in a sentence why they open the archive."""
    return ARCHIVE_REASON_CHARACTERS_MIN <= len(written) <= ARCHIVE_REASON_CHARACTERS_MAX and written.isprintable()


def is_reference(text: str) -> bool:
    """Whether ``text`` can be the merchant's reference of something it gave."""
    return _REFERENCE.fullmatch(text) is not None


def end_to_end_id(reward_id: UUID, attempt: int) -> str:
    """What one try to pay is called in bank files: the reward's reference, with ``-2`` for the second try."""
    assert attempt >= 1
    reference = reward_reference(reward_id)
    return reference if attempt == 1 else f"{reference}-{attempt}"


def short_reference(payable_id: UUID, attempt: int) -> str:
    """The same where a bank leaves 18 characters only: R, 16 of chance derived from the payable, one to check."""
    digest = hashlib.sha256(payable_id.bytes + b"/%d" % attempt).digest()
    return "R" + ids.code_from_bytes(digest, SHORT_REFERENCE_CHARACTERS_MAX - 2)


def message_id(batch_id: UUID) -> str:
    """What a batch is called in the bank's files: 33 characters, always the same for one batch."""
    return "B" + batch_id.hex


def read_message_id(text: str) -> UUID | None:
    """The batch that a bank's file speaks of, or None."""
    return UUID(hex=text[1:]) if re.fullmatch(r"B[0-9a-f]{32}", text) else None


def is_reason_code(text: str) -> bool:
    """Whether ``text`` has the form of a bank's reason: a bank's own words could hold a name."""
    return re.fullmatch(r"[A-Z0-9]{1,8}", text) is not None


def is_own_reference(text: str) -> bool:
    """Whether a reference in a bank's file has the form of ours; the file holds other payments of the shop."""
    return re.fullmatch(r"R[0-9A-HJKMNP-TV-Z]{27}(-\d{1,4})?|R[0-9A-HJKMNP-TV-Z]{17}", text) is not None
