"""``python -m bench ledger``: promise a reward and earn it, each with its evidence, one by one and in batches.

A pair is what TigerBeetle calls pending and post: a reward is set aside out of its person's pot, and counts later.
One by one, each half is a transaction of its own; in batches, each half of some hundred pairs is one. Every commit
is on the disk (SQLite with synchronous=FULL). The ratio is to the same pairs in a bare SQLite of the same run: two
accounts, two transfers, two rows of evidence, without a person, a reward or a rule.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from bench.stack import MASTER_KEY, ROOT
from tests.support import postgresql

if TYPE_CHECKING:
    from onloan.ledger.actions import Promise

PAIRS = 20_000
FRIENDS_EACH = 5
PER_COMMIT = 500
ONE_BY_ONE_PARTS = 5
"""One by one, a fifth as many pairs are enough."""
PEOPLE_PER_COMMIT = 200
HEAD = "{:<34}{:>10}{:>12}{:>14}{:>10}"
ROW = "{:<34}{:>10.1f}{:>12,.0f}{:>14.0f}{:>10.2f}"


def main(pairs: int = PAIRS) -> None:
    """Measure on SQLite and, where there is one, on PostgreSQL."""
    for name in ("sqlite", "postgresql"):
        measure_database(name, pairs)


def measure_database(name: str, pairs: int) -> None:
    home = Path(tempfile.mkdtemp(prefix=f"onloan-bench-ledger-{name}-"))
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
        migrate = [sys.executable, "-m", "onloan.cli.main", "migrate"]
        subprocess.run(migrate, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        singly = measure_baseline(home / "singly.sqlite3", pairs // ONE_BY_ONE_PARTS, 1)
        batched = measure_baseline(home / "batched.sqlite3", pairs, PER_COMMIT)
        print(f"\n{name}: bare SQLite {singly:,.0f} pairs/s one by one, {batched:,.0f} in batches of {PER_COMMIT}")
        print(HEAD.format("", "seconds", "pairs/s", "CPU us a pair", "ratio"))
        command = [sys.executable, "-m", "bench.ledger", str(pairs), str(singly), str(batched)]
        subprocess.run(command, env=environment, cwd=ROOT, check=True)
    finally:
        if server:
            postgresql.stop_server(server)
        shutil.rmtree(home, ignore_errors=True)


def measure_baseline(path: Path, pairs: int, per_commit: int) -> float:
    """Pairs a second with nothing but the arithmetic: each half changes two accounts and writes two rows."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, pending INT, posted INT,"
        " CHECK (pending >= 0 AND posted >= 0))"
    )
    connection.execute("CREATE TABLE transfer (id BLOB PRIMARY KEY, pending_id BLOB UNIQUE, amount INT)")
    connection.execute("CREATE TABLE evidence (id INTEGER PRIMARY KEY, body BLOB)")
    connection.executemany("INSERT INTO account VALUES (?, 0, 0)", [(1,), (2,)])
    started = time.perf_counter()
    for first in range(0, pairs, per_commit):
        keys = [uuid.uuid4().bytes for _ in range(first, min(first + per_commit, pairs))]
        for is_post in (False, True):
            connection.execute("BEGIN IMMEDIATE")
            for key in keys:
                sign = -1 if is_post else 1
                for account in (1, 2):
                    connection.execute(
                        "UPDATE account SET pending = pending + ?, posted = posted + ? WHERE id = ?",
                        (4 * sign, 4 * is_post, account),
                    )
                transfer = (uuid.uuid4().bytes, key, 4) if is_post else (key, None, 4)
                connection.execute("INSERT INTO transfer VALUES (?, ?, ?)", transfer)
                connection.execute("INSERT INTO evidence (body) VALUES (?)", (key * 12,))
            connection.execute("COMMIT")
    return pairs / (time.perf_counter() - started)


def measure(pairs: int, singly: float, batched: float) -> None:
    """Let people join, then promise and earn their rewards in both ways, and print a row for each."""
    import django

    django.setup()
    from onloan.ledger.check import check_balances

    alone = pairs // ONE_BY_ONE_PARTS
    promises = join_people(pairs + alone)
    for what, work, some, baseline in (
        ("one by one", earn_one_by_one, promises[:alone], singly),
        (f"in batches of {PER_COMMIT}", earn_in_batches, promises[alone : alone + pairs], batched),
    ):
        started, cpu = time.perf_counter(), time.process_time()
        work(some)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        rate = len(some) / seconds
        print(ROW.format(what, seconds, rate, cpu / len(some) * 1e6, rate / baseline), flush=True)
    assert not check_balances()
    print("the books balance")


def join_people(pairs: int) -> list[Promise]:
    """Sponsors with a pot, and what is to be promised: as the shipped offer has it, each friend brings their
    sponsor cash and a voucher."""
    from onloan import db
    from onloan.ledger.actions import Promise
    from onloan.money import Money
    from onloan.offers.document import RewardRule
    from tests.ledger import books as builders

    cash = RewardRule("cash", "sponsor", "cash", {"FR": Money(400, "EUR")}, FRIENDS_EACH, None, {})
    thanks = RewardRule("thanks", "sponsor", "voucher", {"FR": Money(1400, "EUR")}, FRIENDS_EACH, 180, {})
    pot = Money(1800, "EUR").times(FRIENDS_EACH)
    people_count = -(-pairs // (2 * FRIENDS_EACH))
    books = builders.open_books(
        rules=(cash, thanks), pools=people_count * pot.amount_minor // builders.POT.amount_minor + 1
    )

    @db.action
    def join_some(count: int) -> list[uuid.UUID]:
        return [builders.join(books, amount=pot) for _ in range(count)]

    people = [
        person
        for first in range(0, people_count, PEOPLE_PER_COMMIT)
        for person in join_some(min(PEOPLE_PER_COMMIT, people_count - first))
    ]
    return [
        Promise(
            participant_id=person, market_id=books.market_id, country="FR", rule=rule,
            cause_key=f"friend{number}", earns_at=builders.SETTLED,
        )
        for number in range(FRIENDS_EACH)
        for person in people
        for rule in (cash, thanks)
    ]  # fmt: skip


def earn_one_by_one(promises: list[Promise]) -> None:
    from onloan.ledger.actions import earn_reward, promise_reward
    from tests.ledger.books import DUE_ON, NOW, SETTLED

    for promise in promises:
        reward_id = promise_reward(
            participant_id=promise.participant_id, market_id=promise.market_id, country=promise.country,
            rule=promise.rule, cause_key=promise.cause_key, earns_at=promise.earns_at, now=NOW,
        )  # fmt: skip
        assert reward_id is not None
        earn_reward(reward_id=reward_id, participant_id=promise.participant_id, due_on=DUE_ON, now=SETTLED)


def earn_in_batches(promises: list[Promise]) -> None:
    from onloan import db
    from onloan.ledger.actions import Earning, earn_rewards, promise_rewards
    from onloan.people.statements import lock_participants
    from tests.ledger.books import DUE_ON, NOW, SETTLED

    @db.action
    def promise_some(some: list[Promise]) -> list[uuid.UUID | None]:
        lock_participants({promise.participant_id for promise in some})
        promised = promise_rewards(promises=some, now=NOW)
        return [each.reward_id if each is not None else None for each in promised]

    @db.action
    def earn_some(some: list[Earning]) -> None:
        lock_participants({earning.participant_id for earning in some})
        earn_rewards(earnings=some, now=SETTLED)

    for first in range(0, len(promises), PER_COMMIT):
        some = promises[first : first + PER_COMMIT]
        promised = promise_some(some)
        assert all(promised)
        earn_some([
            Earning(promise.participant_id, reward_id, DUE_ON)
            for promise, reward_id in zip(some, promised, strict=True)
            if reward_id is not None
        ])  # fmt: skip


if __name__ == "__main__":
    measure(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
