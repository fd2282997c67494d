"""Whoever has no account comes back to their request with its number and a code, and nobody else does."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.clocks import Pause
from onloan.cases.desk import pause_case, read_email
from onloan.cases.erasure_rules import GRACE
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.errors import CaseClosed, FollowNobody
from onloan.cases.following import add_message, ask_to_follow, find_followed
from onloan.cases.models import Case
from onloan.cases.queries import find_case
from onloan.cases.rectifying import rectify_email
from onloan.cases.rules import Door, EventKind, Kind
from onloan.cases.sealing import contact_hash, seal_contact
from onloan.cases.taking_back import take_back_case
from onloan.cases.timeline import list_events
from onloan.outbox.models import Message
from onloan.people.actions import check_code
from onloan.people.changes import send_change_code
from onloan.people.errors import CodeNotValid
from onloan.people.queries import is_alive
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


def move(participant_id: UUID, email: str) -> None:
    """To another mailbox, whose code they typed."""
    send_change_code(participant_id=participant_id, email=email, now=NOW)
    verified = check_code(email=email, code=read_mailed_code(), purpose="change", now=NOW)
    assert rectify_email(participant_id=participant_id, email=email, code_id=verified.code_id, now=NOW)


@pytest.mark.parametrize("door", [Door.MY_PAGE, Door.API])
def test_an_old_mailbox_reads_nothing_that_was_asked_on_their_page(sqlite_database: str, door: Door) -> None:
    """Nor one of a case that keeps it although it was changed before this release."""
    ana = add_participant(open_market()).participant_id
    opened = open_case(
        kind=Kind.ERASURE, country="FR", language="en", door=door, text="My words.", participant_id=ana, now=NOW
    )
    move(ana, "new@example.org")
    with pytest.raises(FollowNobody):
        follow(opened.reference, "ana@example.org")
    assert follow(opened.reference, "new@example.org") == opened.case_id
    row = Case.objects.get()
    assert read_email(row) == "new@example.org", "the answer finds them afterwards, where they are now"
    Case.objects.update(
        sealed_contact=seal_contact(row.id, "ana@example.org"), contact_hash=contact_hash("ana@example.org")
    )
    with pytest.raises(FollowNobody):
        follow(opened.reference, "ana@example.org")
    finish_erasures(now=NOW + GRACE[door] + timedelta(minutes=1))
    assert not is_alive(ana)
    assert follow(opened.reference, "ana@example.org") == opened.case_id, "then the case has nothing else"


def test_the_first_word_after_a_question_is_mailed_to_the_team_once(sqlite_database: str) -> None:
    dora = open_market().team.dora
    opened = open_case(
        kind=Kind.ACCESS, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="",
        contact="chloe@example.org", now=NOW,
    )  # fmt: skip
    add_message(case_id=opened.case_id, text="Please hurry.", now=NOW)
    words = "With which address did you join us?"
    later = NOW + timedelta(days=1)
    pause_case(case_id=opened.case_id, user_id=dora, pause=Pause.IDENTITY, question=words, reason=words, now=later)
    assert find_case(opened.case_id).replied_at is None
    for hours, text in enumerate(("With this one.", "With this one.", "And with an older one."), start=1):
        add_message(case_id=opened.case_id, text=text, now=later + timedelta(minutes=hours))
    (mail,) = Message.objects.filter(template="case_replied")
    assert mail.context == {"case_reference": opened.reference}
    assert find_case(opened.case_id).replied_at == later + timedelta(minutes=1)
