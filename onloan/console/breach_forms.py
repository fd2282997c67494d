"""What is typed on the pages of the breach register, and how what is kept stands in their fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from onloan.breaches.errors import BreachCountNotValid
from onloan.breaches.queries import BreachLine, EntryView
from onloan.breaches.rules import (
    ACCOUNT_FIELDS,
    COUNTS,
    PARTS,
    TEXT_CHARACTERS_MAX,
    TEXTS,
    Account,
    EntryKind,
    Risk,
    hours_left,
)
from onloan.clock import local_time
from onloan.console.pages import read_text
from onloan.console.templatetags.breachwords import account_label, moment_in_words, number_in_words
from onloan.errors import BadInput
from onloan.keys import keyed_hash
from onloan.markets.rules import country_name
from onloan.offers.wording import listed

MOMENTS = ("aware_at", "happened_from", "happened_to")
YEARS = range(2000, 2100)
DIGITS_MAX = 12


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One field of an entry, in words; ``before`` is what stood there, empty in the first entry."""

    label: str
    words: str
    before: str


def read_moment(request: HttpRequest, name: str, time_zone: str) -> datetime | None:
    """A day and a time in ``time_zone``; None where both are empty. Raises BadInput."""
    typed_day, typed_time = read_text(request, f"{name}_on", 10), read_text(request, f"{name}_time", 5)
    if not typed_day and not typed_time:
        return None
    try:
        local = datetime.combine(date.fromisoformat(typed_day), time.fromisoformat(typed_time))
    except ValueError as error:
        raise BadInput(field=f"{name}_on", problem=_("give the day and the time")) from error
    if local.year not in YEARS:
        raise BadInput(field=f"{name}_on", problem=_("give the day and the time"))
    return local.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def read_needed_moment(request: HttpRequest, name: str, time_zone: str) -> datetime:
    """The same, where it cannot be left out. Raises BadInput."""
    moment = read_moment(request, name, time_zone)
    if moment is None:
        raise BadInput(field=f"{name}_on", problem=_("give the day and the time"))
    return moment


def read_account(request: HttpRequest, time_zone: str) -> Account:
    """The record as it was typed; what is wrong with it, the action says. Raises BadInput, BreachCountNotValid."""
    texts = {name: read_text(request, name, characters_max) for name, characters_max in TEXTS.items()}
    return Account(
        facts=texts["facts"],
        aware_at=read_needed_moment(request, "aware_at", time_zone),
        happened_from=read_moment(request, "happened_from", time_zone),
        happened_to=read_moment(request, "happened_to", time_zone),
        countries=tuple(request.POST.getlist("countries")),
        people_categories=texts["people_categories"],
        people_count=_read_count(request, "people_count"),
        record_categories=texts["record_categories"],
        records_count=_read_count(request, "records_count"),
        effects=texts["effects"],
        measures=texts["measures"],
        contact=texts["contact"],
    )


def _read_count(request: HttpRequest, name: str) -> int | None:
    typed = "".join(read_text(request, name, 2 * DIGITS_MAX).split())
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= DIGITS_MAX):
        raise BreachCountNotValid(field=name)
    return int(typed)


def type_account(account: Account, time_zone: str) -> dict[str, Any]:
    """The record as it stands in the fields of its form."""
    typed: dict[str, Any] = {}
    for name in ACCOUNT_FIELDS:
        value = getattr(account, name)
        if name in MOMENTS:
            typed |= type_moment(name, value, time_zone)
        elif name in COUNTS:
            typed[name] = "" if value is None else str(value)
        else:
            typed[name] = value
    return typed


def type_moment(name: str, moment: datetime | None, time_zone: str) -> dict[str, str]:
    if moment is None:
        return {f"{name}_on": "", f"{name}_time": ""}
    local = local_time(moment, time_zone)
    return {f"{name}_on": local.date().isoformat(), f"{name}_time": local.strftime("%H:%M")}


def read_people_texts(request: HttpRequest, languages: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """What people are to read, by language and part."""
    return {
        language: {part: read_text(request, f"{part}_{language}", TEXT_CHARACTERS_MAX) for part in PARTS}
        for language in languages
    }


def mark_preview(breach_id: object, offer_slug: str, texts: dict[str, dict[str, str]]) -> str:
    """What the form carries from the preview to the send: one value for one text to one audience."""
    parts = [
        f"{language}/{part}/{text}" for language, each in sorted(texts.items()) for part, text in each.items()
    ]
    return keyed_hash("breach-preview", "\n".join([str(breach_id), offer_slug, *parts]))


def clock_words(line: BreachLine, now: datetime) -> str:
    """How much time is left, in hours; or why no clock runs."""
    if line.closed_at is not None:
        return ""
    if line.due_at is not None:
        return hours_in_words(hours_left(line.due_at, now))
    if line.untold:
        return _("as soon as possible")
    return _("no authority to tell") if line.risk is Risk.UNLIKELY else _("every authority told")


def hours_in_words(hours: int) -> str:
    if hours < 0:
        return ngettext("%(hours)d hour late", "%(hours)d hours late", -hours) % {"hours": -hours}
    if hours == 0:
        return _("less than an hour left")
    return ngettext("%(hours)d hour left", "%(hours)d hours left", hours) % {"hours": hours}


def show_value(name: str, value: object, time_zone: str) -> str:
    """A field of the record as it is read; empty where nobody knows it yet."""
    language = get_language() or "en"
    if value in (None, "", [], ()):
        return ""
    if name in MOMENTS:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment_in_words(moment, time_zone)
    if name in COUNTS:
        return number_in_words(int(str(value)))
    if name == "countries":
        assert isinstance(value, list | tuple)
        return listed([country_name(country, language) for country in value], language)
    return str(value)


def show_changes(entries: tuple[EntryView, ...], time_zone: str) -> list[tuple[EntryView, list[ShownChange]]]:
    """Each entry with the fields that it wrote, and what stood in them before."""
    shown = []
    stands: dict[str, Any] = {}
    for entry in entries:
        changes: list[ShownChange] = []
        if entry.kind in {EntryKind.RECORDED, EntryKind.CHANGED}:
            for name, value in entry.values.items():
                new, old = show_value(name, value, time_zone), show_value(name, stands.get(name), time_zone)
                if new or old:
                    changes.append(ShownChange(account_label(name), new, old))
            stands |= entry.values
        shown.append((entry, changes))
    return shown
