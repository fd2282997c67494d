"""The writes of one joining, gathered so that they cost few statements and few round trips."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from onloan import db
from onloan.db import Statement

_INSERT = re.compile(r"(INSERT INTO .+? VALUES )(\((?:%s(?:, )?)+\))(.*)", re.DOTALL)
# A joining has few shapes: how many permissions, with a photo or not, with a sponsor or not.
SHAPES_KEPT = 256


def gather_inserts(statements: Iterable[Statement]) -> list[Statement]:
    """The same rows in fewer statements: inserts with the same words become one with several rows, and on
    PostgreSQL the inserts of all tables become one command, which the server prepares once.

    Tables keep the order of their first row, and rows their order within a table. Only for inserts as
    ``db.insert`` writes them (anything else is a mistake in our code), none of which reads what another wrote.
    """
    gathered: dict[str, list[Statement]] = {}
    for statement in statements:
        gathered.setdefault(statement[0], []).append(statement)
    together: list[Statement] = [
        (_write_rows(sql, len(rows)), [value for _, row_values in rows for value in row_values])
        for sql, rows in gathered.items()
    ]
    if not db.is_postgresql() or len(together) < 2:
        return together
    command = _join_commands(tuple(sql for sql, _ in together))
    return [(command, [value for _, values in together for value in values])]


@lru_cache(maxsize=SHAPES_KEPT)
def _write_rows(sql: str, count: int) -> str:
    match = _INSERT.fullmatch(sql)
    assert match is not None, "only inserts are gathered"
    head, marks, suffix = match.groups()
    return str(head + ", ".join([marks] * count) + suffix)


@lru_cache(maxsize=SHAPES_KEPT)
def _join_commands(commands: tuple[str, ...]) -> str:
    *first, last = commands
    steps = ", ".join(f"step{number} AS ({command})" for number, command in enumerate(first))
    return f"WITH {steps} {last}"
