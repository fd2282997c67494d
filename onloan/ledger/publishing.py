"""Publishing puts the money aside in the same transaction: no version stands whose pools were never filled."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.db import action
from onloan.ledger.actions import fund_pool
from onloan.ledger.queries import pool_view
from onloan.money import Money
from onloan.offers.actions import publish_draft
from onloan.offers.queries import find_market, find_version
from onloan.offers.rules import pot_to_reserve


@action
def publish_and_fund(*, draft_id: UUID, user_id: UUID, now: datetime) -> UUID:
    """Publish a draft and bring the pool of each of its markets up to what the file says. Returns the version.

    A pool that has as much already stays: what was set aside for people is not taken back. Raises what
    ``publish_draft`` and ``fund_pool`` raise; nothing is kept then.
    """
    version = find_version(publish_draft(draft_id=draft_id, user_id=user_id, now=now))
    for country, terms in version.offer.markets.items():
        market = find_market(version.offer_slug, country)
        missing_minor = terms.pool.amount_minor - pool_view(market.id).funded.amount_minor
        if market.version_id == version.id and missing_minor > 0:
            fund_pool(
                market_id=market.id,
                amount=Money(missing_minor, terms.pool.currency),
                full_pot=pot_to_reserve(version.offer, country, has_sponsor=False),
                by_user_id=user_id,
                now=now,
            )
    return version.id
