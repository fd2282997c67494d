"""How accounts are sealed outside a person's items: the lines of a batch, and the account it is paid from."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from uuid import UUID

from onloan import keys
from onloan.payouts.bank.accounts import PayeeAccount

_BATCH_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedLine:
    """What a line of a bank's file says of a person: the name as typed, the account, the text for them."""

    name: str
    account: PayeeAccount
    remittance: str


@dataclass(frozen=True, slots=True)
class DebtorAccount:
    """The account that is paid from, as the merchant gave it."""

    name: str
    account: PayeeAccount
    bic: str | None
    town: str


def account_hash(account: PayeeAccount) -> str:
    """By what the same account is known again; it tells nothing by itself."""
    return keys.keyed_hash("payee-account", f"{account.kind}:{account.number}")


def write_account(account: PayeeAccount) -> str:
    """An account as a person's item keeps it."""
    return json.dumps(_list_account(account))


def read_written_account(written: str) -> PayeeAccount:
    return PayeeAccount(*json.loads(written))


def new_batch_key(batch_id: UUID) -> bytes:
    """A random key for the lines of one batch, wrapped: once it is deleted, the lines are noise."""
    return keys.seal(keys.derive_key("payout-batch"), os.urandom(_BATCH_KEY_BYTES), batch_id.bytes + b"key")


def unwrap_batch_key(batch_id: UUID, wrapped_key: bytes) -> bytes:
    return keys.unseal(keys.derive_key("payout-batch"), wrapped_key, batch_id.bytes + b"key")


def seal_line(batch_key: bytes, payment_id: UUID, line: SealedLine) -> bytes:
    plain = [line.name, line.remittance, *_list_account(line.account)]
    return keys.seal(batch_key, json.dumps(plain).encode(), payment_id.bytes)


def unseal_line(batch_key: bytes, payment_id: UUID, sealed: bytes) -> SealedLine:
    name, remittance, *account = json.loads(keys.unseal(batch_key, sealed, payment_id.bytes))
    return SealedLine(name, PayeeAccount(*account), remittance)


def seal_debtor(about: UUID, debtor: DebtorAccount) -> bytes:
    """``about`` is the row that it is kept in: the debtor's own, or a batch's."""
    plain = [debtor.name, debtor.bic, debtor.town, *_list_account(debtor.account)]
    return keys.seal(keys.derive_key("payout-debtor"), json.dumps(plain).encode(), about.bytes)


def unseal_debtor(about: UUID, sealed: bytes) -> DebtorAccount:
    name, bic, town, *account = json.loads(keys.unseal(keys.derive_key("payout-debtor"), sealed, about.bytes))
    return DebtorAccount(name, PayeeAccount(*account), bic, town)


def seal_archived(archive_id: UUID, name: str, account: str) -> bytes:
    """What an archived payment says of a person, under a key that opens nothing else; ``account`` is masked."""
    return keys.seal(keys.derive_key("payout-archive"), json.dumps([name, account]).encode(), archive_id.bytes)


def unseal_archived(archive_id: UUID, sealed: bytes) -> tuple[str, str]:
    """The name, and the account as it was masked."""
    name, account = json.loads(keys.unseal(keys.derive_key("payout-archive"), sealed, archive_id.bytes))
    return name, account


def seal_reading(reading_id: UUID, reason: str) -> bytes:
    """Why somebody opened an archived payment: free text, in which a name may stand."""
    return keys.seal(keys.derive_key("payout-archive"), reason.encode(), reading_id.bytes + b"reason")


def unseal_reading(reading_id: UUID, sealed: bytes) -> str:
    return keys.unseal(keys.derive_key("payout-archive"), sealed, reading_id.bytes + b"reason").decode()


def _list_account(account: PayeeAccount) -> list[str]:
    return [account.kind, account.number, account.country]
