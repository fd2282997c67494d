"""Every read of offers, versions and markets. A version never changes and is kept; a "
"market is never cached."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from onloan import db
from onloan.access.models import User
from onloan.errors import NotFound
from onloan.offers import models
from onloan.offers.document import Offer
from onloan.offers.document_json import offer_from_json
from onloan.offers.rules import ChangeLine, MarketState, is_joining_open

VERSIONS_KEPT = 256
ROWS_MAX = 500


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version as it was published. ``texts`` holds what people read: country, language, then each text;
    ``onloan.offers.texts`` gives them their types back."""

    id: uuid.UUID
    offer_id: uuid.UUID
    offer_slug: str
    number: int
    file_hash: str
    offer: Offer
    texts: dict[str, dict[str, Any]]
    published_at: datetime


@dataclass(frozen=True, slots=True)
class MarketView:
    """A market at this instant. ``reason`` is public; ``stopped_at`` is set once nothing begun before a stop
    is under way any more."""

    id: uuid.UUID
    offer_id: uuid.UUID
    offer_slug: str
    country: str
    version_id: uuid.UUID
    version_number: int
    state: MarketState
    since: datetime
    opens_at: datetime
    closes_at: datetime
    currency: str
    reason: str
    stopped_at: datetime | None

    def is_open_at(self, now: datetime) -> bool:
        """Whether somebody may join at ``now``."""
        return is_joining_open(state=self.state, opens_at=self.opens_at, closes_at=self.closes_at, now=now)


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version in a list of them."""

    id: uuid.UUID
    number: int
    file_hash: str
    published_at: datetime
    published_by: str


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    user_id: uuid.UUID
    name: str
    role: str
    note: str
    door: str
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class SignOffLine:
    code: str
    rule: str
    user_id: uuid.UUID
    name: str
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft with all that was said about it. ``findings`` is what the linter said when it was handed in;
    publishing asks the linter again."""

    id: uuid.UUID
    slug: str
    file_text: str
    file_hash: str
    author_id: uuid.UUID
    author: str
    created_at: datetime
    findings: tuple[dict[str, Any], ...]
    approvals: tuple[ApprovalLine, ...]
    sign_offs: tuple[SignOffLine, ...]
    version_number: int | None

    def unsigned_codes(self) -> tuple[str, ...]:
        """Codes of the findings that hold this draft up and that nobody has signed off."""
        signed = {line.code for line in self.sign_offs}
        codes = {finding["code"] for finding in self.findings if finding["severity"] == "HOLD"}
        return tuple(sorted(codes - signed))

    def is_approved(self) -> bool:
        """Whether the author and somebody else stand behind it."""
        people = {line.user_id for line in self.approvals}
        return self.author_id in people and len(people) > 1


@lru_cache(maxsize=VERSIONS_KEPT)
def find_version(version_id: uuid.UUID) -> PublishedVersion:
    """Kept in memory, as nothing about a version ever changes. Raises NotFound."""
    row = models.Version.objects.select_related("offer").filter(pk=version_id).first()
    if row is None:
        raise NotFound()
    return PublishedVersion(
        id=row.pk,
        offer_id=row.offer_id,
        offer_slug=row.offer.slug,
        number=row.number,
        file_hash=row.file_hash,
        offer=offer_from_json(row.document),
        texts=row.texts,
        published_at=row.published_at,
    )


def find_version_number(slug: str, number: int) -> PublishedVersion:
    """The stable address of each past version: slug and number. Raises NotFound."""
    version_id = (
        models.Version.objects.filter(offer__slug=slug, number=number).values_list("pk", flat=True).first()
    )
    if version_id is None:
        raise NotFound()
    return find_version(version_id)


@lru_cache(maxsize=VERSIONS_KEPT)
def find_version_by_hash(slug: str, file_hash: str) -> PublishedVersion:
    """The version that an entry in the evidence names. Raises NotFound."""
    rows = models.Version.objects.filter(offer__slug=slug, file_hash=file_hash)
    version_id = rows.order_by("number").values_list("pk", flat=True).first()
    if version_id is None:
        raise NotFound()
    return find_version(version_id)


def find_file_text(version_id: uuid.UUID) -> str:
    """The file of a version as its author wrote it. Raises NotFound."""
    text = models.Version.objects.filter(pk=version_id).values_list("file_text", flat=True).first()
    if text is None:
        raise NotFound()
    return text


_MARKETS = """
    SELECT market.id, market.offer_id, offer.slug, market.country, market.version_id, version.number,
           market.state, market.since, market.opens_at, market.closes_at, market.currency, market.reason,
           market.stopped_at
    FROM offers_market AS market
    JOIN offers_offer AS offer ON offer.id = market.offer_id
    JOIN offers_version AS version ON version.id = market.version_id
"""


def find_market(slug: str, country: str) -> MarketView:
    """One statement, asked anew each time: a stop counts from its commit. Raises NotFound."""
    row = db.fetch_one(_MARKETS + " WHERE offer.slug = %s AND market.country = %s", (slug, country))
    if row is None:
        raise NotFound()
    return _market_view(row)


def find_market_by_id(market_id: uuid.UUID) -> MarketView:
    """Raises NotFound."""
    row = db.fetch_one(_MARKETS + " WHERE market.id = %s", (db.uuid_value(market_id),))
    if row is None:
        raise NotFound()
    return _market_view(row)


def list_markets() -> list[MarketView]:
    """Every market of every offer, whatever its state, by offer and country."""
    rows = db.fetch_all(_MARKETS + " ORDER BY offer.slug, market.country LIMIT %s", (ROWS_MAX,))
    return [_market_view(row) for row in rows]


def list_offer_markets(slug: str) -> list[MarketView]:
    """Every market of one offer, whatever its state, by country; none for an unknown offer."""
    rows = db.fetch_all(_MARKETS + " WHERE offer.slug = %s ORDER BY market.country LIMIT %s", (slug, ROWS_MAX))
    return [_market_view(row) for row in rows]


def list_versions(slug: str) -> list[VersionLine]:
    """The versions of an offer, newest first."""
    rows = list(models.Version.objects.filter(offer__slug=slug).order_by("-number")[:ROWS_MAX])
    names = _names({row.published_by_user_id for row in rows})
    return [
        VersionLine(
            id=row.pk,
            number=row.number,
            file_hash=row.file_hash,
            published_at=row.published_at,
            published_by=names.get(row.published_by_user_id, ""),
        )
        for row in rows
    ]


def list_changes(market_id: uuid.UUID) -> list[ChangeLine]:
    """What happened to a market, newest first."""
    rows = list(
        models.MarketChange.objects.filter(market_id=market_id)
        .select_related("version")
        .defer("version__file_text", "version__document", "version__texts")
        .order_by("-at", "-id")[:ROWS_MAX]
    )
    names = _names({row.user_id for row in rows if row.user_id is not None})
    return [
        ChangeLine(
            state=cast("MarketState", row.state),
            version_number=row.version.number,
            at=row.at,
            by=names.get(row.user_id, "") if row.user_id else "",
            reason=row.reason,
            honour_statement=row.honour_statement,
        )
        for row in rows
    ]


def find_honour_statement(market_id: uuid.UUID) -> str:
    """How a withdrawn market still pays what was earned; empty when it was never withdrawn."""
    row = models.MarketChange.objects.filter(market_id=market_id, state="withdrawn").first()
    return "" if row is None else row.honour_statement


def find_draft(draft_id: uuid.UUID) -> DraftView:
    """Raises NotFound."""
    row = models.Draft.objects.filter(pk=draft_id).first()
    if row is None:
        raise NotFound()
    return _draft_views([row])[0]


def list_drafts() -> list[DraftView]:
    """The latest drafts, newest first, published or not."""
    return _draft_views(list(models.Draft.objects.order_by("-created_at", "-id")[:100]))


def _market_view(row: tuple[Any, ...]) -> MarketView:
    return MarketView(
        id=db.read_uuid(row[0]),
        offer_id=db.read_uuid(row[1]),
        offer_slug=row[2],
        country=row[3],
        version_id=db.read_uuid(row[4]),
        version_number=row[5],
        state=row[6],
        since=db.read_time(row[7]),
        opens_at=db.read_time(row[8]),
        closes_at=db.read_time(row[9]),
        currency=row[10],
        reason=row[11],
        stopped_at=None if row[12] is None else db.read_time(row[12]),
    )


def _draft_views(rows: list[models.Draft]) -> list[DraftView]:
    """Four statements, however many drafts there are."""
    keys = [row.pk for row in rows]
    approvals = list(models.Approval.objects.filter(draft_id__in=keys).order_by("approved_at", "id"))
    sign_offs = list(models.SignOff.objects.filter(draft_id__in=keys).order_by("signed_at", "id"))
    numbers = dict(models.Version.objects.filter(draft_id__in=keys).values_list("draft_id", "number"))
    names = _names(
        {row.author_id for row in rows}
        | {approval.user_id for approval in approvals}
        | {sign_off.user_id for sign_off in sign_offs}
    )
    return [
        DraftView(
            id=row.pk,
            slug=row.slug,
            file_text=row.file_text,
            file_hash=row.file_hash,
            author_id=row.author_id,
            author=names.get(row.author_id, ""),
            created_at=row.created_at,
            findings=tuple(row.report["findings"]),
            approvals=tuple(_approval_line(line, names) for line in approvals if line.draft_id == row.pk),
            sign_offs=tuple(_sign_off_line(line, names) for line in sign_offs if line.draft_id == row.pk),
            version_number=numbers.get(row.pk),
        )
        for row in rows
    ]


def _approval_line(row: models.Approval, names: dict[uuid.UUID, str]) -> ApprovalLine:
    return ApprovalLine(
        user_id=row.user_id,
        name=names.get(row.user_id, ""),
        role=row.role,
        note=row.note,
        door=row.door,
        approved_at=row.approved_at,
    )


def _sign_off_line(row: models.SignOff, names: dict[uuid.UUID, str]) -> SignOffLine:
    return SignOffLine(
        code=row.code,
        rule=row.rule,
        user_id=row.user_id,
        name=names.get(row.user_id, ""),
        note=row.note,
        signed_at=row.signed_at,
    )


def _names(user_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict(User.objects.filter(pk__in=user_ids).values_list("pk", "name"))
