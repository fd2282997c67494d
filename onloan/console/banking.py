"""The merchant's accounts that cash is paid from, and the bank's answers to payout files."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.access.team import require
from onloan.console.pages import TeamRequest, read_text, render_page, team_page
from onloan.errors import BadInput, NotFound, OnloanError
from onloan.offers.queries import list_markets
from onloan.payouts.actions import set_debtor
from onloan.payouts.answers import AnswerReport, read_bank_answer
from onloan.payouts.bank.errors import BadPaymentText
from onloan.payouts.bank_queries import DebtorView, find_debtor, list_answers

NAME_CHARACTERS_MAX = 140
ACCOUNT_CHARACTERS_MAX = 64
TOWN_CHARACTERS_MAX = 35
BIC_CHARACTERS_MAX = 11


@dataclass(frozen=True, slots=True)
class DebtorForm:
    """One currency's account and, when its form has to be mended, what was typed. The account is not among that:
    it is never sent back to a page."""

    currency: str
    debtor: DebtorView | None
    name: str = ""
    town: str = ""
    bic: str = ""
    field: str = ""
    problem: str = ""


@require_http_methods(["GET", "POST"])
@team_page()
def show_banking(request: TeamRequest) -> HttpResponse:
    if request.method == "GET":
        return _render(request)
    require(request.member, Capability.EXPORT_PAYOUTS)
    match request.POST.get("act"):
        case "debtor":
            return _set_debtor(request)
        case "answer":
            return _read_answer(request)
    raise NotFound


def _set_debtor(request: TeamRequest) -> HttpResponse:
    currency = read_text(request, "currency", 3)
    if currency not in _currencies():
        raise NotFound
    name = read_text(request, "name", NAME_CHARACTERS_MAX)
    town = read_text(request, "town", TOWN_CHARACTERS_MAX)
    bic = read_text(request, "bic", BIC_CHARACTERS_MAX)
    try:
        set_debtor(
            currency=currency,
            name=name,
            account=read_text(request, "account", ACCOUNT_CHARACTERS_MAX),
            town=town,
            bic=bic,
            user_id=request.member.id,
            now=clock.now(),
        )
    except OnloanError as error:
        field = "town" if isinstance(error, BadPaymentText) else error.field or "account"
        bad = DebtorForm(currency, find_debtor(currency), name, town, bic, field, f"{error} ({error.code})")
        return _render(request, bad_form=bad, status=error.status)
    messages.success(
        request, _("Files prepared from now on pay %(currency)s from this account.") % {"currency": currency}
    )
    return HttpResponseRedirect(reverse("console-banking"))


def _read_answer(request: TeamRequest) -> HttpResponse:
    """Read the file and say on the same page what it changed; the file itself is not kept."""
    file = request.FILES.get("file")
    try:
        # Names and accounts are in it: it is read in memory, and what does not fit there does not arrive here.
        if file is None:
            raise BadInput(field="file", problem=_("choose the file that the bank gave you, of at most 10 MB"))
        report = read_bank_answer(data=file.read(), user_id=request.member.id, now=clock.now())
    except OnloanError as error:
        return _render(request, problem=f"{error} ({error.code})", status=error.status)
    return _render(request, report=report)


def _currencies() -> list[str]:
    return sorted({market.currency for market in list_markets()})


def _render(
    request: TeamRequest,
    *,
    bad_form: DebtorForm | None = None,
    problem: str = "",
    report: AnswerReport | None = None,
    status: int = 200,
) -> HttpResponse:
    forms = [
        bad_form if bad_form is not None and bad_form.currency == currency else _form(currency)
        for currency in _currencies()
    ]
    context = {
        "here": "money",
        "forms": forms,
        "answers": list_answers(),
        "problem": problem,
        "report": report,
    }
    return render_page(request, "banking.html", context, status=status)


def _form(currency: str) -> DebtorForm:
    debtor = find_debtor(currency)
    if debtor is None:
        return DebtorForm(currency, None)
    return DebtorForm(currency, debtor, debtor.name, debtor.town, debtor.bic or "")
