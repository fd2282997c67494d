"""What a published offer promises and asks, as plain values. Read from the file once; never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from onloan.money import Money

Texts = dict[str, str]
"""A sentence in several languages: language code to text."""

RewardKind = Literal["cash", "voucher", "fulfilled"]
RewardTo = Literal["participant", "friend", "sponsor"]


@dataclass(frozen=True, slots=True)
class Controller:
    name: str
    address: str
    email: str
    dpo: str
    country: str


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """One country of an offer. ``opens_on`` and ``closes_on`` are days in ``time_zone``, both included."""

    country: str
    opens_on: date
    closes_on: date
    pool: Money
    dpia: str
    time_zone: str
    languages: tuple[str, ...]
    payout_days: int
    age_min: int


@dataclass(frozen=True, slots=True)
class Referral:
    """A friend counts for a sponsor who joined at most ``window_days`` before the friend; the friend's
    ``event`` comes at most ``qualify_days`` after joining and counts ``settle_days`` later."""

    window_days: int
    event: str
    settle_days: int
    qualify_days: int


@dataclass(frozen=True, slots=True)
class RewardRule:
    """``to`` participant: on the person's own qualification; friend: the same, if a sponsor brought them;
    sponsor: for each friend who qualifies, at most ``times``. ``amounts`` by country."""

    id: str
    to: RewardTo
    kind: RewardKind
    amounts: dict[str, Money]
    times: int
    valid_days: int | None
    label: Texts


@dataclass(frozen=True, slots=True)
class Permission:
    """What a person may allow, or not, for no reward. Everything a use must be covered by."""

    id: str
    items: tuple[str, ...]
    purpose: str
    channels: tuple[str, ...]
    territories: tuple[str, ...]
    recipients: tuple[str, ...]
    term_days: int
    why: Texts
    excluded_contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A public sentence in a form that the evidence can contradict: ``kind`` and its values."""

    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """The whole of one version, every default resolved."""

    slug: str
    controller: Controller
    title: Texts
    markets: dict[str, MarketTerms]
    referral: Referral
    rewards: tuple[RewardRule, ...]
    permissions: tuple[Permission, ...]
    claims: tuple[Claim, ...]
    colour: str

    def permission(self, permission_id: str) -> Permission:
        """Raises KeyError when this version has no such permission."""
        for permission in self.permissions:
            if permission.id == permission_id:
                return permission
        raise KeyError(permission_id)

    def full_pot(self, country: str) -> dict[RewardKind, Money]:
        """The most that one person can earn in ``country``, by kind; kinds are never added together."""
        totals: dict[RewardKind, Money] = {}
        for rule in self.rewards:
            if country in rule.amounts and rule.to != "friend":
                amount = rule.amounts[country].times(rule.times)
                totals[rule.kind] = totals[rule.kind] + amount if rule.kind in totals else amount
        return totals
