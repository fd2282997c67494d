"""The public page's code says who asks; asking again keeps the first day; nothing locks the real person out."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from onloan import clock, ids, keys
from onloan.cases import rates
from onloan.cases.actions import OpenedCase, close_case, open_case
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.errors import TooManyCases
from onloan.cases.identifying import identify_case, separate_case
from onloan.cases.intake import confirm_address, send_new_code, take_in
from onloan.cases.models import Case, CaseEvent, Erasure
from onloan.cases.queries import find_case, list_cases_of
from onloan.cases.queue_queries import Tab, read_queue
from onloan.cases.rates import CASES_PER_DAY_MAX
from onloan.cases.rules import Door, EventKind, Kind, Outcome
from onloan.cases.step_rules import Step
from onloan.cases.timeline import list_events
from onloan.errors import NotFound
from onloan.outbox.actions import add_endpoint
from onloan.outbox.models import Message
from onloan.outbox.statements import seal_about
from onloan.people.actions import check_code, send_code
from onloan.people.codes import CODES_PER_HOUR_MAX
from onloan.people.errors import CodeNotValid
from onloan.people.models import EmailCode
from onloan.people.queries import find_participant, is_alive
from tests.joining.support import add_participant, open_market
from tests.support.at_once import at_once

ANA = "ana@example.org"


def ask(kind: Kind = Kind.RESTRICTION, email: str = ANA, **changes: str) -> OpenedCase:
    return take_in(kind=kind, country="FR", language="fr", email=email, now=clock.now(), **{"text": "", **changes})


def ask_on_own_page(participant_id: UUID, kind: Kind = Kind.ACCESS, text: str = "") -> OpenedCase:
    return open_case(
        kind=kind, country="FR", language="fr", door=Door.MY_PAGE, text=text, participant_id=participant_id,
        now=clock.now(),
    )  # fmt: skip


def mailed_code() -> str:
    code = read_code(Message.objects.latest("id"))
    assert code is not None
    return code


def read_code(message: Message) -> str | None:
    if message.sealed_context is None:
        return None
    plain = keys.unseal(keys.derive_key("outbox"), bytes(message.sealed_context), seal_about(message.id))
    return plain.decode().split('"code": "')[1].split('"')[0]


def confirm(opened: OpenedCase, email: str = ANA, code: str | None = None) -> None:
    confirm_address(case_id=opened.case_id, email=email, code=code or mailed_code(), now=clock.now())


def event_kinds(opened: OpenedCase) -> list[EventKind]:
    return [event.kind for event in list_events(opened.case_id)]


def is_restricted(participant_id: UUID) -> bool:
    found = find_participant(participant_id)
    assert found is not None
    return found.restricted_at is not None


def test_it_ties_a_request_to_whoever_confirms_the_address(both_databases: str) -> None:
    ana = add_participant(open_market()).participant_id
    opened = ask()
    assert list_cases_of(ana) == [] and not is_restricted(ana)
    confirm(opened)
    assert [line.id for line in list_cases_of(ana)] == [opened.case_id] and is_restricted(ana)
    assert event_kinds(opened) == [EventKind.RECEIVED, EventKind.ADDRESS_CONFIRMED, EventKind.RESTRICTED]


def test_it_takes_in_a_stranger_alike_and_ties_nobody(sqlite_database: str) -> None:
    ana = add_participant(open_market()).participant_id
    opened = ask(email="chloe@example.org")
    confirm(opened, "chloe@example.org")
    assert find_case(opened.case_id).line.participant_id is None and not is_restricted(ana)
    assert event_kinds(opened) == [EventKind.RECEIVED, EventKind.ADDRESS_CONFIRMED]


def test_it_needs_the_code_of_the_same_address(sqlite_database: str) -> None:
    ana = add_participant(open_market()).participant_id
    opened = ask()
    with pytest.raises(CodeNotValid):
        confirm(opened, code="000000" if mailed_code() != "000000" else "111111")
    ask(email="chloe@example.org")
    with pytest.raises(NotFound):
        confirm(opened, "chloe@example.org")
    assert list_cases_of(ana) == [] and not is_restricted(ana)


def test_it_identifies_nobody_by_a_representative(sqlite_database: str) -> None:
    ana = add_participant(open_market()).participant_id
    opened = ask(representative=" Maître Vidal ")
    confirm(opened)
    assert find_case(opened.case_id).representative == "Maître Vidal"
    assert list_cases_of(ana) == [] and not is_restricted(ana)
    assert b"Vidal" not in repr(list(Case.objects.values())).encode()


def test_it_sends_one_mail_that_carries_the_code(both_databases: str) -> None:
    add_participant(open_market())
    Message.objects.all().delete()
    assert ask().code_id and ask(email="nobody@example.org").code_id
    known, unknown = Message.objects.order_by("id")
    assert read_code(known) != read_code(unknown)
    for message in (known, unknown):
        assert (message.template, message.participant_id) == ("case_acknowledged", None)
        assert message.context["expires_minutes"] == 10 and "code" not in message.context
    assert known.context.keys() == unknown.context.keys()
    assert EmailCode.objects.count() == 2


def test_it_counts_without_a_code_and_when_no_code_can_be_sent(both_databases: str) -> None:
    opened = [ask() for _ in range(CODES_PER_HOUR_MAX + 1)]
    assert [one.code_id is not None for one in opened] == [True] * CODES_PER_HOUR_MAX + [False]
    assert Case.objects.count() == CODES_PER_HOUR_MAX + 1
    mails = Message.objects.order_by("id")
    assert {mail.template for mail in mails} == {"case_acknowledged"}
    assert [read_code(mail) is not None for mail in mails] == [True] * CODES_PER_HOUR_MAX + [False]
    assert "expires_minutes" not in mails[CODES_PER_HOUR_MAX].context
    assert send_new_code(email=ANA, reference=opened[0].reference, language="fr", now=clock.now()) is None
    assert ask(email="chloe@example.org").code_id
    confirm(opened[-1], code=read_code(mails[CODES_PER_HOUR_MAX - 1]))


def test_it_uses_up_no_code_with_which_the_person_signs_in(both_databases: str) -> None:
    add_participant(open_market())
    for _ in range(CODES_PER_HOUR_MAX + 1):
        ask()
    for _ in range(CODES_PER_HOUR_MAX):
        send_code(email=ANA, offer_id=None, market_id=None, purpose="sign_in", language="fr", now=clock.now())
    verified = check_code(email=ANA, code=mailed_code(), purpose="sign_in", now=clock.now())
    assert verified.email == ANA


def test_it_keeps_the_bounds_of_an_address_for_requests_at_once(postgresql_database: str) -> None:
    taken = at_once(CASES_PER_DAY_MAX + 2, ask)
    assert not [each for each in taken if isinstance(each, Exception)]
    assert Case.objects.count() == Message.objects.count() == CASES_PER_DAY_MAX
    assert CaseEvent.objects.filter(kind=EventKind.LINKED_DUPLICATE).count() == 2
    assert EmailCode.objects.count() == CODES_PER_HOUR_MAX


def test_past_the_bound_of_a_day_it_links_what_was_asked_alike_and_writes_no_mail(both_databases: str) -> None:
    opened = [ask(text=str(number)) for number in range(CASES_PER_DAY_MAX)]
    again = ask(text="Please hurry.")
    assert (again.case_id, again.reference) == (opened[-1].case_id, opened[-1].reference)
    assert not again.is_repeated, "nobody learns from the answer that others came from this address"
    assert [event.text for event in list_events(again.case_id)] == ["", "Please hurry."]
    assert Case.objects.count() == Message.objects.count() == CASES_PER_DAY_MAX
    for _ in range(CASES_PER_DAY_MAX + 2):
        ask()
    assert len(event_kinds(again)) == 1 + CASES_PER_DAY_MAX
    with pytest.raises(TooManyCases):
        ask(text="These words would be lost.")


def test_past_the_bound_of_a_day_it_takes_in_what_nobody_asked_yet_without_a_mail(both_databases: str) -> None:
    ana = add_participant(open_market()).participant_id
    Message.objects.all().delete()
    for _ in range(CASES_PER_DAY_MAX):
        ask(Kind.ACCESS)
    opened = ask(Kind.RESTRICTION)
    assert ask(Kind.RESTRICTION).case_id == opened.case_id
    assert Message.objects.count() == CASES_PER_DAY_MAX and opened.code_id is None
    assert find_case(opened.case_id).acknowledged_at is not None, "the page told them"
    confirm(opened, code=read_code(Message.objects.order_by("id")[CODES_PER_HOUR_MAX - 1]))
    assert is_restricted(ana)


def test_it_links_nothing_to_what_was_asked_for_another_country_or_by_somebody_for_them(
    sqlite_database: str,
) -> None:
    for _ in range(CASES_PER_DAY_MAX):
        ask()
    take_in(kind=Kind.RESTRICTION, country="GB", language="en", email=ANA, text="", now=clock.now())
    ask(representative="Maître Vidal")
    assert Case.objects.count() == CASES_PER_DAY_MAX + 2
    again = ask(representative="Maître Noir", text="Please.")
    assert list_events(again.case_id)[-1].text == "Maître Noir\n\nPlease."


def test_what_the_merchant_passes_on_is_counted_by_itself(sqlite_database: str) -> None:
    for _ in range(CASES_PER_DAY_MAX):
        ask()

    def pass_on() -> OpenedCase:
        return open_case(
            kind=Kind.RESTRICTION,
            country="FR",
            language="fr",
            door=Door.API,
            text="",
            contact=ANA,
            now=clock.now(),
        )

    assert len({pass_on().case_id for _ in range(CASES_PER_DAY_MAX)}) == CASES_PER_DAY_MAX
    with pytest.raises(TooManyCases):
        pass_on()


def test_what_was_confirmed_does_not_count_among_what_anybody_can_send(sqlite_database: str) -> None:
    add_participant(open_market())
    confirm(ask(Kind.ACCESS))
    for _ in range(CASES_PER_DAY_MAX - 1):
        ask(Kind.ACCESS)
    opened = ask(Kind.ACCESS)
    assert Case.objects.filter(id=opened.case_id).exists() and Case.objects.count() == CASES_PER_DAY_MAX + 1
    assert not Message.objects.filter(template="case_acknowledged").count() > CASES_PER_DAY_MAX
    assert ask(Kind.ACCESS).case_id == opened.case_id


def test_it_keeps_the_first_day_when_the_same_is_asked_again(sqlite_database: str) -> None:
    market = open_market()
    ana = add_participant(market).participant_id
    first = ask_on_own_page(ana)
    again = ask_on_own_page(ana, text="The photo too.")
    assert again.is_repeated and not first.is_repeated
    assert (again.reference, again.legal_due_on) == (first.reference, first.legal_due_on)
    assert Case.objects.count() == 1
    assert [event.text for event in list_events(first.case_id)] == ["", "The photo too."]
    close_case(case_id=first.case_id, user_id=market.team.dora, outcome=Outcome.DONE, now=clock.now())
    assert ask_on_own_page(ana).case_id != first.case_id


def test_it_takes_each_complaint_as_one_of_its_own(sqlite_database: str) -> None:
    ana = add_participant(open_market()).participant_id
    one, two = (ask_on_own_page(ana, Kind.COMPLAINT, text) for text in ("Late.", "Wrong."))
    assert one.case_id != two.case_id


def test_it_links_what_was_asked_by_two_doors(sqlite_database: str) -> None:
    ana = add_participant(open_market()).participant_id
    first = ask_on_own_page(ana, Kind.RESTRICTION)
    second = ask()
    confirm(second)
    assert EventKind.LINKED_DUPLICATE in event_kinds(first)
    assert first.reference in [event.text for event in list_events(second.case_id)]
    assert len(list_cases_of(ana)) == 2


def test_it_lets_no_flood_in_ones_name_lock_one_out(sqlite_database: str) -> None:
    ana = add_participant(open_market()).participant_id
    for _ in range(CASES_PER_DAY_MAX):
        ask(Kind.ACCESS)
    ask(Kind.ACCESS)
    assert Case.objects.count() == CASES_PER_DAY_MAX
    for _ in range(CASES_PER_DAY_MAX + 2):
        opened = ask_on_own_page(ana)
    assert len(event_kinds(opened)) == 1 + CASES_PER_DAY_MAX
    with pytest.raises(TooManyCases):
        ask_on_own_page(ana, text="These words would be lost.")
    assert not ask_on_own_page(ana, Kind.ERASURE).is_repeated
    assert not ask_on_own_page(ana, Kind.COMPLAINT, "A flood came in my name.").is_repeated


def test_it_begins_the_clock_of_a_letter_on_its_day(sqlite_database: str) -> None:
    day = clock.local_day(clock.now(), "Europe/Paris") - timedelta(days=20)
    opened = open_case(
        kind=Kind.COMPLAINT, country="FR", language="fr", door=Door.STAFF, text="By letter.", received_on=day,
        now=clock.now(),
    )  # fmt: skip
    assert opened.legal_due_on == day + timedelta(days=29)


def test_it_gives_a_letter_that_came_before_a_clock_of_its_own(sqlite_database: str) -> None:
    ana = add_participant(open_market()).participant_id
    first = ask_on_own_page(ana)
    today = clock.local_day(clock.now(), "Europe/Paris")
    typed = [
        open_case(
            kind=Kind.ACCESS, country="FR", language="fr", door=Door.STAFF, text="", participant_id=ana,
            received_on=today - timedelta(days=days), now=clock.now(),
        )
        for days in (0, 5)
    ]  # fmt: skip
    assert typed[0].is_repeated and not typed[1].is_repeated
    assert typed[1].legal_due_on < first.legal_due_on


def test_it_tells_the_systems_that_want_to_know_and_names_nobody(both_databases: str) -> None:
    market = open_market()
    ask()
    assert not Message.objects.filter(kind="webhook").exists()
    add_endpoint(url="https://shop.example/x", events=["case.opened", "case.answered"], now=clock.now())
    opened = ask(Kind.COMPLAINT, text="It is wrong.")
    close_case(case_id=opened.case_id, user_id=market.team.dora, outcome=Outcome.DONE, now=clock.now())
    told = (
        Message.objects.filter(kind="webhook").order_by("id").values_list("template", "context", "participant_id")
    )
    about = {"case": str(opened.case_id), "request": "complaint", "market": "FR"}
    assert list(told) == [
        ("case.opened", {**about, "due_on": opened.legal_due_on.isoformat()}, None),
        ("case.answered", {**about, "outcome": "done"}, None),
    ]


def test_it_slows_a_flood_of_the_whole_world(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "PUBLIC_CASES_PER_MINUTE_MAX", 2)
    ask(email="a@example.org")
    ask(email="b@example.org")
    with pytest.raises(TooManyCases):
        ask(email="c@example.org")


def tie(opened: OpenedCase, typed: str, member: UUID) -> None:
    identify_case(
        case_id=opened.case_id, user_id=member, typed=typed, how="They named two people whom they invited.",
        now=clock.now(),
    )  # fmt: skip


@pytest.mark.parametrize("kind", [Kind.ERASURE, Kind.RESTRICTION])
def test_a_code_typed_after_a_wrong_tie_acts_for_nobody(both_databases: str, kind: Kind) -> None:
    """The team reads it, in the queue too; once the tie is undone the case is about nobody, until it is tied
    again."""
    market = open_market()
    ana, ben = add_participant(market), add_participant(market, "Ben")
    opened = ask(kind)
    code = mailed_code()
    tie(opened, ben.public_id, market.team.dora)
    before = is_restricted(ben.participant_id)
    confirm(opened, code=code)
    assert find_case(opened.case_id).line.participant_id == ben.participant_id
    assert not Erasure.objects.exists() and not is_restricted(ana.participant_id)
    assert is_restricted(ben.participant_id) == before == (kind is Kind.RESTRICTION)
    assert event_kinds(opened)[-2:] == [EventKind.ADDRESS_CONFIRMED, EventKind.ANOTHER_CONFIRMED]
    assert read_queue(tab=Tab.OPEN, now=clock.now()).rows[0].step is Step.WHO_AGAIN
    separate_case(
        case_id=opened.case_id, user_id=market.team.dora, reason="It was Ana who wrote.", now=clock.now()
    )
    assert not is_restricted(ben.participant_id)
    tie(opened, ana.public_id, market.team.dora)
    assert read_queue(tab=Tab.OPEN, now=clock.now()).rows[0].step is not Step.WHO_AGAIN


def test_a_code_typed_after_the_right_tie_acts_as_from_their_own_page(sqlite_database: str) -> None:
    """In each of their campaigns, and no case is opened twice."""
    spring, autumn = open_market(), open_market(slug="autumn-pot")
    people = [add_participant(market).participant_id for market in (spring, autumn)]
    opened = ask(Kind.ERASURE)
    code = mailed_code()
    tie(opened, ANA, spring.team.dora)
    assert Case.objects.count() == 2 and not Erasure.objects.exists(), "a member begins what a letter asked"
    confirm(opened, code=code)
    assert set(Case.objects.values_list("participant_id", flat=True)) == set(people) and Case.objects.count() == 2
    assert set(Erasure.objects.values_list("participant_id", flat=True)) == set(people)
    assert EventKind.LINKED_DUPLICATE not in event_kinds(opened)


def test_one_case_has_one_erasure(both_databases: str) -> None:
    market = open_market()
    ana, ben = add_participant(market).participant_id, add_participant(market, "Ben").participant_id
    case_id = ask_on_own_page(ana, Kind.ERASURE).case_id
    row = Erasure.objects.get()
    row.participant_id = ben
    for row.id in (ids.new_id(), case_id):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def test_nothing_is_stored_under_the_number_of_somebody_who_is_erased(both_databases: str) -> None:
    """As when the page was sent just before the erasure was committed."""
    ana = add_participant(open_market()).participant_id
    ask_on_own_page(ana, Kind.ERASURE)
    finish_erasures(now=clock.now() + timedelta(days=2))
    assert not is_alive(ana)
    for kind in (Kind.COMPLAINT, Kind.ACCESS):
        with pytest.raises(NotFound):
            ask_on_own_page(ana, kind, text="I am Ana.")
    assert not Case.objects.filter(participant_id=ana).exists()
