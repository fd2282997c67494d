"""What a bank says twice, in part, or on its own pages only: nothing is paid twice, nothing is lost."""

from __future__ import annotations

from uuid import UUID

import pytest

from onloan.errors import BadInput
from onloan.ledger.check import check_balances
from onloan.ledger.models import Transfer
from onloan.outbox.models import Message
from onloan.payouts.actions import approve_batch, mark_batch_paid, refuse_batch
from onloan.payouts.answers import AnswerReport, read_bank_answer, record_outcome
from onloan.payouts.errors import BatchNotReady, MadeAlready, NothingToPay, UnknownPayment
from onloan.payouts.models import Payable, Payee, Payment
from onloan.payouts.queries import find_batch, list_payments, reconcile
from onloan.payouts.rules import PaymentState
from onloan.payouts.settling import book_made_after_all
from onloan.payouts.situation import payment_situation
from tests.ledger.books import Books, open_books, second_finance
from tests.payouts.bank.answers import camt054, details, entry, pain002, status
from tests.payouts.bank.files import BEN_IBAN
from tests.payouts.world import LATER, assert_sound, owe, prepare, references, send


def answer(books: Books, batch_id: UUID, *lines: str) -> AnswerReport:
    data = pain002(*lines, message_id="B" + batch_id.hex)
    return read_bank_answer(data=data, user_id=books.team.fay, now=LATER)


def book(books: Books, reference: str) -> AnswerReport:
    """The bank's statement says that the money left."""
    data = camt054(entry(details(reference, amount="4.00"), amount="4.00"))
    return read_bank_answer(data=data, user_id=books.team.fay, now=LATER)


def refused_by_the_bank(books: Books) -> tuple[UUID, str]:
    """A batch of one payment that the bank refused for a reason of the merchant's, so that it is owed again."""
    owe(books)
    batch_id = send(books)
    (reference,) = references(batch_id)
    assert answer(books, batch_id, status(reference, "RJCT", "AM04", amount="4.00")).rejected == 1
    return batch_id, reference


def times_paid() -> int:
    return Transfer.objects.filter(credit_kind="paid").count()


def assert_books_balance() -> None:
    assert check_balances() == []
    assert_sound()


def test_what_is_made_after_a_refusal_is_paid_and_not_owed_again(both_databases: str) -> None:
    books = open_books(pools=1)
    batch_id, reference = refused_by_the_bank(books)
    report = book(books, reference)
    assert (report.accepted, report.made_after_all) == (1, ())
    assert find_batch(batch_id).state == "paid"
    with pytest.raises(NothingToPay):
        prepare(books)
    assert times_paid() == 1
    assert_books_balance()


def test_a_file_with_what_was_made_after_all_is_not_approved(sqlite_database: str) -> None:
    books = open_books(pools=1)
    _, reference = refused_by_the_bank(books)
    second = prepare(books)
    assert book(books, reference).made_after_all == (reference,)
    with pytest.raises(MadeAlready):
        approve_batch(batch_id=second, user_id=second_finance(), now=LATER)
    assert book_made_after_all(now=LATER, limit=10) == 0
    refuse_batch(batch_id=second, user_id=books.team.fay, now=LATER)
    # Owed for a moment, but already paid: no new file takes it before it is booked.
    with pytest.raises(NothingToPay):
        prepare(books)
    assert book_made_after_all(now=LATER, limit=10) == 1
    assert (times_paid(), Payable.objects.get().state) == (1, "paid")
    assert_books_balance()


def test_it_tells_of_what_goes_out_a_second_time(sqlite_database: str) -> None:
    books = open_books(pools=1)
    first, reference = refused_by_the_bank(books)
    second = send(books)
    assert book(books, reference).made_after_all == (reference,)
    assert [line.bank_word for line in list_payments(first)] == ["made"]
    # Stopped at the bank: then the first one is what was paid.
    assert answer(books, second, status(f"{reference}-2", "RJCT", "DUPL", amount="4.00")).rejected == 0
    assert answer(books, second, status(f"{reference}-2", "CANC", "CUST", amount="4.00")).rejected == 1
    assert book_made_after_all(now=LATER, limit=10) == 1
    assert times_paid() == 1
    assert_books_balance()


def test_marking_the_rest_as_paid_leaves_out_what_the_bank_is_still_at(both_databases: str) -> None:
    books = open_books(pools=3)
    owe(books)
    owe(books, account=BEN_IBAN, name="Ben Smit")
    owe(books)
    batch_id = send(books)
    silent, pending, checked = references(batch_id)
    answer(
        books,
        batch_id,
        status(pending, "PDNG", amount="4.00"),
        status(checked, "RVNM", amount="4.00"),
    )
    assert reconcile(batch_id).silent == 1
    assert mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=LATER) == 1
    states = dict(Payment.objects.values_list("end_to_end_id", "state"))
    assert states == {silent: "accepted", pending: "open", checked: "open"}
    assert find_batch(batch_id).state == "approved"
    assert book(books, pending).accepted == 1
    assert_books_balance()


def test_a_name_that_does_not_match_is_asked_and_never_forfeited(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    batch_id = send(books)
    (reference,) = references(batch_id)
    for number in range(2):
        lines = pain002(status(reference, "RVNM", amount="4.00"), message_id="B" + batch_id.hex)
        read_bank_answer(data=lines + b"\n" * number, user_id=books.team.fay, now=LATER)
    assert Payee.objects.get().problem == "name"
    assert Message.objects.filter(template="payment_name_check").count() == 1
    assert Payable.objects.get().state == "in_batch"
    assert payment_situation(ana, now=LATER).needs_account
    assert answer(books, batch_id, status(reference, "RJCT", "BE01", amount="4.00")).rejected == 1
    assert Payable.objects.get().state == "owed"
    assert_books_balance()


@pytest.mark.parametrize(
    ("said", "payable", "batch"),
    [
        (PaymentState.ACCEPTED, "paid", "paid"),
        (PaymentState.REJECTED, "owed", "rejected"),
        (PaymentState.RETURNED, "owed", "paid"),
    ],
)
def test_finance_enters_what_the_banks_pages_say(
    sqlite_database: str, said: PaymentState, payable: str, batch: str
) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id = send(books)
    (reference,) = references(batch_id)
    for _ in range(2):
        record_outcome(
            batch_id=batch_id,
            reference=reference,
            said=said,
            reason_code="AC04",
            user_id=books.team.fay,
            now=LATER,
        )
    assert (Payable.objects.get().state, find_batch(batch_id).state) == (payable, batch)
    assert_books_balance()


def test_it_enters_nothing_for_a_mistyped_word(sqlite_database: str) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id = prepare(books)
    (reference,) = references(batch_id)

    def enter(reference: str, reason: str = "") -> None:
        record_outcome(
            batch_id=batch_id,
            reference=reference,
            said=PaymentState.ACCEPTED,
            reason_code=reason,
            user_id=books.team.fay,
            now=LATER,
        )

    with pytest.raises(BatchNotReady):
        enter(reference)
    approve_batch(batch_id=batch_id, user_id=second_finance(), now=LATER)
    with pytest.raises(UnknownPayment):
        enter("R" + "0" * 27)
    with pytest.raises(BadInput):
        enter(reference, "unknown to Ana")
    assert Payment.objects.get().state == "open"
