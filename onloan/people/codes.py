"""One-time codes: how many may be sent, and the row that each leaves, in the transaction that sends it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from onloan import db, ids
from onloan.db import Statement
from onloan.people import sealing
from onloan.people.errors import CodesBusy, TooManyCodes
from onloan.people.models import EmailCode
from onloan.rates import Lately

CODE_VALID_FOR = timedelta(minutes=10)
CODE_MINUTES = CODE_VALID_FOR // timedelta(minutes=1)
CODES_PER_HOUR_MAX = 5
CODES_PER_MINUTE_MAX = 6_000
"""For the whole installation: what its mail server's good name survives, and more than a campaign needs."""

_lately = Lately("people_email_code", "created_at", timedelta(minutes=1))


def count_statement(email_hash: str, purpose: str, now: datetime) -> Statement:
    """How many codes for ``purpose`` went within the hour to the address of this ``sealing.email_code_hash``. Ask
    it once the address is locked.

    Each purpose has its own count: whoever fills in the public form with somebody else's address must not be able
    to use up the codes with which that person signs in.
    """
    sql = "SELECT count(*) FROM people_email_code WHERE email_hash = %s AND purpose = %s AND created_at > %s"
    return sql, [email_hash, purpose, db.time_value(now - timedelta(hours=1))]


def was_sent_at(email_hash: str, purpose: str, sent_at: datetime) -> bool:
    """Whether a code went to the address of this ``sealing.email_code_hash`` at that very instant."""
    return EmailCode.objects.filter(email_hash=email_hash, purpose=purpose, created_at=sent_at).exists()


def check_rates(of_address: int, now: datetime) -> None:
    """Whether one more may be sent; then the caller sends it. ``of_address`` is what ``count_statement`` gave.
    Raises TooManyCodes, CodesBusy."""
    if of_address >= CODES_PER_HOUR_MAX:
        raise TooManyCodes(field="email")
    if not _lately.admit(CODES_PER_MINUTE_MAX, now):
        raise CodesBusy


def code_statement(
    *,
    email_hash: str,
    purpose: str,
    now: datetime,
    offer_id: UUID | None = None,
    market_id: UUID | None = None,
) -> tuple[str, Statement]:
    """Six new digits, and the row by which they are known again until ``CODE_VALID_FOR`` is over."""
    code_id = ids.new_id()
    digits = f"{secrets.randbelow(1_000_000):06}"
    row = db.insert(
        EmailCode,
        id=code_id, email_hash=email_hash, offer_id=offer_id, market_id=market_id, purpose=purpose,
        code_hash=sealing.digits_hash(code_id, digits), attempts=0, expires_at=now + CODE_VALID_FOR,
        verified_at=None, sealed_draft=None, created_at=now,
    )  # fmt: skip
    return digits, row
