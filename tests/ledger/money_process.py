"""A process that books money, says what was acknowledged, and may be killed at any moment.

``python -m tests.ledger.money_process reserve MARKET VERSION OFFER ID…`` lets each person join and prints their id
once that is committed; ``prepare USER`` puts payments into a batch one by one, ``pay BATCH USER`` pays them one by
one, ``answer FILE USER`` books what a bank's file says one by one. Run again with the same arguments, it retries.
Each step waits for a line on the standard input, so that whoever kills it knows that it cannot be done yet.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "onloan.settings"

import django

django.setup()

from onloan import db  # noqa: E402
from onloan.errors import NotFound  # noqa: E402
from onloan.ledger.pools import reserve_pot  # noqa: E402
from onloan.payouts import actions as payouts  # noqa: E402
from onloan.payouts import answers, gathering  # noqa: E402
from onloan.payouts.settling import Outcome, Settled  # noqa: E402
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


def prepare(user_id: str) -> None:
    gathering.GATHERED_PER_TRANSACTION = 1
    batch_id = gathering.open_batch(country="FR", user_id=uuid.UUID(user_id), now=SETTLED, due_by=None)
    sys.stdin.readline()
    last = None
    while (last := gathering._gather_some(batch_id=batch_id, due_by=None, after=last)) is not None:
        print("taken", flush=True)
        sys.stdin.readline()
    payouts.prepare_batch(country="FR", user_id=uuid.UUID(user_id), now=SETTLED)


def answer(file_name: str, user_id: str) -> None:
    answers.LINES_PER_STEP = 1
    settle = answers.settle_outcomes

    def settle_and_wait(*, outcomes: Sequence[Outcome], now: datetime) -> Settled:
        sys.stdin.readline()
        settled = settle(outcomes=outcomes, now=now)
        print("settled", flush=True)
        return settled

    answers.settle_outcomes = settle_and_wait
    answers.read_bank_answer(data=Path(file_name).read_bytes(), user_id=uuid.UUID(user_id), now=SETTLED)


if __name__ == "__main__":
    steps = {"reserve": reserve, "prepare": prepare, "pay": pay, "answer": answer}
    steps[sys.argv[1]](*sys.argv[2:])
