"""Rules about markets: when, how much money, in which language, for whom, and who answers there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo, available_timezones

from onloan.markets.rules import country_name, known_countries, market_facts
from onloan.offers.defaults import (
    controller_country,
    countries,
    covered_languages,
    market_languages,
    text_parts,
)
from onloan.offers.findings import Finding, block, hold, warn
from onloan.offers.grammar import DAYS_MAX
from onloan.offers.lint_rewards import pot
from onloan.offers.nodes import Part
from onloan.offers.vocabulary import ITEMS, PAGE_LANGUAGES

_FIRST_DAY, _LAST_DAY = date(2020, 1, 1), date(2100, 1, 1)
_ADULT = 18
# Where a country's law names no age, the strictest of the others.
_CONSENT_AGE_UNKNOWN = 16
_NO_REFERENCE = frozenset({"none", "no", "later", "todo", "tbd", "n/a", "-", "pending"})


def check(root: Part) -> Iterator[Finding]:
    markets = root.get("markets")
    if not markets.names():
        message = "The offer names no country."
        yield block(markets, "E-SIGNIFICANT-CONDITIONS", message, "Add markets: with FR: and its dates.")
    for key, market in markets.entries():
        if key.text not in known_countries():
            message = f"Onloan knows no facts of {key.text}."
            mend = "It knows: " + ", ".join(known_countries()) + "."
            yield block(market, "E-MARKET-UNKNOWN", message, mend, place=key.place)
    for country in countries(root):
        market = markets.get(country)
        yield from _check_days(market)
        yield from _check_pool(root, market, country)
        yield from _check_assessment(market)
        yield from _check_languages(root, market, country)
        yield from _check_representative(root, market, country)
        yield from _check_age(root, market, country)
        yield from _check_payout(market)
    yield from _check_translation(root)


def _check_days(market: Part) -> Iterator[Finding]:
    opens, closes = market.get("opens"), market.get("closes")
    first, last = opens.day(), closes.day()
    if first is None:
        message = "No opening day."
        yield block(opens, "E-CLOSING-DATE", message, "Add opens: 2026-12-01.")
    elif not _FIRST_DAY <= first < _LAST_DAY:
        yield block(opens, "E-CLOSING-DATE", f"{first} is out of the world.", "Check the year.")
    if not closes.is_there:
        message = "No closing day; people must know how long they have."
        yield block(closes, "E-CLOSING-DATE", message, "Add closes: 2027-01-15.")
    elif closes.text() == "open_ended":
        yield from _check_open_ended(market)
    elif first is not None and last is not None:
        if last < first:
            message = f"{last} is before the opening day {first}."
            yield block(closes, "E-CLOSING-DATE", message, "Write a day after it.")
        elif (last - first).days > DAYS_MAX:
            message = f"{last} is more than three years after {first}."
            yield block(closes, "E-CLOSING-DATE", message, "Write an earlier day.")
    zone = market.get("time_zone")
    if zone.is_there and not is_time_zone(zone.text() or ""):
        message = f"{zone.quoted()} is not a time zone."
        yield block(zone, "E-CLOSING-DATE", message, "Write one as Europe/Paris, or leave it out.")


def _check_open_ended(market: Part) -> Iterator[Finding]:
    closes = market.get("closes")
    message = "No closing day; it closes after three years at the latest."
    yield hold(closes, "E-OPEN-ENDED", message, "Someone signs for it, or write a day.")
    if not market.get("notice_days").is_there:
        message = "An open-ended market says how long before its end people are told."
        yield block(market.get("notice_days"), "E-CLOSING-DATE", message, "Add notice_days: 30.")


def is_time_zone(name: str) -> bool:
    """A name of the time-zone database; never a path that ZoneInfo would try to open."""
    return name in available_timezones() and ZoneInfo(name).key == name


def _check_pool(root: Part, market: Part, country: str) -> Iterator[Finding]:
    pool = market.get("pool")
    money, currency = pool.money(), market_facts(country).currency
    whole = pot(root, country, thanks=True)
    mend = f"Add pool: at least {whole.written()}, one full pot; many more to be useful."
    if money is None:
        yield block(pool, "E-POOL", "No money is set aside.", mend)
    elif money.currency != currency:
        message = f"{country} pays in {currency}, not {money.currency}."
        yield block(pool, "E-MARKET-CURRENCY", message, f"Write the pool in {currency}.")
    elif money.amount_minor < whole.amount_minor or money.amount_minor == 0:
        message = f"{money.written()} do not cover one full pot of {whole.written()}."
        yield block(pool, "E-POOL", message, "Set more aside, or promise less.")


def _check_assessment(market: Part) -> Iterator[Finding]:
    dpia, risk = market.get("dpia"), market.get("residual_risk")
    if not dpia.is_there or (dpia.text() or "").strip().lower() in _NO_REFERENCE:
        message = "No impact assessment; showing many people's photos needs one."
        yield block(dpia, "E-DPIA", message, "Do it with your data-protection officer; add dpia: its reference.")
    if risk.text() == "high":
        message = "A high risk remains; the authority is to be asked first (GDPR art. 36)."
        yield hold(risk, "E-DPIA-RISK", message, "Someone signs that it was asked.")


def _check_languages(root: Part, market: Part, country: str) -> Iterator[Finding]:
    official = market_facts(country).languages
    place = root.get("markets").key_place(country)
    written = market.get("languages")
    if written.is_there and not set(written.words()) & set(official):
        message = f"People in {country_name(country, 'en')} read {', '.join(official)}."
        yield block(written, "E-LANGUAGE", message, f"Add one of: {', '.join(official)}.")
        return
    wanted = written.words() or official
    if not set(wanted) & set(official) & covered_languages(root) or not set(written.words()) <= covered_languages(
        root
    ):
        yield from _missing_texts(root, country, tuple(wanted), required=bool(written.words()))
    elif not set(market_languages(root, country)) & set(PAGE_LANGUAGES):
        message = f"Onloan's own pages are in English and French, not in {', '.join(official)}."
        mend = "Someone signs for the language that people in this market will read."
        yield hold(market, "E-PAGES", message, mend, place=place)


def _missing_texts(root: Part, country: str, wanted: tuple[str, ...], *, required: bool) -> Iterator[Finding]:
    """At each text that lacks the language, so that the translator finds all of them."""
    name = country_name(country, "en")
    for group in text_parts(root):
        there = {key.text for key in group.names()}
        missing = [code for code in wanted if code not in there]
        if missing and (required or len(missing) == len(wanted)):
            message = f"This text is not in {' or '.join(missing)}, for {name}."
            yield block(group, "E-LANGUAGE", message, f"Add {missing[0]}: and the text.")


def _check_representative(root: Part, market: Part, country: str) -> Iterator[Finding]:
    home = controller_country(root)
    if home is None:
        return
    region = "EU" if market_facts(country).eea else "GB" if country == "GB" else None
    home_region = home
    if home in known_countries() and market_facts(home).eea:
        home_region = "EU"
    if region and home_region != region and not root.get("representatives").get(region).is_there:
        message = f"A merchant in {home} offers in {country} and has nobody there to speak to (art. 27)."
        mend = f"Add representatives: {{{region}: {{name: …, address: …}}}}."
        yield block(market, "E-REPRESENTATIVE", message, mend, place=root.get("markets").key_place(country))


def _check_age(root: Part, market: Part, country: str) -> Iterator[Finding]:
    age = market.get("age_min")
    least = age.whole()
    if least is None or least >= _ADULT:
        return
    consent_age = market_facts(country).digital_consent_age or _CONSENT_AGE_UNKNOWN
    items = [word for part in root.get("permissions").items() for word in part.get("items").words()]
    reasons = []
    if least < consent_age:
        reasons.append(f"below {consent_age} a parent decides, and no page asks one")
    if any(reward.get("cash").is_there for reward in root.get("rewards").items()):
        reasons.append("no cash for minors")
    if any(item in ITEMS and ITEMS[item].is_image for item in items):
        reasons.append("no photos of minors")
    if any(reward.get("thanks_for").is_there for reward in root.get("rewards").items()):
        reasons.append("no thank-you for a minor's permission")
    if reasons:
        message = f"{least} is too young here: {'; '.join(reasons)}."
        yield block(age, "E-AGE-MIN", message, "Write age_min: 18, or leave it out.")
    else:
        message = f"People from {least} on can join."
        yield hold(age, "E-AGE-LOWERED", message, "Someone signs why this campaign is fit for minors.")


def _check_payout(market: Part) -> Iterator[Finding]:
    days = market.get("payout_days")
    if (days.whole() or 0) > 30:
        message = f"{days.whole()} days are long; people are normally paid within 30."
        yield warn(days, "E-PAYOUT-LATE", message, "Write payout_days: 30, or leave it out.")


def _check_translation(root: Part) -> Iterator[Finding]:
    translation = root.get("translation")
    if translation.text() == "machine":
        message = "A machine translated what people agree to."
        yield hold(translation, "E-TRANSLATION", message, "Someone who reads the language signs for it.")
