"""Money of a market: setting it aside, reserving a person's pot out of it, giving back what is left of a pot."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan import db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import Statement, action
from onloan.errors import BadInput
from onloan.ledger import rules, statements
from onloan.ledger.entries import money_entry
from onloan.ledger.errors import PoolEnded, TransferConflict, WrongCurrency
from onloan.ledger.models import Correction, Funding, PoolAlarm
from onloan.ledger.queries import pool_view
from onloan.ledger.rules import AccountKind, Cause, CorrectionState, Route, TransferKind
from onloan.money import AMOUNT_MINOR_MAX, Money
from onloan.offers.queries import find_market_by_id
from onloan.people.actions import mark_pot_released
from onloan.people.queries import find_participant

_RESERVE = Route(TransferKind.POSTED, AccountKind.POOL, AccountKind.RESERVED, Cause.JOINED)
_RELEASE = Route(TransferKind.POSTED, AccountKind.RESERVED, AccountKind.POOL, Cause.WINDOW_ENDED)


@action
def fund_pool(
    *,
    market_id: UUID,
    amount: Money,
    full_pot: Money,
    by_user_id: UUID,
    now: datetime,
    funding_id: UUID | None = None,
) -> None:
    """Set ``amount`` aside for a market, on top of what it has; ``full_pot`` is what one joiner reserves (zero
    where only those whom a sponsor brought are rewarded: then the money lies in one piece).

    ``funding_id`` (a UUIDv7) makes a retry harmless: the same money is not added twice. Raises NotAllowed when
    that member may not fund, WrongCurrency, BadInput for an amount of nothing or beyond what a pool can hold,
    TransferConflict for a ``funding_id`` used for another amount, NotFound.
    """
    require(find_member_by_id(by_user_id), Capability.FUND_POOL)
    market = find_market_by_id(market_id)
    if {amount.currency, full_pot.currency} != {market.currency}:
        raise WrongCurrency(field="amount", currency=market.currency)
    if amount.amount_minor == 0:
        raise BadInput(field="amount", problem="0")
    pot = full_pot if full_pot.amount_minor else amount
    funding_id = funding_id or ids.new_id()
    # The slices are locked before the key is looked for, so that two tries at once see each other.
    present = statements.lock_slices(market_id)
    if _was_funded(funding_id, market_id, amount):
        return
    if sum(row.free_minor for row in present) + amount.amount_minor > AMOUNT_MINOR_MAX:
        raise BadInput(field="amount", problem=str(AMOUNT_MINOR_MAX))
    wanted = rules.count_slices(amount.amount_minor, pot.amount_minor)
    missing = range(len(present), max(len(present), wanted))
    db.execute([
        statements.open_slice(market_id=market_id, number=number, currency=amount.currency) for number in missing
    ])  # fmt: skip
    slices = statements.lock_slices(market_id)
    shares = rules.split_into_slices(amount.amount_minor, pot.amount_minor, len(slices))
    funded: list[Statement] = []
    for row, share in zip(slices, shares, strict=True):
        if share:
            funded.append(statements.credit_slice(row.id, Money(share, amount.currency)))
            funded.append(
                db.insert(
                    Funding,
                    id=rules.derive_id(funding_id, f"share/{row.number}"), market_id=market_id, slice_id=row.id,
                    source_slice_id=None, amount_minor=share, currency=amount.currency, by_user_id=by_user_id,
                    funded_at=now,
                )
            )  # fmt: skip
    db.execute([*funded, *money_entry("pool_funded", market_id, None, amount, now, {"role": "finance"})])


@action
def top_up_pool(
    *, market_id: UUID, amount: Money, user_id: UUID, now: datetime, funding_id: UUID | None = None
) -> None:
    """Set more money aside for a market that runs, or that ended while a correction waits for money.

    An alarm that no longer holds goes, so that it is raised again when it comes true again. Raises PoolEnded, and
    what ``fund_pool`` raises.
    """
    market = find_market_by_id(market_id)
    is_wanted = Correction.objects.filter(market_id=market_id, state=CorrectionState.PROPOSED).exists()
    if market.state in {"withdrawn", "closed"} and not is_wanted:
        raise PoolEnded(state=market.state)
    full_pot = pool_view(market_id).full_pot
    fund_pool(
        market_id=market_id, amount=amount, full_pot=full_pot, by_user_id=user_id, now=now, funding_id=funding_id
    )
    pool = pool_view(market_id)
    reached = rules.reached_levels(
        funded_minor=pool.funded.amount_minor, free_minor=pool.free.amount_minor, pot_minor=full_pot.amount_minor
    )
    PoolAlarm.objects.filter(market_id=market_id).exclude(level_percent__in=reached).delete()


def _was_funded(funding_id: UUID, market_id: UUID, amount: Money) -> bool:
    """Whether this funding is booked already; its rows have keys that are derived from it."""
    keys = [rules.derive_id(funding_id, f"share/{number}") for number in range(rules.SLICES_MAX)]
    rows = list(Funding.objects.filter(id__in=keys))
    if not rows:
        return False
    booked = sum(row.amount_minor for row in rows)
    if (booked, rows[0].currency, rows[0].market_id) != (amount.amount_minor, amount.currency, market_id):
        raise TransferConflict
    return True


@action
def reserve_pot(*, participant_id: UUID, market_id: UUID, amount: Money, now: datetime) -> bool:
    """Reserve everything that a new participant can earn; False when the pool has no full pot free.

    The last write of joining: what it locks, it holds only until the commit. The person's row was inserted in
    the same transaction, or is locked by the caller. Five statements in two round trips. Reserving twice for
    one person does nothing the second time; another amount raises TransferConflict. A pot of nothing is always
    free, and nothing is booked for it.
    """
    if amount.amount_minor == 0:
        return True
    slice_id = statements.take_from_slice(
        market_id=market_id,
        participant_id=participant_id,
        amount=amount,
        first_number=participant_id.int % rules.SLICES_MAX,
    )
    if slice_id is None:
        earlier = statements.find_reservation(participant_id)
        if earlier is not None:
            if earlier.amount != amount:
                raise TransferConflict
            return True
        slice_id = statements.gather_from_slices(market_id=market_id, amount=amount, now=now)
    if slice_id is None:
        return False
    db.execute([
        statements.open_account(
            participant_id=participant_id, kind=AccountKind.RESERVED, market_id=market_id,
            currency=amount.currency, credits_posted_minor=amount.amount_minor,
        ),
        statements.write_transfer(
            transfer_id=rules.derive_id(participant_id, "reserve"), participant_id=participant_id,
            route=_RESERVE, amount=amount, now=now, pool_slice_id=slice_id,
        ),
        *money_entry("pot_reserved", market_id, participant_id, amount, now),
    ])  # fmt: skip
    return True


@action
def release_pot(*, participant_id: UUID, now: datetime) -> None:
    """Give back to the pool what this person can no longer earn: the end of their window.

    What is set aside for pending rewards stays theirs. Again is harmless: what is left is then nothing.
    """
    mark_pot_released(participant_id=participant_id, now=now)
    reservation = statements.find_reservation(participant_id)
    if reservation is None:
        # A pot of nothing was never booked. It is marked all the same, or it would be found due for ever.
        return
    left = Money(statements.read_free_reservation(participant_id), reservation.amount.currency)
    if left.amount_minor == 0:
        return
    participant = find_participant(participant_id)
    assert participant is not None, "the row is locked"
    db.execute([
        statements.write_transfer(
            transfer_id=ids.new_id(), participant_id=participant_id, route=_RELEASE, amount=left, now=now,
            pool_slice_id=reservation.debit_account_id,
        ),
        statements.debit_account(participant_id, AccountKind.RESERVED, TransferKind.POSTED, left),
        *money_entry("pot_released", participant.market_id, participant_id, left, now),
        statements.credit_slice(reservation.debit_account_id, left),
    ])  # fmt: skip
