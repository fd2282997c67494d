"""Everybody who writes about a case waits in one order: first the person whom it is about, then the case."""

from __future__ import annotations

from uuid import UUID

from onloan.cases.models import Case
from onloan.errors import NotFound
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant


def lock_case(case_id: UUID) -> Case:
    """The case, open or closed, until the end of the transaction. Raises NotFound."""
    seen = Case.objects.filter(id=case_id).values_list("participant_id").first()
    if seen is None:
        raise NotFound
    if seen[0] is not None and find_participant(seen[0]) is not None:
        lock_participant(seen[0])
    locked: Case = Case.objects.select_for_update().get(id=case_id)
    return locked
