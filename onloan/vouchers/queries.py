"""Reads of vouchers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import ids
from onloan.money import Money
from onloan.people.queries import find_by_code
from onloan.vouchers.codes import group_code, voucher_code
from onloan.vouchers.models import Voucher


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherView:
    """A voucher as its owner sees it. ``code`` buys things: it goes to its owner's own page and nowhere else.

    ``expires_at`` is the last second in which it can be used, or None.
    """

    id: UUID
    participant_id: UUID
    reward_id: UUID
    amount: Money
    remaining: Money
    code: str
    issued_at: datetime
    expires_at: datetime | None
    state: str


def list_vouchers(participant_id: UUID) -> list[VoucherView]:
    """All vouchers of one person, the latest first, with their codes as they are typed."""
    rows = Voucher.objects.filter(participant_id=participant_id).order_by("-issued_at", "-id")
    return [_voucher_view(row) for row in rows]


def find_voucher(typed_code: str) -> VoucherView | None:
    """The voucher whose code somebody typed or scanned; None for anything else."""
    code = ids.normalize_code(typed_code)
    found = find_by_code("voucher", code) if code else None
    if found is None:
        return None
    participant_id, voucher_id = found
    row = Voucher.objects.filter(participant_id=participant_id, id=voucher_id).first()
    return _voucher_view(row) if row else None


def _voucher_view(row: Voucher) -> VoucherView:
    return VoucherView(
        id=row.id,
        participant_id=row.participant_id,
        reward_id=row.reward_id,
        amount=Money(row.amount_minor, row.currency),
        remaining=Money(row.remaining_minor, row.currency),
        code=group_code(voucher_code(row.id)),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        state=row.state,
    )
