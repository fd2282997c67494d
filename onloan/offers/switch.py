"""The switch of a market: open, suspend, withdraw, close. Each writes one row, however many people joined.

Suspending counts from its commit: whoever reads the market after it is refused. ``market_stopped`` follows in
the log once every transaction that could have read it before has ended (``finish_stopping``).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import cast

from onloan import clock, db
from onloan.access.models import User
from onloan.access.rules import Capability
from onloan.db import action
from onloan.errors import NotFound
from onloan.evidence.actions import append_entry
from onloan.offers import errors, models, rules, statements
from onloan.offers.actions import add_change, require
from onloan.offers.queries import find_version
from onloan.offers.rules import MarketState

MARKETS_AT_ONCE = 500


@action
def open_market(
    *, offer_slug: str, country: str, reason: str, user_id: uuid.UUID, overdue: rules.Overdue, now: datetime
) -> None:
    """Let people join, for the first time or again, under the latest version and within its dates.

    ``overdue`` comes from ``payouts.queries.count_overdue``: who cannot pay on time takes nobody new in.

    Raises NotAllowed, NotFound, ReasonNeeded, MarketTransition, MarketTooEarly, MarketTooLate, MarketLeftOut,
    MarketOverdue.
    """
    user = require(user_id, Capability.OPEN_MARKET)
    row = _lock_market(offer_slug, country)
    latest_id = (
        models.Version.objects.filter(offer_id=row.offer_id)
        .order_by("-number")
        .values_list("pk", flat=True)
        .first()
    )
    time_zone = find_version(row.version_id).offer.markets[row.country].time_zone
    _check_way(row, "open")
    if row.version_id != latest_id:
        raise errors.MarketLeftOut(country=row.country)
    if row.state == "suspended" and overdue.is_too_much:
        raise errors.MarketOverdue(
            country=row.country, late=overdue.late, owed=overdue.owed, percent=rules.OVERDUE_PERCENT_MAX
        )
    if now < row.opens_at:
        raise errors.MarketTooEarly(day=clock.local_day(row.opens_at, time_zone).isoformat())
    if now >= row.closes_at:
        raise errors.MarketTooLate(day=rules.closing_day(row.closes_at, time_zone).isoformat())
    _change_state(row, "open", reason=reason, user=user, now=now)


@action
def suspend_market(*, offer_slug: str, country: str, reason: str, user_id: uuid.UUID, now: datetime) -> None:
    """Stop joining and showing, from the commit on; what was earned or is under way goes on (LR-055).

    Raises NotAllowed, NotFound, ReasonNeeded, MarketTransition.
    """
    user = require(user_id, Capability.SUSPEND_MARKET)
    row = _lock_market(offer_slug, country)
    _change_state(row, "suspended", reason=reason, user=user, now=now)


@action
def withdraw_market(
    *, offer_slug: str, country: str, reason: str, honour_statement: str, user_id: uuid.UUID, now: datetime
) -> None:
    """End a suspended market for good. ``honour_statement`` says in public how all that was earned or is under
    way is still paid (LR-055).

    Raises NotAllowed, NotFound, ReasonNeeded, HonourMissing, MarketTransition.
    """
    user = require(user_id, Capability.SUSPEND_MARKET)
    row = _lock_market(offer_slug, country)
    if not rules.is_sentence(
        honour_statement, length_min=rules.HONOUR_LENGTH_MIN, length_max=rules.HONOUR_LENGTH_MAX
    ):
        raise errors.HonourMissing(
            field="honour_statement", minimum=rules.HONOUR_LENGTH_MIN, maximum=rules.HONOUR_LENGTH_MAX
        )
    _change_state(row, "withdrawn", reason=reason, user=user, now=now, honour_statement=honour_statement)


@action
def close_market(*, offer_slug: str, country: str, reason: str, user_id: uuid.UUID, now: datetime) -> None:
    """End a market by hand, from its closing date on; before it, a market is suspended (LR-050).

    Raises NotAllowed, NotFound, ReasonNeeded, MarketTransition, MarketClosesLater.
    """
    user = require(user_id, Capability.SUSPEND_MARKET)
    row = _lock_market(offer_slug, country)
    _check_way(row, "closed")
    if now < row.closes_at:
        time_zone = find_version(row.version_id).offer.markets[row.country].time_zone
        raise errors.MarketClosesLater(day=rules.closing_day(row.closes_at, time_zone).isoformat())
    _change_state(row, "closed", reason=reason, user=user, now=now)


@action
def close_due_markets(*, now: datetime) -> int:
    """Close every open or suspended market whose last day is over. Returns how many. A periodic job."""
    due = models.Market.objects.select_for_update(of=("self",)).filter(
        state__in=["open", "suspended"], closes_at__lte=now
    )
    rows = list(due.select_related("offer").order_by("id")[:MARKETS_AT_ONCE])
    for row in rows:
        _change_state(row, "closed", reason="The closing date has come.", user=None, now=now)
    return len(rows)


@action
def finish_stopping(*, now: datetime) -> int:
    """Write ``market_stopped`` for each market whose stop nothing under way can have missed. Returns how many.

    A transaction that read the market as open may commit after the stop. The stop is visible to everybody
    before the database's time is noted; every transaction with an older beginning may have missed it, none
    with a younger one can. The note is kept, so that steady traffic cannot put the end off. A periodic job.
    """
    rows = list(
        models.Market.objects.select_for_update(of=("self",))
        .filter(state__in=["suspended", "withdrawn", "closed"], stopped_at__isnull=True)
        .select_related("offer")
        .order_by("id")[:MARKETS_AT_ONCE]
    )
    seen_at = db.database_now()
    finished = 0
    for row in rows:
        if row.stop_seen_at is None:
            row.stop_seen_at = seen_at
        if not statements.is_transaction_older_than(row.stop_seen_at):
            row.stopped_at = now
            append_entry(
                kind="market_stopped",
                fields={"offer": row.offer.slug, "market": row.country, "state": row.state},
                occurred_at=now,
            )
            finished += 1
        row.save(update_fields=["stop_seen_at", "stopped_at"])
    return finished


def _lock_market(offer_slug: str, country: str) -> models.Market:
    """The market's row, held until the commit against another change of its state. Joining never locks it."""
    row = (
        models.Market.objects.select_for_update(of=("self",))
        .select_related("offer")
        .filter(offer__slug=offer_slug, country=country)
        .first()
    )
    if row is None:
        raise NotFound()
    return row


def _check_way(row: models.Market, wanted: MarketState) -> None:
    state = cast("MarketState", row.state)
    if not rules.can_become(state, wanted):
        possible = ", ".join(sorted(rules.TRANSITIONS[state])) or "–"
        raise errors.MarketTransition(state=state, wanted=wanted, possible=possible)


def _change_state(
    row: models.Market,
    wanted: MarketState,
    *,
    reason: str,
    user: User | None,
    now: datetime,
    honour_statement: str = "",
) -> None:
    """The one place where a state changes: row, history and evidence, three statements for any number of
    people."""
    _check_way(row, wanted)
    if not rules.is_sentence(
        reason, length_min=rules.REASON_LENGTH_MIN, length_max=rules.REASON_LENGTH_MAX
    ) or rules.names_somebody(reason):
        raise errors.ReasonNeeded(field="reason", minimum=rules.REASON_LENGTH_MIN, maximum=rules.REASON_LENGTH_MAX)
    if wanted == "open" or row.state == "open":
        # A market that opens again, or stops, has not stopped yet.
        row.stop_seen_at = row.stopped_at = None
    row.state, row.reason, row.since = wanted, reason, now
    row.save(update_fields=["state", "reason", "since", "stop_seen_at", "stopped_at"])
    user_id = None if user is None else user.pk
    add_change(row, user_id=user_id, reason=reason, honour_statement=honour_statement, now=now)
    append_entry(
        kind=f"market_{'opened' if wanted == 'open' else wanted}",
        fields={
            "offer": row.offer.slug,
            "market": row.country,
            "version": find_version(row.version_id).file_hash,
            "role": "system" if user is None else user.role,
        },
        occurred_at=now,
    )
