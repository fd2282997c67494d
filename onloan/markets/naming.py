"""How a sentence names the data-protection authority of a country, in each language. Pure."""

from __future__ import annotations

_FRENCH_AUTHORITIES = {"CNIL": "la CNIL", "ICO": "l'ICO"}


def name_authority(short_name: str, language: str) -> str:
    """``the CNIL``, ``la CNIL``: with its article, as a sentence needs it."""
    if language == "fr":
        return _FRENCH_AUTHORITIES.get(short_name, f"l'autorité compétente ({short_name})")
    return f"the {short_name}"
