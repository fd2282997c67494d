"""The queue: late first on every page, and as many statements for thousands of cases as for ten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.test.utils import CaptureQueriesContext

from onloan import ids
from onloan.cases import desk
from onloan.cases.actions import open_case
from onloan.cases.clocks import Pause
from onloan.cases.following import add_message
from onloan.cases.models import Case
from onloan.cases.queue_queries import (
    ROWS_ON_PAGE,
    QueueStep,
    Tab,
    count_by_kind,
    count_gaps,
    count_late,
    find_by_reference,
    read_queue,
)
from onloan.cases.rules import Door, EventKind, Kind
from onloan.cases.timeline import event_statement
from onloan.db import action, execute
from tests.joining.support import add_participant, open_market

NOW = datetime(2027, 5, 3, 12, tzinfo=UTC)


def ask(kind: Kind = Kind.ACCESS, days_ago: int = 0, country: str = "FR", person: UUID | None = None) -> UUID:
    return open_case(
        kind=kind, country=country, language="fr", door=Door.STAFF if person is None else Door.MY_PAGE,
        text="It is wrong.", participant_id=person, now=NOW - timedelta(days=days_ago),
    ).case_id  # fmt: skip


@action
def happen(case_id: UUID, *kinds: EventKind, text: str | None = None) -> None:
    for minute, kind in enumerate(kinds, start=1):
        execute([event_statement(case_id, None, kind, NOW + timedelta(minutes=minute), text=text)])


def fill(count: int) -> None:
    """Many open cases, as rows: it is about reading."""
    Case.objects.bulk_create([
        Case(
            id=ids.new_id(), kind="access", country="FR", language="fr", state="open", door="staff",
            reference=ids.new_code(7), received_at=NOW, due_on=(NOW + timedelta(days=20)).date(),
            legal_due_on=(NOW + timedelta(days=20)).date(),
        )
        for _ in range(count)
    ])  # fmt: skip


def test_what_is_late_stands_on_every_page_whatever_is_chosen(both_databases: str) -> None:
    open_market()
    late, fresh, british = ask(days_ago=60), ask(Kind.COMPLAINT), ask(Kind.COMPLAINT, country="GB")
    fill(ROWS_ON_PAGE + 5)
    first = read_queue(tab=Tab.OPEN, now=NOW)
    second = read_queue(tab=Tab.OPEN, now=NOW, page=2)
    assert [row.case.id for row in first.late] == [row.case.id for row in second.late] == [late]
    assert len(first.rows) == ROWS_ON_PAGE and first.has_next and not second.has_next
    assert not {row.case.id for row in first.rows} & {row.case.id for row in second.rows}
    assert (first.open_count, first.late_count, first.answered_count) == (ROWS_ON_PAGE + 8, 1, 0)
    chosen = read_queue(tab=Tab.OPEN, now=NOW, kind=Kind.COMPLAINT, country="GB")
    assert [row.case.id for row in chosen.late] == [late] and [row.case.id for row in chosen.rows] == [british]
    assert [row.case.id for row in read_queue(tab=Tab.LATE, now=NOW).rows] == [late]
    answered = read_queue(tab=Tab.ANSWERED, now=NOW)
    assert [row.case.id for row in answered.late] == [late] and not answered.rows
    assert count_late(NOW) == 1 and count_by_kind(NOW)[Kind.COMPLAINT] == (2, 0)
    assert find_by_reference(first.late[0].case.reference.lower()) == late and find_by_reference("nothing") is None
    assert fresh != british


def test_a_row_says_what_it_waits_for(sqlite_database: str) -> None:
    market = open_market()
    ana, ben = (add_participant(market, name).participant_id for name in ("Ana", "Ben"))
    unknown, ready, gap, wrote = ask(), ask(person=ana), ask(Kind.PORTABILITY, person=ana), ask(person=ben)
    erasing = ask(Kind.ERASURE, person=ben)
    waits = open_case(
        kind=Kind.ACCESS, country="GB", language="en", door=Door.PUBLIC_PAGE, text="", contact="a@example.org",
        now=NOW,
    ).case_id  # fmt: skip
    question = "With which address did you join?"
    desk.pause_case(
        case_id=waits, user_id=market.team.dora, pause=Pause.IDENTITY, question=question, reason=question, now=NOW
    )
    happen(ready, EventKind.PACK_GAP, EventKind.PACK_READY)
    happen(gap, EventKind.PACK_GAP)
    happen(gap, EventKind.PACK_READY, text="Evidence")
    add_message(case_id=wrote, text="It was in May.", now=NOW)
    steps = {row.case.id: row.step for row in read_queue(tab=Tab.OPEN, now=NOW).rows}
    assert steps == {
        unknown: QueueStep.WHO,
        ready: QueueStep.PACK_READY,
        gap: QueueStep.PACK_GAP,
        wrote: QueueStep.WROTE,
        erasing: QueueStep.ERASING,
        waits: QueueStep.WAITS,
    }
    assert count_gaps() == 1


def test_a_page_costs_the_same_for_ten_and_for_thousands(sqlite_database: str) -> None:
    open_market()
    ask(days_ago=60)
    counts = []
    for more in (10, 3_000):
        fill(more)
        with CaptureQueriesContext(connection) as ran:
            queue = read_queue(tab=Tab.OPEN, now=NOW)
        counts.append(len(ran))
    assert counts[0] == counts[1] <= 9 and len(queue.rows) == ROWS_ON_PAGE
    with CaptureQueriesContext(connection) as ran:
        count_late(NOW)
    assert len(ran) == 1
