"""The till: somebody shows a voucher or a claim slip, and a member of the team takes it.

A code is in the body of a form and nowhere else: never in an address, so in no log and no history.
"""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onloan import clock, ids
from onloan.access.rules import Capability
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import BadInput, NotFound, OnloanError
from onloan.money import Money, parse_money
from onloan.payouts.actions import redeem_slip
from onloan.payouts.queries import SlipView, find_slip
from onloan.vouchers.guessing import look_up
from onloan.vouchers.queries import VoucherView, find_redeemed_voucher, find_redemption, find_voucher
from onloan.vouchers.rules import Till
from onloan.vouchers.spending import redeem_voucher, roll_back_redemption

CODE_CHARACTERS_MAX = 80
AMOUNT_CHARACTERS_MAX = 20
REFERENCE_CHARACTERS_MAX = 64


@require_http_methods(["GET", "POST"])
@team_page(Capability.REDEEM_VOUCHERS)
def show_till(request: TeamRequest) -> HttpResponse:
    """One field for a code; then what it stands for; then the one button that takes or pays it."""
    if request.method == "GET":
        return _ask(request)
    typed_code = read_text(request, "code", CODE_CHARACTERS_MAX)
    try:
        found = look_up(typed_code=typed_code, by=_till(request), now=clock.now(), find=_find)
    except OnloanError as error:
        return _ask(request, typed_code=typed_code, error=error)
    # mypy joins the two kinds of a found thing to ``object``.
    shown = cast("VoucherView | SlipView", found)
    step = request.POST.get("act")
    if step == "look":
        return _show(request, shown, typed_code)
    if step == "take" and isinstance(shown, VoucherView):
        return _take(request, shown, typed_code)
    if step == "pay" and isinstance(shown, SlipView):
        return _pay(request, shown, typed_code)
    raise NotFound


@require_http_methods(["GET", "POST"])
@team_page(Capability.REDEEM_VOUCHERS)
def show_taken(request: TeamRequest, redemption_id: UUID) -> HttpResponse:
    """What was taken and what is left, with the way to undo it."""
    redemption = find_redemption(redemption_id)
    if request.method == "POST":
        return act(
            request,
            Capability.REDEEM_VOUCHERS,
            lambda: roll_back_redemption(redemption_id=redemption_id, by=_till(request), now=clock.now()),
            _("Undone. The whole amount is on the voucher again."),
            reverse("console-till-taken", args=[redemption_id]),
        )
    undo_until = redemption.can_roll_back_until
    context = {
        "here": "till",
        "is_wide": False,
        "redemption": redemption,
        "voucher": find_redeemed_voucher(redemption),
        "may_undo": undo_until is not None and clock.now() <= undo_until,
    }
    return render_page(request, "till_taken.html", context)


def _find(typed_code: str) -> VoucherView | SlipView | None:
    return find_voucher(typed_code) or find_slip(typed_code)


def _till(request: TeamRequest) -> Till:
    return Till(user_id=request.member.id)


def _ask(request: TeamRequest, *, typed_code: str = "", error: OnloanError | None = None) -> HttpResponse:
    context = {
        "here": "till",
        "is_wide": False,
        "typed_code": typed_code,
        "problem": f"{error} ({error.code})" if error is not None else "",
    }
    return render_page(request, "till.html", context, status=200 if error is None else error.status)


def _show(
    request: TeamRequest,
    shown: VoucherView | SlipView,
    typed_code: str,
    *,
    typed_amount: str | None = None,
    error: OnloanError | None = None,
) -> HttpResponse:
    """A voucher or a slip. ``reference`` is the number of this sale: a button pressed twice is one sale."""
    context = {
        "here": "till",
        "is_wide": False,
        "typed_code": typed_code,
        "reference": read_text(request, "reference", REFERENCE_CHARACTERS_MAX) or f"till-{ids.new_code(12)}",
        "problem": f"{error} ({error.code})" if error is not None else "",
        "is_amount_wrong": error is not None and error.field == "amount",
    }
    status = 200 if error is None else error.status
    if isinstance(shown, SlipView):
        return render_page(request, "till_slip.html", {**context, "slip": shown}, status=status)
    context["voucher"] = shown
    context["typed_amount"] = _write_amount(shown.available) if typed_amount is None else typed_amount
    return render_page(request, "till_voucher.html", context, status=status)


def _take(request: TeamRequest, voucher: VoucherView, typed_code: str) -> HttpResponse:
    typed_amount = read_text(request, "amount", AMOUNT_CHARACTERS_MAX)
    try:
        redemption = redeem_voucher(
            typed_code=typed_code,
            amount=_read_amount(typed_amount, voucher.amount.currency),
            reference=read_text(request, "reference", REFERENCE_CHARACTERS_MAX),
            by=_till(request),
            hold_seconds=None,
            now=clock.now(),
        )
    except OnloanError as error:
        return _show(request, voucher, typed_code, typed_amount=typed_amount, error=error)
    return HttpResponseRedirect(reverse("console-till-taken", args=[redemption.id]))


def _pay(request: TeamRequest, slip: SlipView, typed_code: str) -> HttpResponse:
    try:
        paid = redeem_slip(
            typed_code=typed_code,
            reference=read_text(request, "reference", REFERENCE_CHARACTERS_MAX),
            by=_till(request),
            now=clock.now(),
        )
    except OnloanError as error:
        return _show(request, slip, typed_code, error=error)
    amount = paid.format(get_language() or "en")
    messages.success(request, _("%(amount)s is paid out. Keep the slip, if it is on paper.") % {"amount": amount})
    return HttpResponseRedirect(reverse("console-till"))


def _write_amount(amount: Money) -> str:
    """As it is typed in the reader's language: ``12.50``, ``12,50``, ``14``."""
    written = amount.written().split()[0]
    if written.partition(".")[2].strip("0") == "":
        written = written.partition(".")[0]
    return written.replace(".", ",") if get_language() == "fr" else written


def _read_amount(typed: str, currency: str) -> Money:
    """Raises BadInput. A comma or a point stands before the cents; the sign of the currency is forgiven."""
    plain = "".join(typed.split()).strip("€£").replace(",", ".")
    try:
        return parse_money(f"{plain} {currency}")
    except ValueError as error:
        raise BadInput(field="amount", problem=_("write the amount in digits, such as 12.50")) from error
