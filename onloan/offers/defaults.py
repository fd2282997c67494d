"""What holds in an offer file: the values written, and a fair default for each that is left out.

``build_offer`` reads a file that no rule refuses into the frozen document and lists the defaults taken.
The other functions are what the rules ask before that.
"""

from __future__ import annotations

from datetime import date, timedelta

from onloan.markets.rules import find_country, known_countries, market_facts
from onloan.money import Money
from onloan.offers.document import (
    Claim,
    Controller,
    MarketTerms,
    Offer,
    Permission,
    Recipient,
    Referral,
    Representative,
    RewardKind,
    RewardRule,
    RewardTo,
    Texts,
)
from onloan.offers.findings import Default
from onloan.offers.grammar import DAYS_MAX
from onloan.offers.nodes import Part
from onloan.offers.vocabulary import EXCLUDED_CONTEXTS, PAGE_LANGUAGES

COLOUR = "#0b5d4e"
WINDOW_DAYS = 30
SETTLE_DAYS = 14
QUALIFY_DAYS = 30
PAYOUT_DAYS = 30
AGE_MIN = 18
TERM_DAYS = 365
VALID_DAYS = 365
KINDS: tuple[RewardKind, ...] = ("cash", "voucher", "fulfilled")

_LABELS: dict[tuple[str, RewardKind], Texts] = {
    ("own", "cash"): {"en": "Welcome cash", "fr": "Argent de bienvenue"},
    ("own", "voucher"): {"en": "Welcome voucher", "fr": "Bon d'achat de bienvenue"},
    ("own", "fulfilled"): {"en": "Welcome credit", "fr": "Avoir de bienvenue"},
    ("sponsor", "cash"): {"en": "Cash for each friend", "fr": "Argent pour chaque personne invitée"},
    ("sponsor", "voucher"): {
        "en": "Voucher for each friend",
        "fr": "Bon d'achat pour chaque personne invitée",
    },
    ("sponsor", "fulfilled"): {"en": "Credit for each friend", "fr": "Avoir pour chaque personne invitée"},
}
_THANKS: Texts = {"en": "A small thank-you", "fr": "Un petit merci"}


# What the rules ask of a file that may still be wrong.


def countries(root: Part) -> list[str]:
    """The countries of the offer that Onloan has facts of, in the order of the file."""
    known = known_countries()
    return [key.text for key in root.get("markets").names() if key.text in known]


def controller_country(root: Part) -> str | None:
    """As declared, else the country that ends the address."""
    controller = root.get("controller")
    written = controller.get("country").text()
    if written:
        return written
    address = controller.get("address").text() or ""
    return find_country(address.rsplit(",", 1)[-1].strip(" ."))


def reward_kind(reward: Part) -> RewardKind | None:
    """The kind of the reward, when exactly one is written."""
    kinds: list[RewardKind] = [kind for kind in KINDS if reward.get(kind).is_there]
    return kinds[0] if len(kinds) == 1 else None


def amount_parts(amounts: Part, of: list[str]) -> dict[str, Part]:
    """Where each country's amount stands; a single amount counts for every country with its currency."""
    money = amounts.money()
    if money is not None:
        fitting = [country for country in of if market_facts(country).currency == money.currency]
        return dict.fromkeys(fitting, amounts)
    return {key.text: value for key, value in amounts.entries()}


def amounts_of(amounts: Part, of: list[str]) -> dict[str, Money]:
    found = {country: part.money() for country, part in amount_parts(amounts, of).items()}
    return {country: money for country, money in found.items() if money is not None and country in of}


def text_parts(root: Part) -> list[Part]:
    """Every group of texts per language that people will read."""
    groups = [root.get("title")]
    groups += [permission.get("why") for permission in root.get("permissions").items()]
    groups += [reward.get("label") for reward in root.get("rewards").items()]
    return [group for group in groups if group.is_there]


def covered_languages(root: Part) -> set[str]:
    """The languages in which every text of the file exists."""
    groups = [{key.text for key in group.names()} for group in text_parts(root)]
    return set.intersection(*groups) if groups else set()


def market_languages(root: Part, country: str) -> tuple[str, ...]:
    """As written, else the market's official languages as far as the texts go, those with pages first."""
    written = root.get("markets").get(country).get("languages").words()
    if written:
        return tuple(written)
    covered = [code for code in market_facts(country).languages if code in covered_languages(root)]
    return tuple(sorted(covered, key=lambda code: code not in PAGE_LANGUAGES))


# Reading the file once nothing stands against it.


class _Taker:
    """Reads values, and writes down each default that it takes."""

    def __init__(self) -> None:
        self.defaults: list[Default] = []

    def note(self, part: Part, value: str, why: str) -> None:
        self.defaults.append(Default(part.path, value, why))

    def whole(self, part: Part, default: int, why: str) -> int:
        written = part.whole()
        if written is None:
            self.note(part, str(default), why)
        return default if written is None else written

    def text(self, part: Part, default: str, why: str) -> str:
        written = part.text()
        if written is None:
            self.note(part, default or "none", why)
        return default if written is None else " ".join(written.split())

    def words(self, part: Part, default: tuple[str, ...], why: str) -> tuple[str, ...]:
        written = part.words()
        if not written:
            self.note(part, ", ".join(default) or "none", why)
        return tuple(written) or default

    def texts(self, part: Part, default: Texts, why: str) -> Texts:
        if not part.is_there:
            self.note(part, default.get("en", ""), why)
            return dict(default)
        return {key.text: " ".join((value.text() or "").split()) for key, value in part.entries()}


def build_offer(root: Part) -> tuple[Offer, list[Default]]:
    """The document and the defaults taken. The file must have no finding of severity SYNTAX or BLOCK."""
    take = _Taker()
    of = countries(root)
    offer = Offer(
        slug=root.get("offer").text() or "",
        controller=_controller(root, take),
        title=take.texts(root.get("title"), {}, ""),
        markets={country: _market(root, country, take) for country in of},
        referral=_referral(root.get("referral"), of, take),
        rewards=tuple(_reward(reward, of, take) for reward in root.get("rewards").items()),
        permissions=tuple(_permission(part, of, take) for part in root.get("permissions").items()),
        claims=tuple(_claim(claim) for claim in root.get("claims").items()),
        colour=take.text(root.get("colour"), COLOUR, "a green that reads well on paper white").lower(),
        recipients=tuple(_recipient(recipient) for recipient in root.get("recipients").items()),
        representatives=tuple(
            Representative(key.text, part.get("name").text() or "", part.get("address").text() or "")
            for key, part in root.get("representatives").entries()
        ),
    )
    return offer, take.defaults


def _controller(root: Part, take: _Taker) -> Controller:
    part = root.get("controller")
    country = controller_country(root) or ""
    if not part.get("country").is_there:
        take.note(part.get("country"), country, "the country that ends the address")
    return Controller(
        name=part.get("name").text() or "",
        address=part.get("address").text() or "",
        email=part.get("email").text() or "",
        dpo=take.text(part.get("dpo"), "", "not every merchant has a data-protection officer"),
        country=country,
    )


def _market(root: Part, country: str, take: _Taker) -> MarketTerms:
    part = root.get("markets").get(country)
    facts = market_facts(country)
    opens_on = part.get("opens").day() or date.min
    closes_on = part.get("closes").day()
    notice_days = part.get("notice_days").whole() if closes_on is None else None
    if closes_on is None:
        closes_on = opens_on + timedelta(days=DAYS_MAX)
        take.note(part.get("closes"), closes_on.isoformat(), "open-ended markets close after three years")
    languages = market_languages(root, country)
    if not part.get("languages").is_there:
        take.note(part.get("languages"), ", ".join(languages), "official there, and every text exists")
    return MarketTerms(
        country=country,
        opens_on=opens_on,
        closes_on=closes_on,
        pool=part.get("pool").money() or Money(0, facts.currency),
        dpia=part.get("dpia").text() or "",
        time_zone=take.text(part.get("time_zone"), facts.time_zone, "the market's own"),
        languages=languages,
        payout_days=take.whole(part.get("payout_days"), PAYOUT_DAYS, "cash is normally paid within 30 days"),
        age_min=take.whole(part.get("age_min"), AGE_MIN, "18 everywhere, unless somebody signs for less"),
        notice_days=notice_days,
    )


def _referral(part: Part, of: list[str], take: _Taker) -> Referral:
    qualifies = part.get("qualifies")
    return Referral(
        window_days=take.whole(part.get("window_days"), WINDOW_DAYS, "a month to invite"),
        event=qualifies.get("event").text() or "",
        settle_days=take.whole(qualifies.get("settle_days"), SETTLE_DAYS, "as long as one may withdraw"),
        qualify_days=take.whole(qualifies.get("within_days"), QUALIFY_DAYS, "a month to do it"),
        minimum_order=amounts_of(qualifies.get("minimum_order"), of),
        friends_per_day=part.get("friends_per_day").whole(),
    )


def _reward(part: Part, of: list[str], take: _Taker) -> RewardRule:
    kind = reward_kind(part) or "fulfilled"
    to: RewardTo = {"friend": "friend", "sponsor": "sponsor"}.get(part.get("to").text() or "", "participant")  # type: ignore[assignment]
    thanks_for = part.get("thanks_for").text()
    label = _THANKS if thanks_for else _LABELS["sponsor" if to == "sponsor" else "own", kind]
    or_voucher = part.get("or_voucher")
    return RewardRule(
        id=part.get("id").text() or "",
        to=to,
        kind=kind,
        amounts=amounts_of(part.get(kind), of),
        times=take.whole(part.get("times"), 1, "once") if to == "sponsor" else 1,
        valid_days=take.whole(part.get("valid_days"), VALID_DAYS, "a year") if kind == "voucher" else None,
        label=take.texts(part.get("label"), label, "written from the reward"),
        thanks_for=thanks_for,
        or_voucher_days=(
            take.whole(or_voucher.get("valid_days"), VALID_DAYS, "a year") if or_voucher.is_there else None
        ),
        own_codes=part.get("own_codes").flag() or False,
    )


def _permission(part: Part, of: list[str], take: _Taker) -> Permission:
    return Permission(
        id=part.get("id").text() or "",
        items=tuple(part.get("items").words()),
        purpose=part.get("purpose").words()[0],
        channels=tuple(part.get("channels").words()),
        territories=take.words(part.get("territories"), tuple(of), "the offer's markets"),
        recipients=take.words(part.get("recipients"), (), "nobody outside the merchant"),
        term_days=take.whole(part.get("term_days"), TERM_DAYS, "a year, then it ends by itself"),
        why=take.texts(part.get("why"), {}, ""),
        excluded_contexts=take.words(
            part.get("excluded_contexts"), tuple(EXCLUDED_CONTEXTS), "never shown beside these"
        ),
    )


def _claim(part: Part) -> Claim:
    if part.text() is not None:
        return Claim(part.text() or "", ())
    key, values = part.entries()[0]
    return Claim(key.text, tuple(values.words()))


def _recipient(part: Part) -> Recipient:
    return Recipient(
        id=part.get("id").text() or "",
        name=part.get("name").text() or "",
        role=part.get("role").text() or "",
        country=part.get("country").text() or "",
        contract=part.get("contract").text() or "",
        transfer=part.get("transfer").text() or "",
    )
