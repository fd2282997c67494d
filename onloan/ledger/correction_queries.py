"""Reads of corrections: what a person could still get by one, what was proposed, and what waits for finance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from onloan.access.models import User
from onloan.errors import NotFound
from onloan.ledger.corrections import find_open_rule, is_reserved
from onloan.ledger.errors import CorrectionNotInOffer
from onloan.ledger.models import Correction, Reward
from onloan.ledger.queries import Place, find_place
from onloan.ledger.rules import CorrectionState, RewardState
from onloan.money import Money
from onloan.offers.document import RewardKind, RewardRule
from onloan.offers.queries import find_version
from onloan.people import sealing
from onloan.people.changes import read_person_key
from onloan.people.models import Participant
from onloan.people.queries import find_participant

LINES_MAX = 200


@dataclass(frozen=True, slots=True)
class OpenRule:
    """A reward that the person's version still gives: how many more times, and whether it is reserved for them."""

    rule: RewardRule
    amount: Money
    times_left: int
    is_reserved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionLine:
    """A correction, without what says who it is for but their public id. ``reason`` and ``case_id`` are empty once
    the person is erased. ``decided_by`` is empty while nobody has."""

    id: UUID
    public_id: str
    place: Place
    rule_id: str
    kind: RewardKind
    amount: Money
    state: CorrectionState
    case_id: UUID | None
    reason: str
    proposed_by: str
    proposed_by_user_id: UUID
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None


def list_open_rules(participant_id: UUID) -> list[OpenRule]:
    """What a correction could give this person. Raises NotFound."""
    person = find_participant(participant_id)
    if person is None:
        raise NotFound
    offer = find_version(person.version_id).offer
    found: list[OpenRule] = []
    for each in offer.rewards:
        try:
            rule, amount = find_open_rule(person, offer, each.id)
        except CorrectionNotInOffer:
            continue
        given = Reward.objects.filter(participant_id=participant_id, rule_id=rule.id)
        used = given.exclude(state=RewardState.VOIDED.value).count()
        found.append(OpenRule(rule, amount, rule.times - used, is_reserved(person, offer, rule, amount)))
    return found


def list_corrections_of(participant_id: UUID) -> list[CorrectionLine]:
    """What was proposed for this person, the latest first."""
    return _lines(
        list(Correction.objects.filter(participant_id=participant_id).order_by("-proposed_at")[:LINES_MAX])
    )


def list_corrections_to_decide() -> list[CorrectionLine]:
    """What waits for finance, the oldest first."""
    waiting = Correction.objects.filter(state=CorrectionState.PROPOSED)
    return _lines(list(waiting.order_by("proposed_at")[:LINES_MAX]))


def count_corrections_waiting(participant_id: UUID) -> int:
    """How many corrections for this person are not decided yet."""
    return Correction.objects.filter(participant_id=participant_id, state=CorrectionState.PROPOSED).count()


def find_case_of_correction(correction_id: UUID) -> UUID | None:
    """The case that a correction was proposed for; None once its person is erased."""
    row = Correction.objects.filter(id=correction_id).first()
    return _unseal(row)[0] if row is not None else None


def _lines(rows: Sequence[Correction]) -> list[CorrectionLine]:
    users = {row.proposed_by_user_id for row in rows} | {
        row.decided_by_user_id for row in rows if row.decided_by_user_id
    }
    names: dict[UUID | None, str] = dict(User.objects.filter(id__in=users).values_list("id", "name"))
    public_ids = _public_ids({row.participant_id for row in rows})
    lines = []
    for row in rows:
        case_id, reason = _unseal(row)
        lines.append(
            CorrectionLine(
                id=row.id,
                public_id=public_ids.get(row.participant_id, ""),
                place=find_place(row.market_id),
                rule_id=row.rule_id,
                kind=cast("RewardKind", row.reward_kind),
                amount=Money(row.amount_minor, row.currency),
                state=CorrectionState(row.state),
                case_id=case_id,
                reason=reason,
                proposed_by=names.get(row.proposed_by_user_id, ""),
                proposed_by_user_id=row.proposed_by_user_id,
                proposed_at=row.proposed_at,
                decided_by=names.get(row.decided_by_user_id, ""),
                decided_at=row.decided_at,
            )
        )
    return lines


def _unseal(row: Correction) -> tuple[UUID | None, str]:
    """(the case, the words); nothing once the person's key is gone."""
    try:
        person_key = read_person_key(row.participant_id)
    except NotFound:
        return None, ""
    place, sealed = f"correction/{row.id}", bytes(row.sealed_reason)
    case_id, _, reason = (
        sealing.unseal_item(row.participant_id, place, person_key, sealed).decode().partition("\n")
    )
    return UUID(case_id), reason


def _public_ids(participant_ids: Collection[UUID]) -> dict[UUID, str]:
    return dict(Participant.objects.filter(id__in=participant_ids).values_list("id", "public_id"))
