"""Reads of the archive of payments: lists without a name, who opened one, and what a person gets of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Max, Q
from django.db.models.functions import ExtractYear

from onloan.access.models import User
from onloan.errors import NotFound
from onloan.money import Money
from onloan.payouts import sealing
from onloan.payouts.models import ArchivedPayment, ArchiveReading, Payment
from onloan.payouts.rules import END_TO_END_CHARACTERS_MAX, ArchivePurpose

LINES_PER_PAGE = 200
READINGS_SHOWN_MAX = 200
_OF_PERSON_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLine:
    """One archived payment as a list shows it. ``kept_until`` is the last day on which it is kept."""

    id: UUID
    reference: str
    country: str
    amount: Money
    paid_on: date
    returned_on: date | None
    kept_until: date


@dataclass(frozen=True, slots=True)
class ArchiveYear:
    """How many payments of one year the archive holds for a country."""

    country: str
    year: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLine:
    """That somebody opened one payment. ``by`` is empty for a former member of the team."""

    read_at: datetime
    by: str
    purpose: ArchivePurpose
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedOfPerson:
    """One archived payment, for the person whose name stands in it."""

    paid_on: date
    returned_on: date | None
    amount_minor: int
    currency: str
    reference: str
    name: str
    account: str
    kept_until: date


def list_archive_years() -> list[ArchiveYear]:
    """Which years of which countries the archive holds, the latest first."""
    rows = (
        ArchivedPayment.objects.annotate(year=ExtractYear("paid_on"))
        .values_list("country", "year")
        .annotate(count=Count("id"))
        .order_by("-year", "country")
    )
    return [ArchiveYear(country, year, count) for country, year, count in rows]


def list_archive(*, country: str, year: int, page: int) -> tuple[list[ArchiveLine], bool]:
    """One page of a country's payments of a year, the latest first, and whether there are more; the first page
    is 1."""
    rows = ArchivedPayment.objects.filter(
        country=country, paid_on__gte=date(year, 1, 1), paid_on__lte=date(year, 12, 31)
    ).order_by("-paid_on", "-id")
    first = (page - 1) * LINES_PER_PAGE
    found = list(rows[first : first + LINES_PER_PAGE + 1])
    return [_line(row) for row in found[:LINES_PER_PAGE]], len(found) > LINES_PER_PAGE


def find_archived(archive_id: UUID) -> ArchiveLine:
    """Raises NotFound."""
    row = ArchivedPayment.objects.filter(id=archive_id).first()
    if row is None:
        raise NotFound
    return _line(row)


def find_archived_by_reference(typed: str) -> UUID | None:
    """The archived payment that a bank's statement or file calls so."""
    wanted = typed.strip().upper()[:END_TO_END_CHARACTERS_MAX]
    short = Payment.objects.filter(short_reference=wanted).values("end_to_end_id")
    rows = ArchivedPayment.objects.filter(Q(reference=wanted) | Q(reference__in=short))
    found: UUID | None = rows.values_list("id", flat=True).first()
    return found


def list_readings(archive_id: UUID) -> list[ReadingLine]:
    """Who opened this payment, the latest first."""
    rows = list(ArchiveReading.objects.filter(archive_id=archive_id).order_by("-read_at")[:READINGS_SHOWN_MAX])
    names = _names([row.user_id for row in rows])
    return [
        ReadingLine(
            read_at=row.read_at,
            by=names.get(row.user_id, ""),
            purpose=ArchivePurpose(row.purpose),
            reason=sealing.unseal_reading(row.id, bytes(row.sealed_reason)),
        )
        for row in rows
    ]


def list_archived(participant_id: UUID) -> list[ArchivedOfPerson]:
    """What the archive holds of somebody who is there, with the name, for their own copy of everything; empty once
    they are erased, as nothing leads from them to it any more."""
    rows = ArchivedPayment.objects.filter(participant_id=participant_id).order_by("paid_on", "id")[:_OF_PERSON_MAX]
    return [_of_person(row) for row in rows]


def archive_ends_on(participant_id: UUID) -> date | None:
    """The last day on which anything of this person stands in the archive; None when nothing does."""
    found = ArchivedPayment.objects.filter(participant_id=participant_id).aggregate(last=Max("retain_until"))
    last: date | None = found["last"]
    return last


def _of_person(row: ArchivedPayment) -> ArchivedOfPerson:
    name, account = "", ""
    if row.sealed_payee is not None:
        name, account = sealing.unseal_archived(row.id, bytes(row.sealed_payee))
    return ArchivedOfPerson(
        paid_on=row.paid_on,
        returned_on=row.returned_on,
        amount_minor=row.amount_minor,
        currency=row.currency,
        reference=row.reference,
        name=name,
        account=account,
        kept_until=row.retain_until,
    )


def _line(row: ArchivedPayment) -> ArchiveLine:
    return ArchiveLine(
        id=row.id,
        reference=row.reference,
        country=row.country,
        amount=Money(row.amount_minor, row.currency),
        paid_on=row.paid_on,
        returned_on=row.returned_on,
        kept_until=row.retain_until,
    )


def _names(user_ids: Sequence[UUID]) -> dict[UUID, str]:
    return dict(User.objects.filter(id__in=set(user_ids)).values_list("id", "name"))
