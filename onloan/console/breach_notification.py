"""What an authority is told (GDPR art. 33(3)): a page to print, and the same as plain text for its form."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from onloan.access.rules import Capability
from onloan.breaches.queries import BreachView, find_breach, find_team_time_zone, list_controllers
from onloan.breaches.rules import EntryKind, Risk, show_reference
from onloan.console.breach_forms import show_value
from onloan.console.pages import TeamRequest, render_page, team_page
from onloan.console.templatetags.breachwords import (
    account_label,
    country_in_words,
    moment_in_words,
    number_in_words,
    risk_name,
)
from onloan.markets.rules import market_facts

TOLD_FIELDS = (
    "facts", "aware_at", "happened_from", "happened_to", "countries", "people_categories", "people_count",
    "record_categories", "records_count", "contact", "effects", "measures",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One item of the notification. ``is_missing``: the law asks for it, and nobody has written it yet."""

    heading: str
    words: str
    is_missing: bool = False


@require_GET
@team_page(Capability.VIEW_BREACHES)
def show_notification(request: TeamRequest, breach_id: UUID) -> HttpResponse:
    breach = find_breach(breach_id)
    context = {
        "here": "breaches",
        "is_wide": False,
        "breach": breach,
        "lines": write_notification(breach),
        "text": write_as_text(breach),
        "authorities": [(line, market_facts(line.country)) for line in breach.authorities],
    }
    return render_page(request, "breach_notification.html", context)


@require_GET
@team_page(Capability.VIEW_BREACHES)
def download_notification(request: TeamRequest, breach_id: UUID) -> HttpResponse:
    breach = find_breach(breach_id)
    response = HttpResponse(write_as_text(breach), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="breach-{breach.line.reference}.txt"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def write_notification(breach: BreachView) -> list[ToldLine]:
    """Every item of art. 33(3) in the order in which it is known, and what is missing by its name."""
    time_zone = find_team_time_zone()
    controllers = [
        f"{each.name}, {each.address}, {each.email}" for each in list_controllers(breach.account.countries)
    ]
    lines = [
        ToldLine(_("Our number"), show_reference(breach.line.reference)),
        _line(_("Who tells you"), "\n".join(controllers), is_asked=True),
    ]
    for name in TOLD_FIELDS:
        value = show_value(name, getattr(breach.account, name), time_zone)
        lines.append(_line(account_label(name), value, is_asked=name in breach.missing))
    risk = "" if breach.line.risk is Risk.UNKNOWN else f"{risk_name(breach.line.risk)}. {breach.risk_reason}"
    lines.append(_line(_("How great the risk to people is"), risk, is_asked=True))
    told = [
        f"{country_in_words(each.country)} – {moment_in_words(each.told_at, time_zone)}"
        for each in breach.authorities
        if each.told_at is not None
    ]
    lines.append(ToldLine(_("Authorities told so far"), "\n".join(told) or _("none yet")))
    late = [entry.note for entry in breach.entries if entry.kind is EntryKind.AUTHORITY_TOLD and entry.note]
    if late:
        lines.append(ToldLine(_("What was said when they were told"), "\n".join(late)))
    lines.append(ToldLine(_("People told"), _write_telling(breach, time_zone)))
    return lines


def _line(heading: str, value: str, *, is_asked: bool) -> ToldLine:
    if value:
        return ToldLine(heading, value)
    return ToldLine(heading, _("not known yet: it follows") if is_asked else _("not known"), is_missing=is_asked)


def _write_telling(breach: BreachView, time_zone: str) -> str:
    if not breach.tellings:
        return _("not so far")
    return "\n".join(
        _("%(count)s people by mail, from %(when)s")
        % {
            "count": number_in_words(each.people_count),
            "when": moment_in_words(each.started_at, time_zone),
        }
        for each in breach.tellings
    )


def write_as_text(breach: BreachView) -> str:
    """The same to paste into the authority's form."""
    return "\n\n".join(f"{line.heading}\n{line.words}" for line in write_notification(breach)) + "\n"
