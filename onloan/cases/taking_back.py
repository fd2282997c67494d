"""Whoever asked takes it back: the case is closed as theirs to close, and an erasure that was begun is stopped."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.cases.actions import record_end
from onloan.cases.erasing import stop_erasure
from onloan.cases.errors import CaseClosed, ErasureDone
from onloan.cases.models import Case, Erasure
from onloan.cases.rules import Door, Outcome, State
from onloan.db import action
from onloan.errors import NotFound


@action
def take_back_case(*, case_id: UUID, now: datetime) -> None:
    """Close what somebody asked, because they say so; the caller knows that it is them.

    What has acted at once (a permission that ended, a restriction) stays as it is: that has buttons of its own. An
    erasure that is not done yet does not happen, also where the case was closed meanwhile. What opened by itself
    because we pay late nobody asked, so only an answer closes it. Raises NotFound, CaseClosed, ErasureDone.
    """
    begun = Erasure.objects.filter(case_id=case_id, completed_at=None).first()
    if begun is not None and begun.erased_at is not None:
        raise ErasureDone
    if begun is not None:
        stop_erasure(participant_id=begun.participant_id, now=now)
    row = Case.objects.filter(id=case_id).first()
    if row is None or row.door == Door.LATE_PAYMENT:
        raise NotFound
    if row.state != State.OPEN and begun is not None:
        return
    if row.state != State.OPEN:
        raise CaseClosed
    record_end(case_id=case_id, user_id=None, outcome=Outcome.TAKEN_BACK, now=now)
