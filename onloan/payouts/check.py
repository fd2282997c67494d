"""Compare what left the ledger with it: each earned reward has its voucher or payable, each batch its lines."""

from __future__ import annotations

from onloan.ledger.check import Problem, find_problems

_RULES: dict[str, str] = {
    "an earned voucher reward has no voucher of its amount": """
        SELECT reward.id FROM ledger_reward reward LEFT JOIN vouchers_voucher voucher
            ON voucher.participant_id = reward.participant_id AND voucher.reward_id = reward.id
                AND voucher.amount_minor = reward.amount_minor AND voucher.currency = reward.currency
        WHERE (reward.reward_kind = 'voucher' OR reward.taken_as = 'voucher') AND reward.state = 'earned'
            AND voucher.id IS NULL
    """,
    "a voucher has no earned reward": """
        SELECT voucher.id FROM vouchers_voucher voucher LEFT JOIN ledger_reward reward
            ON reward.participant_id = voucher.participant_id AND reward.id = voucher.reward_id
                AND (reward.reward_kind = 'voucher' OR reward.taken_as = 'voucher') AND reward.state = 'earned'
        WHERE reward.id IS NULL
    """,
    "an earned cash reward is not owed, or not in its amount": """
        SELECT reward.id FROM ledger_reward reward LEFT JOIN payouts_payable payable
            ON payable.participant_id = reward.participant_id AND payable.reward_id = reward.id
                AND payable.amount_minor = reward.amount_minor AND payable.currency = reward.currency
                AND payable.times_paid = reward.payment_count
                AND (payable.state = 'paid') = (reward.state = 'paid')
                AND (payable.state = 'voucher') = (reward.taken_as IS NOT NULL)
        WHERE reward.reward_kind = 'cash' AND reward.state IN ('earned', 'paid') AND payable.id IS NULL
    """,
    "something is owed that nobody earned": """
        SELECT payable.id FROM payouts_payable payable LEFT JOIN ledger_reward reward
            ON reward.participant_id = payable.participant_id AND reward.id = payable.reward_id
                AND reward.reward_kind = 'cash' AND reward.state IN ('earned', 'paid')
        WHERE reward.id IS NULL
    """,
    "a batch is not the sum of its lines": """
        SELECT batch.id FROM payouts_batch batch LEFT JOIN payouts_payment payment
            ON payment.batch_id = batch.id AND payment.currency = batch.currency
        GROUP BY batch.id, batch.state, batch.total_minor, batch.payable_count
        HAVING (batch.state = 'refused' AND COUNT(payment.id) > 0)
            OR (batch.state NOT IN ('refused', 'preparing') AND (
                COALESCE(SUM(payment.amount_minor), 0) <> batch.total_minor
                OR COUNT(payment.id) <> batch.payable_count
            ))
            OR (batch.state IN ('paid', 'rejected')
                AND SUM(CASE WHEN payment.state = 'open' THEN 1 ELSE 0 END) > 0)
    """,
    "what is under way or paid by a bank is no line of its batch": """
        SELECT payable.id FROM payouts_payable payable LEFT JOIN payouts_payment payment
            ON payment.participant_id = payable.participant_id AND payment.payable_id = payable.id
                AND payment.batch_id = payable.batch_id AND payment.attempt <= payable.attempts
                AND payment.amount_minor = payable.amount_minor AND payment.reward_id = payable.reward_id
                AND payment.state = CASE payable.state WHEN 'in_batch' THEN 'open' ELSE 'accepted' END
        WHERE payable.batch_id IS NOT NULL AND payment.id IS NULL
    """,
    "a line is under way or paid, and what it pays is not": """
        SELECT payment.id FROM payouts_payment payment LEFT JOIN payouts_payable payable
            ON payable.participant_id = payment.participant_id AND payable.id = payment.payable_id
                AND payable.batch_id = payment.batch_id
                AND payable.state = CASE payment.state WHEN 'open' THEN 'in_batch' ELSE 'paid' END
        WHERE payment.state IN ('open', 'accepted') AND payable.id IS NULL
    """,
    "it was paid more or less often than banks and tills say": """
        SELECT payable.id FROM payouts_payable payable WHERE payable.times_paid <> (
            SELECT COUNT(*) FROM payouts_payment payment
            WHERE payment.participant_id = payable.participant_id AND payment.payable_id = payable.id
                AND payment.state IN ('accepted', 'returned')
        ) + (
            SELECT COUNT(*) FROM payouts_slip slip
            WHERE slip.participant_id = payable.participant_id AND slip.payable_id = payable.id
                AND slip.redeemed_at IS NOT NULL
        )
    """,
    "a slip and what it pays do not agree": """
        SELECT payable.id FROM payouts_payable payable LEFT JOIN payouts_slip slip
            ON slip.participant_id = payable.participant_id AND slip.payable_id = payable.id
                AND slip.cancelled_at IS NULL
        WHERE (payable.state = 'slip') <> (slip.id IS NOT NULL AND slip.redeemed_at IS NULL)
            OR (payable.state = 'paid' AND payable.batch_id IS NULL) <>
                (slip.id IS NOT NULL AND slip.redeemed_at IS NOT NULL)
    """,
}


def check_payables() -> list[Problem]:
    """Everything that is owed, issued or batched and does not agree with the ledger; empty when it agrees."""
    return find_problems(_RULES)
