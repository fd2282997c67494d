"""Erasing one's own data: what goes, what stays and why, how to be paid; and, once asked for, how far it is."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_http_methods

from onloan import clock, ids
from onloan.cases.actions import open_case
from onloan.cases.erasing import choose_way
from onloan.cases.erasure_queries import ErasureView, find_erasure, plan_erasure
from onloan.cases.erasure_rules import Step, StepLine, StepState
from onloan.cases.queries import find_case
from onloan.cases.rules import TEXT_CHARACTERS_MAX, Door, ErasureCause, ErasureWay, Kind
from onloan.cases.taking_back import take_back_case
from onloan.errors import OnloanError
from onloan.lines import plain_lines
from onloan.markets.naming import name_accounts_law
from onloan.payouts.situation import payment_situation
from onloan.people.queries import ParticipantView
from onloan.portal.campaign import Campaign
from onloan.portal.cases import signed_in
from onloan.portal.done import go_and_say
from onloan.portal.erasure_notice import erasure_notice
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.portal.pictures import qr_drawing

# (what will be done, what was done) of each step.
STEP_WORDS: dict[Step, tuple[Promise, Promise]] = {
    Step.STOPPED_SHOWING: (
        gettext_lazy("We stop showing anything of you, and tell whoever received something."),
        gettext_lazy("Nothing of you is shown any more, and whoever received something is told."),
    ),
    Step.MONEY: (gettext_lazy("We settle what you earned."), gettext_lazy("What you earned is settled.")),
    Step.ERASED: (
        gettext_lazy("We erase your data and destroy the key that opens them."),
        gettext_lazy("Your data are erased, and the key that opens them is destroyed."),
    ),
    Step.RECIPIENTS: (
        gettext_lazy("Whoever received something answers that it is removed."),
        gettext_lazy("Whoever received something has answered that it is removed."),
    ),
    Step.DATABASE: (
        gettext_lazy("We clean the files of our database of it."),
        gettext_lazy("The files of our database hold nothing of it any more."),
    ),
    Step.BACKUPS: (
        gettext_lazy("The last backup that can still hold it ends."),
        gettext_lazy("The last backup that can still hold it has ended."),
    ),
}
SLIP_WORDS = (gettext_lazy("What you earned goes on your slip."), gettext_lazy("What you earned is on your slip."))
"""The step of the money, for whoever does not wait for it."""


@require_http_methods(["GET", "HEAD", "POST"])
def erase_page(request: HttpRequest) -> HttpResponse:
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    problem: OnloanError | None = None
    if request.method == "POST":
        try:
            _act(request, participant)
        except OnloanError as error:
            problem = error
        else:
            is_stopped = request.POST.get("act") == "stop"
            return go_and_say(reverse("me"), "erasure", participant) if is_stopped else redirect("erase")
    return _render(request, participant, problem)


def _act(request: HttpRequest, participant: ParticipantView) -> None:
    """Ask for it, change how to be paid, or stop it in time. Raises what the actions raise."""
    now = clock.now()
    way = ErasureWay.SLIP if request.POST.get("way") == ErasureWay.SLIP else ErasureWay.PAID_FIRST
    begun = find_erasure(participant.id)
    is_asked = begun is not None and begun.cause is ErasureCause.ASKED
    match request.POST.get("act"):
        case "stop" if is_asked and begun is not None and begun.case_id is not None:
            take_back_case(case_id=begun.case_id, now=now)
        case "way" if is_asked:
            choose_way(participant_id=participant.id, way=way, now=now)
        case "erase":
            open_case(
                case_id=ids.read_id(request.POST.get("form_id", "")),
                kind=Kind.ERASURE,
                country=participant.country,
                language=get_language() or "en",
                door=Door.MY_PAGE,
                text=plain_lines(request.POST.get("text", ""))[: TEXT_CHARACTERS_MAX + 1],
                participant_id=participant.id,
                way=way,
                now=now,
            )


def _render(request: HttpRequest, participant: ParticipantView, problem: OnloanError | None) -> HttpResponse:
    campaign = campaign_for(participant)
    plan, begun = plan_erasure(participant.id, now=campaign.now), find_erasure(participant.id)
    context = {
        "here": "requests",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "time_zone": campaign.time_zone,
        "plan": plan,
        "law": name_accounts_law(campaign.market.country, campaign.language),
        "problem": str(problem) if problem is not None else "",
        "typed": request.POST if request.method == "POST" else {},
        "authority": campaign.authority,
        "authority_name": campaign.authority_name,
        **_progress(begun, participant, campaign),
    }
    status = problem.status if problem is not None else 200
    return render_page(request, "me/erase.html", context, status=status, colour=campaign.colour, is_private=True)


def _progress(begun: ErasureView | None, participant: ParticipantView, campaign: Campaign) -> dict[str, object]:
    """What stands on the page once it was asked for: the steps, the slip, the number of the request."""
    if begun is None or begun.cause is not ErasureCause.ASKED or begun.case_id is None:
        return {}
    return {
        "begun": begun,
        "notice": erasure_notice(begun, payment_situation(participant.id, now=campaign.now), campaign),
        "steps": [(_step_words(line, begun), _without_past(line, campaign)) for line in begun.steps],
        "is_slip": begun.way is ErasureWay.SLIP,
        "reference": find_case(begun.case_id).line.reference,
        "slip_code": begun.slip_code,
        "qr": qr_drawing(begun.slip_code),
    }


def _step_words(line: StepLine, begun: ErasureView) -> Promise:
    takes_slip = line.step is Step.MONEY and begun.progress.takes_slip
    return (SLIP_WORDS if takes_slip else STEP_WORDS[line.step])[line.state is StepState.DONE]


def _without_past(line: StepLine, campaign: Campaign) -> StepLine:
    """A step that waits for something else is told without the day that it could have been done on."""
    is_past = line.by is not None and line.by < campaign.now.date()
    return replace(line, by=None) if is_past else line
