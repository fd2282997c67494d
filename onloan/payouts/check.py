"""Compare what left the ledger with it: each earned reward has its voucher or its payable, each batch its sum."""

from __future__ import annotations

from onloan.ledger.check import Problem, find_problems

_RULES: dict[str, str] = {
    "an earned voucher reward has no voucher of its amount": """
        SELECT reward.id FROM ledger_reward reward LEFT JOIN vouchers_voucher voucher
            ON voucher.participant_id = reward.participant_id AND voucher.reward_id = reward.id
                AND voucher.amount_minor = reward.amount_minor AND voucher.currency = reward.currency
        WHERE reward.reward_kind = 'voucher' AND reward.state = 'earned' AND voucher.id IS NULL
    """,
    "a voucher has no earned reward": """
        SELECT voucher.id FROM vouchers_voucher voucher LEFT JOIN ledger_reward reward
            ON reward.participant_id = voucher.participant_id AND reward.id = voucher.reward_id
                AND reward.reward_kind = 'voucher' AND reward.state = 'earned'
        WHERE reward.id IS NULL
    """,
    "an earned cash reward is not owed, or not in its amount": """
        SELECT reward.id FROM ledger_reward reward LEFT JOIN payouts_payable payable
            ON payable.participant_id = reward.participant_id AND payable.reward_id = reward.id
                AND payable.amount_minor = reward.amount_minor AND payable.currency = reward.currency
                AND (payable.state = 'paid') = (reward.state = 'paid')
        WHERE reward.reward_kind = 'cash' AND reward.state IN ('earned', 'paid') AND payable.id IS NULL
    """,
    "something is owed that nobody earned": """
        SELECT payable.id FROM payouts_payable payable LEFT JOIN ledger_reward reward
            ON reward.participant_id = payable.participant_id AND reward.id = payable.reward_id
                AND reward.reward_kind = 'cash' AND reward.state IN ('earned', 'paid')
        WHERE reward.id IS NULL
    """,
    "a batch is not the sum of its payables": """
        SELECT batch.id FROM payouts_batch batch LEFT JOIN payouts_payable payable
            ON payable.batch_id = batch.id AND payable.currency = batch.currency
                AND payable.country = batch.country
        GROUP BY batch.id, batch.state, batch.total_minor, batch.payable_count
        HAVING (batch.state = 'refused' AND COUNT(payable.id) > 0)
            OR (batch.state <> 'refused' AND (
                COALESCE(SUM(payable.amount_minor), 0) <> batch.total_minor
                OR COUNT(payable.id) <> batch.payable_count
            ))
            OR (batch.state = 'paid' AND SUM(CASE WHEN payable.state = 'paid' THEN 0 ELSE 1 END) > 0)
    """,
}


def check_payables() -> list[Problem]:
    """Everything that is owed, issued or batched and does not agree with the ledger; empty when it agrees."""
    return find_problems(_RULES)
