"""Looking a person up: the reason first, then a masked file for an hour."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.looking_up import REASON_CHARACTERS_MAX, LookupReason, look_up, open_file
from onloan.console.pages import TeamRequest, read_text, render_page, team_page
from onloan.errors import BadInput, OnloanError
from onloan.offers.queries import find_version

TYPED_CHARACTERS_MAX = 254
REASON_WORDS: dict[LookupReason, Promise] = {
    LookupReason.REQUEST: gettext_lazy("a request of theirs"),
    LookupReason.COMPLAINT: gettext_lazy("a complaint"),
    LookupReason.PAYMENT: gettext_lazy("a payment or a voucher"),
    LookupReason.REVIEW: gettext_lazy("a reward under review"),
    LookupReason.OTHER: gettext_lazy("something else"),
}


@require_http_methods(["GET", "POST"])
@team_page(Capability.HANDLE_CASES)
def ask_reason(request: TeamRequest) -> HttpResponse:
    """What was typed goes in the body of a form and never in an address."""
    context: dict[str, object] = {
        "here": "people",
        "is_wide": False,
        "reasons": [(reason.value, words) for reason, words in REASON_WORDS.items()],
        "maximum": REASON_CHARACTERS_MAX,
    }
    if request.method != "POST":
        return render_page(request, "people.html", context)
    typed = read_text(request, "typed", TYPED_CHARACTERS_MAX)
    text = read_text(request, "text", REASON_CHARACTERS_MAX)
    chosen = request.POST.get("reason", "")
    try:
        if chosen not in set(LookupReason):
            raise BadInput(field="reason", problem=_("choose why"))
        record_ids = look_up(
            user_id=request.member.id, typed=typed, reason=LookupReason(chosen), text=text, now=clock.now()
        )
    except OnloanError as error:
        context |= {"typed": typed, "text": text, "chosen": chosen, "problem": f"{error} ({error.code})"}
        return render_page(request, "people.html", {**context, "bad": error.field}, status=error.status)
    if len(record_ids) == 1:
        return HttpResponseRedirect(reverse("console-person", args=[record_ids[0]]))
    count = len(record_ids)
    messages.success(request, ngettext("%(n)d file is open.", "%(n)d files are open.", count) % {"n": count})
    return render_page(request, "people.html", {**context, "record_ids": record_ids})


@require_GET
@team_page(Capability.HANDLE_CASES)
def show_file(request: TeamRequest, record_id: UUID) -> HttpResponse:
    file = open_file(record_id=record_id, user_id=request.member.id, now=clock.now())
    offer = find_version(file.person.version_id).offer
    context = {
        "here": "people",
        "file": file,
        "offer": offer.slug,
        "time_zone": offer.markets[file.person.country].time_zone,
        "reason": REASON_WORDS[LookupReason(file.lookup.kind)],
    }
    return render_page(request, "person.html", context)
