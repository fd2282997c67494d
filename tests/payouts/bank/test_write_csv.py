"""The files for pounds and for other currencies."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.money import Money
from onloan.payouts.bank.errors import BadPayeeName, BadPaymentText, PayeeNameTooLong
from onloan.payouts.bank.gb import write_gb_csv
from onloan.payouts.bank.pain001 import CreditTransfer
from onloan.payouts.bank.transfer_list import write_transfer_list
from tests.payouts.bank.files import ANA_IBAN, account

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def pounds(reference: str = "R123456789ABCDEF-2", name: str = "Zoë Smith", minor: int = 1_250) -> CreditTransfer:
    return CreditTransfer(reference, name, account("20-00-00 55779911", "GBP"), Money(minor, "GBP"), "Spring pot")


def crowns(
    name: str = "Åsa Ek", text: str = "20 € pot", minor: int = 20_000, currency: str = "SEK"
) -> CreditTransfer:
    return CreditTransfer("R1", name, account(ANA_IBAN, currency), Money(minor, currency), text)


def gb(*transfers: CreditTransfer) -> bytes:
    out = io.BytesIO()
    write_gb_csv(transfers=transfers, out=out)
    return out.getvalue()


def listed(*transfers: CreditTransfer) -> bytes:
    out = io.BytesIO()
    write_transfer_list(transfers=transfers, out=out)
    return out.getvalue()


def test_it_writes_pounds() -> None:
    assert gb(pounds(), pounds("R2", "Mr & Mrs O’Hara", 1)) == (
        b"sort_code,account_number,name,amount,reference\r\n"
        b"20-00-00,55779911,Zoe Smith,12.50,R123456789ABCDEF-2\r\n"
        b"20-00-00,55779911,Mr + Mrs O'Hara,0.01,R2\r\n"
    )


def test_it_cuts_no_name_and_no_reference() -> None:
    assert b"Abcdefghijklmnopqr," in gb(pounds(name="Abcdefghijklmnopqr"))
    with pytest.raises(PayeeNameTooLong):
        gb(pounds(name="Abcdefghijklmnopqrs"))
    with pytest.raises(BadPaymentText):
        gb(pounds("R123456789ABCDEF-22"))


def test_it_lists_other_currencies() -> None:
    assert listed(crowns(), crowns(name="Ek, Åsa", text="=1+1", minor=5, currency="HUF")) == (
        b"reference,name,iban,amount,currency,text\r\n"
        b"R1,Asa Ek,FR1420041010050500013M02606,200.00,SEK,20 EUR pot\r\n"
        b'R1,"Ek, Asa",FR1420041010050500013M02606,0.05,HUF,.1+1\r\n'
    )


@given(st.text(max_size=60), st.text(max_size=60))
def test_it_writes_no_formula(name: str, text: str) -> None:
    for written in (gb, listed):
        transfer = pounds(name=name) if written is gb else crowns(name=name, text=text)
        try:
            rows = list(csv.reader(io.StringIO(written(transfer).decode("ascii"), newline="")))
        except (BadPayeeName, BadPaymentText):
            continue
        assert len(rows) == 2 and len(rows[0]) == len(rows[1])
        assert not any(cell.startswith(FORMULA_STARTS) for cell in rows[1])


def test_it_leaves_the_file_open() -> None:
    out = io.BytesIO()
    write_gb_csv(transfers=[pounds()], out=out)
    out.write(b"more")
    assert out.getvalue().endswith(b"more")
