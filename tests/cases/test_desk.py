"""What the team does with a case: nothing gets lost, nothing goes out incomplete, no day passes unnoticed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from onloan.cases import desk
from onloan.cases.actions import open_case
from onloan.cases.answers import Ground, Parts
from onloan.cases.clocks import Pause
from onloan.cases.errors import AnswerIncomplete, AnswerWords, CaseClosed, ExtensionRefused, PauseRefused
from onloan.cases.models import Case, CaseEvent, CasePause
from onloan.cases.queries import count_complaints, find_case
from onloan.cases.rules import Door, EventKind, Kind, Outcome
from onloan.cases.timeline import list_events
from onloan.cases.watching import watch_cases
from onloan.errors import NotAllowed
from onloan.outbox.models import Message
from tests.joining.support import OpenMarket, add_participant, open_market

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
REASONS = "Three systems have to be searched, and one is being repaired."
DONE = Parts(done="We sent you a copy of everything we keep about you.")
NO = Parts(
    done="We looked for everything that you asked about.", reasons="It concerns somebody else's photo, too."
)


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market()


def ask(kind: Kind = Kind.ACCESS, country: str = "FR", participant_id: UUID | None = None) -> UUID:
    return open_case(
        kind=kind,
        country=country,
        language="en",
        door=Door.PUBLIC_PAGE if participant_id is None else Door.MY_PAGE,
        text="It is about my photo.",
        contact=None if participant_id else "chloe@example.org",
        participant_id=participant_id,
        now=NOW,
    ).case_id


def mails(template: str) -> int:
    return Message.objects.filter(template=template).count()


def test_more_time_is_told_once_with_reasons(market: OpenMarket) -> None:
    case_id, dora = ask(), market.team.dora
    with pytest.raises(ExtensionRefused):
        desk.extend_case(case_id=case_id, user_id=dora, reasons="busy", now=NOW)
    due = desk.extend_case(case_id=case_id, user_id=dora, reasons=REASONS, now=NOW)
    assert due.legal == date(2027, 4, 30) == find_case(case_id).line.legal_due_on
    with pytest.raises(ExtensionRefused):
        desk.extend_case(case_id=case_id, user_id=dora, reasons=REASONS, now=NOW)
    assert mails("case_extended") == 1
    late = ask()
    with pytest.raises(ExtensionRefused):
        desk.extend_case(case_id=late, user_id=dora, reasons=REASONS, now=NOW + timedelta(days=30))
    with pytest.raises(NotAllowed):
        desk.extend_case(case_id=late, user_id=market.team.greg, reasons=REASONS, now=NOW)


def test_a_question_stops_the_clock_with_a_stored_reason(market: OpenMarket) -> None:
    case_id, dora = ask(country="GB"), market.team.dora
    asked = {
        "case_id": case_id,
        "user_id": dora,
        "pause": Pause.IDENTITY,
        "question": "Which address did you use?",
    }
    with pytest.raises(PauseRefused):
        desk.pause_case(**asked, reason="", now=NOW)
    desk.pause_case(**asked, reason="Two people of this name wrote from one address.", now=NOW)
    with pytest.raises(PauseRefused):
        desk.pause_case(**asked, reason="Two people of this name wrote from one address.", now=NOW)
    assert b"Two people" not in bytes(CasePause.objects.get().sealed_reason)
    assert watch_cases(now=NOW + timedelta(days=60)) == 0
    desk.resume_case(case_id=case_id, user_id=dora, now=NOW + timedelta(days=9))
    assert find_case(case_id).line.legal_due_on == date(2027, 3, 9)
    assert watch_cases(now=NOW + timedelta(days=60)) == 1
    with pytest.raises(PauseRefused):
        desk.resume_case(case_id=case_id, user_id=dora, now=NOW)
    french = ask()
    meaning = {
        "case_id": french,
        "user_id": dora,
        "pause": Pause.CLARIFICATION,
        "question": "Which photo is meant?",
    }
    with pytest.raises(PauseRefused):
        desk.pause_case(**meaning, reason="The text names two photos of theirs.", now=NOW)


@pytest.mark.parametrize(
    ("kind", "outcome", "parts", "missing"),
    [
        (Kind.ACCESS, Outcome.DONE, Parts(done="Done."), "what was done"),
        (Kind.ACCESS, Outcome.REFUSED, DONE, "the reasons"),
        (Kind.ACCESS, Outcome.PARTLY_DONE, DONE, "the reasons"),
        (
            Kind.ERASURE,
            Outcome.PARTLY_DONE,
            Parts(done=NO.done, reasons=NO.reasons, ground=Ground.LEGAL_CLAIMS, law="C. civ. 2224"),
            "the day on which it goes",
        ),
    ],
)
def test_no_answer_goes_out_without_its_parts(
    market: OpenMarket, kind: Kind, outcome: Outcome, parts: Parts, missing: str
) -> None:
    case_id = ask(kind)
    with pytest.raises(AnswerIncomplete) as refused:
        desk.answer_case(case_id=case_id, user_id=market.team.dora, outcome=outcome, parts=parts, now=NOW)
    assert missing in str(refused.value)
    assert Case.objects.get().state == "open" and mails("case_answered") == 0


@pytest.mark.parametrize(
    "done",
    [
        "We will pay you ten euros if you withdraw your complaint.",
        "Nous versons dix euros si vous retirez votre plainte.",
        "You must contact us first before you complain to anybody else.",
    ],
)
def test_no_answer_buys_off_a_right_or_bars_the_way(market: OpenMarket, done: str) -> None:
    case_id = ask(Kind.COMPLAINT)
    with pytest.raises(AnswerWords):
        desk.answer_case(
            case_id=case_id, user_id=market.team.dora, outcome=Outcome.DONE, parts=Parts(done=done), now=NOW
        )


def test_an_answer_names_authority_and_court_and_is_kept(market: OpenMarket) -> None:
    ana = add_participant(market)
    case_id, dora = ask(Kind.ERASURE, participant_id=ana.participant_id), market.team.dora
    parts = Parts(
        done=NO.done,
        reasons=NO.reasons,
        ground=Ground.LEGAL_OBLIGATION,
        law="Code de commerce, L123-22",
        kept_until=date(2037, 12, 31),
    )
    preview = desk.compose_answer(case_id=case_id, outcome=Outcome.PARTLY_DONE, parts=parts)
    for part in (NO.done, NO.reasons, "L123-22", "31 December 2037", "cnil.fr", "go to court"):
        assert part in preview
    desk.answer_case(case_id=case_id, user_id=dora, outcome=Outcome.PARTLY_DONE, parts=parts, now=NOW)
    assert find_case(case_id).answer == preview
    assert b"L123-22" not in bytes(Case.objects.get().sealed_answer or b"")
    shown = [event.kind for event in list_events(case_id, only_shown=True)]
    assert shown[0] is EventKind.RECEIVED and shown[-1] is EventKind.ANSWERED
    assert mails("case_answered") == 1
    with pytest.raises(CaseClosed):
        desk.answer_case(case_id=case_id, user_id=dora, outcome=Outcome.DONE, parts=DONE, now=NOW)


def test_each_alarm_is_given_once_and_late_cases_every_day(both_databases: str) -> None:
    open_market()
    case_id = ask()
    due_on = find_case(case_id).line.due_on
    noon = datetime(due_on.year, due_on.month, due_on.day, 12, tzinfo=UTC)
    told = [left for left in range(20, -4, -1) if watch_cases(now=noon - timedelta(days=left))]
    assert told == [10, 3, 0, -1, -2, -3]
    assert watch_cases(now=noon + timedelta(days=3)) == 0
    assert CaseEvent.objects.filter(kind="alarmed").count() == 6


def test_progress_is_told_and_notes_are_not(market: OpenMarket) -> None:
    case_id, dora = ask(Kind.COMPLAINT), market.team.dora
    desk.add_note(case_id=case_id, user_id=dora, text="Ask the shop in Lyon.", is_shown=False, now=NOW)
    desk.add_note(case_id=case_id, user_id=dora, text="We asked the shop.", is_shown=True, now=NOW)
    shown = [event.text for event in list_events(case_id, only_shown=True)]
    assert "We asked the shop." in shown and "Ask the shop in Lyon." not in shown
    assert [event.by for event in list_events(case_id)][1:] == ["Dora", "Dora"]
    assert mails("case_progress") == 1
    assert count_complaints(country="FR") == 1 and count_complaints(country="GB") == 0
