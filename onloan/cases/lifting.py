"""A person ends their own restriction or objection: what they asked for, they may end, without a reason."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from onloan.cases.models import Case
from onloan.cases.objecting import release_own_address
from onloan.cases.restricting import end_for_stranger, end_own
from onloan.cases.rules import OBJECTS_TO_CHECKS, OBJECTS_TO_MARKETING, About, EventKind, Kind
from onloan.cases.timeline import record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.people.actions import Flag, lift_flag
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant


@action
def lift_own(*, participant_id: UUID, flag: Flag, now: datetime) -> None:
    """From this commit on the gate asks again what the person allows: nothing, until they allow it anew, because
    what was stopped stays ended (GDPR art. 18(3), 21). Each of the two objections ends alone, and a restriction
    that stands for another reason (an erasure) stays. Raises NotFound; again changes nothing."""
    lock_participant(participant_id)
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    if flag == "restricted":
        end_own(participant_id=participant_id, now=now)
    elif flag == "objected":
        release_own_address(participant_id)
        if person.objected_at is not None:
            lift_flag(participant_id=participant_id, flag=flag)
            _write_down(participant_id, OBJECTS_TO_MARKETING, now)
    elif flag == "checks_objected" and person.checks_objected_at is not None:
        lift_flag(participant_id=participant_id, flag=flag)
        _write_down(participant_id, OBJECTS_TO_CHECKS, now)


@action
def undo_for_stranger(*, case_id: UUID, participant_id: UUID, now: datetime) -> None:
    """Part of separating a case from somebody whom it is not about: what it stopped, stops no more, unless they
    asked for the same themselves. Permissions that ended by it stay ended. Raises NotFound."""
    lock_participant(participant_id)
    case = Case.objects.get(id=case_id)
    end_for_stranger(case_id=case_id, participant_id=participant_id, now=now)
    if case.kind != Kind.OBJECTION:
        return
    parts: tuple[tuple[Flag, frozenset[About]], ...] = (
        ("objected", OBJECTS_TO_MARKETING), ("checks_objected", OBJECTS_TO_CHECKS),
    )  # fmt: skip
    for flag, abouts in parts:
        own = Case.objects.filter(participant_id=participant_id, kind=Kind.OBJECTION, about__in=abouts)
        if About(case.about) in abouts and not own.exclude(id=case_id).exists():
            lift_flag(participant_id=participant_id, flag=flag)
            if flag == "objected":
                release_own_address(participant_id)


def _write_down(participant_id: UUID, abouts: Collection[About], now: datetime) -> None:
    """On the latest objection that this was."""
    asked = Case.objects.filter(participant_id=participant_id, kind=Kind.OBJECTION, about__in=abouts)
    case = asked.order_by("-received_at").first()
    if case is not None:
        record_event(case_id=case.id, kind=EventKind.RESTRICTION_LIFTED, now=now, is_shown=True)
