"""Transactions, the SQLite writer lock, and statements written by hand.

Every write is an action: a keyword-only function under ``@action``, which runs in one transaction. On SQLite a
process-wide lock stands before ``BEGIN IMMEDIATE``, so that threads queue here and not in the busy handler.
"""

from __future__ import annotations

import functools
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import connection, models, transaction
from django.db.utils import OperationalError

P = ParamSpec("P")
R = TypeVar("R")

Statement = tuple[str, Sequence[Any]]
"""A statement with ``%s`` placeholders and its values, already in the database's form."""

TRIES_MAX = 4
_RETRIED_STATES = frozenset({"40001", "40P01"})  # serialization failure, deadlock

_sqlite_writer = threading.RLock()


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


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


def execute(statements: Iterable[Statement]) -> None:
    """Run statements in order; on PostgreSQL in one pipeline, so that they cost one round trip together.

    Must run inside an action. Raises Django's database errors.
    """
    assert connection.in_atomic_block, "writes run inside an action"
    if not is_postgresql():
        with connection.cursor() as cursor:
            for sql, values in statements:
                cursor.execute(sql, values)
        return
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, raw.pipeline(), psycopg.Cursor(raw) as cursor:
        for sql, values in statements:
            cursor.execute(sql, values)


def fetch_all(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Rows of one statement; on PostgreSQL bound by the server, so that a repeated one is prepared once."""
    if not is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def fetch_one(sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    rows = fetch_all(sql, values)
    assert len(rows) <= 1, "at most one row was expected"
    return rows[0] if rows else None


@functools.cache
def _columns(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {field.attname: field for field in model._meta.concrete_fields}


@functools.cache
def _insert_sql(model: type[models.Model], names: tuple[str, ...], suffix: str) -> str:
    columns = _columns(model)
    quote = connection.ops.quote_name
    listed = ", ".join(quote(str(columns[name].column)) for name in names)
    marks = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {quote(model._meta.db_table)} ({listed}) VALUES ({marks}){suffix}"  # noqa: S608


def insert(model: type[models.Model], *, on_conflict: str = "", **values: Any) -> Statement:
    """The INSERT of one row, values given by column name, each brought into the database's form by its field.

    Columns left out get the database's default, so name them all. ``on_conflict`` is appended as written.
    """
    columns = _columns(model)
    names = tuple(values)
    suffix = f" {on_conflict}" if on_conflict else ""
    adapted = [columns[name].get_db_prep_save(values[name], connection) for name in names]
    return _insert_sql(model, names, suffix), adapted


def uuid_value(value: uuid.UUID) -> uuid.UUID | str:
    """A UUID as a statement's value: SQLite keeps 32 hexadecimal characters."""
    return value if is_postgresql() else value.hex


def read_uuid(value: Any) -> uuid.UUID:
    """A UUID as a statement returned it."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(hex=value)


def time_value(value: datetime) -> Any:
    """An instant as a statement's value."""
    return connection.ops.adapt_datetimefield_value(value)


def read_time(value: Any) -> datetime:
    """An instant as a statement returned it, in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def database_now() -> datetime:
    """The database's own clock, in UTC."""
    sql = "SELECT clock_timestamp()" if is_postgresql() else "SELECT strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"
    row = fetch_one(sql) if is_postgresql() else fetch_one(sql.replace("%%", "%"))
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
