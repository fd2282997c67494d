"""Defaults, the document and its JSON, the headline, and the vocabularies."""

from __future__ import annotations

import json
from datetime import date

import pytest

from onloan.offers import vocabulary
from onloan.offers.defaults import build_offer
from onloan.offers.document import Offer
from onloan.offers.document_json import offer_from_json, offer_to_json
from onloan.offers.headline import headline, number_word
from onloan.offers.lint import check_text
from tests.offers.files import FAIR, changed
from tests.offers.test_examples import EXAMPLES

FULL = changed(
    ("email: privacy@boutique.example", "email: privacy@boutique.example\n  dpo: dpo@boutique.example"),
    ("closes: 2027-01-15", "closes: open_ended, notice_days: 30"),
    ("app_signed_up", "first_order, minimum_order: 20.00 EUR"),
    ("referral:\n", "referral:\n  friends_per_day: 2\n"),
    ("voucher: {FR: 10.00 EUR}", "voucher: {FR: 10.00 EUR}, own_codes: true"),
    ("cash: {FR: 4.00 EUR}", "cash: {FR: 4.00 EUR}, or_voucher: {valid_days: 90}"),
    ("  - id: card\n", "  - id: card\n    recipients: [printer]\n"),
    (
        "claims:\n",
        "recipients:\n"
        "  - {id: printer, name: Imprimerie SARL, role: processor, country: US, contract: D-7, transfer: scc}\n"
        "representatives: {GB: {name: X Ltd, address: London}}\n"
        "claims:\n  - nothing_disclosed_for_money\n",
    ),
)


def offer_of(text: str) -> Offer:
    report = check_text(text, "offer.yaml")
    assert report.offer is not None, [finding.sentence("offer.yaml") for finding in report.findings]
    return report.offer


@pytest.mark.parametrize("text", [FAIR, FULL], ids=["fair", "full"])
def test_it_keeps_everything_through_json(text: str) -> None:
    offer = offer_of(text)
    written = json.loads(json.dumps(offer_to_json(offer)))
    assert offer_from_json(written) == offer
    assert offer_to_json(offer_from_json(written)) == written


def test_it_reads_a_version_written_before_a_field_was_added() -> None:
    written = offer_to_json(offer_of(FAIR))
    del written["recipients"], written["representatives"]
    assert offer_from_json(written) == offer_of(FAIR)


def test_it_reads_a_reward_written_before_the_choice_of_a_voucher() -> None:
    written = offer_to_json(offer_of(FAIR))
    del written["referral"]["friends_per_day"]
    for rule in written["rewards"]:
        del rule["or_voucher_days"], rule["own_codes"]
    assert offer_from_json(written) == offer_of(FAIR)


def test_it_reads_the_choice_of_a_voucher_own_codes_and_the_friends_of_a_day() -> None:
    plain, full = offer_of(FAIR), offer_of(FULL)
    assert [(rule.or_voucher_days, rule.own_codes) for rule in plain.rewards] == [(None, False), (None, False)]
    assert [(rule.or_voucher_days, rule.own_codes) for rule in full.rewards] == [(None, True), (90, False)]
    assert (plain.referral.friends_per_day, full.referral.friends_per_day) == (None, 2)
    for written in ("or_voucher: {}", "or_voucher: {valid_days: }"):
        offer = offer_of(changed(("cash: {FR: 4.00 EUR}", f"cash: {{FR: 4.00 EUR}}, {written}")))
        assert offer.rewards[1].or_voucher_days == 365, "a year, as for any voucher"


def test_it_names_each_default_that_it_takes() -> None:
    defaults = {default.path: default.value for default in check_text(FAIR, "offer.yaml").defaults}
    assert defaults == {
        "controller.country": "FR",
        "controller.dpo": "none",
        "markets.FR.languages": "fr",
        "markets.FR.time_zone": "Europe/Paris",
        "markets.FR.payout_days": "30",
        "markets.FR.age_min": "18",
        "referral.window_days": "30",
        "referral.qualifies.settle_days": "14",
        "referral.qualifies.within_days": "30",
        "rewards[0].valid_days": "365",
        "rewards[0].label": "Welcome voucher",
        "rewards[1].label": "Cash for each friend",
        "permissions[0].territories": "FR",
        "permissions[0].recipients": "none",
        "permissions[0].term_days": "365",
        "permissions[0].excluded_contexts": ", ".join(vocabulary.EXCLUDED_CONTEXTS),
        "colour": "#0b5d4e",
    }


def test_it_takes_no_default_for_what_is_written() -> None:
    taken = {default.path for default in check_text(FULL, "offer.yaml").defaults}
    assert not taken & {"controller.dpo", "permissions[0].recipients"}


def test_it_closes_an_open_ended_market_after_three_years() -> None:
    terms = offer_of(FULL).markets["FR"]
    assert (terms.notice_days, terms.closes_on) == (30, date(2029, 11, 30))


@pytest.mark.parametrize(
    ("edits", "language", "sentence"),
    [
        ([], "en", "€20 in cash and €10 in vouchers for this shop, if five friends sign up"),
        (
            [],
            "fr",
            "20 € en argent et 10 € en bons d'achat pour cette boutique, "
            "si cinq personnes que vous invitez s'inscrivent",
        ),
        ([], "de", "€20 in cash and €10 in vouchers for this shop, if five friends sign up"),
        (
            [("times: 5", "times: 1")],
            "en",
            "€4 in cash and €10 in vouchers for this shop, if one friend signs up",
        ),
        (
            [("times: 5", "times: 1")],
            "fr",
            "4 € en argent et 10 € en bons d'achat pour cette boutique, "
            "si une personne que vous invitez s'inscrit",
        ),
        (
            [("times: 5", "times: 12"), ("4.00 EUR", "4.50 EUR")],
            "en",
            "€54 in cash and €10 in vouchers for this shop, if 12 friends sign up",
        ),
        (
            [("  - {id: cash, to: sponsor, cash: {FR: 4.00 EUR}, times: 5}\n", "")],
            "en",
            "€10 in vouchers for this shop, when you sign up",
        ),
        (
            [("  - {id: cash, to: sponsor, cash: {FR: 4.00 EUR}, times: 5}\n", "")],
            "fr",
            "10 € en bons d'achat pour cette boutique, quand vous vous inscrivez",
        ),
        (
            [("to: participant, voucher: {FR: 10.00 EUR}", "to: participant, fulfilled: {FR: 10.50 EUR}")],
            "en",
            "€20 in cash and €10.50 in credit with this shop, if five friends sign up",
        ),
        (
            [("app_signed_up", "first_order, minimum_order: 20.00 EUR")],
            "en",
            "€20 in cash and €10 in vouchers for this shop, if five friends place a first order of at least €20",
        ),
        (
            [("app_signed_up", "first_order, minimum_order: 20.00 EUR")],
            "fr",
            "20 € en argent et 10 € en bons d'achat pour cette boutique, "
            "si cinq personnes que vous invitez passent une première commande d'au moins 20 €",
        ),
    ],
)
def test_it_computes_the_headline(edits: list[tuple[str, str]], language: str, sentence: str) -> None:
    said = headline(offer_of(changed(*edits)), "FR", language)
    assert said.replace("\u00a0", " ").replace("\u202f", " ") == sentence


def test_it_leaves_a_thank_you_out_of_the_headline() -> None:
    thanks = "  - {id: merci, to: participant, voucher: {FR: 1.00 EUR}, thanks_for: card}\npermissions:\n"
    assert headline(offer_of(changed(("permissions:\n", thanks))), "FR", "en") == headline(
        offer_of(FAIR), "FR", "en"
    )


@pytest.mark.parametrize(
    ("count", "language", "word"), [(1, "fr", "une"), (10, "en", "ten"), (11, "fr", "11"), (2, "de", "two")]
)
def test_it_writes_small_numbers_in_words(count: int, language: str, word: str) -> None:
    assert number_word(count, language) == word


def test_it_has_plain_words_for_everything_in_both_languages() -> None:
    both = {"en", "fr"}
    for item in vocabulary.ITEMS.values():
        assert set(item.yours) == set(item.mine) == both
        assert item.dpv.startswith("pd:")
    for purpose in vocabulary.PURPOSES.values():
        assert set(purpose.sentence) == both
        assert set(purpose.audience) == (both if purpose.is_asked else set())
        assert (purpose.basis == "consent") == purpose.is_asked
        assert purpose.dpv.startswith("dpv:")
    for channel in vocabulary.CHANNELS.values():
        assert set(channel.place) == both
    for event in vocabulary.EVENTS.values():
        assert set(event.one) == set(event.many) == set(event.you) == both


def test_its_fragments_make_the_sentence_that_people_agree_to() -> None:
    item, purpose = vocabulary.ITEMS["username"], vocabulary.PURPOSES["referral_card"]
    channel = vocabulary.CHANNELS["invitation_page"]
    assert (
        f"Afficher {item.mine['fr']} {purpose.audience['fr']}, {channel.place['fr']}"
        == "Afficher mon pseudo aux personnes que j'invite, sur la page d'invitation"
    )


def test_it_says_nothing_rather_than_fail_when_a_language_is_missing() -> None:
    assert vocabulary.said({"fr": "oui"}, "de") == "oui"
    assert vocabulary.said({}, "de") == ""


def test_it_builds_the_same_offer_twice() -> None:
    text = (EXAMPLES / "spring-pot.yaml").read_text(encoding="utf-8")
    assert offer_of(text) == offer_of(text)
    assert build_offer.__doc__
