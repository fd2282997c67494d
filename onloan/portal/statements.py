"""What a year brought, to print or to take along: dates and amounts by kind. Kinds are never added together."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from onloan import clock
from onloan.errors import NotFound
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.document import RewardKind
from onloan.payouts.situation import StatementLine, What, yearly_statement
from onloan.payouts.thresholds import is_near
from onloan.people.queries import ParticipantView
from onloan.portal.campaign import Campaign
from onloan.portal.cases import signed_in
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.pots import KIND_WORDS, KINDS

WHAT_WORDS: dict[What, Promise] = {
    "earned": pgettext_lazy("statement", "Earned"),
    "paid": pgettext_lazy("statement", "Paid to you"),
    "returned": pgettext_lazy("statement", "Sent back by your bank"),
    "taken_as_voucher": pgettext_lazy("statement", "Taken instead of cash"),
}
GIVEN = gettext_lazy("Given to you")
COLUMNS = ("day", "kind", "what", "amount", "currency", "reference")


@dataclass(frozen=True, slots=True)
class Event:
    line: StatementLine
    what: Promise


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of reward in one year."""

    kind: RewardKind
    name: Promise
    events: list[Event]
    totals: list[tuple[Promise, Money]]


@require_safe
def statement_page(request: HttpRequest, year: int) -> HttpResponse:
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    campaign = campaign_for(participant)
    years = _years(participant, campaign)
    if year not in years:
        raise NotFound
    context = {
        "here": "me",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "participant": participant,
        "time_zone": campaign.time_zone,
        "year": str(year),
        "other_years": [each for each in years if each != year],
        "parts": _parts(participant, year, campaign),
        "tax_sentence": campaign.tax_sentence,
        "declare_amount": _declare_amount(participant, year),
    }
    return render_page(request, "me/statement.html", context, colour=campaign.colour, is_private=True)


@require_safe
def statement_file(request: HttpRequest, year: int) -> HttpResponse:
    """The same lines as a table (RFC 4180), for a spreadsheet; amounts as plain decimals."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    campaign = campaign_for(participant)
    if year not in _years(participant, campaign):
        raise NotFound
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in yearly_statement(participant.id, year=year, time_zone=campaign.time_zone).lines:
        amount, currency = line.amount.written().split(" ")
        writer.writerow((line.on.isoformat(), line.kind, line.what, amount, currency, line.reference))
    response = HttpResponse(out.getvalue().encode(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{campaign.offer.slug}-{year}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _declare_amount(participant: ParticipantView, year: int) -> Money | None:
    """The amount of this person's country, when the year comes near it."""
    facts = market_facts(participant.country)
    if facts.declare_minor is None or not is_near(participant.id, country=participant.country, year=year):
        return None
    return Money(facts.declare_minor, facts.currency)


def _parts(participant: ParticipantView, year: int, campaign: Campaign) -> list[Part]:
    statement = yearly_statement(participant.id, year=year, time_zone=campaign.time_zone)
    parts = []
    for kind in KINDS:
        events = [Event(line, _what(line.what, kind)) for line in statement.lines if line.kind == kind]
        sums = [
            (_what(what, kind), statement.totals[what][kind])
            for what in WHAT_WORDS
            if kind in statement.totals[what]
        ]
        if events:
            parts.append(Part(kind, KIND_WORDS[kind], events, sums))
    return parts


def _what(what: What, kind: RewardKind) -> Promise:
    """What the merchant gives itself is given, not paid."""
    return GIVEN if what == "paid" and kind == "fulfilled" else WHAT_WORDS[what]


def _years(participant: ParticipantView, campaign: Campaign) -> range:
    """From the year in which the person joined to the present one, in the time of the market."""
    first = clock.local_day(participant.joined_at, campaign.time_zone).year
    return range(first, clock.local_day(campaign.now, campaign.time_zone).year + 1)
