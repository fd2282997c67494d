"""Every read of answers and receipts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from django.db.models import Count, Q

from onloan import clock, ids
from onloan.consents.models import Consent, Receipt
from onloan.consents.rules import EndReason, read_last_day
from onloan.offers.queries import find_version
from onloan.outbox.mails import receipt_token
from onloan.people.queries import find_by_code

RECEIPTS_MAX = 200

ConsentState = Literal["allowed", "refused", "withdrawn", "expired", "stopped"]


@dataclass(frozen=True, slots=True)
class ConsentView:
    """One answer as it stands now. ``until`` is the last day, in the market's time zone, of a yes.

    ``stopped``: a right that the person used, or a newer version of the text, ended it. ``version_id`` names the
    text that was answered; ``onloan.offers.texts`` has its words.
    """

    id: UUID
    number: int
    permission_id: str
    version_id: UUID
    country: str
    state: ConsentState
    items: tuple[str, ...]
    purpose: str
    channels: tuple[str, ...]
    territories: tuple[str, ...]
    recipients: tuple[str, ...]
    answered_at: datetime
    expires_at: datetime | None
    until: date | None
    ended_at: datetime | None
    end_reason: str | None
    receipt_id: UUID
    receipt_token: str

    @property
    def is_allowed(self) -> bool:
        return self.state == "allowed"


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt: what was shown, what was done, when. ``answers`` are the answers of this receipt as they stand
    now. ``act`` is one of ``consents.rules.Act``. Nothing in it says who the person is."""

    id: UUID
    token: str
    participant_id: UUID
    market_id: UUID
    country: str
    language: str
    version_id: UUID
    version_number: int
    version_hash: str
    offer_slug: str
    notice_hash: str
    page_hash: str
    act: str
    control_states: dict[str, dict[str, str]]
    given_at: datetime
    answers: tuple[ConsentView, ...]


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """How often one permission was answered in one market. ``allowed`` counts what is allowed now; ``withdrawn``
    what was taken back, ``refused`` each no."""

    permission_id: str
    allowed: int
    refused: int
    withdrawn: int


def list_consents(participant_id: UUID) -> list[ConsentView]:
    """What this person allows, refused or ended: the latest answer to each permission, in the order asked."""
    latest: dict[str, Consent] = {}
    for row in Consent.objects.filter(participant_id=participant_id).order_by("number"):
        latest[row.permission_id] = row
    now = clock.now()
    return [_consent_view(row, now) for row in latest.values()]


def list_yes_numbers(participant_id: UUID) -> list[int]:
    """The numbers of all that this person ever allowed, ended or not."""
    rows = Consent.objects.filter(participant_id=participant_id, answer=True)
    return list(rows.order_by("number").values_list("number", flat=True))


def find_yes_ends(participant_id: UUID) -> dict[int, datetime]:
    """When each yes of this person ended, or will end by itself, by its number."""
    rows = Consent.objects.filter(participant_id=participant_id, answer=True)
    found = rows.values_list("number", "ended_at", "expires_at")
    return {number: min(end for end in (ended_at, expires_at) if end) for number, ended_at, expires_at in found}


def find_yes_versions(participant_id: UUID) -> dict[int, UUID]:
    """The version of the offer under which each yes of this person was given, by its number."""
    return dict(
        Consent.objects.filter(participant_id=participant_id, answer=True).values_list("number", "version_id")
    )


def find_receipt(token: str) -> ReceiptView | None:
    """The receipt that ``token`` opens, however it was typed; None when it opens nothing."""
    code = ids.normalize_code(token)
    found = find_by_code("receipt", code) if code else None
    if found is None:
        return None
    participant_id, receipt_id = found
    row = Receipt.objects.filter(participant_id=participant_id, id=receipt_id).first()
    return None if row is None else _receipt_views([row])[0]


def list_receipts(participant_id: UUID) -> list[ReceiptView]:
    """The person's receipts, newest first."""
    rows = Receipt.objects.filter(participant_id=participant_id).order_by("-given_at", "-id")
    return _receipt_views(list(rows[:RECEIPTS_MAX]))


def count_answers(market_ids: Iterable[UUID]) -> dict[UUID, list[AnswerCounts]]:
    """Counts by market and permission; a market that nobody answered in has none."""
    wanted = list(market_ids)
    rows = (
        Consent.objects.filter(market_id__in=wanted)
        .values("market_id", "permission_id")
        .annotate(
            allowed=Count("id", filter=Q(answer=True, ended_at=None, expires_at__gt=clock.now())),
            refused=Count("id", filter=Q(answer=False)),
            withdrawn=Count("id", filter=Q(end_reason=EndReason.WITHDRAWN.value)),
        )
        .order_by("market_id", "permission_id")
    )
    counts: dict[UUID, list[AnswerCounts]] = {market_id: [] for market_id in wanted}
    for row in rows:
        line = AnswerCounts(row["permission_id"], row["allowed"], row["refused"], row["withdrawn"])
        counts[row["market_id"]].append(line)
    return counts


def _receipt_views(rows: list[Receipt]) -> list[ReceiptView]:
    """Two statements, however many receipts: all rows belong to one person."""
    if not rows:
        return []
    now = clock.now()
    answers: dict[UUID, list[ConsentView]] = {row.id: [] for row in rows}
    consents = Consent.objects.filter(
        participant_id=rows[0].participant_id, receipt_id__in=[row.id for row in rows]
    )
    for consent in consents.order_by("number"):
        answers[consent.receipt_id].append(_consent_view(consent, now))
    return [_receipt_view(row, tuple(answers[row.id])) for row in rows]


def _receipt_view(row: Receipt, answers: tuple[ConsentView, ...]) -> ReceiptView:
    version = find_version(row.version_id)
    return ReceiptView(
        id=row.id,
        token=receipt_token(row.id),
        participant_id=row.participant_id,
        market_id=row.market_id,
        country=row.country,
        language=row.language,
        version_id=row.version_id,
        version_number=version.number,
        version_hash=row.version_hash,
        offer_slug=version.offer_slug,
        notice_hash=row.notice_hash,
        page_hash=row.page_hash,
        act=row.act,
        control_states=row.control_states,
        given_at=row.given_at,
        answers=answers,
    )


def _consent_view(row: Consent, now: datetime) -> ConsentView:
    time_zone = find_version(row.version_id).offer.markets[row.country].time_zone
    return ConsentView(
        id=row.id,
        number=row.number,
        permission_id=row.permission_id,
        version_id=row.version_id,
        country=row.country,
        state=_state(row, now),
        items=tuple(row.items),
        purpose=row.purpose,
        channels=tuple(row.channels),
        territories=tuple(row.territories),
        recipients=tuple(row.recipients),
        answered_at=row.answered_at,
        expires_at=row.expires_at,
        until=None if row.expires_at is None else read_last_day(row.expires_at, time_zone),
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        receipt_id=row.receipt_id,
        receipt_token=receipt_token(row.receipt_id),
    )


def _state(row: Consent, now: datetime) -> ConsentState:
    if not row.answer:
        return "refused"
    if row.end_reason == EndReason.WITHDRAWN:
        return "withdrawn"
    if row.end_reason == EndReason.EXPIRED:
        return "expired"
    if row.end_reason is not None:
        return "stopped"
    assert row.expires_at is not None
    return "allowed" if now < row.expires_at else "expired"
