"""The one transaction that makes a participant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext

from onloan import db, ids
from onloan.consents.rules import Act
from onloan.consents.statements import AnswerStatements, answer_statements
from onloan.db import Statement, action
from onloan.errors import BadInput, NotFound
from onloan.evidence.statements import draw_consent_numbers, entry_statements
from onloan.joining.errors import AgeRefused, AlreadyJoined, MarketClosed, PoolClosed, VersionChanged
from onloan.joining.statements import gather_inserts
from onloan.ledger.pools import reserve_pot
from onloan.offers.queries import MarketView, PublishedVersion, find_market, find_version
from onloan.offers.rules import pot_to_reserve
from onloan.offers.vocabulary import said
from onloan.outbox.statements import mail_statement
from onloan.people.actions import normalize_email, normalize_username
from onloan.people.models import Participant
from onloan.people.photos import STORED_BYTES_MAX
from onloan.people.queries import find_participant
from onloan.people.statements import (
    NewParticipant,
    forget_draft_statement,
    lock_participant,
    participant_statements,
)
from onloan.referrals.queries import LinkView, credit_of, find_link
from onloan.referrals.rules import LINK_CODE_LENGTH
from onloan.referrals.statements import attribution_statements, link_statements

PUBLIC_ID_CHARACTERS = 12
TRIES_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """All that a person sends to join, after their address was confirmed.

    ``version_id`` is the version that they read, ``page_hash`` the SHA-256 of the page that asked, ``answers``
    a yes or no for each permission of that version. ``photo`` comes from ``people.photos.prepare_photo``.
    ``self_participant_id`` is who is signed in on this device, if anybody: nobody is their own sponsor.
    ``code_id`` is the one-time code that confirmed the address; its draft of the form goes once it is sent.
    """

    offer_slug: str
    country: str
    version_id: UUID
    email: str
    username: str
    over_18: bool
    answers: Mapping[str, bool]
    language: str
    page_hash: str
    now: datetime
    photo: bytes | None = field(default=None, repr=False)
    via_code: str | None = None
    is_demo: bool = False
    self_participant_id: UUID | None = None
    code_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """``has_pot`` is False for a friend who came when all pots were given out; they were told beforehand."""

    participant_id: UUID
    public_id: str
    receipt_token: str
    link_code: str
    has_pot: bool


class _CodeTaken(Exception):
    """A code drawn for the new person leads to somebody else already."""


def join(*, request: JoinRequest) -> Joined:
    """Make a participant: their items, answers yes and no, receipt, sponsor, whole pot, evidence and mail, or
    nothing of it.

    Raises AgeRefused, EmailNotValid, UsernameNotValid, BadInput, MarketClosed, VersionChanged, AlreadyJoined,
    PoolClosed, and what is wrong with an answer (``consents.errors``).
    """
    if request.over_18 is not True:
        raise AgeRefused(field="over_18")
    for _ in range(TRIES_MAX):
        try:
            return _join_once(request=request)
        except _CodeTaken:
            continue
    raise AssertionError("three times in a row a new code was taken: there is no chance in these codes")


@action
def _join_once(*, request: JoinRequest) -> Joined:
    market, version = _check_market(request)
    link = _find_sponsor_link(request, market)
    person = _new_person(request, market, version)
    answers = _answer(request, person, version)
    link_code = ids.new_code(LINK_CODE_LENGTH)
    statements = [
        *participant_statements(person),
        *_entry(person, version),
        *answers.statements,
        *link_statements(
            participant_id=person.id,
            code=link_code,
            market_id=market.id,
            offer_id=market.offer_id,
            now=request.now,
        ),
        *_attribute(person, link, request.now),
        _welcome(person, version, answers.receipt_id),
    ]
    sent_form = [] if request.code_id is None else [forget_draft_statement(request.code_id)]
    _write([*gather_inserts(statements), *sent_form])
    has_pot = reserve_pot(
        participant_id=person.id,
        market_id=market.id,
        amount=pot_to_reserve(version.offer, market.country, has_sponsor=link is not None),
        now=request.now,
    )
    if not has_pot:
        if link is None:
            raise PoolClosed
        Participant.objects.filter(id=person.id).update(has_pot=False)
    return Joined(
        participant_id=person.id,
        public_id=person.public_id,
        receipt_token=answers.receipt_token,
        link_code=link_code,
        has_pot=has_pot,
    )


def _check_market(request: JoinRequest) -> tuple[MarketView, PublishedVersion]:
    """Read in this transaction, never kept: a stop counts from its commit (design, promise 10)."""
    try:
        market = find_market(request.offer_slug, request.country)
    except NotFound:
        raise MarketClosed from None
    if not market.is_open_at(request.now):
        raise MarketClosed
    if market.version_id != request.version_id:
        raise VersionChanged
    version = find_version(market.version_id)
    if request.language not in version.texts[market.country]:
        raise BadInput(field="language", problem=gettext("choose a language of the list"))
    return market, version


def _find_sponsor_link(request: JoinRequest, market: MarketView) -> LinkView | None:
    """The link by which the person came, if its owner is rewarded for it; a link that is not counts as none.

    Where the offer bounds the friends of a day, those who join at once are counted one after the other: the
    sponsor's row is locked, and nobody can have locked the new person's before it.
    """
    link = find_link(request.via_code) if request.via_code else None
    if link is None or link.participant_id == request.self_participant_id:
        return None
    sponsor = find_participant(link.participant_id)
    if sponsor is None:
        return None
    if find_version(sponsor.version_id).offer.referral.friends_per_day is not None:
        lock_participant(sponsor.id)
    return link if credit_of(sponsor, market_id=market.id, now=request.now) == "counts" else None


def _new_person(request: JoinRequest, market: MarketView, version: PublishedVersion) -> NewParticipant:
    photo = request.photo
    assert photo is None or (photo.startswith(b"\xff\xd8") and len(photo) <= STORED_BYTES_MAX)
    return NewParticipant(
        id=ids.new_id(),
        public_id="p" + ids.new_code(PUBLIC_ID_CHARACTERS),
        offer_id=market.offer_id,
        market_id=market.id,
        version_id=version.id,
        country=market.country,
        language=request.language,
        joined_at=request.now,
        window_ends_at=request.now + timedelta(days=version.offer.referral.window_days),
        is_demo=request.is_demo,
        has_pot=True,
        email=normalize_email(request.email),
        username=normalize_username(request.username),
        photo=photo,
    )


def _answer(request: JoinRequest, person: NewParticipant, version: PublishedVersion) -> AnswerStatements:
    return answer_statements(
        participant_id=person.id,
        version=version,
        market_id=person.market_id,
        country=person.country,
        answers=request.answers,
        numbers=draw_consent_numbers(len(version.offer.permissions)),
        language=person.language,
        page_hash=request.page_hash,
        act=Act.JOIN_FORM,
        now=request.now,
    )


def _entry(person: NewParticipant, version: PublishedVersion) -> list[Statement]:
    return entry_statements(
        kind="joined",
        fields={"offer": version.offer_slug, "version": version.file_hash, "market": person.country},
        participant_id=person.id,
        occurred_at=person.joined_at,
    )


def _attribute(person: NewParticipant, link: LinkView | None, now: datetime) -> list[Statement]:
    if link is None:
        return []
    return attribution_statements(
        participant_id=person.id,
        sponsor_id=link.participant_id,
        link_code=link.code,
        market_id=person.market_id,
        credited=True,
        now=now,
    )


def _welcome(person: NewParticipant, version: PublishedVersion, receipt_id: UUID) -> Statement:
    offer = version.offer
    return mail_statement(
        template="welcome",
        language=person.language,
        participant_id=person.id,
        context={
            "campaign": said(offer.title, person.language),
            "controller": offer.controller.name,
            "country": person.country,
            "offer_slug": offer.slug,
            "receipt_id": str(receipt_id),
        },
    )


def _write(statements: list[Statement]) -> None:
    try:
        db.execute(statements)
    except IntegrityError as error:
        # Both databases name the table whose key was taken; nothing else in these rows can collide.
        if "people_email_lookup" in str(error):
            raise AlreadyJoined(field="email") from None
        if "people_code_lookup" in str(error):
            raise _CodeTaken from None
        raise
