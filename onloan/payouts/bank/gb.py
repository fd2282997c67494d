"""The file for payments in pounds: a line for each, of the kind that British banks import as Faster Payments."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from onloan.payouts.bank.characters import bank_name, check_reference
from onloan.payouts.bank.pain001 import CreditTransfer, write_amount

COLUMNS = ("sort_code", "account_number", "name", "amount", "reference")
NAME_CHARACTERS_MAX = 18
"""What every British bank takes of a payee's name (the length that Bacs set)."""
REFERENCE_CHARACTERS_MAX = 18


def write_gb_csv(*, transfers: Iterable[CreditTransfer], out: BinaryIO) -> None:
    """Write ``transfers`` in their order (RFC 4180, ASCII, CR LF), the same bytes for the same transfers.

    ``end_to_end_id`` is the reference, which payer and payee both see; there is no room for a text. No cell can be
    taken for a formula: a name begins with a letter, a digit or an apostrophe, everything else with a letter or a
    digit. Raises BadPayeeName, PayeeNameTooLong, BadPaymentText.
    """
    lines = io.TextIOWrapper(out, encoding="ascii", newline="", write_through=True)
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for transfer in transfers:
        assert transfer.amount.currency == "GBP" and transfer.account.kind == "gb"
        writer.writerow(
            (
                transfer.account.sort_code,
                transfer.account.account_number,
                bank_name(transfer.name, characters_max=NAME_CHARACTERS_MAX),
                write_amount(transfer.amount),
                check_reference(transfer.end_to_end_id, characters_max=REFERENCE_CHARACTERS_MAX),
            )
        )
    lines.detach()
