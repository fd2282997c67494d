"""One-time codes: how many may be sent, and the row that each leaves, in the transaction that sends it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from onloan import db, ids
from onloan.db import Statement
from onloan.people import sealing
from onloan.people.errors import CodesBusy
from onloan.people.models import EmailCode
from onloan.people.rules import LONG_CODE_DIGITS, show_code
from onloan.rates import Lately

CODE_VALID_FOR = timedelta(minutes=10)
LONG_CODE_VALID_FOR = timedelta(hours=1)
CODES_PER_HOUR_MAX = 5
"""To one address for one purpose. The last of them is long: it works until another one may be sent, and no wrong
try closes it. So nobody can use up the codes of somebody else."""
WRONG_TRIES_PER_DAY_MAX = 20
"""Against the codes of one address for one purpose. From then on short codes open only where they were asked
for, and every new one is long: guessing has an end, and whoever owns the mailbox still gets in."""
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


def tries_statement(email_hash: str, purpose: str, now: datetime) -> Statement:
    """How many wrong tries there were within a day, each counted against each code that it could have opened."""
    sql = (
        "SELECT coalesce(sum(attempts + loose_attempts), 0) FROM people_email_code"
        " WHERE email_hash = %s AND purpose = %s AND created_at > %s"
    )
    return sql, [email_hash, purpose, db.time_value(now - timedelta(days=1))]


def find_sent(email_hash: str, purpose: str, sent_at: datetime) -> UUID | None:
    """The code that went to the address of this ``sealing.email_code_hash`` at that very instant."""
    sent = EmailCode.objects.filter(email_hash=email_hash, purpose=purpose, created_at=sent_at)
    return sent.values_list("id", flat=True).first()


def admit_code(sent: int, now: datetime) -> bool:
    """Whether one more may go to an address to which ``sent`` went within the hour; then the caller sends it.
    Raises CodesBusy."""
    if sent >= CODES_PER_HOUR_MAX:
        return False
    if not _lately.admit(CODES_PER_MINUTE_MAX, now):
        raise CodesBusy
    return True


def must_be_long(sent: int, wrong_tries: int) -> bool:
    """Whether the next code is long; the numbers are what ``count_statement`` and ``tries_statement`` gave."""
    return sent >= CODES_PER_HOUR_MAX - 1 or wrong_tries >= WRONG_TRIES_PER_DAY_MAX


class NewCode(NamedTuple):
    """A code about to be sent. ``shown`` is what its mail shows, ``minutes`` how long it works."""

    id: UUID
    shown: str
    minutes: int
    statement: Statement


def new_code(
    *,
    email_hash: str,
    purpose: str,
    is_long: bool,
    now: datetime,
    offer_id: UUID | None = None,
    market_id: UUID | None = None,
) -> NewCode:
    """New digits, and the row by which they are known again while they work."""
    code_id = ids.new_id()
    figures = LONG_CODE_DIGITS if is_long else 6
    digits = f"{secrets.randbelow(10**figures):0{figures}}"
    valid_for = LONG_CODE_VALID_FOR if is_long else CODE_VALID_FOR
    row = db.insert(
        EmailCode,
        id=code_id, email_hash=email_hash, offer_id=offer_id, market_id=market_id, purpose=purpose,
        code_hash=sealing.digits_hash(code_id, digits), attempts=0, loose_attempts=0, is_long=is_long,
        expires_at=now + valid_for, verified_at=None, sealed_draft=None, created_at=now,
    )  # fmt: skip
    return NewCode(code_id, show_code(digits), valid_for // timedelta(minutes=1), row)
