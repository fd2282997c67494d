"""From a file to a version: hand in, sign off, approve, publish. ``switch.py`` opens and stops markets.

Every door leads through these functions, and each of them asks the linter again: a file that a rule refuses is
stored nowhere as a version (promise 4).
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import UTC, datetime

from django.db import IntegrityError, transaction

from onloan import clock, db, ids
from onloan.access.models import User
from onloan.access.rules import Capability, can
from onloan.db import action
from onloan.errors import NotAllowed, NotFound
from onloan.evidence.actions import append_entry
from onloan.offers import errors, models, rules, texts
from onloan.offers.document import MarketTerms, Offer
from onloan.offers.document_json import offer_to_json
from onloan.offers.findings import Finding, Report
from onloan.offers.lint import check_text
from onloan.offers.notice_fields import Edition

FINDINGS_SHOWN_MAX = 20


def require(user_id: uuid.UUID, capability: Capability) -> User:
    """The active member of the team who may do this. Raises NotAllowed."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not can(user.role, capability):
        raise NotAllowed()
    return user


@action
def submit_draft(*, text: str, author_id: uuid.UUID, now: datetime, door: str = "console") -> uuid.UUID:
    """Keep a file whose author stands behind it: handing in is the author's own approval.

    Raises OfferUnreadable or OfferRefused with the findings, and keeps nothing then.
    """
    author = require(author_id, Capability.DRAFT_OFFER)
    assert door in rules.DOORS
    report = _checked(text)
    offer = report.offer
    assert offer is not None, "a report without a refusal has an offer"
    draft = models.Draft.objects.create(
        id=ids.new_id(),
        slug=offer.slug,
        file_text=text,
        file_hash=rules.hash_file(text),
        author_id=author_id,
        created_at=now,
        report={"findings": [asdict(finding) for finding in report.findings]},
    )
    _add_approval(draft, author, note="", door=door, now=now)
    return draft.pk


@action
def sign_off(*, draft_id: uuid.UUID, user_id: uuid.UUID, code: str, note: str, now: datetime) -> None:
    """Answer by name for one point that holds the file up. Nobody signs off a file of their own.

    Raises NotAllowed, FourEyes, NoteNeeded, HoldUnknown, HoldSigned.
    """
    draft = _find_draft(draft_id)
    if user_id == draft.author_id:
        raise errors.FourEyes()
    require(user_id, Capability.APPROVE_OFFER)
    _check_note(note)
    held = {
        finding["code"]: finding["rule"] for finding in draft.report["findings"] if finding["severity"] == "HOLD"
    }
    if code not in held:
        raise errors.HoldUnknown(field="code", finding=code[:64])
    try:
        with transaction.atomic():
            models.SignOff.objects.create(
                id=ids.new_id(), draft=draft, code=code, rule=held[code], user_id=user_id, note=note, signed_at=now
            )
    except IntegrityError as error:
        raise errors.HoldSigned(finding=code) from error


@action
def approve_draft(*, draft_id: uuid.UUID, user_id: uuid.UUID, note: str, door: str, now: datetime) -> None:
    """The second person stands behind the same file, after every point that holds it up was signed off.

    Raises NotAllowed, FourEyes when it is the author, HoldUnsigned, NoteNeeded, AlreadyApproved.
    """
    draft = _find_draft(draft_id)
    if user_id == draft.author_id:
        raise errors.FourEyes()
    user = require(user_id, Capability.APPROVE_OFFER)
    assert door in rules.DOORS
    _check_note(note)
    _check_signed(draft, _checked(draft.file_text))
    _add_approval(draft, user, note=note, door=door, now=now)


@action
def publish_draft(*, draft_id: uuid.UUID, user_id: uuid.UUID, now: datetime) -> uuid.UUID:
    """Make the version that two people approved, with every text as people will read it, and move the offer's
    markets to it. New markets start as drafts. Returns the version's id.

    Raises OfferRefused, FourEyes, HoldUnsigned, NoticeIncomplete, AlreadyPublished, MarketDropped,
    DatesMoved, CurrencyMoved; nothing is kept then.
    """
    require(user_id, Capability.PUBLISH_OFFER)
    draft = _find_draft(draft_id)
    report = _checked(draft.file_text)
    if rules.hash_file(draft.file_text) != draft.file_hash:
        raise errors.FourEyes()
    _check_signed(draft, report)
    _check_approved(draft)
    offer = report.offer
    assert offer is not None
    row = _lock_offer(offer.slug, now)
    latest = models.Version.objects.filter(offer=row).order_by("-number").first()
    published = models.Version.objects.filter(draft=draft).first()
    if published is None and latest is not None and latest.file_hash == draft.file_hash:
        published = latest
    if published is not None:
        raise errors.AlreadyPublished(number=published.number)
    number = 1 if latest is None else latest.number + 1
    version = models.Version.objects.create(
        id=ids.new_id(),
        offer=row,
        draft=draft,
        number=number,
        file_hash=draft.file_hash,
        file_text=draft.file_text,
        document=offer_to_json(offer),
        texts=texts.render_all(offer, Edition(number, now.astimezone(UTC).date())),
        published_at=now,
        published_by_user_id=user_id,
    )
    _move_markets(offer, version, user_id=user_id, now=now)
    append_entry(
        kind="offer_published",
        fields={"offer": offer.slug, "version": draft.file_hash, "count": version.number},
        occurred_at=now,
    )
    return version.pk


def _checked(text: str) -> Report:
    """What the linter says now. Raises OfferUnreadable, OfferRefused."""
    report = check_text(text, "offer.yaml")
    if any(finding.severity == "SYNTAX" for finding in report.findings):
        raise errors.OfferUnreadable(findings=_listed(report, "SYNTAX"))
    if any(finding.severity == "BLOCK" for finding in report.findings) or report.offer is None:
        raise errors.OfferRefused(findings=_listed(report, "BLOCK"))
    return report


def _listed(report: Report, severity: str) -> str:
    found = [_line(finding) for finding in report.findings if finding.severity == severity]
    more = [f"… {len(found)}"] if len(found) > FINDINGS_SHOWN_MAX else []
    return "; ".join(found[:FINDINGS_SHOWN_MAX] + more)


def _line(finding: Finding) -> str:
    return f"{finding.line}:{finding.column} {finding.code} ({finding.rule})"


def _find_draft(draft_id: uuid.UUID) -> models.Draft:
    draft = models.Draft.objects.filter(pk=draft_id).first()
    if draft is None:
        raise NotFound()
    return draft


def _check_note(note: str) -> None:
    if not rules.is_sentence(note, length_min=rules.NOTE_LENGTH_MIN, length_max=rules.NOTE_LENGTH_MAX):
        raise errors.NoteNeeded(field="note", minimum=rules.NOTE_LENGTH_MIN, maximum=rules.NOTE_LENGTH_MAX)


def _check_signed(draft: models.Draft, report: Report) -> None:
    """Each point that the linter holds up today has a note; one that it did not hold up "
    "before needs a new one."""
    signed = set(models.SignOff.objects.filter(draft=draft).values_list("code", flat=True))
    held = {finding.code for finding in report.findings if finding.severity == "HOLD"}
    if held - signed:
        raise errors.HoldUnsigned(codes=", ".join(sorted(held - signed)))


def _check_approved(draft: models.Draft) -> None:
    """Two people stand behind this very file, and the second may still approve offers today."""
    approvals = list(models.Approval.objects.filter(draft=draft, file_hash=draft.file_hash))
    others = [approval.user_id for approval in approvals if approval.user_id != draft.author_id]
    roles = User.objects.filter(pk__in=others, is_active=True).values_list("role", flat=True)
    if len(others) == len(approvals) or not any(can(role, Capability.APPROVE_OFFER) for role in roles):
        raise errors.FourEyes()


def _add_approval(draft: models.Draft, user: User, *, note: str, door: str, now: datetime) -> None:
    try:
        with transaction.atomic():
            models.Approval.objects.create(
                id=ids.new_id(),
                draft=draft,
                user_id=user.pk,
                role=user.role,
                file_hash=draft.file_hash,
                note=note,
                door=door,
                approved_at=now,
            )
    except IntegrityError as error:
        raise errors.AlreadyApproved() from error


def _lock_offer(slug: str, now: datetime) -> models.Offer:
    """The offer's row, made when it is the first version, and held until the commit: versions of one offer
    are numbered one after the other."""
    db.execute(
        [
            db.insert(
                models.Offer,
                id=ids.new_id(),
                slug=slug,
                created_at=now,
                on_conflict="ON CONFLICT (slug) DO NOTHING",
            )
        ]
    )
    return models.Offer.objects.select_for_update().get(slug=slug)


def _move_markets(offer: Offer, version: models.Version, *, user_id: uuid.UUID, now: datetime) -> None:
    """Markets of the offer join under the new version from now on; their states stay."""
    rows = {
        row.country: row for row in models.Market.objects.select_for_update().filter(offer_id=version.offer_id)
    }
    for country, row in rows.items():
        if country not in offer.markets and row.state in ("open", "suspended"):
            raise errors.MarketDropped(country=country, state=row.state)
    for country, terms in offer.markets.items():
        if country in rows:
            _move_market(rows[country], terms, version)
        else:
            rows[country] = _add_market(terms, version, now=now)
        if rows[country].version_id == version.pk:
            add_change(rows[country], user_id=user_id, reason="", honour_statement="", now=now)


def _move_market(row: models.Market, terms: MarketTerms, version: models.Version) -> None:
    """What runs keeps its currency and closing date; what has ended keeps its version."""
    opens_at, closes_at = rules.market_hours(terms)
    if row.state in ("withdrawn", "closed"):
        return
    if terms.pool.currency != row.currency:
        raise errors.CurrencyMoved(country=row.country, currency=row.currency)
    if row.state != "draft" and (opens_at, closes_at) != (row.opens_at, row.closes_at):
        raise errors.DatesMoved(
            country=row.country,
            first=clock.local_day(row.opens_at, terms.time_zone).isoformat(),
            last=rules.closing_day(row.closes_at, terms.time_zone).isoformat(),
        )
    row.version = version
    row.opens_at = opens_at
    row.closes_at = closes_at
    row.save(update_fields=["version", "opens_at", "closes_at"])


def _add_market(terms: MarketTerms, version: models.Version, *, now: datetime) -> models.Market:
    opens_at, closes_at = rules.market_hours(terms)
    return models.Market.objects.create(
        id=ids.new_id(),
        offer_id=version.offer_id,
        country=terms.country,
        version=version,
        state="draft",
        since=now,
        reason="",
        opens_at=opens_at,
        closes_at=closes_at,
        currency=terms.pool.currency,
    )


def add_change(
    row: models.Market, *, user_id: uuid.UUID | None, reason: str, honour_statement: str, now: datetime
) -> None:
    """One line in the history of a market, in the transaction that changes it."""
    models.MarketChange.objects.create(
        id=ids.new_id(),
        market=row,
        state=row.state,
        version_id=row.version_id,
        at=now,
        user_id=user_id,
        reason=reason,
        honour_statement=honour_statement,
    )
