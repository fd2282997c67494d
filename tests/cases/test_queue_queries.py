"""The queue: the most late in sight on every page, and as many statements for thousands of cases as for ten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.test.utils import CaptureQueriesContext

from onloan import ids
from onloan.cases import desk
from onloan.cases.actions import close_case, open_case
from onloan.cases.clocks import Pause
from onloan.cases.following import add_message
from onloan.cases.models import Case, CasePause, Erasure, Restriction
from onloan.cases.queue_queries import (
    LATE_SHOWN_MAX,
    ROWS_ON_PAGE,
    Mark,
    QueueRow,
    Tab,
    count_by_kind,
    count_late,
    count_marked,
    find_by_reference,
    list_first,
    read_queue,
)
from onloan.cases.rules import Door, EventKind, Kind, Outcome
from onloan.cases.step_rules import Step
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
    assert count_late(NOW) == 1 and count_by_kind(NOW)[Kind.COMPLAINT] == (2, 0, 0, 0)
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
    letter, ready, gap, wrote = ask(), ask(person=ana), ask(Kind.PORTABILITY, person=ana), ask(person=ben)
    erasing = ask(Kind.ERASURE, person=ben)
    waits = open_case(
        kind=Kind.ACCESS, country="GB", language="en", door=Door.PUBLIC_PAGE, text="", contact="a@example.org",
        now=NOW,
    ).case_id  # fmt: skip
    unknown = open_case(
        kind=Kind.ERASURE, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="", contact="b@example.org",
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
        letter: Step.LETTER,
        unknown: Step.WHO,
        ready: Step.PACK_READY,
        gap: Step.PACK_GAP,
        wrote: Step.WROTE,
        erasing: Step.ERASING,
        waits: Step.WAITS,
    }
    assert count_marked(Mark.PACK_GAP) == (1, 0)


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


def test_it_narrows_to_what_a_clock_counts(both_databases: str) -> None:
    market = open_market()
    ana = add_participant(market, "Ana").participant_id
    gap, fresh, soon = ask(person=ana), ask(Kind.COMPLAINT), ask(days_ago=24)
    waits, closed = write("a@example.org"), write("b@example.org")
    question = "With which address did you join?"
    desk.pause_case(
        case_id=waits, user_id=market.team.dora, pause=Pause.IDENTITY, question=question, reason=question, now=NOW
    )
    happen(gap, EventKind.PACK_GAP)
    close_case(case_id=closed, user_id=market.team.dora, outcome=Outcome.NOTHING_HELD, now=NOW)
    happen(closed, EventKind.MAIL_FAILED)
    for mark, tab, found in (
        (Mark.WAITS, Tab.OPEN, waits), (Mark.PACK_GAP, Tab.OPEN, gap), (Mark.UNDELIVERED, Tab.ANSWERED, closed),
    ):  # fmt: skip
        queue = read_queue(tab=tab, now=NOW, mark=mark)
        assert list_ids(queue.rows) == [found], mark
        assert count_marked(mark) == (queue.open_count, queue.answered_count), "the clock counts what it links to"
    assert list_ids(read_queue(tab=Tab.SOON, now=NOW).rows) == [soon]
    assert read_queue(tab=Tab.SOON, now=NOW).soon_count == 1 and fresh not in list_ids(list_first(NOW, 1))
    # A day that is today is due soon and not late; one that stands still is neither.
    due_on = Case.objects.get(id=soon).due_on
    noon = datetime(due_on.year, due_on.month, due_on.day, 12, tzinfo=UTC)
    for days, is_soon in ((-11, False), (-10, True), (0, True), (1, False)):
        queue = read_queue(tab=Tab.SOON, now=noon + timedelta(days=days))
        assert (soon in list_ids(queue.rows)) == is_soon, days
        assert waits not in list_ids(queue.rows)


def write(address: str) -> UUID:
    return open_case(
        kind=Kind.COMPLAINT if address.startswith("same") else Kind.ACCESS, country="FR", language="fr",
        door=Door.PUBLIC_PAGE, text="It is wrong.", contact=address, now=NOW,
    ).case_id  # fmt: skip


def test_what_came_from_one_address_is_tied_together(both_databases: str) -> None:
    open_market()
    same, other, letter = {write("same@example.org") for _ in range(4)}, write("x@example.org"), ask()
    rows = {row.case.id: row for row in read_queue(tab=Tab.OPEN, now=NOW).rows}
    assert {rows[each].like_count for each in same} == {3}
    assert rows[other].like_count == rows[letter].like_count == 0
    like = rows[min(same)].case.reference
    assert set(list_ids(read_queue(tab=Tab.OPEN, now=NOW, like=like).rows)) == same
    assert not read_queue(tab=Tab.OPEN, now=NOW, like=rows[letter].case.reference).rows, "no address, no link"
    assert not read_queue(tab=Tab.OPEN, now=NOW, like="nonsense").rows


def test_every_list_is_read_by_an_index(sqlite_database: str) -> None:
    open_market()
    reads = {
        "cases_event_mail_failed": lambda: count_marked(Mark.UNDELIVERED),
        "cases_event_pack_gap": lambda: count_marked(Mark.PACK_GAP),
        "cases_case_by_answer": lambda: read_queue(tab=Tab.ANSWERED, now=NOW),
        "cases_restriction_by_case": lambda: list(Restriction.objects.filter(case_id=ids.new_id())),
        "cases_pause_by_case": lambda: list(CasePause.objects.filter(case_id=ids.new_id())),
        "cases_erasure_by_participant": lambda: list(Erasure.objects.filter(participant_id=ids.new_id())),
    }
    for index, read in reads.items():
        with CaptureQueriesContext(connection) as ran:
            read()
        assert any(index in plan for plan in map(explain, ran.captured_queries)), index
    with CaptureQueriesContext(connection) as ran:
        read_queue(tab=Tab.ANSWERED, now=NOW)
    ordered = [each for each in ran.captured_queries if "'closed'" in each["sql"] and "LIMIT" in each["sql"]]
    assert ordered and not any("B-TREE" in plan for plan in map(explain, ordered)), "nothing is sorted"


def explain(ran: dict[str, str]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + ran["sql"].replace("%", "%%"))
        return " ".join(str(row[3]) for row in cursor.fetchall())


def test_what_is_due_first_costs_a_few_statements(sqlite_database: str) -> None:
    open_market()
    late = ask(days_ago=60)
    fill(30)
    with CaptureQueriesContext(connection) as ran:
        first = list_first(NOW, 6)
    assert len(first) == 6 and first[0].case.id == late and first[0].is_late and len(ran) <= 5
