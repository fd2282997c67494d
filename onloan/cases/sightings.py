"""What people saw of themselves: explained by a use, or looked at by somebody, and meanwhile a dispute."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext

from onloan import clock, ids
from onloan.cases.actions import OpenedCase, check_written, open_case
from onloan.cases.errors import SightingAddress, SightingDay, SightingEmpty, TooManyCases
from onloan.cases.models import Sighting
from onloan.cases.rates import CASES_PER_DAY_MAX
from onloan.cases.rules import Door, Kind
from onloan.cases.sealing import seal_picture, seal_text
from onloan.cases.sighting_queries import SightingReport, read_report
from onloan.cases.sighting_rules import Match, is_address, is_seen_day, match_use
from onloan.db import action
from onloan.errors import BadInput, NotFound
from onloan.markets.rules import market_facts
from onloan.offers.vocabulary import CHANNELS, ITEMS, said
from onloan.people.queries import is_alive
from onloan.people.statements import lock_participant
from onloan.uses.addresses import read_path
from onloan.uses.duties import take_down_seen
from onloan.uses.history import list_past_uses


@dataclass(frozen=True, slots=True)
class ReportedSighting:
    """``opened`` is None when a use that was going on explains it."""

    id: UUID
    match: Match | None
    opened: OpenedCase | None


@action
def report_sighting(
    *,
    report: SightingReport,
    offer_id: UUID,
    country: str,
    language: str,
    now: datetime,
    case_id: UUID | None = None,
    participant_id: UUID | None = None,
    contact: str | None = None,
) -> ReportedSighting:
    """Keep what was seen. A use of this person that was going on explains it; whatever else becomes a case with a
    clock. Somebody who never joined has no use, so theirs is always looked at; ``contact`` is their address,
    which they confirmed. ``case_id`` is the key that the form carries: sent twice, it is one case. Raises
    SightingEmpty, SightingAddress, SightingDay, TextNotValid, TooManyCases, NotFound."""
    time_zone = market_facts(country).time_zone
    _check(report, clock.local_day(now, time_zone))
    if participant_id is not None:
        lock_participant(participant_id)
        if not is_alive(participant_id):
            raise NotFound
        _check_rate(participant_id, now)
    match = None if participant_id is None else _find_match(participant_id, report, time_zone, now)
    opened = None
    if match is None or match.is_after_end:
        opened = _open(report, country, language, participant_id, contact, case_id, now)
        if opened.is_resent:
            return ReportedSighting(Sighting.objects.get(case_id=opened.case_id).id, match, opened)
    if match is not None and match.is_after_end:
        assert participant_id is not None, "only an identified person's uses are compared"
        take_down_seen(participant_id=participant_id, use_id=match.use.id, is_mass=match.use.is_mass, now=now)
    sighting_id = ids.new_id()
    kept = json.dumps({"address": report.address, "words": report.words})
    Sighting.objects.create(
        id=sighting_id,
        participant_id=participant_id,
        offer_id=offer_id,
        item=report.item,
        channel=report.channel,
        seen_on=report.seen_on,
        use_id=None if match is None else match.use.id,
        is_mass=match is not None and match.use.is_mass,
        is_after_end=match is not None and match.is_after_end,
        case_id=None if opened is None else opened.case_id,
        sealed_text=seal_text(sighting_id, kept),
        sealed_picture=None if report.picture is None else seal_picture(sighting_id, report.picture),
        reported_at=now,
    )
    return ReportedSighting(sighting_id, match, opened)


@action
def refute_match(
    *, sighting_id: UUID, participant_id: UUID, country: str, language: str, now: datetime
) -> OpenedCase:
    """The person says that the use we named is not what they saw: somebody looks, and until then it is a dispute.
    Raises NotFound, also where somebody looks already."""
    lock_participant(participant_id)
    row = Sighting.objects.filter(id=sighting_id, participant_id=participant_id, case_id=None).first()
    if row is None:
        raise NotFound
    opened = _open(read_report(row), country, language, participant_id, None, None, now)
    Sighting.objects.filter(id=sighting_id).update(
        use_id=None, is_mass=False, is_after_end=False, case_id=opened.case_id
    )
    return opened


def _check(report: SightingReport, today: date) -> None:
    if report.item not in ITEMS:
        raise BadInput(field="item", problem=gettext("choose what you saw"))
    if report.channel and report.channel not in CHANNELS:
        raise BadInput(field="channel", problem=gettext("choose a place of the list"))
    if not report.address and report.picture is None:
        raise SightingEmpty(field="address")
    if report.address and not is_address(report.address):
        raise SightingAddress(field="address")
    if not is_seen_day(report.seen_on, today):
        raise SightingDay(field="seen_on")
    check_written(Kind.SIGHTING, report.words, field="words")


def _check_rate(participant_id: UUID, now: datetime) -> None:
    since = now - timedelta(days=1)
    if Sighting.objects.filter(participant_id=participant_id, reported_at__gt=since).count() >= CASES_PER_DAY_MAX:
        raise TooManyCases


def _find_match(participant_id: UUID, report: SightingReport, time_zone: str, now: datetime) -> Match | None:
    own_host = urlsplit(settings.PUBLIC_URL).hostname or ""
    parts = urlsplit(report.address)
    shown = read_path(parts.path) if parts.hostname == own_host else None
    uses = list_past_uses(
        participant_id,
        channel=report.channel,
        seen_on=report.seen_on,
        time_zone=time_zone,
        now=now,
        use_id=None if shown is None else shown.use_id,
    )
    return match_use(
        uses,
        item=report.item,
        channel=report.channel,
        seen_on=report.seen_on,
        address=report.address,
        own_host=own_host,
        shown_use_id=None if shown is None else shown.use_id,
    )


def _open(
    report: SightingReport,
    country: str,
    language: str,
    participant_id: UUID | None,
    contact: str | None,
    case_id: UUID | None,
    now: datetime,
) -> OpenedCase:
    return open_case(
        case_id=case_id,
        kind=Kind.SIGHTING,
        country=country,
        language=language,
        door=Door.PUBLIC_PAGE if participant_id is None else Door.MY_PAGE,
        text=_write_text(report, language),
        participant_id=participant_id,
        contact=contact,
        now=now,
    )


def _write_text(report: SightingReport, language: str) -> str:
    """What was reported, as whoever answers reads it, in the language of the report."""
    place = said(CHANNELS[report.channel].place, language) if report.channel else gettext("somewhere else")
    lines = [f"{said(ITEMS[report.item].mine, language)}, {place}, {report.seen_on.isoformat()}"]
    if report.address:
        lines.append(report.address)
    if report.words.strip():
        lines += ["", report.words]
    return "\n".join(lines)
