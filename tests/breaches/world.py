"""A market with people, and a breach that Dora recorded in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from onloan import clock
from onloan.breaches.actions import assess_risk, change_breach, record_breach
from onloan.breaches.queries import find_breach
from onloan.breaches.rules import PARTS, Risk
from tests.joining.support import OpenMarket, add_participant, open_market

NOW = clock.now().replace(microsecond=0)
AWARE = NOW - timedelta(hours=2)
WHY = "One file, one hour, and nobody opened it."
WORDS = {
    "what": "A file with usernames lay open for an hour.",
    "effects": "Somebody may have read your username.",
    "measures": "We closed it. You need not do anything.",
    "contact": "dpo@boutique.example",
}
assert set(WORDS) == set(PARTS)
TEXTS = {"fr": WORDS}


def open_with_people(count: int) -> OpenMarket:
    market = open_market(pots=count + 1)
    for number in range(count):
        add_participant(market, f"Ana{number}")
    return market


def record(user_id: UUID, *, aware_at: datetime = AWARE, now: datetime = NOW) -> UUID:
    return record_breach(facts="A file with usernames lay open.", aware_at=aware_at, user_id=user_id, now=now)


def change(breach_id: UUID, user_id: UUID, *, note: str = "", now: datetime = NOW, **changes: Any) -> None:
    view = find_breach(breach_id)
    change_breach(
        breach_id=breach_id,
        account=replace(view.account, **changes),
        note=note,
        entries_seen=len(view.entries),
        user_id=user_id,
        now=now,
    )


def assess(breach_id: UUID, user_id: UUID, risk: Risk = Risk.HIGH, *, now: datetime = NOW) -> None:
    assess_risk(breach_id=breach_id, risk=risk, reason=WHY, user_id=user_id, now=now)
