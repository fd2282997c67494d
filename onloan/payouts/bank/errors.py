"""What a bank would refuse, refused before it is stored or sent."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class BadAccount(OnloanError):
    """The text is no IBAN, or one whose check digits do not fit."""

    code = "E-PAYEE-ACCOUNT"
    status = 422
    sentence = gettext_lazy(
        "This is not a correct IBAN: a letter or a digit is wrong or missing. Please copy it again from your bank."
    )


class AccountOutsideSepa(BadAccount):
    sentence = gettext_lazy(
        "We cannot pay into an account in this country. Please give one in a country of SEPA, "
        "or choose another way to be paid."
    )


class BadBritishAccount(BadAccount):
    sentence = gettext_lazy(
        "Please give a UK account: the 6 digits of the sort code and the 8 digits of the account number, "
        "such as 20-00-00 55779911. A shorter account number takes zeros in front."
    )


class BadBic(BadAccount):
    sentence = gettext_lazy("This is not a BIC. It has 8 or 11 characters; it may also be left out.")


class BadPayeeName(OnloanError):
    """The name has signs that no bank takes, or nothing that is a letter."""

    code = "E-PAYEE-NAME"
    status = 422
    sentence = gettext_lazy(
        "Banks do not take every sign in a name. Please use letters, digits, spaces and the signs . , ' - & ( ) "
        "and begin with a letter."
    )


class PayeeNameTooLong(BadPayeeName):
    code = "E-PAYEE-NAME-LONG"
    sentence = gettext_lazy(
        "The bank takes {characters_max} characters of a name, and this one has {characters}. "
        "Please shorten it as your bank does, for example with initials."
    )


class BadPaymentText(OnloanError):
    """A reference, or the text that a payee sees, does not fit the bank's file."""

    code = "E-PAIN-TEXT"
    status = 422
    sentence = gettext_lazy(
        "A text of this payment does not fit the bank's file: {characters} characters of at most "
        "{characters_max}, and no signs but letters, digits and / - ? : ( ) . , ' +."
    )


class DebtorTownMissing(OnloanError):
    """The payer's address goes with a transfer to a SEPA country outside the EEA (Reg. (EU) 2023/1113, art. 4)."""

    code = "E-PAIN-ADDRESS"
    status = 409
    sentence = gettext_lazy(
        "A payment to {country} must name the town that you pay from. Add it to the account you pay from."
    )


class WrongControlSum(OnloanError):
    """The lines are not as many, or not worth as much, as the header says; or two have the same reference."""

    code = "E-PAIN-SUM"
    status = 409
    sentence = gettext_lazy(
        "The lines of this file do not add up to its total, so it was not written. "
        "Refuse the batch and prepare a new one."
    )


class InvalidPaymentFile(OnloanError):
    code = "E-PAIN-SCHEMA"
    status = 422
    sentence = gettext_lazy("This is not a valid pain.001.001.09 file, first in line {line}.")


class UnreadableBankFile(OnloanError):
    code = "E-BANK-FILE"
    status = 422
    sentence = gettext_lazy(
        "This is not an answer that we can read. Please choose the bank's pain.002, camt.053 or camt.054 file, "
        "in XML and of at most 50 MB."
    )
