"""What somebody must know before joining: each amount beside its condition and its date "
"(LR-049; CAP 8.17)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, ngettext, override

from onloan.markets.rules import country_name, market_facts
from onloan.offers import wording
from onloan.offers.blocks import RewardLine
from onloan.offers.document import Offer, RewardRule
from onloan.offers.headline import friends_needed, headline, number_word
from onloan.offers.rules import pot_to_reserve
from onloan.offers.vocabulary import said
from onloan.offers.wording import written_day

_ORDER = {"sponsor": 0, "participant": 1, "friend": 2}


@dataclass(frozen=True, slots=True)
class Conditions:
    """The significant conditions, each a sentence or two. They belong on the first screen."""

    headline: str
    how: str
    opens: str
    closes: str
    pool: str
    limits: str
    age: str
    country: str
    promoter: str
    costs: str
    tax: str
    if_stopped: str

    def as_pairs(self) -> tuple[tuple[str, str], ...]:
        """Label and text, in reading order, in the active language."""
        return (
            (gettext("What you can get"), self.headline + "."),
            (gettext("How to take part"), self.how),
            (gettext("From, until"), f"{self.opens} – {self.closes}"),
            (gettext("In all"), self.pool),
            (gettext("Limits"), self.limits),
            (gettext("Age"), self.age),
            (gettext("Where"), self.country),
            (gettext("What it costs"), self.costs),
            (gettext("Taxes"), self.tax),
            (gettext("If it is paused or withdrawn"), self.if_stopped),
            (gettext("Who offers it"), self.promoter),
        )


def significant_conditions(offer: Offer, country: str, language: str) -> Conditions:
    """Raises KeyError when the offer does not run in ``country``."""
    terms, controller = offer.markets[country], offer.controller
    with override(language):
        return Conditions(
            headline=headline(offer, country, language),
            how=gettext("Join with your e-mail, send your link yourself, and a friend %(signs_up)s.")
            % {"signs_up": wording.friend_does(offer, country, language)},
            opens=written_day(terms.opens_on, language),
            closes=written_day(terms.closes_on, language),
            pool=pool_sentence(offer, country, language),
            limits=limits_sentence(offer, country, language),
            age=gettext("%(age)d or over") % {"age": terms.age_min},
            country=country_name(country, language),
            promoter=f"{controller.name}, {controller.address}, {controller.email}",
            costs=gettext("Nothing, neither to join nor to be paid."),
            tax=said(dict(market_facts(country).tax_sentence), language),
            if_stopped=wording.withdrawal_sentence(),
        )


def pool_sentence(offer: Offer, country: str, language: str) -> str:
    """The money set aside, and for how many people it lasts."""
    pool = offer.markets[country].pool
    pot = pot_to_reserve(offer, country, has_sponsor=True)
    pots = pool.amount_minor // max(1, pot.amount_minor)
    return ngettext(
        "%(pool)s are set aside, for %(count)s full pot. Your whole pot is set aside for you when you join.",
        "%(pool)s are set aside, for %(count)s full pots. Your whole pot is set aside for you when you join.",
        pots,
    ) % {"pool": pool.format(language), "count": wording.written_number(pots, language)}


def limits_sentence(offer: Offer, country: str, language: str) -> str:
    """How many friends count, and until when."""
    referral = offer.referral
    count = friends_needed(offer, country)
    if count == 0:
        return gettext("One pot for each person.")
    friends = ngettext("One friend counts.", "At most %(count)s friends count.", count) % {
        "count": number_word(count, language)
    }
    when = gettext("They join at most %(window)s after you, and then have %(qualify)s to do what counts.") % {
        "window": wording.days(referral.window_days),
        "qualify": wording.days(referral.qualify_days),
    }
    per_day = wording.friends_per_day(referral, language)
    return " ".join(part for part in (friends, per_day, when) if part)


def reward_lines(offer: Offer, country: str, language: str) -> tuple[RewardLine, ...]:
    """Each reward of ``country``: for sponsors first, then for oneself. Kinds are never added together."""
    rewards = [rule for rule in offer.rewards if country in rule.amounts]
    rewards.sort(key=lambda rule: (rule.thanks_for is not None, _ORDER[rule.to], rule.kind != "cash"))
    with override(language):
        return tuple(_reward_line(offer, rule, country, language) for rule in rewards)


def _reward_line(offer: Offer, rule: RewardRule, country: str, language: str) -> RewardLine:
    amount = rule.amounts[country]
    limit = gettext("once")
    if rule.times > 1:
        limit = gettext("%(count)s times: %(total)s in all") % {
            "count": number_word(rule.times, language),
            "total": amount.times(rule.times).format(language),
        }
    return RewardLine(
        rule_id=rule.id,
        amount=amount.format(language),
        nature=wording.nature_of(rule.kind),
        condition=_condition(offer, rule, country, language),
        limit=limit,
        when=_when(offer, rule, country),
    )


def _condition(offer: Offer, rule: RewardRule, country: str, language: str) -> str:
    if rule.thanks_for is not None:
        return gettext("as a thank-you for allowing one thing to be shown; you keep it when you take that back")
    you = {"you_sign_up": wording.you_do(offer, country, language)}
    if rule.to == "friend":
        return gettext("when %(you_sign_up)s, if somebody invited you") % you
    if rule.to == "participant":
        return gettext("when %(you_sign_up)s yourself") % you
    signs_up = {"signs_up": wording.friend_does(offer, country, language)}
    if rule.times > 1:
        return gettext("for each friend who %(signs_up)s") % signs_up
    return gettext("when a friend %(signs_up)s") % signs_up


def _when(offer: Offer, rule: RewardRule, country: str) -> str:
    settle_days = offer.referral.settle_days
    settle = {"settle": wording.days(settle_days)}
    if rule.kind != "voucher":
        counts = (
            gettext("It counts %(settle)s after that.") % settle if settle_days else gettext("It counts at once.")
        )
        payout = wording.days(offer.markets[country].payout_days)
        paid = counts + " " + gettext("It is paid at most %(payout)s later.") % {"payout": payout}
        if rule.or_voucher_days is None:
            return paid
        choice = gettext("You may take it as a voucher of the same amount instead, valid for %(valid)s.")
        return paid + " " + choice % {"valid": wording.days(rule.or_voucher_days)}
    issued = (
        gettext("You get it %(settle)s after that.") % settle if settle_days else gettext("You get it at once.")
    )
    if rule.valid_days is None:
        return issued
    return issued + " " + gettext("It is valid for %(valid)s.") % {"valid": wording.days(rule.valid_days)}
