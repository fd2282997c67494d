"""Compare vouchers with the ledger and with what tills took: every cent is left, spent or expired."""

from __future__ import annotations

from onloan.errors import MustStopError
from onloan.ledger.check import Problem, find_problems

_RULES: dict[str, str] = {
    "a voucher is not what is left, spent and expired of it": """
        SELECT voucher.id FROM vouchers_voucher voucher LEFT JOIN vouchers_redemption redemption
            ON redemption.participant_id = voucher.participant_id AND redemption.voucher_id = voucher.id
                AND redemption.state = 'done'
        GROUP BY voucher.id, voucher.amount_minor, voucher.remaining_minor, voucher.expired_minor
        HAVING voucher.amount_minor
            <> voucher.remaining_minor + voucher.expired_minor + COALESCE(SUM(redemption.amount_minor), 0)
    """,
    "a voucher does not hold what tills have set aside": """
        SELECT voucher.id FROM vouchers_voucher voucher LEFT JOIN vouchers_redemption redemption
            ON redemption.participant_id = voucher.participant_id AND redemption.voucher_id = voucher.id
                AND redemption.state = 'held'
        GROUP BY voucher.id, voucher.held_minor
        HAVING voucher.held_minor <> COALESCE(SUM(redemption.amount_minor), 0)
    """,
    "a redemption is of no voucher, or in another currency": """
        SELECT redemption.id FROM vouchers_redemption redemption LEFT JOIN vouchers_voucher voucher
            ON voucher.participant_id = redemption.participant_id AND voucher.id = redemption.voucher_id
                AND voucher.currency = redemption.currency
        WHERE voucher.id IS NULL
    """,
    "the vouchers of a person are not what the ledger holds for them": """
        SELECT account.id FROM ledger_account account LEFT JOIN vouchers_voucher voucher
            ON voucher.participant_id = account.participant_id AND voucher.currency = account.currency
        WHERE account.kind = 'vouchers'
        GROUP BY account.id, account.credits_posted_minor, account.debits_posted_minor,
            account.debits_pending_minor
        HAVING account.credits_posted_minor - account.debits_posted_minor
                <> COALESCE(SUM(voucher.remaining_minor), 0)
            OR account.debits_pending_minor <> COALESCE(SUM(voucher.held_minor), 0)
    """,
    "a code of the merchant's own and its voucher do not name each other": """
        SELECT own_code.id FROM vouchers_own_code own_code LEFT JOIN vouchers_voucher voucher
            ON voucher.id = own_code.voucher_id AND voucher.own_code_id = own_code.id
                AND voucher.amount_minor = own_code.amount_minor AND voucher.currency = own_code.currency
        WHERE own_code.voucher_id IS NOT NULL AND voucher.id IS NULL
        UNION ALL
        SELECT voucher.id FROM vouchers_voucher voucher LEFT JOIN vouchers_own_code own_code
            ON own_code.id = voucher.own_code_id AND own_code.voucher_id = voucher.id
        WHERE voucher.own_code_id IS NOT NULL AND own_code.id IS NULL
    """,
}


def check_vouchers() -> list[Problem]:
    """Everything about vouchers that does not agree with the ledger or with itself; empty when it agrees."""
    return find_problems(_RULES)


def require_vouchers_agree() -> None:
    """Raises MustStopError when a cent of a voucher is nowhere or twice."""
    problems = check_vouchers()
    if problems:
        raise MustStopError(f"vouchers do not agree with the books: {problems[0]} ({len(problems)} problems)")
