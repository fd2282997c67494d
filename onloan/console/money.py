"""Money: what is owed by country, what is late, and the batches that two people let go."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import NotFound
from onloan.markets.rules import country_name
from onloan.offers.queries import list_markets
from onloan.payouts.actions import approve_batch, mark_batch_paid, prepare_batch, refuse_batch
from onloan.payouts.queries import batch_file, count_owed, find_batch, list_batches, list_overdue, list_payments

LINES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class OwedRow:
    country: str
    name: str
    count: int


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
    countries = sorted({market.country for market in list_markets()})
    language = get_language() or "en"
    context = {
        "here": "money",
        "owed": [OwedRow(country, country_name(country, language), count_owed(country)) for country in countries],
        "overdue": list_overdue(now=clock.now()),
        "batches": list_batches(),
    }
    return render_page(request, "money.html", context)


@require_http_methods(["GET", "POST"])
@team_page()
def show_batch(request: TeamRequest, batch_id: UUID) -> HttpResponse:
    if request.method == "POST":
        return _act_on_batch(request, batch_id)
    batch = find_batch(batch_id)
    context = {
        "here": "money",
        "batch": batch,
        "lines": list_payments(batch_id, limit=LINES_SHOWN),
        "left_out": max(0, batch.count - LINES_SHOWN),
    }
    return render_page(request, "batch.html", context)


def _act_on_batch(request: TeamRequest, batch_id: UUID) -> HttpResponse:
    to, user_id, now = reverse("console-batch", args=[batch_id]), request.member.id, clock.now()
    match request.POST.get("act"):
        case "approve":
            return act(
                request,
                Capability.APPROVE_PAYOUTS,
                lambda: approve_batch(batch_id=batch_id, user_id=user_id, now=now),
                _("Approved in your name. The file can go to the bank."),
                to,
            )
        case "refuse":
            return act(
                request,
                Capability.EXPORT_PAYOUTS,
                lambda: refuse_batch(batch_id=batch_id, user_id=user_id, now=now),
                _("Refused. What is in it is owed again and goes into the next one."),
                to,
            )
        case "paid":
            return act(
                request,
                Capability.EXPORT_PAYOUTS,
                lambda: mark_batch_paid(batch_id=batch_id, user_id=user_id, now=now),
                _("Marked as paid. Each person sees it on their page."),
                to,
            )
    raise NotFound


@require_GET
@team_page(Capability.EXPORT_PAYOUTS)
def download_batch(request: TeamRequest, batch_id: UUID) -> HttpResponse:
    """The file of an approved batch, for the bank."""
    file = batch_file(batch_id)
    response = HttpResponse(file.content, content_type=file.content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
