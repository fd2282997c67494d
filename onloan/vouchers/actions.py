"""Writes of vouchers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan import db, ids
from onloan.db import action
from onloan.ledger.errors import RewardNotReady
from onloan.ledger.queries import RewardView
from onloan.ledger.rules import RewardState
from onloan.markets.rules import market_facts
from onloan.people.statements import code_lookup_statement, lock_participant
from onloan.vouchers.codes import voucher_code
from onloan.vouchers.models import Voucher
from onloan.vouchers.rules import end_of_day


@action
def issue_voucher(*, reward: RewardView, expires_at: datetime | None, now: datetime) -> UUID:
    """Turn an earned voucher reward, as ``earn_reward`` returned it, into a voucher with a code.

    It is good to the end of the local day of ``expires_at``; None means without an end. A retry gets the same
    voucher. In the evidence it stands as the reward that was earned. Raises RewardNotReady.
    """
    lock_participant(reward.participant_id)
    if reward.kind != "voucher" or reward.state is not RewardState.EARNED:
        raise RewardNotReady(state=reward.state.value)
    present = Voucher.objects.filter(participant_id=reward.participant_id, reward_id=reward.id).first()
    if present is not None:
        found: UUID = present.id
        return found
    voucher_id = ids.new_id()
    code = voucher_code(voucher_id)
    time_zone = market_facts(reward.country).time_zone
    db.execute([
        # The look-up comes first: its key is what makes a code unique.
        code_lookup_statement(
            kind="voucher", code=code, participant_id=reward.participant_id, target_id=voucher_id
        ),
        db.insert(
            Voucher,
            id=voucher_id, participant_id=reward.participant_id, reward_id=reward.id,
            market_id=reward.market_id,
            amount_minor=reward.amount.amount_minor, currency=reward.amount.currency,
            remaining_minor=reward.amount.amount_minor, last_characters=code[-4:], issued_at=now,
            expires_at=None if expires_at is None else end_of_day(expires_at, time_zone),
            state="active",
        ),
    ])  # fmt: skip
    return voucher_id
