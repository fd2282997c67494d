"""How authorities and laws of a country are named, in each language."""

from __future__ import annotations

from django.utils import translation

from onloan.markets.naming import name_accounts_law
from onloan.markets.rules import country_name, known_countries, market_facts


def test_a_law_on_accounts_is_named_in_one_language() -> None:
    """Whatever language is active: one that we looked up by its own name, any other by its country."""
    assert name_accounts_law("FR", "en") == name_accounts_law("FR", "fr") == "Code de commerce, art. L123-22"
    (country, *_) = [each for each in sorted(known_countries()) if not market_facts(each).payout_record_law]
    for active in ("en", "fr"):
        with translation.override(active):
            assert name_accounts_law(country, "fr") == f"droit comptable, {country_name(country, 'fr')}"
            assert name_accounts_law(country, "en") == f"accounting law, {country_name(country, 'en')}"
