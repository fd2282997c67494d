"""Hand-written SQL of the ledger's hot paths: taking a pot from a slice, moving money of one person.

Locks: an action about a person holds that person's row. A slice's row is locked last and alone, from here to the
commit; only ``lock_slices`` locks several, in the order of their numbers, so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import db, ids
from onloan.db import Statement
from onloan.ledger.models import Account, Funding, PoolSlice, Transfer
from onloan.ledger.rules import AccountKind, Cause, Route, TransferKind, account_id
from onloan.money import Money

_FREE = "credits_posted_minor - debits_posted_minor - debits_pending_minor"


@dataclass(frozen=True, slots=True)
class SliceRow:
    id: UUID
    number: int
    currency: str
    free_minor: int


@dataclass(frozen=True, slots=True)
class TransferRow:
    id: UUID
    debit_account_id: UUID
    amount: Money


def _skip_locked() -> str:
    return " FOR NO KEY UPDATE SKIP LOCKED" if db.is_postgresql() else ""


def take_from_slice(*, market_id: UUID, participant_id: UUID, amount: Money, first_number: int) -> UUID | None:
    """Take ``amount`` from the first slice that has it and that nobody else is taking from; None if there is
    none, or if a pot is reserved for this person already. One statement: what is free, and that it is the first
    time, is checked by the UPDATE that takes it.

    A slice that another transaction holds is passed over instead of waited for, so joiners do not queue; None
    therefore does not yet mean that the pool is empty (see ``gather_from_slices``).
    """
    row = db.fetch_one(
        f"UPDATE ledger_pool_slice SET debits_posted_minor = debits_posted_minor + %s WHERE id = ("  # noqa: S608
        f" SELECT id FROM ledger_pool_slice WHERE market_id = %s AND currency = %s AND {_FREE} >= %s"
        " AND NOT EXISTS (SELECT 1 FROM ledger_transfer WHERE participant_id = %s AND cause = %s)"
        f" ORDER BY number < %s, number LIMIT 1{_skip_locked()}) RETURNING id",
        [
            amount.amount_minor,
            db.uuid_value(market_id),
            amount.currency,
            amount.amount_minor,
            db.uuid_value(participant_id),
            Cause.JOINED.value,
            first_number,
        ],
    )
    return None if row is None else db.read_uuid(row[0])


def sum_free(market_id: UUID) -> int:
    """What is free in all slices together, in minor units, as last committed. Locks nothing."""
    row = db.fetch_one(
        f"SELECT COALESCE(SUM({_FREE}), 0) FROM ledger_pool_slice WHERE market_id = %s",  # noqa: S608
        [db.uuid_value(market_id)],
    )
    assert row is not None
    return int(row[0])


def lock_slices(market_id: UUID) -> list[SliceRow]:
    """All slices of a market, locked in the order of their numbers until the commit."""
    suffix = " FOR NO KEY UPDATE" if db.is_postgresql() else ""
    rows = db.fetch_all(
        f"SELECT id, number, currency, {_FREE} FROM ledger_pool_slice WHERE market_id = %s"  # noqa: S608
        f" ORDER BY number{suffix}",
        [db.uuid_value(market_id)],
    )
    return [SliceRow(db.read_uuid(row[0]), int(row[1]), str(row[2]), int(row[3])) for row in rows]


def gather_from_slices(*, market_id: UUID, amount: Money, now: datetime) -> UUID | None:
    """Take ``amount`` when ``take_from_slice`` found no slice: wait for the others, and where no slice alone has
    it but all together do, move what is missing into the fullest one. None: the pool has no full pot free."""
    if sum_free(market_id) < amount.amount_minor:
        return None
    slices = [row for row in lock_slices(market_id) if row.currency == amount.currency]
    if sum(row.free_minor for row in slices) < amount.amount_minor:
        return None
    fullest, *others = sorted(slices, key=lambda row: (-row.free_minor, row.number))
    missing = amount.amount_minor - fullest.free_minor
    statements: list[Statement] = []
    for other in others:
        moved = min(other.free_minor, missing)
        if moved > 0:
            statements += move_between_slices(
                market_id=market_id, source=other, target=fullest, amount=Money(moved, amount.currency), now=now
            )
            missing -= moved
    statements.append((
        "UPDATE ledger_pool_slice SET debits_posted_minor = debits_posted_minor + %s WHERE id = %s",
        [amount.amount_minor, db.uuid_value(fullest.id)],
    ))  # fmt: skip
    db.execute(statements)
    return fullest.id


def move_between_slices(
    *, market_id: UUID, source: SliceRow, target: SliceRow, amount: Money, now: datetime
) -> list[Statement]:
    return [
        (
            "UPDATE ledger_pool_slice SET debits_posted_minor = debits_posted_minor + %s WHERE id = %s",
            [amount.amount_minor, db.uuid_value(source.id)],
        ),
        credit_slice(target.id, amount),
        db.insert(
            Funding,
            id=ids.new_id(), market_id=market_id, slice_id=target.id, source_slice_id=source.id,
            amount_minor=amount.amount_minor, currency=amount.currency, by_user_id=None, funded_at=now,
        ),
    ]  # fmt: skip


def credit_slice(slice_id: UUID, amount: Money) -> Statement:
    return (
        "UPDATE ledger_pool_slice SET credits_posted_minor = credits_posted_minor + %s WHERE id = %s",
        [amount.amount_minor, db.uuid_value(slice_id)],
    )


def open_slice(*, market_id: UUID, number: int, currency: str) -> Statement:
    """An empty slice, unless it is there already: the row exists before anybody locks it."""
    return db.insert(
        PoolSlice,
        id=ids.new_id(), market_id=market_id, number=number, currency=currency, debits_pending_minor=0,
        debits_posted_minor=0, credits_pending_minor=0, credits_posted_minor=0,
        on_conflict="ON CONFLICT (market_id, number) DO NOTHING",
    )  # fmt: skip


def open_account(
    *, participant_id: UUID, kind: AccountKind, market_id: UUID, currency: str, credits_posted_minor: int = 0
) -> Statement:
    """A person's account, unless it is there already: the row exists before anybody changes it.

    With ``credits_posted_minor`` the account must be new: the database refuses a second one.
    """
    conflict = "" if credits_posted_minor else "ON CONFLICT (participant_id, kind) DO NOTHING"
    return db.insert(
        Account,
        id=account_id(participant_id, kind), participant_id=participant_id, kind=kind.value,
        market_id=market_id, currency=currency, debits_pending_minor=0, debits_posted_minor=0,
        credits_pending_minor=0, credits_posted_minor=credits_posted_minor, on_conflict=conflict,
    )  # fmt: skip


def list_promised(
    participant_ids: Iterable[UUID], rule_ids: Iterable[str]
) -> list[tuple[UUID, str, str, UUID | str, str]]:
    """Rewards of these people by these rules: person, rule, cause key, reward (for ``db.read_uuid``), state."""
    by_value = {db.uuid_value(participant_id): participant_id for participant_id in participant_ids}
    people, values = db.among(by_value)
    ruled, rules_values = db.among(rule_ids)
    rows = db.fetch_all(
        "SELECT participant_id, rule_id, cause_key, id, state FROM ledger_reward"  # noqa: S608
        f" WHERE participant_id {people} AND rule_id {ruled}",
        [*values, *rules_values],
    )
    # A person has as many of them as the rule allows: the keys are read when one is looked for.
    return [(by_value[row[0]], row[1], row[2], row[3], row[4]) for row in rows]


# How each kind of transfer changes the four sums: the column is changed by this many times the amount.
_DEBIT_SIDE: dict[TransferKind, dict[str, int]] = {
    TransferKind.POSTED: {"debits_posted_minor": 1},
    TransferKind.PENDING: {"debits_pending_minor": 1},
    TransferKind.POST: {"debits_pending_minor": -1, "debits_posted_minor": 1},
    TransferKind.VOID: {"debits_pending_minor": -1},
}
_CREDIT_SIDE: dict[TransferKind, dict[str, int]] = {
    kind: {column.replace("debits", "credits"): sign for column, sign in changes.items()}
    for kind, changes in _DEBIT_SIDE.items()
}


def debit_account(
    participant_id: UUID, kind: AccountKind, transfer_kind: TransferKind, amount: Money
) -> Statement:
    return _change_account(participant_id, kind, _DEBIT_SIDE[transfer_kind], amount)


def credit_account(
    participant_id: UUID, kind: AccountKind, transfer_kind: TransferKind, amount: Money
) -> Statement:
    return _change_account(participant_id, kind, _CREDIT_SIDE[transfer_kind], amount)


def _change_account(participant_id: UUID, kind: AccountKind, changes: dict[str, int], amount: Money) -> Statement:
    sets = ", ".join(f"{column} = {column} + %s" for column in changes)
    return (
        f"UPDATE ledger_account SET {sets} WHERE participant_id = %s AND kind = %s AND currency = %s",  # noqa: S608
        [
            *(sign * amount.amount_minor for sign in changes.values()),
            db.uuid_value(participant_id),
            kind.value,
            amount.currency,
        ],
    )


def write_transfer(
    *,
    transfer_id: UUID,
    participant_id: UUID,
    route: Route,
    amount: Money,
    now: datetime,
    pool_slice_id: UUID | None = None,
    pending_id: UUID | None = None,
    cause_ref: UUID | None = None,
    decided_by_user_id: UUID | None = None,
) -> Statement:
    """The row of a transfer on a known ``route``; ``pool_slice_id`` stands for the pool's side of it."""

    def side(kind: AccountKind) -> UUID:
        if kind is not AccountKind.POOL:
            return account_id(participant_id, kind)
        assert pool_slice_id is not None, "the pool's side of a transfer is a slice"
        return pool_slice_id

    return db.insert(
        Transfer,
        id=transfer_id, participant_id=participant_id, debit_account_id=side(route.debit),
        debit_kind=route.debit.value, credit_account_id=side(route.credit), credit_kind=route.credit.value,
        amount_minor=amount.amount_minor, currency=amount.currency, kind=route.kind.value,
        pending_id=pending_id, cause=route.cause.value, cause_ref=cause_ref,
        decided_by_user_id=decided_by_user_id, created_at=now,
    )  # fmt: skip


def move(
    *,
    transfer_id: UUID,
    participant_id: UUID,
    market_id: UUID,
    route: Route,
    amount: Money,
    now: datetime,
    pending_id: UUID | None = None,
    cause_ref: UUID,
) -> list[Statement]:
    """Everything that moves ``amount`` between two accounts of one person; the receiving one is opened first."""
    return [
        open_account(
            participant_id=participant_id, kind=route.credit, market_id=market_id, currency=amount.currency
        ),
        debit_account(participant_id, route.debit, route.kind, amount),
        credit_account(participant_id, route.credit, route.kind, amount),
        write_transfer(
            transfer_id=transfer_id, participant_id=participant_id, route=route, amount=amount, now=now,
            pending_id=pending_id, cause_ref=cause_ref,
        ),
    ]  # fmt: skip


def read_voucher_use(participant_id: UUID, reward_id: UUID) -> int:
    """What is spent, held or ended of the voucher of one reward, in minor units."""
    row = db.fetch_one(
        "SELECT COALESCE(SUM(CASE WHEN debit_kind = 'redeemed' OR kind = 'void' THEN -amount_minor"
        " WHEN kind = 'post' THEN 0 ELSE amount_minor END), 0) FROM ledger_transfer"
        " WHERE participant_id = %s AND cause_ref = %s AND (debit_kind = 'redeemed' OR debit_kind = 'vouchers')",
        [db.uuid_value(participant_id), db.uuid_value(reward_id)],
    )
    assert row is not None
    return int(row[0])


def find_reservation(participant_id: UUID) -> TransferRow | None:
    """The transfer that reserved this person's pot; its debit side is the slice that it came from."""
    row = db.fetch_one(
        "SELECT id, debit_account_id, amount_minor, currency FROM ledger_transfer"
        " WHERE participant_id = %s AND cause = %s",
        [db.uuid_value(participant_id), Cause.JOINED.value],
    )
    if row is None:
        return None
    return TransferRow(db.read_uuid(row[0]), db.read_uuid(row[1]), Money(int(row[2]), str(row[3])))


def read_free_reservations(participant_ids: Iterable[UUID]) -> dict[tuple[UUID, str], int]:
    """The same for several people: what is left to set aside, in minor units, by person and currency."""
    among, values = db.among(map(db.uuid_writer(), participant_ids))
    rows = db.fetch_all(
        f"SELECT participant_id, currency, {_FREE} FROM ledger_account"  # noqa: S608
        f" WHERE participant_id {among} AND kind = 'reserved'",
        values,
    )
    return {(db.read_uuid(row[0]), str(row[1])): int(row[2]) for row in rows}


def read_free_reservation(participant_id: UUID) -> int:
    """What is reserved for this person and not set aside for a reward, in minor units."""
    row = db.fetch_one(
        f"SELECT {_FREE} FROM ledger_account WHERE participant_id = %s AND kind = 'reserved'",  # noqa: S608
        [db.uuid_value(participant_id)],
    )
    return 0 if row is None else int(row[0])
