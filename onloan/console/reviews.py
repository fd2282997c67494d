"""Rewards that wait for a human: a list by what is due, each with its reasons, and rings as a whole."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.console.pages import TeamRequest, read_text, render_page, team_page
from onloan.console.ring_picture import draw_ring
from onloan.errors import NotFound, OnloanError
from onloan.markets.rules import market_facts
from onloan.referrals.review_queries import RingView, find_review, find_ring, list_reviews
from onloan.referrals.review_rules import REASON_CHARACTERS_MAX, Decision, ReviewState
from onloan.referrals.reviews import decide_review, decide_ring


@require_GET
@team_page()
def list_all(request: TeamRequest) -> HttpResponse:
    rows = [(line, market_facts(line.country).time_zone) for line in list_reviews()]
    return render_page(request, "reviews.html", {"here": "reviews", "rows": rows})


@require_http_methods(["GET", "POST"])
@team_page(Capability.DECIDE_REWARDS)
def show_review(request: TeamRequest, review_id: UUID) -> HttpResponse:
    refused, reason = None, ""
    if request.method == "POST":
        decision, reason = _read_decision(request), read_text(request, "reason", REASON_CHARACTERS_MAX)
        refused = _try(
            request,
            lambda: decide_review(
                review_id=review_id, user_id=request.member.id, decision=decision, reason=reason, now=clock.now()
            ),
        )
        if refused is None:
            return HttpResponseRedirect(reverse("console-reviews"))
    review = find_review(review_id)
    context = {
        "here": "reviews",
        "review": review,
        "time_zone": market_facts(review.line.country).time_zone,
        "is_open": review.line.state is ReviewState.OPEN and clock.now() < review.line.due_at,
        "has_decided": review.line.is_second_look and review.first_decided_by_user_id == request.member.id,
        "refused": refused,
        "reason": reason,
        "reason_max": REASON_CHARACTERS_MAX,
    }
    return render_page(request, "review.html", context, status=refused.status if refused else 200)


@require_http_methods(["GET", "POST"])
@team_page(Capability.DECIDE_REWARDS)
def show_ring(request: TeamRequest, ring_id: UUID) -> HttpResponse:
    refused, reason = None, ""
    if request.method == "POST":
        decision, reason = _read_decision(request), read_text(request, "reason", REASON_CHARACTERS_MAX)
        refused = _try(
            request,
            lambda: decide_ring(
                ring_id=ring_id, user_id=request.member.id, decision=decision, reason=reason, now=clock.now()
            ),
        )
        if refused is None:
            return HttpResponseRedirect(reverse("console-reviews"))
    ring = find_ring(ring_id)
    context = {
        "here": "reviews",
        "ring": ring,
        "members": list(enumerate(ring.members, start=1)),
        "links": [(sponsor + 1, friend + 1) for sponsor, friend in ring.links],
        "shared": [(one + 1, other + 1, kind) for one, other, kind in ring.shared],
        "picture": _draw(ring) if ring.is_drawn else "",
        "is_open": ring.open_count > 0,
        "refused": refused,
        "reason": reason,
        "reason_max": REASON_CHARACTERS_MAX,
    }
    return render_page(request, "ring.html", context, status=refused.status if refused else 200)


def _draw(ring: RingView) -> str:
    return draw_ring(
        count=len(ring.members),
        links=ring.links,
        ties=[(one, other) for one, other, _kind in ring.shared],
        title=_("Who brought whom"),
        description=_("The tables below say the same in words."),
    )


def _read_decision(request: TeamRequest) -> Decision:
    chosen = request.POST.get("decision", "")
    if chosen not in {decision.value for decision in Decision}:
        raise NotFound
    return Decision(chosen)


def _try(request: TeamRequest, decide: Callable[[], object]) -> OnloanError | None:
    """What could not be done and why, so that the form is shown again as it was; None when it is done."""
    try:
        decide()
    except OnloanError as error:
        if error.field != "reason":
            messages.error(request, f"{error} ({error.code})")
        return error
    messages.success(request, _("Decided, with the day and your name. The person is told by mail."))
    return None
