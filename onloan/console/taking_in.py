"""Taking in what came by letter, by telephone or at a counter: one form, after which the case is as any other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onloan import clock, ids
from onloan.access.rules import Capability
from onloan.cases.actions import REPRESENTATIVE_CHARACTERS_MAX
from onloan.cases.identifying import HOW_CHARACTERS_MAX
from onloan.cases.letters import (
    POSTAL_CHARACTERS_MAX,
    CameBy,
    Written,
    write_down,
)
from onloan.cases.rules import ABOUTS, TEXT_CHARACTERS_MAX, About, Kind
from onloan.console.pages import TeamRequest, read_text, render_page, team_page
from onloan.errors import OnloanError
from onloan.markets.rules import country_name, known_countries

CAME_BY_WORDS: dict[CameBy, Promise] = {
    CameBy.LETTER: gettext_lazy("A letter"),
    CameBy.CALL: gettext_lazy("A telephone call"),
    CameBy.COUNTER: gettext_lazy("Somebody came in person"),
    CameBy.OTHER: gettext_lazy("Otherwise, such as a message to a colleague or on a network"),
}
FIELDS = {
    "text": TEXT_CHARACTERS_MAX,
    "email": 254,
    "postal_address": POSTAL_CHARACTERS_MAX,
    "representative": REPRESENTATIVE_CHARACTERS_MAX,
    "known_as": 254,
    "how": HOW_CHARACTERS_MAX,
    "received_on": 10,
}
# Which field an error of the address belongs to.
RENAMED = {"contact": "email", "typed": "known_as", "mandate": "is_mandate_seen"}


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    words: str


@require_http_methods(["GET", "POST"])
@team_page(Capability.HANDLE_CASES)
def take_in(request: TeamRequest) -> HttpResponse:
    if request.method != "POST":
        return _render(request, [])
    written, errors = _read(request)
    if written is None:
        return _render(request, errors)
    try:
        form_id = ids.read_id(request.POST.get("form_id", ""))
        opened = write_down(user_id=request.member.id, written=written, case_id=form_id, now=clock.now())
    except OnloanError as error:
        field = RENAMED.get(error.field, error.field)
        return _render(request, [FieldError(field, f"{error} ({error.code})")], status=error.status)
    messages.success(request, _("Taken in. Its number is %(reference)s.") % {"reference": opened.reference})
    return HttpResponseRedirect(reverse("console-case", args=[opened.case_id]))


def _read(request: TeamRequest) -> tuple[Written | None, list[FieldError]]:
    """What was typed, or all that is missing in it; what is wrong with it, the action says."""
    typed = {name: read_text(request, name, length) for name, length in FIELDS.items()}
    kind, country = request.POST.get("kind", ""), request.POST.get("country", "")
    came_by, about = request.POST.get("came_by", ""), request.POST.get("about", "")
    received_on = _read_day(typed["received_on"])
    errors: list[FieldError] = []
    if kind not in set(Kind) - {Kind.SIGHTING}:
        errors.append(FieldError("kind", _("Choose what the person wants.")))
    if received_on is None:
        errors.append(FieldError("received_on", _("Choose the day on which it came in.")))
    if came_by not in set(CameBy):
        errors.append(FieldError("came_by", _("Choose how it came.")))
    if country not in known_countries():
        errors.append(FieldError("country", _("Choose the country where the person lives.")))
    if not (typed["email"] or typed["postal_address"]):
        errors.append(
            FieldError("email", _("Give an e-mail address, or the postal address for an answer by letter."))
        )
    if errors or received_on is None:
        return None, errors
    chosen = Kind(kind)
    return (
        Written(
            kind=chosen,
            about=About(about) if about in set(About) else About.NOTHING,
            text=typed["text"],
            country=country,
            language=request.POST.get("language", ""),
            received_on=received_on,
            came_by=CameBy(came_by),
            email=typed["email"],
            postal_address=typed["postal_address"],
            representative=typed["representative"],
            is_mandate_seen=request.POST.get("is_mandate_seen") == "yes",
            known_as=typed["known_as"],
            how=typed["how"],
        ),
        [],
    )


def _read_day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _render(request: TeamRequest, errors: list[FieldError], *, status: int = 422) -> HttpResponse:
    is_sent = request.method == "POST"
    language = get_language() or "en"
    context = {
        "here": "cases",
        "is_wide": False,
        "errors": errors,
        "bad": {each.field: each.words for each in errors},
        "typed": request.POST if is_sent else {"language": language},
        "kinds": [kind.value for kind in Kind if kind is not Kind.SIGHTING],
        "abouts": [
            (kind.value, [about.value for about in About if about and about in allowed])
            for kind, allowed in ABOUTS.items()
        ],
        "ways": [(way.value, words) for way, words in CAME_BY_WORDS.items()],
        "countries": sorted(((code, country_name(code, language)) for code in known_countries()), key=_by_name),
        "languages": settings.LANGUAGES,
        "today": clock.now().date(),
        "lengths": FIELDS,
    }
    return render_page(request, "case_new.html", context, status=status if is_sent else 200)


def _by_name(country: tuple[str, str]) -> str:
    return country[1]
