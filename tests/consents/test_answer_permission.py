"""Answers, yes and no: what is kept, what is refused, and changing one's mind."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.db import IntegrityError

from onloan import clock, ids
from onloan.consents.actions import Answered, answer_permission, withdraw_permission
from onloan.consents.errors import (
    AllowingClosed,
    AllowingStopped,
    AnswersIncomplete,
    NoAct,
    PermissionUnknown,
    VersionNotShown,
)
from onloan.consents.models import Consent, Receipt
from onloan.consents.queries import list_consents
from onloan.consents.statements import answer_statements
from onloan.db import action, execute
from onloan.errors import NotFound, OnloanError
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.statements import draw_consent_numbers
from onloan.evidence.verify import verify_database
from onloan.offers import models as offers
from onloan.outbox.models import Message
from onloan.people.actions import set_flag
from onloan.uses.actions import decide_use
from tests.consents.world import (
    ALL,
    NAME,
    PAGE_HASH,
    PERMISSIONS,
    PHOTO,
    WALL,
    Person,
    World,
    add_person,
    build_world,
    make_offer,
    make_permission,
    publish,
    set_market_state,
)

MIXED = {NAME: True, PHOTO: False, WALL: False}


def answer(person: Person, permission_id: str, yes: bool, version_id: uuid.UUID | None = None) -> Answered:
    return answer_permission(
        participant_id=person.id, permission_id=permission_id, answer=yes, language="en", page_hash=PAGE_HASH,
        now=clock.now(), version_id=version_id,
    )  # fmt: skip


def states(person: Person) -> dict[str, str]:
    return {consent.permission_id: consent.state for consent in list_consents(person.id)}


def kinds() -> list[str]:
    number_entries()
    return [str(entry.read()["kind"]) for entry in log.entries(0, 1000)]


def test_it_keeps_a_no_like_a_yes(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, MIXED)
    rows = {row.permission_id: row for row in Consent.objects.filter(participant_id=ana.id)}
    assert {name: row.answer for name, row in rows.items()} == MIXED
    assert len({row.number for row in rows.values()}) == 3
    assert rows[NAME].expires_at is not None
    assert rows[PHOTO].expires_at is None
    assert (rows[NAME].items, rows[NAME].channels, rows[NAME].territories) == (
        ["username"], ["invitation_page"], ["FR", "GB"],
    )  # fmt: skip
    receipt = Receipt.objects.get(participant_id=ana.id)
    assert {row.receipt_id for row in rows.values()} == {receipt.id}
    assert (receipt.version_hash, receipt.page_hash, receipt.act) == (
        world.version.file_hash, PAGE_HASH, "join_form",
    )  # fmt: skip
    assert receipt.control_states[NAME] == {"shown": "unset", "sent": "allow"}
    assert receipt.control_states[PHOTO] == {"shown": "unset", "sent": "refuse"}
    assert sorted(kinds()) == ["consent_given", "consent_refused", "consent_refused"]
    given = next(entry for e in log.entries(0, 3) if (entry := e.read())["kind"] == "consent_given")
    last_utc_day = (rows[NAME].expires_at - timedelta(microseconds=1)).date()
    assert given["expires"] == last_utc_day.isoformat()


def try_answers(world: World, answers: Mapping[str, object], act: str) -> None:
    @action
    def write() -> None:
        written = answer_statements(
            participant_id=ids.new_id(), version=world.version, market_id=world.market_ids["FR"], country="FR",
            answers=answers, numbers=draw_consent_numbers(len(answers)), language="en", page_hash=PAGE_HASH,
            act=act, now=clock.now(),
        )  # type: ignore[arg-type]  # fmt: skip
        execute(written.statements)

    write()


REFUSED = [
    ({NAME: True, PHOTO: False}, "join_form", AnswersIncomplete),
    ({}, "join_form", AnswersIncomplete),
    ({**MIXED, "hometown": True}, "join_form", PermissionUnknown),
    ({**MIXED, PHOTO: None}, "join_form", NoAct),
    ({**MIXED, PHOTO: "on"}, "join_form", NoAct),
    ({**MIXED, PHOTO: 1}, "join_form", NoAct),
    (MIXED, "", NoAct),
    (MIXED, "scrolling", NoAct),
    (MIXED, "accepting_terms", NoAct),
]


@pytest.mark.parametrize(("answers", "act", "error"), REFUSED)
def test_it_stores_nothing_without_a_clear_answer(
    both_databases: str, answers: Mapping[str, object], act: str, error: type[OnloanError]
) -> None:
    world = build_world()
    with pytest.raises(error):
        try_answers(world, answers, act)
    assert not Consent.objects.exists()
    assert not Receipt.objects.exists()
    assert number_entries() == 0


def test_it_allows_later_what_was_refused(both_databases: str) -> None:
    ana = add_person(build_world(), MIXED)
    answered = answer(ana, PHOTO, True)
    assert states(ana) == {NAME: "allowed", PHOTO: "allowed", WALL: "refused"}
    assert Receipt.objects.get(id=answered.receipt_id).act == "my_page"
    assert answered.receipt_token != ana.receipt_token
    mail = Message.objects.get(template="receipt")
    assert (mail.participant_id, mail.context["receipt_id"]) == (ana.id, str(answered.receipt_id))
    assert kinds().count("consent_given") == 2


def test_it_allows_again_with_a_new_number_and_a_new_receipt(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    answer(ana, NAME, True)
    numbers = list(
        Consent.objects.filter(participant_id=ana.id, permission_id=NAME).values_list("number", flat=True)
    )
    assert len(set(numbers)) == 2
    assert states(ana)[NAME] == "allowed"
    assert decide_use(
        participant_id=ana.id,
        items=("username",),
        purpose="referral_card",
        channel="invitation_page",
        country="FR",
    ).consent_number == max(numbers)
    number_entries()
    assert verify_database().problems == []


def test_it_allows_again_after_the_last_day(both_databases: str) -> None:
    """No job has ended the old yes; the new one still finds its place."""
    ana = add_person(build_world(), ALL)
    clock.advance(40 * 86_400)
    assert states(ana)[WALL] == "expired"
    answer(ana, WALL, True)
    assert states(ana)[WALL] == "allowed"
    assert set(Consent.objects.filter(permission_id=WALL).values_list("end_reason", flat=True)) == {
        "expired",
        None,
    }
    assert "consent_expired" in kinds()
    assert verify_database().problems == []


def test_it_takes_the_same_answer_once(both_databases: str) -> None:
    ana = add_person(build_world(), MIXED)
    assert answer(ana, NAME, True).receipt_id == ana.receipt_id
    assert answer(ana, PHOTO, False).receipt_id == ana.receipt_id
    first = answer(ana, PHOTO, True)
    assert answer(ana, PHOTO, True) == first
    assert Consent.objects.count() == 4
    assert Message.objects.filter(template="receipt").count() == 1


def test_it_takes_a_no_as_taking_back(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    answer(ana, NAME, False)
    assert states(ana)[NAME] == "refused"
    ended = Consent.objects.get(permission_id=NAME, answer=True)
    assert (ended.end_reason, ended.end_door) == ("withdrawn", "my_page")
    assert kinds()[-2:] == ["consent_withdrawn", "consent_refused"]


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_it_lets_nobody_allow_where_the_campaign_does_not_run(both_databases: str, state: str) -> None:
    world = build_world()
    ana = add_person(world, MIXED)
    set_market_state(world.market_ids["FR"], state)
    with pytest.raises(AllowingClosed):
        answer(ana, PHOTO, True)
    answer(ana, NAME, False)
    assert states(ana) == {NAME: "refused", PHOTO: "refused", WALL: "refused"}


@pytest.mark.parametrize("flag", ["restricted", "objected"])
def test_it_lets_nobody_allow_against_their_own_right(both_databases: str, flag: str) -> None:
    ana = add_person(build_world(), MIXED)
    set_flag(participant_id=ana.id, flag=flag, now=clock.now())  # type: ignore[arg-type]
    with pytest.raises(AllowingStopped):
        answer(ana, PHOTO, True)
    answer(ana, NAME, False)
    assert states(ana)[NAME] == "refused"


def publish_second(world: World) -> uuid.UUID:
    """A second version that asks for the same name in one more place and is now the one of the market."""
    wider = make_permission(NAME, channels=("invitation_page", "shop_app"), term_days=365)
    second = publish(make_offer("spring-pot", (wider, *PERMISSIONS[1:])), number=2)
    offers.Market.objects.filter(id=world.market_ids["FR"]).update(version_id=second.id)
    return second.id


def test_it_answers_the_version_that_was_shown(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, ALL)
    second_id = publish_second(world)
    in_the_app = {"items": ("username",), "purpose": "referral_card", "channel": "shop_app", "country": "FR"}
    assert decide_use(participant_id=ana.id, **in_the_app).reason == "D-CHANNEL"  # type: ignore[arg-type]
    answer(ana, NAME, True, second_id)
    assert decide_use(participant_id=ana.id, **in_the_app).allowed  # type: ignore[arg-type]
    assert set(Consent.objects.filter(permission_id=NAME).values_list("end_reason", flat=True)) == {
        "replaced",
        None,
    }
    assert states(ana)[NAME] == "allowed"
    number_entries()
    assert verify_database().problems == []


def test_it_refuses_a_version_that_nobody_showed(both_databases: str) -> None:
    world = build_world()
    ana = add_person(world, MIXED)
    elsewhere = publish(make_offer("autumn-pot", PERMISSIONS))
    for version_id in (elsewhere.id, uuid.uuid4()):
        with pytest.raises(VersionNotShown):
            answer(ana, PHOTO, True, version_id)
    with pytest.raises(PermissionUnknown):
        answer(ana, "hometown", True)
    with pytest.raises(NoAct):
        answer(ana, PHOTO, "yes")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        answer(Person(uuid.uuid4(), uuid.uuid4(), "FR", uuid.uuid4(), ""), PHOTO, True)
    assert states(ana) == {NAME: "allowed", PHOTO: "refused", WALL: "refused"}


BROKEN_ROWS = [
    {"number": 0},
    {"expires_at": None},
    {"answer": False},
    {"ended_at": "now"},
    {"end_reason": "withdrawn"},
    {"ended_at": "now", "end_reason": "because", "end_door": None},
    {"ended_at": "now", "end_reason": "withdrawn", "end_door": None},
    {"ended_at": "now", "end_reason": "expired", "end_door": "my_page"},
    {"end_door": "my_page"},
]


@pytest.mark.parametrize("change", BROKEN_ROWS)
def test_it_holds_the_invariants_in_the_database(both_databases: str, change: dict[str, object]) -> None:
    ana = add_person(build_world(), MIXED)
    change = {name: clock.now() if value == "now" else value for name, value in change.items()}
    with pytest.raises(IntegrityError):
        Consent.objects.filter(participant_id=ana.id, permission_id=NAME).update(**change)


def test_it_holds_one_live_yes_in_the_database(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    row = Consent.objects.get(participant_id=ana.id, permission_id=NAME)
    row.id, row.number = ids.new_id(), row.number + 1000
    with pytest.raises(IntegrityError):
        row.save(force_insert=True)
