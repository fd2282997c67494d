"""Every read of what was used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q

from onloan.uses.models import Use
from onloan.uses.reasons import write_sentence
from onloan.uses.rules import Reason

USES_SHOWN_MAX = 500


@dataclass(frozen=True, slots=True)
class UseView:
    """One question that the gate answered. ``reason`` and ``sentence`` are empty when it was allowed;
    ``recipient`` is empty when nobody but the merchant was concerned. The words for items, purpose and channel
    are in ``onloan.offers.vocabulary``."""

    id: UUID
    allowed: bool
    reason: str
    sentence: str
    items: tuple[str, ...]
    purpose: str
    channel: str
    country: str
    recipient: str
    permission_id: str
    consent_number: int | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class UseCounts:
    """How many uses were allowed and denied, and when the last one was decided; None when there was none."""

    allowed: int
    denied: int
    last_at: datetime | None


NO_USES = UseCounts(0, 0, None)


def list_uses(participant_id: UUID, limit: int = 50, *, only_allowed: bool = False) -> list[UseView]:
    """What was asked about this person, newest first; at most ``limit``, which is capped."""
    rows = Use.objects.filter(participant_id=participant_id)
    if only_allowed:
        rows = rows.filter(allowed=True)
    return [_use_view(row) for row in rows.order_by("-id")[: max(0, min(limit, USES_SHOWN_MAX))]]


def count_uses(participant_id: UUID) -> dict[str, int]:
    """How often something of this person was used, by permission; permissions never used are left out."""
    rows = Use.objects.filter(participant_id=participant_id, allowed=True).values_list("permission_id")
    return dict(rows.annotate(uses=Count("id")).order_by("permission_id"))


def count_market_uses(market_ids: Iterable[UUID]) -> dict[UUID, UseCounts]:
    """Allowed and denied uses of each market's participants."""
    wanted = list(market_ids)
    rows = Use.objects.filter(market_id__in=wanted).values_list("market_id")
    counted = rows.annotate(
        yes=Count("id", filter=Q(allowed=True)),
        no=Count("id", filter=Q(allowed=False)),
        last=Max("decided_at"),
    ).order_by("market_id")
    counts = dict.fromkeys(wanted, NO_USES)
    counts.update({row[0]: UseCounts(row[1], row[2], row[3]) for row in counted})
    return counts


def _use_view(row: Use) -> UseView:
    return UseView(
        id=row.id,
        allowed=row.allowed,
        reason=row.reason,
        sentence="" if row.allowed else write_sentence(Reason(row.reason)),
        items=tuple(row.items),
        purpose=row.purpose,
        channel=row.channel,
        country=row.country,
        recipient=row.recipient,
        permission_id=row.permission_id,
        consent_number=row.consent_number,
        decided_at=row.decided_at,
    )
