"""Every write of an answer after joining: take back, allow again, end. A right never costs anything, so nothing
here knows a reward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import db, ids
from onloan.consents import errors
from onloan.consents.models import Consent
from onloan.consents.rules import STOP_REASONS, Act, Door, EndReason
from onloan.consents.statements import answer_statements, end_statements
from onloan.db import action
from onloan.errors import NotFound
from onloan.evidence.statements import draw_consent_numbers
from onloan.offers.document import Permission
from onloan.offers.queries import MarketView, PublishedVersion, find_market_by_id, find_version
from onloan.offers.vocabulary import ITEMS, said
from onloan.outbox.mails import receipt_token
from onloan.outbox.statements import mail_statement
from onloan.people.queries import ParticipantView, find_by_code, find_participant, list_disputed
from onloan.people.statements import lock_participant


@dataclass(frozen=True, slots=True)
class Answered:
    """The receipt of one answer."""

    receipt_id: UUID
    receipt_token: str


@action
def answer_permission(
    *,
    participant_id: UUID,
    permission_id: str,
    answer: bool,
    language: str,
    page_hash: str,
    now: datetime,
    version_id: UUID | None = None,
) -> Answered:
    """Answer one permission anew from the person's own page: allow it later or again, or say no.

    ``version_id`` is the version whose text was shown: the one that the person joined under (also when None) or
    the current one of their market; any other raises VersionNotShown. A yes needs a market that runs, no flag, and
    items that the person does not say are wrong (AllowingClosed, AllowingStopped, ItemDisputed); a no is always
    taken. The same answer sent twice is one answer.
    """
    lock_participant(participant_id)
    person = _find_person(participant_id)
    market = find_market_by_id(person.market_id)
    version = _find_shown_version(person, market, version_id)
    if all(permission.id != permission_id for permission in version.offer.permissions):
        raise errors.PermissionUnknown
    if answer is True:
        _check_may_allow(person, market, version.offer.permission(permission_id), now)
    earlier = Consent.objects.filter(participant_id=participant_id, permission_id=permission_id)
    last = earlier.order_by("-number").first()
    if last is not None and _says_the_same(last, answer, version, now):
        return Answered(last.receipt_id, receipt_token(last.receipt_id))
    live = list(earlier.filter(answer=True, ended_at=None))
    answered = answer_statements(
        participant_id=participant_id,
        version=version,
        market_id=person.market_id,
        country=person.country,
        answers={permission_id: answer},
        numbers=draw_consent_numbers(1),
        language=language,
        page_hash=page_hash,
        act=Act.MY_PAGE,
        now=now,
    )
    reason, door = (EndReason.REPLACED, None) if answer else (EndReason.WITHDRAWN, Door.MY_PAGE)
    mail = mail_statement(
        template="receipt",
        language=language,
        context={
            "receipt_id": str(answered.receipt_id),
            "campaign": said(version.offer.title, language),
            "controller": version.offer.controller.name,
        },
        participant_id=participant_id,
    )
    db.execute([*_end(live, reason=reason, door=door, now=now), *answered.statements, mail])
    return Answered(answered.receipt_id, answered.receipt_token)


@action
def withdraw_permission(
    *, participant_id: UUID, permission_id: str, now: datetime, door: str = Door.MY_PAGE
) -> tuple[str, ...]:
    """Take one permission back; the gate denies from the commit on (GDPR article 7(3)).

    Returns the ids of what ended: none when it was not allowed any more, so that a second click does no harm.
    Raises NotFound for a person or a permission that they were never asked.
    """
    lock_participant(participant_id)
    # What was typed is compared here: a database need not take every character that a form may send.
    asked = [
        row for row in Consent.objects.filter(participant_id=participant_id) if row.permission_id == permission_id
    ]
    if not asked:
        raise NotFound
    live = [row for row in asked if row.answer and row.ended_at is None]
    return _withdraw(live, door=Door(door), now=now)


@action
def withdraw_all(*, participant_id: UUID, now: datetime, door: str = Door.MY_PAGE) -> tuple[str, ...]:
    """Take back everything that this person allows, in one transaction. Returns the permissions that ended."""
    lock_participant(participant_id)
    return _withdraw(_find_live(participant_id), door=Door(door), now=now)


@action
def withdraw_by_receipt(*, token: str, permission_id: str | None, now: datetime) -> tuple[str, ...]:
    """Take back through a receipt's own link, without signing in: one permission of that receipt, or, with None,
    everything that the person allows. Returns the permissions that ended. Raises NotFound.
    """
    found = _find_receipt_owner(token)
    if permission_id is None:
        return withdraw_all(participant_id=found.participant_id, now=now, door=Door.RECEIPT)
    answered = Consent.objects.filter(participant_id=found.participant_id, receipt_id=found.receipt_id)
    if permission_id not in answered.values_list("permission_id", flat=True):
        raise NotFound
    return withdraw_permission(
        participant_id=found.participant_id, permission_id=permission_id, now=now, door=Door.RECEIPT
    )


@action
def stop_consents(*, participant_id: UUID, reason: str, now: datetime, item: str | None = None) -> int:
    """End every live consent of a person who objects, restricts or erases, or with an ``item`` (as it is kept)
    those that cover it or what is made from it; returns how many ended.

    One entry for each, so that the stranger's one rule checks these like withdrawals. ``reason`` is one of
    ``STOP_REASONS``. Part of the action that sets the flag or erases.
    """
    assert reason in STOP_REASONS
    lock_participant(participant_id)
    live = _find_live(participant_id)
    if item is not None:
        live = [consent for consent in live if item in _kept_items(consent.items)]
    db.execute(_end(live, reason=EndReason(reason), door=None, now=now))
    return len(live)


def expire_due(*, now: datetime, limit: int = 200) -> int:
    """Write down which consents have run out; returns how many. The gate looks at the time by itself, so nothing
    waits for this job. One transaction for each person, because each begins with that person's lock.
    """
    due = (
        Consent.objects.filter(answer=True, ended_at=None, expires_at__lte=now)
        .order_by("expires_at")
        .values_list("participant_id", flat=True)[:limit]
    )
    return sum(_expire_person(participant_id=participant_id, now=now) for participant_id in sorted(set(due)))


@action
def _expire_person(*, participant_id: UUID, now: datetime) -> int:
    try:
        lock_participant(participant_id)
    except NotFound:
        return 0
    due = list(
        Consent.objects.filter(participant_id=participant_id, answer=True, ended_at=None, expires_at__lte=now)
    )
    db.execute(_end(due, reason=EndReason.EXPIRED, door=None, now=now))
    return len(due)


@dataclass(frozen=True, slots=True)
class _ReceiptOwner:
    participant_id: UUID
    receipt_id: UUID


def _find_receipt_owner(token: str) -> _ReceiptOwner:
    code = ids.normalize_code(token)
    found = find_by_code("receipt", code) if code else None
    if found is None:
        raise NotFound
    return _ReceiptOwner(*found)


def _find_person(participant_id: UUID) -> ParticipantView:
    person = find_participant(participant_id)
    if person is None:
        raise NotFound
    return person


def _find_shown_version(person: ParticipantView, market: MarketView, version_id: UUID | None) -> PublishedVersion:
    if version_id not in {None, person.version_id, market.version_id}:
        raise errors.VersionNotShown
    return find_version(version_id or person.version_id)


def _check_may_allow(person: ParticipantView, market: MarketView, permission: Permission, now: datetime) -> None:
    if person.restricted_at or person.objected_at or person.erased_at:
        raise errors.AllowingStopped
    if not _kept_items(permission.items).isdisjoint(list_disputed(person.id)):
        raise errors.ItemDisputed
    if not market.is_open_at(now):
        raise errors.AllowingClosed


def _says_the_same(last: Consent, answer: bool, version: PublishedVersion, now: datetime) -> bool:
    is_live = last.ended_at is None and (last.expires_at is None or last.expires_at > now)
    return last.answer is answer and last.version_id == version.id and is_live


def _kept_items(items: Iterable[str]) -> set[str]:
    """Under which names the values of these items are kept: a partly hidden username is made from the username."""
    return {ITEMS[item].part_of or item for item in items}


def _find_live(participant_id: UUID) -> list[Consent]:
    return list(Consent.objects.filter(participant_id=participant_id, answer=True, ended_at=None))


def _withdraw(live: list[Consent], *, door: Door, now: datetime) -> tuple[str, ...]:
    db.execute(_end(live, reason=EndReason.WITHDRAWN, door=door, now=now))
    return tuple(consent.permission_id for consent in live)


def _end(live: Sequence[Consent], *, reason: EndReason, door: Door | None, now: datetime) -> list[db.Statement]:
    statements: list[db.Statement] = []
    for consent in sorted(live, key=lambda consent: consent.number):
        statements += end_statements(
            consent, version=find_version(consent.version_id), reason=reason, door=door, now=now
        )
    return statements
