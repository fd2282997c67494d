"""Whoever has no account comes back to their request with its number and a code, and nobody else does."""

from __future__ import annotations

import pytest

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.errors import CaseClosed, FollowNobody
from onloan.cases.following import add_message, ask_to_follow, find_followed
from onloan.cases.rules import Door, EventKind, Kind
from onloan.cases.taking_back import take_back_case
from onloan.cases.timeline import list_events
from onloan.people.errors import CodeNotValid
from tests.joining.support import add_participant, open_market
from tests.people.support import read_mailed_code

NOW = clock.now()


def follow(reference: str, email: str) -> object:
    ask_to_follow(email=email, language="en", now=NOW)
    return find_followed(reference=reference, email=email, code=read_mailed_code(), now=NOW)


def test_number_and_code_open_ones_own_request_only(both_databases: str) -> None:
    ana = add_participant(open_market())
    mine = open_case(
        kind=Kind.COMPLAINT, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="It is wrong.",
        contact="chloe@example.org", now=NOW,
    )  # fmt: skip
    own_page = open_case(
        kind=Kind.ACCESS, country="FR", language="fr", door=Door.MY_PAGE, text="",
        participant_id=ana.participant_id, now=NOW,
    )  # fmt: skip
    assert follow(mine.reference.lower().replace("-", " "), "Chloe@example.org") == mine.case_id
    assert follow(own_page.reference, "ana@example.org") == own_page.case_id
    for reference, email in (
        (own_page.reference, "chloe@example.org"),
        (mine.reference, "ana@example.org"),
        ("0000-0000", "chloe@example.org"),
        ("anything", "chloe@example.org"),
    ):
        with pytest.raises(FollowNobody):
            follow(reference, email)
    with pytest.raises(CodeNotValid):
        find_followed(reference=mine.reference, email="chloe@example.org", code="000000", now=NOW)


def test_they_add_something_until_it_is_closed(sqlite_database: str) -> None:
    open_market()
    case_id = open_case(
        kind=Kind.COMPLAINT, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="It is wrong.",
        contact="chloe@example.org", now=NOW,
    ).case_id  # fmt: skip
    add_message(case_id=case_id, text="It was in May.", now=NOW)
    assert [(event.kind, event.text) for event in list_events(case_id, only_shown=True)][1:] == [
        (EventKind.MESSAGE_FROM_PERSON, "It was in May.")
    ]
    take_back_case(case_id=case_id, now=NOW)
    with pytest.raises(CaseClosed):
        add_message(case_id=case_id, text="And in June.", now=NOW)
