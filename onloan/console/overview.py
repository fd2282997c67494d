"""The first page: each market with its people and its money, and what is due."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.queries import count_open_cases
from onloan.consents.queries import AnswerCounts, count_answers
from onloan.console.breaches import list_running
from onloan.console.costs import MarketMoney, list_market_money
from onloan.console.desk import list_clocks, list_first
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.offers.queries import MarketView, list_markets
from onloan.payouts.queries import list_overdue
from onloan.people.queries import count_joined
from onloan.uses.queries import UseCounts, count_market_uses


@dataclass(frozen=True, slots=True)
class MarketRow:
    """One market on the overview."""

    market: MarketView
    joined: int
    money: MarketMoney
    answers: list[AnswerCounts]
    uses: UseCounts | None


@require_GET
@team_page()
def show_overview(request: TeamRequest) -> HttpResponse:
    now = clock.now()
    markets = list_markets()
    keys = [market.id for market in markets]
    joined, answers, uses = count_joined(keys), count_answers(keys), count_market_uses(keys)
    rows = [
        MarketRow(
            market=market,
            joined=joined.get(market.id, 0),
            money=money,
            answers=answers.get(market.id, []),
            uses=uses.get(market.id),
        )
        for market, money in zip(markets, list_market_money(markets, now=now), strict=True)
    ]
    handles_cases = request.member.can(Capability.HANDLE_CASES)
    open_cases, late_cases = count_open_cases(now=now)
    context = {
        "here": "overview",
        "breaches": list_running(request.member, now),
        "rows": rows,
        "has_answers": any(row.answers for row in rows),
        "joined": sum(joined.values()),
        "open_cases": open_cases,
        "late_cases": late_cases,
        "late_payments": len(list_overdue(now=now)),
        # Whoever answers people sees first what waits for them.
        **({"clocks": list_clocks(request.member, now), "first": list_first(now)} if handles_cases else {}),
    }
    return render_page(request, "overview.html", context)
