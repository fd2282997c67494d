"""An objection acts at the commit that takes it in (GDPR art. 21). It has two parts, each of which stands alone.

To advertising: nothing of the person is shown, their address is kept as one that is never written to, and nobody
weighs anything against it. To the checks against cheating, which rest on the merchant's interest: no program looks
at their rewards, a human does. The person ends either at any time; the team only the second, by an answer with
reasons.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases.models import Case
from onloan.cases.queries import CaseView, find_case
from onloan.cases.rules import (
    OBJECTS_TO_CHECKS,
    OBJECTS_TO_MARKETING,
    About,
    EventKind,
    Kind,
    Outcome,
    State,
    ends_objection_to_checks,
)
from onloan.cases.timeline import record_event
from onloan.consents.actions import stop_consents
from onloan.consents.rules import EndReason
from onloan.db import action
from onloan.errors import NotFound
from onloan.people.actions import lift_flag, release_address, set_flag, suppress_address
from onloan.people.queries import find_participant, list_by_email, list_suppressed, read_item
from onloan.people.statements import lock_participant


@action
def object_to_use(*, participant_id: UUID, about: About, case_id: UUID, now: datetime) -> None:
    """From this commit on the gate denies, or no program looks, or both; again changes nothing. Consents do not
    end by an objection to checks: those rest on no consent. Raises NotFound."""
    lock_participant(participant_id)
    before = find_participant(participant_id)
    if about in OBJECTS_TO_MARKETING:
        set_flag(participant_id=participant_id, flag="objected", now=now)
        stop_consents(participant_id=participant_id, reason=EndReason.OBJECTED, now=now)
        address = read_item(participant_id, "email")
        if address is not None:
            suppress_address(email=address.decode(), now=now)
    if about in OBJECTS_TO_CHECKS:
        set_flag(participant_id=participant_id, flag="checks_objected", now=now)
    if find_participant(participant_id) != before:
        record_event(case_id=case_id, kind=EventKind.RESTRICTED, now=now, is_shown=True)


@action
def suppress_contact(*, kind: Kind, about: About, email: str, now: datetime) -> None:
    """Somebody objects who may never have joined: from this commit on their address is not to be written to for
    advertising. Any other request changes nothing."""
    if kind is Kind.OBJECTION and about in OBJECTS_TO_MARKETING:
        suppress_address(email=email, now=now)


@action
def settle_objection(*, case_id: UUID, outcome: Outcome, user_id: UUID | None, now: datetime) -> None:
    """Part of answering: where the answer gives compelling grounds, a program looks at the rewards again, unless
    the person has objected once more in the meantime."""
    case = Case.objects.get(id=case_id)
    if case.participant_id is None or not ends_objection_to_checks(Kind(case.kind), About(case.about), outcome):
        return
    lock_participant(case.participant_id)
    newer = Case.objects.filter(
        participant_id=case.participant_id, kind=Kind.OBJECTION, about__in=OBJECTS_TO_CHECKS, state=State.OPEN
    )
    if newer.exclude(id=case_id).exists():
        return
    lift_flag(participant_id=case.participant_id, flag="checks_objected")
    record_event(case_id=case_id, kind=EventKind.RESTRICTION_LIFTED, now=now, by_user_id=user_id, is_shown=True)


@action
def release_contact(*, case_id: UUID, user_id: UUID, now: datetime) -> None:
    """Whoever never joined asks to be written to again, of the team. Raises NotAllowed, NotFound."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    case = find_case(case_id)
    if case.contact is None or not is_contact_suppressed(case):
        raise NotFound
    release_address(email=case.contact)
    record_event(case_id=case_id, kind=EventKind.RESTRICTION_LIFTED, now=now, by_user_id=user_id, is_shown=True)


def is_contact_suppressed(case: CaseView) -> bool:
    """Whether the address of somebody who objected and is no participant gets no advertising."""
    if case.line.kind is not Kind.OBJECTION or case.line.participant_id is not None or case.contact is None:
        return False
    return bool(list_suppressed([case.contact]))


def release_own_address(participant_id: UUID) -> None:
    """Part of ending one's own objection to advertising: the address may be written to again, unless the same
    person has objected in another campaign too."""
    address = read_item(participant_id, "email")
    if address is None:
        return
    others = [person for person in list_by_email(address.decode()) if person.id != participant_id]
    if all(person.objected_at is None for person in others):
        release_address(email=address.decode())
