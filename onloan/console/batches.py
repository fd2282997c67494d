"""One payout file: prepared by one person, approved by another, sent to the bank, and what the bank said of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.console.charts import Look, Part, Pattern, Tone, draw_bar, draw_swatch
from onloan.console.pages import TeamRequest, act, read_text, render_page, team_page
from onloan.errors import BadInput, NotFound
from onloan.payouts.actions import approve_batch, mark_batch_paid, refuse_batch
from onloan.payouts.answers import record_outcome
from onloan.payouts.queries import Reconciliation, Tally, batch_file, find_batch, list_payments, reconcile
from onloan.payouts.rules import END_TO_END_CHARACTERS_MAX, BatchState, PaymentState, PayoutMethod

LINES_SHOWN = 200
REASON_CHARACTERS_MAX = 8
_WITH_FILE = {BatchState.APPROVED, BatchState.PAID, BatchState.REJECTED}
_ACCEPTED = Look(Pattern.SOLID, Tone.CASH)
_REJECTED = Look(Pattern.GRID, Tone.CASH)
_RETURNED = Look(Pattern.DIAGONAL, Tone.CASH)
_UNANSWERED = Look(Pattern.BLANK, Tone.CASH)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    name: str
    tally: Tally
    swatch: SafeString | str = ""


@require_http_methods(["GET", "POST"])
@team_page()
def show_batch(request: TeamRequest, batch_id: UUID) -> HttpResponse:
    if request.method == "POST":
        return _act_on_batch(request, batch_id)
    batch, lines = find_batch(batch_id), list_payments(batch_id, limit=LINES_SHOWN)
    found = reconcile(batch_id)
    context = {
        "here": "money",
        "batch": batch,
        "method": tell_method(batch.method),
        "has_file": batch.state in _WITH_FILE,
        "is_open": batch.state in {BatchState.PREPARING, BatchState.PREPARED},
        "lines": lines,
        "left_out": max(0, batch.count - len(lines)) if lines else 0,
        "bar": _draw_answers(found),
        "reconciliation": _answer_rows(found),
        "unanswered": found.unanswered.count,
        "silent": found.silent,
        "words": _words(),
        "banking_address": reverse("console-banking"),
    }
    return render_page(request, "batch.html", context)


def _words() -> list[tuple[str, str]]:
    return [
        (PaymentState.ACCEPTED.value, _("It was paid")),
        (PaymentState.REJECTED.value, _("It was refused")),
        (PaymentState.RETURNED.value, _("It was paid and sent back")),
    ]


def tell_method(method: PayoutMethod) -> str:
    """What kind of file pays a batch."""
    return {
        PayoutMethod.SEPA_TRANSFER: _("SEPA transfers (ISO 20022, pain.001)"),
        PayoutMethod.GB_TRANSFER: _("Faster Payments (CSV)"),
        PayoutMethod.TRANSFER_LIST: _("List of transfers (CSV)"),
        PayoutMethod.CLAIM_SLIP: _("Claim slips"),
    }[method]


def _answer_rows(found: Reconciliation) -> list[AnswerRow]:
    return [
        AnswerRow(_("Sent to the bank"), found.sent),
        AnswerRow(_("Paid"), found.accepted, draw_swatch("accepted", _ACCEPTED)),
        AnswerRow(_("Refused by the bank"), found.rejected, draw_swatch("rejected", _REJECTED)),
        AnswerRow(_("Paid and sent back"), found.returned, draw_swatch("returned", _RETURNED)),
        AnswerRow(_("No answer yet"), found.unanswered, draw_swatch("unanswered", _UNANSWERED)),
    ]


def _draw_answers(found: Reconciliation) -> SafeString | str:
    if found.sent.count == 0:
        return ""
    return draw_bar(
        key="answers",
        title=_("What the bank said of this file"),
        description=_(
            "Of %(sent)d payments: %(accepted)d paid, %(rejected)d refused, %(returned)d sent back, "
            "%(unanswered)d without an answer."
        )
        % {
            "sent": found.sent.count,
            "accepted": found.accepted.count,
            "rejected": found.rejected.count,
            "returned": found.returned.count,
            "unanswered": found.unanswered.count,
        },
        parts=[
            Part(_ACCEPTED, found.accepted.total.amount_minor),
            Part(_REJECTED, found.rejected.total.amount_minor),
            Part(_RETURNED, found.returned.total.amount_minor),
            Part(_UNANSWERED, found.unanswered.total.amount_minor),
        ],
        whole=found.sent.total.amount_minor,
    )


def _act_on_batch(request: TeamRequest, batch_id: UUID) -> HttpResponse:
    to, user_id, now = reverse("console-batch", args=[batch_id]), request.member.id, clock.now()
    match request.POST.get("act"):
        case "approve":
            return act(
                request,
                Capability.APPROVE_PAYOUTS,
                lambda: approve_batch(batch_id=batch_id, user_id=user_id, now=now),
                _("Approved in your name. The file can go to the bank."),
                to,
            )
        case "refuse":
            return act(
                request,
                Capability.EXPORT_PAYOUTS,
                lambda: refuse_batch(batch_id=batch_id, user_id=user_id, now=now),
                _("Refused. What is in it is owed again and goes into the next one."),
                to,
            )
        case "paid":
            return act(
                request,
                Capability.EXPORT_PAYOUTS,
                lambda: mark_batch_paid(batch_id=batch_id, user_id=user_id, now=now),
                _("Marked as paid. Each person sees it on their page."),
                to,
            )
        case "word":
            return act(
                request,
                Capability.EXPORT_PAYOUTS,
                lambda: _record_word(request, batch_id),
                _("Entered. What is owed again is in the next file, once the account is in order."),
                to,
            )
    raise NotFound


def _record_word(request: TeamRequest, batch_id: UUID) -> None:
    said = request.POST.get("said", "")
    if said not in {value for value, _name in _words()}:
        raise BadInput(field="said", problem=_("say that it was paid, refused or sent back"))
    record_outcome(
        batch_id=batch_id,
        reference=read_text(request, "reference", END_TO_END_CHARACTERS_MAX),
        said=PaymentState(said),
        reason_code=read_text(request, "reason", REASON_CHARACTERS_MAX).upper(),
        user_id=request.member.id,
        now=clock.now(),
    )


@require_GET
@team_page(Capability.EXPORT_PAYOUTS)
def download_batch(request: TeamRequest, batch_id: UUID) -> HttpResponse:
    """What goes to the bank, once two people stand behind it. Names and accounts are in it: no cache keeps it."""
    file = batch_file(batch_id)
    response = HttpResponse(file.content, content_type=file.content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
