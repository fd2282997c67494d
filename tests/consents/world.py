"""A published offer, two open markets, and people who answered: what the gate's tests stand on."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from onloan import clock, db, ids
from onloan.consents.models import Consent
from onloan.consents.rules import Act
from onloan.consents.statements import answer_statements
from onloan.db import action
from onloan.evidence.statements import draw_consent_numbers
from onloan.money import Money
from onloan.offers import models as offers
from onloan.offers.document import Controller, MarketTerms, Offer, Permission, Recipient, Referral
from onloan.offers.document_json import offer_to_json
from onloan.offers.queries import PublishedVersion, find_version
from onloan.people.statements import NewParticipant, participant_statements

PAGE_HASH = hashlib.sha256(b"the page that asked").hexdigest()
NOTICE_HASH = hashlib.sha256(b"the notice").hexdigest()

NAME, PHOTO, WALL = "invitation-name", "invitation-photo", "winner-wall"
WALL_TERM_DAYS = 30


def make_permission(name: str, **changes: object) -> Permission:
    values: dict[str, object] = {
        "id": name,
        "items": ("username",),
        "purpose": "referral_card",
        "channels": ("invitation_page",),
        "territories": ("FR", "GB"),
        "recipients": (),
        "term_days": 180,
        "why": {"en": "So that your friends see who invites them.", "fr": "Pour que vos amis le voient."},
        "excluded_contexts": ("political", "gambling"),
    }
    return Permission(**{**values, **changes})  # type: ignore[arg-type]


PERMISSIONS = (
    make_permission(NAME),
    make_permission(PHOTO, items=("profile_photo",)),
    make_permission(
        WALL,
        items=("username_masked", "profile_photo"),
        purpose="winner_wall",
        channels=("winners_page", "shop_app"),
        territories=("FR",),
        recipients=("print-shop",),
        term_days=WALL_TERM_DAYS,
    ),
)


def make_offer(slug: str, permissions: tuple[Permission, ...]) -> Offer:
    def terms(country: str, zone: str, currency: str, languages: tuple[str, ...]) -> MarketTerms:
        opens_on, closes_on = date(2026, 11, 1), date(2028, 6, 30)
        pool = Money(5_000_000, currency)
        return MarketTerms(country, opens_on, closes_on, pool, "DPIA-1", zone, languages, 30, 18)

    return Offer(
        slug=slug,
        controller=Controller(
            name="Boutique Exemple SAS",
            address="1 rue des Lilas, 75020 Paris, France",
            email="privacy@boutique.example",
            dpo="dpo@boutique.example",
            country="FR",
        ),
        title={"en": "The spring pot", "fr": "La cagnotte du printemps"},
        markets={
            "FR": terms("FR", "Europe/Paris", "EUR", ("fr", "en")),
            "GB": terms("GB", "Europe/London", "GBP", ("en",)),
        },
        referral=Referral(30, "app_signed_up", 14, 30),
        rewards=(),
        permissions=permissions,
        claims=(),
        colour="#0b5d4e",
        recipients=(Recipient("print-shop", "Imprimerie Exemple SARL", "processor", "FR", "C-1"),),
    )


@dataclass(frozen=True, slots=True)
class World:
    version: PublishedVersion
    market_ids: dict[str, uuid.UUID]


@dataclass(frozen=True, slots=True)
class Person:
    id: uuid.UUID
    market_id: uuid.UUID
    country: str
    receipt_id: uuid.UUID
    receipt_token: str


@action
def publish(offer: Offer, *, number: int = 1) -> PublishedVersion:
    """A version as two people would have published it."""
    now = clock.now()
    text = f"{offer.slug} {number}"
    file_hash = hashlib.sha256(text.encode()).hexdigest()
    row, _ = offers.Offer.objects.get_or_create(slug=offer.slug, defaults={"id": ids.new_id(), "created_at": now})
    author, other = ids.new_id(), ids.new_id()
    draft = offers.Draft.objects.create(
        id=ids.new_id(), slug=offer.slug, file_text=text, file_hash=file_hash, author_id=author,
        created_at=now, report={"findings": []},
    )  # fmt: skip
    for user_id, role in ((author, "growth"), (other, "dpo")):
        offers.Approval.objects.create(
            id=ids.new_id(), draft=draft, user_id=user_id, role=role, file_hash=file_hash,
            note="Read in full.", door="console", approved_at=now,
        )  # fmt: skip
    kept = {"notice_hash": NOTICE_HASH}
    version = offers.Version.objects.create(
        id=ids.new_id(), offer=row, draft=draft, number=number, file_hash=file_hash, file_text=text,
        document=offer_to_json(offer), texts={country: {"en": kept, "fr": kept} for country in offer.markets},
        published_at=now, published_by_user_id=author,
    )  # fmt: skip
    return find_version(version.pk)


def build_world(slug: str = "spring-pot", permissions: tuple[Permission, ...] = PERMISSIONS) -> World:
    """One version, open in France and Great Britain."""
    version = publish(make_offer(slug, permissions))
    now = clock.now()
    market_ids = {}
    for country, terms in version.offer.markets.items():
        market_ids[country] = ids.new_id()
        offers.Market.objects.create(
            id=market_ids[country], offer_id=version.offer_id, country=country, version_id=version.id,
            state="draft", since=now, reason="", opens_at=now - timedelta(days=10),
            closes_at=now + timedelta(days=5_000), currency=terms.pool.currency,
        )  # fmt: skip
        set_market_state(market_ids[country], "open")
    return World(version, market_ids)


def set_market_state(market_id: uuid.UUID, state: str) -> None:
    offers.Market.objects.filter(id=market_id).update(
        state=state, since=clock.now(), reason="A reason for tests.", stopped_at=None
    )


def current_numbers(participant_id: uuid.UUID) -> dict[str, int]:
    """The number of each live yes, by permission."""
    rows = Consent.objects.filter(participant_id=participant_id, answer=True, ended_at=None)
    return dict(rows.values_list("permission_id", "number"))


@action
def add_person(
    world: World,
    answers: Mapping[str, bool],
    *,
    country: str = "FR",
    name: str = "Ana",
    at: datetime | None = None,
    photo: bytes | None = None,
) -> Person:
    """Somebody who joined and answered each permission. A ``photo`` that is looked at must be a real one."""
    now = at or clock.now()
    version, market_id, participant_id = world.version, world.market_ids[country], ids.new_id()
    public_id = "p" + ids.new_code(12)
    person = NewParticipant(
        id=participant_id, public_id=public_id, offer_id=version.offer_id, market_id=market_id,
        version_id=version.id, country=country, language="en", joined_at=now,
        window_ends_at=now + timedelta(days=30), is_demo=False, has_pot=True,
        email=f"{public_id}@post.example", username=name, photo=photo or b"\xff\xd8 a photo of " + name.encode(),
    )  # fmt: skip
    answered = answer_statements(
        participant_id=participant_id,
        version=version,
        market_id=market_id,
        country=country,
        answers=answers,
        numbers=draw_consent_numbers(len(answers)),
        language="en",
        page_hash=PAGE_HASH,
        act=Act.JOIN_FORM,
        now=now,
    )
    db.execute([*participant_statements(person), *answered.statements])
    return Person(participant_id, market_id, country, answered.receipt_id, answered.receipt_token)


ALL = {NAME: True, PHOTO: True, WALL: True}
NOTHING = {NAME: False, PHOTO: False, WALL: False}
