"""How a person is paid: to their account, by a slip that the shop pays out, or by voucher where they may choose.

Nothing is asked before cash is owed, and nothing is kept before the person has seen what the bank will see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from onloan import clock
from onloan.errors import NotFound, OnloanError
from onloan.payouts import actions
from onloan.payouts.queries import SlipView, list_slips
from onloan.payouts.rules import PayableState, PayeeProblem, due_after_account
from onloan.payouts.situation import OwedLine, PaymentSituation, payment_situation, preview_payee
from onloan.people.queries import ParticipantView
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.portal.cases import signed_in
from onloan.portal.done import go_and_say, read_done
from onloan.portal.forms import PayeeForm
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.pictures import qr_drawing

PROBLEM_WORDS: dict[str, Promise] = {
    PayeeProblem.REJECTED: gettext_lazy("The bank could not use this account: it may be mistyped or closed."),
    PayeeProblem.NAME: gettext_lazy("The name that you gave is not the one on the account."),
    PayeeProblem.RETURNED: gettext_lazy("The money came back from this account: it may be closed."),
}
DONE_WORDS: dict[str, Promise] = {
    "account": gettext_lazy("Done. We pay you to this account."),
    "removed": gettext_lazy("Done. Your name and your account are deleted. The money stays yours."),
    "cancelled": gettext_lazy("Done. The slip is good for nothing any more. Choose again how to be paid."),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount that is owed, and the sentence that says when and how it comes."""

    line: OwedLine
    sentence: str


@require_http_methods(["GET", "HEAD", "POST"])
def payment(request: HttpRequest) -> HttpResponse:
    """What is owed and how it is paid; a posted form is checked, changed or saved, as its button says."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    situation = payment_situation(participant.id, now=clock.now())
    if request.method != "POST" or situation.currency is None:
        return _render_payment(request, participant, situation, PayeeForm(currency=situation.currency or ""))
    if request.POST.get("step") == "change":
        form = PayeeForm(initial=request.POST.dict(), currency=situation.currency)
        return _render_payment(request, participant, situation, form, is_changing=True)
    form = PayeeForm(request.POST, currency=situation.currency)
    if form.is_valid():
        try:
            return _take_account(request, participant, form, situation.currency)
        except OnloanError as error:
            form.mark(error, "account")
    return _render_payment(request, participant, situation, form, is_changing=True)


def _take_account(
    request: HttpRequest, participant: ParticipantView, form: PayeeForm, currency: str
) -> HttpResponse:
    """First show what the bank will see, then save it. Raises what the rules for names and accounts refuse."""
    name, account = form.cleaned_data["name"], form.account_text()
    if request.POST.get("step") == "save":
        actions.give_account(participant_id=participant.id, name=name, account=account, now=clock.now())
        return go_and_say(reverse("payment"), "account", participant)
    seen = preview_payee(name=name, account=account, currency=currency)
    context = {"seen": seen, "typed": {field: form.cleaned_data[field] for field in form.fields}}
    return _render(request, participant, "me/payment_check.html", context)


@require_POST
def remove_account(request: HttpRequest) -> HttpResponse:
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    actions.remove_account(participant_id=participant.id)
    return go_and_say(reverse("payment"), "removed", participant)


@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest, payable_id: UUID) -> HttpResponse:
    """What a slip is, and a button that makes it; once made, the slip itself, to print or to show."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    if request.method == "POST":
        actions.issue_slip(participant_id=participant.id, payable_id=payable_id, now=clock.now())
        return redirect("slip", payable_id)
    present = _find_slip(participant, payable_id)
    if present is None:
        line = _find_line(participant, payable_id=payable_id)
        return _render(request, participant, "me/slip_new.html", {"line": line})
    drawing = "" if present.redeemed_at else qr_drawing(present.code)
    return _render(request, participant, "me/slip.html", {"slip": present, "qr": drawing})


@require_POST
def cancel_slip(request: HttpRequest, payable_id: UUID) -> HttpResponse:
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    actions.cancel_slip(participant_id=participant.id, payable_id=payable_id, now=clock.now())
    return go_and_say(reverse("payment"), "cancelled", participant)


@require_http_methods(["GET", "HEAD", "POST"])
def take_voucher(request: HttpRequest, reward_id: UUID) -> HttpResponse:
    """Cash and voucher side by side, the amounts equal; the button takes the voucher, for good."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    if request.method == "POST":
        voucher_id = actions.take_voucher(participant_id=participant.id, reward_id=reward_id, now=clock.now())
        return go_and_say(reverse("voucher", args=[voucher_id]), "new", participant)
    line = _find_line(participant, reward_id=reward_id)
    if not line.may_take_voucher or line.voucher_days is None:
        raise NotFound
    today = clock.local_day(clock.now(), campaign_for(participant).time_zone)
    ends_on = today + timedelta(days=line.voucher_days)
    return _render(request, participant, "me/cash_to_voucher.html", {"line": line, "ends_on": ends_on})


def _find_slip(participant: ParticipantView, payable_id: UUID) -> SlipView | None:
    slips = list_slips(participant.id)
    return next((slip for slip in slips if slip.payable_id == payable_id), None)


def _find_line(participant: ParticipantView, **wanted: UUID) -> OwedLine:
    """The amount that is owed with this key. Raises NotFound, also for somebody else's and one that is paid."""
    for line in payment_situation(participant.id, now=clock.now()).owed:
        if all(getattr(line, name) == value for name, value in wanted.items()):
            return line
    raise NotFound


def _amount(line: OwedLine, campaign: Campaign, *, has_account: bool) -> Amount:
    today = clock.local_day(campaign.now, campaign.time_zone)
    if line.state is PayableState.IN_BATCH and line.execute_on is not None and line.execute_on >= today:
        day = words.day(line.execute_on, campaign.language)
        sentence = gettext("On its way to your account. The bank is asked to pay it on %(day)s.") % {"day": day}
    elif line.state is PayableState.SLIP:
        sentence = gettext("On a slip: paid in cash as soon as its code is shown to the shop.")
    elif has_account or line.state is PayableState.IN_BATCH:
        day = words.day(line.due_on, campaign.language)
        sentence = gettext("Paid to your account by %(day)s at the latest.") % {"day": day}
    else:
        day = words.day(due_after_account(line.due_on, today), campaign.language)
        sentence = gettext("Tell us today where, and we pay it by %(day)s at the latest.") % {"day": day}
    return Amount(line, sentence)


def _render_payment(
    request: HttpRequest,
    participant: ParticipantView,
    situation: PaymentSituation,
    form: PayeeForm,
    *,
    is_changing: bool = False,
) -> HttpResponse:
    campaign = campaign_for(participant)
    payee = situation.payee
    has_account = payee is not None and payee.problem is None
    context = {
        "situation": situation,
        "amounts": [_amount(line, campaign, has_account=has_account) for line in situation.owed],
        "problem": PROBLEM_WORDS.get(payee.problem or "", "") if payee is not None else "",
        "is_under_way": any(line.state is PayableState.IN_BATCH for line in situation.owed),
        "choices": [line for line in situation.owed if line.may_take_slip],
        "may_take_voucher": any(line.may_take_voucher for line in situation.owed),
        "form": form,
        "is_changing": is_changing,
        "done": DONE_WORDS.get(read_done(request, participant), ""),
        "year": clock.local_day(campaign.now, campaign.time_zone).year,
    }
    return _render(request, participant, "me/payment.html", context)


def _render(
    request: HttpRequest, participant: ParticipantView, template: str, context: dict[str, Any]
) -> HttpResponse:
    campaign = campaign_for(participant)
    values = {
        "here": "me",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "time_zone": campaign.time_zone,
        "tax_sentence": campaign.tax_sentence,
        **context,
    }
    status = 422 if getattr(context.get("form"), "errors", None) else 200
    return render_page(request, template, values, status=status, colour=campaign.colour, is_private=True)
