"""A copy for whoever has no page: made by a member, or taken with the number; the person reads of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from onloan import clock
from onloan.cases.answers import Parts
from onloan.cases.clocks import Pause
from onloan.cases.desk import answer_case, pause_case
from onloan.cases.errors import CopyNotReady, CopyReason
from onloan.cases.identifying import identify_case, separate_case
from onloan.cases.letters import CameBy, Written, write_down
from onloan.cases.models import CaseEvent
from onloan.cases.pack.handing import make_copy, take_copy
from onloan.cases.pack.queries import find_gap
from onloan.cases.rules import EventKind, Kind, Outcome
from onloan.cases.timeline import list_events, record_event
from onloan.db import action
from onloan.errors import NotAllowed
from onloan.outbox.models import Message
from onloan.people.change_queries import list_lookups
from tests.cases.pack.test_actions import broken_table
from tests.joining.support import OpenMarket, add_participant, open_market

HOW = "They named two people whom they invited, and the month."
WHY = "You wrote by letter, and asked for it by post."
DONE = Parts(done="A copy of everything that we keep about you comes with this letter.")


def write(market: OpenMarket, kind: Kind = Kind.ACCESS, **changes: str) -> UUID:
    written = Written(
        kind=kind, text="Everything, please.", country="FR", language="fr", came_by=CameBy.LETTER,
        received_on=clock.local_day(clock.now(), "Europe/Paris"),
        **({"postal_address": "2 rue des Lilas"} | changes),
    )  # fmt: skip
    return write_down(user_id=market.team.dora, written=written, now=clock.now()).case_id


def tie(market: OpenMarket, case_id: UUID, public_id: str, *, is_mandate_seen: bool = False) -> None:
    identify_case(
        case_id=case_id, user_id=market.team.dora, typed=public_id, how=HOW, is_mandate_seen=is_mandate_seen,
        now=clock.now(),
    )  # fmt: skip


@action
def record_doubt(case_id: UUID) -> None:
    record_event(case_id=case_id, kind=EventKind.ANOTHER_CONFIRMED, now=clock.now())


def kinds(case_id: UUID) -> list[EventKind]:
    return [event.kind for event in list_events(case_id, only_shown=True)]


def test_a_member_makes_it_with_a_reason_that_the_person_reads(both_databases: str) -> None:
    market = open_market()
    ana, dora, now = add_participant(market), market.team.dora, clock.now()
    case_id = write(market)
    with pytest.raises(CopyNotReady):
        make_copy(case_id=case_id, user_id=dora, reason=WHY, now=now)
    tie(market, case_id, ana.public_id)
    for reason in ("by post", "x" * 501):
        with pytest.raises(CopyReason):
            make_copy(case_id=case_id, user_id=dora, reason=reason, now=now)
    with pytest.raises(NotAllowed):
        make_copy(case_id=case_id, user_id=market.team.greg, reason=WHY, now=now)
    looks = len(list_lookups(ana.participant_id))
    assert EventKind.PACK_MADE not in kinds(case_id)
    pack = make_copy(case_id=case_id, user_id=dora, reason=WHY, now=now)
    assert pack.person.id == ana.participant_id and not pack.is_portable and not pack.gaps
    (made,) = [event for event in list_events(case_id, only_shown=True) if event.kind is EventKind.PACK_MADE]
    assert (made.by, made.text) == ("Dora", WHY)
    looks_now = list_lookups(ana.participant_id)
    assert [each.member_name for each in looks_now if WHY in each.reason] == ["Dora"]
    assert len(looks_now) == looks + 1
    mail = Message.objects.get(template="pack_made")
    assert mail.participant_id == ana.participant_id and mail.sealed_address is None
    assert (mail.context["way"], mail.context["controller"]) == ("team", "Boutique Exemple SAS")


def test_a_member_who_makes_one_with_a_gap_has_it_named(sqlite_database: str) -> None:
    market = open_market()
    ana, case_id, now = add_participant(market), write(market), clock.now()
    tie(market, case_id, ana.public_id)
    with broken_table():
        for _ in range(2):
            make_copy(case_id=case_id, user_id=market.team.dora, reason=WHY, now=now)
        assert find_gap(case_id) == "Ce que vous avez changé"
    make_copy(case_id=case_id, user_id=market.team.dora, reason=WHY, now=now + timedelta(minutes=1))
    assert find_gap(case_id) == ""


def test_it_is_taken_with_the_number_until_a_month_after_the_answer(sqlite_database: str) -> None:
    market = open_market()
    ana, dora, now = add_participant(market), market.team.dora, clock.now()
    case_id = write(
        market, Kind.PORTABILITY, email="centre@example.org", postal_address="", representative="Data Centre"
    )
    with pytest.raises(CopyNotReady):
        take_copy(case_id=case_id, now=now)
    tie(market, case_id, ana.public_id, is_mandate_seen=True)
    assert take_copy(case_id=case_id, now=now).is_portable
    assert EventKind.PACK_SENT in kinds(case_id)
    mail = Message.objects.get(template="pack_made")
    assert (mail.participant_id, mail.context["way"]) == (ana.participant_id, "number")
    answer_case(case_id=case_id, user_id=dora, outcome=Outcome.DONE, parts=DONE, now=now)
    take_copy(case_id=case_id, now=now + timedelta(days=29))
    with pytest.raises(CopyNotReady):
        take_copy(case_id=case_id, now=now + timedelta(days=31))


def test_none_is_made_while_it_is_doubted_who_asks_or_once_they_were_separated(sqlite_database: str) -> None:
    market = open_market()
    ana, dora, now = add_participant(market), market.team.dora, clock.now()
    other = write(market, email="else@example.org")
    tie(market, other, ana.public_id)
    record_doubt(other)
    with pytest.raises(CopyNotReady):
        take_copy(case_id=other, now=now)
    CaseEvent.objects.filter(kind=EventKind.ANOTHER_CONFIRMED).delete()
    pause_case(
        case_id=other, user_id=dora, pause=Pause.IDENTITY, question="In which month did you join?",
        reason="The handwriting is another one.", now=now,
    )  # fmt: skip
    with pytest.raises(CopyNotReady):
        make_copy(case_id=other, user_id=dora, reason=WHY, now=now)
    separate_case(case_id=other, user_id=dora, reason="It was her sister, who wrote again.", now=now)
    with pytest.raises(CopyNotReady):
        take_copy(case_id=other, now=now)
    erasure = write(market, Kind.ERASURE)
    tie(market, erasure, ana.public_id)
    with pytest.raises(CopyNotReady):
        make_copy(case_id=erasure, user_id=dora, reason=WHY, now=now)
    assert not Message.objects.filter(template="pack_made").exists()
