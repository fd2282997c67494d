"""What the ledger writes into the evidence log: an amount, its place, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from onloan.db import Statement
from onloan.evidence.statements import entry_statements
from onloan.ledger.queries import RewardView, find_place
from onloan.money import Money


def money_entry(
    kind: str,
    market_id: UUID,
    participant_id: UUID | None,
    amount: Money,
    now: datetime,
    fields: Mapping[str, str] | None = None,
) -> list[Statement]:
    """The statements of one entry about ``amount`` of a market, and of a person unless it is the pool's."""
    place = find_place(market_id)
    said = {"offer": place.offer_slug, "market": place.country, **(fields or {})}
    return entry_statements(
        kind=kind,
        fields={**said, "amount_minor": amount.amount_minor, "currency": amount.currency},
        participant_id=participant_id,
        occurred_at=now,
    )


def reward_entry(
    kind: str, reward: RewardView, amount: Money, now: datetime, fields: Mapping[str, str] | None = None
) -> list[Statement]:
    """The same for ``amount`` of one reward, whose rule is named."""
    said = {"reward": reward.rule_id, **(fields or {})}
    return money_entry(kind, reward.market_id, reward.participant_id, amount, now, said)
