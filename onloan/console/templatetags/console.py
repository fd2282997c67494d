"""What the console's templates need beyond the portal's."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.conf import settings
from django.utils.translation import get_language, pgettext

from onloan.access.rules import Role

register = template.Library()


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    code: str
    name: str
    is_current: bool


@register.simple_tag
def language_forms() -> list[LanguageChoice]:
    here = get_language()
    return [LanguageChoice(code, name, code == here) for code, name in settings.LANGUAGES]


@register.filter
def role_name(role: str) -> str:
    """A role of the team in words; as it stands when it is none of ours."""
    return {
        Role.GROWTH.value: pgettext("role", "growth"),
        Role.DPO.value: pgettext("role", "data protection"),
        Role.SUPPORT.value: pgettext("role", "support"),
        Role.FINANCE.value: pgettext("role", "finance"),
        Role.AUDITOR.value: pgettext("role", "audit"),
        Role.TILL.value: pgettext("role", "till"),
    }.get(role, role)
