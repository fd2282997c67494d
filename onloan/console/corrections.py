"""Putting the books right: support proposes what is missing beside the person's rewards, finance books it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from onloan import clock, ids
from onloan.access.rules import Capability
from onloan.cases.correcting import SOMEBODY_ELSE, approve_correction, propose_for_case
from onloan.cases.correction_queries import correction_page
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import BadInput, NotFound, OnloanError
from onloan.ledger.corrections import refuse_correction
from onloan.ledger.rules import CORRECTION_REASON_CHARACTERS_MAX, CORRECTION_REASON_CHARACTERS_MIN
from onloan.markets.rules import market_facts

RULE_CHARACTERS_MAX = 64
FRIEND_CHARACTERS_MAX = 24
_FIELDS = ("rule", "friend", "reason")


@require_http_methods(["GET", "POST"])
@team_page(Capability.DECIDE_REWARDS)
def show_correction(request: TeamRequest, case_id: UUID) -> HttpResponse:
    """The person of a case by their public id: what they have, what is still open, and what is proposed."""
    if request.method != "POST":
        return _render(request, case_id)
    typed = {
        "rule": read_text(request, "rule", RULE_CHARACTERS_MAX),
        "friend": read_text(request, "friend", FRIEND_CHARACTERS_MAX),
        "reason": read_text(request, "reason", CORRECTION_REASON_CHARACTERS_MAX),
    }
    try:
        propose_for_case(
            case_id=case_id,
            correction_id=_read_id(request),
            rule_id=typed["rule"],
            friend=typed["friend"],
            reason=typed["reason"],
            user_id=request.member.id,
            now=clock.now(),
        )
    except OnloanError as error:
        return _render(request, case_id, typed=typed, error=error)
    messages.success(request, _("Proposed. Someone of finance approves it next; until then nothing is booked."))
    return HttpResponseRedirect(reverse("console-correction", args=[case_id]))


def _read_id(request: TeamRequest) -> UUID:
    """The key that the form carries, so that a button pressed twice proposes once."""
    try:
        return UUID(request.POST.get("correction_id", ""))
    except ValueError as error:
        raise BadInput(field="rule", problem=_("open this page again")) from error


def _render(
    request: TeamRequest, case_id: UUID, *, typed: dict[str, str] | None = None, error: OnloanError | None = None
) -> HttpResponse:
    page = correction_page(case_id)
    bad = error.field if error is not None and error.field in _FIELDS else ""
    context = {
        "here": "cases",
        "page": page,
        "time_zone": market_facts(page.case.country).time_zone,
        "is_open": page.case.closed_at is None,
        "correction_id": ids.new_id(),
        "somebody_else": SOMEBODY_ELSE,
        "typed": typed or {},
        "problem": f"{error} ({error.code})" if error is not None else "",
        "bad": bad or ("rule" if error is not None else ""),
        "minimum": CORRECTION_REASON_CHARACTERS_MIN,
        "maximum": CORRECTION_REASON_CHARACTERS_MAX,
    }
    return render_page(request, "correction.html", context, status=error.status if error is not None else 200)


@require_POST
@team_page()
def decide_correction(request: TeamRequest, correction_id: UUID) -> HttpResponse:
    """Finance approves or refuses; whoever proposed it may take it back."""
    back = read_text(request, "case", 36)
    to = reverse("console-correction", args=[UUID(back)]) if _is_key(back) else reverse("console-money")
    user_id, now = request.member.id, clock.now()
    match request.POST.get("act"):
        case "approve":
            return act(
                request,
                Capability.APPROVE_PAYOUTS,
                lambda: approve_correction(correction_id=correction_id, user_id=user_id, now=now),
                _("Booked in your name. The person was told by mail, and sees it on their page."),
                to,
            )
        case "refuse":
            return act(
                request,
                Capability.VIEW,
                lambda: refuse_correction(correction_id=correction_id, user_id=user_id, now=now),
                _("Not booked. Whoever proposed it sees that on the page of the request."),
                to,
            )
    raise NotFound


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
