"""One market's pool: over time, how long it lasts, who set money aside, more of it, and its books as a journal."""

from __future__ import annotations

import io
import re
import tempfile
from datetime import datetime, timedelta
from uuid import UUID

from babel.numbers import get_currency_precision
from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock, ids
from onloan.access.rules import Capability
from onloan.access.team import require
from onloan.console.costs import find_market_money
from onloan.console.pages import TeamRequest, read_text, render_page, team_page
from onloan.console.pool_charts import draw_pool_bar, draw_pool_charts, list_sums
from onloan.errors import BadInput, OnloanError
from onloan.ledger.finance import list_fundings
from onloan.ledger.journal import write_journal
from onloan.ledger.pools import top_up_pool
from onloan.ledger.queries import PoolLine, PoolView, list_pool_days
from onloan.money import Money, parse_money
from onloan.offers.queries import find_market

DAYS_SHOWN = 366
AMOUNT_CHARACTERS_MAX = 24
# Digits with at most one sign before the decimals. A sign between thousands could be either, so it is asked again.
_TYPED_AMOUNT = re.compile(r"(\d{1,13})(?:[.,](\d{1,3}))?", re.ASCII)
_SPACES = re.compile(r"[\s\u00a0\u202f]+")


@require_http_methods(["GET", "POST"])
@team_page()
def show_pool(request: TeamRequest, slug: str, country: str) -> HttpResponse:
    if request.method == "POST":
        return _top_up(request, slug, country)
    return _render(request, slug, country)


def _top_up(request: TeamRequest, slug: str, country: str) -> HttpResponse:
    require(request.member, Capability.FUND_POOL)
    market = find_market(slug, country)
    typed = read_text(request, "amount", AMOUNT_CHARACTERS_MAX)
    try:
        amount = read_amount(typed, market.currency)
        top_up_pool(
            market_id=market.id,
            amount=amount,
            user_id=request.member.id,
            now=clock.now(),
            funding_id=_read_id(request),
        )
    except OnloanError as error:
        return _render(request, slug, country, typed=typed, problem=f"{error} ({error.code})", status=error.status)
    done = _("%(amount)s more set aside for %(country)s.")
    messages.success(request, done % {"amount": amount.format(get_language() or "en"), "country": country})
    return HttpResponseRedirect(reverse("console-pool", args=[slug, country]))


def _read_id(request: TeamRequest) -> UUID:
    """The key that the form carries, so that a button pressed twice sets money aside once."""
    try:
        funding_id = UUID(request.POST.get("funding_id", ""))
    except ValueError as error:
        raise BadInput(field="funding_id", problem=_("open this page again")) from error
    if funding_id.version != 7:
        raise BadInput(field="funding_id", problem=_("open this page again"))
    return funding_id


def read_amount(typed: str, currency: str) -> Money:
    """An amount as somebody types it, ``1 234,50`` or ``1234.50``. Raises BadInput."""
    digits = get_currency_precision(currency)
    found = _TYPED_AMOUNT.fullmatch(_SPACES.sub("", typed))
    if found is None or len(found[2] or "") > digits:
        example = f"1250.{'0' * digits}" if digits else "1250"
        raise BadInput(
            field="amount",
            problem=_("write digits and no sign between thousands, for example %(example)s")
            % {"example": example},
        )
    try:
        amount = parse_money(f"{found[1]}.{found[2]} {currency}" if found[2] else f"{found[1]} {currency}")
    except ValueError as error:
        raise BadInput(field="amount", problem=_("this is too much")) from error
    if amount.amount_minor == 0:
        raise BadInput(field="amount", problem=_("more than nothing"))
    return amount


def _render(
    request: TeamRequest, slug: str, country: str, *, typed: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    now = clock.now()
    market = find_market(slug, country)
    money = find_market_money(market, now=now)
    days = _days_to_now(market.id, money.pool, now)
    context = {
        "here": "money",
        "money": money,
        "bar": draw_pool_bar(country.lower(), money),
        "groups": list_sums(country.lower(), money.pool),
        "charts": draw_pool_charts(days),
        "days": list(reversed(days)),
        "fundings": list_fundings(market.id),
        "funding_id": ids.new_id(),
        "typed": typed,
        "problem": problem,
    }
    return render_page(request, "pool.html", context, status=status)


def _days_to_now(market_id: UUID, pool: PoolView, now: datetime) -> list[PoolLine]:
    """The days on record and today as it is at this moment."""
    today = now.date()
    recorded = list_pool_days(market_id, since=today - timedelta(days=DAYS_SHOWN))
    present = PoolLine(
        day=today,
        funded=pool.funded,
        free=pool.free,
        reserved=pool.reserved,
        owed=pool.owed,
        vouchers=pool.vouchers,
        paid=pool.paid,
        redeemed=pool.redeemed,
        expired=pool.expired,
    )
    return [*(day for day in recorded if day.day < today), present]


@require_GET
@team_page()
def download_journal(request: TeamRequest, slug: str, country: str) -> FileResponse:
    """The books of one market for hledger. It names nobody: people stand in it by their public ids."""
    return _send_journal(find_market(slug, country).id, f"{slug}-{country}")


@require_GET
@team_page()
def download_whole_journal(request: TeamRequest) -> FileResponse:
    return _send_journal(None, "onloan")


def _send_journal(market_id: UUID | None, name: str) -> FileResponse:
    # The answer closes the file, which has no name, once it is sent.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
    write_journal(out=text, market_id=market_id)
    text.detach()
    file.seek(0)
    response = FileResponse(
        file, as_attachment=True, filename=f"{name}.journal", content_type="text/plain; charset=utf-8"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
