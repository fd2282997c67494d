"""Facts for 32 countries: complete, well-formed, and usable by the libraries that read them."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import holidays
import pytest
from babel.numbers import get_currency_precision

from onloan.markets import rules
from onloan.markets.calendar import public_holidays

EU = {
    *("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE"),
    *("IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE"),
}


def test_it_knows_the_union_its_neighbours_and_the_united_kingdom() -> None:
    assert set(rules.known_countries()) == EU | {"GB", "CH", "NO", "IS", "LI"}
    assert {country for country in rules.known_countries() if rules.market_facts(country).eu} == EU
    assert {country for country in rules.known_countries() if not rules.market_facts(country).eea} == {
        "GB",
        "CH",
    }


@pytest.mark.parametrize("country", rules.known_countries())
def test_it_has_what_the_product_needs(country: str) -> None:
    facts = rules.market_facts(country)
    assert ZoneInfo(facts.time_zone).key == facts.time_zone
    assert get_currency_precision(facts.currency) in {0, 2}
    assert facts.holidays_country in holidays.list_supported_countries()
    assert facts.languages
    assert all(len(language) == 2 for language in facts.languages)
    assert facts.authority.complaint_url.startswith("https://")
    assert set(facts.names) == set(facts.tax_sentence) == {"en", "fr"}
    assert public_holidays(country, date(2026, 11, 24))


@pytest.mark.parametrize(
    ("country", "language", "name"),
    [("GB", "fr", "Royaume-Uni"), ("GB", "en", "United Kingdom"), ("NO", "de", "Norway"), ("US", "en", "US")],
)
def test_it_names_a_country(country: str, language: str, name: str) -> None:
    assert rules.country_name(country, language) == name


@pytest.mark.parametrize(
    ("written", "country"), [(" france ", "FR"), ("Royaume-Uni", "GB"), ("gb", "GB"), ("Atlantis", None)]
)
def test_it_finds_a_country_by_its_name(written: str, country: str | None) -> None:
    assert rules.find_country(written) == country


@pytest.mark.parametrize("country", rules.known_countries())
def test_it_never_says_that_a_reward_is_free_of_tax(country: str) -> None:
    for sentence in rules.market_facts(country).tax_sentence.values():
        assert "tax-free" not in sentence.casefold()
        assert "net d'impôt" not in sentence.casefold()
        assert "may" in sentence or "peut" in sentence


def test_it_knows_where_cash_and_chance_are_a_doubt() -> None:
    assert rules.market_facts("IT").cash_reward == "refuse_until_counsel"
    assert rules.market_facts("BE").chance_mechanic == "refuse"
    assert rules.market_facts("FR").cash_reward == "in_use_per_sources"


def test_it_refuses_a_country_without_facts() -> None:
    with pytest.raises(KeyError):
        rules.market_facts("US")
