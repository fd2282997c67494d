"""What a person gave lies sealed under a key of their own."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, connection, transaction

from onloan import clock, db, ids
from onloan.errors import NotFound
from onloan.people import actions, changes, queries, statements
from onloan.people.errors import UsernameNotValid
from onloan.people.models import CodeLookup, Item, Participant, PersonKey
from tests.people.support import add_person, new_person, write_person

OFFER = uuid4()
PHOTO = b"\xff\xd8 a small photo of Ana"


@pytest.fixture
def ana(both_databases: str) -> UUID:
    return add_person(offer_id=OFFER, email="ana@example.org", photo=PHOTO).id


def test_it_reads_back_what_was_given(ana: UUID) -> None:
    assert queries.read_items(ana, ["email", "username", "profile_photo"]) == {
        "email": b"ana@example.org",
        "username": b"Ana Martin",
        "profile_photo": PHOTO,
    }
    assert queries.read_item(uuid4(), "email") is None
    assert queries.list_item_names(ana) == ["email", "profile_photo", "username"]


def test_it_leaves_nothing_readable_in_the_database_file(sqlite_database: str) -> None:
    add_person(offer_id=OFFER, email="ana@example.org", photo=PHOTO)
    actions.send_code(
        email="ana@example.org", offer_id=OFFER, market_id=None, purpose="join", language="en", now=clock.now()
    )
    connection.close()
    path = Path(sqlite_database.removeprefix("sqlite:///"))
    stored = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert len(stored) > 10_000
    for secret in (b"ana@example.org", b"Ana Martin", PHOTO):
        assert secret not in stored and secret.hex().encode() not in stored


def test_it_opens_nothing_without_the_persons_key(ana: UUID) -> None:
    PersonKey.objects.filter(participant_id=ana).delete()
    assert queries.read_item(ana, "email") is None


def test_it_opens_nothing_that_was_moved_to_another_row(ana: UUID) -> None:
    ben = add_person(offer_id=OFFER, email="ben@example.org").id
    moved = Item.objects.get(participant_id=ana, name="username").ciphertext
    Item.objects.filter(participant_id=ben, name="username").update(ciphertext=moved)
    with pytest.raises(InvalidTag):
        queries.read_item(ben, "username")
    Item.objects.filter(participant_id=ana, name="email").update(ciphertext=moved)
    with pytest.raises(InvalidTag):
        queries.read_item(ana, "email")


def test_it_changes_the_name_and_the_photo(ana: UUID) -> None:
    now = clock.now()
    changes.change_username(participant_id=ana, username="  Ana  B ", now=now)
    changes.change_photo(participant_id=ana, photo=b"\xff\xd8 another", now=now)
    assert queries.read_item(ana, "username") == b"Ana B"
    assert queries.read_item(ana, "profile_photo") == b"\xff\xd8 another"
    actions.remove_photo(participant_id=ana)
    assert queries.read_item(ana, "profile_photo") is None
    with pytest.raises(UsernameNotValid):
        changes.change_username(participant_id=ana, username="<b>", now=now)
    assert queries.read_item(ana, "username") == b"Ana B"
    with pytest.raises(NotFound):
        changes.change_username(participant_id=uuid4(), username="Nobody", now=now)


def test_it_finds_a_person_by_what_they_know_and_by_nothing_else(ana: UUID) -> None:
    found = queries.find_by_email(OFFER, "ana@example.org")
    assert found is not None and found.id == ana
    assert queries.find_by_email(uuid4(), "ana@example.org") is None
    assert queries.find_by_public_id(found.public_id.lower()) == found
    for wrong in ("", "p", found.public_id[1:], "x" + found.public_id[1:], found.public_id[:-1], "p" * 5_000):
        assert queries.find_by_public_id(wrong) is None
    assert queries.find_participant(uuid4()) is None
    assert found.public_id not in repr(list(CodeLookup.objects.values()))


def test_it_lets_an_address_join_an_offer_once(ana: UUID) -> None:
    with pytest.raises(IntegrityError, match="people_email_lookup"):
        write_person(new_person(offer_id=OFFER, email="ana@example.org"))
    assert Participant.objects.count() == 1 and PersonKey.objects.count() == 1
    write_person(new_person(offer_id=uuid4(), email="ana@example.org"))


def test_it_counts_people_by_market(ana: UUID) -> None:
    person = queries.find_participant(ana)
    assert person is not None
    elsewhere = uuid4()
    assert queries.count_joined([person.market_id, elsewhere]) == {person.market_id: 1, elsewhere: 0}


def test_it_keeps_the_first_date_of_a_flag_and_lifts_it(ana: UUID) -> None:
    first = clock.now()
    actions.set_flag(participant_id=ana, flag="restricted", now=first)
    actions.set_flag(participant_id=ana, flag="restricted", now=clock.now())
    person = queries.find_participant(ana)
    assert person is not None and person.restricted_at == first and person.objected_at is None
    actions.lift_flag(participant_id=ana, flag="restricted")
    person = queries.find_participant(ana)
    assert person is not None and person.restricted_at is None


def test_it_releases_a_pot_once(ana: UUID) -> None:
    now = clock.now()
    version_id = Participant.objects.values_list("version_id", flat=True).get()
    later = now + timedelta(days=40)

    def ended(before: datetime, version_id: UUID = version_id) -> list[UUID]:
        return queries.list_ended_windows(version_id=version_id, ended_before=before, limit=10)

    assert ended(now) == []
    assert ended(later) == [ana] and ended(later, uuid4()) == []
    actions.mark_pot_released(participant_id=ana, now=now)
    assert ended(later) == []


@pytest.mark.parametrize(
    "change",
    [{"over_18": False}, {"window_ends_at": clock.now().replace(year=2020)}, {"has_pot": False}],
    ids=["a minor", "a window that ends before it begins", "a release without a pot"],
)
def test_it_is_held_to_its_invariants_by_the_database(ana: UUID, change: dict[str, object]) -> None:
    actions.mark_pot_released(participant_id=ana, now=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Participant.objects.filter(id=ana).update(**change)


def test_it_knows_a_closed_set_of_items(ana: UUID) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Item.objects.create(id=ids.new_id(), participant_id=ana, name="voice", ciphertext=b"x")
    with pytest.raises(AssertionError):
        queries.read_items(ana, ["voice"])


def test_it_locks_only_people_who_exist_and_only_inside_an_action(ana: UUID) -> None:
    lock = db.action(statements.lock_participant)
    lock(ana)
    with pytest.raises(NotFound):
        lock(uuid4())
    with pytest.raises(AssertionError):
        statements.lock_participant(ana)
