"""The panel of an erasure on its case's page: what goes and stays, how far it is, and beginning one that came by
letter."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.erasing import begin_by_member
from onloan.cases.erasure_queries import ErasureView, find_erasure_of_case, plan_erasure
from onloan.cases.erasure_rules import GRACE, Step
from onloan.cases.queries import CaseView
from onloan.cases.rules import Door, Kind, State
from onloan.console.pages import TeamRequest, act, team_page
from onloan.errors import NotFound
from onloan.markets.naming import name_accounts_law
from onloan.people.queries import is_alive

STEP_WORDS: dict[Step, Promise] = {
    Step.STOPPED_SHOWING: gettext_lazy("Nothing is shown any more; recipients are told"),
    Step.MONEY: gettext_lazy("What they earned is settled"),
    Step.ERASED: gettext_lazy("Key and rows are gone"),
    Step.RECIPIENTS: gettext_lazy("Recipients have answered, copies are taken down; the public id is gone"),
    Step.DATABASE: gettext_lazy("The database's own files are swept"),
    Step.BACKUPS: gettext_lazy("The last backup that can still hold it has ended"),
}


def erasure_panel(case: CaseView) -> dict[str, object]:
    """What the panel shows; empty for another request."""
    line = case.line
    if line.kind is not Kind.ERASURE:
        return {}
    begun = find_erasure_of_case(line.id)
    known = line.participant_id if is_alive(line.participant_id) else None
    return {
        "erasure": {
            "begun": begun,
            "plan": plan_erasure(known, now=clock.now()) if known is not None else None,
            "steps": [(_step_words(step.step, begun), step) for step in begun.steps] if begun is not None else [],
            "is_open": line.state is State.OPEN,
            "grace_days": GRACE[Door(line.door)].days,
        },
        "law": name_accounts_law(line.country, get_language() or "en"),
    }


def _step_words(step: Step, begun: ErasureView) -> str:
    if step is Step.MONEY and begun.progress.takes_slip:
        return _("What they earned goes on a slip")
    return str(STEP_WORDS[step])


@require_http_methods(["GET", "POST"])
@team_page(Capability.HANDLE_CASES)
def begin(request: TeamRequest, case_id: UUID) -> HttpResponse:
    """Begin what a letter or a call asked for; the person is told and can stop it."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("console-case", args=[case_id]))
    if request.POST.get("act") != "begin":
        raise NotFound
    return act(
        request,
        Capability.HANDLE_CASES,
        lambda: begin_by_member(case_id=case_id, user_id=request.member.id, now=clock.now()),
        _("Begun. The person was told, and can stop it until it is done."),
        reverse("console-case", args=[case_id]),
    )
