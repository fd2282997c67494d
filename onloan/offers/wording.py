"""Days, lists and names as the rendered texts write them, and the sentences that stand in several of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from babel.dates import format_date, get_timezone_location
from babel.lists import format_list
from babel.numbers import format_decimal
from django.utils.translation import gettext, ngettext

from onloan.markets.rules import MarketFacts, country_name
from onloan.offers.document import MarketTerms, Offer, Permission, Referral, RewardKind
from onloan.offers.headline import number_word
from onloan.offers.vocabulary import CHANNELS, EVENTS, EXCLUDED_CONTEXTS, ITEMS, said

TEXT_LANGUAGES = ("en", "fr")
"""Every text of every market is rendered in each of these."""

_LOCALES = {"en": "en_GB", "fr": "fr"}


def written_day(day: date, language: str) -> str:
    """``30 May 2027``, ``1er mai 2027``."""
    text: str = format_date(day, "d MMMM y", locale=_LOCALES[language])
    return "1er" + text[1:] if language == "fr" and day.day == 1 else text


def written_number(count: int, language: str) -> str:
    """``12,401``, ``12 401``."""
    text: str = format_decimal(count, locale=_LOCALES[language])
    return text


def listed(values: Iterable[str], language: str) -> str:
    """``a, b and c``."""
    text: str = format_list(list(values), locale=_LOCALES[language])
    return text


def time_zone_place(terms: MarketTerms, language: str) -> str:
    """The place whose clock counts: ``Paris``."""
    text: str = get_timezone_location(terms.time_zone, locale=_LOCALES[language], return_city=True)
    return text


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def countries(codes: Iterable[str], language: str) -> str:
    return listed((country_name(code, language) for code in codes), language)


def nature_of(kind: RewardKind) -> str:
    """What a reward is paid in."""
    if kind == "cash":
        return gettext("in cash")
    return gettext("in a voucher for this shop") if kind == "voucher" else gettext("in credit with this shop")


def items_yours(items: Iterable[str], language: str) -> str:
    return listed((said(ITEMS[item].yours, language) for item in items), language)


def places(permission: Permission, language: str) -> str:
    return listed((said(CHANNELS[channel].place, language) for channel in permission.channels), language)


def excluded(permission: Permission, language: str) -> str:
    """Beside what an item is never shown; empty when the offer excludes nothing."""
    if not permission.excluded_contexts:
        return ""
    contexts = listed(
        (said(EXCLUDED_CONTEXTS.get(name, {"en": name}), language) for name in permission.excluded_contexts),
        language,
    )
    return gettext("Never next to content about: %(contexts)s.") % {"contexts": contexts}


def who_receives(offer: Offer, recipient_ids: Iterable[str], language: str) -> str:
    """The merchant, and each recipient by name."""
    names = {recipient.id: recipient.name for recipient in offer.recipients}
    others = [names.get(identifier, identifier) for identifier in recipient_ids]
    if not others:
        return gettext("%(merchant)s, and nobody else.") % {"merchant": offer.controller.name}
    return gettext("%(merchant)s and %(others)s, and nobody else. Nobody pays for it.") % {
        "merchant": offer.controller.name,
        "others": listed(others, language),
    }


def reach(permission: Permission) -> str:
    """LR-008: a public page has no borders, and the person is told so beside the question."""
    if any(CHANNELS[channel].is_public for channel in permission.channels):
        return gettext("This place is public: it can be read from any country.")
    return gettext("This place is not public.")


def optional_statement() -> str:
    """GDPR art. 7(4): what makes a yes free."""
    return gettext("You can join, invite and be paid without allowing this.")


def no_cost_statement() -> str:
    """Recital 42."""
    return gettext("Changing your mind costs nothing and takes back nothing.")


def same_pot_statement() -> str:
    return gettext("Your pot is the same whether you allow this or not.")


def complaint_sentence(facts: MarketFacts) -> str:
    """LR-098: both ways, side by side, and none of them first."""
    return gettext(
        "You can complain to us, or directly to this authority: %(name)s (%(short)s). You do not have to "
        "ask us first."
    ) % {
        "name": facts.authority.name,
        "short": facts.authority.short_name,
    }


def withdrawal_sentence() -> str:
    """LR-055."""
    return gettext(
        "If we pause or withdraw the campaign, nobody new can join from that moment. What you earned, and "
        "what is on the way, is paid on the same dates."
    )


def friend_does(offer: Offer, country: str, language: str) -> str:
    """What a friend does to count, with the least order where there is one: ``signs up``."""
    return said(EVENTS[offer.referral.event].one, language) + least_order(offer, country, language)


def you_do(offer: Offer, country: str, language: str) -> str:
    return said(EVENTS[offer.referral.event].you, language) + least_order(offer, country, language)


def least_order(offer: Offer, country: str, language: str) -> str:
    least = offer.referral.minimum_order.get(country)
    if least is None:
        return ""
    return " " + gettext("(an ordinary order of at least %(amount)s)") % {"amount": least.format(language)}


def friends_per_day(referral: Referral, language: str) -> str:
    """How many of those who join on one day count; empty where the offer does not bound them."""
    most = referral.friends_per_day
    if most is None:
        return ""
    return ngettext(
        "Of those who join on one day, one counts.",
        "Of those who join on one day, at most %(count)s count.",
        most,
    ) % {"count": number_word(most, language)}


def days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
