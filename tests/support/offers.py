"""The shipped offer as a plain value, and the people who publish it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from onloan.access.models import User
from onloan.access.rules import Role
from onloan.money import Money
from onloan.offers.actions import approve_draft, publish_draft, sign_off, submit_draft
from onloan.offers.document import (
    Claim,
    Controller,
    MarketTerms,
    Offer,
    Permission,
    Referral,
    Representative,
    RewardRule,
)
from onloan.offers.queries import PublishedVersion, find_draft, find_version
from onloan.offers.rules import NOTHING_OVERDUE
from onloan.offers.switch import open_market
from onloan.offers.vocabulary import EXCLUDED_CONTEXTS

SPRING_FILE = Path(__file__).parents[2] / "examples" / "offers" / "spring-pot.yaml"

BEFORE_OPENING = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
WHILE_OPEN = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
AFTER_CLOSING = datetime(2027, 1, 16, 0, 30, tzinfo=UTC)


def spring_text() -> str:
    """The file as it is shipped."""
    return SPRING_FILE.read_text(encoding="utf-8")


def spring_offer() -> Offer:
    """What the linter reads from the file, built by hand, so that texts can be tested without it."""
    return Offer(
        slug="spring-pot",
        controller=Controller(
            name="Boutique Exemple SAS",
            address="1 rue des Lilas, 75020 Paris, France",
            email="privacy@boutique.example",
            dpo="dpo@boutique.example",
            country="FR",
        ),
        title={"fr": "La cagnotte du printemps", "en": "The spring pot"},
        markets={
            "FR": _market("FR", "Europe/Paris", ("fr",), Money(50_000_00, "EUR")),
            "GB": _market("GB", "Europe/London", ("en",), Money(25_000_00, "GBP")),
        },
        referral=Referral(window_days=30, event="app_signed_up", settle_days=14, qualify_days=30),
        rewards=(
            RewardRule(
                id="welcome",
                to="participant",
                kind="voucher",
                amounts={"FR": Money(10_00, "EUR"), "GB": Money(5_00, "GBP")},
                times=1,
                valid_days=180,
                label={"en": "Welcome voucher", "fr": "Bon d'achat de bienvenue"},
            ),
            RewardRule(
                id="thanks",
                to="sponsor",
                kind="voucher",
                amounts={"FR": Money(14_00, "EUR"), "GB": Money(7_00, "GBP")},
                times=5,
                valid_days=180,
                label={"en": "Voucher for each friend", "fr": "Bon d'achat pour chaque personne invitée"},
            ),
            RewardRule(
                id="cash",
                to="sponsor",
                kind="cash",
                amounts={"FR": Money(4_00, "EUR"), "GB": Money(2_00, "GBP")},
                times=5,
                valid_days=None,
                label={"en": "Cash for each friend", "fr": "Argent pour chaque personne invitée"},
                or_voucher_days=180,
            ),
        ),
        permissions=(
            _permission(
                "invitation-name",
                ("username",),
                "referral_card",
                "invitation_page",
                en="So that your friends see who invites them.",
                fr="Pour que vos amis voient qui les invite.",
            ),
            _permission(
                "invitation-photo",
                ("profile_photo",),
                "referral_card",
                "invitation_page",
                en="So that your friends recognise you.",
                fr="Pour que vos amis vous reconnaissent.",
            ),
            _permission(
                "acceptance-card",
                ("username",),
                "referral_acceptance",
                "sponsor_page",
                en="So that the person who invited you sees that you accepted.",
                fr="Pour que la personne qui vous a invité·e voie que vous avez accepté.",
            ),
            _permission(
                "winner-wall",
                ("username_masked", "profile_photo"),
                "winner_wall",
                "winners_page",
                en="To show that real people receive their rewards.",
                fr="Pour montrer que de vraies personnes reçoivent leurs récompenses.",
            ),
        ),
        claims=(
            Claim("only_items", ("username", "profile_photo")),
            Claim("nothing_disclosed_for_money", ()),
            Claim("only_markets", ("FR", "GB")),
        ),
        colour="#0b5d4e",
        representatives=(
            Representative("GB", "Exemple Shop Ltd", "2 Lilac Street, London N1 9GU, United Kingdom"),
        ),
    )


def _market(country: str, time_zone: str, languages: tuple[str, ...], pool: Money) -> MarketTerms:
    return MarketTerms(
        country=country,
        opens_on=date(2026, 11, 1),
        closes_on=date(2027, 1, 15),
        pool=pool,
        dpia="DPIA-2026-11",
        time_zone=time_zone,
        languages=languages,
        payout_days=30,
        age_min=18,
    )


def _permission(id: str, items: tuple[str, ...], purpose: str, channel: str, *, en: str, fr: str) -> Permission:
    return Permission(
        id=id,
        items=items,
        purpose=purpose,
        channels=(channel,),
        territories=("FR", "GB"),
        recipients=(),
        term_days=180,
        why={"en": en, "fr": fr},
        excluded_contexts=tuple(EXCLUDED_CONTEXTS),
    )


@dataclass(frozen=True, slots=True)
class Team:
    """Greg writes offers, Dora protects people's data, Fay pays."""

    greg: uuid.UUID
    dora: uuid.UUID
    fay: uuid.UUID


def make_team() -> Team:
    def make(name: str, role: Role) -> uuid.UUID:
        email = f"{name.lower()}@boutique.example"
        found = User.objects.filter(email=email).first()
        user = found or User.objects.create_user(email, name=name, role=role.value)
        key: uuid.UUID = user.pk
        return key

    return Team(greg=make("Greg", Role.GROWTH), dora=make("Dora", Role.DPO), fay=make("Fay", Role.FINANCE))


def publish_file(team: Team, text: str, now: datetime = BEFORE_OPENING) -> PublishedVersion:
    """Greg hands ``text`` in, Dora signs off what holds it up, approves and publishes."""
    draft_id = submit_draft(text=text, author_id=team.greg, now=now)
    for code in find_draft(draft_id).unsigned_codes():
        sign_off(draft_id=draft_id, user_id=team.dora, code=code, note="Looked at and fine.", now=now)
    approve_draft(draft_id=draft_id, user_id=team.dora, note="Read and fine.", door="console", now=now)
    return find_version(publish_draft(draft_id=draft_id, user_id=team.dora, now=now))


def open_spring(team: Team, country: str = "FR", now: datetime = WHILE_OPEN) -> PublishedVersion:
    """The shipped offer, published, and open in one country."""
    version = publish_file(team, spring_text())
    open_market(
        offer_slug="spring-pot", country=country, reason="The campaign starts.", user_id=team.dora,
        overdue=NOTHING_OVERDUE, now=now,
    )  # fmt: skip
    return version
