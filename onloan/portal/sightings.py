""" "I saw my photo here": from one's own page, and for whoever never joined and confirms an e-mail address."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods

from onloan import clock, ids
from onloan.cases.rules import Kind
from onloan.cases.sighting_queries import SightingReport, find_sighting_of
from onloan.cases.sightings import refute_match, report_sighting
from onloan.errors import NotFound, OnloanError
from onloan.offers.queries import MarketView, find_market_by_id, list_markets
from onloan.offers.vocabulary import CHANNELS, ITEMS, said
from onloan.people.actions import check_code, normalize_email, send_code
from onloan.people.photos import prepare_photo
from onloan.people.queries import list_by_email
from onloan.portal import session
from onloan.portal.campaign import campaign_of
from onloan.portal.cases import sent_page, signed_in
from onloan.portal.forms import CodeForm, SightingForm, SignInForm
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.session import SIGN_IN_COOKIE, FormState
from onloan.portal.used import name_items, name_place

ELSEWHERE = "elsewhere"


@require_http_methods(["GET", "HEAD", "POST"])
def my_sighting(request: HttpRequest) -> HttpResponse:
    """From somebody who joined: a use of theirs may explain it at once."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sighting")
    campaign = campaign_for(participant)
    form = _form(request, [])
    report = _read(request, form, participant.id.hex)
    if report is not None:
        try:
            reported = report_sighting(
                report=report,
                case_id=ids.read_id(request.POST.get("form_id", "")),
                offer_id=participant.offer_id,
                country=participant.country,
                language=get_language() or "en",
                participant_id=participant.id,
                now=clock.now(),
            )
        except OnloanError as error:
            form.mark(error, "words")
        else:
            if reported.match is None and reported.opened is not None:
                return sent_page(reported.opened, Kind.SIGHTING, participant.country)
            return redirect("sighting-matched", reported.id)
    context = {"form": form, "campaign": campaign, "today": clock.local_day(campaign.now, campaign.time_zone)}
    return _render(request, "sightings/mine.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def matched(request: HttpRequest, sighting_id: UUID) -> HttpResponse:
    """The use that explains what was seen, and a button for whoever says that it is something else."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    campaign = campaign_for(participant)
    if request.method == "POST":
        opened = refute_match(
            sighting_id=sighting_id,
            participant_id=participant.id,
            country=participant.country,
            language=get_language() or "en",
            now=clock.now(),
        )
        return sent_page(opened, Kind.SIGHTING, participant.country)
    sighting = find_sighting_of(participant.id, sighting_id)
    if sighting.use_id is None:
        raise NotFound
    context = {
        "campaign": campaign,
        "sighting": sighting,
        "what": name_items([sighting.report.item], campaign.language),
        "where": name_place(sighting.report.channel, campaign.language) if sighting.report.channel else "",
    }
    return _render(request, "sightings/matched.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def public_sighting(request: HttpRequest) -> HttpResponse:
    """For everybody else: first an e-mail address that answers, so that nobody reports in another's name."""
    if signed_in(request) is not None:
        return redirect("my-sighting")
    state = session.read_form(request, SIGN_IN_COOKIE)
    if state is None or not state.code_id:
        return _ask_email(request)
    markets = list_markets()
    form = _form(request, markets)
    report = _read(request, form, state.code_id)
    if report is not None:
        market = find_market_by_id(UUID(form.cleaned_data["market"]))
        try:
            reported = report_sighting(
                report=report,
                case_id=ids.read_id(request.POST.get("form_id", "")),
                offer_id=market.offer_id,
                country=market.country,
                language=get_language() or "en",
                contact=state.email,
                now=clock.now(),
            )
        except OnloanError as error:
            form.mark(error, "words")
        else:
            assert reported.opened is not None, "nobody's use explains what somebody saw who never joined"
            return sent_page(reported.opened, Kind.SIGHTING, market.country)
    return _render(request, "sightings/public.html", {"form": form, "email": state.email})


def _ask_email(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST if request.method == "POST" else None)
    form.fields["email"].help_text = gettext("We answer there, and send a code to it first.")
    if request.method == "POST" and form.is_valid():
        try:
            email = normalize_email(form.cleaned_data["email"])
            asked_id = send_code(
                email=email,
                offer_id=None,
                market_id=None,
                purpose="sighting",
                language=get_language() or "en",
                now=clock.now(),
            )
        except OnloanError as error:
            form.mark(error, "email")
        else:
            response = redirect("sighting-code")
            session.save_form(response, SIGN_IN_COOKIE, FormState(email, asked_id=session.write_asked(asked_id)))
            return response
    return _render(request, "sightings/email.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    """The code that was mailed. Whoever joined with this address reports from their own page."""
    state = session.read_form(request, SIGN_IN_COOKIE)
    if state is None:
        return redirect("sighting")
    form = CodeForm(request.POST if request.method == "POST" else None, asks_email=False)
    if request.method == "POST" and form.is_valid():
        try:
            verified = check_code(
                email=state.email,
                code=form.cleaned_data["code"],
                purpose="sighting",
                now=clock.now(),
                asked_id=state.asked,
            )
        except OnloanError as error:
            form.mark(error, "code")
        else:
            found = list_by_email(verified.email)
            response = redirect("sighting" if len(found) < 2 else "sign-in-choose")
            session.save_form(response, SIGN_IN_COOKIE, FormState(verified.email, code_id=verified.code_id.hex))
            if found:
                session.sign_in(response, found[0])
            return response
    return _render(request, "sightings/code.html", {"form": form, "email": state.email})


def _form(request: HttpRequest, markets: list[MarketView]) -> SightingForm:
    language = get_language() or "en"
    places = [(channel, capfirst(name_place(channel, language))) for channel in CHANNELS]
    shown = [(name, capfirst(said(item.mine, language))) for name, item in ITEMS.items() if item.part_of is None]
    choices = {"item": shown, "channel": [*places, (ELSEWHERE, gettext("Somewhere else"))]}
    if markets:
        named = [(market, campaign_of(market)) for market in markets]
        listed = [
            (str(market.id), f"{each.merchant}, {each.title} ({each.country_name})") for market, each in named
        ]
        choices["market"] = [("", gettext("Choose")), *listed]
    is_sent = request.method == "POST"
    return SightingForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        choices=choices,
        asks_campaign=bool(markets),
    )


def _read(request: HttpRequest, form: SightingForm, sender: str) -> SightingReport | None:
    """What was typed; None when nothing was sent, or the form says what to mend."""
    if request.method != "POST" or not form.is_valid():
        return None
    typed = form.cleaned_data
    picture = form.read_photo(request, prepare_photo, sender)
    if form.errors:
        return None
    return SightingReport(
        item=typed["item"],
        channel="" if typed["channel"] == ELSEWHERE else typed["channel"],
        seen_on=typed["seen_on"],
        address=typed["address"],
        words=typed["words"],
        picture=picture,
    )


def _render(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    status = 422 if getattr(context.get("form"), "errors", None) else 200
    return render_page(request, template, {"here": "requests", **context}, status=status, is_private=True)
