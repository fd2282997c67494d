"""``python -m bench payouts``: one batch of 100,000 payments, from what is owed to what the bank answered.

A process seeds the books through the same actions that people's clicks call; another measures, so that the memory
is the batch's alone. Every commit is on the disk. The ratio is to a bare table in the same run: one row inserted
and one updated for each payment, committed five hundred at a time.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lxml import etree

from bench.stack import MASTER_KEY, ROOT
from onloan.payouts.bank.pain001 import CreditTransfer
from tests.support import postgresql

T = TypeVar("T")

PAYMENTS = 100_000
PER_COMMIT = 500
PEOPLE_PER_COMMIT = 100
HEAD = "{:<34}{:>10}{:>14}{:>12}{:>10}"
ROW = "{:<34}{:>10.1f}{:>14,.0f}{:>12}{:>10}"


def main(payments: int = PAYMENTS) -> None:
    """Measure on SQLite and on PostgreSQL. Raises RuntimeError where there is no PostgreSQL."""
    for name in ("sqlite", "postgresql"):
        measure_database(name, payments)


def measure_database(name: str, payments: int) -> None:
    home = Path(tempfile.mkdtemp(prefix=f"onloan-bench-payouts-{name}-"))
    server = postgresql.start_server(is_durable=True) if name == "postgresql" else None
    if name == "postgresql" and server is None:
        raise RuntimeError("no PostgreSQL here")
    environment = {
        **os.environ,
        "ONLOAN_HOME": str(home),
        "DATABASE_URL": server.url if server else f"sqlite:///{home}/onloan.sqlite3",
        "ONLOAN_MASTER_KEY": MASTER_KEY,
        "DJANGO_SETTINGS_MODULE": "onloan.settings",
    }
    try:
        for step in (["onloan.cli.main", "migrate"], ["bench.payouts", "seed", str(payments)]):
            subprocess.run([sys.executable, "-m", *step], env=environment, cwd=ROOT, check=True)
        baseline = measure_baseline(home, payments) if name == "sqlite" else 0.0
        command = [sys.executable, "-m", "bench.payouts", "measure", str(payments), name, str(baseline)]
        subprocess.run(command, env=environment, cwd=ROOT, check=True)
    finally:
        if server:
            postgresql.stop_server(server)
        shutil.rmtree(home, ignore_errors=True)


def measure_baseline(home: Path, payments: int) -> float:
    """Payments a second, if a payment were one row written and changed once."""
    connection = sqlite3.connect(home / "baseline.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE baseline (id INTEGER PRIMARY KEY, line BLOB, state TEXT)")
    started = time.perf_counter()
    for first in range(0, payments, PER_COMMIT):
        connection.execute("BEGIN")
        for number in range(first, min(first + PER_COMMIT, payments)):
            connection.execute("INSERT INTO baseline VALUES (?, ?, 'open')", (number, b"x" * 200))
        connection.execute("COMMIT")
    for first in range(0, payments, PER_COMMIT):
        connection.execute("BEGIN")
        for number in range(first, min(first + PER_COMMIT, payments)):
            connection.execute("UPDATE baseline SET state = 'paid' WHERE id = ?", (number,))
        connection.execute("COMMIT")
    return payments / (time.perf_counter() - started)


def seed(payments: int) -> None:
    """People who each brought five friends, earned 4 euros for each and told where to pay them."""
    import django

    django.setup()
    from onloan import db
    from onloan.ledger.actions import Promise, earn_reward, promise_rewards
    from onloan.money import Money
    from onloan.payouts.actions import give_account, owe_reward, set_debtor
    from tests.ledger import books as builders
    from tests.payouts.bank.files import SHOP_IBAN, many_transfers

    rule = builders.CASH
    pot = Money(400 * rule.times, "EUR")
    people = -(-payments // rule.times)
    books = builders.open_books(rules=(rule,), pools=people * pot.amount_minor // builders.POT.amount_minor + 1)
    builders.second_finance()
    set_debtor(
        currency="EUR", name="Boutique Exemple", account=SHOP_IBAN, town="Paris", user_id=books.team.fay,
        now=builders.SETTLED,
    )  # fmt: skip

    @db.action
    def join_some(transfers: list[CreditTransfer]) -> None:
        for transfer in transfers:
            person = builders.join(books, amount=pot)
            promises = [
                Promise(
                    participant_id=person, market_id=books.market_id, country="FR", rule=rule,
                    cause_key=f"friend{number}", earns_at=builders.SETTLED,
                )
                for number in range(rule.times)
            ]  # fmt: skip
            for promised in promise_rewards(promises=promises, now=builders.NOW):
                assert promised is not None
                reward = earn_reward(
                    reward_id=promised.reward_id, participant_id=person, due_on=builders.DUE_ON,
                    now=builders.SETTLED,
                )  # fmt: skip
                owe_reward(reward=reward, now=builders.SETTLED)
            give_account(
                participant_id=person, name=transfer.name, account=transfer.account.number, now=builders.SETTLED
            )

    # The product refuses an account of more than a few people, so there are nearly as many as people.
    transfers = list(many_transfers(people, accounts_per_country=people // 30 + 1))
    for first in range(0, people, PEOPLE_PER_COMMIT):
        join_some(transfers[first : first + PEOPLE_PER_COMMIT])


def measure(payments: int, name: str, baseline: float) -> None:
    """Prepare, approve, download, check and settle one batch, and print a row for each."""
    import django

    django.setup()
    import io
    from datetime import timedelta

    from onloan.access.models import User
    from onloan.evidence.actions import number_entries
    from onloan.evidence.seat import start_seat
    from onloan.ledger.check import check_balances
    from onloan.payouts.actions import approve_batch, prepare_batch
    from onloan.payouts.answers import read_bank_answer
    from onloan.payouts.bank.pain001 import validate_pain001
    from onloan.payouts.check import check_payables
    from onloan.payouts.queries import batch_file, reconcile
    from tests.ledger.books import SETTLED
    from tests.payouts.bank.answers import camt054, details, entry

    fay, finn = (User.objects.get(email__startswith=f"{who}@").pk for who in ("fay", "finn"))
    later = SETTLED + timedelta(days=1)
    # Nobody's account is opened for a payment while the log is behind, as it is after the seed.
    number_entries()
    start_seat()
    print(f"\n{name}: {payments:,} payments" + (f"; bare table {baseline:,.0f}/s" if baseline else ""))
    print(HEAD.format("", "seconds", "payments/s", "peak MiB", "ratio"))
    batch_id = _step("prepare", payments, baseline, lambda: prepare_batch(country="FR", user_id=fay, now=later))
    _step("approve", payments, 0, lambda: approve_batch(batch_id=batch_id, user_id=finn, now=later))
    file = _step("write the file", payments, 0, lambda: batch_file(batch_id))
    _step("check it against the schema", payments, 0, lambda: validate_pain001(io.BytesIO(file.content)))
    references = [str(each.text) for each in etree.fromstring(file.content).iter("{*}EndToEndId")]
    answer = camt054(entry(*(details(reference, amount="4.00") for reference in references), amount="1.00"))
    report = _step(
        "read the bank's answer, all paid", payments, baseline,
        lambda: read_bank_answer(data=answer, user_id=fay, now=later),
    )  # fmt: skip
    assert report.accepted == payments and reconcile(batch_id).unanswered.count == 0, report
    assert not check_balances() and not check_payables()
    print(f"file {len(file.content) / 1e6:.1f} MB, answer {len(answer) / 1e6:.1f} MB; the books balance")


def _step(what: str, payments: int, baseline: float, work: Callable[[], T]) -> T:
    # Linux: 5 sets the high-water mark of this process's memory back to what it holds now.
    Path("/proc/self/clear_refs").write_text("5")
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    peak = next(
        int(line.split()[1]) // 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    rate = payments / seconds
    ratio = f"{rate / baseline:.2f}" if baseline else "-"
    print(ROW.format(what, seconds, rate, peak, ratio), flush=True)
    return result


if __name__ == "__main__":
    if sys.argv[1] == "seed":
        seed(int(sys.argv[2]))
    else:
        measure(int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
