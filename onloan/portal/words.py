"""Days, times, numbers and lists as a reader of each language writes them. Pure."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_time
from babel.lists import format_list
from babel.numbers import format_decimal

from onloan.markets.naming import name_authority

_LOCALES = {"en": "en_GB", "fr": "fr"}


def locale_of(language: str) -> str:
    return _LOCALES.get(language, language)


def day(value: date | datetime, language: str, time_zone: str = "UTC") -> str:
    """``30 May 2027``, ``1er mai 2027``. An instant is shown as the day it is in ``time_zone``."""
    if isinstance(value, datetime):
        value = value.astimezone(ZoneInfo(time_zone)).date()
    text: str = format_date(value, "d MMMM y", locale=locale_of(language))
    if language == "fr" and value.day == 1:
        text = "1er" + text[1:]
    return text


def short_day(value: date | datetime, language: str, time_zone: str = "UTC") -> str:
    """``30 May 2027``, ``1er janv. 2027``: for a list whose rows have one line each."""
    if isinstance(value, datetime):
        value = value.astimezone(ZoneInfo(time_zone)).date()
    text: str = format_date(value, "d MMM y", locale=locale_of(language))
    return "1er" + text[1:] if language == "fr" and value.day == 1 else text


def days(first: date, last: date, language: str) -> str:
    """``3–9 May 2027``, ``28 May 2027 – 2 June 2027``: from one day to a later one."""
    if (first.year, first.month) != (last.year, last.month):
        return f"{day(first, language)} – {day(last, language)}"
    text: str = format_interval(first, last, "yMMMMd", locale=locale_of(language))
    return text


def moment(value: datetime, language: str, time_zone: str = "UTC") -> str:
    """``30 May 2027 at 14:02``, ``30 mai 2027 à 14 h 02``, in ``time_zone``."""
    local = value.astimezone(ZoneInfo(time_zone))
    if language == "fr":
        return f"{day(local, language, time_zone)} à {local.hour}\u00a0h\u00a0{local.minute:02d}"
    clock_time: str = format_time(local, "HH:mm", locale=locale_of(language))
    return f"{day(local, language, time_zone)} at {clock_time}"


def number(value: int, language: str) -> str:
    """``12,401`` or ``12 401``."""
    text: str = format_decimal(value, locale=locale_of(language))
    return text


def spaced(code: str) -> str:
    """``ABCD EFGH J``: groups of four."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def listed(values: list[str], language: str) -> str:
    """``a, b and c``."""
    text: str = format_list(values, locale=locale_of(language))
    return text


# Masculine countries that take "au", and the others that do not take "en".
_FRENCH_IN = {
    "CY": "à Chypre",
    "DK": "au Danemark",
    "GB": "au Royaume-Uni",
    "LI": "au Liechtenstein",
    "LU": "au Luxembourg",
    "MT": "à Malte",
    "NL": "aux Pays-Bas",
    "PT": "au Portugal",
}
_ENGLISH_ARTICLE = frozenset({"GB", "NL"})


def in_country(country: str, name: str, language: str) -> str:
    """``in the United Kingdom``, ``au Royaume-Uni``: where, as the language says it. ``name`` is the bare name."""
    if language == "fr":
        return _FRENCH_IN.get(country, f"en {name}")
    article = "the " if country in _ENGLISH_ARTICLE and not name.startswith("the ") else ""
    return f"in {article}{name}"


def authority(short_name: str, language: str) -> str:
    """``the CNIL``, ``la CNIL``: the data-protection authority as a sentence names it."""
    return name_authority(short_name, language)
