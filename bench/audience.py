"""``python -m bench audience [PEOPLE]``: all whom a use may touch, of ten million live consents on PostgreSQL.

Set alone: from the process's index. Recorded, warm: the whole act in the sequencer's seat, set stored and
committed. Cold: a process that knows nothing reads the table. Beside them DuckDB and polars filter the same
columns in memory: the set without a record. Then this market is suspended while 16 clients ask the gate.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.gate import use_requests
from bench.load import run_load
from bench.stack import Stack, running_stack

PEOPLE = 10_000_000
SPONSORS = 2_000
ASK = {
    "offer_slug": "spring-pot",
    "country": "FR",
    "items": ["username"],
    "purpose": "referral_card",
    "channel": "invitation_page",
}
ROW = "{:<44}{:>12}{:>14}"

# Three of ten took it back. What is written is what joining writes; the people themselves are not needed here.
FILL = """
INSERT INTO consents_consent (id, participant_id, number, permission_id, version_id, market_id, country, answer,
    items, purpose, channels, territories, recipients, answered_at, expires_at, ended_at, end_reason, end_door,
    receipt_id)
SELECT gen_random_uuid(), gen_random_uuid(), one.number + series, one.permission_id, one.version_id, one.market_id,
    one.country, TRUE, one.items, one.purpose, one.channels, one.territories, one.recipients, one.answered_at,
    date_trunc('day', one.expires_at) + (series % 30) * INTERVAL '1 day',
    CASE WHEN series % 10 < 3 THEN now() END, CASE WHEN series % 10 < 3 THEN 'withdrawn' END,
    CASE WHEN series % 10 < 3 THEN 'my_page' END, one.receipt_id
FROM (SELECT * FROM consents_consent WHERE answer AND purpose = 'referral_card'
        AND items::text LIKE '%"username"%' ORDER BY number DESC LIMIT 1) AS one,
    generate_series(100000, 100000 + {people} - 1) AS series
"""


def main(people: int = PEOPLE) -> None:
    with running_stack("postgresql", ["-m", "bench.seed", "1", str(SPONSORS)]) as stack:
        fill(stack, people)
        for step in ("cold", "warm"):
            print(stack.run("-m", "bench.audience", step), end="")
        suspend_under_load(stack)


def fill(stack: Stack, people: int) -> None:
    """The rows that joining would have written, in one statement, with the indexes built afterwards."""
    import psycopg

    started = time.perf_counter()
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        names = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'consents_consent'"
        indexes = [row for row in connection.execute(names) if not row[0].endswith("pkey")]
        keys = connection.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'consents_consent'::regclass AND contype = 'u'"
        ).fetchall()
        for (name,) in keys:
            connection.execute(f'ALTER TABLE consents_consent DROP CONSTRAINT "{name}"')
        for name, _definition in indexes:
            connection.execute(f'DROP INDEX IF EXISTS "{name}"')
        connection.execute(FILL.replace("{people}", str(people)))
        for _name, definition in indexes:
            connection.execute(definition)
        connection.execute("SELECT setval('consent_number_seq', (SELECT max(number) FROM consents_consent))")
        connection.execute("VACUUM ANALYZE consents_consent")
    print(f"{people:,} consents, written in {time.perf_counter() - started:,.0f} s, {os.cpu_count()} cores")
    print(ROW.format("", "ms", "peak MiB"))


def tell(what: str, seconds: float, *, with_memory: bool = True) -> None:
    memory = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f}" if with_memory else "-"
    print(ROW.format(what, f"{seconds * 1000:,.1f}", memory), flush=True)


def best_of(times: int, work: Callable[[], object]) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def measure(step: str) -> None:
    """In a process of its own, so that the memory is this step's."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
    import django

    django.setup()
    from onloan.access.team import find_member
    from onloan.uses import audiences
    from onloan.uses.audiences import Asker, decide_audience, prepare_audiences

    by = Asker(user_id=find_member("dora@bench.example").id)
    started = time.perf_counter()
    prepare_audiences()
    begun = time.perf_counter() - started
    if step == "cold":
        tell("cold: read the whole table", begun)
        return
    index = audiences._kept.index
    assert index is not None
    tell("the set alone", best_of(5, lambda: index.select("spring-pot", lambda _home, _consent: None)))

    def record() -> None:
        prepare_audiences()
        decided = decide_audience(**ASK, by=by)  # type: ignore[arg-type]
        assert decided.audience is not None, decided.sentence

    tell("recorded: seat, set, entry, commit", best_of(3, record))
    decided = decide_audience(**ASK, by=by)  # type: ignore[arg-type]
    assert decided.audience is not None
    print(f"{decided.audience.count:,} of them may be touched")
    compare_engines(decided.audience.count)


def compare_engines(count: int) -> None:
    """The same rows as columns in memory; each finds the numbers that are live and covered, without a record."""
    import duckdb
    import polars

    path = Path(os.environ["ONLOAN_HOME"]) / "consents.csv"
    write_columns(path)
    now = int(time.time())
    frame = polars.read_csv(path)
    wanted = (
        polars.col("live")
        & (polars.col("expires") > now)
        & (polars.col("country") == "FR")
        & (polars.col("purpose") == "referral_card")
        & polars.col("items").str.contains('"username"', literal=True)
    )
    found = frame.filter(wanted).select("number")
    assert len(found) == count, (len(found), count)
    tell("polars: the same set from columns in memory", best_of(3, lambda: frame.filter(wanted).select("number")))
    memory = duckdb.connect()
    memory.execute("CREATE TABLE consents AS SELECT * FROM read_csv(?)", [str(path)])
    path.unlink()
    question = (
        "SELECT number FROM consents WHERE live AND expires > ? AND country = 'FR' AND purpose = 'referral_card'"
        " AND contains(items, '\"username\"')"
    )
    tell(
        "DuckDB: the same set from columns in memory",
        best_of(3, lambda: memory.execute(question, [now]).fetchnumpy()),
    )


def write_columns(path: Path) -> None:
    import psycopg

    copy = (
        "COPY (SELECT number, country, items::text AS items, purpose, ended_at IS NULL AS live,"
        " extract(epoch FROM expires_at)::bigint AS expires FROM consents_consent WHERE answer)"
        " TO STDOUT WITH (FORMAT csv, HEADER true)"
    )
    with (
        psycopg.connect(os.environ["DATABASE_URL"]) as connection,
        path.open("wb") as file,
        connection.cursor().copy(copy) as rows,
    ):
        for part in rows:
            file.write(part)
    # PostgreSQL writes truth as t and f.
    content = path.read_bytes().replace(b",t,", b",true,").replace(b",f,", b",false,")
    path.write_bytes(content)


def suspend_under_load(stack: Stack) -> None:
    """Suspend the market of all of them while 16 clients ask the gate, and open it again."""
    seeded = json.loads((Path(stack.home) / "bench.json").read_text())
    load = threading.Thread(target=lambda: run_load(stack.port, use_requests(seeded), 12.0))
    load.start()
    time.sleep(3)
    print(stack.run("-m", "bench.audience", "suspend"), end="")
    load.join()


def measure_suspension() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
    import django

    django.setup()
    from onloan import clock
    from onloan.access.team import find_member
    from onloan.offers.queries import list_markets
    from onloan.offers.rules import NOTHING_OVERDUE
    from onloan.offers.switch import open_market, suspend_market

    dora = find_member("dora@bench.example").id
    list_markets()
    place = {"offer_slug": "spring-pot", "country": "FR"}
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        suspend_market(**place, reason="To see how long it takes.", user_id=dora, now=clock.now())
        taken.append(time.perf_counter() - started)
        open_market(
            **place, reason="Open again after this.", user_id=dora, now=clock.now(), overdue=NOTHING_OVERDUE
        )
        time.sleep(0.5)
    taken.sort()
    tell("suspend while 16 clients ask, median of 5", taken[2], with_memory=False)
    tell("suspend while 16 clients ask, slowest of 5", taken[-1], with_memory=False)


if __name__ == "__main__":
    if sys.argv[1] == "suspend":
        measure_suspension()
    else:
        measure(sys.argv[1])
