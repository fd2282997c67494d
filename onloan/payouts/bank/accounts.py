"""Accounts that cash can be paid into: an IBAN of a SEPA country, or a British sort code and account number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from onloan.payouts.bank.errors import AccountOutsideSepa, BadAccount, BadBic, BadBritishAccount

# European Payments Council, EPC409-09 (list of SEPA scheme countries, with Serbia from May 2026), by the country
# code that the IBAN begins with: Jersey, Guernsey and the Isle of Man have GB, French territories FR, Aland FI.
EEA_COUNTRIES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
SEPA_COUNTRIES_OUTSIDE_EEA = frozenset({
    "AD", "AL", "CH", "GB", "GI", "MC", "MD", "ME", "MK", "RS", "SM", "VA",
})  # fmt: skip
SEPA_COUNTRIES = EEA_COUNTRIES | SEPA_COUNTRIES_OUTSIDE_EEA

_TYPED_CHARACTERS_MAX = 64
_SORT_CODE_DIGITS = 6
_GB_DIGITS = 14
_TYPED_GB = re.compile(r"[\d\s./-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class PayeeAccount:
    """``number``: the IBAN without spaces, or the 6 digits of the sort code and the 8 of the account (``gb``).

    ``country`` is ISO 3166-1, where the account is kept.
    """

    kind: Literal["iban", "gb"]
    number: str
    country: str

    @property
    def sort_code(self) -> str:
        """As Britons write it: ``20-00-00``."""
        assert self.kind == "gb"
        return f"{self.number[:2]}-{self.number[2:4]}-{self.number[4:_SORT_CODE_DIGITS]}"

    @property
    def account_number(self) -> str:
        """The 8 digits of a British account."""
        assert self.kind == "gb"
        return self.number[_SORT_CODE_DIGITS:]


def read_account(text: str, *, currency: str) -> PayeeAccount:
    """The account that somebody typed, into which ``currency`` (ISO 4217) is to be paid.

    Pounds go to a sort code and account number, also when they were given as a British IBAN; everything else goes
    to an IBAN of a SEPA country, whose check digits fit (ISO 13616). Raises BadAccount (also as AccountOutsideSepa
    or BadBritishAccount) for field ``account``.
    """
    if currency == "GBP":
        return _read_british(text)
    iban = _read_iban(text)
    if iban is None:
        raise BadAccount(field="account")
    if iban.country_code not in SEPA_COUNTRIES:
        raise AccountOutsideSepa(field="account")
    return PayeeAccount("iban", iban.compact, iban.country_code)


def name_bank(account: PayeeAccount) -> str | None:
    """The bank that keeps the account, as its country's register has it, or its BIC; None if unknown."""
    if account.kind != "iban":
        return None
    iban = IBAN(account.number)
    return iban.bank_name or (str(iban.bic) if iban.bic is not None else None)


def mask_account(account: PayeeAccount) -> str:
    """What may be shown of an account: enough for its owner to know it, too little for anybody to pay with it."""
    country = f"{account.country} " if account.kind == "iban" else ""
    return f"{country}•••• {account.number[-4:]}"


def needs_debtor_town(account: PayeeAccount) -> bool:
    """Whether a transfer to this account carries the payer's address: only outside the EEA (Reg. (EU) 2023/1113).
    The payee's own address is never needed in SEPA, so it is not asked for."""
    return account.country not in EEA_COUNTRIES


def read_bic(text: str) -> str:
    """The BIC of the bank that a merchant pays from (ISO 9362). Raises BadBic for field ``bic``."""
    try:
        bic = BIC(text.strip().upper())
    except (SchwiftyException, ValueError) as error:
        raise BadBic(field="bic") from error
    return bic.compact


def _read_british(text: str) -> PayeeAccount:
    if len(text) <= _TYPED_CHARACTERS_MAX and _TYPED_GB.fullmatch(text):
        digits = re.sub(r"\D", "", text)
    else:
        iban = _read_iban(text)
        digits = "" if iban is None or iban.country_code != "GB" else iban.branch_code + iban.account_code
    # A bank's computer sorts by these digits; more or fewer would mean that one was lost on the way.
    if len(digits) != _GB_DIGITS:
        raise BadBritishAccount(field="account")
    return PayeeAccount("gb", digits, "GB")


def _read_iban(text: str) -> IBAN | None:
    if len(text) > _TYPED_CHARACTERS_MAX:
        return None
    try:
        # People copy an IBAN with its name, with spaces of every kind, and with dashes.
        return IBAN(re.sub(r"^\s*IBAN[\s:]*|[\s\u200b\u2060-]", "", text, flags=re.IGNORECASE))
    except SchwiftyException:
        return None
