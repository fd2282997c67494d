"""What a bank says of many payments at once: the paid ones go together, and nothing depends on that."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from onloan.ledger.actions import RewardPayment, mark_rewards_paid
from onloan.ledger.check import check_balances
from onloan.ledger.errors import TransferConflict
from onloan.ledger.queries import find_reward
from onloan.ledger.rules import Cause, RewardState
from onloan.payouts.actions import approve_batch, give_account, owe_reward, prepare_batch, set_debtor
from onloan.payouts.answers import read_bank_answer
from onloan.payouts.check import check_payables
from onloan.payouts.models import Payable, Payment
from onloan.payouts.queries import reconcile
from onloan.people.statements import lock_participants
from tests.ledger.books import CASH, SETTLED, Books, earn, join, open_books, second_finance
from tests.payouts.bank.answers import camt054, details, entry
from tests.payouts.bank.files import SHOP_IBAN, many_transfers

LATER = SETTLED + timedelta(days=1)


def sent_batch(books: Books, people: int) -> UUID:
    """As many people are owed 4 euros each, and a batch for them is with the bank."""
    set_debtor(
        currency="EUR",
        name="Boutique Exemple",
        account=SHOP_IBAN,
        town="Paris",
        user_id=books.team.fay,
        now=SETTLED,
    )
    for transfer in many_transfers(people):
        person = join(books)
        owe_reward(reward=earn(books, person, CASH), now=SETTLED)
        give_account(participant_id=person, name=transfer.name, account=transfer.account.number, now=SETTLED)
    batch_id = prepare_batch(country="FR", user_id=books.team.fay, now=LATER)
    approve_batch(batch_id=batch_id, user_id=second_finance(), now=LATER)
    return batch_id


def test_it_books_each_word_of_a_mixed_answer(both_databases: str) -> None:
    books = open_books(pools=6)
    batch_id = sent_batch(books, 6)
    first, second, third, fourth, fifth, _ = Payment.objects.filter(batch_id=batch_id).order_by("id")
    statement = camt054(
        entry(
            details(first.end_to_end_id, amount="4.00"),
            details(first.end_to_end_id, amount="4.00"),
            details(second.end_to_end_id, amount="4.00"),
            details(third.end_to_end_id, amount="4.01"),
            amount="16.01",
        ),
        # Sent back before the statement says that it was sent, and after.
        entry(details(fourth.end_to_end_id, amount="4.00", why="AC04"), credit=True, amount="4.00"),
        entry(details(fourth.end_to_end_id, amount="4.00"), details(fifth.end_to_end_id, amount="4.00")),
        entry(details(second.end_to_end_id, amount="4.00", why="MS03"), credit=True, amount="4.00"),
    )
    report = read_bank_answer(data=statement, user_id=books.team.fay, now=LATER)
    assert (report.accepted, report.returned, report.rejected) == (3, 2, 0)
    assert report.other_amounts == (third.end_to_end_id,)
    tally = reconcile(batch_id)
    assert [each.count for each in (tally.accepted, tally.returned, tally.unanswered)] == [2, 2, 2]
    states = {row.id: row.state for row in Payable.objects.all()}
    assert [states[row.payable_id] for row in (first, second, third, fourth, fifth)] == [
        "paid", "owed", "in_batch", "owed", "paid"
    ]  # fmt: skip
    assert not check_balances() and not check_payables()
    again = read_bank_answer(data=statement, user_id=books.team.fay, now=LATER)
    assert again.was_read and (again.accepted, again.returned) == (0, 0)
    other_file = read_bank_answer(data=statement + b"\n", user_id=books.team.fay, now=LATER)
    assert not other_file.was_read and (other_file.accepted, other_file.returned) == (0, 0)
    assert not check_balances() and not check_payables()


def test_it_pays_a_batch_larger_than_one_step(both_databases: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onloan.payouts.answers.LINES_PER_STEP", 2)
    books = open_books(pools=5)
    batch_id = sent_batch(books, 5)
    references = Payment.objects.filter(batch_id=batch_id).values_list("end_to_end_id", flat=True)
    statement = camt054(entry(*(details(reference, amount="4.00") for reference in references)))
    assert read_bank_answer(data=statement, user_id=books.team.fay, now=LATER).accepted == 5
    assert reconcile(batch_id).unanswered.count == 0
    assert set(Payable.objects.values_list("state", "times_paid")) == {("paid", 1)}
    assert not check_balances() and not check_payables()


def test_it_marks_many_rewards_paid_or_none(both_databases: str) -> None:
    books = open_books(pools=3)
    people = [join(books) for _ in range(3)]
    rewards = [earn(books, person, CASH) for person in people]
    payments = [
        RewardPayment(reward.participant_id, reward.id, Cause.PAID_OUT, f"R{number}", 1)
        for number, reward in enumerate(rewards)
    ]
    lock_and_pay(payments[:2])
    assert lock_and_pay(payments[:2]) == 0, "a retry pays nothing"
    with pytest.raises(TransferConflict):
        lock_and_pay([payments[2], RewardPayment(people[0], rewards[0].id, Cause.PAID_OUT, "another", 1)])
    states = [find_reward(reward.id, reward.participant_id).state for reward in rewards]
    assert states == [RewardState.PAID, RewardState.PAID, RewardState.EARNED]
    assert lock_and_pay(payments) == 1
    assert not check_balances()


def lock_and_pay(payments: list[RewardPayment]) -> int:
    from onloan import db

    @db.action
    def pay() -> int:
        lock_participants({payment.participant_id for payment in payments})
        return mark_rewards_paid(payments=payments, now=SETTLED)

    return pay()
