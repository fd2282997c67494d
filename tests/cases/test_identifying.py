"""Tying a case to whoever it is about: with a reason, told to the address on file, undone when it was wrong."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from onloan import clock
from onloan.cases import desk
from onloan.cases.actions import open_case
from onloan.cases.clocks import Pause
from onloan.cases.erasing import begin_by_member, choose_way
from onloan.cases.errors import (
    CaseClosed,
    IdentifiedHow,
    IdentityCopy,
    LookupFoundNobody,
    MandateNeeded,
    TieRefused,
)
from onloan.cases.identifying import identify_case, separate_case
from onloan.cases.models import Case, CaseEvent, CasePause, Erasure
from onloan.cases.pack.actions import prepare_packs
from onloan.cases.queries import find_case
from onloan.cases.rules import Door, ErasureWay, EventKind, Kind
from onloan.cases.taking_back import take_back_case
from onloan.cases.timeline import list_events
from onloan.consents.queries import list_consents
from onloan.errors import NotAllowed
from onloan.outbox.models import Message
from onloan.people.change_queries import list_lookups
from onloan.people.queries import find_participant
from tests.joining.support import OpenMarket, add_participant, open_market

NOW = clock.now()
HOW = "They named two people whom they invited, and the month."


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market()


def letter(kind: Kind = Kind.RESTRICTION, representative: str = "") -> UUID:
    return open_case(
        kind=kind, country="FR", language="fr", door=Door.STAFF, text="Please.", contact="else@example.org",
        representative=representative, received_on=NOW.date() - timedelta(days=3), now=NOW,
    ).case_id  # fmt: skip


def test_what_is_asked_acts_once_somebody_says_how_they_know(both_databases: str) -> None:
    market = open_market()
    ana, case_id, dora = add_participant(market), letter(), market.team.dora
    for how, error in (("because", IdentifiedHow), ("A copy of her identity card is here.", IdentityCopy)):
        with pytest.raises(error):
            identify_case(case_id=case_id, user_id=dora, typed=ana.public_id, how=how, now=NOW)
    with pytest.raises(LookupFoundNobody):
        identify_case(case_id=case_id, user_id=dora, typed="nobody@example.org", how=HOW, now=NOW)
    with pytest.raises(NotAllowed):
        identify_case(case_id=case_id, user_id=market.team.greg, typed=ana.public_id, how=HOW, now=NOW)
    assert find_case(case_id).line.participant_id is None and not list_lookups(ana.participant_id)
    identify_case(case_id=case_id, user_id=dora, typed="ana@example.org", how=HOW, now=NOW)
    case = find_case(case_id)
    assert case.line.participant_id == ana.participant_id
    assert case.identified is not None and (case.identified.by, case.identified.how) == ("Dora", HOW)
    assert HOW.encode() not in bytes(Case.objects.get().sealed_identified_how or b"")
    person = find_participant(ana.participant_id)
    assert person is not None and person.restricted_at is not None
    assert not any(consent.is_allowed for consent in list_consents(ana.participant_id))
    # The person reads who looked, and is warned where they joined, not where the letter says.
    assert case.line.reference in list_lookups(ana.participant_id)[0].reason
    warned = Message.objects.get(template="case_in_your_name")
    assert warned.participant_id == ana.participant_id and warned.sealed_address is None
    assert EventKind.IDENTIFIED in [event.kind for event in list_events(case_id, only_shown=True)]
    with pytest.raises(TieRefused):
        identify_case(case_id=case_id, user_id=dora, typed=ana.public_id, how=HOW, now=NOW)


def test_a_mandate_is_looked_at_first(market: OpenMarket) -> None:
    ana, case_id = add_participant(market), letter(representative="Data Advice Centre")
    asked = {"case_id": case_id, "user_id": market.team.dora, "typed": ana.public_id, "how": HOW, "now": NOW}
    with pytest.raises(MandateNeeded):
        identify_case(**asked)
    identify_case(**asked, is_mandate_seen=True)
    assert find_case(case_id).line.participant_id == ana.participant_id


def test_the_same_right_asked_before_keeps_its_day_and_each_names_the_other(market: OpenMarket) -> None:
    ana = add_participant(market)
    first = open_case(
        kind=Kind.ACCESS, country="FR", language="fr", door=Door.MY_PAGE, text="",
        participant_id=ana.participant_id, now=NOW,
    )  # fmt: skip
    case_id = letter(Kind.ACCESS)
    identify_case(case_id=case_id, user_id=market.team.dora, typed=ana.public_id, how=HOW, now=NOW)
    texts = [event.text for event in list_events(case_id) if event.kind is EventKind.LINKED_DUPLICATE]
    assert texts == [first.reference]
    assert find_case(case_id).line.due_on < find_case(first.case_id).line.due_on == first.due_on


def test_it_answers_the_question_who_they_are(market: OpenMarket) -> None:
    ana = add_participant(market)
    case_id = open_case(
        kind=Kind.ACCESS, country="GB", language="en", door=Door.PUBLIC_PAGE, text="",
        contact="else@example.org", now=NOW,
    ).case_id  # fmt: skip
    question = "With which address did you join?"
    assert desk.pause_case(
        case_id=case_id, user_id=market.team.dora, pause=Pause.IDENTITY, question=question, reason=question,
        now=NOW,
    )  # fmt: skip
    then = NOW + timedelta(days=9)
    identify_case(case_id=case_id, user_id=market.team.dora, typed=ana.public_id, how=HOW, now=then)
    assert CasePause.objects.get().answered_at == then
    assert find_case(case_id).waits_for is None and find_case(case_id).line.clock_from == then.date()


def test_whoever_did_not_write_takes_it_back_and_nothing_is_erased(market: OpenMarket) -> None:
    ana, case_id = add_participant(market), letter(Kind.ERASURE)
    identify_case(case_id=case_id, user_id=market.team.dora, typed=ana.public_id, how=HOW, now=NOW)
    take_back_case(case_id=case_id, now=NOW)
    assert not Erasure.objects.exists() and Case.objects.get().outcome == "taken_back"


def test_the_wrong_person_is_separated_and_told(market: OpenMarket) -> None:
    ana, case_id, dora = add_participant(market), letter(Kind.RESTRICTION), market.team.dora
    with pytest.raises(TieRefused):
        separate_case(case_id=case_id, user_id=dora, reason="It was somebody else.", now=NOW)
    identify_case(case_id=case_id, user_id=dora, typed=ana.public_id, how=HOW, now=NOW)
    separate_case(case_id=case_id, user_id=dora, reason="It was somebody else.", now=NOW)
    case = find_case(case_id)
    assert case.line.participant_id is None and case.identified is None and case.line.state == "open"
    assert not CaseEvent.objects.filter(participant_id=ana.participant_id).exists()
    shown = [event.kind for event in list_events(case_id, only_shown=True)]
    assert EventKind.IDENTIFIED not in shown and EventKind.RESTRICTED not in shown
    assert Message.objects.get(template="case_not_yours").participant_id == ana.participant_id
    # They never asked for it, so it stops nothing for them; what it ended stays ended until they allow it anew.
    person = find_participant(ana.participant_id)
    assert person is not None and person.restricted_at is None
    take_back_case(case_id=case_id, now=NOW)
    with pytest.raises(CaseClosed):
        identify_case(case_id=case_id, user_id=dora, typed=ana.public_id, how=HOW, now=NOW)


def test_a_separation_reaches_every_campaign_that_the_tie_did(both_databases: str) -> None:
    """The cases that it opened there are closed; a request of their own stays, and so does what it stopped."""
    spring, autumn = open_market(), open_market(slug="autumn-pot")
    people = [add_participant(each).participant_id for each in (spring, autumn)]
    dora = spring.team.dora
    case_id = letter()
    identify_case(case_id=case_id, user_id=dora, typed="ana@example.org", how=HOW, now=NOW)
    (other,) = Case.objects.exclude(id=case_id)
    assert {case.participant_id for case in Case.objects.all()} == set(people) and other.origin_case_id == case_id
    assert all(is_restricted(person) for person in people)
    separate_case(case_id=case_id, user_id=dora, reason=HOW, now=NOW)
    assert not any(is_restricted(person) for person in people)
    assert not Case.objects.filter(participant_id__in=people).exists()
    assert not CaseEvent.objects.filter(participant_id__in=people).exists()
    assert Case.objects.get(id=case_id).state == "open" and Case.objects.get(id=other.id).state == "closed"
    told = Message.objects.filter(template="case_not_yours").values_list("participant_id", flat=True)
    assert set(told) == set(people)

    own = open_case(
        kind=Kind.RESTRICTION, country="FR", language="fr", door=Door.MY_PAGE, text="",
        participant_id=people[0], now=NOW,
    )  # fmt: skip
    identify_case(case_id=case_id, user_id=dora, typed="ana@example.org", how=HOW, now=NOW)
    separate_case(case_id=case_id, user_id=dora, reason=HOW, now=NOW)
    row = Case.objects.get(id=own.case_id)
    assert row.state == "open" and row.participant_id is not None and is_restricted(row.participant_id)


def is_restricted(participant_id: UUID) -> bool:
    person = find_participant(participant_id)
    assert person is not None
    return person.restricted_at is not None


def test_whoever_was_separated_reads_nothing_of_the_other_person(market: OpenMarket) -> None:
    """But what they wrote, and what was written to them."""
    ana, dora = add_participant(market), market.team.dora
    for kind in (Kind.ACCESS, Kind.ERASURE):
        case_id = letter(kind)
        identify_case(case_id=case_id, user_id=dora, typed=ana.public_id, how=HOW, now=NOW)
        if kind is Kind.ERASURE:
            begin_by_member(case_id=case_id, user_id=dora, now=NOW)
            choose_way(participant_id=ana.participant_id, way=ErasureWay.SLIP, now=NOW)
        prepare_packs(now=NOW)
        desk.add_note(case_id=case_id, user_id=dora, text="We look into it.", is_shown=True, now=NOW)
        before = {event.kind for event in list_events(case_id, only_shown=True)}
        assert (EventKind.PACK_READY if kind is Kind.ACCESS else EventKind.SLIP_GIVEN) in before
        separate_case(case_id=case_id, user_id=dora, reason=HOW, now=NOW)
        shown = [event.kind for event in list_events(case_id, only_shown=True)]
        assert shown == [EventKind.RECEIVED, EventKind.MESSAGE_TO_PERSON]
