"""Somebody with a voucher, and those who stand at a till."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from onloan.access.models import User
from onloan.ledger.check import check_balances
from onloan.ledger.queries import pool_view
from onloan.money import Money
from onloan.offers.document import RewardRule
from onloan.vouchers.actions import issue_voucher
from onloan.vouchers.check import check_vouchers
from onloan.vouchers.queries import RedemptionView, VoucherView, find_own_voucher
from onloan.vouchers.rules import Till
from onloan.vouchers.spending import redeem_voucher
from tests.ledger.books import SETTLED, THANKS, Books, earn, join, open_books

LATER = SETTLED + timedelta(hours=1)
EXPIRES_AT = SETTLED + timedelta(days=180)


@dataclass(frozen=True)
class Holder:
    """Ana, who holds a voucher of 14 euros in the French market."""

    books: Books
    id: uuid.UUID
    voucher_id: uuid.UUID
    code: str

    @property
    def voucher(self) -> VoucherView:
        found = find_own_voucher(self.id, self.voucher_id)
        assert found is not None
        return found

    def sums(self) -> tuple[int, int, int, int]:
        """Left on the voucher, of that held; then left and redeemed in the books of the market."""
        pool = pool_view(self.books.market_id)
        voucher = self.voucher
        return (
            voucher.remaining.amount_minor,
            voucher.held.amount_minor,
            pool.vouchers.amount_minor,
            pool.redeemed.amount_minor,
        )


def give_voucher(
    *, rule: RewardRule = THANKS, expires_at: datetime | None = EXPIRES_AT, books: Books | None = None
) -> Holder:
    books = books or open_books(pools=2)
    ana = join(books)
    voucher_id = issue_voucher(reward=earn(books, ana, rule), expires_at=expires_at, now=SETTLED)
    found = find_own_voucher(ana, voucher_id)
    assert found is not None
    return Holder(books, ana, voucher_id, found.code)


def till(name: str = "Tia", role: str = "till") -> Till:
    """A member who stands at the till."""
    email = f"{name.lower()}@boutique.example"
    user = User.objects.filter(email=email).first()
    user = user or User.objects.create_user(email, name=name, role=role)
    return Till(user_id=user.pk)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def take(
    holder: Holder,
    minor: int | None,
    reference: str = "sale-1",
    *,
    hold_seconds: int | None = None,
    now: datetime = LATER,
    by: Till | None = None,
) -> RedemptionView:
    return redeem_voucher(
        typed_code=holder.code, amount=None if minor is None else euros(minor), reference=reference,
        by=by or till(), hold_seconds=hold_seconds, now=now,
    )  # fmt: skip


def assert_balanced() -> None:
    problems = [str(problem) for problem in (*check_balances(), *check_vouchers())]
    assert not problems, problems
