"""Hand-written SQL of vouchers: taking a code from stock, and moving what remains."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from onloan import db
from onloan.db import Statement
from onloan.money import Money
from onloan.vouchers.codes import unseal_own_code


@dataclass(frozen=True, slots=True)
class TakenCode:
    id: UUID
    code: str


def take_own_code(*, voucher_id: UUID, market_id: UUID, rule_id: str, amount: Money) -> TakenCode | None:
    """Give the oldest code in stock to a voucher, in one statement; None when there is none for this amount.

    A code that another transaction is giving away is passed over, so people who earn at once do not queue, and
    none is given twice.
    """
    skip = " FOR UPDATE SKIP LOCKED" if db.is_postgresql() else ""
    row = db.fetch_one(
        "UPDATE vouchers_own_code SET voucher_id = %s WHERE id = ("  # noqa: S608
        " SELECT id FROM vouchers_own_code WHERE market_id = %s AND rule_id = %s AND amount_minor = %s"
        f" AND currency = %s AND voucher_id IS NULL ORDER BY id LIMIT 1{skip}) RETURNING id, sealed_code",
        [
            db.uuid_value(voucher_id),
            db.uuid_value(market_id),
            rule_id,
            amount.amount_minor,
            amount.currency,
        ],
    )
    if row is None:
        return None
    own_code_id = db.read_uuid(row[0])
    return TakenCode(own_code_id, unseal_own_code(own_code_id, bytes(row[1])))


def change_voucher(
    *, participant_id: UUID, voucher_id: UUID, remaining_minor: int = 0, held_minor: int = 0
) -> Statement:
    """Add to what remains and to what is held; the state follows. The database refuses what is not there."""
    return (
        "UPDATE vouchers_voucher SET remaining_minor = remaining_minor + %s, held_minor = held_minor + %s,"
        " state = CASE WHEN remaining_minor + %s > 0 THEN 'active' ELSE 'redeemed' END"
        " WHERE participant_id = %s AND id = %s",
        [
            remaining_minor,
            held_minor,
            remaining_minor,
            db.uuid_value(participant_id),
            db.uuid_value(voucher_id),
        ],
    )
