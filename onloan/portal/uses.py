"""The page of everything that was used of a person: by item and recipient, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from onloan.portal.campaign import Campaign
from onloan.portal.cases import signed_in
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.used import describe_use, name_item, name_recipient
from onloan.uses.history import UseGroup, list_use_groups

USES_PER_PAGE = 20
PAGES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    text: str
    is_chosen: bool


@require_safe
def uses_page(request: HttpRequest) -> HttpResponse:
    """Every use, newest first, a page at a time; by item and by recipient for whoever asks so."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    campaign = campaign_for(participant)
    groups = list_use_groups(participant.id, time_zone=campaign.time_zone)
    item, recipient = request.GET.get("item", ""), request.GET.get("recipient", "")
    chosen = [group for group in groups if _is_wanted(group, item, recipient)]
    number = _page_number(request)
    shown = chosen[(number - 1) * USES_PER_PAGE : number * USES_PER_PAGE]
    context = {
        "here": "me",
        "campaign": campaign,
        "uses": [describe_use(group, campaign) for group in shown],
        "has_uses": bool(groups),
        "items": _item_choices(groups, item, campaign.language),
        "recipients": _recipient_choices(groups, recipient, campaign),
        "is_filtered": bool(item or recipient),
        "newer": _page_address(number - 1, item, recipient) if number > 1 else "",
        "older": _page_address(number + 1, item, recipient) if len(chosen) > number * USES_PER_PAGE else "",
    }
    return render_page(request, "me/uses.html", context, colour=campaign.colour, is_private=True)


def _is_wanted(group: UseGroup, item: str, recipient: str) -> bool:
    return (not item or item in group.items) and (not recipient or recipient == group.recipient)


def _item_choices(groups: Sequence[UseGroup], chosen: str, language: str) -> list[Choice]:
    found = sorted({item for group in groups for item in group.items})
    return [Choice(item, capfirst(name_item(item, language)), item == chosen) for item in found]


def _recipient_choices(groups: Sequence[UseGroup], chosen: str, campaign: Campaign) -> list[Choice]:
    names = {group.recipient: name_recipient(group, campaign) for group in groups if group.recipient}
    return [Choice(recipient, name, recipient == chosen) for recipient, name in sorted(names.items())]


def _page_number(request: HttpRequest) -> int:
    typed = request.GET.get("page", "")
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= len(str(PAGES_MAX)) else 1
    return min(max(1, number), PAGES_MAX)


def _page_address(number: int, item: str, recipient: str) -> str:
    chosen = {"item": item, "recipient": recipient, "page": str(number)}
    return f"{reverse('my-uses')}?{urlencode({name: value for name, value in chosen.items() if value})}"
