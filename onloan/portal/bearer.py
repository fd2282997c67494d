"""The slip of somebody who is erased: whoever types its code sees the money that is left, and its codes."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from onloan.cases.bearer import bearer_money, find_bearer, has_slip
from onloan.portal import session
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.pictures import qr_drawing
from onloan.portal.session import SLIP_COOKIE

CODE_LENGTH_MAX = 64


@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    """The code goes in the body of a form and never in an address: it is worth money. Coming here closes the
    slip that was open on this device."""
    problem = ""
    typed = request.POST.get("code", "")[:CODE_LENGTH_MAX]
    if request.method == "POST":
        participant_id = find_bearer(typed)
        if participant_id is not None:
            response = redirect("bearer-money")
            session.save_sealed(response, SLIP_COOKIE, {"holder": participant_id.hex})
            return response
        problem = gettext("We know no slip with this code. Compare it with the one in our mail.")
    context = {"here": "", "problem": problem, "typed": typed}
    page = render_page(request, "bearer/code.html", context, status=404 if problem else 200, is_private=True)
    session.forget_form(page, SLIP_COOKIE)
    return page


@require_safe
def money(request: HttpRequest) -> HttpResponse:
    """What is left to take: cash at a till, vouchers, and what still counts. Within an hour of typing the code."""
    noted = session.read_sealed(request, SLIP_COOKIE)
    holder = UUID(hex=noted["holder"]) if noted is not None else None
    # The code may have ended since it was typed, with an erasure that was stopped.
    found = bearer_money(holder) if holder is not None and has_slip(holder) else None
    if found is None:
        return redirect("bearer")
    campaign = campaign_for(found.person)
    context = {
        "here": "",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "time_zone": campaign.time_zone,
        "is_erased": found.person.erased_at is not None,
        "slips": [(slip, qr_drawing(slip.code)) for slip in found.slips],
        "vouchers": [(each, qr_drawing(each.code) if each.code else "") for each in found.vouchers],
        "waiting_count": found.waiting_count,
    }
    return render_page(request, "bearer/money.html", context, colour=campaign.colour, is_private=True)
