"""Issuing vouchers."""

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
from onloan.vouchers.rules import VoucherState, end_of_day, normalize_own_code, warned_from_the_start
from onloan.vouchers.statements import take_own_code


@action
def issue_voucher(
    *, reward: RewardView, expires_at: datetime | None, now: datetime, own_codes: bool = False
) -> UUID:
    """Turn an earned voucher reward, or earned cash that its owner took as a voucher, into a voucher with a code.

    It is good to the end of the local day of ``expires_at``; None means without an end. With ``own_codes`` its
    code is one of those that the merchant handed in; while there is none, the voucher waits for it and is its
    owner's all the same. A retry gets the same voucher. In the evidence it stands as the reward that was earned
    or swapped. Raises RewardNotReady.
    """
    lock_participant(reward.participant_id)
    is_voucher = reward.kind == "voucher" or reward.taken_as == "voucher"
    if not is_voucher or reward.state is not RewardState.EARNED:
        raise RewardNotReady(state=reward.state.value)
    present = Voucher.objects.filter(participant_id=reward.participant_id, reward_id=reward.id).first()
    if present is not None:
        found: UUID = present.id
        return found
    voucher_id = ids.new_id()
    own_code = None
    if own_codes:
        own_code = take_own_code(
            voucher_id=voucher_id, market_id=reward.market_id, rule_id=reward.rule_id, amount=reward.amount
        )
        # As it is typed is how it is looked up; it was checked when it was handed in.
        code = normalize_own_code(own_code.code) if own_code is not None else None
    else:
        code = voucher_code(voucher_id)
    ends_at = None
    if expires_at is not None:
        ends_at = end_of_day(expires_at, market_facts(reward.country).time_zone)
    # The look-up comes first: its key is what makes a code unique.
    look_up = []
    if code is not None:
        look_up.append(
            code_lookup_statement(
                kind="voucher", code=code, participant_id=reward.participant_id, target_id=voucher_id
            )
        )
    db.execute([
        *look_up,
        db.insert(
            Voucher,
            id=voucher_id, participant_id=reward.participant_id, reward_id=reward.id, rule_id=reward.rule_id,
            market_id=reward.market_id, amount_minor=reward.amount.amount_minor,
            currency=reward.amount.currency, remaining_minor=reward.amount.amount_minor, held_minor=0,
            expired_minor=0, last_characters=code[-4:] if code is not None else "", issued_at=now,
            expires_at=ends_at, warned_days=warned_from_the_start(now, ends_at),
            state=VoucherState.ACTIVE.value, waits_for_code=code is None,
            own_code_id=own_code.id if own_code is not None else None,
        ),
    ])  # fmt: skip
    return voucher_id
