"""The link that a participant shares, and the page that a friend opens with it.

Who invites is shown only if the gate says yes, each time anew, to a person and to no robot; nothing about the
reader is stored, and nothing of the sponsor stands in the address, the title or the preview.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onloan import ids
from onloan.errors import NotFound
from onloan.offers.queries import find_market_by_id, find_version
from onloan.offers.vocabulary import ITEMS
from onloan.people.queries import ParticipantView, find_participant, list_item_names
from onloan.portal import session
from onloan.portal.campaign import Campaign, campaign_of, render_campaign, to_own_language
from onloan.portal.pages import render_page
from onloan.portal.pictures import qr_drawing
from onloan.referrals.queries import LinkView, credit_of, find_link, find_link_of
from onloan.referrals.rules import is_preview_request
from onloan.uses.actions import UsedItems, use_items
from onloan.uses.addresses import use_path

TYPED_SHOWN_MAX = 40
CARD_PURPOSE, CARD_CHANNEL = "referral_card", "invitation_page"
CARD_PHOTO_PIXELS = 256


@dataclass(frozen=True, slots=True)
class Share:
    """What a participant needs to invite."""

    code: str
    address: str
    shown_address: str
    qr: str
    text: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link as somebody who holds it sees it. ``counts``: joining now with it rewards its owner;
    ``is_full_today``: it would, had not as many joined today already as count on one day."""

    code: str
    sponsor: ParticipantView
    is_own: bool
    counts: bool
    is_full_today: bool

    def seen_by_friend(self, campaign: Campaign) -> Campaign:
        return campaign.invited_by(self.code) if self.counts else campaign


def share_of(campaign: Campaign, participant_id: UUID) -> Share | None:
    """The link, the QR code and a text to change at will; None where a participant has no link any more."""
    link = find_link_of(participant_id)
    if link is None:
        return None
    address = f"{settings.PUBLIC_URL}/l/{link.code}"
    return Share(
        code=link.code,
        address=address,
        shown_address=address.removeprefix("https://").removeprefix("http://"),
        qr=qr_drawing(address),
        text=campaign.texts["share"].replace("{link}", address),
    )


def find_invitation(typed: str, campaign: Campaign, reader_id: UUID | None) -> Invitation | None:
    """The invitation that a typed or followed code means in ``campaign``; None when we know no such code."""
    link = find_link(typed)
    return _invitation(link, campaign, reader_id) if link is not None else None


def _invitation(link: LinkView, campaign: Campaign, reader_id: UUID | None) -> Invitation | None:
    sponsor = find_participant(link.participant_id)
    if sponsor is None or sponsor.erased_at:
        return None
    is_own = reader_id == link.participant_id
    credit = credit_of(sponsor, market_id=campaign.market.id, now=campaign.now)
    return Invitation(
        code=link.code,
        sponsor=sponsor,
        is_own=is_own,
        counts=credit == "counts" and not is_own,
        is_full_today=credit == "full_today" and not is_own,
    )


@require_safe
def invitation(request: HttpRequest, code: str) -> HttpResponse:
    """What the friend gets, and who invites them if that person allows it."""
    link = find_link(code)
    if link is None:
        return _ask_code(request, code, is_wrong=True)
    campaign = campaign_of(find_market_by_id(link.market_id))
    elsewhere = to_own_language(request, campaign)
    if elsewhere is not None:
        return elsewhere
    found = _invitation(link, campaign, session.read_participant_id(request))
    if found is None:
        return _ask_code(request, code, is_wrong=True)
    campaign = found.seen_by_friend(campaign)
    is_robot = is_preview_request(request.method or "", _plain_headers(request))
    card: Mapping[str, str] = {}
    if campaign.is_open and not is_robot and not found.is_own:
        card = sponsor_card(found.sponsor)
    context = {
        "invitation": found,
        "card": card,
        "ends_on": found.sponsor.window_ends_at,
    }
    return render_campaign(request, "invitation.html", campaign, context, is_private=True)


@require_safe
def type_code(request: HttpRequest) -> HttpResponse:
    """Where a link got lost: a code typed here opens the same page as the link."""
    typed = request.GET.get("code", "").strip()
    if not typed:
        return _ask_code(request, "", is_wrong=False)
    code = ids.normalize_code(typed)
    if code is None:
        return _ask_code(request, typed, is_wrong=True)
    return HttpResponseRedirect(reverse("invitation", args=[code]))


def _ask_code(request: HttpRequest, typed: str, *, is_wrong: bool) -> HttpResponse:
    """A field for the code, with what was typed or followed, and what is wrong with it."""
    context: dict[str, str] = {"typed": typed[:TYPED_SHOWN_MAX]}
    if is_wrong:
        context["problem"] = _("We know no invitation with this code. Compare it with the one you were sent.")
        context["code"] = NotFound.code
    status = NotFound.status if is_wrong else 200
    return render_page(request, "type_code.html", context, status=status, is_private=True)


def sponsor_card(sponsor: ParticipantView) -> dict[str, str]:
    """The sponsor's ``username`` and ``photo``, each only where the gate says yes, now; a use is recorded."""
    shown = ask_gate(sponsor, CARD_PURPOSE, CARD_CHANNEL)
    named = {"username": "username", "profile_photo": "photo"}
    return {named[item]: value for item, value in shown.items() if item in named}


def ask_gate(person: ParticipantView, purpose: str, channel: str) -> dict[str, str]:
    """Every item that ``person`` lets be shown so: a text, or the address of a photo, which dies by itself as soon
    as the person takes it back. One question for each permission that covers it.

    What the person never gave is not asked for: a use that shows nothing would be counted as one all the same.
    """
    allowed: dict[str, str] = {}
    given = set(list_item_names(person.id))
    for permission in find_version(person.version_id).offer.permissions:
        has_any = any((ITEMS[item].part_of or item) in given for item in permission.items)
        if has_any and permission.purpose == purpose and channel in permission.channels:
            used = use_items(
                participant_id=person.id,
                items=permission.items,
                purpose=purpose,
                channel=channel,
                country=person.country,
            )
            allowed.update(_shown_values(used))
    return allowed


def _shown_values(used: UsedItems) -> dict[str, str]:
    use_id = used.decision.use_id
    if not used.decision.allowed or use_id is None:
        return {}
    return {
        item: use_path(use_id, item, CARD_PHOTO_PIXELS) if ITEMS[item].is_image else value.decode()
        for item, value in used.values.items()
    }


def _plain_headers(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}
