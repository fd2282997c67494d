"""What is refused at a till, and when codes are imported. Sentences are read by whoever stands there."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class VoucherUnknown(OnloanError):
    code = "E-VOUCHER-UNKNOWN"
    status = 404
    sentence = gettext_lazy("Nothing has this code. Check it, and type or scan it again.")


class TooManyMisses(OnloanError):
    code = "E-VOUCHER-GUESSES"
    status = 429
    sentence = gettext_lazy("Too many codes that nobody holds were tried here. Wait ten minutes and try again.")


class VoucherExpired(OnloanError):
    code = "E-VOUCHER-EXPIRED"
    status = 409
    sentence = gettext_lazy("This voucher ended on {day}. Nothing can be taken from it any more.")


class VoucherSpent(OnloanError):
    code = "E-VOUCHER-SPENT"
    status = 409
    sentence = gettext_lazy("Nothing is left of this voucher: all of it is spent.")


class VoucherTooMuch(OnloanError):
    code = "E-VOUCHER-TOO-MUCH"
    status = 409
    sentence = gettext_lazy("This voucher has {remaining} left. Take at most that, and the rest in another way.")


class VoucherHeld(OnloanError):
    """Another sale, not finished, has set aside what this one wants."""

    code = "E-VOUCHER-HELD"
    status = 409
    sentence = gettext_lazy(
        "Another sale has set aside a part of this voucher, so {remaining} can be taken now. Finish or release "
        "that sale, or wait until its time is over."
    )


class VoucherCurrency(OnloanError):
    code = "E-VOUCHER-CURRENCY"
    status = 422
    sentence = gettext_lazy("This voucher is in {currency}. Give the amount in {currency}.")


class ReferenceRefused(OnloanError):
    """The same reference with another amount, or for a sale that was undone."""

    code = "E-VOUCHER-REFERENCE"
    status = 409
    sentence = gettext_lazy(
        "This reference stands for another amount of this voucher, or for a sale that was undone. Use a new one "
        "for a new sale."
    )


class ReferenceForm(OnloanError):
    code = "E-VOUCHER-REFERENCE-FORM"
    status = 422
    sentence = gettext_lazy("A reference has 1 to 64 letters, digits, or any of . _ / -")


class HoldTime(OnloanError):
    code = "E-VOUCHER-HOLD-TIME"
    status = 422
    sentence = gettext_lazy("A voucher can be set aside for {least} to {most} seconds.")


class HoldOver(OnloanError):
    code = "E-VOUCHER-HOLD-OVER"
    status = 409
    sentence = gettext_lazy(
        "The time for which this amount was set aside is over, and it is free again. Redeem the voucher anew."
    )


class RedemptionUnknown(OnloanError):
    code = "E-REDEMPTION-UNKNOWN"
    status = 404
    sentence = gettext_lazy("There is no such redemption. Check its id.")


class RedemptionNotReady(OnloanError):
    code = "E-REDEMPTION-STATE"
    status = 409
    sentence = gettext_lazy("This redemption is {state}, so this step is not possible.")


class RollBackTooLate(OnloanError):
    code = "E-ROLL-BACK-LATE"
    status = 409
    sentence = gettext_lazy(
        "A redemption can be undone within {hours} hours. For a later return of goods, give the money back in the "
        "way in which the shop does."
    )


class OwnCodesUnwanted(OnloanError):
    code = "E-OWN-CODES"
    status = 422
    sentence = gettext_lazy(
        "This market has no voucher reward of this name that takes codes of your own. Write own_codes: true at "
        "the reward in the offer file, and give the reward's id."
    )


class TooManyOwnCodes(OnloanError):
    code = "E-OWN-CODES-MANY"
    status = 413
    sentence = gettext_lazy("At most {most} codes are read at once. Split the file.")
