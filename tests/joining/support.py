"""The shipped offer, published and opened through its own doors, and somebody who wants to join it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from onloan import clock
from onloan.joining.actions import Joined, JoinRequest, join
from onloan.ledger.pools import fund_pool
from onloan.offers import actions as offers
from onloan.offers import switch
from onloan.offers.document import Offer
from onloan.offers.queries import find_market, find_version
from onloan.offers.rules import NOTHING_OVERDUE, pot_to_reserve
from tests.support.offers import Team, make_team, spring_text

PERMISSIONS = ("invitation-name", "invitation-photo", "acceptance-card", "winner-wall")
POT_MINOR = 10_000
"""What one person can earn in the shipped offer in France: 20 euros in cash and 80 in vouchers."""


@dataclass(frozen=True, slots=True)
class OpenMarket:
    market_id: UUID
    offer_id: UUID
    version_id: UUID
    offer: Offer
    country: str
    team: Team

    def suspend(self) -> None:
        switch.suspend_market(
            offer_slug=self.offer.slug, country=self.country, reason="We look at what you wrote to us.",
            user_id=self.team.dora, now=clock.now(),
        )  # fmt: skip

    def withdraw(self) -> None:
        self.suspend()
        switch.withdraw_market(
            offer_slug=self.offer.slug, country=self.country, reason="You did not want this campaign.",
            honour_statement="Everything that was earned or is under way is still paid.",
            user_id=self.team.dora, now=clock.now(),
        )  # fmt: skip


def open_market(
    *,
    pots: int = 10,
    country: str = "FR",
    slug: str = "spring-pot",
    welcome_to: str = "participant",
    edits: tuple[tuple[str, str], ...] = (),
) -> OpenMarket:
    """One country of the shipped offer, open since 60 days, its pool holding ``pots`` whole pots.
    ``edits`` replace text of the file."""
    now = clock.now()
    team = make_team()
    opened_at = now - timedelta(days=60)
    text = spring_text().replace("offer: spring-pot", f"offer: {slug}")
    text = text.replace("to: participant", f"to: {welcome_to}")
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} must stand once"
        text = text.replace(old, new)
    text = re.sub(r"opens: [0-9-]+", f"opens: {opened_at.date()}", text)
    text = re.sub(r"closes: [0-9-]+", f"closes: {(now + timedelta(days=60)).date()}", text)
    draft_id = offers.submit_draft(text=text, author_id=team.greg, now=opened_at)
    offers.approve_draft(
        draft_id=draft_id, user_id=team.dora, note="Read and fine.", door="console", now=opened_at
    )
    version_id = offers.publish_draft(draft_id=draft_id, user_id=team.dora, now=opened_at)
    offer = find_version(version_id).offer
    market = find_market(slug, country)
    if pots:
        pot = pot_to_reserve(offer, country, has_sponsor=False)
        fund_pool(market_id=market.id, amount=pot.times(pots), full_pot=pot, by_user_id=team.fay, now=opened_at)
    switch.open_market(
        offer_slug=slug, country=country, reason="The campaign starts.", user_id=team.dora,
        overdue=NOTHING_OVERDUE, now=opened_at + timedelta(days=1),
    )  # fmt: skip
    return OpenMarket(market.id, market.offer_id, version_id, offer, country, team)


def request_for(market: OpenMarket, name: str = "Ana", **changes: object) -> JoinRequest:
    """What ``name`` sends to join, with every answer a no; ``changes`` replace fields."""
    request = JoinRequest(
        offer_slug=market.offer.slug,
        country=market.country,
        version_id=market.version_id,
        email=f"{name.lower()}@example.org",
        username=name,
        over_18=True,
        answers=dict.fromkeys(PERMISSIONS, False),
        language=market.offer.markets[market.country].languages[0],
        page_hash="0" * 64,
        now=clock.now(),
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def add_participant(market: OpenMarket, name: str = "Ana", **changes: object) -> Joined:
    return join(request=request_for(market, name, **changes))
