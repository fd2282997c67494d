"""What payouts do by themselves: ask where to pay, warn of dates, take in what a bank says, keep markets shut."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest

from onloan.errors import NotAllowed
from onloan.ledger.check import check_balances
from onloan.ledger.models import Transfer
from onloan.outbox.models import Message
from onloan.payouts.actions import give_account, mark_batch_paid
from onloan.payouts.answers import read_bank_answer
from onloan.payouts.bank.errors import UnreadableBankFile
from onloan.payouts.models import BankAnswer, Payable, Payee, Payment
from onloan.payouts.queries import count_overdue, find_batch, list_overdue, list_waiting_for_account, reconcile
from onloan.payouts.situation import payment_situation
from onloan.payouts.watch import ask_for_accounts, watch_payments
from tests.ledger.books import DUE_ON, SETTLED, open_books
from tests.payouts.bank.answers import camt053, details, entry, pain002, status
from tests.payouts.bank.files import BEN_IBAN
from tests.payouts.world import LATER, assert_sound, owe, references, send


def mails(template: str) -> int:
    return Message.objects.filter(template=template).count()


def test_it_asks_each_person_twice_where_to_pay_and_not_more(both_databases: str) -> None:
    books = open_books(pools=2)
    owe(books, friends=3, account=None)
    owe(books)
    asked = [ask_for_accounts(now=SETTLED + timedelta(days=day), limit=100) for day in (0, 0, 13, 15, 16, 40, 100)]
    assert asked == [1, 0, 0, 1, 0, 0, 0]
    assert mails("account_wanted") == 2
    context = Message.objects.filter(template="account_wanted").first()
    assert context is not None and context.context["amount"] == "12.00 EUR"


def test_it_tells_finance_once_a_day_what_is_due_and_what_is_late(both_databases: str) -> None:
    books = open_books(pools=2)
    owe(books)
    owe(books, account=None)
    at = SETTLED.replace(year=2027, month=1, day=12)
    assert watch_payments(now=at) == 0
    days = [watch_payments(now=at + timedelta(days=day)) for day in (1, 1, 2, 4, 5)]
    assert days == [1, 0, 1, 1, 1]
    late = [row.context["late"] for row in Message.objects.filter(template="payments_due").order_by("id")]
    assert late[0] == 0 and late[-1] == 1
    assert {row.participant_id for row in Message.objects.filter(template="payments_due")} == {None}


def test_only_what_could_be_paid_is_late(both_databases: str) -> None:
    books = open_books(pools=3)
    owe(books)
    owe(books, account=None)
    after = SETTLED.replace(year=2027, month=1, day=17, hour=12)
    overdue = count_overdue(country="FR", now=after)
    assert (overdue.owed, overdue.late) == (2, 1)
    assert len(list_overdue(now=after)) == 1
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATER)
    overdue = count_overdue(country="FR", now=after)
    assert (overdue.owed, overdue.late) == (1, 0)


def test_it_books_what_a_report_says_of_each_payment(both_databases: str) -> None:
    books = open_books(pools=3)
    people = [owe(books), owe(books, account=BEN_IBAN, name="Ben Smit"), owe(books)]
    batch_id = send(books)
    paid, refused, waiting = references(batch_id)
    report = read_bank_answer(
        data=pain002(
            status(paid, "ACSC", amount="4.00"),
            status(refused, "RJCT", "AC04", amount="4.00"),
            status(waiting, "PDNG", amount="4.00"),
            status("SHOP-INVOICE-7", "ACSC"),
            status("R" + "0" * 27, "ACSC"),
            message_id="B" + batch_id.hex,
        ),
        user_id=books.team.fay,
        now=LATER,
    )
    assert (report.accepted, report.rejected, report.unchanged, report.unknown) == (1, 1, 1, 2)
    assert report.unknown_references == ("R" + "0" * 27,)
    tally = reconcile(batch_id)
    assert [each.count for each in (tally.sent, tally.accepted, tally.rejected, tally.unanswered)] == [3, 1, 1, 1]
    assert find_batch(batch_id).state == "approved"
    failed = Payment.objects.get(end_to_end_id=refused).participant_id
    assert failed in people
    situation = payment_situation(failed, now=LATER)
    assert situation.payee is not None and situation.payee.problem == "rejected" and situation.needs_account
    assert mails("payment_returned") == 1
    assert len(list_waiting_for_account("FR")) == 1
    assert check_balances() == []
    assert_sound()


def test_a_refused_payment_goes_out_again_under_another_reference(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    first = send(books)
    (reference,) = references(first)
    answer = pain002(status(reference, "RJCT", "AC01", amount="4.00"), message_id="B" + first.hex)
    read_bank_answer(data=answer, user_id=books.team.fay, now=LATER)
    assert find_batch(first).state == "rejected"
    give_account(participant_id=ana, name="Ana Lopez", account=BEN_IBAN, now=LATER)
    second = send(books)
    assert references(second) == [f"{reference}-2"]
    mark_batch_paid(batch_id=second, user_id=books.team.fay, now=LATER)
    assert Transfer.objects.filter(credit_kind="paid").count() == 1
    assert check_balances() == []
    assert_sound()


def test_money_that_comes_back_is_still_the_person_s(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    batch_id = send(books)
    (reference,) = references(batch_id)
    mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=LATER)
    back = camt053(entry(details(reference, amount="4.00", why="AC04"), credit=True, amount="4.00"))
    report = read_bank_answer(data=back, user_id=books.team.fay, now=LATER)
    assert report.returned == 1
    payable = Payable.objects.get()
    assert (payable.state, payable.due_on) == ("owed", LATER.date() + timedelta(days=30))
    assert Payee.objects.get().problem == "returned"
    assert payment_situation(ana, now=LATER).owed[0].is_returned
    assert check_balances() == []
    give_account(participant_id=ana, name="Ana Lopez", account=BEN_IBAN, now=LATER)
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATER)
    assert Payable.objects.get().times_paid == 2
    assert check_balances() == []
    assert_sound()


def test_a_file_of_the_bank_counts_once(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id = send(books)
    (reference,) = references(batch_id)
    answer = pain002(status(reference, "ACSC", amount="4.00"), message_id="B" + batch_id.hex)
    assert read_bank_answer(data=answer, user_id=books.team.fay, now=LATER).accepted == 1
    again = read_bank_answer(data=answer, user_id=books.team.fay, now=LATER)
    assert again.was_read and again.accepted == 0
    assert BankAnswer.objects.count() == 1
    assert find_batch(batch_id).state == "paid"


def test_it_books_nothing_for_another_amount(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id = send(books)
    (reference,) = references(batch_id)
    answer = pain002(status(reference, "ACSC", amount="40.00"), message_id="B" + batch_id.hex)
    report = read_bank_answer(data=answer, user_id=books.team.fay, now=LATER)
    assert (report.accepted, report.other_amounts) == (0, (reference,))
    assert Payment.objects.get().state == "open"


def test_a_word_about_the_whole_file_holds_for_each_payment(both_databases: str) -> None:
    books = open_books(pools=2)
    owe(books)
    owe(books, account=BEN_IBAN)
    batch_id = send(books)
    refused = pain002(
        group="<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>", message_id="B" + batch_id.hex
    )
    report = read_bank_answer(data=refused, user_id=books.team.fay, now=LATER)
    assert report.rejected == 2
    # The merchant had too little on its account: nobody is asked to mend what is not theirs.
    assert mails("payment_returned") == 0
    assert set(Payee.objects.values_list("problem", flat=True)) == {None}
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATER)
    assert_sound()


def test_only_finance_reads_what_the_bank_says(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    send(books)
    with pytest.raises(NotAllowed):
        read_bank_answer(data=pain002(), user_id=books.team.greg, now=LATER)
    for data in (b"", b"no xml", b"<a/>", io.BytesIO(b"<Document>").read()):
        with pytest.raises(UnreadableBankFile):
            read_bank_answer(data=data, user_id=books.team.fay, now=LATER)
    assert not BankAnswer.objects.exists()


def test_it_owes_by_the_day_that_people_were_told(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    assert Payable.objects.get().due_on == DUE_ON == date(2027, 1, 16)
