"""Writes of vouchers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan import db, ids
from onloan.db import action
from onloan.ledger.errors import RewardNotReady
from onloan.ledger.queries import find_reward
from onloan.ledger.rules import RewardState
from onloan.people.statements import code_lookup_statement, lock_participant
from onloan.vouchers.codes import voucher_code
from onloan.vouchers.models import Voucher
from onloan.vouchers.rules import last_moment


@action
def issue_voucher(
    *, participant_id: UUID, reward_id: UUID, valid_days: int | None, time_zone: str, now: datetime
) -> UUID:
    """Turn an earned voucher reward into a voucher with a code; ``valid_days`` None means without an end.

    Amount and market are the reward's own. A retry gets the same voucher. What happened stands in the evidence
    as the reward that was earned, in the same transaction. Raises RewardNotReady, NotFound.
    """
    lock_participant(participant_id)
    reward = find_reward(reward_id, participant_id)
    if reward.kind != "voucher" or reward.state is not RewardState.EARNED:
        raise RewardNotReady(state=reward.state.value)
    present = Voucher.objects.filter(participant_id=participant_id, reward_id=reward_id).first()
    if present is not None:
        found: UUID = present.id
        return found
    voucher_id = ids.new_id()
    code = voucher_code(voucher_id)
    db.execute([
        # The look-up comes first: its key is what makes a code unique.
        code_lookup_statement(
            kind="voucher", code=code, participant_id=participant_id, target_id=voucher_id
        ),
        db.insert(
            Voucher,
            id=voucher_id, participant_id=participant_id, reward_id=reward_id, market_id=reward.market_id,
            amount_minor=reward.amount.amount_minor, currency=reward.amount.currency,
            remaining_minor=reward.amount.amount_minor, last_characters=code[-4:], issued_at=now,
            expires_at=None if valid_days is None else last_moment(now, valid_days, time_zone),
            state="active",
        ),
    ])  # fmt: skip
    return voucher_id
