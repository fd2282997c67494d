"""What a member of the team types in: its clock began when it came; and what goes by letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import translation

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.answers import write_day
from onloan.cases.clocks import Pause
from onloan.cases.desk import pause_case
from onloan.cases.erasing import begin_by_member, choose_way
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.errors import LookupFoundNobody, PostalAddress, ReceivedDay, TextNeeded
from onloan.cases.identifying import identify_case
from onloan.cases.letters import CameBy, Written, change_address, confirm_by_letter, write_down, write_letter
from onloan.cases.models import Case
from onloan.cases.queries import find_case
from onloan.cases.queue_queries import list_undelivered
from onloan.cases.rules import Door, ErasureWay, EventKind, Kind
from onloan.cases.timeline import event_statement, list_events
from onloan.db import action, execute
from onloan.errors import NotAllowed, OnloanError
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import rights_due
from onloan.outbox.models import Message
from onloan.people.queries import is_alive
from tests.joining.support import OpenMarket, add_participant, open_market

NOW = clock.now()
TODAY = clock.local_day(NOW, "Europe/Paris")
LETTER = Written(
    kind=Kind.ACCESS,
    text="Please send me everything.",
    country="FR",
    language="fr",
    received_on=TODAY - timedelta(days=5),
    came_by=CameBy.LETTER,
    postal_address="3 rue des Lilas\n75020 Paris",
)


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market()


def test_its_clock_began_on_the_day_when_it_came(market: OpenMarket) -> None:
    opened = write_down(user_id=market.team.dora, written=LETTER, now=NOW)
    case = find_case(opened.case_id)
    due = rights_due(LETTER.received_on, "FR", public_holidays("FR", LETTER.received_on))
    assert (case.line.due_on, case.line.legal_due_on) == (due.internal, due.legal)
    assert case.line.received_on == LETTER.received_on and case.line.door is Door.STAFF
    # A postal address lies sealed, and no mail is sent to it.
    assert case.postal_address == LETTER.postal_address and case.contact is None
    assert b"Lilas" not in bytes(Case.objects.get().sealed_contact or b"")
    assert not Message.objects.filter(template="case_acknowledged").exists() and case.acknowledged_at is None
    assert [event.text for event in list_events(opened.case_id) if event.by] == ["It came by letter."]
    receipt = write_letter(case)
    assert case.line.reference in receipt and "Nous avons reçu votre demande." in receipt and "cnil.fr" in receipt
    confirm_by_letter(case_id=opened.case_id, user_id=market.team.dora, now=NOW)
    assert find_case(opened.case_id).acknowledged_at is not None
    assert "lettre" in list_events(opened.case_id, only_shown=True)[-1].text


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"received_on": TODAY + timedelta(days=1)}, ReceivedDay, "received_on"),
        ({"received_on": TODAY - timedelta(days=731)}, ReceivedDay, "received_on"),
        ({"postal_address": ""}, PostalAddress, "email"),
        ({"postal_address": "x" * 401}, PostalAddress, "email"),
        ({"kind": Kind.COMPLAINT, "text": " "}, TextNeeded, "text"),
        ({"country": "XX"}, OnloanError, "country"),
        ({"email": "no address"}, OnloanError, "email"),
        ({"known_as": "nobody@example.org", "how": "They named their friends."}, LookupFoundNobody, "typed"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_kept(
    market: OpenMarket, change: dict[str, object], error: type[OnloanError], field: str
) -> None:
    with pytest.raises(error) as refused:
        write_down(user_id=market.team.dora, written=replace(LETTER, **change), now=NOW)  # type: ignore[arg-type]
    assert refused.value.field == field and not Case.objects.exists()
    with pytest.raises(NotAllowed):
        write_down(user_id=market.team.greg, written=LETTER, now=NOW)


def test_with_an_address_it_is_confirmed_and_may_be_tied_at_once(market: OpenMarket) -> None:
    ana = add_participant(market)
    written = replace(
        LETTER,
        kind=Kind.OBJECTION,
        came_by=CameBy.CALL,
        email="cousin@example.org",
        representative="Cousin Carl",
        is_mandate_seen=True,
        known_as=ana.public_id,
        how="They named two people whom they invited.",
    )
    opened = write_down(user_id=market.team.dora, written=written, now=NOW)
    case = find_case(opened.case_id)
    assert case.contact == "cousin@example.org" and case.line.participant_id == ana.participant_id
    assert case.acknowledged_at is not None and case.representative == "Cousin Carl"
    note = next(event.text for event in list_events(opened.case_id) if event.kind is EventKind.NOTE)
    assert "It came by telephone." in note and "The mandate was seen." in note and "3 rue des Lilas" in note


def test_a_call_keeps_its_day_when_the_clock_begins_anew(market: OpenMarket) -> None:
    dora, came, ana = market.team.dora, TODAY - timedelta(days=2), add_participant(market)
    written = replace(LETTER, country="GB", came_by=CameBy.CALL, received_on=came, email="call@example.org")
    case_id = write_down(user_id=dora, written=written, now=NOW).case_id
    question, doubt = "With which address did you join?", "Two people of this name wrote to us."
    pause_case(case_id=case_id, user_id=dora, pause=Pause.IDENTITY, question=question, reason=doubt, now=NOW)
    known = NOW + timedelta(days=5)
    how = "They named two people whom they invited."
    identify_case(case_id=case_id, user_id=dora, typed=ana.public_id, how=how, now=known)
    line = find_case(case_id).line
    assert line.received_on == came and line.clock_from == clock.local_day(known, "Europe/London")
    # Who asks is doubted within three days of that day, and of no later one.
    assert not pause_case(
        case_id=case_id, user_id=dora, pause=Pause.IDENTITY, question=question, reason=doubt, now=known
    )


def test_a_mail_that_did_not_arrive_goes_to_another_address(market: OpenMarket) -> None:
    opened = open_case(
        kind=Kind.ACCESS, country="FR", language="en", door=Door.PUBLIC_PAGE, text="", contact="gone@example.org",
        now=NOW,
    )  # fmt: skip

    @action
    def fail() -> None:
        execute([event_statement(opened.case_id, None, EventKind.MAIL_FAILED, NOW, text="case_acknowledged")])

    fail()
    assert list_undelivered([opened.case_id]) == {opened.case_id}
    text = write_letter(find_case(opened.case_id))
    change_address(
        case_id=opened.case_id, user_id=market.team.dora, email="New@example.org", text=text,
        now=NOW + timedelta(days=1),
    )  # fmt: skip
    assert find_case(opened.case_id).contact == "new@example.org"
    assert list_undelivered([opened.case_id]) == set()
    assert Message.objects.filter(template="case_progress").count() == 1


def test_an_erasure_that_was_asked_by_letter_is_mailed_to_no_postal_address(market: OpenMarket) -> None:
    ana = add_participant(market)
    written = replace(LETTER, kind=Kind.ERASURE, known_as=ana.public_id, how="They named their two friends.")
    opened = write_down(user_id=market.team.dora, written=written, now=NOW)
    begin_by_member(case_id=opened.case_id, user_id=market.team.dora, now=NOW)
    # The welcome voucher is still counted, and a slip does not wait for it.
    choose_way(participant_id=ana.participant_id, way=ErasureWay.SLIP, now=NOW)
    finish_erasures(now=NOW + timedelta(days=4))
    assert not is_alive(ana.participant_id)
    assert EventKind.ERASED in [event.kind for event in list_events(opened.case_id)]
    assert not Message.objects.filter(template="case_erased").exists()
    assert find_case(opened.case_id).postal_address == LETTER.postal_address


def test_a_letter_in_french_writes_the_first_of_a_month_as_french_does() -> None:
    with translation.override("fr"):
        assert write_day(date(2027, 1, 1)) == "1er janvier 2027"
