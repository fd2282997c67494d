"""Several statements as one, where each round trip to the database counts."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from onloan import db
from onloan.db import Statement


def as_one(inserts: Sequence[Statement]) -> Sequence[Statement]:
    """INSERTs of which none needs to see another's row, for ``db.execute``.

    On PostgreSQL they become one statement, whose parts all run whether or not one reads another (manual, 7.8.4);
    on SQLite, where a statement costs no round trip, they stay as they are.
    """
    if not db.is_postgresql() or len(inserts) < 2:
        return inserts
    return [(_join(tuple(sql for sql, _ in inserts)), [value for _, values in inserts for value in values])]


@functools.lru_cache(maxsize=256)
def _join(inserts: tuple[str, ...]) -> str:
    *first, last = inserts
    steps = ", ".join(f"step{number} AS ({insert})" for number, insert in enumerate(first))
    return f"WITH {steps} {last}"


def fetch_values(statements: Sequence[Statement]) -> tuple[Any, ...]:
    """What statements of one value each give."""
    sql = f"SELECT {', '.join(f'({sql})' for sql, _ in statements)}"
    row = db.fetch_one(sql, [value for _, values in statements for value in values])
    assert row is not None
    return row
