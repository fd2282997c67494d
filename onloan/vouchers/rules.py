"""When a voucher ends, what a till may take of it, and what a code may look like. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from onloan import clock

HOLD_SECONDS_MIN = 30
HOLD_SECONDS_MAX = 3_600
ROLL_BACK_WITHIN = timedelta(hours=24)
EXPIRY_BOOKED_AFTER = timedelta(days=2)
"""How long after its end the rest of a voucher is booked as expired: by then no till can finish or undo anything
that it began before the end, so nothing that is booked has to come back."""
GOOD_AGAIN_FOR = timedelta(days=7)
"""How long an amount that comes back after the end of its voucher can still be spent."""
WARNING_DAYS = (30, 7)
"""How many days before the end a mail says so; the longest first."""

REFERENCE_CHARACTERS_MAX = 64
_REFERENCE = re.compile(r"[A-Za-z0-9._/-]{1,64}")
OWN_CODE_CHARACTERS_MIN = 8
OWN_CODE_CHARACTERS_MAX = 40
_OWN_CODE = re.compile(r"[A-Z0-9]+")

MISSES_COUNTED_FOR = timedelta(minutes=10)
MISSES_OF_A_MEMBER_MAX = 30
MISSES_OF_A_KEY_MAX = 600
MISSES_MAX = 3_000
"""Codes that nobody holds, tried within ten minutes: by one member, by one of the merchant's systems (a shop on
the web types for all its customers), and by all together. A code of ours has 80 random bits."""


class VoucherState(StrEnum):
    ACTIVE = "active"
    REDEEMED = "redeemed"
    EXPIRED = "expired"


class RedemptionState(StrEnum):
    """``held`` is set aside for a sale that is not finished; ``released`` ends that; ``rolled_back`` undoes a
    sale."""

    HELD = "held"
    DONE = "done"
    RELEASED = "released"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """Who redeems: one of the merchant's systems by its key, or a member of the team. Exactly one of the two."""

    key_id: UUID | None = None
    user_id: UUID | None = None

    def __post_init__(self) -> None:
        assert (self.key_id is None) != (self.user_id is None), "a till is a system or a member"

    @property
    def id(self) -> UUID:
        found = self.key_id or self.user_id
        assert found is not None
        return found

    @property
    def misses_max(self) -> int:
        return MISSES_OF_A_MEMBER_MAX if self.user_id else MISSES_OF_A_KEY_MAX


def end_of_day(instant: datetime, time_zone: str) -> datetime:
    """The last second of the local day of ``instant``, in UTC: a voucher is good for the whole of its last day,
    and the local date of its end is that day."""
    last_day = clock.local_day(instant, time_zone)
    return datetime.combine(last_day, time(23, 59, 59), ZoneInfo(time_zone)).astimezone(UTC)


def is_over(expires_at: datetime | None, now: datetime) -> bool:
    """Whether the last second in which a voucher can be used has passed."""
    return expires_at is not None and now >= expires_at + timedelta(seconds=1)


def warned_from_the_start(issued_at: datetime, expires_at: datetime | None) -> int | None:
    """Which warning a new voucher needs no more: whoever gets one that ends within 30 days is told its end now."""
    if expires_at is None:
        return None
    needless = [days for days in WARNING_DAYS if expires_at - issued_at <= timedelta(days=days)]
    return min(needless, default=None)


def is_reference(text: str) -> bool:
    """Whether ``text`` may be the merchant's own number of a sale."""
    return _REFERENCE.fullmatch(text) is not None


def normalize_own_code(typed: str) -> str | None:
    """A code of the merchant's own in the one form in which it is looked up: capitals, no spaces, no dashes.

    None when it cannot be one: ASCII letters and digits, at least ``OWN_CODE_CHARACTERS_MIN`` of them, so that
    nobody guesses it within the misses that a till has.
    """
    if len(typed) > 2 * OWN_CODE_CHARACTERS_MAX or not typed.isascii():
        return None
    code = "".join(typed.upper().split()).replace("-", "")
    if not OWN_CODE_CHARACTERS_MIN <= len(code) <= OWN_CODE_CHARACTERS_MAX:
        return None
    return code if _OWN_CODE.fullmatch(code) else None
