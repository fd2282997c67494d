"""Promise 7: what was acknowledged is never lost, and nothing happens twice, after a kill -9."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connections

from onloan import ids
from onloan.evidence.models import EntryLink
from onloan.ledger.check import check_balances
from onloan.ledger.models import Transfer
from onloan.ledger.queries import pool_view
from onloan.money import Money
from onloan.payouts.actions import approve_batch, prepare_batch
from onloan.payouts.check import check_payables
from onloan.payouts.models import Batch, Payable, Payment
from onloan.payouts.queries import batch_file, find_batch
from onloan.people.models import Participant
from tests.ledger.books import POT, SETTLED, Books, open_books, second_finance
from tests.payouts.bank.answers import pain002, status
from tests.payouts.bank.files import ANA_IBAN, BEN_IBAN
from tests.payouts.world import owe, references, set_shop_account

ROOT = Path(__file__).parents[2]
PEOPLE = 60
STEPS_AFTER = 5


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.money_process", *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def run_until_killed(acknowledged_before_kill: int, *arguments: str) -> list[str]:
    """What the process acknowledged before it was killed, while it was at one of its next few steps; it may have
    committed one more that it could not say."""
    process = start(*arguments)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n" * (acknowledged_before_kill + STEPS_AFTER))
    process.stdin.flush()
    lines = [process.stdout.readline().strip() for _ in range(acknowledged_before_kill)]
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().split()
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return lines


def run_to_the_end(*arguments: str) -> list[str]:
    process = start(*arguments)
    output, _ = process.communicate("\n" * 1000)
    assert process.returncode == 0
    return output.split()


@pytest.mark.slow
def test_acknowledged_pots_survive_and_retries_double_nothing(both_databases: str) -> None:
    books = open_books(pools=PEOPLE - 10)
    people = [str(ids.new_id()) for _ in range(PEOPLE)]
    arguments = ("reserve", str(books.market_id), str(books.version_id), str(books.offer_id), *people)
    connections.close_all()
    for acknowledged_before_kill in (3, 17):
        acknowledged = run_until_killed(acknowledged_before_kill, *arguments)
        assert len(acknowledged) >= acknowledged_before_kill
        kept = set(map(str, Transfer.objects.filter(cause="joined").values_list("participant_id", flat=True)))
        assert set(acknowledged) <= kept
        # Half a joining is never there: who has a row has a pot, and an entry of it.
        assert {str(person) for person in Participant.objects.values_list("id", flat=True)} == kept
        assert EntryLink.objects.count() == len(kept)
        assert check_balances() == []
        connections.close_all()
    assert run_to_the_end(*arguments) == people[: PEOPLE - 10]
    assert pool_view(books.market_id).reserved == POT.times(PEOPLE - 10)
    assert Transfer.objects.count() == PEOPLE - 10
    assert check_balances() == []


def open_with_debts() -> Books:
    """Twenty payments are owed to four people who told where to pay."""
    books = open_books(pools=4)
    set_shop_account(books)
    for account in (ANA_IBAN, BEN_IBAN, ANA_IBAN, BEN_IBAN):
        owe(books, friends=5, account=account)
    return books


def count_paid() -> int:
    return Transfer.objects.filter(credit_kind="paid").count()


@pytest.mark.slow
def test_a_preparation_killed_in_the_middle_takes_each_payment_once(both_databases: str) -> None:
    books = open_with_debts()
    connections.close_all()
    acknowledged = run_until_killed(7, "prepare", str(books.team.fay))
    assert 7 <= len(acknowledged) <= Payment.objects.count() < 20
    assert check_balances() + check_payables() == []
    connections.close_all()
    run_to_the_end("prepare", str(books.team.fay))
    batch = Batch.objects.get()
    assert (batch.state, batch.payable_count, batch.total_minor) == ("prepared", 20, 8_000)
    assert Payment.objects.values("payable_id").distinct().count() == 20
    approve_batch(batch_id=batch.id, user_id=second_finance(), now=SETTLED)
    file = batch_file(batch.id)
    lines = [row.end_to_end_id for row in Payment.objects.all()]
    assert all(file.content.count(f"<EndToEndId>{line}</EndToEndId>".encode()) == 1 for line in lines)
    assert check_balances() + check_payables() == []


@pytest.mark.slow
def test_a_batch_killed_in_the_middle_is_paid_once(both_databases: str) -> None:
    books = open_with_debts()
    batch_id = prepare_batch(country="FR", user_id=books.team.fay, now=SETTLED)
    approve_batch(batch_id=batch_id, user_id=second_finance(), now=SETTLED)
    before = batch_file(batch_id).content
    connections.close_all()
    acknowledged = run_until_killed(7, "pay", str(batch_id), str(books.team.fay))
    assert len(acknowledged) <= Payable.objects.filter(state="paid").count() == count_paid()
    assert find_batch(batch_id).state == "approved"
    assert batch_file(batch_id).content == before
    assert check_balances() + check_payables() == []
    connections.close_all()
    run_to_the_end("pay", str(batch_id), str(books.team.fay))
    assert find_batch(batch_id).state == "paid"
    assert Payable.objects.filter(state="paid").count() == count_paid() == 20
    assert pool_view(books.market_id).paid == Money(8_000, "EUR")
    assert check_balances() + check_payables() == []


@pytest.mark.slow
def test_an_answer_killed_in_the_middle_counts_once(both_databases: str, tmp_path: Path) -> None:
    books = open_with_debts()
    batch_id = prepare_batch(country="FR", user_id=books.team.fay, now=SETTLED)
    approve_batch(batch_id=batch_id, user_id=second_finance(), now=SETTLED)
    said = [
        status(reference, "RJCT" if number % 5 == 4 else "ACSC", "AC04" if number % 5 == 4 else "", amount="4.00")
        for number, reference in enumerate(references(batch_id))
    ]
    file = tmp_path / "answer.xml"
    file.write_bytes(pain002(*said, message_id="B" + batch_id.hex))
    connections.close_all()
    acknowledged = run_until_killed(7, "answer", str(file), str(books.team.fay))
    answered = Payment.objects.exclude(state="open").count()
    assert 7 <= len(acknowledged) <= answered < 20
    assert check_balances() + check_payables() == []
    connections.close_all()
    run_to_the_end("answer", str(file), str(books.team.fay))
    assert (count_paid(), Payable.objects.filter(state="owed").count()) == (16, 4)
    assert find_batch(batch_id).state == "paid"
    assert check_balances() + check_payables() == []


@pytest.mark.slow
def test_two_processes_pay_one_batch_once(both_databases: str) -> None:
    books = open_with_debts()
    batch_id = prepare_batch(country="FR", user_id=books.team.fay, now=SETTLED)
    approve_batch(batch_id=batch_id, user_id=second_finance(), now=SETTLED)
    connections.close_all()
    both = [start("pay", str(batch_id), str(books.team.fay)) for _ in range(2)]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n" * 1000)
        process.stdin.flush()
    for process in both:
        process.communicate()
        assert process.returncode == 0
    assert count_paid() == Payable.objects.filter(state="paid").count() == 20
    assert check_balances() + check_payables() == []
