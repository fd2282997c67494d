"""Does the order in the log agree with the order of commits, for each person? Real processes on PostgreSQL.

    DATABASE_URL=postgresql://… python dev/stress_log_order.py [--workers 6] [--steps 200] [--people 3]

Workers act on a few people at random: lock the person, read what the last action about them left, allow, take
back or use, write the entry, commit, with pauses at each point and some rollbacks. Sequencers number what they
see meanwhile. Afterwards each person's entries must stand in the log in the order in which they were committed,
none may be lost, and a stranger must find no use without a live consent. Exit 0: so it is; 1: it is not.

Why the recipe is what it is, and what goes wrong with others that look as good:

- *The entry before the lock* (``--broken entry-before-lock``): two actions about one person draw their queue
  numbers in one order and commit in the other. A use then stands after the withdrawal that came later.
- *Order by the time of the transaction*: ``now()`` is when the transaction began, before it waited for the lock;
  two machines' clocks differ besides.
- *Order by transaction id, or a cut at the oldest running one*: an id is given at the first write, which may lie
  before the lock; and one long report elsewhere in the database would stop the log.
- *A cursor at the last number seen* (``--broken cursor``): numbers are drawn at the INSERT and seen at the
  commit, so a lower one may appear after a higher one was numbered. The cursor has passed it: it is lost.
- *Two sequencers without the seat*: both read the same rows; one fails, or both give out the same place.

The seat is a lock of its own statement: in READ COMMITTED the next statement sees all that was committed before
it, and so whatever any earlier holder of a person's lock had committed. Within what is seen, the lower queue
number of one person was drawn under the lock that the higher one waited for.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from onloan import clock, db, ids  # noqa: E402
from onloan.db import action  # noqa: E402
from onloan.evidence import actions, queries  # noqa: E402
from onloan.evidence.actions import append_entry, number_entries  # noqa: E402
from onloan.evidence.statements import draw_consent_numbers  # noqa: E402
from onloan.evidence.verify import verify_database  # noqa: E402
from onloan.people.models import Participant  # noqa: E402
from onloan.people.statements import lock_participant  # noqa: E402

ROLLBACK_SHARE = 0.1
OFFER = {"offer": "spring-pot", "version": "ab" * 32, "market": "FR"}
TERMS = {"items": ["username"], "purpose": "referral_card"}


class TurnedBackError(Exception):
    """A step that was rolled back on purpose."""


@dataclass(frozen=True)
class Plan:
    workers: int
    steps: int
    people: int
    sequencers: int
    pause_ms: int
    broken: str


def make_tables(people: int) -> list[uuid.UUID]:
    """People, and beside them what an action leaves for the next: position and live consent."""
    now = clock.now()
    everybody = [ids.new_id() for _ in range(people)]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE stress_person (participant_id uuid PRIMARY KEY, position int, consent_number bigint)"
        )
        cursor.execute("CREATE TABLE stress_cursor AS SELECT 0::bigint AS seen")
        cursor.execute("CREATE TABLE stress_step (participant_id uuid, occurred_at timestamptz, position int)")
    for participant_id in everybody:
        Participant.objects.create(
            id=participant_id,
            public_id=f"p{ids.new_code(12)}",
            offer_id=ids.new_id(),
            market_id=ids.new_id(),
            version_id=ids.new_id(),
            country="FR",
            language="fr",
            joined_at=now,
            window_ends_at=now + timedelta(days=30),
            over_18=True,
            is_demo=True,
            has_pot=False,
        )
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO stress_person VALUES (%s, 0, NULL)", (participant_id,))
    return everybody


def pause(plan: Plan, chance: random.Random) -> None:
    if chance.random() < 0.5:
        time.sleep(chance.random() * plan.pause_ms / 1_000)


@action
def take_step(plan: Plan, participant_id: uuid.UUID, chance: random.Random) -> None:
    """One action about one person. Its position is counted under the lock, so it is the order of commits."""
    is_locked_first = plan.broken != "entry-before-lock"
    pause(plan, chance)
    if is_locked_first:
        lock_participant(participant_id)
    pause(plan, chance)
    row = db.fetch_one("SELECT consent_number FROM stress_person WHERE participant_id = %s", (participant_id,))
    assert row is not None
    occurred_at = datetime.now(UTC)
    number = write_entry(participant_id, row[0], chance, occurred_at)
    pause(plan, chance)
    if not is_locked_first:
        lock_participant(participant_id)
    db.fetch_all(
        "WITH moved AS (UPDATE stress_person SET position = position + 1, consent_number = %s"
        " WHERE participant_id = %s RETURNING position)"
        " INSERT INTO stress_step SELECT %s, %s, position FROM moved",
        (number, participant_id, participant_id, occurred_at),
    )
    pause(plan, chance)
    if chance.random() < ROLLBACK_SHARE:
        raise TurnedBackError


def write_entry(
    participant_id: uuid.UUID, live: int | None, chance: random.Random, occurred_at: datetime
) -> int | None:
    """Allow when nothing is allowed; else use or take back. Returns the consent that is live afterwards."""
    if live is None:
        (number,) = draw_consent_numbers(1)
        append_entry(
            kind="consent_given",
            fields={
                **OFFER,
                **TERMS,
                "permission": "invitation-card",
                "channels": ["invitation_page"],
                "territories": ["FR"],
                "expires": (occurred_at.date() + timedelta(days=180)).isoformat(),
                "consent_number": number,
            },
            participant_id=participant_id,
            occurred_at=occurred_at,
        )
        return number
    is_use = chance.random() < 0.5
    append_entry(
        kind="use_allowed" if is_use else "consent_withdrawn",
        fields=(
            {**OFFER, **TERMS, "channel": "invitation_page", "consent_number": live}
            if is_use
            else {"consent_number": live}
        ),
        participant_id=participant_id,
        occurred_at=occurred_at,
    )
    return live if is_use else None


def work(plan: Plan, seed: int, everybody: list[uuid.UUID]) -> None:
    chance = random.Random(seed)
    for _ in range(plan.steps):
        try:
            take_step(plan, chance.choice(everybody), chance)
        except TurnedBackError:
            continue


def sequence(plan: Plan, seed: int, is_over: Event) -> None:
    chance = random.Random(seed)
    while not is_over.is_set():
        if plan.broken == "cursor":
            number_above_cursor()
        else:
            number_entries(is_waiting=chance.random() < 0.5, batch=chance.choice([1, 3, 50, 5_000]))
        pause(plan, chance)


@action
def number_above_cursor() -> None:
    """What a sequencer with a cursor at the last number seen does: whatever shows below it is never numbered."""
    db.fetch_all("SELECT pg_advisory_xact_lock(%s)", (actions.SEAT_LOCK,))
    db.fetch_all("DELETE FROM evidence_queue WHERE queue_number <= (SELECT seen FROM stress_cursor)")
    db.fetch_all("UPDATE stress_cursor SET seen = greatest(seen, (SELECT max(queue_number) FROM evidence_queue))")
    actions._number_batch(is_waiting=True, batch=actions.BATCH_MAX)


def judge() -> dict[str, object]:
    """Compare the log with the positions that the actions counted under the lock."""
    rows = db.fetch_all(
        """
        SELECT step.participant_id, log.log_index
        FROM stress_step AS step
        LEFT JOIN evidence_link AS link
            ON link.participant_id = step.participant_id AND link.occurred_at = step.occurred_at
        LEFT JOIN evidence_log AS log ON log.entry_ref = link.entry_ref
        ORDER BY step.participant_id, step.position
        """
    )
    lost = sum(1 for _, log_index in rows if log_index is None)
    wrong, last = 0, (None, -1)
    for participant_id, log_index in rows:
        if log_index is None:
            continue
        wrong += last[0] == participant_id and log_index < last[1]
        last = (participant_id, log_index)
    report = verify_database()
    return {
        "steps": len(rows),
        "entries": report.size,
        "lost": lost,
        "out_of_order": wrong,
        "problems": [problem.sentence for problem in report.problems],
        "more_problems": report.unlisted_problem_count,
    }


def run(plan: Plan) -> dict[str, object]:
    """Raises RuntimeError when a process failed."""
    everybody = make_tables(plan.people)
    connection.close()
    context = multiprocessing.get_context("spawn")
    is_over = context.Event()
    sequencers = [
        context.Process(target=sequence, args=(plan, 1_000 + seed, is_over)) for seed in range(plan.sequencers)
    ]
    workers = [context.Process(target=work, args=(plan, seed, everybody)) for seed in range(plan.workers)]
    for process in (*sequencers, *workers):
        process.start()
    for process in workers:
        process.join()
    is_over.set()
    for process in sequencers:
        process.join()
    if any(process.exitcode for process in (*sequencers, *workers)):
        raise RuntimeError("a process failed")
    number_entries()
    return judge()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--steps", type=int, default=200, help="actions of each worker")
    parser.add_argument("--people", type=int, default=3, help="few, so that actions collide")
    parser.add_argument("--sequencers", type=int, default=3)
    parser.add_argument("--pause-ms", type=int, default=4, help="the longest pause between two statements")
    parser.add_argument("--broken", choices=["", "entry-before-lock", "cursor"], default="")
    plan = Plan(**vars(parser.parse_args()))
    if not db.is_postgresql():
        parser.error("DATABASE_URL must name a PostgreSQL database; on SQLite there is only one writer")
    call_command("migrate", verbosity=0)
    if queries.read_checkpoint().size or queries.is_anything_waiting():
        parser.error("this database has a log already; give an empty one")
    verdict = run(plan)
    print(json.dumps(verdict, indent=2))  # noqa: T201
    return int(bool(verdict["lost"] or verdict["out_of_order"] or verdict["problems"]))


if __name__ == "__main__":
    sys.exit(main())
