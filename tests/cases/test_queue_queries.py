"""The queue: the most late in sight on every page, and as many statements for thousands of cases as for ten."""

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
    LATE_SHOWN_MAX,
    ROWS_ON_PAGE,
    QueueRow,
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


def list_ids(rows: list[QueueRow]) -> list[UUID]:
    return [row.case.id for row in rows]


def test_what_is_late_is_on_every_page_whatever_is_chosen(both_databases: str) -> None:
    open_market()
    late, fresh, british = ask(days_ago=60), ask(Kind.COMPLAINT), ask(Kind.COMPLAINT, country="GB")
    fill(ROWS_ON_PAGE + 5)
    first, second = read_queue(tab=Tab.OPEN, now=NOW), read_queue(tab=Tab.OPEN, now=NOW, page=2)
    assert list_ids(first.rows)[0] == late and not first.late, "it leads the list, and stands there once"
    assert list_ids(second.late) == [late] and late not in list_ids(second.rows)
    assert (len(first.rows), len(second.rows)) == (ROWS_ON_PAGE, 8)
    assert (first.page, second.page, first.page_count) == (1, 2, 2)
    assert not set(list_ids(first.rows)) & set(list_ids(second.rows))
    assert (first.open_count, first.late_count, first.answered_count) == (ROWS_ON_PAGE + 8, 1, 0)
    assert list_ids(read_queue(tab=Tab.OPEN, now=NOW, page=9).rows) == list_ids(second.rows)
    chosen = read_queue(tab=Tab.OPEN, now=NOW, kind=Kind.COMPLAINT, country="GB")
    assert list_ids(chosen.late) == [late] and list_ids(chosen.rows) == [british]
    assert (chosen.open_count, chosen.late_count, chosen.late_everywhere) == (1, 0, 1)
    assert list_ids(read_queue(tab=Tab.LATE, now=NOW).rows) == [late]
    answered = read_queue(tab=Tab.ANSWERED, now=NOW)
    assert list_ids(answered.late) == [late] and not answered.rows
    assert count_late(NOW) == 1 and count_by_kind(NOW)[Kind.COMPLAINT] == (2, 0)
    assert find_by_reference(second.late[0].case.reference.lower()) == late
    assert find_by_reference("nothing") is None and fresh != british


def test_many_late_cases_are_each_listed_once_and_the_most_late_stand_above(both_databases: str) -> None:
    open_market()
    late = [ask(days_ago=days) for days in range(100, 100 - ROWS_ON_PAGE - 4, -1)]
    british = ask(Kind.COMPLAINT, days_ago=70, country="GB")
    fresh = ask()
    pages = [read_queue(tab=Tab.OPEN, now=NOW, page=page) for page in (1, 2)]
    listed = [case_id for page in pages for case_id in list_ids(page.rows)]
    assert len(listed) == len(set(listed)) and set(listed) == {*late, british, fresh} and listed[-1] == fresh
    assert [page.page_count for page in pages] == [2, 2]
    assert not pages[0].late and list_ids(pages[1].late) == late[:LATE_SHOWN_MAX]
    for tab in (Tab.OPEN, Tab.LATE):
        chosen = read_queue(tab=tab, now=NOW, kind=Kind.COMPLAINT)
        assert list_ids(chosen.rows) == [british] and list_ids(chosen.late) == late[:LATE_SHOWN_MAX]
        assert chosen.late_count == 1 and chosen.late_everywhere == len(late) + 1
    assert list_ids(read_queue(tab=Tab.ANSWERED, now=NOW).late) == late[:LATE_SHOWN_MAX]
    shown = [row for page in (1, 2) for row in read_queue(tab=Tab.LATE, now=NOW, page=page).rows]
    assert set(list_ids(shown)) == {*late, british} and len(shown) == len(late) + 1


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
    rows = read_queue(tab=Tab.OPEN, now=NOW).rows
    steps = {row.case.id: row.step for row in rows}
    assert [row.case.id for row in rows if row.is_waiting] == [waits]
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
