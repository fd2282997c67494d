"""The question about one permission, and the text that a sponsor may send with a link."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext, override

from onloan.markets.rules import country_name
from onloan.offers import wording
from onloan.offers.blocks import ConsentText, RewardLine
from onloan.offers.conditions import reward_lines
from onloan.offers.document import Offer, Permission
from onloan.offers.vocabulary import ITEMS, PURPOSES, said
from onloan.offers.wording import written_day


def consent_text(
    offer: Offer, permission: Permission, country: str, language: str, until: date | None
) -> ConsentText:
    """The question as it stands beside its two buttons. ``until`` is the last day of a yes given now; without
    it (a version is not about one day) the text says how long a yes lasts."""
    assert country in offer.markets
    with override(language):
        return ConsentText(
            permission_id=permission.id,
            sentence=permission_sentence(permission, language, until),
            items=wording.sentence_case(wording.items_yours(permission.items, language)),
            where=gettext("%(places)s (%(countries)s)")
            % {
                "places": wording.sentence_case(wording.places(permission, language)),
                "countries": wording.countries(permission.territories, language),
            },
            until=_last_day(permission, language, until),
            why=said(permission.why, language),
            who=wording.who_receives(offer, permission.recipients, language),
            excluded=wording.excluded(permission, language),
            reach=wording.reach(permission),
            optional_statement=wording.optional_statement(),
            no_cost_statement=wording.no_cost_statement(),
        )


def permission_sentence(permission: Permission, language: str, until: date | None = None) -> str:
    """``Show my username to the people I invite, on the invitation page, until 30 May 2027.``"""
    items = wording.listed((said(ITEMS[item].mine, language) for item in permission.items), language)
    audience = said(PURPOSES[permission.purpose].audience, language)
    shown = f"{items} {audience}".strip()
    with override(language):
        if until is None:
            lasts = gettext("for %(term)s") % {"term": wording.days(permission.term_days)}
        else:
            lasts = gettext("until %(day)s") % {"day": written_day(until, language)}
        return gettext("Show %(shown)s, %(places)s, %(lasts)s.") % {
            "shown": shown,
            "places": wording.places(permission, language),
            "lasts": lasts,
        }


def _last_day(permission: Permission, language: str, until: date | None) -> str:
    if until is not None:
        return written_day(until, language)
    return gettext("%(term)s after your yes") % {"term": wording.days(permission.term_days)}


def share_text(offer: Offer, country: str, language: str, link: str) -> str:
    """What a sponsor may send, and change as they like. It says first that the sponsor is rewarded (LR-043),
    and carries what a friend must know (LR-049)."""
    terms = offer.markets[country]
    sponsors = {rule.id for rule in offer.rewards if rule.to == "sponsor"}
    thanks = {rule.id for rule in offer.rewards if rule.thanks_for is not None}
    lines = [line for line in reward_lines(offer, country, language) if line.rule_id not in thanks]
    with override(language):
        mine = _amounts([line for line in lines if line.rule_id in sponsors], language)
        yours = _amounts([line for line in lines if line.rule_id not in sponsors], language)
        event = {"signs_up": wording.you_do(offer, country, language), "mine": mine, "yours": yours}
        sentences = [
            gettext("I take part in “%(title)s” by %(merchant)s.")
            % {"title": said(offer.title, language), "merchant": offer.controller.name}
        ]
        if mine:
            sentences.append(
                gettext("Advertisement: if you join through my link and %(signs_up)s, I get a reward: %(mine)s.")
                % event
            )
        if yours:
            sentences.append(gettext("You get %(yours)s.") % event)
        sentences.append(
            gettext("For people of %(age)d or over, in this country: %(country)s, until %(day)s.")
            % {
                "age": terms.age_min,
                "country": country_name(country, language),
                "day": written_day(terms.closes_on, language),
            }
        )
        sentences.append(gettext("All conditions: %(link)s") % {"link": link})
        return " ".join(sentences)


def _amounts(lines: list[RewardLine], language: str) -> str:
    if not lines:
        return ""
    return wording.listed((f"{line.amount} {line.nature}" for line in lines), language)
