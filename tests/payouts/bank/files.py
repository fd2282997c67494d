"""Builders for what goes to a bank and comes back from one."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from schwifty import IBAN

from onloan.money import Money
from onloan.payouts.bank.accounts import PayeeAccount, read_account
from onloan.payouts.bank.pain001 import CreditTransfer, Debtor, PaymentFile, write_pain001

SHOP_IBAN = "DE89370400440532013000"
ANA_IBAN = "FR1420041010050500013M02606"
BEN_IBAN = "NL91ABNA0417164300"
SWISS_IBAN = "CH9300762011623852957"
SHOP = Debtor("Spring Shop", PayeeAccount("iban", SHOP_IBAN, "DE"), bic="COBADEFFXXX")
COUNTRIES = ("AT", "BE", "CZ", "DE", "ES", "FR", "IT", "NL", "PL", "SE")


def account(text: str = ANA_IBAN, currency: str = "EUR") -> PayeeAccount:
    return read_account(text, currency=currency)


def transfer(
    number: int = 1,
    *,
    name: str = "Ana Lopez",
    text: str = "Spring pot",
    amount_minor: int = 2_000,
    iban: str = ANA_IBAN,
) -> CreditTransfer:
    return CreditTransfer(f"R{number}", name, account(iban), Money(amount_minor, "EUR"), text)


def header(transfers: Sequence[CreditTransfer], *, debtor: Debtor = SHOP) -> PaymentFile:
    return PaymentFile(
        message_id="B0123456789",
        created_at=datetime(2026, 11, 24, 9, 30, 5, tzinfo=UTC),
        execution_on=date(2026, 11, 25),
        debtor=debtor,
        count=len(transfers),
        total=Money(sum(each.amount.amount_minor for each in transfers), "EUR"),
    )


def pain001(transfers: Sequence[CreditTransfer], *, debtor: Debtor = SHOP) -> bytes:
    out = io.BytesIO()
    write_pain001(file=header(transfers, debtor=debtor), transfers=transfers, out=out)
    return out.getvalue()


def many_transfers(count: int, *, accounts_per_country: int = 20) -> Iterator[CreditTransfer]:
    """The same ``count`` transfers each time, to accounts whose check digits fit, made as they are asked for."""
    chance = random.Random(3)
    accounts = [
        read_account(IBAN.random(country_code=country, random=chance).compact, currency="EUR")
        for country in COUNTRIES
        for _ in range(accounts_per_country)
    ]
    for number in range(count):
        yield CreditTransfer(
            f"R{number:026d}",
            f"Zoë Müller-Łukasz {number}",
            accounts[number % len(accounts)],
            Money(number % 9_999 + 1, "EUR"),
            "Spring pot: 20 € for five friends",
        )
