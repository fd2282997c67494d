"""Which campaigns are open, what each one offers, and the terms and notice of every version."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from onloan.errors import NotFound
from onloan.offers.queries import find_market, find_version_number, list_markets
from onloan.offers.texts import published_notice, published_terms
from onloan.portal.campaign import Campaign, campaign_of, campaign_page, render_campaign, to_own_language
from onloan.portal.feedback import latest_change
from onloan.portal.pages import render_page


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer that runs in at least one country."""

    title: str
    merchant: str
    campaigns: tuple[Campaign, ...]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    offers = []
    for _, markets in groupby(list_markets(), key=lambda market: market.offer_slug):
        campaigns = [campaign_of(market) for market in markets]
        shown = tuple(campaign for campaign in campaigns if campaign.state in {"open", "suspended"})
        if any(campaign.is_open for campaign in shown):
            offers.append(OpenOffer(shown[0].title, shown[0].merchant, shown))
    return render_page(request, "home.html", {"offers": offers})


@require_safe
@campaign_page
def offer_page(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return render_campaign(request, "offer.html", campaign, {"changed": latest_change(campaign)})


@require_safe
def terms_page(request: HttpRequest, slug: str, country: str, number: int) -> HttpResponse:
    """The terms of a version, at an address that never changes."""
    return _text_page(request, "terms.html", slug, country, number)


@require_safe
def notice_page(request: HttpRequest, slug: str, country: str, number: int) -> HttpResponse:
    """What is done with people's data under a version, at an address that never changes."""
    return _text_page(request, "notice.html", slug, country, number)


def _text_page(request: HttpRequest, template: str, slug: str, country: str, number: int) -> HttpResponse:
    version = find_version_number(slug, number)
    if country not in version.offer.markets:
        raise NotFound()
    campaign = campaign_of(find_market(slug, country), version)
    elsewhere = to_own_language(request, campaign)
    if elsewhere is not None:
        return elsewhere
    read = published_terms if template == "terms.html" else published_notice
    context = {
        "text": read(version, country, campaign.language),
        "number": number,
        "earlier": range(1, number),
    }
    return render_campaign(request, template, campaign, context)
