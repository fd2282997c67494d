"""The writes of one joining, gathered so that they cost few round trips."""

from __future__ import annotations

import re
from collections.abc import Iterable

from onloan.db import Statement

_INSERT = re.compile(r"(INSERT INTO .+? VALUES )(\((?:%s(?:, )?)+\))(.*)", re.DOTALL)


def gather_inserts(statements: Iterable[Statement]) -> list[Statement]:
    """The same rows in fewer statements: inserts with the same words become one with several rows.

    Tables keep the order of their first row, and rows their order within a table. Only for inserts as
    ``db.insert`` writes them: anything else is a mistake in our code.
    """
    gathered: dict[str, list[Statement]] = {}
    for statement in statements:
        gathered.setdefault(statement[0], []).append(statement)
    return [_write_rows(sql, rows) for sql, rows in gathered.items()]


def _write_rows(sql: str, rows: list[Statement]) -> Statement:
    match = _INSERT.fullmatch(sql)
    assert match is not None, "only inserts are gathered"
    head, marks, suffix = match.groups()
    values = [value for _, row_values in rows for value in row_values]
    return head + ", ".join([marks] * len(rows)) + suffix, values
