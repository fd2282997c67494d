"""Reads of sightings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef

from onloan.cases.models import Case, Sighting
from onloan.cases.rules import Outcome
from onloan.cases.sealing import unseal_picture, unseal_text
from onloan.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingReport:
    """What somebody says that they saw. ``channel`` is empty for a place that is not in the list; ``picture`` is
    a JPEG from ``people.photos``; ``address`` and ``words`` may be empty."""

    item: str
    channel: str
    seen_on: date
    address: str
    words: str
    picture: bytes | None


@dataclass(frozen=True, slots=True)
class SightingView:
    """A report and what became of it. ``use_id`` names the use (or the mass use) that explains it;
    ``is_after_end``: it was over by then. ``case_id`` is None where nobody has to look."""

    id: UUID
    participant_id: UUID | None
    report: SightingReport
    use_id: UUID | None
    is_mass: bool
    is_after_end: bool
    case_id: UUID | None
    reported_at: datetime


def find_sighting_of(participant_id: UUID, sighting_id: UUID) -> SightingView:
    """A sighting that this person reported. Raises NotFound."""
    row = Sighting.objects.filter(id=sighting_id, participant_id=participant_id).first()
    if row is None:
        raise NotFound
    return _view(row)


def find_sighting_of_case(case_id: UUID) -> SightingView | None:
    """What the person saw that a case is about; None for other cases."""
    row = Sighting.objects.filter(case_id=case_id).first()
    return None if row is None else _view(row)


def count_unmatched_sightings(offer_ids: Iterable[UUID]) -> dict[UUID, int]:
    """By offer, how many sightings no recorded use explains. One that a named member of the team answered by "not
    ours" (refused, or nothing held), or that the person took back, counts no more; one that was found to be so
    goes on counting. Offers without any are left out."""
    answered = Case.objects.filter(
        id=OuterRef("case_id"), outcome__in=[Outcome.REFUSED, Outcome.NOTHING_HELD, Outcome.TAKEN_BACK]
    )
    rows = Sighting.objects.filter(~Exists(answered), offer_id__in=list(offer_ids), use_id=None)
    return dict(rows.values_list("offer_id").annotate(Count("id")).order_by("offer_id"))


def read_report(row: Sighting) -> SightingReport:
    """What was reported, in plain."""
    kept = json.loads(unseal_text(row.id, bytes(row.sealed_text)))
    return SightingReport(
        item=row.item,
        channel=row.channel,
        seen_on=row.seen_on,
        address=kept["address"],
        words=kept["words"],
        picture=None if row.sealed_picture is None else unseal_picture(row.id, bytes(row.sealed_picture)),
    )


def _view(row: Sighting) -> SightingView:
    return SightingView(
        id=row.id,
        participant_id=row.participant_id,
        report=read_report(row),
        use_id=row.use_id,
        is_mass=row.is_mass,
        is_after_end=row.is_after_end,
        case_id=row.case_id,
        reported_at=row.reported_at,
    )
