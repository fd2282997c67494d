"""Every clock on one page: breaches, requests by kind, erasures, copies of data, undelivered answers, reviews,
notices and takedowns, payments, and what people say about markets that are stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from onloan.cases.feedback_queries import count_remarks
from onloan.cases.queue_queries import (
    Mark,
    QueueRow,
    count_by_kind,
    count_erasures,
    count_marked,
    count_waiting,
)
from onloan.cases.queue_queries import list_first as list_first_cases
from onloan.console.breaches import list_running
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.console.templatetags.casewords import case_kind
from onloan.offers.queries import MarketView, list_markets
from onloan.payouts.queries import count_by_day
from onloan.referrals.review_queries import count_reviews
from onloan.uses.duty_queries import count_duties_by_day

FIRST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Clock:
    """One kind of work that has a day: how much is open, how much of it is late, and where it is done. ``late`` is
    None for work that has no day of its own and is looked at all the same; ``in_3`` and ``in_10``, how much is due
    within so many days and not late, where nobody counts that."""

    name: str
    address: str
    open: int
    late: int | None
    in_3: int | None = None
    in_10: int | None = None


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
    return list_first_cases(now, FIRST_SHOWN)


def list_clocks(member: Member, now: datetime) -> list[Clock]:
    """Every kind of work with a day that the member may see; a kind of request of which nothing is open is left
    out."""
    queue = reverse("console-cases")
    kinds = [
        Clock(case_kind(kind), f"{queue}?kind={kind.value}", *counts)
        for kind, counts in count_by_kind(now).items()
    ]
    markets = list_markets()
    work = [*_list_cases(now, queue), *_list_work(markets, now), *_list_stopped(markets)]
    return [*_list_breaches(member, now), *kinds, *work]


def _list_breaches(member: Member, now: datetime) -> Iterator[Clock]:
    if member.can(Capability.VIEW_BREACHES):
        yield Clock(_("Breaches"), reverse("console-breaches"), *count_breaches(now))


def _list_cases(now: datetime, queue: str) -> Iterator[Clock]:
    """What goes on behind requests, and what stops one."""
    yield Clock(_("Erasures under way"), f"{queue}?kind=erasure", *count_erasures(now))
    yield Clock(_("Waiting for the person"), f"{queue}?step={Mark.WAITS.value}", *count_waiting(now))
    gaps, _answered = count_marked(Mark.PACK_GAP)
    yield Clock(_("Copies of data with a gap"), f"{queue}?step={Mark.PACK_GAP.value}", gaps, gaps)
    opened, answered = count_marked(Mark.UNDELIVERED)
    # An answer that did not arrive belongs to a case that is closed.
    tab = "&tab=answered" if answered and not opened else ""
    address, undelivered = f"{queue}?step={Mark.UNDELIVERED.value}{tab}", opened + answered
    yield Clock(_("Mails about requests that did not arrive"), address, undelivered, undelivered)


def _list_work(markets: Sequence[MarketView], now: datetime) -> Iterator[Clock]:
    """What else is owed."""
    yield Clock(_("Rewards that wait for a human"), reverse("console-reviews"), *count_reviews(now=now))
    duties = count_duties_by_day(now=now)
    yield Clock(_("Recipients to answer, copies to take down"), reverse("console-recipients"), *duties)
    owed = count_by_day(countries={market.country for market in markets}, now=now)
    yield Clock(_("Payments that are owed"), reverse("console-money"), *owed)


def _list_stopped(markets: Sequence[MarketView]) -> Iterator[Clock]:
    """What people said about a market that is suspended: nobody's day, and read before it opens again."""
    stopped = [market for market in markets if market.state == "suspended"]
    said = count_remarks([market.id for market in stopped]) if stopped else {}
    for market in stopped:
        name = _("Feedback on %(offer)s %(country)s, which is suspended") % {
            "offer": market.offer_slug,
            "country": market.country,
        }
        address = reverse("console-feedback", args=[market.offer_slug, market.country])
        yield Clock(name, address, said.get(market.id, 0), None)
