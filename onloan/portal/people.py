"""Signing in by a code, and a participant's own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onloan import clock
from onloan.cases.erasure_queries import find_erasure
from onloan.cases.queries import list_cases_of
from onloan.cases.restricting import find_restriction
from onloan.cases.rules import Kind
from onloan.errors import OnloanError
from onloan.offers.queries import find_market_by_id, find_version
from onloan.people.actions import check_code, end_sessions, normalize_email, send_code
from onloan.people.queries import ParticipantView, find_participant, is_suppressed, list_by_email
from onloan.portal import session
from onloan.portal.allowed import allowed_cards, may_allow, receipt_lines
from onloan.portal.campaign import Campaign, campaign_of
from onloan.portal.cases import KIND_WORDS, signed_in, title_of
from onloan.portal.coming_back import open_own_page, was_sending
from onloan.portal.done import read_done
from onloan.portal.erasure_notice import erasure_notice
from onloan.portal.feedback import may_check_clarity, what_changed
from onloan.portal.forms import CodeForm, SignInForm
from onloan.portal.pages import render_page
from onloan.portal.pots import pot_lines
from onloan.portal.referrals import ask_gate, share_of
from onloan.portal.rewards import read_holdings, reward_timelines
from onloan.portal.session import SIGN_IN_COOKIE, FormState
from onloan.portal.to_do import list_to_do
from onloan.portal.used import latest_uses
from onloan.referrals.queries import FriendLine, friends_view

ACCEPTED_PURPOSE, ACCEPTED_CHANNEL = "referral_acceptance", "sponsor_page"
FRIENDS_NAMED_MAX = 20
DONE_WORDS: dict[str, Promise] = {
    "restricted": gettext_lazy(
        "Done. The restriction that you asked for has ended. Nothing is shown until you allow it anew."
    ),
    "objected": gettext_lazy(
        "Done. Your objection to advertising has ended. Nothing is shown until you allow it anew."
    ),
    "checks_objected": gettext_lazy(
        "Done. Your objection to checks has ended: a program looks at your rewards again."
    ),
    "erasure": gettext_lazy(
        "Done. The erasure is stopped, and your data stay. Nothing is shown until you allow it anew."
    ),
}
"""What was just done, on the page to which it leads."""
SHOWN_APART = frozenset({Kind.WITHDRAWAL, Kind.OBJECTION, Kind.COMPLAINT, Kind.SIGHTING})


@dataclass(frozen=True, slots=True)
class Friend:
    """Somebody who joined with this participant's link; ``name`` only if that person lets it be shown here."""

    joined_at: datetime
    qualified_at: datetime | None
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """One campaign that an address has joined."""

    participant: ParticipantView
    campaign: Campaign


@require_http_methods(["GET", "HEAD", "POST"])
def ask_email(request: HttpRequest) -> HttpResponse:
    if request.method != "POST" and signed_in(request) is not None:
        return redirect("me")
    form = SignInForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            email = normalize_email(form.cleaned_data["email"])
            asked_id = send_code(
                email=email,
                offer_id=None,
                market_id=None,
                purpose="sign_in",
                language=get_language() or "en",
                now=clock.now(),
            )
        except OnloanError as error:
            form.mark(error, "email")
        else:
            response = redirect("sign-in-code")
            session.save_form(response, SIGN_IN_COOKIE, FormState(email, asked_id=session.write_asked(asked_id)))
            return response
    return _render_form(request, "signin/email.html", {"form": form, "was_sending": was_sending(request)})


@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    state = session.read_form(request, SIGN_IN_COOKIE)
    form = CodeForm(request.POST if request.method == "POST" else None, asks_email=state is None)
    if request.method == "POST" and form.is_valid():
        email = state.email if state else form.cleaned_data["email"]
        try:
            verified = check_code(
                email=email,
                code=form.cleaned_data["code"],
                purpose="sign_in",
                now=clock.now(),
                asked_id=state.asked if state else None,
            )
        except OnloanError as error:
            form.mark(error, "code")
        else:
            return _enter(request, FormState(verified.email, code_id=verified.code_id.hex))
    return _render_form(request, "signin/code.html", {"form": form, "email": state.email if state else ""})


def _enter(request: HttpRequest, state: FormState) -> HttpResponse:
    """Straight in with one campaign; with several the person chooses; with none they are told."""
    found = list_by_email(state.email)
    if not found:
        return _render_form(request, "signin/nobody.html", {})
    response = open_own_page(request) if len(found) == 1 else redirect("sign-in-choose")
    session.save_form(response, SIGN_IN_COOKIE, state)
    session.sign_in(response, found[0])
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Which of several campaigns to open; only within the hour in which the address was confirmed."""
    state = session.read_form(request, SIGN_IN_COOKIE)
    if state is None or not state.code_id:
        return redirect("sign-in")
    found = list_by_email(state.email)
    if request.method == "POST":
        for participant in found:
            if participant.public_id == request.POST.get("account"):
                response = open_own_page(request)
                session.sign_in(response, participant)
                return response
    accounts = [Account(participant, campaign_for(participant)) for participant in found]
    return _render_form(request, "signin/choose.html", {"accounts": accounts})


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Out on every device. Whoever shares this one finds nothing of what was being done here."""
    participant = signed_in(request)
    if participant is not None:
        end_sessions(participant_id=participant.id)
    response = redirect("home")
    session.sign_out(response)
    return response


@require_safe
def my_page(request: HttpRequest) -> HttpResponse:
    """What I am owed, what I allow, what was used, my rights."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    campaign = campaign_for(participant)
    friends = friends_view(participant.id)
    holdings = read_holdings(participant.id, campaign.now)
    cards = allowed_cards(participant, campaign)
    uses, has_more_uses = latest_uses(participant.id, campaign)
    erasure = erasure_notice(find_erasure(participant.id), holdings.situation, campaign)
    context = {
        "here": "me",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "participant": participant,
        "time_zone": campaign.time_zone,
        "erasure": erasure,
        "done": DONE_WORDS.get(read_done(request, participant), ""),
        "to_do": list_to_do(holdings, campaign, takes_slip=erasure is not None and erasure.takes_slip),
        "pots": pot_lines(participant.id, campaign),
        "rewards": reward_timelines(participant.id, campaign, holdings),
        "tax_sentence": campaign.tax_sentence,
        "year": clock.local_day(campaign.now, campaign.time_zone).year,
        "share": share_of(campaign, participant.id),
        "allowed": [card for card in cards if card.is_allowed],
        "not_allowed": [card for card in cards if not card.is_allowed],
        "may_allow": may_allow(participant, campaign),
        "uses": uses,
        "has_more_uses": has_more_uses,
        "friends": friends,
        "named_friends": [_friend(line) for line in friends.lines[:FRIENDS_NAMED_MAX]],
        "changed": what_changed(campaign_of(campaign.market)),
        "may_check_clarity": may_check_clarity(participant, campaign),
        "receipts": receipt_lines(participant.id),
        "rights": [(kind.value, KIND_WORDS[kind]) for kind in Kind if kind not in SHOWN_APART],
        "restriction": find_restriction(participant),
        "is_suppressed": participant.objected_at is None and is_suppressed(participant.id),
        "cases": [(line, title_of(line.kind, line.about, line.door)) for line in list_cases_of(participant.id)],
    }
    return render_page(request, "me/page.html", context, colour=campaign.colour, is_private=True)


def _friend(line: FriendLine) -> Friend:
    friend = find_participant(line.friend_id)
    name = ""
    if friend is not None:
        name = ask_gate(friend, ACCEPTED_PURPOSE, ACCEPTED_CHANNEL).get("username", "")
    return Friend(line.joined_at, line.qualified_at, name)


def campaign_for(participant: ParticipantView) -> Campaign:
    """The campaign as this participant joined it: their version, their market."""
    return campaign_of(find_market_by_id(participant.market_id), find_version(participant.version_id))


def _render_form(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    status = 422 if getattr(context.get("form"), "errors", None) else 200
    return render_page(request, template, {"here": "me", **context}, status=status, is_private=True)
