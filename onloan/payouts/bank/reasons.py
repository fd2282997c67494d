"""Why a bank did not pay, and what a person can do about it.

The codes are ISO 20022's external lists (ExternalStatusReason1Code, ExternalReturnReason1Code) as SEPA uses them
(EPC135-18, guidance on reason codes for R-transactions), and the answers of a verification of payee.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Help(StrEnum):
    """Who can mend it: the person by a correct number, another account, their name as the bank has it, or a word
    with their bank; or only the merchant, whose file or account is at fault."""

    ACCOUNT = "account"
    CLOSED = "closed"
    NAME = "name"
    BANK = "bank"
    MERCHANT = "merchant"


_HELP = {
    Help.ACCOUNT: "AC01 AC03 AC14 BE23 CNOR RC01 RC04 RC07 RC10 RC11",
    Help.CLOSED: "AC04 AC07 ED06",
    Help.NAME: "BE01 BE06 BE07 BE22 RR03 NMTC RVNM RVMC",
    Help.BANK: "AC06 AC13 AC15 AC16 AG01 BE04 FOCR MD07 MS02 RR04 SL11 SL12 SL13 SL14 BE05 NOAS NOOR ARDT",
    Help.MERCHANT: (
        "AC02 AC05 AC08 AGNT AM01 AM02 AM03 AM04 AM05 AM06 AM07 AM09 AM10 CH03 CH04 CH09 CH10 CH11 CH15 CURR CUST "
        "CUTA DNOR DS02 DT01 DT02 DT04 DU01 DU02 DU03 DU04 DU05 DUPL ED01 ED03 ED05 ERIN FF01 FF02 FF03 FF05 FF10 "
        "FRAD MD01 RR01 RR02 RR05 RR06 RR07 RR08 RR09 RR10 RR11 RR12 SVNR TECH TM01"
    ),
}
_HELP_BY_CODE = {code: help_ for help_, codes in _HELP.items() for code in codes.split()}
_SENTENCES: dict[Help, StrPromise] = {
    Help.ACCOUNT: gettext_lazy(
        "Your bank does not know this account. Please check the number, or give another account."
    ),
    Help.CLOSED: gettext_lazy("This account is closed. Please give another account."),
    Help.NAME: gettext_lazy(
        "The name does not match the account. Please write the holder's name as your bank writes it."
    ),
    Help.BANK: gettext_lazy(
        "Your bank did not take the payment and did not tell us why. Please ask your bank, "
        "or give another account."
    ),
    Help.MERCHANT: gettext_lazy(
        "The payment failed on our side. You need not do anything: it will be made again."
    ),
}


def help_for(code: str | None) -> Help:
    """Who can mend what ``code`` says. MS03 ("reason not told", which banks of many countries always say) and what
    is in no list ask the person: a payment that nobody looks at would fail again."""
    return _HELP_BY_CODE.get((code or "").strip().upper(), Help.BANK)


def explain_reason(code: str | None) -> StrPromise:
    """The sentence for the person; translated when it is read."""
    return _SENTENCES[help_for(code)]
