"""Joining, one thing per screen: e-mail, its code, name and photo, the questions; then the link to share.

What was typed lies sealed beside the confirmed e-mail until the person joins, so that a code resumes a lost
form on any device. Each screen can be sent twice, or from the back button, without doing anything twice.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.errors import OnloanError
from onloan.joining.actions import JoinRequest, join
from onloan.joining.errors import AlreadyJoined, MarketClosed, PoolClosed, VersionChanged
from onloan.offers.texts import ConsentText, RewardLine
from onloan.people.actions import check_code, normalize_email, normalize_username, save_draft, send_code
from onloan.people.photos import prepare_photo
from onloan.people.queries import find_by_email, find_participant, read_draft
from onloan.portal import session
from onloan.portal.allowed import receipt_lines
from onloan.portal.campaign import Campaign, campaign_page, find_campaign, render_campaign
from onloan.portal.feedback import may_check_clarity
from onloan.portal.forms import AnswerForm, CodeForm, EmailForm, ProfileForm, read_answers
from onloan.portal.pictures import photo_address
from onloan.portal.pots import pot_lines
from onloan.portal.referrals import Invitation, find_invitation, share_of
from onloan.portal.session import JOIN_COOKIE, FormState

VIA_LENGTH_MAX = 24
_TEMPLATES = Path(settings.BASE_DIR) / "templates"
_BUILT_FROM = ("portal/join/permissions.html", "portal/parts/question.html", "base.html", "portal/page.html")


@dataclass(frozen=True, slots=True)
class Question:
    """One permission as it is asked, beside the field that takes the answer."""

    text: ConsentText
    field: BoundField
    thanks: list[RewardLine]


@require_http_methods(["GET", "HEAD", "POST"])
@campaign_page
def ask_email(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """First screen: where to send the code, and the code of whoever brought this person."""
    invitation = _invitation(request, campaign, request.GET.get("via", ""))
    if not campaign.is_open:
        return redirect(campaign.address)
    if _is_signed_in(request, campaign):
        return redirect("me")
    campaign = invitation.seen_by_friend(campaign) if invitation else campaign
    initial = {"via": invitation.code if invitation else ""}
    form = EmailForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        sent = _send_code(request, campaign, form)
        if sent is not None:
            return sent
    context = {"form": form, "invited_by_link": campaign.is_invited and "via" not in form.errors}
    return _render(request, "join/email.html", campaign, context)


def _send_code(request: HttpRequest, campaign: Campaign, form: EmailForm) -> HttpResponse | None:
    """On to the next screen; None when the form says what to mend."""
    via_code = _check_via(request, campaign, form)
    if form.errors:
        return None
    try:
        email = normalize_email(form.cleaned_data["email"])
        asked_id = send_code(
            email=email,
            offer_id=campaign.market.offer_id,
            market_id=campaign.market.id,
            purpose="join",
            language=campaign.language,
            now=campaign.now,
            context={"campaign": campaign.title, "controller": campaign.merchant},
        )
    except OnloanError as error:
        form.mark(error, "email")
        return None
    response = redirect(campaign.code_address)
    state = FormState(email, place=_place(campaign), via_code=via_code, asked_id=session.write_asked(asked_id))
    session.save_form(response, JOIN_COOKIE, state)
    return response


def _check_via(request: HttpRequest, campaign: Campaign, form: EmailForm) -> str:
    """The typed invitation code as it was issued, or empty; a code that does not count is said at its field."""
    typed = form.cleaned_data["via"]
    if not typed:
        return ""
    invitation = _invitation(request, campaign, typed)
    if invitation is None:
        form.add_error("via", gettext("We know no such code. Check it, or leave it out."))
    elif invitation.is_own:
        form.add_error("via", gettext("This is your own code. Leave it out."))
    elif invitation.is_full_today:
        form.add_error(
            "via",
            gettext(
                "As many people as count on one day have joined with this code today. It counts again tomorrow. "
                "Leave it out to join now all the same."
            ),
        )
    elif not invitation.counts:
        form.add_error(
            "via",
            gettext(
                "This code does not count here: the time to invite is over, or the person joined in another "
                "country. Leave it out to join all the same."
            ),
        )
    return invitation.code if invitation else ""


@require_http_methods(["GET", "HEAD", "POST"])
@campaign_page
def ask_code(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The code from the mail: right, it confirms the address and brings back what was typed before."""
    if not campaign.is_open:
        return redirect(campaign.address)
    state = _state(request, campaign)
    form = CodeForm(request.POST if request.method == "POST" else None, asks_email=state is None)
    if request.method == "POST" and form.is_valid():
        email = state.email if state else form.cleaned_data["email"]
        try:
            return _confirm(campaign, email, form.cleaned_data["code"], state)
        except OnloanError as error:
            form.mark(error, "code")
    return _render(request, "join/code.html", campaign, {"form": form, "email": state.email if state else ""})


def _confirm(campaign: Campaign, email: str, code: str, state: FormState | None) -> HttpResponse:
    asked_id = state.asked if state else None
    verified = check_code(email=email, code=code, purpose="join", now=campaign.now, asked_id=asked_id)
    joined = find_participant(verified.participant_id) if verified.participant_id is not None else None
    if joined is not None:
        response = redirect("me")
        session.sign_in(response, joined)
        return response
    draft = dict(verified.draft or {})
    via_code = (state.via_code if state else "") or str(draft.get("via", ""))
    save_draft(code_id=verified.code_id, draft={**draft, "via": via_code}, now=campaign.now)
    response = redirect(campaign.profile_address)
    next_state = FormState(verified.email, place=_place(campaign), via_code=via_code, code_id=verified.code_id.hex)
    session.save_form(response, JOIN_COOKIE, next_state)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@campaign_page
def ask_profile(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Second screen: old enough, a name to show, a photo for those who want one."""
    state = _confirmed_state(request, campaign)
    if isinstance(state, HttpResponse):
        return state
    draft = read_draft(UUID(hex=state.code_id))
    if draft is None:
        return _welcome_back(campaign, state)
    form = ProfileForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        age_min=campaign.age_min,
        has_photo=bool(draft.get("photo")),
        initial={"username": draft.get("username", ""), "over_age": draft.get("over_18", False)},
    )
    if request.method == "POST":
        draft = _keep_profile(request, form, state, draft)
        if form.is_valid():
            return redirect(campaign.permissions_address)
    photo = draft.get("photo")
    context = {"form": form, "photo": photo_address(base64.b64decode(str(photo))) if photo else ""}
    return _render(request, "join/profile.html", campaign, context)


def _keep_profile(
    request: HttpRequest, form: ProfileForm, state: FormState, draft: dict[str, object]
) -> dict[str, object]:
    """Keep what is right, a photo above all, even where another field has to be mended: of adults."""
    form.is_valid()
    is_old_enough = form.cleaned_data.get("over_age", False) is True
    kept = {**draft, "username": "", "over_18": is_old_enough}
    if "username" in form.cleaned_data:
        try:
            kept["username"] = normalize_username(form.cleaned_data["username"])
        except OnloanError as error:
            form.mark(error, "username")
    photo = form.read_photo(request, prepare_photo, state.code_id)
    if not is_old_enough:
        # The page says that nothing is kept about younger people, so nothing is until the box is ticked.
        nothing: dict[str, object] = {"via": draft.get("via", "")}
        save_draft(code_id=UUID(hex=state.code_id), draft=nothing, now=clock.now())
        return nothing
    if photo is not None:
        kept["photo"] = base64.b64encode(photo).decode()
    elif form.cleaned_data.get("drop_photo"):
        kept["photo"] = None
    save_draft(code_id=UUID(hex=state.code_id), draft=kept, now=clock.now())
    return kept


@require_http_methods(["GET", "HEAD", "POST"])
@campaign_page
def ask_permissions(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Third screen: the questions; sending it joins."""
    state = _confirmed_state(request, campaign)
    if isinstance(state, HttpResponse):
        return state
    draft = read_draft(UUID(hex=state.code_id))
    if draft is None:
        return _welcome_back(campaign, state)
    if not draft.get("username") or not draft.get("over_18"):
        return redirect(campaign.profile_address)
    if request.method != "POST":
        return _render_questions(request, campaign, state, _answer_form(campaign))
    if request.POST.get("version") != str(campaign.version.id):
        return _render_questions(request, campaign, state, _answer_form(campaign), has_changed=True)
    answers = read_answers(request.POST, [permission.id for permission in campaign.offer.permissions])
    if answers is None:
        return _render_questions(request, campaign, state, _answer_form(campaign, request))
    return _join(request, campaign, state, draft, answers)


def _join(
    request: HttpRequest,
    campaign: Campaign,
    state: FormState,
    draft: dict[str, object],
    answers: dict[str, bool],
) -> HttpResponse:
    photo = draft.get("photo")
    join_request = JoinRequest(
        offer_slug=campaign.market.offer_slug,
        country=campaign.market.country,
        version_id=campaign.version.id,
        email=state.email,
        username=str(draft["username"]),
        photo=base64.b64decode(str(photo)) if photo else None,
        over_18=draft["over_18"] is True,
        answers=answers,
        language=campaign.language,
        page_hash=page_hash(campaign.language),
        via_code=state.via_code or None,
        is_demo=settings.TEST_MODE,
        self_participant_id=session.read_participant_id(request),
        code_id=UUID(hex=state.code_id),
        now=campaign.now,
    )
    try:
        joined = join(request=join_request)
    except AlreadyJoined:
        return _welcome_back(campaign, state)
    except VersionChanged:
        fresh = find_campaign(campaign.market.offer_slug, campaign.market.country)
        return _render_questions(request, fresh, state, _answer_form(fresh), has_changed=True)
    except (MarketClosed, PoolClosed):
        return redirect(campaign.address)
    response = redirect(campaign.done_address)
    participant = find_participant(joined.participant_id)
    assert participant is not None, "they have just joined"
    session.sign_in(response, participant)
    return response


def _welcome_back(campaign: Campaign, state: FormState) -> HttpResponse:
    """The form was sent before (twice, or from another device): its confirmed address is signed in.

    Where nobody joined with it, the draft has ended: the person starts again.
    """
    participant = find_by_email(campaign.market.offer_id, state.email)
    if participant is None:
        response = redirect(campaign.join_address)
        session.forget_form(response, JOIN_COOKIE)
        return response
    is_here = participant.market_id == campaign.market.id
    response = redirect(campaign.done_address) if is_here else redirect("me")
    session.sign_in(response, participant)
    return response


@require_http_methods(["GET", "HEAD"])
@campaign_page
def done(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Joined: the link, the QR code, a text to share, the pot, the receipt."""
    participant = session.read_participant(request)
    if participant is None or participant.market_id != campaign.market.id:
        return redirect("me")
    context = {
        "participant": participant,
        "share": share_of(campaign, participant.id),
        "pots": pot_lines(participant.id, campaign),
        "receipts": receipt_lines(participant.id),
        "may_check_clarity": may_check_clarity(participant, campaign),
    }
    return _render(request, "join/done.html", campaign, context)


@cache
def page_hash(language: str) -> str:
    """SHA-256 of what the page that asks is built from: its templates, the stylesheet, the language.

    With the version's own texts, which the receipt names too, it says what a person was shown (LR-030).
    """
    digest = hashlib.sha256(language.encode())
    for name in _BUILT_FROM:
        digest.update((_TEMPLATES / name).read_bytes())
    digest.update((Path(settings.BASE_DIR) / "static" / "onloan.css").read_bytes())
    return digest.hexdigest()


def _answer_form(campaign: Campaign, request: HttpRequest | None = None) -> AnswerForm:
    return AnswerForm(
        request.POST if request else None,
        permission_ids=[permission.id for permission in campaign.offer.permissions],
        initial={"version": str(campaign.version.id)},
    )


def _render_questions(
    request: HttpRequest, campaign: Campaign, state: FormState, form: AnswerForm, *, has_changed: bool = False
) -> HttpResponse:
    invitation = _invitation(request, campaign, state.via_code)
    campaign = invitation.seen_by_friend(campaign) if invitation else campaign
    asked = zip(campaign.permissions, campaign.offer.permissions, strict=True)
    questions = [
        Question(text, form[f"answer-{permission.id}"], campaign.thanks_for(permission.id))
        for text, permission in asked
    ]
    context = {"form": form, "questions": questions, "has_changed": has_changed}
    return _render(request, "join/permissions.html", campaign, context)


def _render(
    request: HttpRequest, template: str, campaign: Campaign, context: Mapping[str, object]
) -> HttpResponse:
    form = context.get("form")
    is_wrong = bool(getattr(form, "errors", None))
    status = 409 if context.get("has_changed") else 422 if is_wrong else 200
    return render_campaign(request, template, campaign, context, status=status, is_private=True)


def _invitation(request: HttpRequest, campaign: Campaign, typed: str) -> Invitation | None:
    if not typed or len(typed) > VIA_LENGTH_MAX:
        return None
    return find_invitation(typed, campaign, session.read_participant_id(request))


def _place(campaign: Campaign) -> str:
    return f"{campaign.market.offer_slug}/{campaign.market.country}"


def _state(request: HttpRequest, campaign: Campaign) -> FormState | None:
    """What the earlier screens left for this campaign and no other."""
    state = session.read_form(request, JOIN_COOKIE)
    return state if state is not None and state.place == _place(campaign) else None


def _confirmed_state(request: HttpRequest, campaign: Campaign) -> FormState | HttpResponseRedirect:
    """The state with a confirmed address, or where to go instead."""
    if not campaign.is_open:
        return redirect(campaign.address)
    state = _state(request, campaign)
    if state is None or not state.code_id:
        return redirect(campaign.done_address if _is_signed_in(request, campaign) else campaign.join_address)
    return state


def _is_signed_in(request: HttpRequest, campaign: Campaign) -> bool:
    """Whether whoever is signed in on this device has joined this offer already."""
    participant = session.read_participant(request)
    return participant is not None and participant.offer_id == campaign.market.offer_id
