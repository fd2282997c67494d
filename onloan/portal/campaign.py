"""One campaign in one country, put into the words that its pages show. Everything is computed from the offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, translate_url
from django.utils.translation import get_language, gettext

from onloan import clock
from onloan.consents.rules import find_last_day
from onloan.errors import NotFound
from onloan.ledger.queries import is_pot_free
from onloan.markets.rules import Authority, MarketFacts, country_name, market_facts
from onloan.money import Money
from onloan.offers import queries as offers
from onloan.offers.document import Controller, MarketTerms, Offer, Permission, RewardRule
from onloan.offers.queries import MarketView, PublishedVersion
from onloan.offers.rules import closing_day, pot_to_reserve
from onloan.offers.texts import (
    Conditions,
    ConsentText,
    RewardLine,
    consent_text,
    published_notice,
    significant_conditions,
)
from onloan.offers.vocabulary import EVENTS, PAGE_LANGUAGES, said
from onloan.portal import words
from onloan.portal.pages import render_page


@dataclass(frozen=True, slots=True)
class DatedReward:
    """An amount beside its condition, with the day that it would come if its condition were met today."""

    line: RewardLine
    if_today: str


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a market's pages show. Days are written out in the reader's language and the market's time zone."""

    market: MarketView
    version: PublishedVersion
    facts: MarketFacts
    now: datetime
    language: str
    via_code: str = ""
    is_invited: bool = False

    @property
    def offer(self) -> Offer:
        return self.version.offer

    @property
    def terms(self) -> MarketTerms:
        return self.offer.markets[self.market.country]

    @property
    def texts(self) -> dict[str, Any]:
        """What was kept for this market and language when the version was published."""
        texts: dict[str, Any] = self.version.texts[self.market.country][self.language]
        return texts

    @property
    def title(self) -> str:
        return said(self.offer.title, self.language)

    @property
    def merchant(self) -> str:
        return self.offer.controller.name

    @property
    def controller(self) -> Controller:
        return self.offer.controller

    @property
    def languages(self) -> tuple[str, ...]:
        """The market's languages in which there are pages; all that there are where the two do not meet."""
        return tuple(code for code in self.terms.languages if code in PAGE_LANGUAGES) or PAGE_LANGUAGES

    @property
    def colour(self) -> str:
        return self.offer.colour

    @property
    def headline(self) -> str:
        text: str = self.texts["headline"]
        return text

    @property
    def state(self) -> str:
        """The market's state as a reader sees it: an open market past its closing day is closed."""
        if self.market.state == "open" and self.now >= self.market.closes_at:
            return "closed"
        if self.market.state == "open" and self.now < self.market.opens_at:
            return "draft"
        return self.market.state

    @property
    def is_open(self) -> bool:
        return self.market.is_open_at(self.now)

    @property
    def reason(self) -> str:
        return self.market.reason

    @property
    def honour_statement(self) -> str:
        return offers.find_honour_statement(self.market.id) if self.state == "withdrawn" else ""

    @property
    def since(self) -> str:
        return words.day(self.market.since, self.language, self.time_zone)

    @property
    def opens_on(self) -> str:
        return words.day(self.market.opens_at, self.language, self.time_zone)

    @property
    def closes_on(self) -> str:
        return words.day(closing_day(self.market.closes_at, self.time_zone), self.language)

    @property
    def time_zone(self) -> str:
        return self.terms.time_zone

    @property
    def country_name(self) -> str:
        return country_name(self.market.country, self.language)

    @property
    def in_country(self) -> str:
        return words.in_country(self.market.country, self.country_name, self.language)

    @property
    def age_min(self) -> int:
        return self.terms.age_min

    @property
    def full_pot(self) -> Money:
        """What joining sets aside for this reader, all kinds together (never shown as one amount)."""
        return pot_to_reserve(self.offer, self.market.country, has_sponsor=self.is_invited)

    @property
    def has_free_pot(self) -> bool:
        return is_pot_free(self.market.id, self.full_pot)

    @property
    def may_join(self) -> bool:
        """Newcomers stop when no full pot is free; somebody who was invited still counts for their sponsor."""
        return self.has_free_pot or self.is_invited

    @property
    def tax_sentence(self) -> str:
        return self.facts.tax_sentence[self.language]

    @property
    def authority(self) -> Authority:
        return self.facts.authority

    @property
    def authority_name(self) -> str:
        return words.authority(self.facts.authority.short_name, self.language)

    @property
    def conditions(self) -> Conditions:
        """The significant conditions, which belong on the first screen (LR-049)."""
        return significant_conditions(self.offer, self.market.country, self.language)

    @property
    def notice_in_short(self) -> Sequence[tuple[str, str]]:
        """The first layer of the notice: label and sentence."""
        return published_notice(self.version, self.market.country, self.language).first_layer

    @property
    def steps(self) -> list[str]:
        referral, event = self.offer.referral, EVENTS[self.offer.referral.event]
        return [
            gettext("Join with your e-mail. It costs nothing."),
            gettext("Send your link yourself, to people you know. We never write to them."),
            gettext("A friend %(signs_up)s: after %(settle_days)d days it counts, and it is yours.")
            % {"signs_up": said(event.one, self.language), "settle_days": referral.settle_days},
        ]

    @property
    def rewards(self) -> list[DatedReward]:
        """What a reader can get, a friend's own part first; a thank-you for a permission is no part of the pot."""
        lines = {written["rule_id"]: RewardLine(**written) for written in self.texts["rewards"]}
        rules = [rule for rule in self.offer.rewards if rule.id in lines and not rule.thanks_for]
        rules = [rule for rule in rules if rule.to != "friend" or self.is_invited]
        order = {"friend": 0, "participant": 1, "sponsor": 2} if self.is_invited else {"sponsor": 0}
        rules.sort(key=lambda rule: (order.get(rule.to, 1), rule.kind != "cash"))
        return [DatedReward(lines[rule.id], self._if_today(rule)) for rule in rules]

    def thanks_for(self, permission_id: str) -> list[RewardLine]:
        """What the offer gives as a thank-you for a yes, if anything; it is no part of the pot (LR-027)."""
        lines = {written["rule_id"]: RewardLine(**written) for written in self.texts["rewards"]}
        return [
            lines[rule.id] for rule in self.offer.rewards if rule.thanks_for == permission_id and rule.id in lines
        ]

    def _if_today(self, rule: RewardRule) -> str:
        today = clock.local_day(self.now, self.time_zone)
        due_on = today + timedelta(days=self.offer.referral.settle_days)
        if rule.kind == "voucher":
            return gettext("If it happens today, you have it on %(day)s.") % {
                "day": words.day(due_on, self.language)
            }
        due_on += timedelta(days=self.terms.payout_days)
        return gettext("If it happens today, it is paid by %(day)s.") % {"day": words.day(due_on, self.language)}

    @property
    def permissions(self) -> list[ConsentText]:
        """What may be allowed, each as it is asked, with the day until which a yes of today would last."""
        country, language = self.market.country, self.language
        return [
            consent_text(self.offer, permission, country, language, self._until(permission))
            for permission in self.offer.permissions
        ]

    def _until(self, permission: Permission) -> date:
        return find_last_day(self.now, permission.term_days, self.time_zone)

    @property
    def address(self) -> str:
        return self._address("offer")

    @property
    def join_address(self) -> str:
        return self._address("join") + (f"?via={self.via_code}" if self.via_code else "")

    @property
    def code_address(self) -> str:
        return self._address("join-code")

    @property
    def profile_address(self) -> str:
        return self._address("join-profile")

    @property
    def permissions_address(self) -> str:
        return self._address("join-permissions")

    @property
    def done_address(self) -> str:
        return self._address("join-done")

    @property
    def terms_address(self) -> str:
        return self._address("terms", number=self.version.number)

    @property
    def notice_address(self) -> str:
        return self._address("notice", number=self.version.number)

    def _address(self, name: str, **more: int) -> str:
        place = {"slug": self.market.offer_slug, "country": self.market.country}
        return reverse(name, kwargs={**place, **more})

    @property
    def elsewhere(self) -> Sequence[Place]:
        """The same offer's other countries."""
        return [
            Place(
                country_name(market.country, self.language),
                reverse("offer", kwargs={"slug": market.offer_slug, "country": market.country}),
            )
            for market in offers.list_markets()
            if market.offer_slug == self.market.offer_slug and market.country != self.market.country
        ]

    def invited_by(self, via_code: str) -> Campaign:
        """The same campaign as somebody sees it who followed a link that counts."""
        return replace(self, via_code=via_code, is_invited=True)


def find_campaign(slug: str, country: str) -> Campaign:
    """Raises NotFound when no such offer was ever published for ``country``."""
    return campaign_of(offers.find_market(slug, country))


def campaign_of(market: MarketView, version: PublishedVersion | None = None) -> Campaign:
    """``version``: the one that somebody joined under, where it is not the market's present one."""
    version = version or offers.find_version(market.version_id)
    if market.country not in version.offer.markets:
        raise NotFound()
    return Campaign(market, version, market_facts(market.country), clock.now(), get_language() or "en")


CampaignView = Callable[[HttpRequest, Campaign], HttpResponse]


def campaign_page(view: CampaignView) -> Callable[..., HttpResponse]:
    """Give ``view`` the campaign that ``slug`` and ``country`` in the address name.

    The terms exist in the market's languages: whoever reads in another one is sent to the first of these.
    """

    @wraps(view)
    def show(request: HttpRequest, slug: str, country: str) -> HttpResponse:
        campaign = find_campaign(slug, country)
        return to_own_language(request, campaign) or view(request, campaign)

    return show


def to_own_language(request: HttpRequest, campaign: Campaign) -> HttpResponse | None:
    """Where to read this address in a language of the market; None when this is one."""
    if campaign.language in campaign.languages:
        return None
    return redirect(translate_url(request.get_full_path(), campaign.languages[0]))


def render_campaign(
    request: HttpRequest,
    template: str,
    campaign: Campaign,
    context: Mapping[str, object],
    *,
    status: int = 200,
    is_private: bool = False,
) -> HttpResponse:
    """A page of this campaign: the merchant's name and colour, and only the market's languages to choose from."""
    values = {
        "campaign": campaign,
        "merchant": campaign.merchant,
        "home_address": campaign.address,
        "page_languages": campaign.languages,
        **context,
    }
    return render_page(request, template, values, status=status, colour=campaign.colour, is_private=is_private)
