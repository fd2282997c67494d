"""Keeping the voucher of each transfer that was made: written once, in the transaction that settles it (LR-066).

The account is masked. What the law asks for is that a booking can be followed to a payment and a payee: the bank's
own statement has the whole account, and the reference leads there.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from onloan import clock, db, ids
from onloan.markets.rules import market_facts
from onloan.offers.retention import account_years
from onloan.payouts import rules, sealing
from onloan.payouts.bank.accounts import mask_account
from onloan.payouts.models import ArchivedPayment, Batch, Payment
from onloan.payouts.rules import PaymentState
from onloan.people.models import Participant

_NAMES = (
    "id", "participant_id", "reference", "country", "amount_minor", "currency", "paid_on", "returned_on",
    "retain_until", "sealed_payee",
)  # fmt: skip


def archive_payments(rows: Sequence[Payment], *, paid_at: datetime | None = None) -> None:
    """Keep the voucher of each of these payments that were made, unless it is kept; at most a few hundred.

    Part of the transaction that settles them, whose people are locked. ``paid_at`` None: when the bank's word was
    booked.
    """
    references = [row.end_to_end_id for row in rows]
    known = set(ArchivedPayment.objects.filter(reference__in=references).values_list("reference", flat=True))
    new = [row for row in rows if row.end_to_end_id not in known]
    if not new:
        return
    batches = {batch.id: batch for batch in Batch.objects.filter(id__in={row.batch_id for row in new})}
    batch_keys = {
        batch.id: sealing.unwrap_batch_key(batch.id, bytes(batch.wrapped_key))
        for batch in batches.values()
        if batch.wrapped_key is not None
    }
    erased = _find_erased({row.participant_id for row in new})
    written = []
    for row in new:
        batch, whose = batches[row.batch_id], new_number() if row.participant_id in erased else row.participant_id
        written.append(_archive_row(row, batch, batch_keys.get(batch.id), whose, paid_at))
    db.insert_rows([(ArchivedPayment, _NAMES, written)])
    if erased:
        # It was under way when they were erased, and nothing needs the line any more.
        Payment.objects.filter(id__in=[row.id for row in new if row.participant_id in erased]).update(
            sealed_line=None
        )


def _archive_row(
    row: Payment, batch: Batch, batch_key: bytes | None, whose: UUID, paid_at: datetime | None
) -> tuple[object, ...]:
    booked_at = paid_at or row.answered_at
    assert booked_at is not None, "a payment that was made is answered"
    facts = market_facts(batch.country)
    paid_on, returned_on = clock.local_day(booked_at, facts.time_zone), None
    if paid_at is None and row.state == PaymentState.RETURNED:
        # It came back before there was an archive: the day on which it was paid is the one asked of the bank.
        paid_on, returned_on = min(batch.execute_on, paid_on), paid_on
    archive_id, sealed = ids.new_id(), None
    if batch_key is not None and row.sealed_line is not None:
        line = sealing.unseal_line(batch_key, row.id, bytes(row.sealed_line))
        sealed = sealing.seal_archived(archive_id, line.name, mask_account(line.account))
    return (
        archive_id, whose, row.end_to_end_id, batch.country,
        row.amount_minor, row.currency, paid_on, returned_on,
        rules.archived_until(returned_on or paid_on, account_years(facts)), sealed,
    )  # fmt: skip


def archive_return(row: Payment, *, country: str, now: datetime) -> None:
    """A payment came back. The books keep both entries, so its voucher stays, until both may go."""
    archive_payments([row])
    facts = market_facts(country)
    returned_on = clock.local_day(now, facts.time_zone)
    ArchivedPayment.objects.filter(reference=row.end_to_end_id).update(
        returned_on=returned_on, retain_until=rules.archived_until(returned_on, account_years(facts))
    )


def new_number() -> UUID:
    """A number for a row whose person is erased. It is of chance alone: one with a time in it would tell when."""
    return uuid.uuid4()


def _find_erased(participant_ids: Collection[UUID]) -> set[UUID]:
    rows = Participant.objects.filter(id__in=participant_ids, erased_at__isnull=False)
    return set(rows.values_list("id", flat=True))
