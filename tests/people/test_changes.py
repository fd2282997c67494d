"""What a person changes is kept with what it was, sealed; an address changes only with a code sent to it."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from onloan import clock
from onloan.evidence.models import QueuedEntry
from onloan.outbox.models import Message
from onloan.people import change_queries, changes
from onloan.people.actions import check_code
from onloan.people.errors import EmailNotConfirmed, EmailTaken, LanguageNotOffered, UsernameNotValid
from onloan.people.models import ItemChange
from onloan.people.queries import find_by_email, find_participant, read_item
from tests.people.support import read_mailed_code
from tests.referrals.support import Campaign, join_as, open_campaign

pytestmark = pytest.mark.usefixtures("sqlite_database")
PHOTO = b"\xff\xd8 a small photo of Ana"


@pytest.fixture
def campaign(sqlite_database: str) -> Campaign:
    return open_campaign(now=clock.now())


@pytest.fixture
def ana(campaign: Campaign) -> UUID:
    return join_as("Ana", campaign, now=clock.now()).participant_id


def confirm(participant_id: UUID, email: str) -> UUID:
    changes.send_change_code(participant_id=participant_id, email=email, now=clock.now())
    code = read_mailed_code()
    return check_code(email=email, code=code, purpose="change", now=clock.now()).code_id


def test_a_name_changes_once_and_its_history_is_sealed(ana: UUID) -> None:
    assert changes.change_username(participant_id=ana, username="Anne", now=clock.now())
    assert not changes.change_username(participant_id=ana, username="  Anne ", now=clock.now())
    with pytest.raises(UsernameNotValid):
        changes.change_username(participant_id=ana, username="www.ana.example", now=clock.now())
    assert read_item(ana, "username") == b"Anne"
    [line] = change_queries.list_changes(ana)
    assert (line.name, line.before, line.is_by_team) == ("username", "Ana", False)
    assert b"Ana" not in bytes(ItemChange.objects.get().sealed_before or b"")
    body = json.loads(bytes(QueuedEntry.objects.order_by("queue_number").last().body))  # type: ignore[union-attr]
    assert (body["kind"], body["items"]) == ("item_changed", ["username"])
    assert "Ana" not in json.dumps(body)


def test_a_photo_that_was_replaced_is_gone(ana: UUID) -> None:
    assert changes.change_photo(participant_id=ana, photo=PHOTO, now=clock.now())
    assert changes.change_photo(participant_id=ana, photo=PHOTO + b"2", now=clock.now())
    assert changes.change_photo(participant_id=ana, photo=None, now=clock.now())
    assert not changes.change_photo(participant_id=ana, photo=None, now=clock.now())
    assert read_item(ana, "profile_photo") is None
    assert [line.before for line in change_queries.list_changes(ana)] == ["", "", ""]


def test_an_address_changes_with_its_code_and_the_old_one_is_told(ana: UUID, campaign: Campaign) -> None:
    code_id = confirm(ana, "anne@people.example")
    assert changes.change_email(participant_id=ana, email="Anne@people.example", code_id=code_id, now=clock.now())
    person = find_participant(ana)
    assert person is not None
    assert find_by_email(person.offer_id, "anne@people.example") == person
    assert find_by_email(person.offer_id, "ana@people.example") is None
    assert read_item(ana, "email") == b"anne@people.example"
    assert Message.objects.filter(template="email_changed").count() == 1
    with pytest.raises(EmailNotConfirmed):
        changes.change_email(participant_id=ana, email="anne@people.example", code_id=code_id, now=clock.now())


def test_an_address_needs_its_own_code_of_the_last_day(ana: UUID) -> None:
    code_id = confirm(ana, "anne@people.example")
    for email, later in (("other@people.example", timedelta(0)), ("anne@people.example", timedelta(hours=25))):
        with pytest.raises(EmailNotConfirmed):
            changes.change_email(participant_id=ana, email=email, code_id=code_id, now=clock.now() + later)
    assert read_item(ana, "email") == b"ana@people.example"


def test_an_address_of_somebody_else_in_the_campaign_is_refused_and_nothing_changes(
    ana: UUID, campaign: Campaign
) -> None:
    join_as("Ben", campaign, now=clock.now())
    code_id = confirm(ana, "ben@people.example")
    with pytest.raises(EmailTaken):
        changes.change_email(participant_id=ana, email="ben@people.example", code_id=code_id, now=clock.now())
    assert read_item(ana, "email") == b"ana@people.example"
    assert not ItemChange.objects.exists()


def test_a_language_is_one_in_which_the_campaign_writes(ana: UUID) -> None:
    with pytest.raises(LanguageNotOffered):
        changes.change_language(participant_id=ana, language="en", now=clock.now())
    assert not changes.change_language(participant_id=ana, language="fr", now=clock.now())
