"""Where one can write when a form takes no more: the address of whoever is responsible, or where it stands."""

from __future__ import annotations

from uuid import UUID

from onloan.cases.merchants import list_merchants, name_merchants
from onloan.offers.queries import list_markets
from onloan.portal.campaign import Campaign, campaign_of


def merchant_context(participant_id: UUID | None = None) -> dict[str, object]:
    """Who answers what is asked: on top of the page where it is one, in words where there are several."""
    names = name_merchants(participant_id)
    is_one = participant_id is not None or len(list_merchants()) == 1
    return {"merchant": names if is_one else "", "answers": names}


def contacts_context() -> dict[str, object]:
    """One address where all campaigns have the same one, else the campaigns, whose notices name it."""
    campaigns: list[Campaign] = [campaign_of(market) for market in list_markets()]
    addresses = {campaign.version.offer.controller.email for campaign in campaigns}
    if len(addresses) == 1:
        return {"write_to": addresses.pop()}
    return {"write_to_campaigns": campaigns}
