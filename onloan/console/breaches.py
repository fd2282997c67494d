"""The breach register: what is open by the time that is left, recording one, and the page of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.access.team import Member, require
from onloan.breaches.actions import (
    assess_risk,
    change_breach,
    close_breach,
    decline_telling,
    note_breach,
    record_breach,
    record_notification,
    reopen_breach,
)
from onloan.breaches.errors import PeopleTextsUnseen, RiskNeeded
from onloan.breaches.queries import (
    BreachLine,
    BreachView,
    find_breach,
    find_team_time_zone,
    list_breaches,
    list_controllers,
    list_market_countries,
)
from onloan.breaches.rules import (
    PARTS,
    REASON_CHARACTERS_MAX,
    REASON_CHARACTERS_MIN,
    REFERENCE_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    TEXTS,
    Duty,
    Ground,
    Risk,
    State,
    find_hours,
)
from onloan.breaches.telling import (
    Audience,
    MailPreview,
    check_texts,
    find_audience,
    list_told_markets,
    preview_mails,
    start_telling,
)
from onloan.console.breach_forms import (
    MOMENTS,
    clock_words,
    mark_preview,
    read_account,
    read_needed_moment,
    read_people_texts,
    show_changes,
    show_value,
    type_account,
)
from onloan.console.pages import TeamRequest, read_text, render_page, team_page
from onloan.console.refusals import Problem, refusal_panel
from onloan.console.templatetags.breachwords import account_label, language_in_words
from onloan.errors import BadInput, NotFound, OnloanError
from onloan.markets.rules import country_name, market_facts

KEPT_TEXTS = (
    "facts", "effects", "measures", "reason", "reasons", "authority_reference", "why_not", "text", "why_closed",
    "why_open",
)  # fmt: skip
"""The fields in which somebody writes at length: shown to copy where their form is gone."""
SHOWN_FIELDS = (
    "happened_from", "happened_to", "people_categories", "people_count", "record_categories", "records_count",
    "effects", "measures", "contact",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NextStep:
    """What somebody does now, and in which part of the page."""

    words: str
    label: str
    place: str


@require_GET
@team_page(Capability.VIEW_BREACHES)
def list_all(request: TeamRequest) -> HttpResponse:
    lines = _show(list_breaches(), clock.now())
    context = {
        "here": "breaches",
        "open": [each for each in lines if each[0].state is State.OPEN],
        "closed": [each for each in lines if each[0].state is State.CLOSED],
        "time_zone": find_team_time_zone(),
    }
    return render_page(request, "breaches.html", context)


def list_running(member: Member, now: datetime) -> list[tuple[BreachLine, str, bool]]:
    """The open breaches, for the first pages of whoever may see them."""
    if not member.can(Capability.VIEW_BREACHES):
        return []
    return _show(list_breaches(only_open=True), now)


def _show(lines: list[BreachLine], now: datetime) -> list[tuple[BreachLine, str, bool]]:
    return [(line, clock_words(line, now), line.is_late(now)) for line in lines]


@require_http_methods(["GET", "POST"])
@team_page(Capability.RECORD_BREACHES)
def record_new(request: TeamRequest) -> HttpResponse:
    """Two facts start the clock; everything else may follow."""
    time_zone = find_team_time_zone()
    problem: Problem | None = None
    status = 200
    if request.method == "POST":
        try:
            breach_id = record_breach(
                facts=read_text(request, "facts", TEXT_CHARACTERS_MAX),
                aware_at=read_needed_moment(request, "aware_at", time_zone),
                user_id=request.member.id,
                now=clock.now(),
            )
        except OnloanError as error:
            problem, status = _problem("record", error), error.status
        else:
            messages.success(request, _("Recorded. The clock runs from the moment you became aware."))
            return HttpResponseRedirect(reverse("console-breach", args=[breach_id]))
    today = clock.local_day(clock.now(), time_zone).isoformat()
    context = {
        "here": "breaches",
        "is_wide": False,
        "problem": problem,
        "typed": request.POST if request.method == "POST" else {"aware_at_on": today},
        "time_zone": time_zone,
        "today": today,
        "has_form": True,
        "text_maximum": TEXT_CHARACTERS_MAX,
        "hours": find_hours(list_market_countries()),
    }
    return render_page(request, "breach_new.html", context, status=status)


@require_http_methods(["GET", "POST"])
@team_page(Capability.VIEW_BREACHES)
def show_breach(request: TeamRequest, breach_id: UUID) -> HttpResponse:
    if request.method != "POST":
        return _render(request, breach_id)
    require(request.member, Capability.RECORD_BREACHES)
    act = request.POST.get("act", "")
    if act == "preview":
        return _preview(request, breach_id)
    if act not in ACTS:
        raise NotFound
    try:
        done = ACTS[act](request, breach_id)
    except PeopleTextsUnseen as error:
        return _preview(request, breach_id, unseen=error)
    except OnloanError as error:
        return _render(request, breach_id, problem=_problem(act, error), status=error.status)
    messages.success(request, done)
    return HttpResponseRedirect(reverse("console-breach", args=[breach_id]))


def _problem(act: str, error: OnloanError) -> Problem:
    """A moment has two fields, of which the first one is marked."""
    field = f"{error.field}_on" if error.field in {*MOMENTS, "told_at"} else error.field
    return Problem(act, field, f"{error} ({error.code})")


def _change(request: TeamRequest, breach_id: UUID) -> str:
    seen = read_text(request, "entries_seen", 9)
    change_breach(
        breach_id=breach_id,
        account=read_account(request, find_team_time_zone()),
        note=read_text(request, "note", REASON_CHARACTERS_MAX),
        entries_seen=int(seen) if seen.isascii() and seen.isdigit() else 0,
        user_id=request.member.id,
        now=clock.now(),
    )
    return _("Saved. What stood there before is kept below.")


def _assess(request: TeamRequest, breach_id: UUID) -> str:
    chosen = request.POST.get("risk", "")
    if chosen not in set(Risk) - {Risk.UNKNOWN}:
        raise BadInput(field="risk", problem=_("choose how great the risk is"))
    assess_risk(
        breach_id=breach_id,
        risk=Risk(chosen),
        reason=read_text(request, "reason", REASON_CHARACTERS_MAX),
        user_id=request.member.id,
        now=clock.now(),
    )
    return _("Kept, with your reason.")


def _notify(request: TeamRequest, breach_id: UUID) -> str:
    record_notification(
        breach_id=breach_id,
        country=read_text(request, "country", 2),
        told_at=read_needed_moment(request, "told_at", find_team_time_zone()),
        authority_reference=read_text(request, "authority_reference", REFERENCE_CHARACTERS_MAX),
        reasons=read_text(request, "reasons", REASON_CHARACTERS_MAX),
        is_correction=request.POST.get("is_correction") == "yes",
        user_id=request.member.id,
        now=clock.now(),
    )
    return _("Kept: the authority was told.")


def _decline(request: TeamRequest, breach_id: UUID) -> str:
    chosen = request.POST.get("ground", "")
    if chosen not in set(Ground):
        raise BadInput(field="ground", problem=_("choose one of the three grounds"))
    reason = read_text(request, "why_not", REASON_CHARACTERS_MAX)
    decline_telling(breach_id=breach_id, ground=chosen, reason=reason, user_id=request.member.id, now=clock.now())
    return _("Kept: people are not told, and why.")


def _send(request: TeamRequest, breach_id: UUID) -> str:
    offer_slug, texts, _audience = _read_telling(request, find_breach(breach_id))
    if request.POST.get("seen") != mark_preview(breach_id, offer_slug, texts):
        raise PeopleTextsUnseen
    start_telling(
        breach_id=breach_id,
        offer_slug=offer_slug,
        texts=texts,
        is_again=request.POST.get("again") == "yes",
        user_id=request.member.id,
        now=clock.now(),
    )
    return _("It begins within a minute. This page counts who was told.")


def _read_telling(request: TeamRequest, breach: BreachView) -> tuple[str, dict[str, dict[str, str]], Audience]:
    offer_slug = read_text(request, "offer", 64)
    audience = find_audience(list(breach.account.countries), offer_slug, clock.now())
    return offer_slug, read_people_texts(request, audience.languages), audience


def _preview(request: TeamRequest, breach_id: UUID, *, unseen: PeopleTextsUnseen | None = None) -> HttpResponse:
    """Exactly what would be sent, and to how many; nothing is sent by it."""
    breach = find_breach(breach_id)
    offer_slug, texts, audience = _read_telling(request, breach)
    try:
        if not _can_tell(breach):
            raise RiskNeeded
        check_texts(texts, audience.languages)
    except OnloanError as error:
        return _render(request, breach_id, problem=_problem("preview", error), status=error.status)
    previews = preview_mails(
        reference=breach.line.reference,
        countries=list(breach.account.countries),
        offer_slug=offer_slug,
        texts=texts,
    )
    return _render(
        request,
        breach_id,
        previews=previews,
        audience=audience,
        seen=mark_preview(breach_id, offer_slug, texts),
        problem=_problem("preview", unseen) if unseen is not None else None,
        status=unseen.status if unseen is not None else 200,
    )


def _note(request: TeamRequest, breach_id: UUID) -> str:
    text = read_text(request, "text", REASON_CHARACTERS_MAX)
    note_breach(breach_id=breach_id, text=text, user_id=request.member.id, now=clock.now())
    return _("Noted.")


def _close(request: TeamRequest, breach_id: UUID) -> str:
    reason = read_text(request, "why_closed", REASON_CHARACTERS_MAX)
    close_breach(breach_id=breach_id, reason=reason, user_id=request.member.id, now=clock.now())
    return _("Closed. The record is kept for five years.")


def _reopen(request: TeamRequest, breach_id: UUID) -> str:
    reason = read_text(request, "why_open", REASON_CHARACTERS_MAX)
    reopen_breach(breach_id=breach_id, reason=reason, user_id=request.member.id, now=clock.now())
    return _("Open again. The clock still counts from the moment you became aware.")


ACTS: Mapping[str, Callable[[TeamRequest, UUID], str]] = {
    "change": _change,
    "assess": _assess,
    "notify": _notify,
    "decline": _decline,
    "send": _send,
    "note": _note,
    "close": _close,
    "reopen": _reopen,
}


def _render(
    request: TeamRequest,
    breach_id: UUID,
    *,
    problem: Problem | None = None,
    previews: list[MailPreview] | None = None,
    audience: Audience | None = None,
    seen: str = "",
    status: int = 200,
) -> HttpResponse:
    breach, now, time_zone = find_breach(breach_id), clock.now(), find_team_time_zone()
    line = breach.line
    is_open = line.state is State.OPEN
    act = request.POST.get("act", "")
    kept = type_account(breach.account, time_zone)
    context: dict[str, object] = {
        "here": "breaches",
        "breach": breach,
        "is_open": is_open,
        "left": clock_words(line, now),
        "is_late": line.is_late(now),
        "time_zone": time_zone,
        "entries": show_changes(breach.entries, time_zone),
        "facts": [
            (account_label(name), _known(breach, name, time_zone), name in breach.missing) for name in SHOWN_FIELDS
        ],
        "missing": [account_label(name) for name in breach.missing],
        "authorities": [(each, market_facts(each.country)) for each in breach.authorities],
        "next": _next_step(breach) if is_open else None,
        "problem": problem,
        "typed": request.POST if act else {},
        "account": _typed_account(request) if act == "change" else kept,
        "countries": _name_countries(breach),
        "risks": [risk.value for risk in Risk if risk is not Risk.UNKNOWN],
        "grounds": [ground.value for ground in Ground],
        "previews": previews or [],
        "audience": audience,
        "seen": seen,
        "lengths": {**TEXTS, "reason": REASON_CHARACTERS_MAX, "reference": REFERENCE_CHARACTERS_MAX},
        "reason_minimum": REASON_CHARACTERS_MIN,
        **_people_panel(request, breach, now),
    }
    forms = _list_forms(breach)
    refused = refusal_panel(problem, forms, (request.POST.get(name, "") for name in KEPT_TEXTS))
    return render_page(request, "breach.html", {**context, **refused}, status=status)


def _known(breach: BreachView, name: str, time_zone: str) -> str:
    return show_value(name, getattr(breach.account, name), time_zone)


def _typed_account(request: HttpRequest) -> dict[str, object]:
    return {**request.POST.dict(), "countries": request.POST.getlist("countries")}


def _name_countries(breach: BreachView) -> list[tuple[str, str]]:
    """Every country with a market, and those that were chosen before."""
    language = get_language() or "en"
    codes = {*list_market_countries(), *breach.account.countries}
    return sorted(((code, country_name(code, language)) for code in codes), key=lambda each: each[1])


def _people_panel(request: TeamRequest, breach: BreachView, now: datetime) -> dict[str, object]:
    """The form that tells people: one text for each language that they read, begun with what is known."""
    is_possible = _can_tell(breach)
    if not is_possible:
        return {"can_tell": False}
    countries = list(breach.account.countries)
    is_typed = request.POST.get("act") in {"preview", "send"}
    everybody = find_audience(countries, read_text(request, "offer", 64) if is_typed else "", now)
    contacts = [breach.account.contact, *(each.dpo for each in list_controllers(countries))]
    begun = {"contact": next((each for each in contacts if each), "")}
    texts = [
        (
            language,
            language_in_words(language),
            {
                part: request.POST.get(f"{part}_{language}", "") if is_typed else begun.get(part, "")
                for part in PARTS
            },
        )
        for language in everybody.languages
    ]
    offers = sorted({market.offer_slug for market in list_told_markets(countries, "")})
    return {"can_tell": True, "texts": texts, "offers": offers, "everybody": everybody}


def _can_tell(breach: BreachView) -> bool:
    is_risky = breach.line.risk in {Risk.RISK, Risk.HIGH}
    return is_risky and bool(breach.account.countries) and breach.line.state is State.OPEN


def _list_forms(breach: BreachView) -> set[str]:
    """The forms that the page has now."""
    if breach.line.state is State.CLOSED:
        return {"note", "reopen"}
    forms = {"change", "assess", "note", "close"}
    if breach.account.countries:
        forms.add("notify")
    if _can_tell(breach):
        forms |= {"preview", "send"}
    if breach.line.risk is Risk.HIGH:
        forms.add("decline")
    return forms


def _next_step(breach: BreachView) -> NextStep:
    """One sentence that says what somebody does now, and where."""
    steps = {
        Duty.ASSESS: NextStep(
            _("Judge how great the risk to people is. What you do not know yet can change that later."),
            _("Judge the risk"),
            "risk",
        ),
        Duty.COUNTRIES: NextStep(
            _("Say in which countries people are touched: their authorities are to be told."),
            _("Say which countries"),
            "account",
        ),
        Duty.AUTHORITY: NextStep(
            _("Tell the authorities now, with what you know. What is missing may follow."),
            _("Tell the authorities"),
            "authorities",
        ),
        Duty.PEOPLE: NextStep(
            _("The risk is high: tell people what they can do, or say on which ground you do not."),
            _("Tell people"),
            "people",
        ),
        Duty.TELLING: NextStep(
            _("People are being told. Nothing is to be done until everybody was."),
            _("See how far it is"),
            "people",
        ),
    }
    if breach.duties:
        return steps[breach.duties[0]]
    if breach.missing:
        return NextStep(
            _("Everybody was told who has to be. Fill in what is missing, and close the record."),
            _("Fill in what is missing"),
            "account",
        )
    return NextStep(_("Nothing is left to do. Close the record."), _("Close the record"), "end")
