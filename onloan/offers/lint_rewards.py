"""Rules about rewards: certain, unconditional, in the market's money, and never bought with a permission."""

from __future__ import annotations

from collections.abc import Iterator

from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.defaults import KINDS, amount_parts, amounts_of, countries, reward_kind
from onloan.offers.findings import Finding, block, hold, syntax
from onloan.offers.nodes import Part

# The most that a thank-you may come to, beside a tenth of the pot: 5 euros, or about that, in minor units.
_THANKS_MOST = {
    "EUR": 500,
    "GBP": 400,
    "CHF": 500,
    "SEK": 5_500,
    "NOK": 5_500,
    "DKK": 3_700,
    "PLN": 2_000,
    "CZK": 12_000,
    "HUF": 200_000,
    "RON": 2_500,
    "ISK": 700,
}


def check(root: Part) -> Iterator[Finding]:
    rewards = root.get("rewards").items()
    if not rewards:
        message = "The offer names no reward."
        mend = "Add rewards, each with id, to, and an amount for each market."
        yield block(root.get("rewards"), "E-SIGNIFICANT-CONDITIONS", message, mend)
    of = countries(root)
    for reward in rewards:
        yield from _check_kind(reward)
        yield from _check_amounts(root, reward, of)
        yield from _check_certainty(reward)
        yield from _check_conditions(reward)
    yield from _check_each_market_rewards(root, rewards, of)
    yield from _check_thanks(root, rewards, of)
    yield from _check_chance(root, rewards, of)


def pot(root: Part, country: str, *, thanks: bool) -> Money:
    """The most that one person can earn in ``country``, a friend's welcome included; with or without
    thank-yous. Money set aside for different kinds of rewards comes out of one pool, so kinds are added."""
    total = Money(0, market_facts(country).currency)
    for reward in root.get("rewards").items():
        kind = reward_kind(reward)
        if kind is None or (reward.get("thanks_for").is_there and not thanks):
            continue
        amount = amounts_of(reward.get(kind), [country]).get(country)
        times = reward.get("times").whole() or 1
        if amount is not None and amount.currency == total.currency:
            total = total + amount.times(times if reward.get("to").text() == "sponsor" else 1)
    return total


def _check_kind(reward: Part) -> Iterator[Finding]:
    written = [kind for kind in KINDS if reward.get(kind).is_there]
    if len(written) != 1:
        message = "A reward is one of cash, voucher, fulfilled" + (
            f"; here are {' and '.join(written)}." if written else "; here is none."
        )
        yield block(reward, "E-SIGNIFICANT-CONDITIONS", message, "Write one reward for each kind.")
    if reward.get("to").text() != "sponsor" and (reward.get("times").whole() or 1) > 1:
        message = "Only a sponsor earns a reward more than once, once for each friend."
        yield syntax(reward.get("times"), "E-VALUE", message, "Take times out.")
    if reward.get("valid_days").is_there and not reward.get("voucher").is_there:
        message = "Only a voucher has valid_days."
        yield syntax(reward.get("valid_days"), "E-VALUE", message, "Take it out.")
    if reward.get("or_voucher").is_there and not reward.get("cash").is_there:
        message = "Only cash can be taken as a voucher instead."
        yield syntax(reward.get("or_voucher"), "E-VALUE", message, "Take it out.")
    if reward.get("own_codes").flag() and not reward.get("voucher").is_there:
        message = "Only a voucher has a code."
        yield syntax(reward.get("own_codes"), "E-VALUE", message, "Take it out.")


def _check_amounts(root: Part, reward: Part, of: list[str]) -> Iterator[Finding]:
    for kind in KINDS:
        amounts = reward.get(kind)
        single = amounts.money()
        if single is not None and not amount_parts(amounts, of) and of:
            wanted = ", ".join(sorted({market_facts(country).currency for country in of}))
            message = f"No market of this offer pays in {single.currency}."
            yield block(amounts, "E-MARKET-CURRENCY", message, f"Write {wanted}.")
        for country, part in amount_parts(amounts, of).items():
            money = part.money()
            if country not in of:
                message = f"The offer has no market {country}."
                mend = f"Add {country} under markets, or take the amount out."
                yield block(part, "E-SIGNIFICANT-CONDITIONS", message, mend)
            elif money is not None:
                yield from _check_amount(part, kind, country, money)


def _check_amount(part: Part, kind: str, country: str, money: Money) -> Iterator[Finding]:
    facts = market_facts(country)
    if money.currency != facts.currency:
        message = f"{country} pays in {facts.currency}, not {money.currency}."
        yield block(part, "E-MARKET-CURRENCY", message, f"Write the amount in {facts.currency}.")
    if money.amount_minor == 0:
        yield block(part, "E-SIGNIFICANT-CONDITIONS", "A reward of nothing.", "Write an amount or take it out.")
    if country == "IT" and kind == "cash":
        message = "In Italy money may not be a prize (DPR 430/2001)."
        yield block(part, "E-IT-PREMIO", message, "Give a voucher there, or leave Italy out.")
    elif country == "IT":
        message = "Prizes in Italy need published rules, a filing and a guarantee (DPR 430/2001)."
        yield hold(part, "E-IT-PREMIO", message, "Someone signs that counsel looked at it.")
    elif kind == "cash" and facts.cash_reward == "no_prohibition_known":
        message = f"Nobody has looked yet into whether cash may be a reward in {country}."
        yield hold(part, "E-CASH-UNKNOWN", message, "Someone signs that counsel looked at it.")


def _check_certainty(reward: Part) -> Iterator[Finding]:
    if reward.get("up_to").flag() is True:
        message = "“Up to” hides what people get."
        yield block(reward.get("up_to"), "E-UP-TO", message, "Write the amount that each person gets.")
    if reward.get("to").text() in {"sponsor_of_sponsor", "friend_of_friend", "team_leader"}:
        message = f"{reward.get('to').quoted()} earns from invitations that others made."
        yield block(reward.get("to"), "E-PYRAMID", message, "Reward one's own friends: to: sponsor.")
    if (reward.get("level").whole() or 1) > 1:
        message = "A second level makes a pyramid."
        yield block(reward.get("level"), "E-PYRAMID", message, "Take level out; there is one.")


def _check_conditions(reward: Part) -> Iterator[Finding]:
    needs = reward.get("requires_permission")
    if needs.is_there and needs.flag() is not False:
        message = "A reward never depends on a permission: the pot is the same without."
        yield block(needs, "E-CONDITIONAL", message, "Take requires_permission out.")
    for key, what in (
        ("cost", "Claiming a reward costs nothing."),
        ("minimum_purchase", "Nothing must be bought."),
    ):
        if reward.get(key).is_there:
            place = reward.get(key).place
            yield block(reward.get(key), "E-COST-TO-CLAIM", what, f"Take {key} out.", place=place)
    if reward.get("payee").text() == "third_party":
        message = "A reward is paid to the person who earned it, into an account of their own."
        yield block(reward.get("payee"), "E-THIRD-PARTY-PAYEE", message, "Write payee: participant.")


def _check_each_market_rewards(root: Part, rewards: list[Part], of: list[str]) -> Iterator[Finding]:
    for country in of:
        if rewards and not pot(root, country, thanks=False).amount_minor:
            market = root.get("markets").get(country)
            message = f"Nobody can earn anything in {country}."
            mend = f"Add an amount for {country} to a reward, or take the market out."
            place = root.get("markets").key_place(country)
            yield block(market, "E-SIGNIFICANT-CONDITIONS", message, mend, place=place)


def _check_thanks(root: Part, rewards: list[Part], of: list[str]) -> Iterator[Finding]:
    known = {part.get("id").text() for part in root.get("permissions").items()}
    for reward in rewards:
        thanks = reward.get("thanks_for")
        if not thanks.is_there:
            continue
        if thanks.text() not in known:
            message = f"There is no permission {thanks.quoted()}."
            yield block(thanks, "E-BONUS", message, "Name the id of a permission of this file.")
        elif reward.get("to").text() != "participant":
            message = "A thank-you goes to the person who was asked."
            yield block(reward.get("to"), "E-BONUS", message, "Write to: participant.")
        else:
            message = "Money beside a permission puts the free choice in doubt."
            mend = "The data-protection officer signs why the yes stays free; it is kept when taken back."
            yield hold(thanks, "E-BONUS", message, mend)
    for country in of:
        yield from _check_thanks_cap(root, rewards, country)


def _check_thanks_cap(root: Part, rewards: list[Part], country: str) -> Iterator[Finding]:
    base, whole = pot(root, country, thanks=False), pot(root, country, thanks=True)
    thanks = whole.amount_minor - base.amount_minor
    most = min(base.amount_minor // 10, _THANKS_MOST.get(base.currency, 0))
    if thanks <= most:
        return
    for reward in rewards:
        if not reward.get("thanks_for").is_there:
            continue
        kind = reward_kind(reward)
        part = amount_parts(reward.get(kind or "cash"), [country]).get(country)
        if part is not None:
            least = Money(most, base.currency).written()
            message = f"Thank-yous in {country} come to {Money(thanks, base.currency).written()}."
            mend = f"At most {least} in all: a tenth of the pot, and about 5 euros."
            yield block(part, "E-BONUS-CAP", message, mend)


def _check_chance(root: Part, rewards: list[Part], of: list[str]) -> Iterator[Finding]:
    mechanics = [root.get("mechanic"), *(reward.get("mechanic") for reward in rewards)]
    for mechanic in mechanics:
        if mechanic.text() not in {"chance", "skill"}:
            continue
        message = "Onloan gives each person the same for certain; it cannot prove a fair draw or contest."
        yield block(mechanic, "E-DRAW", message, "Write mechanic: certain, or leave it out.")
        if mechanic.text() == "chance":
            for country in of:
                yield from _check_chance_in(root, mechanic, country)


def _check_chance_in(root: Part, mechanic: Part, country: str) -> Iterator[Finding]:
    facts = market_facts(country)
    sign = "Someone signs that entry is free, the draw is proven, and counsel looked at it."
    if facts.chance_mechanic == "refuse":
        message = f"In {country} promotions of chance count as forbidden lotteries."
        yield block(mechanic, "E-BE-CHANCE", message, f"Give certain rewards, or leave {country} out.")
        return
    unknown = " Nobody has looked into the law there." if facts.chance_mechanic == "hold_unknown" else ""
    yield hold(mechanic, "E-CHANCE", f"Chance in {country}.{unknown}", sign)
    if country == "NL":
        message = "The Dutch code asks: free, once a year, at most 100,000 euros, a complaints procedure."
        yield hold(mechanic, "E-NL-CODE", message, "Someone signs that the code is kept.")
    market = root.get("markets").get(country)
    if country in {"ES", "AT", "NL"} and not market.get("tax_handling").is_there:
        message = f"Prizes of chance are taxed in {country}; nothing says who pays."
        yield block(market.get("tax_handling"), "E-PRIZE-TAX", message, "Add tax_handling to this market.")
