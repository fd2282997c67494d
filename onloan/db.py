"""Transactions, the SQLite writer lock, and statements written by hand.

Every write is an action: a keyword-only function under ``@action``, which runs in one transaction. On SQLite a
process-wide lock stands before ``BEGIN IMMEDIATE``, so that threads queue here and not in the busy handler.
"""

from __future__ import annotations

import functools
import operator
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ParamSpec, TypeVar, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.utils import OperationalError

from onloan.arrays import array_writer

P = ParamSpec("P")
R = TypeVar("R")

Statement = tuple[str, Sequence[Any]]
"""A statement with ``%s`` placeholders and its values, already in the database's form."""

TRIES_MAX = 4
POSTGRESQL = "django.db.backends.postgresql"
ROWS_AT_A_TIME = 2_000
STEPS_BETWEEN_LOOKS = 10_000
"""Of SQLite's machine, some tenth of a millisecond: how often it looks whether a time limit is over."""
_RETRIED_STATES = frozenset({"40001", "40P01"})  # serialization failure, deadlock

_sqlite_writer = threading.RLock()


def is_postgresql() -> bool:
    # The settings say it without looking for this thread's connection, and every statement asks.
    return bool(connections.databases[DEFAULT_DB_ALIAS]["ENGINE"] == POSTGRESQL)


def action(function: Callable[P, R]) -> Callable[P, R]:
    """Run ``function`` in one transaction; called inside another action, it joins that one's transaction.

    A deadlock or serialization failure is tried again, whole, up to ``TRIES_MAX`` times: so an action does
    nothing outside the database. A statement that must not be seen early goes to the outbox instead.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return function(*args, **kwargs)
        for attempt in range(1, TRIES_MAX + 1):
            try:
                return _run_alone(function, *args, **kwargs)
            except OperationalError as error:
                state = getattr(error.__cause__, "sqlstate", None)
                if state not in _RETRIED_STATES or attempt == TRIES_MAX:
                    raise
        raise AssertionError("the loop returns or raises")

    return run


def _run_alone(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    if is_postgresql():
        with transaction.atomic():
            return function(*args, **kwargs)
    with _sqlite_writer, transaction.atomic():
        return function(*args, **kwargs)


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as of one instant, while others go on writing. Nothing may be written in it."""
    assert not connection.in_atomic_block, "a snapshot begins before anything else is read"
    if is_postgresql():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        # An action's BEGIN IMMEDIATE would keep writers out; a reader of a write-ahead log need not.
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Reads that may take so long and no longer: on SQLite all of the block, on PostgreSQL each statement in it.

    The database itself stops what takes longer, and Django's OperationalError is raised. Nothing may be written in
    it.
    """
    assert not connection.in_atomic_block, "a limit stands around reads of their own"
    if is_postgresql():
        with transaction.atomic(), connection.cursor() as cursor:
            # ``true``: until the end of this transaction.
            milliseconds = max(1, int(seconds * 1000))
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{milliseconds}ms"])
            yield
        return
    connection.ensure_connection()
    ends_at = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > ends_at, STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)


def stream(sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Rows of one statement, some at a time, so that memory does not grow with their number. Inside a
    transaction or a snapshot."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(ROWS_AT_A_TIME):
            yield from rows


def execute(statements: Iterable[Statement]) -> None:
    """Run statements in order; on PostgreSQL in one pipeline, so that they cost one round trip together.

    Must run inside an action. Raises Django's database errors.
    """
    assert connection.in_atomic_block, "writes run inside an action"
    if not is_postgresql():
        for sql, values in statements:
            _run_sqlite(sql, values)
        return
    listed = list(statements)
    if len(listed) == 1:
        _run_postgresql(*listed[0])  # A pipeline costs more than it saves.
        return
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, raw.pipeline(), psycopg.RawCursor(raw) as cursor:
        for sql, values in listed:
            cursor.execute(_number_marks(sql), values)


def execute_many(sql: str, rows: Sequence[Sequence[Any]]) -> int:
    """Run one statement for each of ``rows``, prepared once; how many rows of the table they changed together.

    Must run inside an action.
    """
    assert connection.in_atomic_block, "writes run inside an action"
    if not rows:
        return 0
    if not is_postgresql():
        return _run_many_sqlite(sql, rows)
    if len(rows) == 1:
        # The driver's way for many opens a pipeline, which one statement does not need.
        return _run_postgresql(sql, rows[0]).rowcount
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        cursor.executemany(_number_marks(sql), rows)
        return cursor.rowcount


def fetch_all(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Rows of one statement; on PostgreSQL bound by the server, so that a repeated one is prepared once."""
    if not is_postgresql():
        return list(_run_sqlite(sql, values).fetchall())
    result = _run_postgresql(sql, values)
    return result.fetchall() if result.pgresult is not None and result.pgresult.nfields else []


def _run_postgresql(sql: str, values: Sequence[Any]) -> psycopg.RawCursor[Any]:
    own = connections[DEFAULT_DB_ALIAS]
    own.ensure_connection()
    cursor = psycopg.RawCursor(own.connection)
    try:
        cursor.execute(_number_marks(sql), values)
    except psycopg.Error:
        with own.wrap_database_errors:
            raise
    return cursor


def _run_sqlite(sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
    """One statement by the driver itself, with Django's errors: Django's cursor costs as much again as a small
    statement. Where somebody listens to that cursor, the statement goes through it."""
    own = connections[DEFAULT_DB_ALIAS]
    if own.execute_wrappers or own.queries_logged:
        listened = own.cursor()
        listened.execute(sql, values)
        return cast("sqlite3.Cursor", listened)
    own.ensure_connection()
    try:
        result: sqlite3.Cursor = own.connection.execute(_question_marks(sql), values)
    except sqlite3.Error:
        with own.wrap_database_errors:
            raise
    return result


def _run_many_sqlite(sql: str, rows: Sequence[Sequence[Any]]) -> int:
    """The same for each of ``rows``; how many rows of the table changed together."""
    own = connections[DEFAULT_DB_ALIAS]
    if own.execute_wrappers or own.queries_logged:
        with own.cursor() as listened:
            listened.executemany(sql, rows)
            return int(listened.rowcount)
    own.ensure_connection()
    try:
        cursor: sqlite3.Cursor = own.connection.executemany(_question_marks(sql), rows)
    except sqlite3.Error:
        with own.wrap_database_errors:
            raise
    return cursor.rowcount


@functools.lru_cache(maxsize=2048)
def _question_marks(sql: str) -> str:
    """``%s`` as SQLite writes it."""
    return sql.replace("%s", "?").replace("%%", "%")


@functools.lru_cache(maxsize=2048)
def _number_marks(sql: str) -> str:
    """``%s`` as PostgreSQL writes it: ``$1``, ``$2`` … The driver would read a long statement anew each time."""
    first, *others = sql.split("%s")
    numbered = first + "".join(f"${number}{part}" for number, part in enumerate(others, start=1))
    return numbered.replace("%%", "%")


def among(values: Iterable[Any]) -> tuple[str, list[Any]]:
    """The end of a condition "is one of ``values``", and what to bind: on PostgreSQL one array, so that the
    statement's text does not depend on how many there are. ``values`` are in the database's form."""
    listed = list(values)
    if is_postgresql():
        return "= ANY(%s)", [listed]
    return f"IN ({', '.join(['%s'] * len(listed))})", listed


def fetch_one(sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    rows = fetch_all(sql, values)
    assert len(rows) <= 1, "at most one row was expected"
    return rows[0] if rows else None


Adapt = Callable[[Any], Any]


@functools.cache
def _insert_plan(
    model: type[models.Model], names: tuple[str, ...], suffix: str, vendor: str
) -> tuple[str, tuple[Adapt | None, ...]]:
    """The statement, and how each value is brought into the database's form (None: it is in it already)."""
    columns = {field.attname: field for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    listed = ", ".join(quote(str(columns[name].column)) for name in names)
    marks = ", ".join(["%s"] * len(names))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({listed}) VALUES ({marks}){suffix}"  # noqa: S608
    return sql, tuple(_adapter(columns[name], vendor) for name in names)


def _adapter(field: models.Field[Any, Any], vendor: str) -> Adapt | None:
    """Fields know how to adapt their values, at a cost that joining pays two hundred times; most need nothing."""
    kind = field.get_internal_type()
    if kind in {"CharField", "TextField", "BinaryField", "BooleanField"} or kind.endswith(
        ("IntegerField", "AutoField")
    ):
        return None
    if vendor == "postgresql" and kind in {"UUIDField", "DateTimeField", "DateField"}:
        return None
    if kind == "UUIDField":
        return _hexadecimal_or_none
    if kind == "DateTimeField":
        return _instant_or_none
    if kind == "DateField":
        return date_value
    return lambda value: field.get_db_prep_save(value, connection)


def _hexadecimal_or_none(value: uuid.UUID | None) -> str | None:
    return None if value is None else value.hex


def _instant_or_none(value: datetime | None) -> str | None:
    return None if value is None else str(value.astimezone(UTC).replace(tzinfo=None))


def insert(model: type[models.Model], *, on_conflict: str = "", **values: Any) -> Statement:
    """The INSERT of one row, values given by column name, each brought into the database's form.

    Columns left out get the database's default, so name them all. ``on_conflict`` is appended as written.
    """
    suffix = f" {on_conflict}" if on_conflict else ""
    sql, adapters = _insert_plan(model, tuple(values), suffix, connection.vendor)
    return sql, [
        value if adapt is None else adapt(value) for adapt, value in zip(adapters, values.values(), strict=True)
    ]


RowsOf = tuple[type[models.Model], Sequence[str], Sequence[Sequence[Any]]]
"""Rows of one table: the model, the names of its columns, and for each row its values in their order."""


def insert_rows(tables: Iterable[RowsOf], *, once: RowsOf | None = None) -> bool:
    """Insert many rows of several tables: on PostgreSQL by one statement for all of them, whatever the number of
    rows; on SQLite by one prepared statement for each table. Rows of one table are inserted in their order.

    A row of ``once`` whose key is there already is left out; the answer is whether none was. Columns left out get
    the database's default, so name them all. Must run inside an action.
    """
    assert connection.in_atomic_block, "writes run inside an action"
    wanted = [(model, tuple(names), rows) for model, names, rows in tables if rows]
    has_once = once is not None and bool(once[2])
    if once is not None and has_once:
        wanted.append((once[0], tuple(once[1]), once[2]))
    if not wanted:
        return True
    inserted = _insert_together(wanted, has_once) if is_postgresql() else _insert_each(wanted, has_once)
    return not has_once or inserted == len(wanted[-1][2])


_UNLESS_THERE = "ON CONFLICT DO NOTHING"


def _insert_each(wanted: Sequence[RowsOf], has_once: bool) -> int:
    """How many rows of the last table were inserted."""
    changed = 0
    for place, (model, names, rows) in enumerate(wanted):
        suffix = f" {_UNLESS_THERE}" if has_once and place == len(wanted) - 1 else ""
        sql, adapters = _insert_plan(model, tuple(names), suffix, "sqlite")
        columns = map(_adapted_column, zip(*rows, strict=True), adapters)
        changed = _run_many_sqlite(sql, list(zip(*columns, strict=True)))
    return changed


def _adapted_column(values: Sequence[Any], adapt: Adapt | None) -> Sequence[Any]:
    """A column in the database's form. Batches are written at one instant, or at a few."""
    if adapt is None:
        return values
    if adapt is _hexadecimal_or_none:
        return [None if value is None else value.hex for value in values]
    if adapt is _instant_or_none:
        written = {value: _instant_or_none(value) for value in set(values)}
        return [written[value] for value in values]
    return [adapt(value) for value in values]


def _insert_together(wanted: Sequence[RowsOf], has_once: bool) -> int:
    """How many rows of the last table were inserted."""
    plan = _unnest_plan(tuple((model, tuple(names)) for model, names, _ in wanted), has_once)
    columns = (column for _, _, rows in wanted for column in zip(*rows, strict=True))
    values = [write(column) for write, column in zip(plan.writers, columns, strict=True)]
    return len(fetch_all(plan.sql, values))


@dataclass(frozen=True, slots=True)
class _UnnestPlan:
    """The statement, and what writes each column of all tables as an array."""

    sql: str
    writers: tuple[Callable[[Sequence[Any]], str], ...]


@functools.cache
def _unnest_plan(tables: tuple[tuple[type[models.Model], tuple[str, ...]], ...], has_once: bool) -> _UnnestPlan:
    """One statement that reads each table's rows from an array for each column: its text is always the same."""
    fields = [_columns_of(model, names) for model, names in tables]
    *first, last = [_unnest_insert(model, columns) for (model, _), columns in zip(tables, fields, strict=True)]
    steps = ", ".join(f"step{number} AS ({insert})" for number, insert in enumerate(first))
    suffix = f" {_UNLESS_THERE}" if has_once else ""
    sql = f"{f'WITH {steps} ' if first else ''}{last}{suffix} RETURNING 1"
    return _UnnestPlan(sql, tuple(array_writer(column) for columns in fields for column in columns))


def _columns_of(model: type[models.Model], names: tuple[str, ...]) -> list[models.Field[Any, Any]]:
    columns = {field.attname: field for field in model._meta.concrete_fields}
    return [columns[name] for name in names]


def _unnest_insert(model: type[models.Model], columns: Sequence[models.Field[Any, Any]]) -> str:
    quote = connection.ops.quote_name
    listed = ", ".join(quote(str(column.column)) for column in columns)
    # ``rel_db_type`` of a key that counts by itself is the plain integer that its values are.
    marks = ", ".join(f"%s::{column.rel_db_type(connection)}[]" for column in columns)
    return f"INSERT INTO {quote(model._meta.db_table)} ({listed}) SELECT * FROM unnest({marks})"  # noqa: S608


def fetch_together(statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
    """The rows of several statements, each of which sees what was committed before it began; on PostgreSQL in
    one round trip."""
    if not is_postgresql():
        return [fetch_all(sql, values) for sql, values in statements]
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, raw.pipeline():
        cursors = [psycopg.RawCursor(raw) for _ in statements]
        for cursor, (sql, values) in zip(cursors, statements, strict=True):
            cursor.execute(_number_marks(sql), values)
        return [list(cursor.fetchall()) for cursor in cursors]


def uuid_value(value: uuid.UUID) -> uuid.UUID | str:
    """A UUID as a statement's value: SQLite keeps 32 hexadecimal characters."""
    return value if is_postgresql() else value.hex


def uuid_writer() -> Callable[[uuid.UUID], uuid.UUID | str]:
    """What ``uuid_value`` does, for many: which database it is, is asked once."""
    return _same if is_postgresql() else _hexadecimal


def _same(value: uuid.UUID) -> uuid.UUID:
    return value


_hexadecimal: Callable[[uuid.UUID], str] = operator.attrgetter("hex")


def read_uuid(value: Any) -> uuid.UUID:
    """A UUID as a statement returned it."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(hex=value)


def time_value(value: datetime) -> Any:
    """An instant as a statement's value."""
    return value if is_postgresql() else _instant_or_none(value)


def date_value(value: date | None) -> Any:
    """A day as a statement's value."""
    return value if value is None or is_postgresql() else value.isoformat()


def read_date(value: Any) -> date | None:
    """A day as a statement returned it."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def read_time(value: Any) -> datetime:
    """An instant as a statement returned it, in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def read_time_or_none(value: Any) -> datetime | None:
    return None if value is None else read_time(value)


def database_now() -> datetime:
    """The database's own clock, in UTC."""
    on_sqlite = "SELECT strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"
    row = fetch_one("SELECT clock_timestamp()" if is_postgresql() else on_sqlite)
    assert row is not None
    return read_time(row[0])


class UUIDModel(models.Model):
    """A table whose key is a UUIDv7, made in this process before the row is written."""

    id = models.UUIDField(primary_key=True, editable=False)

    class Meta:
        abstract = True


class ParticipantModel(UUIDModel):
    """A table about one person. ``participant_id`` is plain (no constraint across tables) and stands in every
    unique constraint, so that rows of one person can live together on one node of a distributed PostgreSQL."""

    participant_id = models.UUIDField(editable=False)

    class Meta:
        abstract = True
