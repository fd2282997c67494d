"""The panel of what is stopped, on its case's page: a restriction and its end, objections, and what is said to be
wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.access.rules import Capability
from onloan.cases.clocks import REASON_CHARACTERS_MIN
from onloan.cases.objecting import is_contact_suppressed, release_contact
from onloan.cases.queries import CaseView
from onloan.cases.restricting import TOLD_BEFORE, announce_lifting, find_restriction, has_dispute, stay_lifting
from onloan.cases.rules import About, Kind
from onloan.console.pages import TeamRequest, act, read_text, team_page
from onloan.errors import NotFound
from onloan.people.queries import find_participant

STOPS = frozenset({Kind.RESTRICTION, Kind.OBJECTION, Kind.RECTIFICATION})
REASON_CHARACTERS_MAX = 2_000


def restriction_panel(case: CaseView) -> dict[str, object]:
    """What the panel shows; empty for another request."""
    line = case.line
    person = find_participant(line.participant_id) if line.participant_id is not None else None
    is_suppressed = is_contact_suppressed(case)
    if line.kind not in STOPS or not (person or is_suppressed) or (person and person.erased_at):
        return {}
    return {
        "stopped": {
            "person": person,
            "whole": find_restriction(person) if person is not None and line.kind is Kind.RESTRICTION else None,
            "is_objection": line.kind is Kind.OBJECTION,
            "is_in_part": line.about is About.NOTHING,
            "is_correction": line.kind is Kind.RECTIFICATION,
            "is_about_money": line.about is About.MONEY,
            "is_disputed": has_dispute(line.id),
            "is_suppressed": is_suppressed and person is None,
            "days": TOLD_BEFORE.days,
            "minimum": REASON_CHARACTERS_MIN,
        }
    }


@require_http_methods(["GET", "POST"])
@team_page(Capability.HANDLE_CASES)
def change(request: TeamRequest, case_id: UUID) -> HttpResponse:
    """Say that a restriction ends, or that it stays; or that an address may be written to again."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("console-case", args=[case_id]))
    if request.POST.get("act") not in _ACTS:
        raise NotFound
    perform, done = _ACTS[request.POST["act"]]
    return act(
        request,
        Capability.HANDLE_CASES,
        lambda: perform(request, case_id),
        str(done),
        reverse("console-case", args=[case_id]),
    )


def _lift(request: TeamRequest, case_id: UUID) -> None:
    reasons = read_text(request, "reasons", REASON_CHARACTERS_MAX)
    announce_lifting(case_id=case_id, user_id=request.member.id, reasons=reasons, now=clock.now())


def _stay(request: TeamRequest, case_id: UUID) -> None:
    stay_lifting(case_id=case_id, user_id=request.member.id, now=clock.now())


def _release(request: TeamRequest, case_id: UUID) -> None:
    release_contact(case_id=case_id, user_id=request.member.id, now=clock.now())


_ACTS: Mapping[str, tuple[Callable[[TeamRequest, UUID], None], Promise]] = {
    "lift": (_lift, gettext_lazy("The person was told the day, why, and what they can do.")),
    "stay": (_stay, gettext_lazy("It stays, and the person was told.")),
    "release": (_release, gettext_lazy("The address may be written to again.")),
}
