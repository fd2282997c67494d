"""A person's copy of everything, put together when they press the button, and the part to take elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_safe

from onloan import clock
from onloan.cases.pack.actions import note_taken
from onloan.cases.pack.building import Pack, build_pack
from onloan.cases.pack.queries import find_missing
from onloan.cases.pack.writing import write_schema, write_zip
from onloan.people.queries import ParticipantView
from onloan.portal.campaign import Campaign
from onloan.portal.cases import signed_in
from onloan.portal.pack.blocks import SECTION_TITLES
from onloan.portal.pack.page import write_page
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for

SCHEMA_SECONDS = 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
def pack_page(request: HttpRequest) -> HttpResponse:
    """Looking at the page makes nothing; a button gives the file, which no cache keeps."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    campaign = campaign_for(participant)
    if request.method == "POST":
        return _hand_over(participant, campaign, is_portable=request.POST.get("part") == "portable")
    context = {
        "here": "me",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "missing": find_missing(participant.id),
        "titles": list(SECTION_TITLES.values()),
    }
    return render_page(request, "me/pack.html", context, colour=campaign.colour, is_private=True)


def _hand_over(participant: ParticipantView, campaign: Campaign, *, is_portable: bool) -> HttpResponse:
    pack = build_pack(participant.id, is_portable=is_portable, now=campaign.now)
    response = answer_with_pack(pack, campaign)
    note_taken(participant_id=participant.id, is_portable=is_portable, gaps=pack.gaps, now=campaign.now)
    return response


def answer_in_their_language(pack: Pack) -> HttpResponse:
    """The file for somebody who did not take it from their page, in the language that they joined in."""
    with override(pack.person.language):
        return answer_with_pack(pack, campaign_for(pack.person))


def answer_with_pack(pack: Pack, campaign: Campaign) -> HttpResponse:
    """The file, which no cache keeps."""
    content = write_zip(pack, write_page(pack, campaign))
    day = clock.local_day(campaign.now, campaign.time_zone).isoformat()
    name = f"{campaign.offer.slug}-{day}{'-portable' if pack.is_portable else ''}.zip"
    response = HttpResponse(content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_safe
def pack_schema(request: HttpRequest) -> HttpResponse:
    """The schema of ``data.json``, for everybody: it is the same for each person and says nothing of anybody."""
    response = HttpResponse(write_schema(), content_type="application/schema+json")
    response.headers["Cache-Control"] = f"public, max-age={SCHEMA_SECONDS}"
    return response
