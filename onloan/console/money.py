"""Money: what each pool holds and costs, what is owed and late, and the list of payout files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.console.costs import MarketMoney, list_market_money
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.console.pool_charts import SumGroup, draw_pool_bar, list_sums
from onloan.ledger.correction_queries import list_corrections_to_decide
from onloan.markets.rules import country_name
from onloan.offers.queries import MarketView, list_markets
from onloan.payouts.actions import prepare_batch
from onloan.payouts.queries import (
    count_overdue,
    count_ready,
    count_unreached,
    count_waiting,
    list_batches,
    list_overdue,
)
from onloan.payouts.watch import list_voucher_alarms
from onloan.vouchers.queries import list_missing_codes


@dataclass(frozen=True, slots=True)
class PoolCard:
    money: MarketMoney
    bar: SafeString | str
    groups: list[SumGroup]


@dataclass(frozen=True, slots=True)
class OwedRow:
    """One country's cash: payments that can go into a file now, those that wait for the person's account, and how
    many of all of them are late."""

    country: str
    name: str
    ready: int
    waiting: int
    late: int


@require_http_methods(["GET", "POST"])
@team_page()
def show_money(request: TeamRequest) -> HttpResponse:
    if request.method == "POST":
        country = read_text(request, "country", 2)
        return act(
            request,
            Capability.EXPORT_PAYOUTS,
            lambda: prepare_batch(country=country, user_id=request.member.id, now=clock.now()),
            _("Prepared. A second person of finance approves it next."),
            reverse("console-money"),
        )
    now, markets = clock.now(), list_markets()
    context = {
        "here": "money",
        "cards": _pool_cards(markets, now),
        "owed": _owed_rows(markets, now),
        "overdue": list_overdue(now=now),
        "voucher_alarms": list_voucher_alarms(now=now),
        "unreached": _unreached(markets, now),
        "missing_codes": list_missing_codes(),
        "corrections": list_corrections_to_decide(),
        "batches": list_batches(),
    }
    return render_page(request, "money.html", context)


def _pool_cards(markets: Sequence[MarketView], now: datetime) -> list[PoolCard]:
    return [
        PoolCard(money, draw_pool_bar(str(number), money), list_sums(str(number), money.pool))
        for number, money in enumerate(list_market_money(markets, now=now))
    ]


def _unreached(markets: Sequence[MarketView], now: datetime) -> list[tuple[str, int]]:
    language = get_language() or "en"
    counts = [
        (country_name(country, language), count_unreached(country=country, now=now))
        for country in sorted({market.country for market in markets})
    ]
    return [(name, count) for name, count in counts if count]


def _owed_rows(markets: Sequence[MarketView], now: datetime) -> list[OwedRow]:
    language = get_language() or "en"
    return [
        OwedRow(
            country=country,
            name=country_name(country, language),
            ready=count_ready(country),
            waiting=count_waiting(country),
            late=count_overdue(country=country, now=now).late,
        )
        for country in sorted({market.country for market in markets})
    ]
