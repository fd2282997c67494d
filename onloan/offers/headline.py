"""The headline of an offer: computed from its rewards, never declared. Cash and vouchers are never added."""

from __future__ import annotations

from onloan.money import Money
from onloan.offers.document import Offer, RewardKind, Texts
from onloan.offers.vocabulary import EVENTS, said

_KIND_ORDER: tuple[RewardKind, ...] = ("cash", "voucher", "fulfilled")
_KINDS: dict[RewardKind, Texts] = {
    "cash": {"en": "{amount} in cash", "fr": "{amount} en argent"},
    "voucher": {
        "en": "{amount} in vouchers for this shop",
        "fr": "{amount} en bons d'achat pour cette boutique",
    },
    "fulfilled": {"en": "{amount} in credit with this shop", "fr": "{amount} en avoir dans cette boutique"},
}
_NUMBERS = {
    "en": ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "fr": ("aucune", "une", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
}


def headline(offer: Offer, country: str, language: str) -> str:
    """The most that one person can earn in ``country``, by kind, and what it takes.

    English unless ``language`` is ``fr``. Raises KeyError when the offer does not run in ``country``.
    """
    language = language if language in _NUMBERS else "en"
    totals = earnable(offer, country)
    amounts = [
        said(_KINDS[kind], language).format(amount=totals[kind].format(language))
        for kind in _KIND_ORDER
        if kind in totals
    ]
    return f"{_join(amounts, language)}, {_condition(offer, country, language)}"


def earnable(offer: Offer, country: str) -> dict[RewardKind, Money]:
    """What somebody who invites can earn, by kind, without any thank-you for a permission."""
    assert offer.markets[country]
    totals: dict[RewardKind, Money] = {}
    for rule in offer.rewards:
        if country not in rule.amounts or rule.to == "friend" or rule.thanks_for:
            continue
        amount = rule.amounts[country].times(rule.times)
        totals[rule.kind] = totals[rule.kind] + amount if rule.kind in totals else amount
    return totals


def friends_needed(offer: Offer, country: str) -> int:
    """How many friends it takes to earn the whole pot."""
    return max(
        (rule.times for rule in offer.rewards if rule.to == "sponsor" and country in rule.amounts), default=0
    )


def number_word(count: int, language: str) -> str:
    """Up to ten in words (of the feminine gender in French, as in "une personne"), beyond in digits."""
    words = _NUMBERS[language if language in _NUMBERS else "en"]
    return words[count] if 0 <= count < len(words) else str(count)


def _condition(offer: Offer, country: str, language: str) -> str:
    event = EVENTS[offer.referral.event]
    count = friends_needed(offer, country)
    if count == 0:
        condition = ("quand " if language == "fr" else "when ") + said(event.you, language)
    elif language == "fr":
        people = "personne que vous invitez" if count == 1 else "personnes que vous invitez"
        does = said(event.one if count == 1 else event.many, language)
        condition = f"si {number_word(count, language)} {people} {does}"
    else:
        people = "friend" if count == 1 else "friends"
        does = said(event.one if count == 1 else event.many, language)
        condition = f"if {number_word(count, language)} {people} {does}"
    return condition + _order(offer, country, language)


def _order(offer: Offer, country: str, language: str) -> str:
    """An order that a friend must place is said beside the amount (design: never hidden in the terms)."""
    least = offer.referral.minimum_order.get(country)
    if least is None:
        return ""
    words = " d'au moins " if language == "fr" else " of at least "
    return words + least.format(language)


def _join(parts: list[str], language: str) -> str:
    joint = " et " if language == "fr" else " and "
    return ", ".join(parts[:-1]) + joint + parts[-1] if len(parts) > 1 else "".join(parts)
