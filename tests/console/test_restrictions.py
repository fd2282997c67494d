"""What is stopped stands on the case's page with the acts that belong to it, and goes out only with reasons."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.models import Restriction
from onloan.cases.rules import About, Door, Kind
from onloan.outbox.models import Message
from onloan.people.queries import find_participant, list_suppressed
from tests.console.test_cases import answer
from tests.console.test_reviews import read, signed_in
from tests.joining.support import add_participant, open_market

GROUNDS = "Ten accounts were opened in one hour from one place, and a program alone can compare them."


@pytest.fixture
def dora(sqlite_database: str) -> Client:
    return signed_in("Dora", "dpo")


def ask(person: UUID | None, kind: Kind, about: About = About.NOTHING) -> str:
    case_id = open_case(
        kind=kind, about=about, country="FR", language="fr", text="It is not mine.", now=clock.now(),
        door=Door.STAFF if person is None else Door.MY_PAGE, participant_id=person,
        contact="eva@example.org" if person is None else None,
    ).case_id  # fmt: skip
    return f"/console/requests/{case_id}/"


def press(client: Client, address: str, act: str, **fields: str) -> str:
    response = client.post(f"{address}restriction/", {"act": act, **fields}, follow=True)
    return response.content.decode()


def test_a_restriction_ends_by_its_day_and_may_stay_after_all(dora: Client) -> None:
    case = ask(add_participant(open_market()).participant_id, Kind.RESTRICTION)
    assert "Tell them that it ends" in read(dora, case)
    assert "E-LIFTING" in press(dora, case, "lift", reasons="It is over.")
    page = press(dora, case, "lift", reasons="The last court has decided.")
    assert "the person was told." in page and "It stays after all" in page
    assert Restriction.objects.get().ends_on is not None
    assert Message.objects.filter(template="restriction_told").count() == 1
    assert "It stays, and the person was told." in press(dora, case, "stay")
    assert Restriction.objects.get().ends_on is None
    assert dora.post(f"{case}restriction/", {"act": "erase"}).status_code == 404
    greg = signed_in("Greg", "growth")
    assert greg.post(f"{case}restriction/", {"act": "lift", "reasons": GROUNDS}).status_code == 403


def test_each_objection_says_how_it_ends(dora: Client) -> None:
    ana = add_participant(open_market()).participant_id
    marketing, checks = ask(ana, Kind.OBJECTION, About.MARKETING), ask(ana, Kind.OBJECTION, About.CHECKS)
    page = read(dora, marketing)
    assert "there is nothing to weigh" in page and '<option value="refused"' not in page
    assert "refuse it, with the grounds as reasons" in read(dora, checks)
    typed = {"outcome": "refused", "done": "We looked at your objection.", "reasons": GROUNDS}
    answer(dora, UUID(checks.split("/")[-2]), **typed)
    person = find_participant(ana)
    assert person is not None and person.checks_objected_at is None and person.objected_at is not None


def test_an_address_of_somebody_who_never_joined_is_released_at_their_word(dora: Client) -> None:
    case = ask(None, Kind.OBJECTION, About.MARKETING)
    page = read(dora, case)
    assert "gets no advertising." in page and "Nobody knows yet who asks" not in page
    assert "Their address is noted. Answer that it was done." in page and '<option value="done"' in page
    both = read(dora, ask(None, Kind.OBJECTION))
    assert "Answer that it was done in part." in both and '<option value="done"' not in both
    assert "no advertising goes to it" in both and "What you earned" not in both
    assert list_suppressed(["eva@example.org"])
    assert "may be written to again" in press(dora, case, "release")
    assert not list_suppressed(["eva@example.org"]) and "gets no advertising" not in read(dora, case)


def test_what_is_said_to_be_wrong_is_named_with_what_it_stops(dora: Client) -> None:
    ana = add_participant(open_market()).participant_id
    assert "It is shown to nobody until you answer" in read(dora, ask(ana, Kind.RECTIFICATION, About.USERNAME))
    assert "What nobody disputes is paid as always." in read(dora, ask(ana, Kind.RECTIFICATION, About.MONEY))
    assert "Nothing is stopped by it." in read(dora, ask(ana, Kind.RECTIFICATION, About.EMAIL))
    assert "What is stopped" not in read(dora, ask(ana, Kind.ACCESS))
