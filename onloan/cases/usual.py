"""The answer to a request that did itself: what was objected to, restricted or taken back stopped at once, or the
whole copy was taken. It is put together from the suggested sentences; a member still reads and sends it."""

from __future__ import annotations

from dataclasses import dataclass

from onloan.cases.answers import Parts
from onloan.cases.pack.queries import PACK_KINDS, find_gap
from onloan.cases.queries import CaseView
from onloan.cases.rules import OBJECTS_TO_CHECKS, OBJECTS_TO_MARKETING, EventKind, Kind, Outcome, State
from onloan.cases.suggestions import list_suggestions
from onloan.cases.timeline import list_events
from onloan.people.queries import ParticipantView, find_participant
from onloan.uses.duty_queries import count_open_duties


@dataclass(frozen=True, slots=True)
class UsualAnswer:
    outcome: Outcome
    parts: Parts


def find_usual_answer(case: CaseView) -> UsualAnswer | None:
    """What would be answered, in the person's language; None where something is left to do or to wait for."""
    line = case.line
    person = find_participant(line.participant_id) if line.participant_id is not None else None
    if person is None or person.erased_at is not None or line.state is State.CLOSED:
        return None
    if case.waits_for is not None or case.acknowledged_at is None or line.letter_waits_since is not None:
        return None
    if not _is_done(case, person):
        return None
    sentences = list_suggestions(line.kind, line.language, reach=case.reach, about=line.about)
    texts = [each.text for each in sentences if each.outcome is Outcome.DONE and each.field == "done"]
    return UsualAnswer(Outcome.DONE, Parts(done="\n\n".join(texts))) if texts else None


def _is_done(case: CaseView, person: ParticipantView) -> bool:
    """Whether what was asked holds now: a person may have ended it again themselves."""
    line = case.line
    if line.kind is Kind.OBJECTION:
        is_shown = line.about in OBJECTS_TO_MARKETING and person.objected_at is None
        return not is_shown and (line.about not in OBJECTS_TO_CHECKS or person.checks_objected_at is not None)
    if line.kind is Kind.RESTRICTION:
        return person.restricted_at is not None and not count_open_duties(person.id)
    if line.kind is Kind.WITHDRAWAL:
        return not count_open_duties(person.id)
    if line.kind in PACK_KINDS and not find_gap(line.id):
        return any(event.kind is EventKind.PACK_SENT and not event.text for event in list_events(line.id))
    return False
