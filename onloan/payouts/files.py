"""The file of a batch: written line by line, the same bytes each time, so that two people mean the same thing."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from onloan.money import Money
from onloan.payouts import rules, sealing
from onloan.payouts.bank.accounts import PayeeAccount
from onloan.payouts.bank.characters import bank_name
from onloan.payouts.bank.gb import NAME_CHARACTERS_MAX as GB_NAME_CHARACTERS_MAX
from onloan.payouts.bank.gb import write_gb_csv
from onloan.payouts.bank.pain001 import CreditTransfer, Debtor, PaymentFile, write_pain001
from onloan.payouts.bank.transfer_list import write_transfer_list
from onloan.payouts.errors import LinesForgotten
from onloan.payouts.models import Batch, Payment
from onloan.payouts.rules import PayoutMethod

LINES_PER_READ = 1_000
_CSV = ("csv", "text/csv; charset=utf-8")
SUFFIXES = {
    PayoutMethod.SEPA_TRANSFER: ("xml", "application/xml"),
    PayoutMethod.GB_TRANSFER: _CSV,
    PayoutMethod.TRANSFER_LIST: _CSV,
}


def check_bank_name(name: str, account: PayeeAccount) -> str:
    """The holder's name as the bank will see it. Raises what ``bank_name`` raises."""
    if account.kind == "gb":
        return bank_name(name, characters_max=GB_NAME_CHARACTERS_MAX)
    return bank_name(name)


def write_batch(batch: Batch, out: BinaryIO) -> None:
    """Write what goes to the bank. Raises LinesForgotten when the accounts are deleted already."""
    if batch.wrapped_key is None:
        raise LinesForgotten
    transfers = _read_transfers(batch, sealing.unwrap_batch_key(batch.id, bytes(batch.wrapped_key)))
    method = PayoutMethod(batch.method)
    if method is PayoutMethod.GB_TRANSFER:
        write_gb_csv(transfers=transfers, out=out)
    elif method is PayoutMethod.TRANSFER_LIST:
        write_transfer_list(transfers=transfers, out=out)
    else:
        assert batch.sealed_debtor is not None, "it was there when the batch was opened"
        debtor = sealing.unseal_debtor(batch.id, bytes(batch.sealed_debtor))
        file = PaymentFile(
            message_id=rules.message_id(batch.id),
            created_at=batch.created_at,
            execution_on=batch.execute_on,
            debtor=Debtor(debtor.name, debtor.account, debtor.bic, debtor.town),
            count=batch.payable_count,
            total=Money(batch.total_minor, batch.currency),
        )
        write_pain001(file=file, transfers=transfers, out=out)


def hash_batch(batch: Batch) -> str:
    """SHA-256 of the file, without keeping it in memory."""
    sink = _HashingSink()
    write_batch(batch, cast("BinaryIO", sink))
    return sink.digest.hexdigest()


def _read_transfers(batch: Batch, batch_key: bytes) -> Iterator[CreditTransfer]:
    """The lines in the order of their keys, a thousand at a time."""
    is_short = batch.method == PayoutMethod.GB_TRANSFER
    rows = Payment.objects.filter(batch_id=batch.id).order_by("id")
    last = None
    while part := list((rows.filter(id__gt=last) if last else rows)[:LINES_PER_READ]):
        for row in part:
            if row.sealed_line is None:
                raise LinesForgotten
            line = sealing.unseal_line(batch_key, row.id, bytes(row.sealed_line))
            yield CreditTransfer(
                end_to_end_id=row.short_reference if is_short else row.end_to_end_id,
                name=line.name,
                account=line.account,
                amount=Money(row.amount_minor, row.currency),
                remittance=line.remittance,
            )
        last = part[-1].id


class _HashingSink(io.RawIOBase):
    """What a file is written to when only its hash is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.digest.update(data)
        return len(data)
