"""Statements of the joining transaction, of a click, and of what traffic multiplies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from onloan import db, ids
from onloan.db import Statement
from onloan.people.statements import code_lookup_statement
from onloan.referrals.models import Attribution, ClickDay, Link


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
    """Add clicks of one ``day`` to each link code, whether or not the day has a row already."""
    return [
        db.insert(
            ClickDay,
            on_conflict=(
                "ON CONFLICT (link_code, day) DO UPDATE SET count = referrals_click_day.count + excluded.count"
            ),
            id=ids.new_id(),
            link_code=code,
            day=day,
            count=count,
        )
        for code, count in sorted(counts.items())
    ]
