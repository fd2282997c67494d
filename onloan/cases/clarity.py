"""The check of clarity: what people understood, once for each person and version. It has no effect on anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Q

from onloan import clock, db, ids
from onloan.cases.clarity_rules import Answers
from onloan.cases.feedback_models import ClarityAnswer
from onloan.cases.feedback_rules import COUNTED_MIN
from onloan.db import action
from onloan.people.marks import make_mark
from onloan.people.statements import lock_participant


@dataclass(frozen=True, slots=True)
class ClarityFigure:
    """Of ``answered`` people, how many had each question right, and how many all three."""

    answered: int
    who: int
    what: int
    until: int
    all_three: int

    @property
    def percent(self) -> int | None:
        """All three right, in a hundred, rounded; None where fewer than ten answered."""
        if self.answered < COUNTED_MIN:
            return None
        return (self.all_three * 200 + self.answered) // (2 * self.answered)


NOBODY_ASKED = ClarityFigure(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """What is kept about one person's answers: for the person and for their access pack."""

    answers: Answers
    answered_on: date


@action
def answer_clarity(
    *, participant_id: UUID, version_id: UUID, answers: Answers, time_zone: str, now: datetime
) -> bool:
    """Keep the first answers of this person about this version; False where there are some already.

    Only the day is kept, and no participant: see ``ClarityAnswer``. Raises NotFound.
    """
    lock_participant(participant_id)
    mark = _mark(participant_id, version_id)
    if ClarityAnswer.objects.filter(mark=mark).exists():
        return False
    db.execute([
        db.insert(
            ClarityAnswer, id=ids.new_id(), version_id=version_id, mark=mark, knows_who=answers.who,
            knows_what=answers.what, knows_until=answers.until, answered_on=clock.local_day(now, time_zone),
        )
    ])  # fmt: skip
    return True


def find_answers(participant_id: UUID, version_id: UUID) -> KeptAnswers | None:
    """What this person answered; None if they did not. Raises NotFound where the person was erased."""
    row = ClarityAnswer.objects.filter(mark=_mark(participant_id, version_id)).first()
    if row is None:
        return None
    return KeptAnswers(Answers(row.knows_who, row.knows_what, row.knows_until), row.answered_on)


def count_clarity(version_ids: Iterable[UUID]) -> dict[UUID, ClarityFigure]:
    """By version; one about which nobody answered is left out."""
    rows = (
        ClarityAnswer.objects.filter(version_id__in=list(version_ids))
        .values_list("version_id")
        .annotate(
            answered=Count("id"),
            who=Count("id", filter=Q(knows_who=True)),
            what=Count("id", filter=Q(knows_what=True)),
            until=Count("id", filter=Q(knows_until=True)),
            all_three=Count("id", filter=Q(knows_who=True, knows_what=True, knows_until=True)),
        )
        .order_by("version_id")
    )
    return {version_id: ClarityFigure(*counts) for version_id, *counts in rows}


def _mark(participant_id: UUID, version_id: UUID) -> str:
    return make_mark(participant_id, f"clarity|{version_id}")
