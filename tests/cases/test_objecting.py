"""An objection to advertising and one to checks are two rights: each acts at its commit, and on its own only."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from onloan import clock, ids
from onloan.cases import actions
from onloan.cases.actions import OpenedCase
from onloan.cases.answers import Parts
from onloan.cases.desk import answer_case, compose_answer
from onloan.cases.errors import AnswerIncomplete, ObjectionStands
from onloan.cases.intake import confirm_address, take_in
from onloan.cases.models import Case
from onloan.cases.rules import About, Door, EventKind, Kind, Outcome
from onloan.cases.timeline import list_events
from onloan.consents.models import Consent
from onloan.errors import BadInput
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.outbox.actions import add_endpoint
from onloan.outbox.models import Message
from onloan.people.actions import normalize_email
from onloan.people.changes import change_email
from onloan.people.models import EmailCode, Suppression
from onloan.people.queries import find_participant, list_suppressed, read_item
from onloan.people.sealing import email_code_hash
from onloan.referrals.asking import ask_to_look, find_humans_only
from onloan.uses.actions import decide_use
from onloan.uses.audiences import Asker, decide_audience, prepare_audiences
from onloan.uses.queries import is_use_live
from tests.consents.world import ALL, Person, add_person, build_world, current_numbers
from tests.joining.support import add_participant, open_market
from tests.people.support import read_mailed_code
from tests.support.offers import make_team

CARD = {"purpose": "referral_card", "channel": "invitation_page", "country": "FR"}


def object_to(person: Person, about: About, text: str = "") -> OpenedCase:
    return actions.open_case(
        kind=Kind.OBJECTION, about=about, country="FR", language="en", door=Door.MY_PAGE, text=text,
        participant_id=person.id, now=clock.now(),
    )  # fmt: skip


def reason_of(person: Person) -> str:
    return decide_use(participant_id=person.id, items=("username",), **CARD).reason


def count_audience() -> int:
    prepare_audiences()
    by = Asker(user_id=ids.new_id())
    decision = decide_audience(offer_slug="spring-pot", items=("username",), by=by, **CARD)
    return 0 if decision.audience is None else decision.audience.count


def address_of(person: Person) -> str:
    return normalize_email((read_item(person.id, "email") or b"").decode())


def read_stops() -> list[tuple[object, object]]:
    """What a stranger reads of stopped consents: their numbers and why."""
    number_entries()
    entries = [entry.read() for entry in log.entries(0, log.read_checkpoint().size)]
    return [(each["consent_number"], each["reason"]) for each in entries if each["kind"] == "consent_stopped"]


def test_advertising_stops_at_the_commit_and_checks_go_on(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    shown = decide_use(participant_id=ana.id, items=("username",), **CARD)
    assert is_use_live(shown.use_id) and count_audience() == 2
    numbers = set(current_numbers(ana.id).values())
    opened = object_to(ana, About.MARKETING)
    assert reason_of(ana) == "D-FLAG-OBJECTED" and reason_of(ben) == ""
    assert not is_use_live(shown.use_id), "its address answers 410"
    assert count_audience() == 1
    assert set(Consent.objects.filter(participant_id=ana.id).values_list("end_reason", flat=True)) == {"objected"}
    assert read_stops() == [(number, "objected") for number in sorted(numbers)]
    person = find_participant(ana.id)
    assert person is not None and person.checks_objected_at is None
    assert ask_to_look([ana.id]) == {ana.id} and find_humans_only([ana.id]) == set()
    assert list_suppressed([address_of(ana), address_of(ben)]) == {address_of(ana)}
    assert [event.kind for event in list_events(opened.case_id)] == [EventKind.RECEIVED, EventKind.RESTRICTED]


def test_checks_go_to_a_human_and_what_was_allowed_stays_allowed(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    object_to(ana, About.CHECKS)
    assert reason_of(ana) == "" and count_audience() == 1
    assert ask_to_look([ana.id]) == set() and find_humans_only([ana.id]) == {ana.id}
    assert not Suppression.objects.exists()
    person = find_participant(ana.id)
    assert person is not None and person.objected_at is None


def test_whoever_does_not_say_to_what_objects_to_both_and_each_is_asked_once(sqlite_database: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    add_endpoint(url="https://shop.example/onloan", events=["case.opened"], now=clock.now())
    both = object_to(ana, About.NOTHING)
    assert reason_of(ana) == "D-FLAG-OBJECTED" and find_humans_only([ana.id]) == {ana.id}
    assert object_to(ana, About.NOTHING).case_id == both.case_id
    cases = [object_to(ben, about).case_id for about in (About.MARKETING, About.CHECKS, About.MARKETING)]
    assert cases[0] == cases[2] != cases[1]
    told = Message.objects.filter(kind="webhook").order_by("id").values_list("context", flat=True)
    assert [payload.get("about") for payload in told] == [None, "marketing", "checks"]
    with pytest.raises(BadInput):
        actions.open_case(
            kind=Kind.ACCESS, about=About.MARKETING, country="FR", language="en", door=Door.MY_PAGE, text="",
            participant_id=ana.id, now=clock.now(),
        )  # fmt: skip


def write_in(about: About, email: str, **more: str) -> OpenedCase:
    return take_in(
        kind=Kind.OBJECTION,
        about=about,
        country="FR",
        language="fr",
        text="",
        email=email,
        now=clock.now(),
        **more,
    )


def test_whoever_never_joined_is_never_written_to_once_the_address_is_theirs(both_databases: str) -> None:
    for about, email, more in (
        (About.MARKETING, "eva@example.org", {}),
        (About.CHECKS, "fred@example.org", {}),
        (About.NOTHING, "gina@example.org", {"representative": "Maître Hugo"}),
    ):
        opened = write_in(about, email, **more)
        assert list_suppressed([email]) == set(), "nothing is done before the code"
        confirm_address(case_id=opened.case_id, email=email, code=read_mailed_code(), now=clock.now())
    asked = ["eva@example.org", "fred@example.org", "gina@example.org", "hal@example.org"]
    assert list_suppressed(asked) == {"eva@example.org"}
    assert "eva" not in repr(list(Suppression.objects.values()))
    actions.open_case(
        kind=Kind.OBJECTION, country="FR", language="fr", door=Door.STAFF, text="", contact="hal@example.org",
        now=clock.now(),
    )  # fmt: skip
    assert list_suppressed(asked) == {"eva@example.org", "hal@example.org"}


def test_from_the_public_page_it_acts_in_every_campaign_and_follows_a_new_address(sqlite_database: str) -> None:
    people = [add_participant(open_market(slug=slug)).participant_id for slug in ("spring-pot", "autumn-pot")]
    opened = write_in(About.MARKETING, "ana@example.org")
    confirm_address(case_id=opened.case_id, email="ana@example.org", code=read_mailed_code(), now=clock.now())
    found = [find_participant(person) for person in people]
    assert all(person is not None and person.objected_at and not person.checks_objected_at for person in found)
    assert set(Case.objects.values_list("about", "participant_id")) == {("marketing", person) for person in people}
    code_id = ids.new_id()
    EmailCode.objects.create(
        id=code_id, email_hash=email_code_hash("new@example.org"), purpose="change", code_hash="0" * 64,
        attempts=0, expires_at=clock.now(), verified_at=clock.now(), created_at=clock.now(),
    )  # fmt: skip
    change_email(participant_id=people[0], email="new@example.org", code_id=code_id, now=clock.now())
    assert list_suppressed(["new@example.org"]) == {"new@example.org"}


GROUNDS = "Ten accounts were opened in one hour from one place, and a program alone can compare them."
DONE = Parts(done="We looked at your objection and at your rewards.", reasons=GROUNDS)


def test_only_compelling_grounds_in_writing_end_it_and_never_the_one_to_advertising(sqlite_database: str) -> None:
    world, dora = build_world(), make_team().dora
    ana, ben, chloe = (add_person(world, ALL, name=name) for name in ("Ana", "Ben", "Chloe"))
    marketing, checks, both = (
        object_to(person, about).case_id
        for person, about in ((ana, About.MARKETING), (ben, About.CHECKS), (chloe, About.NOTHING))
    )

    def answer(case_id: UUID, outcome: Outcome, parts: Parts = DONE) -> str:
        text = compose_answer(case_id=case_id, outcome=outcome, parts=parts, now=clock.now())
        answer_case(case_id=case_id, user_id=dora, outcome=outcome, parts=parts, now=clock.now())
        return text

    for case_id, outcome in (
        (marketing, Outcome.REFUSED),
        (marketing, Outcome.PARTLY_DONE),
        (both, Outcome.REFUSED),
    ):
        with pytest.raises(ObjectionStands):
            answer(case_id, outcome)
        with pytest.raises(ObjectionStands):
            actions.close_case(case_id=case_id, user_id=dora, outcome=outcome, now=clock.now())
    with pytest.raises(AnswerIncomplete):
        answer(checks, Outcome.REFUSED, replace(DONE, reasons="It is needed."))
    assert find_humans_only([ben.id, chloe.id]) == {ben.id, chloe.id}
    for case_id, outcome in ((checks, Outcome.REFUSED), (both, Outcome.PARTLY_DONE)):
        text = answer(case_id, outcome)
        assert GROUNDS in text and "a program looks at your rewards again" in text and "cnil.fr" in text
        assert list_events(case_id, only_shown=True)[-1].kind is EventKind.RESTRICTION_LIFTED
    assert find_humans_only([ben.id, chloe.id]) == set()
    assert reason_of(chloe) == "D-FLAG-OBJECTED" and list_suppressed([address_of(chloe)])
    assert "program" not in answer(marketing, Outcome.DONE, Parts(done=DONE.done))
    assert reason_of(ana) == "D-FLAG-OBJECTED"
    object_to(ben, About.CHECKS)
    assert find_humans_only([ben.id]) == {ben.id}, "nobody's second objection is worth less"
