"""The gate on a real database: what it answers, and what is on record before it does."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection

from onloan import clock
from onloan.consents.actions import stop_consents, withdraw_permission
from onloan.consents.models import Receipt
from onloan.errors import BadInput
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.models import LoggedEntry
from onloan.evidence.verify import verify_database
from onloan.offers import models as offers
from onloan.people.actions import remove_photo, set_flag
from onloan.uses.actions import Decision, decide_use, use_items
from onloan.uses.models import Use
from tests.consents.world import (
    ALL,
    NAME,
    NOTHING,
    PHOTO,
    WALL,
    Person,
    add_person,
    build_world,
    current_numbers,
    set_market_state,
)

DAY_SECONDS = 86_400


CARD = {"purpose": "referral_card", "channel": "invitation_page", "country": "FR"}


def ask(person: Person, **changes: object) -> Decision:
    question: dict[str, object] = {"participant_id": person.id, "items": ("username",), **CARD}
    return decide_use(**{**question, **changes})  # type: ignore[arg-type]


def last_entry() -> dict[str, object]:
    number_entries()
    return dict(log.entries(log.read_checkpoint().size - 1, 1)[0].read())


def test_it_allows_and_records_what_was_allowed(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, {NAME: True, PHOTO: False, WALL: False})
    decision = ask(ana)
    number = current_numbers(ana.id)[NAME]
    assert decision.allowed
    assert (decision.reason, decision.sentence, decision.consent_number) == ("", "", number)
    use = Use.objects.get(id=decision.use_id)
    assert (use.participant_id, use.allowed, use.consent_number, use.permission_id) == (ana.id, True, number, NAME)
    assert (use.items, use.purpose, use.channel, use.country) == (
        ["username"], "referral_card", "invitation_page", "FR",
    )  # fmt: skip
    entry = last_entry()
    assert entry.pop("about") != ""
    assert entry.pop("day") == use.decided_at.date().isoformat()
    assert entry == {
        "kind": "use_allowed",
        "offer": "spring-pot",
        "version": world.version.file_hash,
        "market": "FR",
        "permission": NAME,
        "items": ["username"],
        "purpose": "referral_card",
        "channel": "invitation_page",
        "decision": "allow",
        "consent_number": number,
    }


def test_it_denies_and_records_what_was_refused(both_databases: str) -> None:
    ana = add_person(build_world(), NOTHING)
    decision = ask(ana)
    assert not decision.allowed
    assert decision.reason == "D-NO-CONSENT"
    assert decision.sentence == "This person has not allowed this."
    use = Use.objects.get(id=decision.use_id)
    assert (use.allowed, use.reason, use.consent_number) == (False, "D-NO-CONSENT", None)
    entry = last_entry()
    assert (entry["kind"], entry["decision"], entry["reason"]) == ("use_denied", "deny", "D-NO-CONSENT")
    assert "consent_number" not in entry


WALL_QUESTION = {"items": ("username_masked",), "purpose": "winner_wall", "channel": "winners_page"}
MISSING = [
    ({"purpose": "photo_wall"}, "D-PURPOSE"),
    ({"items": ("username_masked",)}, "D-ITEM"),
    ({"items": ("username", "profile_photo")}, "D-ITEM"),
    ({"channel": "shop_app"}, "D-CHANNEL"),
    ({"country": "DE"}, "D-TERRITORY"),
    ({**WALL_QUESTION, "country": "GB"}, "D-TERRITORY"),
    ({"recipient": "print-shop"}, "D-RECIPIENT"),
    ({**WALL_QUESTION, "recipient": "other-shop"}, "D-RECIPIENT"),
]


@pytest.mark.parametrize(("changes", "reason"), MISSING)
def test_it_denies_what_no_consent_covers(both_databases: str, changes: dict[str, object], reason: str) -> None:
    ana = add_person(build_world(), ALL)
    assert ask(ana, **changes).reason == reason
    assert last_entry()["reason"] == reason


def test_it_allows_each_element_that_was_named(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    assert ask(ana, country="GB").allowed
    assert ask(ana, items=("profile_photo",)).allowed
    assert ask(ana, **WALL_QUESTION).allowed
    assert ask(ana, **WALL_QUESTION, recipient="print-shop").allowed
    assert ask(
        ana, **{**WALL_QUESTION, "items": ("profile_photo", "username_masked"), "channel": "shop_app"}
    ).allowed
    number_entries()
    assert verify_database().problems == []


def test_it_denies_after_a_withdrawal(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    assert ask(ana).reason == "D-WITHDRAWN"
    assert ask(ana, items=("profile_photo",)).allowed


def test_it_denies_after_the_last_day_without_any_job(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    clock.advance(29 * DAY_SECONDS)
    assert ask(ana, **WALL_QUESTION).allowed
    clock.advance(3 * DAY_SECONDS)
    assert ask(ana, **WALL_QUESTION).reason == "D-EXPIRED"
    assert ask(ana).allowed


@pytest.mark.parametrize(
    ("flag", "reason"), [("restricted", "D-FLAG-RESTRICTED"), ("objected", "D-FLAG-OBJECTED")]
)
def test_it_denies_everything_after_a_flag(both_databases: str, flag: str, reason: str) -> None:
    ana = add_person(build_world(), ALL)
    set_flag(participant_id=ana.id, flag=flag, now=clock.now())  # type: ignore[arg-type]
    assert ask(ana).reason == reason
    stop_consents(participant_id=ana.id, reason=flag, now=clock.now())
    assert ask(ana, **WALL_QUESTION).reason == reason


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_it_denies_where_the_campaign_does_not_run(both_databases: str, state: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, country="GB", name="Ben")
    set_market_state(world.market_ids["FR"], state)
    assert ask(ana).reason == "D-MARKET"
    assert ask(ana, country="GB").reason == "D-MARKET", "Ana joined where it is stopped"
    assert ask(ben, country="FR").reason == "D-MARKET", "it would be shown where it is stopped"
    assert ask(ben, country="GB").allowed


def test_it_denies_after_the_closing_date_without_any_job(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    offers.Market.objects.filter(id=world.market_ids["FR"]).update(closes_at=clock.now() - timedelta(seconds=1))
    assert ask(ana).reason == "D-MARKET"


def test_it_denies_without_a_receipt(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    Receipt.objects.filter(participant_id=ana.id).delete()
    assert ask(ana).reason == "D-NO-RECEIPT"


def test_it_records_nothing_about_nobody(both_databases: str) -> None:
    build_world()
    nobody = Person(uuid.uuid4(), uuid.uuid4(), "FR", uuid.uuid4(), "")
    decision = ask(nobody)
    assert (decision.allowed, decision.reason, decision.use_id) == (False, "D-NO-CONSENT", None)
    assert not Use.objects.exists()
    assert number_entries() == 0


BAD = [
    ({"items": ()}, "items"),
    ({"items": ("username", "username")}, "items"),
    ({"items": ("voice",)}, "items"),
    ({"items": ("username",) * 9}, "items"),
    ({"purpose": "anything lawful"}, "purpose"),
    ({"channel": "any_media"}, "channel"),
    ({"country": "fr"}, "country"),
    ({"country": "FRA"}, "country"),
    ({"country": "FR\n"}, "country"),
    ({"recipient": "Ana Exemple <ana@post.example>"}, "recipient"),
    ({"recipient": "x" * 65}, "recipient"),
    ({"recipient": ""}, "recipient"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
def test_it_refuses_words_outside_the_vocabularies(
    sqlite_database: str, changes: dict[str, object], field: str
) -> None:
    ana = add_person(build_world(), ALL)
    with pytest.raises(BadInput) as refused:
        ask(ana, **changes)
    assert refused.value.field == field
    assert not Use.objects.exists()


def test_it_gives_the_sequencer_a_turn_before_it_calls_the_log_down(both_databases: str) -> None:
    """Nobody sits in the seat here and the first entries are eleven seconds old: the gate has them numbered."""
    ana = add_person(build_world(), ALL)
    clock.advance(11)
    assert log.is_log_down(clock.now())
    assert ask(ana).allowed
    assert LoggedEntry.objects.count() == 3


def test_it_denies_while_the_log_has_stopped(both_databases: str) -> None:
    """A log that lost its end numbers nothing any more; the gate says no, and still writes that down."""
    ana = add_person(build_world(), ALL)
    number_entries()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_state SET size = size + 1, hashes = %s", [b""])
    assert ask(ana).allowed, "nothing waits for a number yet"
    clock.advance(11)
    decision = ask(ana)
    assert (decision.allowed, decision.reason) == (False, "D-LOG-DOWN")
    assert Use.objects.filter(allowed=False, reason="D-LOG-DOWN").count() == 1


@pytest.mark.parametrize("table", ["evidence_queue", "uses_use", "consents_consent"])
def test_it_denies_what_it_cannot_record(both_databases: str, table: str) -> None:
    ana = add_person(build_world(), ALL)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
    decision = ask(ana)
    assert (decision.allowed, decision.reason, decision.use_id) == (False, "D-LOG-DOWN", None)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE away RENAME TO {table}")
    assert not Use.objects.exists(), "half a record is none"
    assert ask(ana).allowed


def test_it_decides_on_a_new_connection_after_the_old_one_broke(postgresql_database: str) -> None:
    ana = add_person(build_world(), ALL)
    connection.ensure_connection()
    connection.connection.close()
    assert ask(ana).reason == "D-LOG-DOWN"
    assert ask(ana).allowed


def test_it_refuses_to_answer_inside_a_transaction(both_databases: str) -> None:
    """The caller's rollback would take the record with it."""
    from django.db import transaction

    ana = add_person(build_world(), ALL)
    with transaction.atomic(), pytest.raises(AssertionError):
        ask(ana)


def test_it_opens_items_only_after_a_yes(both_databases: str) -> None:
    ana = add_person(build_world(), {NAME: True, PHOTO: False, WALL: True}, name="Chloé")
    question = {
        "participant_id": ana.id,
        "purpose": "referral_card",
        "channel": "invitation_page",
        "country": "FR",
    }
    shown = use_items(items=("username",), **question)  # type: ignore[arg-type]
    assert shown.decision.allowed
    assert shown.values == {"username": "Chloé".encode()}
    hidden = use_items(items=("profile_photo",), **question)  # type: ignore[arg-type]
    assert not hidden.decision.allowed
    assert hidden.values == {}


def test_it_hides_the_name_where_only_part_of_it_was_allowed(both_databases: str) -> None:
    ana = add_person(build_world(), ALL, name="Chloé")
    used = use_items(
        participant_id=ana.id,
        items=("username_masked", "profile_photo"),
        purpose="winner_wall",
        channel="winners_page",
        country="FR",
    )
    assert used.values.keys() == {"username_masked", "profile_photo"}
    assert "Chloé" not in used.values["username_masked"].decode()
    assert used.values["username_masked"].decode().startswith("C•••")
    assert used.values["profile_photo"].startswith(b"\xff\xd8")


def test_it_leaves_out_what_the_person_never_gave(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    remove_photo(participant_id=ana.id)
    question = {
        "participant_id": ana.id,
        "purpose": "referral_card",
        "channel": "invitation_page",
        "country": "FR",
    }
    used = use_items(items=("profile_photo",), **question)  # type: ignore[arg-type]
    assert used.decision.allowed
    assert used.values == {}


def test_it_never_decides_earlier_than_the_answer(both_databases: str) -> None:
    """The clock of the machine where Ana answered ran a minute ahead; the log still reads in order."""
    ana = add_person(build_world(), ALL, at=clock.now() + timedelta(minutes=1))
    decision = ask(ana)
    assert decision.allowed
    use = Use.objects.get(id=decision.use_id)
    assert use.decided_at >= clock.now() + timedelta(seconds=30)
