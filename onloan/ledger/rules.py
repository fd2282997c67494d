"""Names, causes and arithmetic of the ledger. Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from onloan import ids
from onloan.offers.document import RewardKind

SLICES_MAX = 8
ALARM_LEVELS_PERCENT = (80, 100)
FORECAST_DAYS = 7
POOL_COLUMNS = ("funded", "free", "reserved", "owed", "vouchers", "paid", "redeemed", "expired")
TIMES_MAX = 1000
CAUSE_KEY_CHARACTERS_MAX = 64
REASON_CHARACTERS_MAX = 200
CORRECTION_REASON_CHARACTERS_MIN, CORRECTION_REASON_CHARACTERS_MAX = 10, 500


class AccountKind(StrEnum):
    """What money of one person is doing. ``POOL`` is the merchant's side: a slice, not a person's account."""

    POOL = "pool"
    RESERVED = "reserved"
    OWED = "owed"
    VOUCHERS = "vouchers"
    PAID = "paid"
    REDEEMED = "redeemed"
    EXPIRED = "expired"


class TransferKind(StrEnum):
    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


class Cause(StrEnum):
    """Why money moved. The list is closed: no cause names a right, a withdrawal, an objection or a complaint."""

    JOINED = "joined"
    WINDOW_ENDED = "window_ended"
    QUALIFIED = "qualified"
    CORRECTION = "correction"
    COUNTED = "counted"
    PAID_OUT = "paid_out"
    SLIP_REDEEMED = "slip_redeemed"
    FULFILLED = "fulfilled"
    PAYMENT_RETURNED = "payment_returned"
    TAKEN_AS_VOUCHER = "taken_as_voucher"
    REDEMPTION_STARTED = "redemption_started"
    REDEEMED = "redeemed"
    REDEMPTION_RELEASED = "redemption_released"
    REDEMPTION_ROLLED_BACK = "redemption_rolled_back"
    FRAUD_DECIDED_BY_HUMAN = "fraud_decided_by_human"
    EVENT_UNDONE_BEFORE_EARNED = "event_undone_before_earned"
    EXPIRY_ANNOUNCED = "expiry_announced"


class VoidCause(StrEnum):
    """The only reasons for which a promised reward ends before it is earned."""

    FRAUD_DECIDED_BY_HUMAN = Cause.FRAUD_DECIDED_BY_HUMAN.value
    EVENT_UNDONE_BEFORE_EARNED = Cause.EVENT_UNDONE_BEFORE_EARNED.value
    EXPIRY_ANNOUNCED = Cause.EXPIRY_ANNOUNCED.value


class RewardState(StrEnum):
    PENDING = "pending"
    HELD = "held"
    EARNED = "earned"
    PAID = "paid"
    VOIDED = "voided"


class CorrectionState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Route:
    """One way money may go: a kind of transfer, from, to, and why."""

    kind: TransferKind
    debit: AccountKind
    credit: AccountKind
    cause: Cause


def _list_routes() -> tuple[Route, ...]:
    posted, pending, post, void = TransferKind
    pool, reserved, owed, vouchers, paid, redeemed, expired = AccountKind
    routes = [
        Route(posted, pool, reserved, Cause.JOINED),
        Route(posted, pool, reserved, Cause.CORRECTION),
        Route(posted, reserved, pool, Cause.WINDOW_ENDED),
        Route(posted, owed, paid, Cause.PAID_OUT),
        Route(posted, owed, paid, Cause.SLIP_REDEEMED),
        Route(posted, owed, paid, Cause.FULFILLED),
        Route(posted, paid, owed, Cause.PAYMENT_RETURNED),
        Route(posted, owed, vouchers, Cause.TAKEN_AS_VOUCHER),
        Route(posted, vouchers, redeemed, Cause.REDEEMED),
        Route(pending, vouchers, redeemed, Cause.REDEMPTION_STARTED),
        Route(post, vouchers, redeemed, Cause.REDEEMED),
        Route(void, vouchers, redeemed, Cause.REDEMPTION_RELEASED),
        Route(posted, redeemed, vouchers, Cause.REDEMPTION_ROLLED_BACK),
        Route(posted, vouchers, expired, Cause.EXPIRY_ANNOUNCED),
    ]
    for promised in (owed, vouchers):
        routes.append(Route(pending, reserved, promised, Cause.QUALIFIED))
        routes.append(Route(pending, reserved, promised, Cause.CORRECTION))
        routes.append(Route(post, reserved, promised, Cause.COUNTED))
        routes.extend(Route(void, reserved, promised, Cause(cause.value)) for cause in VoidCause)
    return tuple(routes)


ROUTES = _list_routes()
"""Every way that money may go; the database refuses any other. What is earned never goes back to the pool: cash is
paid or taken as a voucher, a voucher is redeemed or ends on the day that was announced with it."""


def corrected_cause(
    cause_key: str | None, known: Mapping[str, RewardState], correction_id: uuid.UUID
) -> str | None:
    """Under which cause a corrected reward is booked, so that what it is for is never rewarded twice.

    ``cause_key`` is the friend's, or ``own``; None is for something that the books do not know. ``known`` are the
    causes for which this rule gave the person a reward. One that ended before it was earned is made good under a
    cause beside it. None: it was given already.
    """
    if cause_key is None:
        return f"correction/{correction_id.hex}"
    wanted = f"{cause_key}/corrected" if known.get(cause_key) is RewardState.VOIDED else cause_key
    return None if wanted in known else wanted


def is_correction_reason(written: str) -> bool:
    """Whether somebody said in words why the books are wrong."""
    fits = CORRECTION_REASON_CHARACTERS_MIN <= len(written) <= CORRECTION_REASON_CHARACTERS_MAX
    return fits and written.isprintable()


def promised_account(kind: RewardKind) -> AccountKind:
    """Where a reward of ``kind`` goes when it is earned; the merchant owes cash and what it fulfils itself."""
    return AccountKind.VOUCHERS if kind == "voucher" else AccountKind.OWED


def derive_id(subject_id: uuid.UUID, label: str) -> uuid.UUID:
    """A UUIDv7 that is always the same for ``subject_id`` (a UUIDv7) and ``label``.

    It keeps the subject's time, so it lies beside it in an index, and 74 bits of a hash. A row with such a key
    can be written once only: this is what makes a retry find its first try.
    """
    digest = int.from_bytes(hashlib.sha256(subject_id.bytes + label.encode()).digest(), "big")
    time_and_version = subject_id.int >> 76 << 76
    chance = digest & (1 << 74) - 1
    return uuid.UUID(int=time_and_version | chance >> 62 << 64 | 0b10 << 62 | chance & (1 << 62) - 1)


def account_id(participant_id: uuid.UUID, kind: AccountKind) -> uuid.UUID:
    return derive_id(participant_id, f"account/{kind.value}")


def reward_reference(reward_id: uuid.UUID) -> str:
    """What a reward is called in payment files and calls: 28 characters, starting with R, checked at the end."""
    return "R" + ids.code_from_bytes(reward_id.bytes + b"\0", 26)


def read_reward_reference(typed: str) -> uuid.UUID | None:
    """The reward's id, or None when ``typed`` is no reference."""
    body = typed.strip().upper()
    code = ids.normalize_code(body[1:]) if body.startswith("R") else None
    if code is None or len(code) != 27:
        return None
    number = 0
    for character in code[:-1]:
        number = number << 5 | ids.ALPHABET.index(character)
    reward_id = uuid.UUID(int=number >> 2)
    return reward_id if reward_reference(reward_id) == "R" + code else None


def split_into_slices(amount_minor: int, pot_minor: int, slice_count: int) -> list[int]:
    """How ``amount_minor`` is put into slices: whole pots spread evenly, what is left over into the first.

    So a pool of ten full pots lets exactly ten people in, whichever slice each of them meets first.
    """
    assert amount_minor >= 0 and pot_minor > 0 and slice_count > 0
    whole_pots, left_over = divmod(amount_minor, pot_minor)
    each, extra = divmod(whole_pots, slice_count)
    amounts = [(each + (1 if number < extra else 0)) * pot_minor for number in range(slice_count)]
    amounts[0] += left_over
    return amounts


def count_slices(amount_minor: int, pot_minor: int) -> int:
    """How many slices a first funding makes: one for each whole pot, at least one, at most ``SLICES_MAX``."""
    return max(1, min(SLICES_MAX, amount_minor // pot_minor))


def forecast_closing(*, full_pots_free: int, joined_by_day: Sequence[int], today: date) -> date | None:
    """The day on which the last full pot is taken, if people go on joining as in ``joined_by_day``: whole days,
    the latest last, of which the last ``FORECAST_DAYS`` count. None when nobody joined: then no day can be told.
    """
    assert full_pots_free >= 0 and all(count >= 0 for count in joined_by_day)
    if full_pots_free == 0:
        return today
    counted = joined_by_day[-FORECAST_DAYS:]
    joined = sum(counted)
    if joined == 0:
        return None
    # Rounded up in whole numbers: the day on which the last pot goes, never the day before.
    days = -(-full_pots_free * len(counted) // joined)
    return today + timedelta(days=days) if days <= (date.max - today).days else None


def used_percent(*, funded_minor: int, free_minor: int) -> int:
    """How much of a pool is promised, earned or paid, in whole percent, rounded down; 0 for an empty pool."""
    return (funded_minor - free_minor) * 100 // funded_minor if funded_minor else 0


def reached_levels(*, funded_minor: int, free_minor: int, pot_minor: int) -> tuple[int, ...]:
    """Which of ``ALARM_LEVELS_PERCENT`` a pool has reached. A pool without a full pot is used up, whatever is
    left; one that was never funded reaches nothing."""
    if funded_minor == 0:
        return ()
    is_used_up = free_minor < max(pot_minor, 1)
    used = 100 if is_used_up else used_percent(funded_minor=funded_minor, free_minor=free_minor)
    return tuple(level for level in ALARM_LEVELS_PERCENT if used >= level)
