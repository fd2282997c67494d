"""What the gate answered: over time, by market, why it denied, and what should never have been asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from babel.dates import format_date
from django.http import HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.sighting_queries import count_unmatched_sightings
from onloan.console.charts import AreaChart, Band, Look, Pattern, Tick, Tone, draw_areas, list_ticks
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.offers.queries import MarketView, list_markets
from onloan.offers.vocabulary import CHANNELS, PURPOSES, said
from onloan.offers.wording import listed, written_day, written_number
from onloan.people.queries import find_participant
from onloan.uses.duty_queries import count_late_duties, count_open_duties
from onloan.uses.queries import Incident, list_incidents
from onloan.uses.reasons import write_sentence
from onloan.uses.rules import Reason
from onloan.uses.tally import DayTally, tally_uses

DAYS_SHOWN = 30
INCIDENTS_SHOWN = 10
INCIDENTS_COUNTED_MAX = 500
ALLOWED = Look(Pattern.SOLID, Tone.CASH)
DENIED = Look(Pattern.DIAGONAL, Tone.POOL)


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """Why the gate denied, and how often, the most frequent first."""

    reason: str
    sentence: str
    count: int


@dataclass(frozen=True, slots=True)
class MarketLine:
    market: MarketView
    allowed: int
    denied: int


@dataclass(frozen=True, slots=True)
class DayLine:
    day: date
    allowed: int
    denied: int


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """``public_id`` is empty for members who do not handle cases."""

    public_id: str
    what: str
    purpose: str
    where: str
    country: str
    asked_at: datetime


@require_GET
@team_page()
def show_uses(request: TeamRequest) -> HttpResponse:
    """Of all markets, or of the one that ``?market=`` names as ``offer/country``."""
    now = clock.now()
    markets = list_markets()
    chosen = request.GET.get("market", "")
    shown = [market for market in markets if chosen in {"", name_market(market)}]
    today = now.date()
    first = today - timedelta(days=DAYS_SHOWN - 1)
    tallies = tally_uses(since=now - timedelta(days=DAYS_SHOWN - 1, hours=now.hour, minutes=now.minute), now=now)
    keys = {market.id for market in shown}
    tallies = [tally for tally in tallies if tally.market_id in keys and tally.day >= first]
    days = count_days(tallies, first, today)
    incidents = list_incidents(
        since=now - timedelta(days=DAYS_SHOWN), market_ids=keys, limit=INCIDENTS_COUNTED_MAX
    )
    context = {
        "here": "uses",
        "choices": [(name_market(market), name_market(market) == chosen) for market in markets],
        "is_chosen": bool(chosen),
        "allowed": sum(day.allowed for day in days),
        "denied": sum(day.denied for day in days),
        "days": [day for day in reversed(days) if day.allowed or day.denied],
        "chart": draw_uses(days),
        "reasons": count_reasons(tallies),
        "markets": [count_market(market, tallies) for market in shown],
        "incidents": describe_incidents(incidents, request),
        "incident_count": len(incidents),
        "more_incidents": max(0, len(incidents) - INCIDENTS_SHOWN),
        "unmatched": sum(count_unmatched_sightings({market.offer_id for market in shown}).values()),
        "open_duties": count_open_duties(),
        "late_duties": count_late_duties(now=now),
        "days_shown": DAYS_SHOWN,
    }
    return render_page(request, "uses.html", context)


def describe_incidents(incidents: Sequence[Incident], request: TeamRequest) -> list[IncidentLine]:
    """Marketing that was asked about somebody who objects to it (GDPR art. 21(3)); whom, for who handles cases."""
    language = get_language() or "en"
    names = request.member.can(Capability.HANDLE_CASES)
    return [
        IncidentLine(
            public_id=_public_id(incident.participant_id) if names else "",
            what=listed(incident.items, language),
            purpose=said(PURPOSES[incident.purpose].sentence, language),
            where=said(CHANNELS[incident.channel].place, language) if incident.channel in CHANNELS else "",
            country=incident.country,
            asked_at=incident.asked_at,
        )
        for incident in incidents[:INCIDENTS_SHOWN]
    ]


def _public_id(participant_id: UUID) -> str:
    participant = find_participant(participant_id)
    return "" if participant is None else participant.public_id


def name_market(market: MarketView) -> str:
    return f"{market.offer_slug}/{market.country}"


def count_days(tallies: Sequence[DayTally], first: date, last: date) -> list[DayLine]:
    """One line for each day from the first to the last, also where nothing was asked."""
    allowed, denied = Counter[date](), Counter[date]()
    for tally in tallies:
        (denied if tally.reason else allowed)[tally.day] += tally.count
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [DayLine(day, allowed[day], denied[day]) for day in days]


def count_reasons(tallies: Sequence[DayTally]) -> list[ReasonLine]:
    counts = Counter[str]()
    for tally in tallies:
        if tally.reason:
            counts[tally.reason] += tally.count
    return [ReasonLine(reason, write_sentence(Reason(reason)), count) for reason, count in counts.most_common()]


def count_market(market: MarketView, tallies: Sequence[DayTally]) -> MarketLine:
    of_market = [tally for tally in tallies if tally.market_id == market.id]
    denied = sum(tally.count for tally in of_market if tally.reason)
    return MarketLine(market, sum(tally.count for tally in of_market) - denied, denied)


def draw_uses(days: Sequence[DayLine]) -> SafeString | str:
    """Each day as a step: what was allowed, and upon it what was denied; nothing where nothing was asked."""
    largest = max(day.allowed + day.denied for day in days)
    if not largest:
        return ""
    language = get_language() or "en"
    totals = {
        "allowed": written_number(sum(day.allowed for day in days), language),
        "denied": written_number(sum(day.denied for day in days), language),
        "first": written_day(days[0].day, language),
        "last": written_day(days[-1].day, language),
    }
    chart = AreaChart(
        key="uses",
        title=_("Uses on each day"),
        description=_("From %(first)s to %(last)s: %(allowed)s allowed, %(denied)s denied.") % totals,
        days=tuple(day.day for day in days),
        bands=(
            Band(_("Allowed"), totals["allowed"], ALLOWED, tuple(day.allowed for day in days)),
            Band(_("Denied"), totals["denied"], DENIED, tuple(day.denied for day in days)),
        ),
        ticks=tuple(Tick(value, written_number(value, language)) for value in list_ticks(largest)),
        first_day=_short_day(days[0].day, language),
        last_day=_short_day(days[-1].day, language),
    )
    return draw_areas(chart)


def _short_day(day: date, language: str) -> str:
    text: str = format_date(day, "d MMM", locale="en_GB" if language == "en" else language)
    return text
