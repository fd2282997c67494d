"""Who else can be complained to, from the first screen on: the authority of a country that is known, and of all.

No country is guessed from a language: many people live where another one is spoken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest
from django.utils.translation import get_language

from onloan.markets.rules import Authority, country_name, known_countries, market_facts
from onloan.portal import words


@dataclass(frozen=True, slots=True)
class AuthorityLine:
    """The authority of one country. ``has_form_law``: its law asks us to have a form for complaints."""

    country: str
    country_name: str
    name: str
    authority: Authority
    has_form_law: bool


def read_country(request: HttpRequest) -> str:
    """The country that a link of a market's page named; empty where there is none."""
    country = request.GET.get("country", "")
    return country if country in known_countries() else ""


def authorities_context(request: HttpRequest) -> dict[str, object]:
    """The one of the country that is known, if any, and the list of all."""
    lines = _list_authorities(get_language() or "en")
    country = request.POST.get("country", "") or read_country(request)
    return {
        "authorities": lines,
        "authority_here": next((line for line in lines if line.country == country), None),
    }


@cache
def _list_authorities(language: str) -> list[AuthorityLine]:
    """By the name of the country."""
    lines = []
    for country in known_countries():
        facts = market_facts(country)
        name = words.authority(facts.authority.short_name, language)
        lines.append(
            AuthorityLine(country, country_name(country, language), name, facts.authority, facts.complaint_law)
        )
    return sorted(lines, key=lambda line: line.country_name)
