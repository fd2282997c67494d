"""A copy that was asked for: tried at once, offered in time, told by mail, and never lost with a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.clocks import Pause
from onloan.cases.desk import answer_case, compose_answer, pause_case
from onloan.cases.errors import CopyIncomplete
from onloan.cases.intake import confirm_address, take_in
from onloan.cases.models import Case, CaseEvent
from onloan.cases.pack.actions import note_taken, prepare_packs, try_packs_again
from onloan.cases.pack.queries import find_gap, find_missing, list_incomplete
from onloan.cases.queries import list_cases_of
from onloan.cases.queue_queries import Mark, count_marked
from onloan.cases.rules import Door, EventKind, Kind, Outcome
from onloan.cases.timeline import list_events
from onloan.errors import NotFound
from onloan.outbox.models import Message
from tests.joining.support import OpenMarket, add_participant, open_market
from tests.people.support import read_mailed_code

PACK_EVENTS = {EventKind.PACK_STARTED, EventKind.PACK_GAP, EventKind.PACK_READY, EventKind.PACK_SENT}
CHANGED = "What you changed"


@contextmanager
def broken_table() -> Iterator[None]:
    """What was changed about people cannot be read."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE people_item_change RENAME TO moved_away")
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE moved_away RENAME TO people_item_change")


def told(case_id: UUID) -> list[tuple[str, str]]:
    """What the person reads of their copy, on the page of their request."""
    return [(e.kind.value, e.text) for e in list_events(case_id, only_shown=True) if e.kind in PACK_EVENTS]


def mails(template: str) -> list[Message]:
    return list(Message.objects.filter(template=template).order_by("created_at"))


def ask(market: OpenMarket, participant_id: UUID, kind: Kind = Kind.ACCESS) -> UUID:
    return open_case(
        kind=kind, country="FR", language="en", door=Door.STAFF, text="", participant_id=participant_id,
        now=clock.now(),
    ).case_id  # fmt: skip


def test_whoever_asked_by_any_door_is_told_once_that_it_is_ready(both_databases: str) -> None:
    ana = add_participant(open_market(), "Ana", email="ana@example.org")
    opened = take_in(
        kind=Kind.ACCESS, country="FR", language="en", text="", email="ana@example.org", now=clock.now()
    )
    assert prepare_packs(now=clock.now()) == 0, "nothing is promised to an address that nobody confirmed"
    confirm_address(case_id=opened.case_id, email="ana@example.org", code=read_mailed_code(), now=clock.now())
    assert prepare_packs(now=clock.now()) == 1
    assert (prepare_packs(now=clock.now()), try_packs_again(now=clock.now())) == (0, 0)
    assert told(opened.case_id) == [("pack_ready", "")]
    (mail,) = mails("pack_ready")
    assert (mail.participant_id, mail.language, mail.context["gaps"]) == (ana.participant_id, "fr", [])
    note_taken(participant_id=ana.participant_id, is_portable=False, gaps=(), now=clock.now())
    assert told(opened.case_id)[1:] == [("pack_sent", "")]
    assert Case.objects.get(id=opened.case_id).state == "open", "a person answers it"
    assert [mail.participant_id for mail in mails("pack_taken")] == [ana.participant_id]


def test_a_gap_is_named_tried_again_and_offered_before_the_day(sqlite_database: str) -> None:
    market = open_market()
    ana = add_participant(market, "Ana")
    case_id, now = ask(market, ana.participant_id), clock.now()
    with broken_table():
        assert prepare_packs(now=now) == 1
        assert told(case_id) == [("pack_started", ""), ("pack_gap", CHANGED)]
        assert {bytes(mail.sealed_address or b"") != b"" for mail in mails("pack_gap")} == {True}
        alarms = len(mails("pack_gap"))
        assert alarms >= 1 and mails("pack_gap")[0].context["gaps"] == [CHANGED]
        assert list_incomplete() == [case_id] and not mails("pack_ready")
        assert (prepare_packs(now=now), try_packs_again(now=now)) == (0, 0), "what is known is not said again"
        late = now + timedelta(days=28)
        assert (try_packs_again(now=late), try_packs_again(now=late)) == (1, 0)
        assert told(case_id)[2:] == [("pack_ready", CHANGED)]
        assert mails("pack_ready")[0].context["gaps"] == ["Ce que vous avez changé"]
    assert (try_packs_again(now=late), try_packs_again(now=late)) == (1, 0)
    assert told(case_id)[3:] == [("pack_ready", "")] and list_incomplete() == []
    assert [mail.context["gaps"] for mail in mails("pack_ready")][1:] == [[]]
    assert len(mails("pack_gap")) == alarms


def test_what_is_missing_in_a_copy_that_was_taken_gets_a_clock(sqlite_database: str) -> None:
    ana = add_participant(open_market(), "Ana").participant_id
    with broken_table():
        for _ in range(2):
            note_taken(participant_id=ana, is_portable=True, gaps=("changes",), now=clock.now())
        (case,) = list_cases_of(ana)
        assert case.kind is Kind.PORTABILITY and case.legal_due_on > clock.now().date()
        assert [kind for kind, _ in told(case.id)] == ["pack_sent", "pack_started", "pack_gap", "pack_sent"]
    assert try_packs_again(now=clock.now()) == 1 and told(case.id)[-1] == ("pack_ready", "")


def test_a_gap_after_a_whole_copy_is_tried_again_and_ends(both_databases: str) -> None:
    market = open_market()
    ana, now = add_participant(market, "Ana").participant_id, clock.now()
    case_id = ask(market, ana)
    assert prepare_packs(now=now) == 1 and not find_gap(case_id)
    for days in (1, 3):
        taken = now + timedelta(days=days)
        note_taken(participant_id=ana, is_portable=False, gaps=("changes",), now=taken)
        assert count_marked(Mark.PACK_GAP) == (1, 0) and list_incomplete() == [case_id]
        assert find_missing(ana) == CHANGED
        assert try_packs_again(now=taken + timedelta(hours=1)) == 1, "whoever was told a gap is told its end"
        assert count_marked(Mark.PACK_GAP) == (0, 0) and list_incomplete() == [] and find_missing(ana) == ""
        assert try_packs_again(now=taken + timedelta(hours=2)) == 0
    round_trip = ["pack_sent", "pack_started", "pack_gap", "pack_ready", "pack_sent", "pack_gap", "pack_ready"]
    assert [kind for kind, _ in told(case_id)][1:] == round_trip
    assert [mail.context["gaps"] for mail in mails("pack_ready")] == [[], [], []]


def test_nothing_is_promised_while_it_is_open_who_asks_or_once_it_is_answered(sqlite_database: str) -> None:
    market = open_market()
    ana, ben = (add_participant(market, name).participant_id for name in ("Ana", "Ben"))
    pause_case(
        case_id=ask(market, ana), user_id=market.team.dora, pause=Pause.IDENTITY, now=clock.now(),
        question="In which month did you join us?", reason="The letter came from another address.",
    )  # fmt: skip
    ask(market, ben, Kind.ERASURE)
    open_case(
        kind=Kind.ACCESS, country="FR", language="en", door=Door.STAFF, text="", contact="x@example.org",
        now=clock.now(),
    )  # fmt: skip
    assert prepare_packs(now=clock.now()) == 0
    assert not CaseEvent.objects.filter(kind=EventKind.PACK_READY).exists()
    with pytest.raises(NotFound):
        note_taken(participant_id=UUID(int=1), is_portable=False, gaps=(), now=clock.now())


def test_a_copy_with_a_gap_is_not_answered_as_if_it_were_whole(sqlite_database: str) -> None:
    market = open_market()
    ana, dora = add_participant(market, "Ana").participant_id, market.team.dora
    case_id, now = ask(market, ana), clock.now()
    done = Parts(done="You have a copy of everything that we keep about you.")
    part = Parts(done="You have a copy, but for one part.", reasons="That part could not be read yet.")
    with broken_table():
        prepare_packs(now=now)
        assert find_gap(case_id) == CHANGED
        with pytest.raises(CopyIncomplete) as refused:
            answer_case(case_id=case_id, user_id=dora, outcome=Outcome.DONE, parts=done, now=now)
        assert (refused.value.code, refused.value.field) == ("E-PACK-GAP", "outcome")
        # Offered before the day with its gap, and taken so, it still lacks that part.
        try_packs_again(now=now + timedelta(days=28))
        note_taken(participant_id=ana, is_portable=False, gaps=("changes",), now=now)
        assert find_gap(case_id) == CHANGED
        text = compose_answer(case_id=case_id, outcome=Outcome.PARTLY_DONE, parts=part, now=now)
        assert f"could not be read yet: {CHANGED}. It follows" in text
    try_packs_again(now=now + timedelta(days=29))
    assert find_gap(case_id) == ""
    text = compose_answer(case_id=case_id, outcome=Outcome.PARTLY_DONE, parts=part, now=now)
    assert CHANGED not in text
    answer_case(case_id=case_id, user_id=dora, outcome=Outcome.DONE, parts=done, now=now)


def test_what_was_answered_in_part_follows(sqlite_database: str) -> None:
    market = open_market()
    ana, dora = add_participant(market, "Ana").participant_id, market.team.dora
    case_id, now = ask(market, ana), clock.now()
    part = Parts(done="You have a copy, but for one part.", reasons="That part could not be read yet.")
    with broken_table():
        prepare_packs(now=now)
        answer_case(case_id=case_id, user_id=dora, outcome=Outcome.PARTLY_DONE, parts=part, now=now)
        assert list_incomplete() == [case_id] and try_packs_again(now=now) == 0
    assert (try_packs_again(now=now), try_packs_again(now=now)) == (1, 0)
    assert told(case_id)[-1] == ("pack_ready", "") and len(mails("pack_ready")) == 1


def test_a_whole_copy_that_was_taken_ends_a_gap_and_a_new_gap_begins_another(sqlite_database: str) -> None:
    market = open_market()
    ana = add_participant(market, "Ana").participant_id
    case_id, now = ask(market, ana), clock.now()
    prepare_packs(now=now)
    note_taken(participant_id=ana, is_portable=False, gaps=("changes",), now=now + timedelta(hours=1))
    assert find_gap(case_id) == CHANGED, "it was whole before, and is not now"
    note_taken(participant_id=ana, is_portable=False, gaps=(), now=now + timedelta(hours=2))
    assert find_gap(case_id) == ""
