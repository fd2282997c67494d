"""Reads for who pays for it all: who set money aside and when, and what the merchant gives that is no money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from onloan.access.models import User
from onloan.ledger.models import Funding, Reward
from onloan.ledger.rules import RewardState
from onloan.money import Money

FUNDINGS_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class FundingLine:
    """Money that a member of the team set aside at one moment, whichever slices it went into."""

    amount: Money
    by: str
    funded_at: datetime


def list_fundings(market_id: UUID) -> list[FundingLine]:
    """The latest fundings of a market, newest first; what only moved between its slices is none."""
    rows = list(
        Funding.objects.filter(market_id=market_id, source_slice_id=None)
        .values_list("funded_at", "by_user_id", "currency")
        .annotate(amount_minor=Sum("amount_minor"))
        .order_by("-funded_at")[:FUNDINGS_SHOWN_MAX]
    )
    names = dict(User.objects.filter(id__in={row[1] for row in rows}).values_list("id", "name"))
    return [
        FundingLine(Money(amount_minor, currency), names.get(user_id, ""), funded_at)
        for funded_at, user_id, currency, amount_minor in rows
    ]


def sum_fulfilled(market_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What people earned in each market of what the merchant fulfils itself, in minor units of its currency: part
    of what is owed and paid there, and no cash."""
    rows = (
        Reward.objects.filter(
            market_id__in=list(market_ids),
            reward_kind="fulfilled",
            state__in=[RewardState.EARNED.value, RewardState.PAID.value],
        )
        .values_list("market_id")
        .annotate(sum=Sum("amount_minor"))
    )
    return {**dict.fromkeys(market_ids, 0), **dict(rows)}
