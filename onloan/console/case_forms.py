"""What the forms of an answer send: its parts, and what was previewed, so that nothing else goes out."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from onloan import clock
from onloan.cases.answers import LAW_CHARACTERS_MAX, Ground, Parts
from onloan.cases.queries import CaseView
from onloan.cases.rules import TEXT_CHARACTERS_MAX, Kind, Outcome
from onloan.cases.staying import find_stays
from onloan.console.pages import TeamRequest, read_text
from onloan.errors import BadInput
from onloan.keys import keyed_hash


def mark_answer(case_id: UUID, outcome: Outcome, text: str) -> str:
    """What the form carries from the preview to the send: one value for one answer of one case."""
    return keyed_hash("answer-preview", f"{case_id} {outcome.value} {text}")


def read_outcome(request: TeamRequest) -> Outcome:
    chosen = request.POST.get("outcome", "")
    if chosen not in {outcome.value for outcome in Outcome}:
        raise BadInput(field="outcome", problem=_("choose how it ended"))
    return Outcome(chosen)


def prefill_stays(request: TeamRequest, case: CaseView) -> dict[str, str]:
    """The law and the day of what stays of somebody who is erased, for an answer that it was done in part; nothing
    in place of what was typed."""
    if request.method == "POST" or case.line.kind is not Kind.ERASURE:
        return {}
    stays = find_stays(case.line.id, language=case.line.language, now=clock.now())
    if stays is None or not stays.is_erased or stays.accounts_until is None:
        return {}
    return {"law": stays.accounts_law, "kept_until": stays.accounts_until.isoformat()}


def read_parts(request: TeamRequest) -> Parts:
    ground, until = request.POST.get("ground", ""), request.POST.get("kept_until", "").strip()
    try:
        kept_until = date.fromisoformat(until) if until else None
    except ValueError:
        raise BadInput(field="kept_until", problem=_("write a day as 2037-12-31")) from None
    return Parts(
        done=read_text(request, "done", TEXT_CHARACTERS_MAX),
        reasons=read_text(request, "reasons", TEXT_CHARACTERS_MAX),
        ground=Ground(ground) if ground in {each.value for each in Ground} else None,
        law=read_text(request, "law", LAW_CHARACTERS_MAX),
        kept_until=kept_until,
        proof=read_text(request, "proof", TEXT_CHARACTERS_MAX),
    )
