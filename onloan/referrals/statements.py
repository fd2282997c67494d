"""Statements of the joining transaction, of a click, and of what traffic multiplies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from onloan import db, ids
from onloan.db import Statement
from onloan.people.statements import code_lookup_statement
from onloan.referrals.models import Attribution, Link

CLICK_ROWS_MAX = 1_000


def link_statements(
    *, participant_id: UUID, code: str, market_id: UUID, offer_id: UUID, now: datetime
) -> list[Statement]:
    """The link of a new participant, and the look-up of its code, whose key makes the code unique.

    Draw ``code`` with ``referrals.queries.draw_link_code()``. Executing raises ``django.db.IntegrityError``
    when somebody took the same code meanwhile: begin again with another one.
    """
    link_id = ids.new_id()
    return [
        code_lookup_statement(kind="link", code=code, participant_id=participant_id, target_id=link_id),
        db.insert(
            Link,
            id=link_id,
            participant_id=participant_id,
            code=code,
            market_id=market_id,
            offer_id=offer_id,
            created_at=now,
        ),
    ]


def attribution_statements(
    *, participant_id: UUID, sponsor_id: UUID, link_code: str, market_id: UUID, credited: bool, now: datetime
) -> list[Statement]:
    """Who brought the new participant. Nobody brings themselves: the database refuses it."""
    return [
        db.insert(
            Attribution,
            id=ids.new_id(),
            participant_id=participant_id,
            sponsor_id=sponsor_id,
            link_code=link_code,
            market_id=market_id,
            attributed_at=now,
            credited=credited,
            qualified_at=None,
        )
    ]


def click_statements(*, counts: Mapping[str, int], day: date) -> list[Statement]:
    """Add clicks of one ``day`` to each link code, whether or not the day has a row already.

    One statement adds up to ``CLICK_ROWS_MAX`` links; they go in the order of their codes, so that two processes
    that flush at once wait for each other and never in a circle.
    """
    ordered = sorted(counts.items())
    chunks = [ordered[start : start + CLICK_ROWS_MAX] for start in range(0, len(ordered), CLICK_ROWS_MAX)]
    return [_add_clicks(chunk, day) for chunk in chunks]


def _add_clicks(chunk: Sequence[tuple[str, int]], day: date) -> Statement:
    written_day = connection.ops.adapt_datefield_value(day)
    values: list[Any] = []
    for code, count in chunk:
        values += [db.uuid_value(ids.new_id()), code, written_day, count]
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(chunk))
    sql = (
        f"INSERT INTO referrals_click_day (id, link_code, day, count) VALUES {rows}"  # noqa: S608
        " ON CONFLICT (link_code, day) DO UPDATE SET count = referrals_click_day.count + excluded.count"
    )
    return sql, values
