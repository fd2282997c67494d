"""The archive of payments: a country's year without names, and one name at a time for a purpose that is kept."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.console.pages import TeamRequest, read_text, render_page, team_page
from onloan.errors import OnloanError
from onloan.markets.rules import country_name, market_facts
from onloan.offers.retention import account_years
from onloan.payouts.archive import ArchivedPayee, read_archive
from onloan.payouts.archive_queries import (
    ArchiveYear,
    find_archived,
    find_archived_by_reference,
    list_archive,
    list_archive_years,
    list_readings,
)
from onloan.payouts.errors import ArchiveUnknown
from onloan.payouts.rules import (
    ARCHIVE_REASON_CHARACTERS_MAX,
    ARCHIVE_REASON_CHARACTERS_MIN,
    END_TO_END_CHARACTERS_MAX,
    ArchivePurpose,
)

PAGE_MAX = 10_000
PURPOSE_CHARACTERS_MAX = 16
PURPOSE_WORDS: dict[ArchivePurpose, Promise] = {
    ArchivePurpose.AUDIT: gettext_lazy("an audit"),
    ArchivePurpose.TAX_AUTHORITY: gettext_lazy("the tax authority"),
    ArchivePurpose.DISPUTE: gettext_lazy("a dispute"),
}


@require_http_methods(["GET", "POST"])
@team_page(Capability.READ_ARCHIVE)
def show_archive(request: TeamRequest) -> HttpResponse:
    """A reference that is looked for goes in the body of a form, and never in an address."""
    if request.method != "POST":
        return _render_list(request)
    typed = read_text(request, "reference", END_TO_END_CHARACTERS_MAX)
    archive_id = find_archived_by_reference(typed)
    if archive_id is None:
        error = ArchiveUnknown()
        return _render_list(request, typed=typed, problem=f"{error} ({error.code})", status=error.status)
    return HttpResponseRedirect(reverse("console-archived", args=[archive_id]))


def _render_list(request: TeamRequest, *, typed: str = "", problem: str = "", status: int = 200) -> HttpResponse:
    years = list_archive_years()
    chosen = _read_year(request, years)
    page = _read_page(request)
    context: dict[str, object] = {
        "here": "money",
        "years": years,
        "named_years": [(each, _name(each.country)) for each in years],
        "chosen": chosen,
        "page": page,
        "typed": typed,
        "problem": problem,
    }
    if chosen is not None:
        lines, has_more = list_archive(country=chosen.country, year=chosen.year, page=page)
        facts = market_facts(chosen.country)
        context |= {
            "place": _name(chosen.country),
            "lines": lines,
            "has_more": has_more,
            "kept_years": account_years(facts),
            "is_looked_up": facts.payout_record_years is not None,
        }
    return render_page(request, "archive.html", context, status=status)


def _name(country: str) -> str:
    return country_name(country, get_language() or "en")


def _read_year(request: TeamRequest, years: list[ArchiveYear]) -> ArchiveYear | None:
    """The year and country asked for, else the latest one; None while the archive is empty."""
    wanted = (request.GET.get("country", ""), request.GET.get("year", ""))
    return next((each for each in years if (each.country, str(each.year)) == wanted), next(iter(years), None))


def _read_page(request: TeamRequest) -> int:
    typed = request.GET.get("page", "")
    return min(int(typed), PAGE_MAX) if typed.isascii() and typed.isdigit() and int(typed) else 1


@require_http_methods(["GET", "POST"])
@team_page(Capability.READ_ARCHIVE)
def show_archived(request: TeamRequest, archive_id: UUID) -> HttpResponse:
    """One payment. Its name stands on the answer to the form alone, so that looking again has to be said again."""
    if request.method != "POST":
        return _render_one(request, archive_id)
    purpose = read_text(request, "purpose", PURPOSE_CHARACTERS_MAX)
    reason = read_text(request, "reason", ARCHIVE_REASON_CHARACTERS_MAX)
    try:
        payee = read_archive(
            archive_id=archive_id, purpose=purpose, reason=reason, user_id=request.member.id, now=clock.now()
        )
    except OnloanError as error:
        if error.field not in {"purpose", "reason"}:
            raise
        return _render_one(request, archive_id, error=error, purpose=purpose, reason=reason)
    return _render_one(request, archive_id, payee=payee)


def _render_one(
    request: TeamRequest,
    archive_id: UUID,
    *,
    payee: ArchivedPayee | None = None,
    error: OnloanError | None = None,
    purpose: str = "",
    reason: str = "",
) -> HttpResponse:
    line = find_archived(archive_id)
    context = {
        "here": "money",
        "line": line,
        "place": _name(line.country),
        "time_zone": market_facts(line.country).time_zone,
        "payee": payee,
        "readings": [(reading, PURPOSE_WORDS[reading.purpose]) for reading in list_readings(archive_id)],
        "purposes": [(each.value, words) for each, words in PURPOSE_WORDS.items()],
        "purpose": purpose,
        "reason": reason,
        "minimum": ARCHIVE_REASON_CHARACTERS_MIN,
        "maximum": ARCHIVE_REASON_CHARACTERS_MAX,
        "bad": error.field if error is not None else "",
        "problem": f"{error} ({error.code})" if error is not None else "",
    }
    return render_page(request, "archived.html", context, status=error.status if error is not None else 200)
