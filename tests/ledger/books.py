"""A market with a pool, and people who join it, for tests of money."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from onloan import db, ids
from onloan.ledger.actions import earn_reward, promise_reward
from onloan.ledger.pools import fund_pool, reserve_pot
from onloan.ledger.queries import RewardView
from onloan.money import Money
from onloan.offers import models as offers
from onloan.offers.document import Controller, MarketTerms, Offer, Referral, RewardRule
from onloan.offers.document_json import offer_to_json
from onloan.people.statements import NewParticipant, participant_statements
from tests.support.offers import Team, make_team

NOW = datetime(2026, 12, 3, 10, 0, tzinfo=UTC)
SETTLED = NOW + timedelta(days=14)
DUE_ON = date(2027, 1, 16)

WELCOME = RewardRule(
    "welcome", "participant", "voucher", {"FR": Money(1000, "EUR"), "GB": Money(500, "GBP")}, 1, 180, {}
)
THANKS = RewardRule(
    "thanks", "sponsor", "voucher", {"FR": Money(1400, "EUR"), "GB": Money(700, "GBP")}, 5, 180, {}
)
CASH = RewardRule("cash", "sponsor", "cash", {"FR": Money(400, "EUR"), "GB": Money(200, "GBP")}, 5, None, {})
POINTS = RewardRule("points", "sponsor", "fulfilled", {"FR": Money(300, "EUR")}, 1, None, {})
SPRING_RULES = (WELCOME, THANKS, CASH)
POT = Money(10_000, "EUR")
"""20 euros in cash and 80 in vouchers, as the rules above promise in France."""


@dataclass(frozen=True, slots=True)
class Books:
    """An open market and the team behind it."""

    market_id: uuid.UUID
    version_id: uuid.UUID
    offer_id: uuid.UUID
    offer: Offer
    country: str
    team: Team


def open_books(
    *,
    country: str = "FR",
    rules: tuple[RewardRule, ...] = SPRING_RULES,
    pools: int = 0,
    slug: str = "spring-pot",
) -> Books:
    """A published offer with one open market; ``pools`` full pots of 100 euros are funded."""
    team = make_team()
    currency = rules[0].amounts[country].currency
    terms = MarketTerms(
        country=country, opens_on=date(2026, 12, 1), closes_on=date(2027, 1, 15), pool=Money(5_000_000, currency),
        dpia="DPIA-2026-11", time_zone="Europe/Paris", languages=("fr",), payout_days=30, age_min=18,
    )  # fmt: skip
    offer = Offer(
        slug=slug,
        controller=Controller("Boutique Exemple SAS", "Paris", "p@b.example", "d@b.example", "FR"),
        title={"fr": "La cagnotte", "en": "The pot"},
        markets={country: terms},
        referral=Referral(window_days=30, event="app_signed_up", settle_days=14, qualify_days=30),
        rewards=rules, permissions=(), claims=(), colour="#0b5d4e",
    )  # fmt: skip
    books = _publish(offer, country, team)
    if pools:
        pot = Money(POT.amount_minor, currency)
        fund_pool(market_id=books.market_id, amount=pot.times(pools), full_pot=pot, by_user_id=team.fay, now=NOW)
    return books


@db.action
def _publish(offer: Offer, country: str, team: Team) -> Books:
    file_hash = uuid.uuid4().hex * 2
    named = offers.Offer.objects.create(id=ids.new_id(), slug=offer.slug, created_at=NOW)
    draft = offers.Draft.objects.create(
        id=ids.new_id(), slug=offer.slug, file_text="offer", file_hash=file_hash, author_id=team.greg,
        created_at=NOW, report={"findings": []},
    )  # fmt: skip
    for user_id, role in ((team.greg, "growth"), (team.dora, "dpo")):
        offers.Approval.objects.create(
            id=ids.new_id(), draft=draft, user_id=user_id, role=role, file_hash=file_hash, note="",
            door="console", approved_at=NOW,
        )  # fmt: skip
    version = offers.Version.objects.create(
        id=ids.new_id(), offer=named, draft=draft, number=1, file_hash=file_hash, file_text="offer",
        document=offer_to_json(offer), texts={}, published_at=NOW, published_by_user_id=team.greg,
    )  # fmt: skip
    market = offers.Market.objects.create(
        id=ids.new_id(), offer=named, country=country, version=version, state="draft", since=NOW, reason="",
        opens_at=NOW - timedelta(days=1), closes_at=NOW + timedelta(days=400),
        currency=offer.markets[country].pool.currency,
    )  # fmt: skip
    return Books(market.id, version.id, named.id, offer, country, team)


def person_of(
    person_id: uuid.UUID,
    *,
    market_id: uuid.UUID,
    version_id: uuid.UUID,
    offer_id: uuid.UUID,
    country: str = "FR",
    now: datetime = NOW,
) -> NewParticipant:
    return NewParticipant(
        id=person_id, public_id="p" + ids.new_code(12), offer_id=offer_id, market_id=market_id,
        version_id=version_id, country=country, language="fr", joined_at=now,
        window_ends_at=now + timedelta(days=30), is_demo=False, has_pot=True,
        email=f"{person_id.hex}@people.example", username="Ana", photo=None,
    )  # fmt: skip


@db.action
def join(
    books: Books, *, amount: Money = POT, person_id: uuid.UUID | None = None, now: datetime = NOW
) -> uuid.UUID:
    """Somebody joins, as the joining action does it: the person first, the reservation last."""
    person = person_of(
        person_id or ids.new_id(), market_id=books.market_id, version_id=books.version_id,
        offer_id=books.offer_id, country=books.country, now=now,
    )  # fmt: skip
    db.execute(participant_statements(person))
    if not reserve_pot(participant_id=person.id, market_id=books.market_id, amount=amount, now=now):
        raise NoPotError
    return person.id


class NoPotError(Exception):
    """Nobody joins without a pot here: the whole joining is undone."""


def promise(
    books: Books, person_id: uuid.UUID, rule: RewardRule, *, cause_key: str = "own", now: datetime = NOW
) -> uuid.UUID | None:
    return promise_reward(
        participant_id=person_id, market_id=books.market_id, country=books.country, rule=rule,
        cause_key=cause_key, earns_at=now + timedelta(days=14), now=now,
    )  # fmt: skip


def earn(books: Books, person_id: uuid.UUID, rule: RewardRule, *, cause_key: str = "own") -> RewardView:
    """Promised, and then earned after the settling days."""
    reward_id = promise(books, person_id, rule, cause_key=cause_key)
    assert reward_id is not None
    return earn_reward(reward_id=reward_id, participant_id=person_id, due_on=DUE_ON, now=SETTLED)


def second_finance() -> uuid.UUID:
    """Fay's colleague Finn: two people pay."""
    from onloan.access.models import User

    user = User.objects.filter(email="finn@boutique.example").first()
    user = user or User.objects.create_user("finn@boutique.example", name="Finn", role="finance")
    found: uuid.UUID = user.pk
    return found
