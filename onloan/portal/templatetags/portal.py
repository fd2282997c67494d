"""What templates need to write amounts, days and addresses as a reader of the language does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django import template
from django.conf import settings
from django.urls import translate_url
from django.utils.translation import get_language

from onloan.money import Money
from onloan.portal import words

register = template.Library()


@dataclass(frozen=True, slots=True)
class LanguageLink:
    code: str
    name: str
    address: str
    is_current: bool


@register.simple_tag
def is_demo() -> bool:
    return bool(settings.TEST_MODE)


@register.simple_tag(takes_context=True)
def language_links(context: template.Context) -> list[LanguageLink]:
    """The same page in each language; empty where its address has no language, or where there is no request."""
    request = context.get("request")
    if request is None or not request.path.startswith(tuple(f"/{code}/" for code, _ in settings.LANGUAGES)):
        return []
    here = get_language()
    offered = context.get("page_languages") or [code for code, _ in settings.LANGUAGES]
    return [
        LanguageLink(code, name, translate_url(request.get_full_path(), code), code == here)
        for code, name in settings.LANGUAGES
        if code in offered
    ]


@register.filter
def money(amount: Money | None) -> str:
    """``20 €`` or ``£20``; nothing for None."""
    return amount.format(get_language() or "en") if amount is not None else ""


@register.filter
def day(value: date | datetime | None, time_zone: str = "UTC") -> str:
    """``30 May 2027``; an instant is shown as the day it is in ``time_zone``."""
    return words.day(value, get_language() or "en", time_zone) if value is not None else ""


@register.filter
def short_day(value: date | datetime) -> str:
    """``3 Dec 2026``, ``3 déc. 2026``."""
    return words.short_day(value, get_language() or "en")


@register.filter
def moment(value: datetime | None, time_zone: str = "UTC") -> str:
    """``30 May 2027 at 14:02`` in ``time_zone``."""
    return words.moment(value, get_language() or "en", time_zone) if value is not None else ""


@register.filter
def number(value: int) -> str:
    return words.number(value, get_language() or "en")


@register.filter
def beside(row: Sequence[str], head: Sequence[str]) -> list[tuple[str, str]]:
    """Each cell of a row with its column's name, for a table that folds on a phone."""
    return list(zip(head, row, strict=True))


@register.filter
def spaced(code: str) -> str:
    """A code in groups of four, easier to read and to type."""
    return words.spaced(code)


@register.filter
def listed(values: list[str] | tuple[str, ...]) -> str:
    """``a, b and c``."""
    return words.listed(list(values), get_language() or "en")
