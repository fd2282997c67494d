"""Reads of payments that are late, or were, as the case has them that opened by itself for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from onloan import clock
from onloan.cases.models import LatePayment
from onloan.cases.rules import LateEnd
from onloan.ledger.rules import reward_reference
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.payouts.models import Payable
from onloan.payouts.rules import PayableState

_ENDS = {
    PayableState.PAID: LateEnd.PAID,
    PayableState.SLIP: LateEnd.SLIP,
    PayableState.VOUCHER: LateEnd.VOUCHER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePaymentView:
    """A payment that missed ``due_on``. ``end`` is None while it is late; ``ended_on`` is the day on which it was
    paid, None for another end. ``batch_id``: the file for the bank that it is in."""

    reference: str
    amount: Money
    due_on: date
    end: LateEnd | None
    ended_on: date | None
    batch_id: UUID | None


def find_end(payable: Payable, due_on: date) -> LateEnd | None:
    """How a payment that missed ``due_on`` stopped being late, or None."""
    end = _ENDS.get(PayableState(payable.state))
    return LateEnd.MOVED if end is None and payable.due_on != due_on else end


def list_late_payments(case_id: UUID) -> Sequence[LatePaymentView]:
    """The payments that a case is about, the first day first, as they are now; none once the person is erased."""
    rows = list(LatePayment.objects.filter(case_id=case_id).order_by("due_on", "id"))
    payables = {
        payable.id: payable
        for payable in Payable.objects.filter(
            participant_id__in={row.participant_id for row in rows}, id__in=[row.payable_id for row in rows]
        )
    }
    return [_view(row, payables[row.payable_id]) for row in rows]


def _view(row: LatePayment, payable: Payable) -> LatePaymentView:
    # What the hourly job has not written down yet is true all the same.
    end = LateEnd(row.end) if row.end is not None else find_end(payable, row.due_on)
    paid_at = (payable.paid_at or row.settled_at) if end is LateEnd.PAID else None
    return LatePaymentView(
        reference=reward_reference(payable.reward_id),
        amount=Money(payable.amount_minor, payable.currency),
        due_on=row.due_on,
        end=end,
        ended_on=None if paid_at is None else clock.local_day(paid_at, market_facts(payable.country).time_zone),
        batch_id=payable.batch_id if end is None else None,
    )
