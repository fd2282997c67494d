"""Hand-written SQL of this thing: what the database alone knows about transactions under way."""

from __future__ import annotations

from datetime import datetime

from onloan import db

# Only clients hold transactions that wait for people. A prepared transaction has left its client and is not
# over either. Our own transaction reads the stop itself, so it cannot have missed it.
_OLDER_TRANSACTION = """
    SELECT EXISTS (
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND xact_start <= %s AND pid <> pg_backend_pid()
          AND backend_type = 'client backend'
        UNION ALL
        SELECT 1 FROM pg_prepared_xacts WHERE database = current_database() AND prepared <= %s
    )
"""


def is_transaction_older_than(instant: datetime) -> bool:
    """Whether a transaction of another connection that began at or before ``instant`` (the database's own
    time) is still under way.

    On SQLite there is none: one writer at a time, and the caller is it. PostgreSQL shows a role the
    transactions of its own connections, so every process of Onloan uses one role.
    """
    if not db.is_postgresql():
        return False
    row = db.fetch_one(_OLDER_TRANSACTION, (instant, instant))
    assert row is not None
    return bool(row[0])
