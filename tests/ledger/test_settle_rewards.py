"""What becomes of a promised reward: earned and paid, or voided for one of three reasons."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.utils import IntegrityError

from onloan import ids
from onloan.errors import BadInput, NotAllowed, NotFound
from onloan.evidence.models import QueuedEntry
from onloan.ledger.actions import (
    PaymentCause,
    earn_reward,
    hold_reward,
    mark_reward_paid,
    promise_reward,
    resume_reward,
    return_reward,
    take_as_voucher,
    void_reward,
)
from onloan.ledger.check import check_balances
from onloan.ledger.errors import ClawbackRefused, RewardNotReady, TransferConflict
from onloan.ledger.models import Reward, Transfer
from onloan.ledger.pools import release_pot
from onloan.ledger.queries import RewardView, find_reward, list_rewards_to_earn, pool_view, pot_view, total_by_kind
from onloan.ledger.rules import Cause, RewardState, VoidCause
from onloan.money import Money
from tests.ledger.books import (
    CASH,
    DUE_ON,
    NOW,
    POINTS,
    POT,
    SETTLED,
    THANKS,
    earn,
    join,
    open_books,
    promise,
)  # fmt: skip

UNDONE = VoidCause.EVENT_UNDONE_BEFORE_EARNED


def count_entries(kind: str) -> int:
    bodies = QueuedEntry.objects.values_list("body", flat=True)
    return sum(f'"kind":"{kind}"' in bytes(body).decode() for body in bodies)


def test_it_earns_what_was_promised(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward = earn(books, ana, CASH, cause_key="ben")
    assert (reward.state, reward.earned_at, reward.due_on) == (RewardState.EARNED, SETTLED, DUE_ON)
    pool = pool_view(books.market_id)
    assert (pool.owed, pool.reserved) == (Money(400, "EUR"), Money(9_600, "EUR"))
    assert total_by_kind(pot_view(ana).earned) == {"cash": Money(400, "EUR")}
    assert check_balances() == []


def test_it_earns_once(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward = earn(books, ana, CASH)
    again = earn_reward(reward_id=reward.id, participant_id=ana, due_on=DUE_ON, now=SETTLED + timedelta(days=1))
    assert again == reward
    assert count_entries("reward_earned") == 1


def test_it_waits_for_the_settling_days(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH)
    assert reward_id is not None
    early = SETTLED - timedelta(microseconds=1)
    assert list_rewards_to_earn(now=early, limit=10) == []
    with pytest.raises(RewardNotReady, match="pending"):
        earn_reward(reward_id=reward_id, participant_id=ana, due_on=DUE_ON, now=early)
    assert [row.id for row in list_rewards_to_earn(now=SETTLED, limit=10)] == [reward_id]


def test_it_owes_cash_by_a_date(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH)
    assert reward_id is not None
    with pytest.raises(BadInput):
        earn_reward(reward_id=reward_id, participant_id=ana, due_on=None, now=SETTLED)


def test_it_finds_only_the_person_s_own_reward(both_databases: str) -> None:
    books = open_books(pools=2)
    ana, chloe = join(books), join(books)
    reward = earn(books, ana, CASH)
    with pytest.raises(NotFound):
        find_reward(reward.id, chloe)
    with pytest.raises(NotFound):
        earn_reward(reward_id=reward.id, participant_id=chloe, due_on=DUE_ON, now=SETTLED)


@pytest.mark.parametrize("cause", [VoidCause.EVENT_UNDONE_BEFORE_EARNED, VoidCause.EXPIRY_ANNOUNCED])
def test_it_voids_back_into_the_person_s_reservation(both_databases: str, cause: VoidCause) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH)
    assert reward_id is not None
    for _ in range(2):
        void_reward(reward_id=reward_id, participant_id=ana, cause=cause, decided_by_user_id=None, now=NOW)
    assert pot_view(ana).voided[0].void_cause == cause.value
    assert pool_view(books.market_id).reserved == POT
    assert pot_view(ana).still_possible["cash"] == Money(2_000, "EUR")
    kind = "reward_expired" if cause is VoidCause.EXPIRY_ANNOUNCED else "reward_voided"
    assert count_entries(kind) == 1
    assert check_balances() == []


def test_it_voids_for_fraud_only_by_a_human_who_may_decide(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH)
    assert reward_id is not None
    fraud = VoidCause.FRAUD_DECIDED_BY_HUMAN
    for user_id, error in ((None, BadInput), (books.team.greg, NotAllowed), (ids.new_id(), NotFound)):
        with pytest.raises(error):
            void_reward(reward_id=reward_id, participant_id=ana, cause=fraud, decided_by_user_id=user_id, now=NOW)
    assert find_reward(reward_id, ana).state is RewardState.PENDING
    void_reward(reward_id=reward_id, participant_id=ana, cause=fraud, decided_by_user_id=books.team.dora, now=NOW)
    assert Transfer.objects.get(kind="void").decided_by_user_id == books.team.dora


def test_it_blames_no_human_for_another_cause(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH)
    assert reward_id is not None
    with pytest.raises(BadInput):
        void_reward(
            reward_id=reward_id, participant_id=ana, cause=UNDONE, decided_by_user_id=books.team.dora, now=NOW
        )


@pytest.mark.parametrize("cause", list(VoidCause))
def test_it_never_takes_back_an_earned_reward(both_databases: str, cause: VoidCause) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward = earn(books, ana, CASH)
    human = books.team.dora if cause is VoidCause.FRAUD_DECIDED_BY_HUMAN else None
    with pytest.raises(ClawbackRefused):
        void_reward(reward_id=reward.id, participant_id=ana, cause=cause, decided_by_user_id=human, now=SETTLED)
    assert find_reward(reward.id, ana) == reward
    assert check_balances() == []


def test_it_gives_a_late_void_back_to_the_pool(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH)
    assert reward_id is not None
    release_pot(participant_id=ana, now=NOW)
    assert pool_view(books.market_id).free == Money(9_600, "EUR")
    void_reward(reward_id=reward_id, participant_id=ana, cause=UNDONE, decided_by_user_id=None, now=NOW)
    assert pool_view(books.market_id).free == POT
    assert check_balances() == []


def test_it_releases_what_can_no_longer_be_earned(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    earn(books, ana, THANKS, cause_key="ben")
    promise(books, ana, CASH, cause_key="ben")
    for _ in range(2):
        release_pot(participant_id=ana, now=SETTLED)
    pool = pool_view(books.market_id)
    assert (pool.free, pool.reserved, pool.vouchers) == (
        Money(8_200, "EUR"), Money(400, "EUR"), Money(1_400, "EUR"),
    )  # fmt: skip
    assert count_entries("pot_released") == 1
    assert check_balances() == []


def test_it_pays_cash_once(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward = earn(books, ana, CASH)
    paid = [
        mark_reward_paid(
            reward_id=reward.id, participant_id=ana, cause=Cause.PAID_OUT, reference="R1", now=SETTLED
        )
        for _ in range(2)
    ]
    assert paid == [True, False]
    assert pool_view(books.market_id).paid == Money(400, "EUR")
    assert pot_view(ana).paid[0].settled_at == SETTLED
    with pytest.raises(TransferConflict):
        mark_reward_paid(
            reward_id=reward.id, participant_id=ana, cause=Cause.PAID_OUT, reference="R2", now=SETTLED
        )
    assert check_balances() == []


def pay(reward: RewardView, reference: str, attempt: int = 1, cause: PaymentCause = Cause.PAID_OUT) -> bool:
    return mark_reward_paid(
        reward_id=reward.id, participant_id=reward.participant_id, cause=cause, reference=reference,
        now=SETTLED, attempt=attempt,
    )  # fmt: skip


def test_a_payment_that_came_back_is_owed_again(both_databases: str) -> None:
    books = open_books(pools=1)
    reward = earn(books, join(books), CASH)
    whose = {"reward_id": reward.id, "participant_id": reward.participant_id, "now": SETTLED}
    with pytest.raises(RewardNotReady):
        return_reward(**whose)
    assert pay(reward, "R1")
    with pytest.raises(TransferConflict):
        pay(reward, "R1-2", attempt=2)
    assert [return_reward(**whose), return_reward(**whose)] == [True, False]
    back = find_reward(reward.id, reward.participant_id)
    assert (back.state, back.settled_at, back.reference, back.payment_count) == (RewardState.EARNED, None, None, 1)
    assert (pool_view(books.market_id).owed, back.due_on) == (Money(400, "EUR"), reward.due_on)
    assert count_entries("reward_returned") == 1
    assert check_balances() == []


def test_a_late_retry_of_what_came_back_pays_nothing(both_databases: str) -> None:
    books = open_books(pools=1)
    reward = earn(books, join(books), CASH)
    whose = {"reward_id": reward.id, "participant_id": reward.participant_id, "now": SETTLED}
    pay(reward, "R1")
    return_reward(**whose)
    assert pay(reward, "R1") is False
    assert pool_view(books.market_id).paid == Money(0, "EUR")
    with pytest.raises(TransferConflict):
        pay(reward, "R1-3", attempt=3)
    assert pay(reward, "slip", attempt=2, cause=Cause.SLIP_REDEEMED)
    assert return_reward(**whose) is False
    assert find_reward(reward.id, reward.participant_id).state is RewardState.PAID
    assert return_reward(**whose, attempt=2)
    assert pay(reward, "R1-3", attempt=3)
    assert pool_view(books.market_id).paid == Money(400, "EUR")
    assert check_balances() == []


def test_earned_cash_becomes_a_voucher_once_and_is_never_paid_too(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward, voucher = earn(books, ana, CASH), earn(books, ana, THANKS)
    for _ in range(2):
        assert take_as_voucher(reward_id=reward.id, participant_id=ana, now=SETTLED).taken_as == "voucher"
    pool = pool_view(books.market_id)
    assert (pool.owed, pool.vouchers) == (Money(0, "EUR"), CASH.amounts["FR"] + THANKS.amounts["FR"])
    with pytest.raises(RewardNotReady, match="voucher"):
        pay(reward, "R1")
    with pytest.raises(RewardNotReady):
        take_as_voucher(reward_id=voucher.id, participant_id=ana, now=SETTLED)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reward.objects.filter(id=reward.id).update(taken_as=None)
    assert count_entries("reward_swapped") == 1
    assert check_balances() == []


def test_paid_cash_is_no_voucher_any_more(both_databases: str) -> None:
    books = open_books(pools=1)
    reward = earn(books, join(books), CASH)
    pay(reward, "R1")
    with pytest.raises(RewardNotReady):
        take_as_voucher(reward_id=reward.id, participant_id=reward.participant_id, now=SETTLED)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reward.objects.filter(id=reward.id).update(payment_count=0)


def test_it_pays_only_what_is_earned_and_only_in_its_kind(both_databases: str) -> None:
    books = open_books(pools=1, rules=(CASH, THANKS, POINTS))
    ana = join(books)
    pending = promise(books, ana, CASH)
    voucher, points = earn(books, ana, THANKS), earn(books, ana, POINTS)
    assert pending is not None
    for reward_id, cause in (
        (pending, Cause.PAID_OUT),
        (voucher.id, Cause.PAID_OUT),
        (points.id, Cause.PAID_OUT),
        (voucher.id, Cause.FULFILLED),
    ):
        with pytest.raises(RewardNotReady):
            mark_reward_paid(
                reward_id=reward_id, participant_id=ana, cause=cause, reference="R1", now=SETTLED  # type: ignore[arg-type]
            )  # fmt: skip
    assert mark_reward_paid(
        reward_id=points.id, participant_id=ana, cause=Cause.FULFILLED, reference="R1", now=SETTLED
    )


def test_it_holds_a_pending_reward_and_lets_it_go_on(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH)
    assert reward_id is not None
    hold_reward(reward_id=reward_id, participant_id=ana, reason="Two accounts share one bank account.", now=NOW)
    assert pot_view(ana).waiting[0].held_reason == "Two accounts share one bank account."
    assert list_rewards_to_earn(now=SETTLED, limit=10) == []
    with pytest.raises(RewardNotReady, match="held"):
        earn_reward(reward_id=reward_id, participant_id=ana, due_on=DUE_ON, now=SETTLED)
    resume_reward(reward_id=reward_id, participant_id=ana, now=SETTLED)
    earn_reward(reward_id=reward_id, participant_id=ana, due_on=DUE_ON, now=SETTLED)
    with pytest.raises(RewardNotReady):
        hold_reward(reward_id=reward_id, participant_id=ana, reason="Too late.", now=SETTLED)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "voided", "void_cause": "fraud_decided_by_human"},
        {"state": "pending", "earned_at": None},
        {"state": "held", "held_reason": "a reason"},
        {"amount_minor": F("amount_minor") - 1},
        {"earned_at": None},
    ],
)
def test_the_database_refuses_to_take_back_an_earned_reward(
    both_databases: str, change: dict[str, object]
) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward = earn(books, ana, CASH)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reward.objects.filter(id=reward.id).update(**change)


@pytest.mark.parametrize(
    "cause",
    ["withdrawal", "objection", "complaint", "erasure", "restriction", "access", "rectification", "portability"],
)
def test_the_database_knows_no_right_as_a_cause(both_databases: str, cause: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward_id = promise(books, ana, CASH)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reward.objects.filter(id=reward_id).update(state="voided", void_cause=cause)
    pending = Transfer.objects.get(kind="pending")
    pending.id, pending.kind, pending.pending_id, pending.cause = ids.new_id(), "void", pending.id, cause
    with pytest.raises(IntegrityError), transaction.atomic():
        pending.save(force_insert=True)


def test_the_database_never_changes_a_transfer(both_databases: str) -> None:
    books = open_books(pools=1)
    join(books)
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.update(amount_minor=1)


def test_the_database_resolves_a_pending_transfer_once(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    earn(books, ana, CASH)
    resolution = Transfer.objects.get(kind="post")
    resolution.id = ids.new_id()
    with pytest.raises(IntegrityError), transaction.atomic():
        resolution.save(force_insert=True)


def test_the_database_lets_no_account_go_below_zero(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    for table in ("ledger_account", "ledger_pool_slice"):
        for change in ("debits_posted_minor = 10001", "debits_pending_minor = 10001", "credits_posted_minor = -1"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE {table} SET {change}")
    assert promise_reward(
        participant_id=ana, market_id=books.market_id, country="FR", rule=CASH, cause_key="ben",
        earns_at=SETTLED, now=NOW,
    )  # fmt: skip


def test_the_database_knows_every_way_that_money_goes(both_databases: str) -> None:
    """A transfer from what is owed back to the reservation, say, has no name and is refused."""
    books = open_books(pools=1)
    ana = join(books)
    earn(books, ana, CASH)
    good = Transfer.objects.get(kind="posted")
    for debit, credit, cause in (
        ("owed", "reserved", "window_ended"),
        ("owed", "pool", "window_ended"),
        ("owed", "expired", "expiry_announced"),
        ("vouchers", "pool", "fraud_decided_by_human"),
        ("paid", "owed", "paid_out"),
    ):
        good.id, good.debit_kind, good.credit_kind, good.cause = ids.new_id(), debit, credit, cause
        with pytest.raises(IntegrityError), transaction.atomic():
            good.save(force_insert=True)
