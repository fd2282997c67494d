"""The file for payments in other currencies: a list by IBAN, for the bank's import or for typing it in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from onloan.payouts.bank.characters import bank_name, bank_text, check_reference
from onloan.payouts.bank.pain001 import CreditTransfer, write_amount

COLUMNS = ("reference", "name", "iban", "amount", "currency", "text")


def write_transfer_list(*, transfers: Iterable[CreditTransfer], out: BinaryIO) -> None:
    """Write ``transfers`` in their order (RFC 4180, ASCII, CR LF), the same bytes for the same transfers.

    No cell can be taken for a formula: names and texts begin with a letter, a digit or an apostrophe. Raises
    BadPayeeName, PayeeNameTooLong, BadPaymentText.
    """
    lines = io.TextIOWrapper(out, encoding="ascii", newline="", write_through=True)
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for transfer in transfers:
        assert transfer.account.kind == "iban"
        writer.writerow(
            (
                check_reference(transfer.end_to_end_id),
                bank_name(transfer.name),
                transfer.account.number,
                write_amount(transfer.amount),
                transfer.amount.currency,
                _guard(bank_text(transfer.remittance)),
            )
        )
    lines.detach()


def _guard(text: str) -> str:
    """An apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return "'" + text if text.startswith(("+", "-", "=", "@")) else text
