"""Coming back to what was asked: from my page, or for everybody with its number and a code that is mailed.

Whether an address or a number is known stands on no page before the code is typed. Then a sealed cookie opens that
one request for an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.cases.erasure_queries import find_backups_end, find_erasure_of_case
from onloan.cases.errors import TextNeeded
from onloan.cases.following import add_message, ask_to_follow, find_followed
from onloan.cases.late_payment_queries import list_late_payments
from onloan.cases.pack.handing import can_hand_over, take_copy
from onloan.cases.queries import CaseLine, CaseView, find_case, is_case_of
from onloan.cases.rules import OURS, Door, EventKind, Kind, State
from onloan.cases.taking_back import take_back_case
from onloan.cases.timeline import Event, list_events
from onloan.errors import NotFound, OnloanError
from onloan.markets.rules import market_facts
from onloan.portal import session
from onloan.portal.cases import EVENT_WORDS, authority_context, signed_in, title_of
from onloan.portal.contacts import merchant_context
from onloan.portal.forms import CodeForm, PlainForm, SignInForm
from onloan.portal.packs import answer_in_their_language
from onloan.portal.pages import render_page
from onloan.portal.session import FOLLOW_COOKIE, SENT_COOKIE

REFERENCE_LENGTH_MAX = 20
PACK_PARTS = {Kind.ACCESS: "all", Kind.PORTABILITY: "portable"}
STAYS_STOPPED = frozenset({Kind.WITHDRAWAL, Kind.RESTRICTION, Kind.OBJECTION})


class FollowForm(PlainForm):
    """The number of a request and the address that it came from."""

    reference = forms.CharField(
        label=gettext_lazy("The number of your request"),
        help_text=gettext_lazy("It stands in our mail, such as 4K7M-2Q9X."),
        max_length=REFERENCE_LENGTH_MAX,
        error_messages={
            "required": gettext_lazy("Type the number of your request."),
            "max_length": gettext_lazy("This number is too long."),
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "class": "short", "spellcheck": "false", "autocapitalize": "characters"}
        ),
    )
    email = SignInForm.base_fields["email"]


@require_http_methods(["GET", "HEAD", "POST"])
def my_case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One thing that a participant asked: its day, what happened, the answer; to add something or take it back."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    if not is_case_of(case_id, participant.id):
        raise Http404
    problem = ""
    if request.method == "POST":
        problem = _act(request, case_id)
        if not problem:
            return redirect("my-case", case_id=case_id)
    return _render_case(request, case_id, problem, is_own=True)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Its number and the address; the answer is the same whether or not there is such a request."""
    noted = session.read_sealed(request, SENT_COOKIE) or {}
    form = FollowForm(
        request.POST if request.method == "POST" else None, initial={"reference": noted.get("reference", "")}
    )
    form.fields["email"].help_text = gettext_lazy("The one that you wrote from. We send a code to it.")
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            asked_id = ask_to_follow(email=email, language=get_language() or "en", now=clock.now())
        except OnloanError as error:
            form.mark(error, "email")
        else:
            response = redirect("follow-code")
            wanted = {
                "email": email,
                "reference": form.cleaned_data["reference"],
                "asked": session.write_asked(asked_id),
            }
            session.save_sealed(response, FOLLOW_COOKIE, wanted)
            return response
    return _render(request, "requests/follow.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    noted = session.read_sealed(request, FOLLOW_COOKIE)
    if noted is None or "email" not in noted:
        return redirect("follow")
    form = CodeForm(request.POST if request.method == "POST" else None, asks_email=False)
    if request.method == "POST" and form.is_valid():
        try:
            case_id = find_followed(
                reference=noted["reference"],
                email=noted["email"],
                code=form.cleaned_data["code"],
                now=clock.now(),
                asked_id=session.read_asked(noted.get("asked", "")),
            )
        except OnloanError as error:
            form.mark(error)
        else:
            response = redirect("follow-case")
            session.save_sealed(response, FOLLOW_COOKIE, {"case": case_id.hex})
            return response
    return _render(request, "requests/follow_code.html", {"form": form, "email": noted["email"]})


@require_http_methods(["GET", "HEAD", "POST"])
def followed_case(request: HttpRequest) -> HttpResponse:
    """The page of that one request, for an hour."""
    noted = session.read_sealed(request, FOLLOW_COOKIE)
    if noted is None or "case" not in noted:
        return redirect("follow")
    case_id, problem = UUID(hex=noted["case"]), ""
    if request.method == "POST" and request.POST.get("act") == "take-copy":
        try:
            return answer_in_their_language(take_copy(case_id=case_id, now=clock.now()))
        except OnloanError as error:
            return _render_case(request, case_id, str(error), is_own=False)
    if request.method == "POST" and request.POST.get("act") == "leave":
        response = redirect("requests")
        session.forget_form(response, FOLLOW_COOKIE)
        return response
    if request.method == "POST":
        problem = _act(request, case_id)
        if not problem:
            return redirect("follow-case")
    try:
        return _render_case(request, case_id, problem, is_own=False)
    except NotFound:
        # Its time was over, and it is kept no longer.
        return redirect("follow")


def _act(request: HttpRequest, case_id: UUID) -> str:
    """Add what was typed, or take the request back; what could not be done, in a sentence, else nothing."""
    try:
        if request.POST.get("act") == "take-back":
            take_back_case(case_id=case_id, now=clock.now())
        else:
            add_message(case_id=case_id, text=request.POST.get("text", ""), now=clock.now())
    except TextNeeded:
        return gettext("Write first what you want to add.")
    except OnloanError as error:
        return str(error)
    return ""


def _can_take_back(line: CaseLine) -> bool:
    """Whether taking it back still changes anything: what is erased stays erased. What opened by itself nobody
    asked, and only an answer closes it."""
    if line.door is Door.LATE_PAYMENT:
        return False
    erasure = find_erasure_of_case(line.id) if line.kind is Kind.ERASURE else None
    return line.state is State.OPEN and (erasure is None or erasure.can_be_stopped)


def _render_case(request: HttpRequest, case_id: UUID, problem: str, *, is_own: bool) -> HttpResponse:
    case, act = find_case(case_id), request.POST.get("act")
    line = case.line
    events = list_events(case_id, only_shown=True)
    context = {
        "title": title_of(line.kind, line.about, line.door),
        "case": line,
        "answer": case.answer,
        "is_open": line.state is State.OPEN,
        "written": case.text,
        "late_payments": [each for each in list_late_payments(case_id) if each.end is None],
        "waits": case.waits_for is not None,
        "replied_at": _find_reply(case, events),
        "can_take_back": _can_take_back(line),
        "stays_stopped": line.kind in STAYS_STOPPED and line.participant_id is not None,
        **merchant_context(line.participant_id),
        "pack_kind": PACK_PARTS.get(line.kind, ""),
        "pack_part": PACK_PARTS.get(line.kind, "") if any(e.kind is EventKind.PACK_READY for e in events) else "",
        "can_take": not is_own and can_hand_over(case, clock.now()),
        "events": [(EVENT_WORDS[event.kind], event) for event in events],
        **_backups(case_id),
        "time_zone": market_facts(line.country).time_zone,
        "problem": problem,
        "add_problem": "" if act in {"take-back", "take-copy"} else problem,
        "back_problem": problem if act == "take-back" else "",
        "take_problem": problem if act == "take-copy" else "",
        "typed": request.POST.get("text", ""),
        "is_own": is_own,
        **authority_context(line.country),
    }
    return _render(request, "requests/case.html", context, status=422 if problem else 200)


def _find_reply(case: CaseView, events: Sequence[Event]) -> datetime | None:
    """When they answered the question that stops the clock; None where we wrote again since."""
    said = [event.kind for event in events if event.kind in {*OURS, EventKind.MESSAGE_FROM_PERSON}]
    return case.replied_at if said and said[-1] is EventKind.MESSAGE_FROM_PERSON else None


def _backups(case_id: UUID) -> dict[str, object]:
    """The last step of an erasure that was done: when no backup can hold it any more."""
    until = find_backups_end(case_id)
    return {"backups_until": until, "is_backup_past": until is not None and until < clock.now().date()}


def _render(request: HttpRequest, template: str, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    if getattr(context.get("form"), "errors", None):
        status = 422
    context = {"here": "requests", **merchant_context(), **context}
    return render_page(request, template, context, status=status, is_private=True)
