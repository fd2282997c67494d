"""Recipients: what they received, how they are told, and what has to be done since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import NotFound, OnloanError
from onloan.markets.rules import country_name
from onloan.offers.vocabulary import CHANNELS, ITEMS, PURPOSES, said
from onloan.offers.wording import listed
from onloan.uses.duty_queries import (
    Disclosure,
    DutyLine,
    RecipientLine,
    count_disclosures,
    list_duties,
    list_recipients,
)
from onloan.uses.duty_rules import REASON_CHARACTERS_MAX, Cause, DoorKind, NoticeState
from onloan.uses.notices import ADDRESS_CHARACTERS_MAX, except_notice, finish_takedown, set_door

DAYS_COUNTED = 90
URL_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class RecipientRow:
    line: RecipientLine
    role: str
    country: str
    disclosures: list[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class DutyRow:
    line: DutyLine
    items: str
    cause: str
    what: str
    is_late: bool


@require_http_methods(["GET", "POST"])
@team_page()
def show_recipients(request: TeamRequest) -> HttpResponse:
    if request.method == "POST":
        return _act(request)
    now, language = clock.now(), get_language() or "en"
    recipients = list_recipients()
    since = now - timedelta(days=DAYS_COUNTED)
    offer_ids = {line.offer_id for line in recipients}
    register = {offer_id: count_disclosures(offer_id, since=since) for offer_id in offer_ids}
    names = {line.facts.id: line.facts.name for line in recipients}
    duties = [_duty_row(line, names, language) for line in list_duties()]
    context = {
        "here": "uses",
        "recipients": [_recipient_row(line, register[line.offer_id], language) for line in recipients],
        "duties": duties,
        "late_count": sum(duty.is_late for duty in duties),
        "days_counted": DAYS_COUNTED,
    }
    return render_page(request, "recipients.html", context)


def _recipient_row(line: RecipientLine, register: list[Disclosure], language: str) -> RecipientRow:
    roles = {"processor": _("processor"), "controller": _("controller"), "joint": _("joint controller")}
    return RecipientRow(
        line,
        roles[line.facts.role],
        country_name(line.facts.country, language),
        [
            (name_items(each.items, language), said(PURPOSES[each.purpose].audience, language), each.count)
            for each in register
            if each.recipient == line.facts.id
        ],
    )


def _duty_row(line: DutyLine, names: dict[str, str], language: str) -> DutyRow:
    who = names.get(line.recipient, line.recipient)
    if line.is_notice:
        what = {
            NoticeState.WAITING: _("%(who)s has to be told, and there is no way yet"),
            NoticeState.TOLD: _("%(who)s was told and has not answered"),
        }[NoticeState(line.state)] % {"who": who}
    elif line.recipient:
        what = _("a copy that %(who)s holds") % {"who": who}
    else:
        place = said(CHANNELS[line.channel].place, language) if line.channel in CHANNELS else line.channel
        what = _("a copy of your own, %(place)s") % {"place": place}
    return DutyRow(line, name_items(line.items, language), tell_cause(line.cause), what, line.is_late(clock.now()))


def tell_cause(cause: str) -> str:
    return {
        Cause.WITHDRAWN: _("taken back"),
        Cause.EXPIRED: _("its term ended"),
        Cause.RECTIFIED: _("corrected"),
        Cause.ERASED: _("erased"),
        Cause.RESTRICTED: _("use stopped"),
        Cause.OBJECTED: _("objected"),
        Cause.SEEN: _("seen after its end"),
    }[Cause(cause)]


def name_items(items: tuple[str, ...], language: str) -> str:
    return listed([said(ITEMS[item].named, language) if item in ITEMS else item for item in items], language)


def _act(request: TeamRequest) -> HttpResponse:
    to, now = reverse("console-recipients"), clock.now()
    match request.POST.get("act"):
        case "door":
            return _set_door(request)
        case "except":
            return act(
                request,
                Capability.HANDLE_CASES,
                lambda: except_notice(
                    notice_id=_read_id(request),
                    user_id=request.member.id,
                    reason=read_text(request, "reason", REASON_CHARACTERS_MAX),
                    now=now,
                ),
                _("Ended with your reason, which stays with it."),
                to,
            )
        case "done":
            return act(
                request,
                Capability.HANDLE_CASES,
                lambda: finish_takedown(
                    takedown_id=_read_id(request),
                    user_id=request.member.id,
                    note=read_text(request, "reason", REASON_CHARACTERS_MAX),
                    now=now,
                ),
                _("Taken down, with the day and your name."),
                to,
            )
    raise NotFound


def _set_door(request: TeamRequest) -> HttpResponse:
    to = reverse("console-recipients")
    kind = request.POST.get("kind", "")
    if kind not in {each.value for each in DoorKind}:
        raise NotFound
    longest = ADDRESS_CHARACTERS_MAX if kind == DoorKind.MAIL else URL_CHARACTERS_MAX
    try:
        made = set_door(
            offer_id=_read_id(request),
            recipient=read_text(request, "recipient", 64),
            kind=DoorKind(kind),
            address=read_text(request, "address", longest),
            user_id=request.member.id,
            now=clock.now(),
        )
    except OnloanError as error:
        messages.error(request, f"{error} ({error.code})")
        return HttpResponseRedirect(to)
    if made is None:
        messages.success(request, _("From now on they are told by mail, with a button to answer."))
        return HttpResponseRedirect(to)
    return render_page(request, "recipient_secret.html", {"here": "uses", "secret": made.secret})


def _read_id(request: TeamRequest) -> UUID:
    try:
        return UUID(request.POST.get("id", ""))
    except ValueError:
        raise NotFound from None
