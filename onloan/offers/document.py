"""What a published offer promises and asks, as plain values. Read from the file once; never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """One country of an offer. ``opens_on`` and ``closes_on`` are days in ``time_zone``, both included.

    ``notice_days``: the merchant may close earlier after so many days' notice (``closes: open_ended`` in
    the file); ``closes_on`` is then the latest day that the file allows. None: the day stands.
    """

    country: str
    opens_on: date
    closes_on: date
    pool: Money
    dpia: str
    time_zone: str
    languages: tuple[str, ...]
    payout_days: int
    age_min: int
    notice_days: int | None = None


@dataclass(frozen=True, slots=True)
class Referral:
    """A friend counts for a sponsor who joined at most ``window_days`` before the friend; the friend's
    ``event`` comes at most ``qualify_days`` after joining and counts ``settle_days`` later.
    ``minimum_order`` by country: the least that an ordinary order must come to, where the event is one.
    ``friends_per_day``: at most so many friends who join on one local day count for one sponsor; None: any."""

    window_days: int
    event: str
    settle_days: int
    qualify_days: int
    minimum_order: dict[str, Money] = field(default_factory=dict)
    friends_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class RewardRule:
    """``to`` participant: on the person's own qualification; friend: the same, if a sponsor brought them;
    sponsor: for each friend who qualifies, at most ``times``. ``amounts`` by country. ``thanks_for`` names
    the permission for which this is a thank-you: kept at withdrawal, and never part of the headline.
    ``or_voucher_days``: the person may take this cash as a voucher of the same amount instead, valid so long;
    None: cash only. ``own_codes``: vouchers carry codes that the merchant made and imported."""

    id: str
    to: RewardTo
    kind: RewardKind
    amounts: dict[str, Money]
    times: int
    valid_days: int | None
    label: Texts
    thanks_for: str | None = None
    or_voucher_days: int | None = None
    own_codes: bool = False


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
class Recipient:
    """Somebody outside the merchant who may receive items; permissions name it by ``id``. ``role`` is
    processor, controller or joint; ``country`` is ISO 3166-1; ``transfer`` is the safeguard outside Europe."""

    id: str
    name: str
    role: str
    country: str
    contract: str
    transfer: str = ""


@dataclass(frozen=True, slots=True)
class Representative:
    """Who speaks for a merchant established elsewhere, in ``region`` EU, GB or CH (GDPR art. 27)."""

    region: str
    name: str
    address: str


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
    recipients: tuple[Recipient, ...] = ()
    representatives: tuple[Representative, ...] = ()

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
