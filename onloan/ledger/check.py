"""Recompute the books from what never changes. What is found here must stop the system: see ``require_balance``.

Each rule is one statement, which both databases answer as of one instant, so it may run while people join.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onloan import db
from onloan.errors import MustStopError

PROBLEMS_MAX = 100

# What transfers say that each account's four sums are; a post or a void takes its amount out of pending again.
_SUMS = """
    WITH side AS (
        SELECT debit_account_id AS account_id,
            CASE kind WHEN 'pending' THEN amount_minor WHEN 'posted' THEN 0 ELSE -amount_minor END
                AS debits_pending,
            CASE WHEN kind IN ('posted', 'post') THEN amount_minor ELSE 0 END AS debits_posted,
            0 AS credits_pending, 0 AS credits_posted
        FROM ledger_transfer
        UNION ALL
        SELECT credit_account_id, 0, 0,
            CASE kind WHEN 'pending' THEN amount_minor WHEN 'posted' THEN 0 ELSE -amount_minor END,
            CASE WHEN kind IN ('posted', 'post') THEN amount_minor ELSE 0 END
        FROM ledger_transfer
        UNION ALL
        SELECT slice_id, 0, 0, 0, amount_minor FROM ledger_funding
        UNION ALL
        SELECT source_slice_id, 0, amount_minor, 0, 0 FROM ledger_funding WHERE source_slice_id IS NOT NULL
    ), total AS (
        SELECT account_id, SUM(debits_pending) AS debits_pending, SUM(debits_posted) AS debits_posted,
            SUM(credits_pending) AS credits_pending, SUM(credits_posted) AS credits_posted
        FROM side GROUP BY account_id
    )
"""
_DIFFERS = """
    WHERE account.debits_pending_minor <> COALESCE(total.debits_pending, 0)
        OR account.debits_posted_minor <> COALESCE(total.debits_posted, 0)
        OR account.credits_pending_minor <> COALESCE(total.credits_pending, 0)
        OR account.credits_posted_minor <> COALESCE(total.credits_posted, 0)
"""
_LEFT = "credits_posted_minor - debits_posted_minor"

# What became of each reward after it was earned: what left the merchant and came back, and what a voucher gave.
_AFTER_EARNED = """
    WITH moved AS (
        SELECT participant_id, cause_ref AS reward_id,
            SUM(CASE WHEN credit_kind = 'paid' THEN amount_minor WHEN debit_kind = 'paid' THEN -amount_minor
                ELSE 0 END) AS paid,
            SUM(CASE WHEN credit_kind = 'paid' THEN 1 ELSE 0 END) AS payments,
            SUM(CASE WHEN debit_kind = 'owed' AND credit_kind = 'vouchers' THEN amount_minor ELSE 0 END)
                AS swapped,
            SUM(CASE WHEN credit_kind = 'redeemed' AND kind IN ('posted', 'post') THEN amount_minor
                WHEN debit_kind = 'redeemed' THEN -amount_minor ELSE 0 END) AS spent,
            SUM(CASE WHEN credit_kind <> 'redeemed' OR kind = 'posted' THEN 0
                WHEN kind = 'pending' THEN amount_minor ELSE -amount_minor END) AS held,
            SUM(CASE WHEN credit_kind = 'expired' THEN amount_minor ELSE 0 END) AS ended
        FROM ledger_transfer WHERE debit_kind NOT IN ('pool', 'reserved')
        GROUP BY participant_id, cause_ref
    )
"""

_RULES: dict[str, str] = {
    "an account differs from its transfers": f"""{_SUMS}
        SELECT account.id FROM ledger_account account
        LEFT JOIN total ON total.account_id = account.id {_DIFFERS}
    """,  # noqa: S608
    "a slice differs from its fundings and transfers": f"""{_SUMS}
        SELECT account.id FROM ledger_pool_slice account
        LEFT JOIN total ON total.account_id = account.id {_DIFFERS}
    """,  # noqa: S608
    "money moved on an account that is not there": f"""{_SUMS}
        SELECT total.account_id FROM total
        WHERE NOT EXISTS (SELECT 1 FROM ledger_account account WHERE account.id = total.account_id)
            AND NOT EXISTS (SELECT 1 FROM ledger_pool_slice slice WHERE slice.id = total.account_id)
    """,  # noqa: S608
    "a currency does not add up to what was funded": f"""
        SELECT currency FROM (
            SELECT currency, {_LEFT} AS amount FROM ledger_account
            UNION ALL SELECT currency, {_LEFT} FROM ledger_pool_slice
            UNION ALL SELECT currency, -amount_minor FROM ledger_funding WHERE source_slice_id IS NULL
        ) AS everything GROUP BY currency HAVING SUM(amount) <> 0
    """,  # noqa: S608
    "a transfer is in another currency than its account": """
        SELECT transfer.id FROM ledger_transfer transfer JOIN ledger_account account
            ON account.id IN (transfer.debit_account_id, transfer.credit_account_id)
        WHERE account.currency <> transfer.currency OR account.participant_id <> transfer.participant_id
    """,
    "a transfer resolves something else than a pending one": """
        SELECT done.id FROM ledger_transfer done LEFT JOIN ledger_transfer pending
            ON pending.participant_id = done.participant_id AND pending.id = done.pending_id
                AND pending.kind = 'pending' AND pending.amount_minor = done.amount_minor
                AND pending.debit_account_id = done.debit_account_id
                AND pending.credit_account_id = done.credit_account_id
        WHERE done.pending_id IS NOT NULL AND pending.id IS NULL
    """,
    "a reward differs from its transfers": f"""{_AFTER_EARNED}
        SELECT reward.id FROM ledger_reward reward
        LEFT JOIN ledger_transfer pending
            ON pending.participant_id = reward.participant_id AND pending.id = reward.transfer_id
        LEFT JOIN ledger_transfer done
            ON done.participant_id = reward.participant_id AND done.pending_id = reward.transfer_id
        LEFT JOIN moved ON moved.participant_id = reward.participant_id AND moved.reward_id = reward.id
        WHERE pending.id IS NULL OR pending.kind <> 'pending' OR pending.amount_minor <> reward.amount_minor
            OR COALESCE(done.kind, 'none') <> CASE reward.state
                WHEN 'earned' THEN 'post' WHEN 'paid' THEN 'post' WHEN 'voided' THEN 'void' ELSE 'none' END
            OR COALESCE(moved.paid, 0) <> CASE reward.state WHEN 'paid' THEN reward.amount_minor ELSE 0 END
            OR COALESCE(moved.payments, 0) <> reward.payment_count
            OR COALESCE(moved.swapped, 0) <> CASE reward.taken_as
                WHEN 'voucher' THEN reward.amount_minor ELSE 0 END
    """,  # noqa: S608
    "more of a voucher is spent or ended than was earned, or less than nothing": f"""{_AFTER_EARNED}
        SELECT reward.id FROM moved JOIN ledger_reward reward
            ON reward.participant_id = moved.participant_id AND reward.id = moved.reward_id
        WHERE moved.spent < 0 OR moved.spent + moved.held + moved.ended > CASE
            WHEN reward.state = 'earned' AND (reward.reward_kind = 'voucher' OR reward.taken_as = 'voucher')
            THEN reward.amount_minor ELSE 0 END
    """,  # noqa: S608
    "money that was earned moved for no reward": f"""{_AFTER_EARNED}
        SELECT moved.participant_id FROM moved LEFT JOIN ledger_reward reward
            ON reward.participant_id = moved.participant_id AND reward.id = moved.reward_id
        WHERE reward.id IS NULL
    """,  # noqa: S608
    "money is set aside for no reward": """
        SELECT pending.id FROM ledger_transfer pending LEFT JOIN ledger_reward reward
            ON reward.participant_id = pending.participant_id AND reward.transfer_id = pending.id
        WHERE pending.kind = 'pending' AND pending.debit_kind = 'reserved' AND reward.id IS NULL
    """,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that does not hold, and the row (or the currency) where it does not."""

    rule: str
    where: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}"


def check_balances() -> list[Problem]:
    """Everything in the books that does not add up, at most ``PROBLEMS_MAX`` for each rule; empty when sound.

    Reads all transfers: for ``onloan payouts check``, a daily job and tests, not for a page.
    """
    return find_problems(_RULES)


def find_problems(rules: Mapping[str, str]) -> list[Problem]:
    """The rows that each statement finds; a statement finds what breaks its rule."""
    return [
        Problem(rule, str(row[0]))
        for rule, sql in rules.items()
        for row in db.fetch_all(f"{sql} LIMIT {PROBLEMS_MAX}")
    ]


def require_balance() -> None:
    """Raises MustStopError when the books do not add up: going on would make the damage larger."""
    problems = check_balances()
    if problems:
        raise MustStopError(f"the ledger does not balance: {problems[0]} ({len(problems)} problems)")
