"""What happens to pools by itself: each day's figures are kept, and the team is told before a pool is used up."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings

from onloan import db, ids
from onloan.access.rules import Role
from onloan.access.team import list_members
from onloan.db import action
from onloan.ledger import rules
from onloan.ledger.models import PoolAlarm, PoolDay
from onloan.ledger.queries import list_funded_markets, pool_forecast, pool_view
from onloan.offers.queries import MarketView, find_market_by_id, find_version
from onloan.outbox.statements import mail_statement

_TOLD_ROLES = frozenset({Role.FINANCE.value, Role.GROWTH.value})


def record_pool_day(*, now: datetime) -> int:
    """Keep today's figures of every pool; a later look on the same day (UTC) replaces them. Returns for how
    many pools there was something new to keep."""
    return sum(_record_day(market_id=market_id, now=now) for market_id in list_funded_markets())


@action
def _record_day(*, market_id: UUID, now: datetime) -> bool:
    pool = pool_view(market_id)
    amounts = {f"{name}_minor": getattr(pool, name).amount_minor for name in rules.POOL_COLUMNS}
    newest = ", ".join(f"{column} = excluded.{column}" for column in amounts)
    kept = ", ".join(f"ledger_pool_day.{column}" for column in amounts)
    changed = ", ".join(f"excluded.{column}" for column in amounts)
    sql, values = db.insert(
        PoolDay,
        id=ids.new_id(), market_id=market_id, day=now.astimezone(UTC).date(), currency=pool.funded.currency,
        **amounts,
        on_conflict="ON CONFLICT (market_id, day) DO UPDATE"
        f" SET {newest} WHERE ({kept}) <> ({changed}) RETURNING id",
    )  # fmt: skip
    return db.fetch_one(sql, values) is not None


def watch_pools(*, now: datetime) -> int:
    """Tell finance and growth, once for each level and market, that a pool is running dry or used up. Returns how
    many alarms were raised."""
    return sum(_watch_pool(market_id=market_id, now=now) for market_id in list_funded_markets())


@action
def _watch_pool(*, market_id: UUID, now: datetime) -> int:
    market = find_market_by_id(market_id)
    if market.state != "open":
        return 0
    pool = pool_view(market_id)
    reached = rules.reached_levels(
        funded_minor=pool.funded.amount_minor,
        free_minor=pool.free.amount_minor,
        pot_minor=pool.full_pot.amount_minor,
    )
    # The row comes first and only one process writes it, so only one of them tells the team.
    raised = [level for level in reached if _raise_alarm(market_id, level, now)]
    if raised:
        db.execute(_alarm_mails(market, max(raised), now))
    return len(raised)


def _raise_alarm(market_id: UUID, level: int, now: datetime) -> bool:
    sql, values = db.insert(
        PoolAlarm,
        id=ids.new_id(), market_id=market_id, level_percent=level, raised_at=now,
        on_conflict="ON CONFLICT (market_id, level_percent) DO NOTHING RETURNING id",
    )  # fmt: skip
    return db.fetch_one(sql, values) is not None


def _alarm_mails(market: MarketView, level: int, now: datetime) -> list[db.Statement]:
    """One mail to each member whose role funds a pool or runs the campaign."""
    forecast = pool_forecast(market.id, now=now)
    context: dict[str, str | int] = {
        "controller": find_version(market.version_id).offer.controller.name,
        "offer_slug": market.offer_slug,
        "country": market.country,
        "used_percent": level,
        "pots_free": forecast.full_pots_free,
    }
    if forecast.closes_on is not None and forecast.full_pots_free:
        context["pool_closes_on"] = forecast.closes_on.isoformat()
    return [
        mail_statement(
            template="pool_alarm", language=settings.LANGUAGE_CODE, context=context, address=member.email
        )
        for member in list_members()
        if member.is_active and member.role in _TOLD_ROLES
    ]
