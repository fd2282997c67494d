"""The words of the breach register: risks, grounds, fields, and what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from onloan import clock
from onloan.breaches.queries import EntryView
from onloan.breaches.rules import EntryKind, Ground, Risk
from onloan.breaches.rules import show_reference as _show_reference
from onloan.markets.rules import country_name as _country_name
from onloan.offers.wording import written_day, written_number

register = template.Library()


def number_in_words(count: int) -> str:
    return written_number(count, get_language() or "en")


def moment_in_words(instant: datetime, time_zone: str) -> str:
    """``30 May 2027 at 14:02``, ``30 mai 2027 à 14 h 02``, in ``time_zone``."""
    local, language = clock.local_time(instant, time_zone), get_language() or "en"
    day = written_day(local.date(), language)
    if language == "fr":
        return f"{day} à {local.hour}\u00a0h\u00a0{local.minute:02d}"
    return f"{day} at {local:%H:%M}"


@register.filter
def breach_number(reference: str) -> str:
    return _show_reference(reference)


@register.filter
def country_in_words(country: str) -> str:
    return _country_name(country, get_language() or "en")


@register.filter
def language_in_words(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))


@register.filter
def risk_name(risk: str) -> str:
    return {
        Risk.UNKNOWN: _("not judged yet"),
        Risk.UNLIKELY: _("no risk is likely"),
        Risk.RISK: _("a risk"),
        Risk.HIGH: _("a high risk"),
    }[Risk(risk)]


@register.filter
def ground_name(ground: str) -> str:
    return {
        Ground.PROTECTED: _("the data cannot be read by whoever has them, such as encrypted ones"),
        Ground.AVERTED: _("what was done since makes the high risk unlikely"),
        Ground.EFFORT: _("it would be out of proportion; people are told in public instead"),
    }[Ground(ground)]


@register.filter
def account_label(name: str) -> str:
    """How a field of the record is called."""
    return {
        "facts": _("What happened"),
        "aware_at": _("The team became aware"),
        "happened_from": _("It began"),
        "happened_to": _("It ended"),
        "countries": _("Countries whose people are touched"),
        "people_categories": _("Which people"),
        "people_count": _("About how many people"),
        "record_categories": _("Which data"),
        "records_count": _("About how many records"),
        "effects": _("Likely effects"),
        "measures": _("What was done, and what is planned"),
        "contact": _("Contact point"),
    }[name]


def _count(values: Mapping[str, Any]) -> int:
    return int(values.get("count", 0))


_TITLES: Mapping[EntryKind, Callable[[EntryView], str]] = {
    EntryKind.RECORDED: lambda entry: _("Recorded: the clock runs"),
    EntryKind.CHANGED: lambda entry: _("Filled in or corrected"),
    EntryKind.ASSESSED: lambda entry: _("Risk judged: %(risk)s") % {"risk": risk_name(entry.values["risk"])},
    EntryKind.AUTHORITY_TOLD: lambda entry: (
        (
            _("Corrected: when the authority was told (%(country)s)")
            if entry.is_correction
            else _("Authority told (%(country)s)")
        )
        % {"country": country_in_words(entry.country)}
    ),
    EntryKind.TELLING_BEGUN: lambda entry: (
        ngettext("Telling %(count)s person begins", "Telling %(count)s people begins", _count(entry.values))
        % {"count": number_in_words(_count(entry.values))}
    ),
    EntryKind.PEOPLE_TOLD: lambda entry: (
        ngettext("%(count)s person was written to", "%(count)s people were written to", _count(entry.values))
        % {"count": number_in_words(_count(entry.values))}
    ),
    EntryKind.MAILS_SETTLED: lambda entry: (
        ngettext("%(count)s mail did not arrive", "%(count)s mails did not arrive", _count(entry.values))
        % {"count": number_in_words(_count(entry.values))}
    ),
    EntryKind.PEOPLE_NOT_TOLD: lambda entry: (
        _("People are not told: %(ground)s") % {"ground": ground_name(entry.values["ground"])}
    ),
    EntryKind.NOTED: lambda entry: pgettext("breach", "Note"),
    EntryKind.ALARMED: lambda entry: (
        ngettext(
            "Alarm by mail: at most %(hours)s hour left",
            "Alarm by mail: at most %(hours)s hours left",
            entry.values["hours"],
        )
        % {"hours": entry.values["hours"]}
        if entry.values["hours"]
        else _("Alarm by mail: the time is over")
    ),
    EntryKind.CLOSED: lambda entry: pgettext("breach", "Closed"),
    EntryKind.REOPENED: lambda entry: pgettext("breach", "Reopened"),
}


@register.filter
def entry_title(entry: EntryView) -> str:
    return _TITLES[entry.kind](entry)
