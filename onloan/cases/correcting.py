"""Putting the books right for a case: a member proposes what is missing, another one books it (GDPR art. 16).

A friend's event is the shop's to report; where it cannot be any more, this gives what it would have given. It is
booked under that friend, so the event gives nothing twice if it comes after all.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.cases.errors import CaseClosed, CaseNotIdentified
from onloan.cases.models import Case
from onloan.cases.rules import EventKind, Kind, State
from onloan.cases.timeline import record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.ledger.correction_queries import find_case_of_correction
from onloan.ledger.corrections import correct_reward, propose_correction
from onloan.ledger.errors import CorrectionFriendNeeded
from onloan.offers.document import RewardTo
from onloan.offers.queries import find_version
from onloan.people.queries import find_by_public_id, find_participant
from onloan.people.statements import lock_participant
from onloan.referrals.actions import OWN, hand_over_reward
from onloan.referrals.queries import find_sponsor

CORRECTED_KINDS = frozenset({Kind.RECTIFICATION, Kind.COMPLAINT})
"""Requests that may say that something is missing in the books."""
SOMEBODY_ELSE = "other"
"""In place of a friend's public id: somebody whom the books do not know as theirs."""


@action
def propose_for_case(
    *,
    case_id: UUID,
    correction_id: UUID,
    rule_id: str,
    friend: str,
    reason: str,
    user_id: UUID,
    now: datetime,
) -> None:
    """Propose one missing reward of the person of an open case.

    ``friend`` counts where the reward is for a friend: a public id of somebody whom the person brought, or
    ``SOMEBODY_ELSE``. Raises what ``propose_correction`` raises, CorrectionFriendNeeded, CaseNotIdentified,
    CaseClosed, NotFound.
    """
    case = Case.objects.filter(id=case_id, kind__in=CORRECTED_KINDS).first()
    if case is None:
        raise NotFound
    if case.participant_id is None:
        raise CaseNotIdentified
    if case.state != State.OPEN:
        raise CaseClosed
    participant_id: UUID = case.participant_id
    lock_participant(participant_id)
    propose_correction(
        correction_id=correction_id,
        participant_id=participant_id,
        case_id=case_id,
        rule_id=rule_id,
        cause_key=_read_cause(participant_id, rule_id, friend),
        reason=reason,
        user_id=user_id,
        now=now,
    )


def _read_cause(participant_id: UUID, rule_id: str, friend: str) -> str | None:
    """What the reward is for: the person's own event, a friend's, or something that the books do not know."""
    if _find_receiver(participant_id, rule_id) != "sponsor":
        return OWN
    if friend == SOMEBODY_ELSE:
        return None
    found = find_by_public_id(friend) if friend else None
    sponsor = find_sponsor(found.id) if found is not None else None
    if found is None or sponsor is None or sponsor.sponsor_id != participant_id or not sponsor.credited:
        raise CorrectionFriendNeeded(field="friend")
    return found.id.hex


def _find_receiver(participant_id: UUID, rule_id: str) -> RewardTo | None:
    person = find_participant(participant_id)
    if person is None:
        return None
    return next((rule.to for rule in find_version(person.version_id).offer.rewards if rule.id == rule_id), None)


@action
def approve_correction(*, correction_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Book a proposed correction and hand the reward over, as one that was earned: a voucher, cash that is owed,
    or an event for the merchant, with the usual mail. The case says so to the person.

    False when it was booked before: then nothing happens. Raises what ``correct_reward`` raises.
    """
    reward = correct_reward(correction_id=correction_id, user_id=user_id, now=now)
    if reward is None:
        return False
    person = find_participant(reward.participant_id)
    assert person is not None, "the row is locked"
    hand_over_reward(reward=reward, person=person, now=now)
    case_id = find_case_of_correction(correction_id)
    if case_id is not None:
        record_event(case_id=case_id, kind=EventKind.RECTIFIED, now=now, by_user_id=user_id, is_shown=True)
    return True
