"""The public status page: what runs where, since when, and how many joined; for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from onloan import clock
from onloan.cases.clarity import NOBODY_ASKED, ClarityFigure, count_clarity
from onloan.cases.queries import ComplaintCount, count_complaints
from onloan.cases.sighting_queries import count_unmatched_sightings
from onloan.offers.queries import list_markets
from onloan.people.queries import count_joined
from onloan.portal import words
from onloan.portal.campaign import Campaign, campaign_of
from onloan.portal.pages import render_page

COUNTED_MIN = 10
"""Below this, a count is not said exactly, so that nobody can be picked out (design, promise 12)."""


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One market of one offer. ``since`` is when the state that is shown began."""

    campaign: Campaign
    since: datetime
    joined: int
    reason: str
    unmatched_sightings: int
    clarity: ClarityFigure
    complaints: int
    late_payment_cases: int

    @property
    def complaints_text(self) -> str:
        """What we were sent; what the authority was sent we do not know."""
        return gettext(
            "Complaints sent to us about this country: %(count)s. The authority's own count is not known to us."
        ) % {"count": _counted(self.complaints)}

    @property
    def late_payments_text(self) -> str:
        """What nobody had to send us."""
        return gettext("Complaints that we opened ourselves because our payment was late: %(count)s.") % {
            "count": _counted(self.late_payment_cases)
        }

    @property
    def joined_text(self) -> str:
        return _counted(self.joined)

    @property
    def clarity_text(self) -> str:
        """How many understood what this version asks; empty where it asks for nothing."""
        if not self.campaign.offer.permissions:
            return ""
        percent = self.clarity.percent
        if percent is None:
            return gettext("Clarity of this version: fewer than 10 people have answered our three questions.")
        return gettext(
            "Clarity of this version: %(percent)s in 100 of the people who answered (%(count)s) knew who sees "
            "what, until when."
        ) % {"percent": percent, "count": _counted(self.clarity.answered)}

    @property
    def dispute(self) -> str:
        """What people saw of themselves that no recorded use explains; empty when nothing disputes the offer's
        claims."""
        if not self.unmatched_sightings:
            return ""
        return gettext(
            "Disputed: somebody saw their photo or name, and no recorded use explains it (%(count)s)."
        ) % {"count": _counted(self.unmatched_sightings)}


def _counted(count: int) -> str:
    return gettext("fewer than 10") if count < COUNTED_MIN else words.number(count, get_language() or "en")


def list_status() -> list[StatusLine]:
    """Every market that was ever published, whatever its state; never cached."""
    markets = list_markets()
    counts = count_joined([market.id for market in markets])
    disputes = count_unmatched_sightings({market.offer_id for market in markets})
    clarity = count_clarity({market.version_id for market in markets})
    complaints = count_complaints()
    return [
        _line(
            campaign_of(market),
            counts[market.id],
            disputes.get(market.offer_id, 0),
            clarity.get(market.version_id, NOBODY_ASKED),
            complaints.get(market.country, ComplaintCount(0, 0)),
        )
        for market in markets
    ]


def _line(
    campaign: Campaign, joined: int, unmatched: int, clarity: ClarityFigure, complaints: ComplaintCount
) -> StatusLine:
    state, market = campaign.state, campaign.market
    since = market.since
    if state == "closed" and market.state == "open":
        since = market.closes_at
    reason = market.reason if state in {"suspended", "withdrawn"} else ""
    return StatusLine(
        campaign, since, joined, reason, unmatched, clarity, complaints.sent, complaints.opened_by_itself
    )


@require_safe
def status_page(request: HttpRequest) -> HttpResponse:
    context = {"lines": list_status(), "now": clock.now(), "here": "status", "is_wide": True}
    response = render_page(request, "status.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


@require_safe
def status_json(request: HttpRequest) -> JsonResponse:
    """The same in JSON. ``joined`` is null below ten, and ``joined_fewer_than`` says so."""
    body = {"as_of": _written(clock.now()), "markets": [_json(line) for line in list_status()]}
    return JsonResponse(body, headers={"Cache-Control": "no-store"})


def _json(line: StatusLine) -> dict[str, object]:
    market = line.campaign.market
    is_counted = line.joined >= COUNTED_MIN
    return {
        "offer": market.offer_slug,
        "country": market.country,
        "state": line.campaign.state,
        "since": _written(line.since),
        "opens_at": _written(market.opens_at),
        "closes_at": _written(market.closes_at),
        "version": market.version_number,
        "reason": line.reason,
        "joined": line.joined if is_counted else None,
        "joined_fewer_than": None if is_counted else COUNTED_MIN,
        "is_disputed": line.unmatched_sightings > 0,
        "clarity_percent": line.clarity.percent,
        "complaints": line.complaints if line.complaints >= COUNTED_MIN else None,
        "complaints_fewer_than": None if line.complaints >= COUNTED_MIN else COUNTED_MIN,
        "late_payment_complaints": line.late_payment_cases if line.late_payment_cases >= COUNTED_MIN else None,
        "late_payment_complaints_fewer_than": None if line.late_payment_cases >= COUNTED_MIN else COUNTED_MIN,
    }


def _written(instant: datetime) -> str:
    """RFC 3339, in UTC, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
