from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from onloan.markets.rules import country_name, known_countries
from onloan.portal import words

NIGHT = datetime(2027, 5, 29, 23, 30, tzinfo=UTC)


def test_a_day_is_written_as_its_reader_does() -> None:
    assert words.day(date(2027, 5, 30), "en") == "30 May 2027"
    assert words.day(date(2027, 5, 30), "fr") == "30 mai 2027"
    assert words.day(date(2027, 5, 1), "fr") == "1er mai 2027"
    assert words.day(date(2027, 5, 1), "en") == "1 May 2027"


def test_an_instant_is_shown_in_the_markets_time_zone() -> None:
    assert words.day(NIGHT, "en", "Europe/Paris") == "30 May 2027"
    assert words.moment(NIGHT, "en", "Europe/Paris") == "30 May 2027 at 01:30"
    assert words.moment(NIGHT, "fr", "Europe/Paris") == "30 mai 2027 à 1\u00a0h\u00a030"
    assert words.moment(NIGHT, "en", "Europe/London") == "30 May 2027 at 00:30"


def test_numbers_and_lists_follow_the_language() -> None:
    assert words.number(12401, "en") == "12,401"
    assert words.number(12401, "fr") == "12\u202f401"
    assert words.listed(["a", "b", "c"], "en") == "a, b and c"
    assert words.listed(["a", "b", "c"], "fr") == "a, b et c"
    assert words.spaced("H8CRTFJW") == "H8CR TFJW"


@pytest.mark.parametrize(
    ("country", "french"),
    [
        ("FR", "en France"),
        ("GB", "au Royaume-Uni"),
        ("NL", "aux Pays-Bas"),
        ("CY", "à Chypre"),
        ("DK", "au Danemark"),
    ],
)
def test_a_country_takes_its_french_preposition(country: str, french: str) -> None:
    assert words.in_country(country, country_name(country, "fr"), "fr") == french


def test_every_country_can_stand_in_a_sentence() -> None:
    for country in known_countries():
        assert words.in_country(country, country_name(country, "en"), "en").startswith("in ")
        assert words.in_country(country, country_name(country, "fr"), "fr").split()[0] in {"en", "au", "aux", "à"}
    assert words.in_country("GB", "United Kingdom", "en") == "in the United Kingdom"


def test_the_authority_takes_its_article() -> None:
    assert words.authority("CNIL", "fr") == "la CNIL"
    assert words.authority("ICO", "fr") == "l'ICO"
    assert words.authority("ICO", "en") == "the ICO"
    assert words.authority("AEPD", "fr") == "l'autorité compétente (AEPD)"
