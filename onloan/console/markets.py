"""Markets: their state and the switch."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.cases.clarity import NOBODY_ASKED, count_clarity
from onloan.cases.feedback import explanation_languages
from onloan.console.feedback import find_steps
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.console.refusals import Problem, refusal_panel
from onloan.console.switch import WAYS, find_field, list_forms
from onloan.errors import NotFound, OnloanError
from onloan.ledger.queries import pool_view
from onloan.markets.rules import market_facts
from onloan.offers.queries import MarketView, find_market, find_version, list_changes, list_markets
from onloan.offers.rules import NOTHING_OVERDUE, OVERDUE_PERCENT_MAX, closing_day
from onloan.payouts.queries import count_overdue
from onloan.people.queries import count_joined


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
    return _render(request, slug, country)


def _switch(request: TeamRequest, slug: str, country: str) -> HttpResponse:
    """One of the ways; the reason is public, so it is asked for each time."""
    way = request.POST.get("act", "")
    if way not in WAYS:
        raise NotFound
    perform, done = WAYS[way]
    try:
        perform(request, slug, country)
    except OnloanError as error:
        problem = Problem(way, find_field(way, error.field), f"{error} ({error.code})")
        return _render(request, slug, country, problem=problem, status=error.status)
    messages.success(request, str(done))
    return HttpResponseRedirect(reverse("console-market", args=[slug, country]))


def _render(
    request: TeamRequest, slug: str, country: str, *, problem: Problem | None = None, status: int = 200
) -> HttpResponse:
    """The page; after a refusal with what was typed, and what is wrong at its field."""
    market = find_market(slug, country)
    time_zone, forms = time_zone_of(market), list_forms(request, market)
    explanations = [
        (language, f"explanation-{language}", request.POST.get(f"explanation-{language}", ""))
        for language in explanation_languages(slug, country)
    ]
    reason, honour = request.POST.get("reason", ""), request.POST.get("honour_statement", "")
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
        "explanations": explanations,
        "read_in": ", ".join(dict(settings.LANGUAGES)[language] for language, _name, _text in explanations),
        "forms": forms,
        "overdue": count_overdue(country=country, now=clock.now()) if "reopen" in forms else NOTHING_OVERDUE,
        "overdue_percent": OVERDUE_PERCENT_MAX,
        "opening": "reopen" if market.state == "suspended" else "open",
        "problem": problem,
        "reason": reason,
        "honour": honour,
        **refusal_panel(problem, forms, [reason, *(text for _language, _name, text in explanations), honour]),
    }
    return render_page(request, "market.html", context, status=status)
