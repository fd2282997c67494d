"""The books as an hledger journal (hledger 1.25, "hledger_journal"), for an accountant's own program to recompute.

Each transaction is a funding or a transfer; the last one asserts what the ledger's own accounts hold. Amounts on
people's and pools' accounts are positive, and on the merchant's funding negative, so that all of them sum to zero.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TextIO
from uuid import UUID

from babel.numbers import get_currency_precision

from onloan import db
from onloan.ledger.queries import Place, find_place, list_funded_markets
from onloan.ledger.rules import AccountKind, TransferKind

_SET_ASIDE = "set-aside"
_HELD = "held-at-till"
_PEOPLE = ("reserved", _SET_ASIDE, "owed", "vouchers", _HELD, "redeemed", "paid", "expired")
# Where money waits that a pending transfer has set aside from an account.
_WAITING = {AccountKind.RESERVED.value: _SET_ASIDE, AccountKind.VOUCHERS.value: _HELD}

_FREE = "credits_posted_minor - debits_posted_minor - debits_pending_minor"
_HEAD = """\
; Onloan's books. Check them with: hledger -f FILE check --strict
; merchant:funding  what was set aside in all, below zero
; pool              what is free
; people            reserved, set aside for rewards that wait (set-aside), earned (owed, vouchers, held-at-till),
;                   and what has left (redeemed, paid, expired)
; Days are days in UTC. No name stands here: "person" is a public id.
decimal-mark .
"""


@dataclass(frozen=True, slots=True, order=True)
class _Entry:
    """One transaction of the journal; the order is that of time, and then of the key."""

    at: datetime
    key: str
    market_id: UUID
    source: str
    target: str
    amount_minor: int
    currency: str
    said: str
    is_pending: bool


def write_journal(*, out: TextIO, market_id: UUID | None) -> int:
    """Write the books of one market, or of all, as of this instant; returns the number of transactions.

    The same books are written in the same way each time. Memory does not grow with their number. Must not run
    inside an action. Raises NotFound for an unknown market.
    """
    places = {id: find_place(id) for id in ([market_id] if market_id else list_funded_markets())}
    written, latest = 0, None
    with db.snapshot():
        balances = [row for id in places for row in _list_balances(id)]
        _write_head(out, places, sorted({currency for _, _, _, currency in balances}))
        for entry in heapq.merge(_list_fundings(market_id), _list_transfers(market_id)):
            _write_entry(out, entry, places[entry.market_id])
            written, latest = written + 1, entry.at
    if latest is not None:
        _write_balances(out, latest.date(), balances, places)
    return written


def _account(place: Place, kind: str) -> str:
    side = {"pool": "pool", "funding": "merchant:funding"}.get(kind, "people")
    name = f"{side}:{place.offer_slug}:{place.country}"
    return f"{name}:{kind}" if side == "people" else name


def _amount(amount_minor: int, currency: str) -> str:
    digits = get_currency_precision(currency)
    return f"{Decimal(amount_minor).scaleb(-digits):.{digits}f} {currency}"


def _write_head(out: TextIO, places: dict[UUID, Place], currencies: list[str]) -> None:
    out.write(_HEAD)
    for currency in currencies:
        # A commodity needs its decimal mark, even where no decimals follow.
        out.write(f"commodity 1000.{'0' * get_currency_precision(currency)} {currency}\n")
    for place in sorted(places.values(), key=lambda place: (place.offer_slug, place.country)):
        out.writelines(f"account {_account(place, kind)}\n" for kind in ("funding", "pool", *_PEOPLE))


def _write_entry(out: TextIO, entry: _Entry, place: Place) -> None:
    mark = "!" if entry.is_pending else "*"
    amount = _amount(entry.amount_minor, entry.currency)
    out.write(
        f"\n{entry.at:%Y-%m-%d} {mark} {entry.said}\n"
        f"    {_account(place, entry.target)}  {amount}\n"
        f"    {_account(place, entry.source)}  -{amount}\n"
    )


def _write_balances(
    out: TextIO, day: date, balances: list[tuple[UUID, str, int, str]], places: dict[UUID, Place]
) -> None:
    """The last transaction moves nothing and says what each account holds; hledger compares."""
    out.write(f"\n{day:%Y-%m-%d} * as the ledger's own accounts hold it\n")
    for market_id, kind, amount_minor, currency in balances:
        account = _account(places[market_id], kind)
        out.write(f"    {account}  {_amount(0, currency)} = {_amount(amount_minor, currency)}\n")


def _list_balances(market_id: UUID) -> list[tuple[UUID, str, int, str]]:
    """What slices, accounts and fundings of a market say by themselves, not the transfers between them. An account
    that nobody has is said to hold nothing."""
    value = [db.uuid_value(market_id)]
    pool = db.fetch_all(
        f"SELECT currency, SUM({_FREE}) FROM ledger_pool_slice WHERE market_id = %s GROUP BY currency",  # noqa: S608
        value,
    )
    funded = db.fetch_all(
        "SELECT currency, SUM(amount_minor) FROM ledger_funding"
        " WHERE market_id = %s AND source_slice_id IS NULL GROUP BY currency",
        value,
    )
    accounts = db.fetch_all(
        f"SELECT currency, kind, SUM({_FREE}), SUM(debits_pending_minor) FROM ledger_account"  # noqa: S608
        " WHERE market_id = %s GROUP BY kind, currency",
        value,
    )
    held = {(str(currency), kind): 0 for currency, _ in pool for kind in ("funding", "pool", *_PEOPLE)}
    held |= {(str(currency), "pool"): int(free) for currency, free in pool}
    held |= {(str(currency), "funding"): -int(amount_minor) for currency, amount_minor in funded}
    for currency, kind, free, waiting in accounts:
        held[str(currency), str(kind)] = int(free)
        if kind in _WAITING:
            held[str(currency), _WAITING[kind]] = int(waiting)
    return [(market_id, kind, amount_minor, currency) for (currency, kind), amount_minor in held.items()]


def _list_fundings(market_id: UUID | None) -> Iterator[_Entry]:
    """What somebody set aside at one moment, whichever slices it went into."""
    where, values = ("AND market_id = %s", [db.uuid_value(market_id)]) if market_id else ("", [])
    # A pool is funded a few times in its life: these rows need no streaming.
    rows = db.fetch_all(
        "SELECT funded_at, market_id, by_user_id, currency, SUM(amount_minor), MIN(CAST(id AS text)) AS first"  # noqa: S608
        f" FROM ledger_funding WHERE source_slice_id IS NULL {where}"
        " GROUP BY funded_at, market_id, by_user_id, currency ORDER BY funded_at, first",
        values,
    )
    for at, market, user_id, currency, amount_minor, first in rows:
        key = db.read_uuid(first)
        yield _Entry(
            at=db.read_time(at).astimezone(UTC), key=str(key), market_id=db.read_uuid(market), source="funding",
            target=AccountKind.POOL.value, amount_minor=int(amount_minor), currency=str(currency),
            said=f"funded  ; id:{key}, member:{db.read_uuid(user_id)}", is_pending=False,
        )  # fmt: skip


def _list_transfers(market_id: UUID | None) -> Iterator[_Entry]:
    where, values = ("WHERE person.market_id = %s", [db.uuid_value(market_id)]) if market_id else ("", [])
    rows = db.stream(
        "SELECT transfer.created_at, transfer.id, person.market_id, transfer.kind, transfer.debit_kind,"  # noqa: S608
        " transfer.credit_kind, transfer.amount_minor, transfer.currency, transfer.cause, person.public_id,"
        " transfer.decided_by_user_id"
        " FROM ledger_transfer transfer JOIN people_participant person ON person.id = transfer.participant_id"
        f" {where} ORDER BY transfer.created_at, transfer.id",
        values,
    )
    for at, id, market, kind, debit, credit, amount_minor, currency, cause, public_id, decided_by in rows:
        source, target = _sides(TransferKind(kind), debit, credit)
        key = db.read_uuid(id)
        decided = f", decided-by:{db.read_uuid(decided_by)}" if decided_by else ""
        yield _Entry(
            at=db.read_time(at).astimezone(UTC), key=str(key), market_id=db.read_uuid(market), source=source,
            target=target, amount_minor=int(amount_minor), currency=str(currency),
            said=f"{cause.replace('_', ' ')}  ; id:{key}, person:{public_id}{decided}",
            is_pending=kind == TransferKind.PENDING.value,
        )  # fmt: skip


def _sides(kind: TransferKind, debit: str, credit: str) -> tuple[str, str]:
    """From which account of the journal to which: what is pending waits on an account of its own."""
    match kind:
        case TransferKind.POSTED:
            return debit, credit
        case TransferKind.PENDING:
            return debit, _WAITING[debit]
        case TransferKind.POST:
            return _WAITING[debit], credit
        case TransferKind.VOID:
            return _WAITING[debit], debit
