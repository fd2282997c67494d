"""Money of a voucher: held, spent, released, rolled back and ended, each once and never more than there is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from onloan import ids
from onloan.errors import BadInput, NotFound, OnloanError
from onloan.evidence.models import QueuedEntry
from onloan.ledger.actions import take_as_voucher
from onloan.ledger.check import check_balances
from onloan.ledger.errors import RewardNotReady, TransferConflict, WrongCurrency
from onloan.ledger.models import Account, Transfer
from onloan.ledger.queries import RewardView, pool_view
from onloan.ledger.rules import Cause
from onloan.ledger.spending import (
    expire_voucher,
    release_spending,
    restore_spending,
    settle_spending,
    spend_voucher,
)
from onloan.money import Money
from tests.ledger.books import CASH, NOW, SETTLED, THANKS, Books, earn, join, open_books, promise


@dataclass(frozen=True)
class Wallet:
    """Ana's voucher of 14 euros."""

    books: Books
    ana: uuid.UUID
    reward: RewardView

    def spend(self, minor: int, *, redemption_id: uuid.UUID | None = None, is_held: bool = False) -> uuid.UUID:
        redemption_id = redemption_id or ids.new_id()
        spend_voucher(
            participant_id=self.ana, market_id=self.books.market_id, reward_id=self.reward.id,
            redemption_id=redemption_id, amount=Money(minor, "EUR"), is_held=is_held, now=SETTLED,
        )  # fmt: skip
        return redemption_id

    def resolve(self, action: Callable[..., None], redemption_id: uuid.UUID) -> None:
        action(participant_id=self.ana, redemption_id=redemption_id, now=SETTLED)

    def expire(self, voucher_id: uuid.UUID, minor: int) -> None:
        expire_voucher(
            participant_id=self.ana, market_id=self.books.market_id, reward_id=self.reward.id,
            voucher_id=voucher_id, amount=Money(minor, "EUR"), now=SETTLED,
        )  # fmt: skip

    def sums(self) -> tuple[int, int, int]:
        """What lies among vouchers, redeemed and expired, in cents; the books balance."""
        assert check_balances() == []
        pool = pool_view(self.books.market_id)
        return pool.vouchers.amount_minor, pool.redeemed.amount_minor, pool.expired.amount_minor


@pytest.fixture
def wallet(both_databases: str) -> Wallet:
    books = open_books(pools=2)
    ana = join(books)
    return Wallet(books, ana, earn(books, ana, THANKS))


def entries(kind: str) -> int:
    return sum(f'"kind":"{kind}"'.encode() in bytes(row.body) for row in QueuedEntry.objects.all())


def test_it_spends_once_however_often_it_is_told(wallet: Wallet) -> None:
    redemption = wallet.spend(500)
    wallet.spend(500, redemption_id=redemption)
    assert wallet.sums() == (900, 500, 0)
    assert entries("voucher_redeemed") == 1
    with pytest.raises(TransferConflict):
        wallet.spend(501, redemption_id=redemption)
    with pytest.raises(TransferConflict):
        wallet.spend(500, redemption_id=redemption, is_held=True)


def test_a_held_amount_counts_at_once_and_is_spent_or_given_back(wallet: Wallet) -> None:
    held = wallet.spend(1000, is_held=True)
    assert (wallet.sums(), entries("voucher_redeemed")) == ((1400, 0, 0), 0)
    with pytest.raises(BadInput):
        wallet.spend(500)
    wallet.resolve(settle_spending, held)
    wallet.resolve(settle_spending, held)
    assert (wallet.sums(), entries("voucher_redeemed")) == ((400, 1000, 0), 1)
    with pytest.raises(TransferConflict):
        wallet.resolve(release_spending, held)
    other = wallet.spend(400, is_held=True)
    wallet.resolve(release_spending, other)
    wallet.resolve(release_spending, other)
    assert wallet.sums() == (400, 1000, 0)
    for step in (settle_spending, restore_spending):
        with pytest.raises(TransferConflict):
            wallet.resolve(step, other)


def test_it_rolls_back_once_by_a_new_transfer(wallet: Wallet) -> None:
    redemption = wallet.spend(1400)
    before = Transfer.objects.count()
    wallet.resolve(restore_spending, redemption)
    wallet.resolve(restore_spending, redemption)
    assert (wallet.sums(), Transfer.objects.count()) == ((1400, 0, 0), before + 1)
    assert entries("voucher_restored") == 1
    held = wallet.spend(1400, is_held=True)
    with pytest.raises(TransferConflict):
        wallet.resolve(restore_spending, held)
    wallet.resolve(settle_spending, held)
    wallet.resolve(restore_spending, held)
    assert wallet.sums() == (1400, 0, 0)


def test_it_never_spends_more_than_there_is(wallet: Wallet) -> None:
    wallet.spend(1000)
    with pytest.raises(BadInput):
        wallet.spend(401)
    for minor in (0, 1401):
        with pytest.raises(BadInput):
            wallet.spend(minor)
    assert wallet.sums() == (400, 1000, 0)


def test_another_voucher_of_the_same_person_pays_nothing_for_it(wallet: Wallet) -> None:
    other = Wallet(wallet.books, wallet.ana, earn(wallet.books, wallet.ana, THANKS, cause_key="chloe"))
    wallet.spend(1400)
    with pytest.raises(BadInput):
        wallet.spend(1)
    with pytest.raises(BadInput):
        wallet.expire(ids.new_id(), 1)
    other.spend(1400)
    assert wallet.sums() == (0, 2800, 0)


def test_it_ends_once_with_what_was_left(wallet: Wallet) -> None:
    wallet.spend(500)
    voucher_id = ids.new_id()
    wallet.expire(voucher_id, 900)
    wallet.expire(voucher_id, 900)
    assert wallet.sums() == (0, 500, 900)
    assert Transfer.objects.filter(cause=Cause.EXPIRY_ANNOUNCED.value).count() == entries("reward_expired") == 1
    with pytest.raises(TransferConflict):
        wallet.expire(voucher_id, 1)


def test_it_spends_cash_that_was_taken_as_a_voucher(wallet: Wallet) -> None:
    cash = earn(wallet.books, wallet.ana, CASH)
    as_cash = Wallet(wallet.books, wallet.ana, cash)
    with pytest.raises(RewardNotReady):
        as_cash.spend(100)
    take_as_voucher(reward_id=cash.id, participant_id=wallet.ana, now=SETTLED)
    as_cash.spend(400)
    assert wallet.sums() == (1400, 400, 0)


def test_it_refuses_what_is_no_voucher_of_this_person(wallet: Wallet) -> None:
    ben = join(wallet.books)
    pending_id = promise(wallet.books, ben, THANKS)
    assert pending_id is not None

    def refuse(error: type[OnloanError], **changes: object) -> None:
        arguments: dict[str, object] = {
            "participant_id": wallet.ana, "market_id": wallet.books.market_id, "reward_id": wallet.reward.id,
            "redemption_id": ids.new_id(), "amount": Money(100, "EUR"), "is_held": False, "now": NOW,
        }  # fmt: skip
        with pytest.raises(error):
            spend_voucher(**{**arguments, **changes})  # type: ignore[arg-type]

    refuse(NotFound, participant_id=ben)
    refuse(NotFound, participant_id=ids.new_id())
    refuse(NotFound, market_id=ids.new_id())
    refuse(NotFound, reward_id=ids.new_id())
    refuse(WrongCurrency, amount=Money(100, "GBP"))
    refuse(RewardNotReady, participant_id=ben, reward_id=pending_id)
    for step in (settle_spending, release_spending, restore_spending):
        with pytest.raises(NotFound):
            wallet.resolve(step, ids.new_id())
    redemption = wallet.spend(100)
    with pytest.raises(NotFound):
        settle_spending(participant_id=ben, redemption_id=redemption, now=NOW)
    with pytest.raises(TransferConflict):
        wallet.resolve(settle_spending, redemption)


def test_the_database_keeps_spent_money_from_the_pool(wallet: Wallet) -> None:
    """No route leads from what is earned to the pool, whoever writes the row."""
    row = Transfer.objects.get(cause=Cause.COUNTED.value)
    for debit, credit in (
        ("vouchers", "pool"),
        ("redeemed", "pool"),
        ("expired", "vouchers"),
        ("vouchers", "owed"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.create(
                id=ids.new_id(), participant_id=row.participant_id, debit_account_id=row.debit_account_id,
                debit_kind=debit, credit_account_id=row.credit_account_id, credit_kind=credit, amount_minor=1,
                currency="EUR", kind="posted", pending_id=None, cause=Cause.REDEEMED.value, cause_ref=None,
                decided_by_user_id=None, created_at=NOW,
            )  # fmt: skip
    assert Account.objects.filter(kind="redeemed").count() == 0
