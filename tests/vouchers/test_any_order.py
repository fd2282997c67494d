"""Whatever a till does in whatever order, crashes and retries included: each cent is left, spent or expired."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from onloan import db
from onloan.errors import OnloanError
from onloan.vouchers.endings import expire_vouchers, release_overdue_holds
from onloan.vouchers.queries import RedemptionView, list_redemptions
from onloan.vouchers.rules import EXPIRY_BOOKED_AFTER, GOOD_AGAIN_FOR, end_of_day, is_over
from onloan.vouchers.spending import finish_redemption, release_redemption, roll_back_redemption
from tests.ledger.books import SETTLED, open_books
from tests.vouchers.tills import assert_balanced, give_voucher, take, till

AMOUNT = 1_400
HOLD_SECONDS = 600
LETTERS = str.maketrans("0123456789", "ghijklmnop")


@dataclass
class Sale:
    """What a sale should be by now, kept by hand."""

    id: uuid.UUID
    reference: str
    amount: int
    state: str
    began_in_hold: bool
    last_change: float


class CrashError(Exception):
    """The process ends in the middle of a transaction."""


class VoucherMachine(RuleBasedStateMachine):
    """One voucher, one till, a clock that only goes forward, and the same kept in plain numbers."""

    def __init__(self) -> None:
        super().__init__()
        slug = f"pot-{uuid.uuid4().hex[:12].translate(LETTERS)}"
        self.holder = give_voucher(expires_at=SETTLED + timedelta(days=3), books=open_books(pools=1, slug=slug))
        self.by = till()
        self.now = SETTLED
        self.expires_at = self.holder.voucher.expires_at
        self.sales: list[Sale] = []
        self.expired = 0

    def seconds(self) -> float:
        return (self.now - SETTLED).total_seconds()

    def held(self) -> int:
        return sum(sale.amount for sale in self.sales if sale.state == "held")

    def left(self) -> int:
        return AMOUNT - self.expired - sum(sale.amount for sale in self.sales if sale.state == "done")

    def let_holds_end(self) -> None:
        for sale in self.sales:
            if sale.state == "held" and self.seconds() > sale.last_change + HOLD_SECONDS:
                sale.state = "released"

    @rule(seconds=st.sampled_from([1, HOLD_SECONDS, HOLD_SECONDS + 1, 3_600, 86_400, 3 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(amount=st.integers(1, AMOUNT + 1), is_held=st.booleans(), crashes=st.booleans())
    def sell(self, amount: int, is_held: bool, crashes: bool) -> None:
        reference = f"sale-{len(self.sales)}"
        hold_seconds = HOLD_SECONDS if is_held else None

        def perform() -> RedemptionView:
            return take(self.holder, amount, reference, hold_seconds=hold_seconds, now=self.now, by=self.by)

        free = self.left() - sum(
            sale.amount
            for sale in self.sales
            if sale.state == "held" and self.seconds() <= sale.last_change + HOLD_SECONDS
        )
        if is_over(self.expires_at, self.now) or amount > free:
            with pytest.raises(OnloanError):
                perform()
            return
        if crashes:
            self.crash_after(perform)
            return
        taken = perform()
        assert perform() == taken
        self.let_holds_end()
        self.sales.append(
            Sale(taken.id, reference, amount, "held" if is_held else "done", is_held, self.seconds())
        )

    def crash_after(self, perform: object) -> None:
        @db.action
        def run() -> None:
            perform()  # type: ignore[operator]
            raise CrashError

        with pytest.raises(CrashError):
            run()

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(self.sales))
        in_time = self.seconds() <= sale.last_change + HOLD_SECONDS
        if sale.state == "done" or (sale.state == "held" and in_time):
            finish_redemption(redemption_id=sale.id, by=self.by, now=self.now)
            if sale.state == "held":
                sale.state, sale.last_change = "done", self.seconds()
            return
        with pytest.raises(OnloanError):
            finish_redemption(redemption_id=sale.id, by=self.by, now=self.now)

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(self.sales))
        if sale.state in {"held", "released"}:
            release_redemption(redemption_id=sale.id, by=self.by, now=self.now)
            sale.state = "released"
            return
        with pytest.raises(OnloanError):
            release_redemption(redemption_id=sale.id, by=self.by, now=self.now)

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(self.sales))
        in_time = self.seconds() <= sale.last_change + 86_400
        if sale.state == "rolled_back" or (sale.state == "done" and in_time):
            roll_back_redemption(redemption_id=sale.id, by=self.by, now=self.now)
            if sale.state == "done":
                sale.state = "rolled_back"
                good_again = end_of_day(self.now + GOOD_AGAIN_FOR, "Europe/Paris")
                assert self.expires_at is not None
                self.expires_at = max(self.expires_at, good_again)
            return
        with pytest.raises(OnloanError):
            roll_back_redemption(redemption_id=sale.id, by=self.by, now=self.now)

    @rule()
    def jobs_run(self) -> None:
        # Vouchers of earlier examples lie in the same database: the limit leaves room for all of them.
        release_overdue_holds(now=self.now, limit=10_000)
        self.let_holds_end()
        expire_vouchers(now=self.now, limit=10_000)
        assert self.expires_at is not None
        if self.now > self.expires_at + EXPIRY_BOOKED_AFTER and self.held() == 0 and self.left():
            self.expired = self.left()

    @invariant()
    def every_cent_is_somewhere(self) -> None:
        lines = list_redemptions(self.holder.id, self.holder.voucher_id)
        spent = sum(line.amount.amount_minor for line in lines if line.state == "done")
        assert spent == sum(sale.amount for sale in self.sales if sale.state == "done")
        remaining, _, in_books, redeemed = self.holder.sums()
        assert (remaining, in_books, redeemed) == (self.left(), self.left(), spent)
        assert_balanced()


def test_any_order_of_steps_keeps_every_cent(both_databases: str) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        VoucherMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
