"""The slip of somebody who is erased: its code opens all money that is still theirs, for whoever holds it.

The code is derived from the participant's number and never stored, so that it opens the same money after a
restore; only a keyed hash leads from it to the rows. It has 80 bits of chance: nobody guesses one. Whoever stops
their erasure gets another one with the next, as the first may lie in a mailbox that is theirs no more.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from onloan import ids, keys
from onloan.ledger.correction_queries import count_corrections_waiting
from onloan.ledger.models import Reward
from onloan.ledger.rules import RewardState
from onloan.payouts.queries import SlipView, list_slips
from onloan.people.queries import ParticipantView, find_by_code, find_participant, read_erasures_stopped
from onloan.vouchers.queries import VoucherView, list_vouchers
from onloan.vouchers.rules import VoucherState

CODE_KIND = "bearer"
CODE_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class BearerMoney:
    """What a slip opens: cash at a till, vouchers, and how many rewards are still being counted. ``person`` is who
    it belonged to, of whom nothing is known any more but the campaign, once ``person.erased_at`` is set."""

    person: ParticipantView
    slips: list[SlipView]
    vouchers: list[VoucherView]
    waiting_count: int


def bearer_code(participant_id: UUID) -> str:
    """16 characters of HMAC-SHA256 under a key of its own, and a check character; another one after each erasure
    that was stopped."""
    stopped = read_erasures_stopped(participant_id)
    told = participant_id.bytes + (stopped.to_bytes(4, "big") if stopped else b"")
    digest = hmac.new(keys.derive_key("bearer-slip"), told, hashlib.sha256).digest()
    return ids.code_from_bytes(digest, CODE_CHARACTERS)


def find_bearer(typed_code: str) -> UUID | None:
    """Whose money a typed code opens; None for one that is none of ours."""
    code = ids.normalize_code(typed_code)
    found = find_by_code(CODE_KIND, code) if code else None
    return found[0] if found is not None else None


def has_slip(participant_id: UUID) -> bool:
    """Whether their code opens their money: not once they stopped the erasure."""
    return find_by_code(CODE_KIND, bearer_code(participant_id)) is not None


def bearer_money(participant_id: UUID) -> BearerMoney | None:
    """All money that outlives the person. None for somebody who is not there."""
    person = find_participant(participant_id)
    if person is None:
        return None
    return BearerMoney(
        person=person,
        slips=[slip for slip in list_slips(participant_id) if slip.redeemed_at is None],
        vouchers=[voucher for voucher in list_vouchers(participant_id) if voucher.state == VoucherState.ACTIVE],
        waiting_count=count_waiting_rewards(participant_id),
    )


def count_waiting_rewards(participant_id: UUID) -> int:
    """Rewards that are promised, and neither earned nor ended yet; and those that a member proposed to give, as
    the books lack them."""
    states = [RewardState.PENDING.value, RewardState.HELD.value]
    promised = Reward.objects.filter(participant_id=participant_id, state__in=states).count()
    return promised + count_corrections_waiting(participant_id)
