"""Every clock on one page: breaches, requests by kind, erasures, copies of data, undelivered answers, reviews,
notices and takedowns, payments, and what people say about markets that are stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from onloan import clock
from onloan.access.rules import Capability
from onloan.access.team import Member
from onloan.breaches.queries import count_breaches
from onloan.cases.feedback_queries import count_feedback
from onloan.cases.queue_queries import (
    QueueRow,
    Tab,
    count_by_kind,
    count_erasures,
    count_gaps,
    count_undelivered,
    read_queue,
)
from onloan.console.breaches import list_running
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.console.templatetags.casewords import case_kind
from onloan.offers.queries import list_markets
from onloan.payouts.queries import count_overdue
from onloan.referrals.review_queries import count_reviews
from onloan.uses.duty_queries import count_late_duties, count_open_duties

FIRST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Clock:
    """One kind of work that has a day: how much is open, how much of it is late, and where it is done. ``late`` is
    None for work that has no day of its own and is looked at all the same."""

    name: str
    open: int
    late: int | None
    address: str


@require_GET
@team_page()
def show_desk(request: TeamRequest) -> HttpResponse:
    now = clock.now()
    context = {
        "here": "cases",
        "clocks": list_clocks(request.member, now),
        "first": list_first(now),
        "breaches": list_running(request.member, now),
    }
    return render_page(request, "desk.html", context)


def list_first(now: datetime) -> list[QueueRow]:
    """What is late, and then what is due next."""
    queue = read_queue(tab=Tab.OPEN, now=now)
    return queue.rows[:FIRST_SHOWN]


def list_clocks(member: Member, now: datetime) -> list[Clock]:
    """Every kind of work with a day that the member may see; a kind of request of which nothing is open is left
    out."""
    queue = reverse("console-cases")
    kinds = [
        Clock(case_kind(kind), opened, late, f"{queue}?kind={kind.value}")
        for kind, (opened, late) in count_by_kind(now).items()
    ]
    return [*_list_breaches(member, now), *kinds, *_list_work(now), *_list_stopped()]


def _list_breaches(member: Member, now: datetime) -> Iterator[Clock]:
    if member.can(Capability.VIEW_BREACHES):
        opened, late = count_breaches(now)
        yield Clock(_("Breaches"), opened, late, reverse("console-breaches"))


def _list_work(now: datetime) -> Iterator[Clock]:
    """What goes on behind requests, and what is owed."""
    queue = reverse("console-cases")
    erasing, late_erasing = count_erasures(now)
    yield Clock(_("Erasures under way"), erasing, late_erasing, f"{queue}?kind=erasure")
    gaps, undelivered = count_gaps(), count_undelivered()
    yield Clock(_("Copies of data with a gap"), gaps, gaps, f"{queue}?kind=access")
    yield Clock(_("Mails about requests that did not arrive"), undelivered, undelivered, queue)
    reviews, late_reviews = count_reviews(now=now)
    yield Clock(_("Rewards that wait for a human"), reviews, late_reviews, reverse("console-reviews"))
    yield Clock(
        _("Recipients to answer, copies to take down"),
        count_open_duties(),
        count_late_duties(now=now),
        reverse("console-recipients"),
    )
    payments = [count_overdue(country=country, now=now) for country in {m.country for m in list_markets()}]
    yield Clock(
        _("Payments that are owed"),
        sum(each.owed for each in payments),
        sum(each.late for each in payments),
        reverse("console-money"),
    )


def _list_stopped() -> Iterator[Clock]:
    """What people said about a market that is suspended: nobody's day, and read before it opens again."""
    for market in list_markets():
        if market.state != "suspended":
            continue
        said = sum(sum(topics.values()) for topics in count_feedback(market.id).values())
        name = _("Feedback on %(offer)s %(country)s, which is suspended") % {
            "offer": market.offer_slug,
            "country": market.country,
        }
        yield Clock(name, said, None, reverse("console-feedback", args=[market.offer_slug, market.country]))
