"""One voucher on its owner's page: its code as letters and as a picture, what is left, what was spent when."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from onloan.errors import NotFound
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.portal.cases import signed_in
from onloan.portal.done import read_done
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.pictures import qr_drawing
from onloan.portal.rewards import Step
from onloan.vouchers.queries import RedemptionView, VoucherView, find_own_voucher, list_redemptions
from onloan.vouchers.rules import RedemptionState, VoucherState


@require_safe
def voucher_page(request: HttpRequest, voucher_id: UUID) -> HttpResponse:
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    voucher = find_own_voucher(participant.id, voucher_id)
    if voucher is None:
        raise NotFound
    campaign = campaign_for(participant)
    context = {
        "here": "me",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "time_zone": campaign.time_zone,
        "voucher": voucher,
        "qr": qr_drawing(voucher.code) if voucher.code and voucher.state == VoucherState.ACTIVE else "",
        "steps": voucher_steps(voucher, list_redemptions(participant.id, voucher_id), campaign),
        "is_new": read_done(request, participant) == "new",
    }
    return render_page(request, "me/voucher.html", context, colour=campaign.colour, is_private=True)


def voucher_steps(voucher: VoucherView, redemptions: list[RedemptionView], campaign: Campaign) -> list[Step]:
    """What happened with a voucher, the earliest first. What a till set aside and let go again is no event."""
    language, time_zone = campaign.language, campaign.time_zone
    amount = voucher.amount.format(language)
    issued = gettext("You got this voucher of %(amount)s.") % {"amount": amount}
    steps = [(voucher.issued_at, Step("done", words.day(voucher.issued_at, language, time_zone), issued))]
    for redemption in redemptions:
        spent = {"amount": redemption.amount.format(language)}
        if redemption.done_at is not None:
            when = words.moment(redemption.done_at, language, time_zone)
            steps.append((redemption.done_at, Step("done", when, gettext("You spent %(amount)s.") % spent)))
        if redemption.state is RedemptionState.ROLLED_BACK and redemption.undone_at is not None:
            when = words.moment(redemption.undone_at, language, time_zone)
            text = gettext("The shop undid a purchase: %(amount)s are yours again.") % spent
            steps.append((redemption.undone_at, Step("done", when, text)))
    steps.sort(key=lambda pair: pair[0])
    if voucher.expires_at is not None:
        when = words.day(voucher.expires_at, language, time_zone)
        left = {"amount": voucher.expired.format(language)}
        if voucher.state == VoucherState.EXPIRED:
            text = gettext("It ended, as the terms announced. %(amount)s were not spent.") % left
            steps.append((voucher.expires_at, Step("failed", when, text)))
        elif voucher.state == VoucherState.ACTIVE:
            steps.append((voucher.expires_at, Step("coming", when, gettext("The last day to use it."))))
    return [step for _, step in steps]
