"""Taking back, allowing again, and receipts. One click takes back; it costs nothing and asks for no reason."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from onloan import clock
from onloan.cases.lifting import lift_own
from onloan.consents import actions
from onloan.consents.queries import ReceiptView, find_receipt, list_consents
from onloan.consents.receipts import list_receipt_forms, write_receipt
from onloan.consents.rules import Door
from onloan.errors import NotFound
from onloan.offers.queries import find_market_by_id, find_version
from onloan.people.actions import FLAGS
from onloan.people.queries import find_participant
from onloan.portal.allowed import allowed_cards, answer_cards, is_photo_unused, may_allow, your_items
from onloan.portal.campaign import campaign_of
from onloan.portal.cases import signed_in
from onloan.portal.done import go_and_say
from onloan.portal.joining import page_hash
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for

PERMISSION_LENGTH_MAX = 64
FORM_NAMES = {"iso27560": "ISO/IEC TS 27560", "dpv": "W3C DPV", "kantara": "Kantara"}


@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """One permission or, with an empty ``permission``, all of them; done when the next page shows."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    permission_id = _permission_id(request)
    if permission_id:
        actions.withdraw_permission(
            participant_id=participant.id, permission_id=permission_id, now=clock.now(), door=Door.MY_PAGE
        )
    else:
        actions.withdraw_all(participant_id=participant.id, now=clock.now(), door=Door.MY_PAGE)
    return redirect("taken-back")


@require_safe
def taken_back(request: HttpRequest) -> HttpResponse:
    """What stopped, what cannot be called back, and how to allow it again."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    campaign = campaign_for(participant)
    cards = [card for card in allowed_cards(participant, campaign) if card.state == "withdrawn"]
    latest = max((card.ended_at for card in cards if card.ended_at is not None), default=None)
    context = {
        "here": "me",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "cards": [card for card in cards if card.ended_at == latest],
        "is_photo_over": is_photo_unused(participant),
        "may_allow": may_allow(participant, campaign),
    }
    return render_page(request, "me/taken_back.html", context, colour=campaign.colour, is_private=True)


@require_POST
def allow(request: HttpRequest) -> HttpResponse:
    """Allow one permission later, or again."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    language = get_language() or "en"
    actions.answer_permission(
        participant_id=participant.id,
        permission_id=_permission_id(request),
        answer=True,
        language=language,
        page_hash=page_hash(language),
        now=clock.now(),
        version_id=_version_id(request),
    )
    return redirect("me")


@require_safe
def receipt_page(request: HttpRequest, token: str) -> HttpResponse:
    """What was answered and when, for whoever holds the link: it was given to the person alone."""
    receipt = _receipt(token)
    return _render_receipt(request, "receipt.html", receipt)


@require_POST
def take_back_by_receipt(request: HttpRequest, token: str) -> HttpResponse:
    actions.withdraw_by_receipt(token=token, permission_id=_permission_id(request) or None, now=clock.now())
    return redirect("receipt-taken-back", token=token)


@require_safe
def taken_back_by_receipt(request: HttpRequest, token: str) -> HttpResponse:
    return _render_receipt(request, "receipt_taken_back.html", _receipt(token))


@require_safe
def receipt_file(request: HttpRequest, token: str, form: str) -> HttpResponse:
    """The receipt for machines, in one of three published forms."""
    written = write_receipt(_receipt(token), form)
    response = JsonResponse(written, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{form}.json"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _render_receipt(request: HttpRequest, template: str, receipt: ReceiptView) -> HttpResponse:
    campaign = campaign_of(find_market_by_id(receipt.market_id), find_version(receipt.version_id))
    participant = find_participant(receipt.participant_id)
    assert participant is not None, "a receipt has an owner"
    live = [answer for answer in list_consents(participant.id) if answer.is_allowed]
    context = {
        "campaign": campaign,
        "merchant": campaign.merchant,
        "time_zone": campaign.time_zone,
        "receipt": receipt,
        "answers": answer_cards(receipt.answers, campaign),
        "language_name": dict(settings.LANGUAGES).get(receipt.language, receipt.language),
        "live_count": len(live),
        "live_items": [your_items(answer.items, campaign.language) for answer in live],
        "forms": [(form, FORM_NAMES[form]) for form in list_receipt_forms(receipt)],
    }
    return render_page(request, template, context, colour=campaign.colour, is_private=True)


def _receipt(token: str) -> ReceiptView:
    receipt = find_receipt(token)
    if receipt is None:
        raise NotFound()
    return receipt


def _permission_id(request: HttpRequest) -> str:
    return request.POST.get("permission", "")[:PERMISSION_LENGTH_MAX]


def _version_id(request: HttpRequest) -> UUID | None:
    """The version whose text was on the page; None (the person's own) for anything that is not an id."""
    try:
        return UUID(request.POST.get("version", ""))
    except ValueError:
        return None


@require_POST
def lift(request: HttpRequest, flag: str) -> HttpResponse:
    """End one's own restriction, or one of one's objections."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    wanted = next((each for each in FLAGS if each == flag), None)
    if wanted is None:
        raise NotFound
    lift_own(participant_id=participant.id, flag=wanted, now=clock.now())
    return go_and_say(reverse("me"), wanted, participant)
