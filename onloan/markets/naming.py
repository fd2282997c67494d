"""How a sentence names the data-protection authority of a country, and its law on accounts, in each language.
Pure."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext

from onloan.markets.rules import country_name, market_facts

_FRENCH_AUTHORITIES = {"CNIL": "la CNIL", "ICO": "l'ICO"}


def name_authority(short_name: str, language: str) -> str:
    """``the CNIL``, ``la CNIL``: with its article, as a sentence needs it."""
    if language == "fr":
        return _FRENCH_AUTHORITIES.get(short_name, f"l'autorité compétente ({short_name})")
    return f"the {short_name}"


def name_accounts_law(country: str, language: str) -> str:
    """By its own name, or by its country where we did not look it up."""
    if named := market_facts(country).payout_record_law:
        return named
    with translation.override(language):
        return gettext("accounting law, %(country)s") % {"country": country_name(country, language)}
