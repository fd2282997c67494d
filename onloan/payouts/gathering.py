"""How a batch is put together: opened, filled step by step, and closed with the hash of its file.

What was begun and killed is gone on with: there is one preparation in a country at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from onloan import clock, db, ids
from onloan.db import Statement, action
from onloan.markets.calendar import bank_holidays
from onloan.markets.rules import market_facts
from onloan.offers.queries import find_market_by_id, find_version
from onloan.payouts import rules, sealing
from onloan.payouts.bank.characters import bank_text
from onloan.payouts.errors import DebtorMissing, NothingToPay
from onloan.payouts.files import hash_batch
from onloan.payouts.models import Batch, Debtor, Payable, Payee, Payment
from onloan.payouts.rules import BankWord, BatchState, PayableState, PaymentState, PayoutMethod
from onloan.payouts.sealing import SealedLine
from onloan.people.queries import read_items_of
from onloan.people.statements import lock_participants
from onloan.uses.basis import record_basis_uses

GATHERED_PER_TRANSACTION = 500
PAYEE = ("payee_name", "payee_account")

Place = tuple[date, UUID]
"""Where a payable stands in the order of what is owed: its last day to pay, and its key."""


def list_ready(*, country: str, due_by: date | None) -> QuerySet[Payable]:
    """What is owed in a country to people who told where, as far as nothing is wrong with it, the oldest first."""
    told = Payee.objects.filter(problem__isnull=True).values("participant_id")
    # What the bank says it has paid after all is booked by a job, and never paid again meanwhile.
    made = Payment.objects.filter(payable_id=OuterRef("id"), participant_id=OuterRef("participant_id"))
    ready = Payable.objects.filter(
        ~Exists(made.filter(bank_word=BankWord.MADE)),
        country=country,
        state=PayableState.OWED,
        participant_id__in=told,
    )
    if due_by is not None:
        ready = ready.filter(due_on__lte=due_by)
    return ready.order_by("due_on", "id")


@action
def open_batch(*, country: str, user_id: UUID, now: datetime, due_by: date | None) -> UUID:
    """A batch to fill, or the one that somebody began to fill. Raises NothingToPay, DebtorMissing.

    Whoever goes on with it has prepared it from then on, so that somebody else approves what they put in.
    """
    begun = Batch.objects.select_for_update().filter(country=country, state=BatchState.PREPARING).first()
    if begun is not None:
        Batch.objects.filter(id=begun.id).update(created_by_user_id=user_id)
        found: UUID = begun.id
        return found
    first = list_ready(country=country, due_by=due_by).first()
    if first is None:
        raise NothingToPay(country=country)
    batch_id = ids.new_id()
    method = rules.bank_method(first.currency)
    today = clock.local_day(now, market_facts(country).time_zone)
    Batch.objects.create(
        id=batch_id,
        country=country,
        currency=first.currency,
        method=method,
        state=BatchState.PREPARING,
        execute_on=rules.execution_day(today, bank_holidays(first.currency, country, today)),
        payable_count=0,
        total_minor=0,
        wrapped_key=sealing.new_batch_key(batch_id),
        sealed_debtor=_copy_debtor(batch_id, first.currency) if method is PayoutMethod.SEPA_TRANSFER else None,
        created_by_user_id=user_id,
        created_at=now,
    )
    return batch_id


def _copy_debtor(batch_id: UUID, currency: str) -> bytes:
    debtor = Debtor.objects.filter(currency=currency).first()
    if debtor is None:
        raise DebtorMissing(currency=currency)
    return sealing.seal_debtor(batch_id, sealing.unseal_debtor(debtor.id, bytes(debtor.sealed_account)))


def gather(*, batch_id: UUID, due_by: date | None) -> None:
    """Fill a batch that is being prepared, as far as there is something to fill it with."""
    last: Place | None = None
    while (last := _gather_some(batch_id=batch_id, due_by=due_by, after=last)) is not None:
        pass


@action
def _gather_some(*, batch_id: UUID, due_by: date | None, after: Place | None) -> Place | None:
    """Put the next few payables into the batch; the last one looked at, or None when there is none left.

    Somebody whose name and account cannot be read any more (their key is gone) is left out and stays owed.
    """
    batch = Batch.objects.select_for_update().filter(id=batch_id, state=BatchState.PREPARING).first()
    if batch is None:
        return None
    room = rules.PAYABLES_MAX - Payment.objects.filter(batch_id=batch_id).count()
    ready = list_ready(country=batch.country, due_by=due_by).filter(currency=batch.currency)
    if after is not None:
        ready = ready.filter(Q(due_on__gt=after[0]) | Q(due_on=after[0], id__gt=after[1]))
    chosen = list(ready[: min(room, GATHERED_PER_TRANSACTION)])
    if not chosen:
        return None
    # People first, as every action does. Then the rows stay locked to the commit: a slip, a voucher or another
    # batch cannot take them meanwhile.
    lock_participants({row.participant_id for row in chosen})
    rows = list(ready.filter(id__in=[row.id for row in chosen]).select_for_update())
    people = record_basis_uses(
        participant_ids={row.participant_id for row in rows},
        items=PAYEE,
        purpose="payout",
        channel="payment_file",
    )
    items = read_items_of(people, PAYEE) if people else {}
    taken = [row for row in rows if len(items.get(row.participant_id, {})) == 2]
    batch_key = sealing.unwrap_batch_key(batch_id, bytes(batch.wrapped_key or b""))
    db.execute([_write_payment(row, batch_id, batch_key, items[row.participant_id]) for row in taken])
    _take(batch_id, taken)
    return chosen[-1].due_on, chosen[-1].id


def _take(batch_id: UUID, taken: Sequence[Payable]) -> None:
    changed = Payable.objects.filter(id__in=[row.id for row in taken], state=PayableState.OWED).update(
        batch_id=batch_id, state=PayableState.IN_BATCH, attempts=F("attempts") + 1
    )
    assert changed == len(taken), "the rows are locked"


def _write_payment(row: Payable, batch_id: UUID, batch_key: bytes, items: Mapping[str, bytes]) -> Statement:
    payment_id, attempt = ids.new_id(), row.attempts + 1
    line = SealedLine(
        name=items["payee_name"].decode(),
        account=sealing.read_written_account(items["payee_account"].decode()),
        remittance=_remittance(row.market_id),
    )
    return db.insert(
        Payment,
        id=payment_id, participant_id=row.participant_id, payable_id=row.id, reward_id=row.reward_id,
        batch_id=batch_id, attempt=attempt, end_to_end_id=rules.end_to_end_id(row.reward_id, attempt),
        short_reference=rules.short_reference(row.id, attempt), amount_minor=row.amount_minor,
        currency=row.currency, sealed_line=sealing.seal_line(batch_key, payment_id, line),
        state=PaymentState.OPEN, reason_code=None, bank_word=None, answered_at=None,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _remittance(market_id: UUID) -> str:
    """What stands on the person's statement: the campaign, in the first language of the market."""
    market = find_market_by_id(market_id)
    offer = find_version(market.version_id).offer
    return bank_text(offer.title[offer.markets[market.country].languages[0]])


def finish(*, batch_id: UUID) -> None:
    """Close a preparation with the hash of its file. Raises NothingToPay when nobody in it could be read."""
    while True:
        batch = Batch.objects.filter(id=batch_id, state=BatchState.PREPARING).first()
        if batch is None:
            return
        batch.payable_count, batch.total_minor = _sum_payments(batch_id)
        if batch.payable_count == 0:
            Batch.objects.filter(id=batch_id, state=BatchState.PREPARING).delete()
            raise NothingToPay(country=batch.country)
        batch.file_hash = hash_batch(batch)
        if _close(batch=batch):
            return


@action
def _close(*, batch: Batch) -> bool:
    """False when somebody who prepares beside us put more in since the file was written."""
    row = Batch.objects.select_for_update().filter(id=batch.id).first()
    if row is None or row.state != BatchState.PREPARING:
        return True
    if _sum_payments(batch.id) != (batch.payable_count, batch.total_minor):
        return False
    Batch.objects.filter(id=batch.id).update(
        state=BatchState.PREPARED,
        payable_count=batch.payable_count,
        total_minor=batch.total_minor,
        file_hash=batch.file_hash,
    )
    return True


def _sum_payments(batch_id: UUID) -> tuple[int, int]:
    sums = Payment.objects.filter(batch_id=batch_id).aggregate(count=Count("id"), total=Sum("amount_minor"))
    return sums["count"], sums["total"] or 0
