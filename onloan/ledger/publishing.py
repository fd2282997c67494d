"""Finance sets the money of a file aside, and publishing books it in the same transaction: no version stands whose
pools were never filled, and nobody but finance fills one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan import ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import action
from onloan.ledger.errors import PoolNotPledged
from onloan.ledger.models import Pledge
from onloan.ledger.pools import fund_pool
from onloan.ledger.queries import find_pledge, pool_view
from onloan.money import Money
from onloan.offers.actions import publish_draft
from onloan.offers.queries import find_draft, find_market, find_version
from onloan.offers.rules import pot_to_reserve


@action
def pledge_pool(*, draft_id: UUID, user_id: UUID, now: datetime) -> None:
    """A member of finance sets aside the money that this file names; publishing then books it in their name.

    Again changes nothing, unless whoever pledged may no longer fund: then the new pledge counts. Raises
    NotAllowed, NotFound.
    """
    require(find_member_by_id(user_id), Capability.FUND_POOL)
    draft = find_draft(draft_id)
    if find_pledge(draft_id) is not None:
        return
    Pledge.objects.update_or_create(
        draft_id=draft_id,
        file_hash=draft.file_hash,
        defaults={"user_id": user_id, "pledged_at": now},
        create_defaults={"id": ids.new_id(), "user_id": user_id, "pledged_at": now},
    )


@action
def publish_and_fund(*, draft_id: UUID, user_id: UUID, now: datetime) -> UUID:
    """Publish a draft and bring the pool of each of its markets up to what the file says, in the name of whoever
    pledged it. Returns the version.

    A pool that has as much already stays: what was set aside for people is not taken back. Raises PoolNotPledged
    when money is missing and nobody pledged it, and what ``publish_draft`` and ``fund_pool`` raise; nothing is
    kept then.
    """
    version = find_version(publish_draft(draft_id=draft_id, user_id=user_id, now=now))
    pledge = find_pledge(draft_id)
    for country, terms in version.offer.markets.items():
        market = find_market(version.offer_slug, country)
        missing_minor = terms.pool.amount_minor - pool_view(market.id).funded.amount_minor
        if market.version_id != version.id or missing_minor <= 0:
            continue
        if pledge is None:
            raise PoolNotPledged
        fund_pool(
            market_id=market.id,
            amount=Money(missing_minor, terms.pool.currency),
            full_pot=pot_to_reserve(version.offer, country, has_sponsor=False),
            by_user_id=pledge.user_id,
            now=now,
        )
    return version.id
