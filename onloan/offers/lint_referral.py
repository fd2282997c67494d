"""Rules about friends: a link that people pass on themselves, one level, and nothing collected."""

from __future__ import annotations

from collections.abc import Iterator

from onloan.markets.rules import market_facts
from onloan.offers.defaults import WINDOW_DAYS, amount_parts, amounts_of, countries
from onloan.offers.findings import Finding, block, hold
from onloan.offers.nodes import Part
from onloan.offers.shapes import suggest
from onloan.offers.vocabulary import EVENTS


def check(root: Part) -> Iterator[Finding]:
    referral = root.get("referral")
    yield from _check_mode(referral)
    yield from _check_pay(referral)
    yield from _check_friends_per_day(root)
    yield from _check_share(referral)
    yield from _check_event(root, referral.get("qualifies"))
    yield from _check_money_in(root, referral.get("qualifies"))


def _check_mode(referral: Part) -> Iterator[Finding]:
    mode = referral.get("mode")
    mend = "Write mode: share_link, or leave it out."
    if mode.text() == "address_book":
        message = "Friends' details are never collected; a person who has not joined leaves no trace."
        yield block(mode, "E-FRIEND-DATA", message, mend)
    elif mode.text() in {"single_message", "message"}:
        message = "The merchant sends nothing to friends; in most markets that is unlawful advertising."
        yield block(mode, "E-MESSAGE-MODE", message, mend)
    fields = referral.get("friend_fields")
    if fields.is_there and fields.node is not None:
        message = "Friends' details are never collected."
        place = referral.key_place("friend_fields")
        yield block(fields, "E-FRIEND-DATA", message, "Take friend_fields out.", place=place)
    tracking = referral.get("tracking")
    if tracking.text() not in {None, "link_only"}:
        message = f"{tracking.quoted()} follows people who asked for nothing."
        yield block(tracking, "E-TRACKER", message, "Write tracking: link_only, or leave it out.")


def _check_pay(referral: Part) -> Iterator[Finding]:
    pays_for = referral.get("pays_for")
    if pays_for.text() not in {None, "qualified_friend"}:
        message = f"Paying for each {pays_for.text()} pays for other people's details or clicks."
        mend = "Write pays_for: qualified_friend, or leave it out."
        yield block(pays_for, "E-PAY-PER-CONTACT", message, mend)
    levels = referral.get("levels")
    if (levels.whole() or 1) > 1:
        message = "Rewards for friends of friends make a pyramid."
        yield block(levels, "E-PYRAMID", message, "Write levels: 1, or leave it out.")


def _check_friends_per_day(root: Part) -> Iterator[Finding]:
    """The headline names the whole pot, so the whole pot must be within reach."""
    per_day = root.get("referral").get("friends_per_day")
    days = root.get("referral").get("window_days").whole() or WINDOW_DAYS
    wanted = max(
        (
            reward.get("times").whole() or 1
            for reward in root.get("rewards").items()
            if reward.get("to").text() == "sponsor"
        ),
        default=0,
    )
    within_reach = (per_day.whole() or wanted) * days
    if per_day.is_there and within_reach < wanted:
        message = f"So few friends a day come to {within_reach} in {days} days; the pot is for {wanted}."
        yield block(per_day, "E-SIGNIFICANT-CONDITIONS", message, "Raise friends_per_day, or lower times.")


def _check_share(referral: Part) -> Iterator[Finding]:
    if referral.get("share_text").is_there:
        message = "The share text is written from the offer, says that there is a reward, and can be edited."
        place = referral.key_place("share_text")
        yield block(referral.get("share_text"), "E-AD-LABEL", message, "Take share_text out.", place=place)
    if referral.get("share_within_hours").is_there:
        message = "A race to share presses people; the only deadline is the closing day."
        place = referral.key_place("share_within_hours")
        part = referral.get("share_within_hours")
        yield block(part, "E-PRESSURE", message, "Take share_within_hours out.", place=place)


def _check_event(root: Part, qualifies: Part) -> Iterator[Finding]:
    event = qualifies.get("event")
    known = ", ".join(EVENTS)
    word = event.text()
    if word is None:
        message = "Nothing says what a person does to count."
        mend = f"Add referral: {{qualifies: {{event: …}}}}, one of: {known}."
        yield block(event, "E-SIGNIFICANT-CONDITIONS", message, mend)
    elif word not in EVENTS:
        message = f"{event.quoted()} is not an event that pages can put into words."
        mend = f"One of: {known}. {suggest(word, tuple(EVENTS))}".rstrip()
        yield block(event, "E-SIGNIFICANT-CONDITIONS", message, mend)
    elif EVENTS[word].is_purchase:
        message = "A friend has to buy something before anyone is rewarded."
        mend = "Someone signs that it is an ordinary purchase, said beside the amount."
        yield hold(event, "E-PURCHASE", message, mend)
    yield from _check_order(root, qualifies.get("minimum_order"), word or "")


def _check_order(root: Part, order: Part, event: str) -> Iterator[Finding]:
    """The least order is said beside the amount, so it is known in each market and in its money."""
    if not order.is_there:
        return
    if event not in EVENTS or not EVENTS[event].is_purchase:
        message = "A minimum order belongs to an event that is an order."
        mend = "Write event: first_order, or take it out."
        yield block(order, "E-SIGNIFICANT-CONDITIONS", message, mend)
        return
    of = countries(root)
    amounts = amounts_of(order, of)
    for country in of:
        currency = market_facts(country).currency
        if country not in amounts:
            message = f"Nothing says how large an order is in {country}."
            yield block(order, "E-SIGNIFICANT-CONDITIONS", message, f"Add an amount in {currency} for it.")
        elif amounts[country].currency != currency:
            part = amount_parts(order, of)[country]
            message = f"{country} pays in {currency}, not {amounts[country].currency}."
            yield block(part, "E-MARKET-CURRENCY", message, f"Write the amount in {currency}.")


def _check_money_in(root: Part, qualifies: Part) -> Iterator[Finding]:
    for parent, key in ((qualifies, "deposit"), (qualifies, "fee"), (root, "joining_fee")):
        if parent.get(key).is_there:
            message = "Nobody pays in to take part, to qualify, or to be paid."
            yield block(parent.get(key), "E-PYRAMID", message, f"Take {key} out.", place=parent.key_place(key))
