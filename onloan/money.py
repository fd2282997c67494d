"""Money: integer minor units and a currency, never floats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

AMOUNT_MINOR_MAX = 10**15 - 1
_WRITTEN = re.compile(r"^(\d{1,13})(?:\.(\d{1,3}))? ([A-Z]{3})$")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """``amount_minor`` in the smallest unit of ``currency`` (ISO 4217), zero or more."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        assert 0 <= self.amount_minor <= AMOUNT_MINOR_MAX, "an amount is bounded and never negative"
        assert len(self.currency) == 3

    def __add__(self, other: Money) -> Money:
        assert self.currency == other.currency, "currencies are never added together"
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def times(self, count: int) -> Money:
        return Money(self.amount_minor * count, self.currency)

    def format(self, language: str) -> str:
        """As a reader of ``language`` writes it: ``20 €`` or ``£12.50``; whole amounts without decimals."""
        digits = get_currency_precision(self.currency)
        major = Decimal(self.amount_minor).scaleb(-digits)
        whole = major == major.to_integral_value()
        locale = "en_GB" if language == "en" else language
        text: str = format_currency(
            major,
            self.currency,
            locale=locale,
            currency_digits=not whole,
            format=_whole_pattern(locale) if whole else None,
        )
        # French readers know the bare sign; the longer one is for pages that also speak of other pounds.
        return text.replace("£GB", "£")

    def units(self) -> Decimal:
        """The amount in whole units of its currency."""
        return Decimal(self.amount_minor).scaleb(-get_currency_precision(self.currency))

    def written(self) -> str:
        """As an offer file writes it: ``12.50 EUR``."""
        digits = get_currency_precision(self.currency)
        return f"{Decimal(self.amount_minor).scaleb(-digits):.{digits}f} {self.currency}"


def parse_money(text: str) -> Money:
    """Read ``12.50 EUR``. Raises ValueError with a sentence that says what is wrong."""
    match = _WRITTEN.match(text)
    if match is None:
        raise ValueError("write an amount as digits, a point, and a currency: 12.50 EUR")
    whole, fraction, currency = match.groups()
    digits = get_currency_precision(currency)
    if fraction and len(fraction) > digits:
        raise ValueError(f"{currency} has {digits} decimals")
    amount_minor = int(whole) * 10**digits + int((fraction or "").ljust(digits, "0") or 0)
    if amount_minor > AMOUNT_MINOR_MAX:
        raise ValueError("this amount is too large")
    return Money(amount_minor, currency)


def _whole_pattern(locale: str) -> str:
    """Where the sign stands when the amount has no decimals: before it in English, after it elsewhere."""
    return "¤#,##0" if locale.startswith("en") else "#,##0\u00a0¤"
