"""The terms, and the conditions that belong beside each amount: written from the offer, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from onloan.markets.rules import known_countries, market_facts
from onloan.money import Money
from onloan.offers.blocks import Terms
from onloan.offers.document import Offer, RewardRule
from onloan.offers.retention import FRAUD_YEARS, SIGNAL_MONTHS
from onloan.offers.rules import (
    ACCOUNT_PAID_DAYS,
    ASK_AGAIN_DAYS,
    REVIEW_DAYS,
    VOUCHER_WARNING_DAYS,
    pot_to_reserve,
)
from onloan.offers.texts import (
    TEXT_LANGUAGES,
    render_all,
    render_terms,
    reward_lines,
    share_text,
    significant_conditions,
)
from onloan.payouts import rules as payout_rules
from onloan.referrals import review_rules
from onloan.vouchers import rules as voucher_rules
from tests.support.offers import spring_offer

OFFER = spring_offer()


def all_text(terms: Terms) -> str:
    parts = [terms.title]
    for section in terms.sections:
        parts += [section.title, *section.paragraphs, *section.points]
        if section.table:
            parts += [cell for row in (section.table.head, *section.table.rows) for cell in row]
    return "\n".join(parts)


def with_reward(offer: Offer, **changes: object) -> Offer:
    first, *rest = offer.rewards
    return replace(offer, rewards=(replace(first, **changes), *rest))  # type: ignore[arg-type]


def test_each_amount_stands_beside_its_condition_and_date() -> None:
    lines = reward_lines(OFFER, "FR", "en")
    assert [(line.rule_id, line.amount, line.nature) for line in lines] == [
        ("cash", "€4", "in cash"),
        ("thanks", "€14", "in a voucher for this shop"),
        ("welcome", "€10", "in a voucher for this shop"),
    ]
    assert lines[0].condition == "for each friend who signs up"
    assert lines[0].limit == "five times: €20 in all"
    assert lines[0].when == (
        "It counts 14 days after that. It is paid at most 30 days later. "
        "You may take it as a voucher of the same amount instead, valid for 180 days."
    )
    assert lines[1].when == "You get it 14 days after that. It is valid for 180 days."
    assert lines[2].condition == "when you sign up yourself"


def test_a_number_in_the_offer_is_the_number_in_the_text() -> None:
    """Each figure is changed alone, and the terms change with it: none is written by hand."""
    changes: list[tuple[Offer, str]] = [
        (replace(OFFER, referral=replace(OFFER.referral, window_days=37)), "at most 37 days after you joined"),
        (replace(OFFER, referral=replace(OFFER.referral, qualify_days=41)), "at most 41 days after joining"),
        (replace(OFFER, referral=replace(OFFER.referral, settle_days=23)), "It counts 23 days later"),
        (with_market(OFFER, payout_days=17), "at most 17 days after it counted"),
        (with_market(OFFER, age_min=21), "You are 21 or over"),
        (with_market(OFFER, closes_on=date(2027, 2, 3)), "3 February 2027"),
        (with_market(OFFER, notice_days=45), "45 days before"),
        (with_market(OFFER, pool=Money(12_345_00, "EUR")), "€12,345"),
        (with_reward(OFFER, amounts={"FR": Money(7_77, "EUR")}), "€7.77"),
        (with_reward(OFFER, valid_days=99), "valid for 99 days"),
        (with_reward(OFFER, kind="cash", or_voucher_days=66), "same amount instead, valid for 66 days"),
        (replace(OFFER, referral=replace(OFFER.referral, friends_per_day=3)), "one day, at most three count"),
        (replace(OFFER, referral=replace(OFFER.referral, friends_per_day=1)), "join on one day, one counts"),
        (with_reward(OFFER, to="friend"), "if somebody invited you"),
    ]
    for changed, sentence in changes:
        assert sentence not in all_text(render_terms(OFFER, "FR", "en"))
        assert sentence in all_text(render_terms(changed, "FR", "en"))


def with_market(offer: Offer, **changes: object) -> Offer:
    terms = replace(offer.markets["FR"], **changes)  # type: ignore[arg-type]
    return replace(offer, markets={**offer.markets, "FR": terms})


def test_it_carries_the_fixed_clauses() -> None:
    terms = render_terms(OFFER, "GB", "en")
    clause = " ".join(terms.section("no_claim_on_withdrawal").paragraphs)
    assert "Changing your mind costs nothing and takes back nothing." in clause
    assert "never ask for damages" in clause
    assert "never proves that you allowed something" in clause
    assert "You can join, invite and be paid without allowing this." in terms.section("permissions").paragraphs
    stopped = terms.section("stopped").paragraphs[0]
    assert "What you earned, and what is on the way, is paid on the same dates." in stopped
    assert "three reasons only" in terms.section("refused").paragraphs[0]


@pytest.mark.parametrize("country", known_countries())
def test_it_names_the_authority_of_the_market_and_nobody_first(country: str) -> None:
    """LR-098, in each market that has facts, in each language."""
    offer = replace(OFFER, markets={country: replace(OFFER.markets["FR"], country=country)}, rewards=())
    facts = market_facts(country)
    offer = replace(offer, rewards=tuple(priced_in(rule, country) for rule in OFFER.rewards))
    for language in TEXT_LANGUAGES:
        complaint = " ".join(render_terms(offer, country, language).section("complaint").paragraphs)
        assert facts.authority.name in complaint
        assert facts.authority.complaint_url in complaint
        tax = render_terms(offer, country, language).section("tax").paragraphs
        assert tax == (facts.tax_sentence[language],)
    assert "You do not have to ask us first." in " ".join(
        render_terms(offer, country, "en").section("complaint").paragraphs
    )


def priced_in(rule: RewardRule, country: str) -> RewardRule:
    return replace(rule, amounts={country: rule.amounts["FR"]})


def test_it_says_when_nothing_is_asked() -> None:
    terms = render_terms(replace(OFFER, permissions=()), "FR", "en")
    assert terms.section("permissions").paragraphs == ("We ask you to allow nothing. Nothing about you is shown.",)


def test_an_order_that_a_friend_places_stands_beside_the_amount() -> None:
    referral = replace(OFFER.referral, event="first_order", minimum_order={"FR": Money(30_00, "EUR")})
    offer = replace(OFFER, referral=referral)
    assert reward_lines(offer, "FR", "en")[0].condition == (
        "for each friend who places a first order (an ordinary order of at least €30)"
    )
    assert reward_lines(offer, "GB", "en")[0].condition == "for each friend who places a first order"
    assert "You yourself do not have to order anything." in all_text(render_terms(offer, "FR", "en"))


def test_the_first_screen_carries_the_significant_conditions() -> None:
    """LR-049: how, dates, amounts, total, limits, age, place, promoter, costs."""
    conditions = significant_conditions(OFFER, "GB", "en")
    assert (conditions.opens, conditions.closes) == ("1 November 2026", "15 January 2027")
    assert conditions.pool.startswith("£25,000 are set aside, for 500 full pots.")
    assert conditions.limits.startswith("At most five friends count.")
    assert (conditions.age, conditions.country) == ("18 or over", "United Kingdom")
    assert "Boutique Exemple SAS, 1 rue des Lilas" in conditions.promoter
    assert all(label and sentence for label, sentence in conditions.as_pairs())


def test_the_count_of_pots_is_what_the_pool_pays() -> None:
    pool, pot = OFFER.markets["GB"].pool, pot_to_reserve(OFFER, "GB", has_sponsor=True)
    assert (pot.amount_minor, pool.amount_minor // pot.amount_minor) == (50_00, 500)


def test_the_share_text_says_that_the_sender_is_rewarded() -> None:
    """LR-043 and LR-049: the reward, the place, the age, the last day, and where the conditions are."""
    text = share_text(OFFER, "GB", "en", "https://shop.example/l/ABCD")
    assert "I get a reward: £2 in cash and £7 in a voucher for this shop." in text
    assert "You get £5 in a voucher for this shop." in text
    assert "18 or over" in text
    assert "15 January 2027" in text
    assert text.endswith("https://shop.example/l/ABCD")
    french = share_text(OFFER, "FR", "fr", "https://shop.example/l/ABCD")
    assert "je reçois une récompense" in french
    assert "4\u202f€" in french or "4\u00a0€" in french


def test_a_thank_you_is_never_in_the_share_text() -> None:
    thanks = replace(
        OFFER.rewards[0], id="thank-you", amounts={"FR": Money(1_00, "EUR")}, thanks_for="winner-wall"
    )
    offer = replace(OFFER, rewards=(*OFFER.rewards, thanks))
    assert share_text(offer, "FR", "en", "L") == share_text(OFFER, "FR", "en", "L")
    assert "you keep it when you take that back" in all_text(render_terms(offer, "FR", "en"))


def test_it_says_how_cash_is_paid_and_what_holds_a_reward() -> None:
    terms = render_terms(OFFER, "FR", "en")
    paid = " ".join(terms.section("paid").paragraphs)
    assert "into an account in your own name, or by a slip" in paid
    assert "No amount is too small to be paid, and your page shows the day of each payment." in paid
    assert "we pay at most 14 days after that. You lose nothing." in paid
    assert "Only you choose it, for each amount once." in paid
    assert "we write to you 30 days and 7 days before" in paid
    held = " ".join(terms.section("held").paragraphs)
    assert "a person does, at most 10 days later" in held
    assert "If nobody has decided by then, the reward counts." in held
    assert "you have 14 days to ask again. Somebody else then decides" in held
    bound = replace(OFFER, referral=replace(OFFER.referral, friends_per_day=2))
    assert "Of those who join on one day, at most two count." in significant_conditions(bound, "FR", "en").limits


def test_it_offers_no_choice_that_the_offer_does_not_give() -> None:
    rewards = tuple(replace(rule, or_voucher_days=None) for rule in OFFER.rewards)
    text = all_text(render_terms(replace(OFFER, rewards=rewards), "FR", "en"))
    assert "instead" not in text and "Only you choose it" not in text
    vouchers = tuple(rule for rule in rewards if rule.kind == "voucher")
    paid = " ".join(render_terms(replace(OFFER, rewards=vouchers), "FR", "en").section("paid").paragraphs)
    assert "bit by bit" in paid and "account" not in paid and "cash" not in paid


def test_the_numbers_that_it_promises_are_the_numbers_that_are_kept() -> None:
    """Whoever keeps these promises lies above the offers, so the two are compared here."""
    assert timedelta(days=REVIEW_DAYS) == review_rules.DECIDE_WITHIN
    assert timedelta(days=ASK_AGAIN_DAYS) == review_rules.ASK_AGAIN_WITHIN
    assert payout_rules.DAYS_TO_PAY_AFTER_ACCOUNT == ACCOUNT_PAID_DAYS
    assert voucher_rules.WARNING_DAYS == VOUCHER_WARNING_DAYS
    assert timedelta(days=SIGNAL_MONTHS * 365 // 12) == review_rules.SIGNALS_KEPT
    assert timedelta(days=FRAUD_YEARS * 365) == review_rules.REFUSED_KEPT


NEVER_SAID = {
    "en": ("lend", "loan", "price", "deal", "exclusive", "hurry", "congratulations", "data subject", "forever"),
    "fr": ("prêt", "prêter", "vendez", "exclusi", "vite", "félicitations", "personne concernée", "perpétuité"),
}


@pytest.mark.parametrize("country", ["FR", "GB"])
@pytest.mark.parametrize("language", TEXT_LANGUAGES)
def test_it_keeps_to_the_words_of_the_house(country: str, language: str) -> None:
    text = str(render_all(OFFER)[country][language]).lower()
    assert [word for word in NEVER_SAID[language] if re.search(rf"\b{word}", text)] == []
    assert "%(" not in text
    assert "{link}" in text


def test_the_french_text_is_french_throughout() -> None:
    """No sentence of the English rendering is left in the French one, but names and addresses."""
    english, french = (sentences(render_all(OFFER)["FR"][language]) for language in ("en", "fr"))
    controller, authority = OFFER.controller, market_facts("FR").authority
    names = (controller.name, controller.address, authority.name)
    same = {text for text in english & french if is_prose(text) and not text.startswith(names)}
    assert same == set()


def is_prose(text: str) -> bool:
    """More than one word, and no address of a page or of a mail."""
    return " " in text and "@" not in text and "/" not in text


def sentences(value: object) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(sentences(entry) for entry in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(sentences(entry) for entry in value)) if value else set()
    return {value} if isinstance(value, str) else set()


def test_the_french_text_has_its_narrow_spaces() -> None:
    for text in sentences(render_all(OFFER)["FR"]["fr"]):
        if "://" not in text and not text.startswith("/"):
            assert not any(f" {mark}" in text for mark in ":;!?»"), text
