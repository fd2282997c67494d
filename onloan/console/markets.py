"""Markets: their state and the switch."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.clarity import NOBODY_ASKED, count_clarity
from onloan.cases.feedback import explanation_languages, reopen_market
from onloan.cases.feedback_rules import EXPLANATION_LENGTH_MAX
from onloan.console.feedback import find_steps
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import NotFound
from onloan.ledger.queries import pool_view
from onloan.markets.rules import market_facts
from onloan.offers.queries import MarketView, find_market, find_version, list_changes, list_markets
from onloan.offers.rules import closing_day
from onloan.offers.switch import close_market, open_market, suspend_market, withdraw_market
from onloan.payouts.queries import count_overdue
from onloan.people.queries import count_joined

REASON_LENGTH_MAX = 500


@require_GET
@team_page()
def list_all(request: TeamRequest) -> HttpResponse:
    markets = list_markets()
    joined = count_joined([market.id for market in markets])
    rows = [(market, joined.get(market.id, 0), time_zone_of(market)) for market in markets]
    return render_page(request, "markets.html", {"here": "markets", "rows": rows})


def time_zone_of(market: MarketView) -> str:
    return find_version(market.version_id).offer.markets[market.country].time_zone


@require_http_methods(["GET", "POST"])
@team_page()
def show_market(request: TeamRequest, slug: str, country: str) -> HttpResponse:
    if request.method == "POST":
        return _switch(request, slug, country)
    market = find_market(slug, country)
    time_zone = time_zone_of(market)
    context = {
        "here": "markets",
        "market": market,
        "facts": market_facts(country),
        "time_zone": time_zone,
        "closes_on": closing_day(market.closes_at, time_zone),
        "joined": count_joined([market.id]).get(market.id, 0),
        "pool": pool_view(market.id),
        "changes": list_changes(market.id),
        "journey": find_steps(market),
        "clarity": count_clarity([market.version_id]).get(market.version_id, NOBODY_ASKED),
        "explanation_languages": explanation_languages(slug, country),
        "ways": {
            "open": market.state in {"draft", "suspended"},
            "suspend": market.state == "open",
            "withdraw": market.state == "suspended",
            "close": market.state in {"open", "suspended"} and clock.now() >= market.closes_at,
        },
    }
    return render_page(request, "market.html", context)


def _read_explanations(request: TeamRequest, slug: str, country: str) -> dict[str, str]:
    return {
        language: read_text(request, f"explanation-{language}", EXPLANATION_LENGTH_MAX)
        for language in explanation_languages(slug, country)
    }


def _switch(request: TeamRequest, slug: str, country: str) -> HttpResponse:
    """One of the ways; the reason is public, so it is asked for each time."""
    to = reverse("console-market", args=[slug, country])
    reason = read_text(request, "reason", REASON_LENGTH_MAX)
    honour = read_text(request, "honour_statement", REASON_LENGTH_MAX)
    user_id, now = request.member.id, clock.now()
    match request.POST.get("act"):
        case "reopen":
            return act(
                request,
                Capability.OPEN_MARKET,
                lambda: reopen_market(
                    offer_slug=slug,
                    country=country,
                    reason=reason,
                    explanations=_read_explanations(request, slug, country),
                    user_id=user_id,
                    overdue=count_overdue(country=country, now=now),
                    now=now,
                ),
                _("Open again. Its pages say what changed and why."),
                to,
            )
        case "open":
            return act(
                request,
                Capability.OPEN_MARKET,
                lambda: open_market(
                    offer_slug=slug,
                    country=country,
                    reason=reason,
                    user_id=user_id,
                    overdue=count_overdue(country=country, now=now),
                    now=now,
                ),
                _("Open. People can join from now on."),
                to,
            )
        case "suspend":
            return act(
                request,
                Capability.SUSPEND_MARKET,
                lambda: suspend_market(offer_slug=slug, country=country, reason=reason, user_id=user_id, now=now),
                _("Suspended. Nobody can join and nothing is shown; what was earned is still paid."),
                to,
            )
        case "withdraw":
            return act(
                request,
                Capability.SUSPEND_MARKET,
                lambda: withdraw_market(
                    offer_slug=slug,
                    country=country,
                    reason=reason,
                    honour_statement=honour,
                    user_id=user_id,
                    now=now,
                ),
                _("Withdrawn for good. What was earned is still paid."),
                to,
            )
        case "close":
            return act(
                request,
                Capability.SUSPEND_MARKET,
                lambda: close_market(offer_slug=slug, country=country, reason=reason, user_id=user_id, now=now),
                _("Closed."),
                to,
            )
    raise NotFound
