"""A person ends their own restriction or objection: what they asked for, they may end, without a reason."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.cases.models import Case
from onloan.cases.rules import EventKind, Kind
from onloan.cases.timeline import record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.people.actions import Flag, lift_flag
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant

_KINDS: dict[str, Kind] = {"restricted": Kind.RESTRICTION, "objected": Kind.OBJECTION}


@action
def lift_own(*, participant_id: UUID, flag: Flag, now: datetime) -> None:
    """From this commit on the gate asks again what the person allows: nothing, until they allow it anew, because
    what was stopped stays ended (GDPR art. 18(3), 21). Raises NotFound; again changes nothing."""
    lock_participant(participant_id)
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    since = person.restricted_at if flag == "restricted" else person.objected_at
    if since is None:
        return
    lift_flag(participant_id=participant_id, flag=flag)
    asked = Case.objects.filter(participant_id=participant_id, kind=_KINDS[flag]).order_by("-received_at").first()
    if asked is not None:
        record_event(case_id=asked.id, kind=EventKind.RESTRICTION_LIFTED, now=now, is_shown=True)
