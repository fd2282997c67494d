"""A person's copy of everything, put together when they press the button, and the part to take elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.cases.pack import Pack, build_pack
from onloan.cases.pack_actions import note_taken
from onloan.cases.pack_words import TITLES
from onloan.cases.pack_writing import write_zip
from onloan.offers.texts import published_notice
from onloan.people.queries import ParticipantView
from onloan.portal.campaign import Campaign
from onloan.portal.cases import signed_in
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.used import describe_use
from onloan.uses.history import list_use_groups


@require_http_methods(["GET", "HEAD", "POST"])
def pack_page(request: HttpRequest) -> HttpResponse:
    """Looking at the page makes nothing; the button gives the file, which no cache keeps."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    campaign = campaign_for(participant)
    if request.method == "POST":
        return _hand_over(participant, campaign, is_portable=request.POST.get("part") == "portable")
    context = {"here": "me", "campaign": campaign, "merchant": campaign.merchant, "titles": TITLES.values()}
    return render_page(request, "me/pack.html", context, colour=campaign.colour, is_private=True)


def _hand_over(participant: ParticipantView, campaign: Campaign, *, is_portable: bool) -> HttpResponse:
    pack = build_pack(participant.id, is_portable=is_portable, now=campaign.now)
    content = write_zip(pack, _write_page(participant, campaign, pack))
    note_taken(participant_id=participant.id, is_portable=is_portable, gaps=pack.gaps, now=clock.now())
    response = HttpResponse(content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{campaign.offer.slug}-my-data.zip"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _write_page(participant: ParticipantView, campaign: Campaign, pack: Pack) -> str:
    groups = list_use_groups(participant.id, time_zone=campaign.time_zone)
    context = {
        "campaign": campaign,
        "participant": participant,
        "pack": pack,
        "photo": "profile_photo.jpg" in pack.files,
        "language": campaign.language,
        "uses": [describe_use(group, campaign) for group in groups],
        "gaps": [TITLES[name] for name in pack.gaps],
        "parts": [(TITLES[name], [list(row.items()) for row in rows]) for name, rows in pack.content.items()],
        "notice": published_notice(campaign.version, campaign.market.country, campaign.language),
    }
    return render_to_string("portal/pack/index.html", context)
