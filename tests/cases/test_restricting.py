"""What is kept and not used: everything of a person, or what they say is wrong, until the day they were told."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from onloan import clock, ids
from onloan.cases.actions import open_case, record_end
from onloan.cases.answers import Parts
from onloan.cases.desk import answer_case
from onloan.cases.errors import LiftingRefused
from onloan.cases.intake import confirm_address, take_in
from onloan.cases.models import Restriction
from onloan.cases.queries import find_case
from onloan.cases.rectifying import rectify_photo, rectify_username
from onloan.cases.restricting import (
    announce_lifting,
    end_announced,
    end_dispute,
    end_for_erasure,
    end_own,
    find_restriction,
    has_dispute,
    restrict,
    stay_lifting,
)
from onloan.cases.rules import About, Door, EventKind, Kind, Outcome, RestrictionCause
from onloan.cases.timeline import list_events
from onloan.consents.actions import answer_permission
from onloan.consents.errors import ItemDisputed
from onloan.consents.models import Consent
from onloan.errors import NotAllowed, NotFound
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.verify import verify_database
from onloan.outbox.models import Message
from onloan.people.models import Participant
from onloan.people.queries import find_participant, list_disputed
from onloan.uses.actions import decide_use
from onloan.uses.audiences import Asker, decide_audience, prepare_audiences
from tests.consents.world import (
    ALL,
    NAME,
    PAGE_HASH,
    PHOTO,
    WALL,
    Person,
    add_person,
    build_world,
    current_numbers,
)
from tests.joining.support import PERMISSIONS, add_participant, open_market
from tests.people.support import read_mailed_code
from tests.support.offers import make_team
from tests.support.photos import portrait_png

REASONS = "The court has decided that the contest is over, and it cannot be appealed."
CARD = {"purpose": "referral_card", "channel": "invitation_page", "country": "FR"}


def ask(person_id: UUID, kind: Kind = Kind.RESTRICTION, about: About = About.NOTHING) -> UUID:
    return open_case(
        kind=kind, about=about, country="FR", language="fr", door=Door.MY_PAGE, text="It is not mine.",
        participant_id=person_id, now=clock.now(),
    ).case_id  # fmt: skip


def reason_of(person: Person, item: str = "username") -> str:
    return decide_use(participant_id=person.id, items=(item,), **CARD).reason


def is_restricted(person_id: UUID) -> bool:
    found = find_participant(person_id)
    assert found is not None
    return found.restricted_at is not None


def kinds_of(case_id: UUID) -> list[EventKind]:
    return [event.kind for event in list_events(case_id, only_shown=True)]


def allow(person: Person, permission: str) -> None:
    answer_permission(
        participant_id=person.id, permission_id=permission, answer=True, language="en", page_hash=PAGE_HASH,
        now=clock.now(),
    )  # fmt: skip


def noon(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=clock.now().tzinfo) + timedelta(hours=12)


def test_it_is_one_row_that_keeps_its_first_day(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    case_id = ask(ana.id)
    assert reason_of(ana) == "D-FLAG-RESTRICTED"
    assert ask(ana.id) == case_id
    row = Restriction.objects.get()
    assert (row.cause, row.case_id, row.items, row.ended_at) == ("asked", case_id, [], None)
    assert kinds_of(case_id) == [EventKind.RECEIVED, EventKind.RESTRICTED, EventKind.LINKED_DUPLICATE]
    person = find_participant(ana.id)
    assert person is not None
    found = find_restriction(person)
    assert found is not None and found.is_own and found.ends_on is None and found.since == row.since


def test_the_team_ends_it_on_a_day_of_which_the_person_was_told_before(both_databases: str) -> None:
    team, ana = make_team(), add_person(build_world(), ALL)
    case_id, now = ask(ana.id), clock.now()
    for user_id, reasons, error in (
        (team.greg, REASONS, NotAllowed),
        (team.dora, "It is over.", LiftingRefused),
    ):
        with pytest.raises(error):
            announce_lifting(case_id=case_id, user_id=user_id, reasons=reasons, now=now)
    day = announce_lifting(case_id=case_id, user_id=team.dora, reasons=REASONS, now=now)
    assert day == clock.local_day(now, "Europe/Paris") + timedelta(days=7)
    with pytest.raises(LiftingRefused):
        announce_lifting(case_id=case_id, user_id=team.dora, reasons=REASONS, now=now)
    message = Message.objects.get(template="restriction_told")
    assert message.participant_id == ana.id and message.language == "fr"
    assert (message.context["due_on"], message.context["authority"]) == (day.isoformat(), "CNIL")
    assert REASONS not in json.dumps(message.context)
    assert list_events(case_id)[-1].text == REASONS
    assert end_announced(now=noon(day) - timedelta(days=1)) == 0
    assert reason_of(ana) == "D-FLAG-RESTRICTED" and is_restricted(ana.id)
    assert end_announced(now=noon(day)) == 1 and end_announced(now=noon(day)) == 0
    assert not is_restricted(ana.id)
    assert reason_of(ana) == "D-FLAG-RESTRICTED", "what it ended stays ended until it is allowed anew"
    allow(ana, NAME)
    assert reason_of(ana) == ""
    assert kinds_of(case_id)[-2:] == [EventKind.LIFTING_TOLD, EventKind.RESTRICTION_LIFTED]


def test_asking_again_or_a_second_thought_keeps_it(sqlite_database: str) -> None:
    team, ana = make_team(), add_person(build_world(), ALL)
    case_id, now = ask(ana.id), clock.now()
    day = announce_lifting(case_id=case_id, user_id=team.dora, reasons=REASONS, now=now)
    ask(ana.id)
    assert end_announced(now=noon(day)) == 0 and is_restricted(ana.id)
    announce_lifting(case_id=case_id, user_id=team.dora, reasons=REASONS, now=now)
    stay_lifting(case_id=case_id, user_id=team.dora, now=clock.now())
    assert end_announced(now=noon(day)) == 0 and is_restricted(ana.id)
    last = list_events(case_id, only_shown=True)[-1]
    assert last.kind is EventKind.MESSAGE_TO_PERSON and last.text
    with pytest.raises(LiftingRefused):
        stay_lifting(case_id=case_id, user_id=team.dora, now=now)
    with pytest.raises(NotFound):
        announce_lifting(case_id=ids.new_id(), user_id=team.dora, reasons=REASONS, now=now)


def test_a_flag_without_a_row_was_asked_for(sqlite_database: str) -> None:
    team, ana = make_team(), add_person(build_world(), ALL)
    case_id, now = ask(ana.id), clock.now()
    Restriction.objects.all().delete()
    Participant.objects.filter(id=ana.id).update(restricted_at=now - timedelta(days=90))
    announce_lifting(case_id=case_id, user_id=team.dora, reasons=REASONS, now=now)
    row = Restriction.objects.get()
    assert (row.case_id, row.since) == (case_id, now - timedelta(days=90))


def test_an_erasure_restricts_beside_it_and_each_ends_alone(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    erasure = ask(ana.id, Kind.ERASURE)
    restrict(participant_id=ana.id, cause=RestrictionCause.ERASURE, case_id=erasure, now=clock.now())
    assert set(Consent.objects.values_list("end_reason", flat=True)) == {"erased"}
    ask(ana.id)
    person = find_participant(ana.id)
    assert person is not None
    found = find_restriction(person)
    assert found is not None and not found.is_own
    end_for_erasure(participant_id=ana.id, now=clock.now())
    assert is_restricted(ana.id)
    end_own(participant_id=ana.id, now=clock.now())
    assert not is_restricted(ana.id)


def test_what_is_said_to_be_wrong_is_not_shown_and_everything_else_is(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    before = current_numbers(ana.id)
    case_id = ask(ana.id, Kind.RECTIFICATION, About.USERNAME)
    assert reason_of(ana) == "D-FLAG-RESTRICTED" and reason_of(ana, "profile_photo") == ""
    assert set(current_numbers(ana.id)) == {PHOTO}, "a partly hidden name is made from the name"
    assert not is_restricted(ana.id) and list_disputed(ana.id) == {"username"}
    number_entries()
    entries = [entry.read() for entry in log.entries(0, log.read_checkpoint().size)]
    stopped = [(each["consent_number"], each["reason"]) for each in entries if each["kind"] == "consent_stopped"]
    assert stopped == [(number, "restricted") for number in sorted({before[NAME], before[WALL]})]
    assert verify_database().problems == []
    prepare_audiences()
    decision = decide_audience(
        offer_slug="spring-pot", items=("username",), by=Asker(user_id=ids.new_id()), **CARD
    )
    assert decision.audience is None
    for permission in (NAME, WALL):
        with pytest.raises(ItemDisputed):
            allow(ana, permission)
    assert kinds_of(case_id) == [EventKind.RECEIVED, EventKind.RESTRICTED] and has_dispute(case_id)
    end_dispute(case_id=case_id, now=clock.now())
    assert list_disputed(ana.id) == set() and not has_dispute(case_id)
    assert reason_of(ana) == "D-FLAG-RESTRICTED", "nothing is shown before it is allowed anew"
    allow(ana, NAME)
    assert reason_of(ana) == ""
    assert kinds_of(case_id)[-1] is EventKind.RESTRICTION_LIFTED


def test_two_cases_about_one_item_are_settled_by_the_second(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    first, second = (ask(ana.id, Kind.RECTIFICATION, About.USERNAME) for _ in range(2))
    end_dispute(case_id=first, now=clock.now())
    assert list_disputed(ana.id) == {"username"}
    end_dispute(case_id=second, now=clock.now())
    assert list_disputed(ana.id) == set()


def test_whoever_mends_it_themselves_settles_it_at_once(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL, photo=portrait_png(40, 40))
    name, photo = (ask(ana.id, Kind.RECTIFICATION, about) for about in (About.USERNAME, About.PHOTO))
    assert list_disputed(ana.id) == {"username", "profile_photo"}
    rectify_username(participant_id=ana.id, username="Ana B", now=clock.now())
    assert list_disputed(ana.id) == {"profile_photo"}
    rectify_photo(participant_id=ana.id, photo=None, now=clock.now())
    assert list_disputed(ana.id) == set()
    for case_id in (name, photo):
        assert kinds_of(case_id)[-2:] == [EventKind.RECTIFIED, EventKind.RESTRICTION_LIFTED]
    allow(ana, NAME)
    assert reason_of(ana) == ""


@pytest.mark.parametrize("about", [About.EMAIL, About.MONEY, About.OTHER, About.NOTHING])
def test_what_is_shown_to_nobody_stops_nothing(sqlite_database: str, about: About) -> None:
    ana = add_person(build_world(), ALL)
    case_id = ask(ana.id, Kind.RECTIFICATION, about)
    assert reason_of(ana) == "" and list_disputed(ana.id) == set()
    assert not Restriction.objects.exists() and kinds_of(case_id) == [EventKind.RECEIVED]


def test_from_the_public_page_it_counts_with_the_code(sqlite_database: str) -> None:
    ana = add_participant(open_market(), answers=dict.fromkeys(PERMISSIONS, True)).participant_id
    opened = take_in(
        kind=Kind.RECTIFICATION, about=About.USERNAME, country="FR", language="fr", text="It is Anna.",
        email="ana@example.org", now=clock.now(),
    )  # fmt: skip
    assert list_disputed(ana) == set()
    confirm_address(case_id=opened.case_id, email="ana@example.org", code=read_mailed_code(), now=clock.now())
    assert list_disputed(ana) == {"username"} and has_dispute(opened.case_id)


def test_the_answer_settles_it_and_says_so(sqlite_database: str) -> None:
    dora, ana = make_team().dora, add_person(build_world(), ALL)
    case_id = ask(ana.id, Kind.RECTIFICATION, About.USERNAME)
    parts = Parts(
        done="Nous avons comparé, et laissé le nom tel quel.", reasons="C'est celui que vous aviez donné."
    )
    answer_case(case_id=case_id, user_id=dora, outcome=Outcome.REFUSED, parts=parts, now=clock.now())
    assert list_disputed(ana.id) == set()
    assert "affiché de nouveau" in find_case(case_id).answer
    assert kinds_of(case_id)[-2:] == [EventKind.ANSWERED, EventKind.RESTRICTION_LIFTED]
    other = ask(ana.id, Kind.RECTIFICATION, About.USERNAME)
    record_end(case_id=other, user_id=None, outcome=Outcome.TAKEN_BACK, now=clock.now())
    assert list_disputed(ana.id) == set(), "whoever takes it back disputes nothing"


def test_one_cause_restricts_a_person_once(both_databases: str) -> None:
    ana = add_participant(open_market()).participant_id
    row = {"participant_id": ana, "cause": "asked", "items": [], "since": clock.now()}
    Restriction.objects.create(id=ids.new_id(), case_id=ids.new_id(), **row)
    for more in ({"case_id": ids.new_id()}, {"case_id": None}, {"case_id": None, "cause": "disputed"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Restriction.objects.create(id=ids.new_id(), **{**row, **more})
