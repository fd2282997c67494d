"""Every read of what was used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Max, Min, Q, Sum

from onloan.offers.vocabulary import PURPOSES
from onloan.uses.deciding import judge
from onloan.uses.models import Serving, Use
from onloan.uses.reasons import write_sentence
from onloan.uses.rules import Reason
from onloan.uses.serving_statements import GrantedUse, read_granted

USES_SHOWN_MAX = 500
MARKETING_TERMS = frozenset({"dpv:Marketing", "dpv:PublicRelations", "dpv:SocialMediaMarketing"})
MARKETING_PURPOSES = sorted(purpose.name for purpose in PURPOSES.values() if purpose.dpv in MARKETING_TERMS)


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


@dataclass(frozen=True, slots=True)
class ServedUse:
    """A use that was allowed by a consent and is not over. ``reason`` is None while everything that allowed it
    still holds; else it is why nothing of it is shown now."""

    use_id: UUID
    participant_id: UUID
    items: tuple[str, ...]
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class ServedDays:
    """How often Onloan showed something of a use, and on which days (UTC)."""

    first_day: date
    last_day: date
    count: int


def find_served(use_ids: Iterable[UUID]) -> dict[UUID, ServedUse]:
    """What may be shown now of uses that were allowed: by the gate's own rule, from the facts of this moment.

    A use that was denied, is over, or rests on something else than a consent is left out.
    """
    return {use.use_id: _served_use(use) for use in read_granted(use_ids)}


def is_use_live(use_id: UUID) -> bool:
    """Whether everything that allowed this use still holds, and nobody said that it is over."""
    served = find_served([use_id]).get(use_id)
    return served is not None and served.reason is None


def find_served_days(participant_id: UUID, use_ids: Iterable[UUID]) -> dict[UUID, ServedDays]:
    """When something of these uses of one person was shown; uses of which nothing ever was are left out."""
    rows = Serving.objects.filter(participant_id=participant_id, use_id__in=list(use_ids))
    counted = rows.values_list("use_id").annotate(Min("day"), Max("day"), Sum("count")).order_by("use_id")
    return {row[0]: ServedDays(row[1], row[2], row[3]) for row in counted}


def list_uses(participant_id: UUID, limit: int = 50, *, only_allowed: bool = False) -> list[UseView]:
    """What was asked about this person, newest first; at most ``limit``, which is capped."""
    rows = Use.objects.filter(participant_id=participant_id)
    if only_allowed:
        rows = rows.filter(allowed=True)
    return [_use_view(row) for row in rows.order_by("-id")[: max(0, min(limit, USES_SHOWN_MAX))]]


@dataclass(frozen=True, slots=True)
class Incident:
    """Somebody wanted to use something of a person for marketing after that person had objected. It was denied;
    that it was asked shows that a list of the merchant's is out of date (GDPR art. 21(3))."""

    use_id: UUID
    participant_id: UUID
    market_id: UUID
    items: tuple[str, ...]
    purpose: str
    channel: str
    country: str
    recipient: str
    asked_at: datetime


def list_incidents(
    *, since: datetime, market_ids: Iterable[UUID] | None = None, limit: int = 50
) -> list[Incident]:
    """Incidents since then, newest first, of all markets or of these; at most ``limit``, which is capped."""
    rows = Use.objects.filter(reason=Reason.FLAG_OBJECTED.value, decided_at__gte=since)
    rows = rows.filter(purpose__in=MARKETING_PURPOSES)
    if market_ids is not None:
        rows = rows.filter(market_id__in=list(market_ids))
    return [_incident(row) for row in rows.order_by("-id")[: max(0, min(limit, USES_SHOWN_MAX))]]


def _incident(row: Use) -> Incident:
    return Incident(
        use_id=row.id,
        participant_id=row.participant_id,
        market_id=row.market_id,
        items=tuple(row.items),
        purpose=row.purpose,
        channel=row.channel,
        country=row.country,
        recipient=row.recipient,
        asked_at=row.decided_at,
    )


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


def _served_use(use: GrantedUse) -> ServedUse:
    verdict = judge(use.facts, use.request)
    return ServedUse(use.use_id, use.participant_id, use.request.items, verdict.reason)


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
