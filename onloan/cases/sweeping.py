"""Taking what was deleted out of the database's own files.

SQLite overwrites it (``secure_delete``); its log is emptied here. PostgreSQL keeps a deleted row until no
transaction can see it any more, and VACUUM leaves the bytes of a page's last rows in the gap: found by searching
the files. So the tables that lead to a person are written anew, in a moment in which nobody reads them; that is
quick while they are small. Of what is left in other tables nothing leads to a person without these.
"""

from __future__ import annotations

from django.db import OperationalError, connection

from onloan import db

REWRITTEN = ("people_person_key", "people_email_lookup", "people_code_lookup", "payouts_payment")
"""Keys, every way from something that a person knows to their rows, and names and accounts that were under way to
a bank: the key of their batch is there for longer."""
VACUUMED = (
    "people_item", "people_item_change", "people_lookup_record", "people_participant", "evidence_link",
    "outbox_message", "payouts_payee", "payouts_archive", "referrals_mark", "referrals_link",
    "referrals_attribution", "referrals_event", "referrals_review", "cases_case", "cases_event",
    "cases_sighting", "cases_restriction", "cases_erasure",
)  # fmt: skip
REWRITE_BYTES_MAX = 256 * 2**20
"""Of one table, by itself: some seconds in which nobody can sign in. Larger ones wait for ``onloan sweep``."""
_LOCK_WAIT = "2s"

_OLDER_READERS = """
SELECT EXISTS (
    SELECT 1 FROM pg_stat_activity
    WHERE (datname = current_database() OR datname IS NULL) AND age(backend_xmin) >= age(%s::text::xid)
) OR EXISTS (
    SELECT 1 FROM pg_replication_slots WHERE greatest(age(xmin), age(catalog_xmin)) >= age(%s::text::xid)
) OR EXISTS (
    SELECT 1 FROM pg_prepared_xacts WHERE database = current_database() AND age(transaction) >= age(%s::text::xid)
)
"""


def read_transaction_number() -> int | None:
    """PostgreSQL's number of this transaction; None on SQLite, which has no readers of what is gone."""
    if not db.is_postgresql():
        return None
    row = db.fetch_one("SELECT pg_current_xact_id()::text::bigint")
    assert row is not None
    return int(row[0])


def is_past(erased_in: int | None) -> bool:
    """Whether nobody reads as of before that transaction any more: until then VACUUM leaves its rows alone."""
    if erased_in is None or not db.is_postgresql():
        return True
    short = str(erased_in % 2**32)
    row = db.fetch_one(_OLDER_READERS, [short, short, short])
    assert row is not None
    return not row[0]


def sweep_traces(*, is_quiet: bool = False) -> bool:
    """Whether the files hold nothing of deleted rows any more. False: somebody was reading, or a table is too
    large to be written anew while people wait; with ``is_quiet`` they wait."""
    assert not connection.in_atomic_block, "sweeping is no part of a transaction"
    with connection.cursor() as cursor:
        if not db.is_postgresql():
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            row = cursor.fetchone()
            return row is not None and row[0] == 0
        if not is_quiet and _is_large():
            return False
        for table in VACUUMED:
            cursor.execute(f"VACUUM {table}")
        return _rewrite(is_quiet=is_quiet)


def _is_large() -> bool:
    """Whether a table takes longer to be written anew than people wait."""
    row = db.fetch_one(
        "SELECT max(pg_total_relation_size(oid)) FROM pg_class WHERE relname = ANY(%s)", [list(REWRITTEN)]
    )
    assert row is not None
    return bool(row[0] > REWRITE_BYTES_MAX)


def _rewrite(*, is_quiet: bool) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{'0' if is_quiet else _LOCK_WAIT}'")
        try:
            for table in REWRITTEN:
                cursor.execute(f"VACUUM (FULL) {table}")
        except OperationalError:
            # Somebody held it for longer than we want to wait; the next run tries again.
            return False
        finally:
            cursor.execute("RESET lock_timeout")
    return True
