"""A process that books money, says what was acknowledged, and may be killed at any moment.

``python -m tests.ledger.money_process reserve MARKET VERSION OFFER ID…`` lets each person join and prints their id
once that is committed; ``pay BATCH USER`` pays a batch one by one. Run again with the same arguments, it retries.
Each step waits for a line on the standard input, so that whoever kills it knows that it cannot be done yet.
"""

from __future__ import annotations

import os
import sys
import uuid

os.environ["DJANGO_SETTINGS_MODULE"] = "onloan.settings"

import django

django.setup()

from onloan import db  # noqa: E402
from onloan.errors import NotFound  # noqa: E402
from onloan.ledger.pools import reserve_pot  # noqa: E402
from onloan.payouts import actions as payouts  # noqa: E402
from onloan.people.statements import NewParticipant, lock_participant, participant_statements  # noqa: E402
from tests.ledger.books import NOW, POT, SETTLED, person_of  # noqa: E402


@db.action
def join_or_retry(person: NewParticipant) -> bool:
    """What a caller does that never saw the answer to its first try: the same again."""
    try:
        lock_participant(person.id)
    except NotFound:
        db.execute(participant_statements(person))
    return reserve_pot(participant_id=person.id, market_id=person.market_id, amount=POT, now=NOW)


def reserve(market_id: str, version_id: str, offer_id: str, *person_ids: str) -> None:
    for person_id in person_ids:
        person = person_of(
            uuid.UUID(person_id), market_id=uuid.UUID(market_id), version_id=uuid.UUID(version_id),
            offer_id=uuid.UUID(offer_id),
        )  # fmt: skip
        sys.stdin.readline()
        if join_or_retry(person):
            print(person_id, flush=True)


def pay(batch_id: str, user_id: str) -> None:
    payouts.PAID_PER_TRANSACTION = 1
    sys.stdin.readline()
    while payouts._pay_some(batch_id=uuid.UUID(batch_id), now=SETTLED) is not None:
        print("paid", flush=True)
        sys.stdin.readline()
    payouts.mark_batch_paid(batch_id=uuid.UUID(batch_id), user_id=uuid.UUID(user_id), now=SETTLED)


if __name__ == "__main__":
    {"reserve": reserve, "pay": pay}[sys.argv[1]](*sys.argv[2:])
