"""What payouts refuse."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class NothingToPay(OnloanError):
    code = "E-PAYOUT-EMPTY"
    status = 409
    sentence = gettext_lazy("Nothing is owed in {country} that is not in a batch already.")


class SamePerson(OnloanError):
    """Two people pay, or nobody does."""

    code = "E-PAYOUT-SAME-PERSON"
    status = 403
    sentence = gettext_lazy("You prepared this batch, so someone else has to approve it.")


class BatchNotReady(OnloanError):
    code = "E-PAYOUT-STATE"
    status = 409
    sentence = gettext_lazy("This batch is {state}, so this step is not possible now.")


class FileChanged(OnloanError):
    """What would be approved is not what was prepared."""

    code = "E-PAYOUT-FILE"
    status = 409
    sentence = gettext_lazy(
        "The lines of this batch are not those it was prepared with. Refuse it and prepare a new one."
    )


class UnknownReference(OnloanError):
    code = "E-REWARD-REFERENCE"
    status = 404
    sentence = gettext_lazy(
        "No reward has this reference. Send the 28 characters, starting with R, that came with the reward."
    )


class UnknownPayment(OnloanError):
    code = "E-PAYMENT-REFERENCE"
    status = 404
    sentence = gettext_lazy("No payment of this file has this reference. Copy it as the list has it.")


class MadeAlready(OnloanError):
    """The bank refused a payment and made it after all, while this batch was being prepared."""

    code = "E-PAYOUT-MADE"
    status = 409
    sentence = gettext_lazy(
        "The bank says that {count} of these payments were made already, after it had refused them. "
        "Refuse this file: they are booked as paid, and a new file holds the others."
    )


class PayeeNotNeeded(OnloanError):
    """An account is asked for when there is something to pay, and not before (rule LR-063)."""

    code = "E-PAYEE-NOT-NEEDED"
    status = 409
    sentence = gettext_lazy("Nothing is owed to you in cash now, so we do not need your account yet.")


class PayeeShared(OnloanError):
    code = "E-PAYEE-SHARED"
    status = 409
    sentence = gettext_lazy(
        "This account is used by several people of this campaign already. Give an account of your own, or take a "
        "slip that the shop pays out in cash."
    )


class PayableNotOpen(OnloanError):
    """Cash that is under way, paid, or on a slip cannot be taken in another way at the same time."""

    code = "E-PAYABLE-STATE"
    status = 409
    sentence = gettext_lazy(
        "This amount is on its way, already yours, or on a slip. Look at your page to see which it is."
    )


class NoVoucherChoice(OnloanError):
    code = "E-PAYABLE-NO-CHOICE"
    status = 409
    sentence = gettext_lazy("This amount is paid in cash. The campaign has no voucher in its place.")


class SlipUnknown(OnloanError):
    """Also for a slip that its owner has cancelled: a till learns nothing more of it."""

    code = "E-SLIP-UNKNOWN"
    status = 404
    sentence = gettext_lazy("We know no slip with this code. Check each character, or ask for a new slip.")


class SlipRedeemed(OnloanError):
    code = "E-SLIP-REDEEMED"
    status = 409
    sentence = gettext_lazy("This slip was paid out already. It is paid once only.")


class DebtorMissing(OnloanError):
    code = "E-PAYOUT-DEBTOR"
    status = 409
    sentence = gettext_lazy("Say first from which account {currency} is paid.")


class LinesForgotten(OnloanError):
    """Names and accounts are kept for thirty days after a batch is paid, or until their owner is erased."""

    code = "E-PAYOUT-FORGOTTEN"
    status = 410
    sentence = gettext_lazy(
        "Accounts of this batch are deleted: 30 days after it was paid, or because their owner asked for it. Its "
        "file cannot be written again."
    )


class ArchivePurposeNeeded(OnloanError):
    """Whatever is not one of the purposes is none (rule LR-066)."""

    code = "E-ARCHIVE-PURPOSE"
    status = 403
    sentence = gettext_lazy(
        "The archive of payments opens for an audit, for the tax authority or for a dispute, and for nothing "
        "else. Choose which of them it is."
    )


class ArchiveReasonNeeded(OnloanError):
    code = "E-ARCHIVE-REASON"
    status = 422
    sentence = gettext_lazy("Write why you open this payment, in {minimum} to {maximum} characters.")


class ArchiveUnknown(OnloanError):
    code = "E-ARCHIVE-REFERENCE"
    status = 404
    sentence = gettext_lazy(
        "No payment in the archive has this reference. Copy it as it stands on the bank's statement."
    )
