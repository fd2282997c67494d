"""What a member sees before they propose to put the books right: the person's rewards, and what is still open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan.cases.correcting import CORRECTED_KINDS
from onloan.cases.errors import CaseNotIdentified
from onloan.cases.queries import CaseLine, find_case
from onloan.errors import NotFound
from onloan.ledger.correction_queries import (
    CorrectionLine,
    OpenRule,
    list_corrections_of,
    list_open_rules,
)
from onloan.ledger.queries import RewardLine, pot_view
from onloan.people.queries import find_participant
from onloan.referrals.queries import friends_view


@dataclass(frozen=True, slots=True)
class FriendOfCase:
    """Somebody whom the person brought and who counts for them; the member tells them apart by these."""

    public_id: str
    joined_at: datetime
    qualified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionPage:
    """Everything about the money of the person of a case, by their public id alone."""

    case: CaseLine
    public_id: str
    rewards: list[RewardLine]
    open_rules: list[OpenRule]
    friends: list[FriendOfCase]
    corrections: list[CorrectionLine]


def correction_page(case_id: UUID) -> CorrectionPage:
    """Raises CaseNotIdentified, and NotFound for another kind of case and for somebody who is erased."""
    case = find_case(case_id).line
    if case.kind not in CORRECTED_KINDS:
        raise NotFound
    if case.participant_id is None:
        raise CaseNotIdentified
    person = find_participant(case.participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    pot = pot_view(person.id)
    return CorrectionPage(
        case=case,
        public_id=person.public_id,
        rewards=[*pot.waiting, *pot.earned, *pot.paid, *pot.voided],
        open_rules=list_open_rules(person.id),
        friends=_list_friends(person.id),
        corrections=list_corrections_of(person.id),
    )


def _list_friends(participant_id: UUID) -> list[FriendOfCase]:
    found = []
    for line in friends_view(participant_id).lines:
        friend = find_participant(line.friend_id) if line.credited else None
        if friend is not None and friend.public_id:
            found.append(FriendOfCase(friend.public_id, line.joined_at, line.qualified_at))
    return found
