"""Names, causes and arithmetic of the ledger. Pure."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from enum import StrEnum

from onloan import ids
from onloan.offers.document import RewardKind

SLICES_MAX = 8
TIMES_MAX = 1000
CAUSE_KEY_CHARACTERS_MAX = 64
REASON_CHARACTERS_MAX = 200


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
    COUNTED = "counted"
    PAID_OUT = "paid_out"
    FULFILLED = "fulfilled"
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


@dataclass(frozen=True, slots=True)
class Route:
    """One way money may go: a kind of transfer, from, to, and why."""

    kind: TransferKind
    debit: AccountKind
    credit: AccountKind
    cause: Cause


def _list_routes() -> tuple[Route, ...]:
    routes = [
        Route(TransferKind.POSTED, AccountKind.POOL, AccountKind.RESERVED, Cause.JOINED),
        Route(TransferKind.POSTED, AccountKind.RESERVED, AccountKind.POOL, Cause.WINDOW_ENDED),
        Route(TransferKind.POSTED, AccountKind.OWED, AccountKind.PAID, Cause.PAID_OUT),
        Route(TransferKind.POSTED, AccountKind.OWED, AccountKind.PAID, Cause.FULFILLED),
    ]
    for promised in (AccountKind.OWED, AccountKind.VOUCHERS):
        routes.append(Route(TransferKind.PENDING, AccountKind.RESERVED, promised, Cause.QUALIFIED))
        routes.append(Route(TransferKind.POST, AccountKind.RESERVED, promised, Cause.COUNTED))
        routes.extend(
            Route(TransferKind.VOID, AccountKind.RESERVED, promised, Cause(cause.value)) for cause in VoidCause
        )
    return tuple(routes)


ROUTES = _list_routes()
"""Every way that money may go; the database refuses any other. What is owed can only become paid."""


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
