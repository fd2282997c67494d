"""A campaign that runs, and people who join it by each other's links."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from onloan import db, ids
from onloan.joining.actions import Joined, JoinRequest, join
from onloan.ledger.models import Reward
from onloan.ledger.pools import fund_pool
from onloan.money import Money
from onloan.offers import models as offers
from onloan.offers.document import Controller, MarketTerms, Offer, Referral, RewardRule
from onloan.offers.document_json import offer_to_json
from onloan.referrals.actions import RecordedEvent, record_event
from tests.support.offers import make_team

EVENT = "app_signed_up"
NOW = datetime(2026, 12, 3, 10, 0, tzinfo=UTC)
POT = Money(10_000, "EUR")
"""What the rules below promise one person: 20 euros in cash and 80 in vouchers."""

WELCOME = RewardRule("welcome", "participant", "voucher", {"FR": Money(1_000, "EUR")}, 1, 180, {})
THANKS = RewardRule("thanks", "sponsor", "voucher", {"FR": Money(1_400, "EUR")}, 5, 180, {})
CASH = RewardRule("cash", "sponsor", "cash", {"FR": Money(400, "EUR")}, 5, None, {})
POINTS = RewardRule("points", "sponsor", "fulfilled", {"FR": Money(300, "EUR")}, 5, None, {})
RULES = (WELCOME, THANKS, CASH)


@dataclass(frozen=True, slots=True)
class Campaign:
    """An open market of a published offer."""

    market_id: uuid.UUID
    version_id: uuid.UUID
    offer: Offer


@dataclass(frozen=True, slots=True)
class RewardSeen:
    """A reward without the keys that differ from run to run."""

    rule: str
    state: str
    cause: str


def with_times(rule: RewardRule, times: int) -> RewardRule:
    return replace(rule, times=times)


def make_offer(rules: tuple[RewardRule, ...], settle_days: int, now: datetime) -> Offer:
    opens_on = now.date() - timedelta(days=2)
    terms = MarketTerms(
        country="FR", opens_on=opens_on, closes_on=date(2028, 1, 15), pool=Money(5_000_000, "EUR"),
        dpia="DPIA-2026-11", time_zone="Europe/Paris", languages=("fr",), payout_days=30, age_min=18,
    )  # fmt: skip
    return Offer(
        slug="spring-pot",
        controller=Controller("Boutique Exemple", "1 rue des Lilas, Paris", "p@b.example", "d@b.example", "FR"),
        title={"fr": "La cagnotte du printemps", "en": "The spring pot"},
        markets={"FR": terms},
        referral=Referral(window_days=30, event=EVENT, settle_days=settle_days, qualify_days=30),
        rewards=rules, permissions=(), claims=(), colour="#0b5d4e",
    )  # fmt: skip


@db.action
def open_campaign(
    *, rules: tuple[RewardRule, ...] = RULES, pools: int = 20, settle_days: int = 14, now: datetime = NOW
) -> Campaign:
    """A published offer, its French market open, the pool holding ``pools`` pots of 100 euros."""
    offer, team, file_hash = make_offer(rules, settle_days, now), make_team(), uuid.uuid4().hex * 2
    named = offers.Offer.objects.create(id=ids.new_id(), slug=offer.slug, created_at=now)
    draft = offers.Draft.objects.create(
        id=ids.new_id(), slug=offer.slug, file_text="offer", file_hash=file_hash, author_id=team.greg,
        created_at=now, report={"findings": []},
    )  # fmt: skip
    for user_id, role in ((team.greg, "growth"), (team.dora, "dpo")):
        offers.Approval.objects.create(
            id=ids.new_id(), draft=draft, user_id=user_id, role=role, file_hash=file_hash, note="",
            door="console", approved_at=now,
        )  # fmt: skip
    kept = {"notice_hash": "0" * 64}
    version = offers.Version.objects.create(
        id=ids.new_id(), offer=named, draft=draft, number=1, file_hash=file_hash, file_text="offer",
        document=offer_to_json(offer), texts={"FR": {"fr": kept, "en": kept}}, published_at=now,
        published_by_user_id=team.greg,
    )  # fmt: skip
    market = offers.Market.objects.create(
        id=ids.new_id(), offer=named, country="FR", version=version, state="draft", since=now, reason="",
        opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=400), currency="EUR",
    )  # fmt: skip
    offers.Market.objects.filter(id=market.id).update(state="open", reason="The campaign starts.")
    if pools:
        fund_pool(market_id=market.id, amount=POT.times(pools), full_pot=POT, by_user_id=team.fay, now=now)
    return Campaign(market.id, version.id, offer)


def join_as(name: str, campaign: Campaign, *, via: Joined | None = None, now: datetime = NOW) -> Joined:
    return join(
        request=JoinRequest(
            offer_slug=campaign.offer.slug,
            country="FR",
            version_id=campaign.version_id,
            email=f"{name.lower().replace('é', 'e')}@people.example",
            username=name,
            over_18=True,
            answers={},
            language="fr",
            page_hash="0" * 64,
            now=now,
            via_code=via.link_code if via else None,
        )
    )


def report(person: Joined, *, occurred_at: datetime = NOW, now: datetime = NOW, ref: str = "s-1") -> RecordedEvent:
    return record_event(
        participant_id=person.participant_id, event=EVENT, occurred_at=occurred_at, external_ref=ref, now=now
    )


def rewards_of(person: Joined) -> list[RewardSeen]:
    rows = Reward.objects.filter(participant_id=person.participant_id).order_by("rule_id", "id")
    return [RewardSeen(row.rule_id, row.state, row.cause_key) for row in rows]
