"""The books as a journal: hledger reads it, recomputes it and agrees to the cent."""

from __future__ import annotations

import csv
import io
import random
import shutil
import subprocess
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.db.utils import InternalError, OperationalError

from onloan import db, ids
from onloan.errors import NotFound
from onloan.ledger.actions import (
    earn_reward,
    mark_reward_paid,
    return_reward,
    take_as_voucher,
    void_reward,
)
from onloan.ledger.check import check_balances
from onloan.ledger.corrections import correct_reward, propose_correction
from onloan.ledger.journal import write_journal
from onloan.ledger.models import Account, Transfer
from onloan.ledger.pools import release_pot
from onloan.ledger.queries import pool_view
from onloan.ledger.rules import Cause, VoidCause
from onloan.ledger.spending import (
    expire_voucher,
    release_spending,
    restore_spending,
    settle_spending,
    spend_voucher,
)
from onloan.money import Money
from onloan.people.queries import find_participant
from tests.ledger.books import CASH, DUE_ON, NOW, POT, SETTLED, THANKS, WELCOME, Books, join, open_books, promise

HLEDGER = shutil.which("hledger")
needs_hledger = pytest.mark.skipif(HLEDGER is None, reason="hledger is not installed (apt-get install hledger)")


def hledger(journal: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert HLEDGER is not None
    return subprocess.run(  # noqa: S603
        [HLEDGER, "-f", "-", *arguments], input=journal, capture_output=True, text=True, check=False
    )


def journal_of(market_id: uuid.UUID | None = None) -> str:
    out = io.StringIO()
    written = write_journal(out=out, market_id=market_id)
    text = out.getvalue()
    assert text.count("; id:") == written
    return text


def live_through(books: Books, seed: int) -> None:
    """A random history in which every kind of transfer happens sooner or later."""
    chance = random.Random(seed)  # noqa: S311
    people = [join(books, now=NOW + timedelta(hours=number)) for number in range(8)]
    vouchers, paid = [], []
    for person in people:
        for number in range(chance.randint(1, 5)):
            rule = chance.choice([THANKS, CASH, CASH])
            reward_id = promise(books, person, rule, cause_key=f"friend-{number}", now=NOW)
            assert reward_id is not None
            fate = chance.random()
            if fate < 0.15:
                continue
            if fate < 0.3:
                void_reward(
                    reward_id=reward_id, participant_id=person, decided_by_user_id=None, now=NOW,
                    cause=VoidCause.EVENT_UNDONE_BEFORE_EARNED,
                )  # fmt: skip
                continue
            reward = earn_reward(reward_id=reward_id, participant_id=person, due_on=DUE_ON, now=SETTLED)
            if rule is THANKS or fate > 0.85:
                if rule is CASH:
                    take_as_voucher(reward_id=reward_id, participant_id=person, now=SETTLED)
                vouchers.append(reward)
            elif fate > 0.4:
                mark_reward_paid(
                    reward_id=reward_id, participant_id=person, cause=Cause.PAID_OUT, reference="R", now=SETTLED
                )
                paid.append(reward)
        if chance.random() < 0.3:
            release_pot(participant_id=person, now=SETTLED)
        if chance.random() < 0.5:
            correct(books, person)
    for reward in paid[::2]:
        return_reward(reward_id=reward.id, participant_id=reward.participant_id, now=SETTLED + timedelta(days=1))
    for reward in vouchers:
        whose = {"participant_id": reward.participant_id, "now": SETTLED + timedelta(days=chance.randint(1, 9))}
        of_voucher = {**whose, "market_id": books.market_id, "reward_id": reward.id}
        part = Money(chance.randint(1, reward.amount.amount_minor), "EUR")
        redemption = {"redemption_id": ids.new_id()}
        is_held = chance.random() < 0.6
        spend_voucher(**of_voucher, **redemption, amount=part, is_held=is_held)
        resolve = chance.choice([None, settle_spending, release_spending]) if is_held else None
        if resolve:
            resolve(**whose, **redemption)
        if chance.random() < 0.4 and (not is_held or resolve is settle_spending):
            restore_spending(**whose, **redemption)
        elif part != reward.amount and chance.random() < 0.5:
            left = Money(reward.amount.amount_minor - part.amount_minor, "EUR")
            expire_voucher(**of_voucher, voucher_id=ids.new_id(), amount=left)
    assert check_balances() == []


def correct(books: Books, person: uuid.UUID) -> None:
    """The team gives somebody a voucher that was missing; after the window its money comes from the pool."""
    correction_id = ids.new_id()
    propose_correction(
        correction_id=correction_id, participant_id=person, case_id=ids.new_id(), rule_id=WELCOME.id,
        cause_key="own", reason="The shop forgot to report it.", user_id=books.team.dora, now=SETTLED,
    )  # fmt: skip
    correct_reward(correction_id=correction_id, user_id=books.team.fay, now=SETTLED)


def balances(journal: str) -> dict[str, Decimal]:
    """What hledger computes for each account, in euros or pounds."""
    answer = hledger(journal, "balance", "--flat", "--empty", "-N", "-O", "csv")
    assert answer.returncode == 0, answer.stderr
    rows = list(csv.reader(io.StringIO(answer.stdout)))[1:]
    return {name: Decimal(amount.split()[0]) for name, amount in rows}


def expected(books: Books) -> dict[str, Decimal]:
    """The same from the accounts' rows, put together in another way than the journal does."""
    place = f"{books.offer.slug}:{books.country}"
    pool = pool_view(books.market_id)
    rows = Account.objects.filter(market_id=books.market_id)
    waiting = {kind: sum(row.debits_pending_minor for row in rows if row.kind == kind) for kind in
               ("reserved", "vouchers")}  # fmt: skip
    minor = {
        f"merchant:funding:{place}": -pool.funded.amount_minor,
        f"pool:{place}": pool.free.amount_minor,
        f"people:{place}:reserved": pool.reserved.amount_minor - waiting["reserved"],
        f"people:{place}:set-aside": waiting["reserved"],
        f"people:{place}:owed": pool.owed.amount_minor,
        f"people:{place}:vouchers": pool.vouchers.amount_minor - waiting["vouchers"],
        f"people:{place}:held-at-till": waiting["vouchers"],
        f"people:{place}:redeemed": pool.redeemed.amount_minor,
        f"people:{place}:paid": pool.paid.amount_minor,
        f"people:{place}:expired": pool.expired.amount_minor,
    }
    return {name: Decimal(value) / 100 for name, value in minor.items()}


@needs_hledger
@pytest.mark.parametrize("seed", range(4))
def test_hledger_agrees_to_the_cent(both_databases: str, seed: int) -> None:
    books = open_books(pools=9)
    british = open_books(pools=2, country="GB", slug="autumn-pot")
    live_through(books, seed)
    join(british, amount=Money(POT.amount_minor, "GBP"))
    both = journal_of()
    answer = hledger(both, "check", "--strict")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert balances(both) == {**expected(books), **expected(british)}
    one = journal_of(books.market_id)
    assert hledger(one, "check", "--strict", "ordereddates").returncode == 0
    assert balances(one) == expected(books)
    assert one == journal_of(books.market_id)


@needs_hledger
def test_hledger_notices_a_changed_amount(sqlite_database: str) -> None:
    books = open_books(pools=9)
    live_through(books, 1)
    journal = journal_of()
    # Both sides of one transaction, so that it balances by itself: only the assertions can tell.
    changed = journal.replace("  4.00 EUR\n", "  5.00 EUR\n", 1).replace("  -4.00 EUR\n", "  -5.00 EUR\n", 1)
    assert changed != journal
    answer = hledger(changed, "check")
    assert answer.returncode != 0
    assert "assertion" in answer.stderr


@needs_hledger
def test_hledger_notices_a_transfer_that_is_gone(sqlite_database: str) -> None:
    books = open_books(pools=9)
    live_through(books, 2)
    Transfer.objects.filter(cause=Cause.PAID_OUT.value).first().delete()  # type: ignore[union-attr]
    assert hledger(journal_of(), "check").returncode != 0


def test_it_names_the_person_by_public_id_only(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    person = find_participant(ana)
    journal = journal_of(books.market_id)
    assert person is not None and f"person:{person.public_id}" in journal
    assert str(ana) not in journal and "Ana" not in journal and "@" not in journal


def test_it_is_empty_before_anything_is_funded(both_databases: str) -> None:
    books = open_books()
    assert "; id:" not in journal_of() + journal_of(books.market_id)
    with pytest.raises(NotFound):
        journal_of(ids.new_id())


def test_it_lets_others_write_and_sees_one_instant(both_databases: str) -> None:
    """Somebody joins while the journal is being written: the journal is whole, and without them."""
    books = open_books(pools=2)
    join(books)

    class Interrupted(io.StringIO):
        joined = False

        def write(self, text: str) -> int:
            if not self.joined:
                self.joined = True
                at_the_same_time(lambda: join(books))
            return super().write(text)

    out = Interrupted()
    assert write_journal(out=out, market_id=None) == 2
    assert Transfer.objects.count() == 2
    assert out.getvalue().count("* joined") == 1


def at_the_same_time(work: Callable[[], object]) -> None:
    """Run in a thread with a connection of its own, to its end."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_nothing_is_written_in_a_snapshot(both_databases: str) -> None:
    books = open_books(pools=1)
    with pytest.raises((InternalError, OperationalError)), db.snapshot():
        join(books)
    assert Transfer.objects.count() == 0
