"""How many statements each step of a reward takes: the figures that docs/money.md states.

Counted on SQLite, where every statement passes Django's cursor; PostgreSQL gets the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

from onloan import db, ids
from onloan.ledger.actions import earn_reward
from onloan.ledger.pools import reserve_pot
from tests.ledger.books import CASH, DUE_ON, NOW, POT, SETTLED, join, open_books, promise

DOCUMENT = Path(__file__).parents[2] / "docs" / "money.md"


def count_statements(step: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(execute: Callable[..., object], sql: str, *rest: Any) -> object:
        seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        assert db.action(step)()
    return len([sql for sql in seen if not re.match("BEGIN|COMMIT|SAVEPOINT|RELEASE", sql)])


def test_it_takes_as_many_statements_as_the_document_says(sqlite_database: str) -> None:
    books = open_books(pools=3)
    ana, ben = join(books), ids.new_id()
    promise(books, ana, CASH, cause_key="warm")
    counted = {
        "reserve a pot": count_statements(
            lambda: reserve_pot(participant_id=ben, market_id=books.market_id, amount=POT, now=NOW)
        )
    }
    promised = []
    counted["promise a reward"] = count_statements(
        lambda: promised.append(promise(books, ana, CASH, cause_key="ben")) or promised
    )
    counted["earn a reward"] = count_statements(
        lambda: earn_reward(reward_id=promised[0], participant_id=ana, due_on=DUE_ON, now=SETTLED)
    )
    stated = re.findall(
        r"^\| (reserve a pot|promise a reward|earn a reward) \| (\d+) \|$", DOCUMENT.read_text(), re.M
    )
    assert {name: int(count) for name, count in stated} == counted
