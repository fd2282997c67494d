"""That a name and an account go to the bank is a use: asked of the gate and on record, and stopped by no flag."""

from __future__ import annotations

import pytest
from django.db import connection

from onloan import clock
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.verify import verify_database
from onloan.payouts.models import Batch, Payment
from onloan.people.actions import Flag, set_flag
from onloan.uses.errors import RecordBehind
from onloan.uses.models import Use
from tests.ledger.books import SETTLED, Books, open_books
from tests.payouts.bank.files import BEN_IBAN
from tests.payouts.world import assert_sound, owe, prepare, set_shop_account


@pytest.fixture
def books(both_databases: str) -> Books:
    return open_books(pools=5)


def test_each_payee_is_on_record_and_the_log_says_how_many(books: Books) -> None:
    ana, ben = owe(books, friends=2), owe(books, account=BEN_IBAN)
    prepare(books)
    uses = Use.objects.filter(purpose="payout")
    assert {(use.participant_id, use.basis, use.channel) for use in uses} == {
        (person, "contract", "payment_file") for person in (ana, ben)
    }
    assert uses.count() == 2, "two payments to Ana use her account once"
    number_entries()
    entries = [entry.read() for entry in log.entries(0, log.read_checkpoint().size)]
    [entry] = [entry for entry in entries if entry["kind"] == "use_on_basis"]
    assert (entry["items"], entry["count"], "about" in entry) == (["payee_account", "payee_name"], 2, False)
    assert verify_database().problems == []


@pytest.mark.parametrize("flag", ["restricted", "objected"])
def test_no_flag_keeps_anybody_out_of_a_batch(books: Books, flag: Flag) -> None:
    ana = owe(books)
    set_flag(participant_id=ana, flag=flag, now=SETTLED)
    prepare(books)
    assert [payment.participant_id for payment in Payment.objects.all()] == [ana]
    assert_sound()


def test_a_log_that_has_stopped_lets_no_account_out_and_loses_nothing(books: Books) -> None:
    """The batch is gone on with once the log is what it was."""
    ana = owe(books)
    set_shop_account(books)
    number_entries()
    size, hashes = break_log()
    clock.advance(11)
    owe(books, account=BEN_IBAN)
    clock.advance(11)
    with pytest.raises(RecordBehind):
        prepare(books)
    assert not Payment.objects.exists() and not Use.objects.exists()
    mend_log(size, hashes)
    prepare(books)
    assert Batch.objects.count() == 1
    assert ana in {payment.participant_id for payment in Payment.objects.all()}
    assert_sound()


def break_log() -> tuple[int, bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, hashes FROM evidence_state")
        size, hashes = cursor.fetchone()
        cursor.execute("UPDATE evidence_state SET size = size + 1, hashes = %s", [b""])
    return size, bytes(hashes)


def mend_log(size: int, hashes: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_state SET size = %s, hashes = %s", [size, hashes])
