"""Looking a typed code up at a till, where nobody may try codes until one fits.

A miss is counted in a transaction of its own, so that no error undoes the count. A code with a wrong check
character cannot be one of ours and is a slip of the finger: it is not counted unless it may be one of the
merchant's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection

from onloan import db, ids
from onloan.db import action
from onloan.vouchers.errors import TooManyMisses, VoucherUnknown
from onloan.vouchers.models import Miss
from onloan.vouchers.rules import MISSES_COUNTED_FOR, MISSES_MAX, Till, normalize_own_code

Found = TypeVar("Found")
_MISSES_KEPT_FOR = timedelta(days=1)


def look_up(*, typed_code: str, by: Till, now: datetime, find: Callable[[str], Found | None]) -> Found:
    """What ``find`` finds for ``typed_code``: a voucher, or whatever else has a code that buys something.

    Raises VoucherUnknown when it finds nothing, TooManyMisses when that happened too often: then nothing is
    looked up any more, so that going on guessing teaches nothing.
    """
    assert not connection.in_atomic_block, "a miss is counted although the caller's work is refused"
    _require_few_misses(by, now)
    found = find(typed_code)
    if found is None:
        if ids.normalize_code(typed_code) or normalize_own_code(typed_code):
            _count_miss(by=by, now=now)
        raise VoucherUnknown(field="code")
    return found


def _require_few_misses(by: Till, now: datetime) -> None:
    since = db.time_value(now - MISSES_COUNTED_FOR)
    row = db.fetch_one(
        "SELECT (SELECT count(*) FROM vouchers_miss WHERE till_id = %s AND tried_at > %s),"
        " (SELECT count(*) FROM vouchers_miss WHERE tried_at > %s)",
        [db.uuid_value(by.id), since, since],
    )
    assert row is not None
    if row[0] >= by.misses_max or row[1] >= MISSES_MAX:
        raise TooManyMisses


@action
def _count_miss(*, by: Till, now: datetime) -> None:
    db.execute([db.insert(Miss, id=ids.new_id(), till_id=by.id, tried_at=now)])


@action
def forget_misses(*, now: datetime) -> int:
    """Drop what was counted long enough ago; how many. An hourly job."""
    dropped, _ = Miss.objects.filter(tried_at__lt=now - _MISSES_KEPT_FOR).delete()
    return dropped
