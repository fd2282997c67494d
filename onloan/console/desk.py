"""Every clock on one page: requests, complaints, sightings, reviews, notices, takedowns, payments."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from onloan import clock
from onloan.cases.queries import list_cases
from onloan.cases.rules import State
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.markets.rules import market_facts
from onloan.offers.queries import list_markets
from onloan.payouts.queries import count_overdue
from onloan.referrals.review_queries import list_reviews
from onloan.uses.duty_queries import count_late_duties, count_open_duties


@dataclass(frozen=True, slots=True)
class Clock:
    """One kind of work that has a day: how much is open, how much of it is late, and where it is done."""

    name: str
    open: int
    late: int
    address: str


@require_GET
@team_page()
def show_desk(request: TeamRequest) -> HttpResponse:
    now = clock.now()
    cases = list_cases(state=State.OPEN)
    late = [case for case in cases if case.is_overdue(clock.local_day(now, market_facts(case.country).time_zone))]
    reviews = [review for review in list_reviews() if review.state == "open"]
    payments = [count_overdue(country=country, now=now) for country in {m.country for m in list_markets()}]
    clocks = [
        Clock(_("Requests, complaints and sightings"), len(cases), len(late), reverse("console-cases")),
        Clock(
            _("Rewards that wait for a human"),
            len(reviews),
            sum(review.due_at < now for review in reviews),
            reverse("console-reviews"),
        ),
        Clock(
            _("Recipients to answer, copies to take down"),
            count_open_duties(),
            count_late_duties(now=now),
            reverse("console-recipients"),
        ),
        Clock(
            _("Payments that are owed"),
            sum(each.owed for each in payments),
            sum(each.late for each in payments),
            reverse("console-money"),
        ),
    ]
    context = {"here": "cases", "clocks": clocks, "late": late, "first": cases[:5]}
    return render_page(request, "desk.html", context)
