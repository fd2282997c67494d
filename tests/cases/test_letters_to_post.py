"""Whoever gave a postal address and no other is told by letter, and the clock knows when it was posted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from onloan.cases import desk
from onloan.cases.answers import Parts
from onloan.cases.clocks import Pause
from onloan.cases.identifying import identify_case
from onloan.cases.letters import confirm_by_letter, write_down, write_letter
from onloan.cases.queries import find_case
from onloan.cases.rules import Kind, Outcome
from onloan.outbox.models import Message
from tests.cases.test_letters import LETTER, NOW, TODAY
from tests.joining.support import OpenMarket, add_participant, open_market

QUESTION = "With which address did you join?"
DOUBT = "Two people of this name wrote to us."
HOW = "They named two people whom they invited."
REASONS = "Three systems have to be searched by hand."
HOUR = timedelta(hours=1)
TODAYS = replace(LETTER, received_on=TODAY, language="en")


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market()


def letter(case_id: UUID) -> str:
    return write_letter(find_case(case_id))


def post(market: OpenMarket, case_id: UUID, now: datetime) -> None:
    confirm_by_letter(case_id=case_id, user_id=market.team.dora, now=now)


def test_what_the_person_is_told_waits_to_be_posted(market: OpenMarket) -> None:
    dora = market.team.dora
    case_id = write_down(user_id=dora, written=TODAYS, now=NOW).case_id
    post(market, case_id, NOW + HOUR)
    assert find_case(case_id).line.letter_waits_since is None
    desk.add_note(case_id=case_id, user_id=dora, text="We ask the shop.", is_shown=True, now=NOW + 2 * HOUR)
    due = desk.extend_case(case_id=case_id, user_id=dora, reasons=REASONS, now=NOW + 3 * HOUR)
    case = find_case(case_id)
    assert case.line.letter_waits_since == NOW + 2 * HOUR
    printed = letter(case_id)
    assert printed.startswith(f"About {case.line.reference}") and "We received" not in printed
    assert "We ask the shop." in printed and REASONS in printed and str(due.legal.year) in printed
    post(market, case_id, NOW + 4 * HOUR)
    assert find_case(case_id).line.letter_waits_since is None
    parts = Parts(done="We sent you a copy of everything.")
    desk.answer_case(
        case_id=case_id,
        user_id=dora,
        outcome=Outcome.NOTHING_HELD,
        parts=parts,
        now=NOW + 5 * HOUR,
        why_not_wait="",
    )
    assert "We sent you a copy" in letter(case_id) and find_case(case_id).line.letter_waits_since is not None
    assert not Message.objects.filter(template__startswith="case_").exists()


@pytest.mark.parametrize(("days_later", "is_stopped"), [(2, True), (4, False)])
def test_a_question_stops_the_clock_when_it_is_posted(
    market: OpenMarket, days_later: int, is_stopped: bool
) -> None:
    dora, posted = market.team.dora, NOW + timedelta(days=days_later)
    case_id = write_down(user_id=dora, written=TODAYS, now=NOW).case_id
    stopped = desk.pause_case(
        case_id=case_id, user_id=dora, pause=Pause.IDENTITY, question=QUESTION, reason=DOUBT, now=NOW + HOUR
    )
    assert not stopped and find_case(case_id).waits_for is None
    printed = letter(case_id)
    assert "We received your request." in printed and QUESTION in printed and "no copy of an identity" in printed
    post(market, case_id, posted)
    case = find_case(case_id)
    assert (case.waits_for is Pause.IDENTITY) is is_stopped and case.acknowledged_at == posted
    assert case.asked_at == (posted if is_stopped else None)


def test_a_question_that_was_settled_before_it_went_stops_nothing(market: OpenMarket) -> None:
    dora, ana = market.team.dora, add_participant(market)
    case_id = write_down(user_id=dora, written=TODAYS, now=NOW).case_id
    desk.pause_case(
        case_id=case_id, user_id=dora, pause=Pause.IDENTITY, question=QUESTION, reason=DOUBT, now=NOW + HOUR
    )
    identify(market, case_id, ana.public_id)
    post(market, case_id, NOW + 3 * HOUR)
    assert find_case(case_id).waits_for is None


def test_somebody_who_is_known_now_is_still_told_by_letter(market: OpenMarket) -> None:
    dora, ana = market.team.dora, add_participant(market)
    case_id = write_down(user_id=dora, written=replace(TODAYS, kind=Kind.PORTABILITY), now=NOW).case_id
    identify(market, case_id, ana.public_id)
    desk.add_note(case_id=case_id, user_id=dora, text="We ask the shop.", is_shown=True, now=NOW + 3 * HOUR)
    # Their account is told that a request was tied to it, and nothing else: the mailbox may be lost.
    assert Message.objects.filter(template="case_in_your_name").count() == 1
    assert not Message.objects.filter(template="case_progress").exists()
    assert find_case(case_id).goes_by_letter and "We ask the shop." in letter(case_id)


def identify(market: OpenMarket, case_id: UUID, public_id: str) -> None:
    identify_case(case_id=case_id, user_id=market.team.dora, typed=public_id, how=HOW, now=NOW + 2 * HOUR)
