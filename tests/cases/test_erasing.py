"""Erasure: said beforehand, done whole, never at the cost of what was earned, and again after a restore."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, connections

from onloan import clock
from onloan.cases import erasing
from onloan.cases.erasing import erase_again, finish_erasures, plan_erasure, start_erasure
from onloan.cases.rules import EventKind
from onloan.cases.timeline import list_events
from onloan.errors import NotFound
from onloan.evidence.actions import number_entries
from onloan.evidence.models import EntryLink
from onloan.evidence.verify import verify_database
from onloan.ledger.check import check_balances
from onloan.outbox.models import Message
from onloan.payouts.actions import issue_slip, mark_batch_paid
from onloan.payouts.models import Payable, Payee
from onloan.payouts.queries import find_slip, list_slips
from onloan.people.models import Item, PersonKey
from onloan.people.queries import find_participant, list_by_email, read_item
from onloan.uses.actions import decide_use
from onloan.uses.duties import make_duties
from onloan.uses.models import Notice
from tests.consents.world import ALL, add_person, build_world
from tests.ledger.books import SETTLED, Books, open_books
from tests.payouts.world import LATER, assert_sound, owe, send


def ask(person: UUID) -> UUID:
    return start_erasure(participant_id=person, country="FR", language="en", text="", now=clock.now()).case_id


def test_every_table_about_people_has_a_fate() -> None:
    about_people = {
        model._meta.db_table
        for model in apps.get_models()
        if any(field.name == "participant_id" for field in model._meta.fields)
    }
    named = [table for table, _fate in erasing.STORES]
    assert sorted(named) == sorted(about_people)


def test_nothing_is_left_of_the_person_and_every_proof_holds(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    decide_use(
        participant_id=ana.id, items=("profile_photo",), purpose="winner_wall", channel="winners_page",
        country="FR", recipient="print-shop",
    )  # fmt: skip
    number_entries()
    case_id = ask(ana.id)
    assert plan_erasure(ana.id).is_ready and plan_erasure(ana.id).is_begun
    assert finish_erasures(now=clock.now()) == 1 and finish_erasures(now=clock.now()) == 0
    with pytest.raises(NotFound):
        plan_erasure(ana.id)
    for model in (PersonKey, Item, EntryLink, Message):
        assert not model._default_manager.filter(participant_id=ana.id).exists(), model
        assert model is Message or model._default_manager.filter(participant_id=ben.id).exists()
    assert read_item(ana.id, "username") is None
    person = find_participant(ana.id)
    assert person is not None and person.erased_at is not None
    assert EventKind.ERASED in [event.kind for event in list_events(case_id)]
    number_entries()
    make_duties(now=clock.now())
    assert [row.cause for row in Notice.objects.all()] == ["erased"], "whoever received something is told"
    assert verify_database().problems == []


def test_what_was_written_to_disk_is_gone_from_disk(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL, name="Chloé Durand")
    own = {"participant_id": ana.id}
    sealed = [bytes(row) for row in Item.objects.filter(**own).values_list("ciphertext", flat=True)]
    wrapped = [bytes(row) for row in PersonKey.objects.filter(**own).values_list("wrapped_key", flat=True)]
    files = [Path(str(connection.settings_dict["NAME"]) + ending) for ending in ("", "-wal")]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert all(any(part in path.read_bytes() for path in files if path.exists()) for part in [*sealed, *wrapped])
    ask(ana.id)
    finish_erasures(now=clock.now())
    for part in [*sealed, *wrapped, "Chloé Durand".encode()]:
        assert not any(part in path.read_bytes() for path in files if path.exists())


def owed(books: Books) -> tuple[UUID, UUID]:
    ana = owe(books)
    return ana, Payable.objects.get(participant_id=ana).id


def test_cash_is_paid_first_and_then_it_is_done_by_itself(both_databases: str) -> None:
    books = open_books(pools=1)
    ana, _ = owed(books)
    ask(ana)
    plan = plan_erasure(ana)
    assert plan.cash is not None and plan.cash.written() == "4.00 EUR"
    assert finish_erasures(now=clock.now()) == 0
    assert Payee.objects.filter(participant_id=ana).exists(), "paying needs the account"
    batch_id = send(books)
    assert finish_erasures(now=clock.now()) == 0, "it is under way"
    mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=LATER)
    assert finish_erasures(now=clock.now()) == 1
    assert not Payee.objects.exists()
    assert check_balances() == []
    assert_sound()


def test_a_slip_outlives_its_owner(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana, payable_id = owed(books)
    issue_slip(participant_id=ana, payable_id=payable_id, now=SETTLED)
    (slip,) = list_slips(ana)
    ask(ana)
    assert finish_erasures(now=clock.now()) == 1
    found = find_slip(slip.code)
    assert found is not None and found.amount == slip.amount
    assert check_balances() == []
    assert_sound()


def test_a_restored_backup_forgets_again(sqlite_database: str, tmp_path: Path) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    database = Path(str(connection.settings_dict["NAME"]))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(database, tmp_path / "backup.sqlite3")
    ask(ana.id)
    finish_erasures(now=clock.now())
    token_file = (Path(settings.HOME) / erasing.FILE_NAME).read_text()
    assert ana.id.hex not in token_file and str(ana.id) not in token_file
    connections.close_all()
    for ending in ("", "-wal", "-shm"):
        Path(str(database) + ending).unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "backup.sqlite3", database)
    assert read_item(ana.id, "username") is not None, "the backup brought her back"
    assert erase_again(now=clock.now() + timedelta(minutes=1)) == 1
    assert read_item(ana.id, "username") is None and read_item(ben.id, "username") is not None


def test_nobody_is_found_by_an_address_that_was_erased(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    email = read_item(ana.id, "email")
    ask(ana.id)
    finish_erasures(now=clock.now())
    assert email is None or list_by_email(email.decode()) == []
