"""What somebody with the database's password can do: run any statement, triggers or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from onloan import db
from onloan.db import action
from onloan.evidence.models import EntryLink, LoggedEntry, LogState


@action
def execute_freely(statement: str, values: Sequence[Any] = (), *, is_guarded: bool = False) -> None:
    """Run ``statement``; unless ``is_guarded``, without the triggers that keep the log append-only."""
    with connection.cursor() as cursor:
        if not is_guarded:
            drop_guard()
        cursor.execute(statement, values)


def drop_guard() -> None:
    with connection.cursor() as cursor:
        if db.is_postgresql():
            cursor.execute("DROP TRIGGER IF EXISTS evidence_log_only_grows ON evidence_log")
            return
        for verb in ("update", "delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS evidence_log_only_grows_{verb}")


@action
def start_again() -> None:
    """Empty the log, for a next example on the same database; it is then another log."""
    drop_guard()
    for model in (LoggedEntry, LogState, EntryLink):
        model.objects.all().delete()
