"""Erasure: said beforehand, stopped in time, done whole, never at the cost of what was earned."""

from __future__ import annotations

import json
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model

from onloan import clock, ids, keys
from onloan.cases import erasing
from onloan.cases.actions import close_case, open_case
from onloan.cases.answers import Ground, Parts
from onloan.cases.bearer import bearer_code, bearer_money, find_bearer, has_slip
from onloan.cases.desk import answer_case
from onloan.cases.erased_tokens import note_token
from onloan.cases.erasing import begin_again, begin_at_end_of_time, begin_erasure, choose_way
from onloan.cases.erasure_queries import find_erasure, find_erasure_of_case, plan_erasure
from onloan.cases.erasure_rules import GRACE, Step, StepState, can_end_with
from onloan.cases.erasure_steps import erase_again, finish_erasures, forget_late_traces
from onloan.cases.errors import CaseClosed, ErasureDone, ErasureWaits
from onloan.cases.models import Case, CaseEvent, Erasure
from onloan.cases.rules import Door, ErasureWay, EventKind, Kind, Outcome
from onloan.cases.taking_back import take_back_case
from onloan.cases.timeline import list_events
from onloan.errors import NotFound
from onloan.evidence.actions import number_entries
from onloan.evidence.models import EntryLink
from onloan.evidence.verify import verify_database
from onloan.ledger.check import check_balances
from onloan.outbox.models import Message
from onloan.outbox.statements import seal_about
from onloan.payouts.actions import mark_batch_paid
from onloan.payouts.answers import read_bank_answer
from onloan.payouts.models import ArchivedPayment, Payable, Payee, Payment
from onloan.people.models import CodeLookup, Item, Participant, PersonKey
from onloan.people.queries import find_participant, is_alive, read_item
from onloan.referrals.actions import record_event, settle_due
from onloan.uses.actions import decide_use
from onloan.uses.models import Notice, Takedown
from onloan.uses.notices import acknowledge_pressed, finish_takedown, write_token
from tests.cases.readers import wait_for_readers
from tests.cases.rich import build_rich
from tests.consents.world import ALL, add_person, build_world
from tests.joining.support import open_market
from tests.ledger.books import open_books
from tests.payouts.bank.answers import camt053, details, entry
from tests.payouts.world import LATER, assert_sound, owe, references, send
from tests.properties.test_promise_3_a_right_costs_nothing import join_pair
from tests.support.offers import make_team

DAY = timedelta(days=1)
AFTER = GRACE[Door.MY_PAGE] + timedelta(minutes=1)
DONE = Parts(done="We looked for everything that you asked about.")
REFUSAL = Parts(
    done=DONE.done, reasons="A court has to decide about it first.", ground=Ground.LEGAL_CLAIMS,
    law="Code civil, 2224", kept_until=date(2032, 12, 31),
)  # fmt: skip


def ask(person: UUID, *, door: Door = Door.MY_PAGE) -> UUID:
    return open_case(
        kind=Kind.ERASURE, country="FR", language="en", door=door, text="", participant_id=person, now=clock.now()
    ).case_id


def kinds_of(case_id: UUID) -> list[EventKind]:
    return [event.kind for event in list_events(case_id, only_shown=True)]


def tables_about_people() -> dict[str, type[Model]]:
    return {
        model._meta.db_table: model
        for model in apps.get_models()
        if any(field.name == "participant_id" for field in model._meta.fields)
    }


def test_every_table_about_people_has_a_fate() -> None:
    assert sorted(table for table, _fate in erasing.STORES) == sorted(tables_about_people())


APART = {"cases_case", "cases_event", "cases_sighting", "cases_restriction", "cases_erasure", "payouts_archive"}
"""What stays, and stands under a number that leads to nothing else."""


def test_every_row_about_a_person_meets_its_fate(both_databases: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of somebody about whom there is a row in each of these tables."""
    wait_for_readers(monkeypatch)
    rich, tables, now = build_rich(), tables_about_people(), clock.now() + AFTER
    ask(rich.id)
    choose_way(participant_id=rich.id, way=ErasureWay.SLIP, now=clock.now())
    before = {table: read_keys(model, participant_id=rich.id) for table, model in tables.items()}
    assert all(before.values()), "without a row nothing is tested"
    finish_erasures(now=now)
    for notice in Notice.objects.filter(participant_id=rich.id, state="told"):
        acknowledge_pressed(token=write_token(notice.id), now=now)
    for takedown in Takedown.objects.filter(participant_id=rich.id, done_at=None):
        finish_takedown(takedown_id=takedown.id, user_id=rich.market.team.dora, note="It was taken off.", now=now)
    finish_erasures(now=now + DAY)
    assert find_participant(rich.id) is not None and Participant.objects.get(id=rich.id).public_id == ""
    for table, fate in erasing.STORES:
        left = read_keys(tables[table], pk__in=before[table])
        if fate == erasing.GOES:
            assert not left and not read_keys(tables[table], participant_id=rich.id), table
        elif fate == erasing.STAYS:
            assert left == before[table], table
            assert bool(read_keys(tables[table], participant_id=rich.id)) is (table not in APART), table
    kinds = CodeLookup.objects.filter(participant_id=rich.id).values_list("kind", flat=True)
    assert set(kinds) == {"voucher", "slip", "bearer"}, "what finds money, and nothing else"


def read_keys(model: type[Model], **chosen: object) -> set[object]:
    return set(model._default_manager.filter(**chosen).values_list("pk", flat=True))


def test_nothing_is_left_of_the_person_and_every_proof_holds(
    both_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the request to the last backup: each step is noted when it was done, and not before."""
    wait_for_readers(monkeypatch)
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    decide_use(
        participant_id=ana.id, items=("profile_photo",), purpose="winner_wall", channel="winners_page",
        country="FR", recipient="print-shop",
    )  # fmt: skip
    number_entries()
    assert [recipient.name for recipient in plan_erasure(ana.id, now=clock.now()).recipients] == [
        "Imprimerie Exemple SARL"
    ]
    case_id = ask(ana.id)
    now = clock.now()
    assert plan_erasure(ana.id, now=clock.now()).is_begun and ask(ana.id) == case_id, "asked again it is the same"
    assert finish_erasures(now=now) == 0, "they may still change their mind"
    assert read_item(ana.id, "username") is not None

    finish_erasures(now=now + AFTER)
    with pytest.raises(NotFound):
        plan_erasure(ana.id, now=clock.now())
    with pytest.raises(ErasureDone):
        take_back_case(case_id=case_id, now=now + AFTER)
    for model in (PersonKey, Item, EntryLink, Message):
        assert not model._default_manager.filter(participant_id=ana.id).exists(), model
    assert PersonKey.objects.filter(participant_id=ben.id).exists()
    person = find_participant(ana.id)
    assert person is not None and person.erased_at is not None and person.public_id
    view = find_erasure_of_case(case_id)
    assert view is not None and view.open_duties == 1
    states = {line.step: line.state for line in view.steps}
    assert states[Step.ERASED] is StepState.DONE
    assert states[Step.DATABASE] is StepState.NOW, "the public id goes once the recipient has answered"
    assert states[Step.RECIPIENTS] is states[Step.BACKUPS] is StepState.NOW

    (notice,) = Notice.objects.all()
    acknowledge_pressed(token=write_token(notice.id), now=now + 2 * DAY)
    finish_erasures(now=now + 2 * DAY)
    assert Participant.objects.get(id=ana.id).public_id == ""
    left = CodeLookup.objects.filter(participant_id=ana.id).values_list("kind", flat=True)
    assert list(left) == ["bearer"], "should money come later"
    assert not EntryLink.objects.filter(participant_id=ana.id).exists(), "nor by what recipients answered"
    for apart in (Case, CaseEvent, Erasure):
        assert not apart._default_manager.filter(participant_id=ana.id).exists(), "what they asked stands apart"
    last = now + 2 * DAY + timedelta(days=settings.BACKUP_DAYS)
    assert finish_erasures(now=last) == 0 and finish_erasures(now=last + DAY) == 1
    view = find_erasure_of_case(case_id)
    assert view is not None and all(line.state is StepState.DONE for line in view.steps)
    assert kinds_of(case_id) == [
        EventKind.RECEIVED, EventKind.RESTRICTED, EventKind.ERASURE_STARTED, EventKind.LINKED_DUPLICATE,
        EventKind.ERASED, EventKind.RECIPIENTS_ANSWERED, EventKind.TRACES_GONE,
    ]  # fmt: skip
    sent = Message.objects.filter(template__startswith="case_erasure").values_list("template", flat=True)
    assert sorted(sent) == ["case_erasure_begun", "case_erasure_complete"]
    number_entries()
    assert verify_database().problems == []


def test_whoever_asked_can_stop_it_in_time(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    case_id = ask(ana.id)
    take_back_case(case_id=case_id, now=clock.now())
    finish_erasures(now=clock.now() + 10 * DAY)
    assert read_item(ana.id, "username") is not None
    person = find_participant(ana.id)
    assert person is not None and person.restricted_at is None
    assert Case.objects.get(id=case_id).outcome == Outcome.TAKEN_BACK
    assert find_erasure(ana.id) is None and not CodeLookup.objects.filter(kind="bearer").exists()
    assert ask(ana.id) != case_id


def test_a_refusal_stops_it(both_databases: str) -> None:
    """And is no answer any more once it is done."""
    team, world = make_team(), build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    case_id, other = ask(ana.id), ask(ben.id)
    answer_case(case_id=case_id, user_id=team.dora, outcome=Outcome.REFUSED, parts=REFUSAL, now=clock.now())
    finish_erasures(now=clock.now() + AFTER)
    assert is_alive(ana.id) and not is_alive(ben.id) and find_erasure(ana.id) is None
    person = find_participant(ana.id)
    assert person is not None and person.restricted_at is None
    assert kinds_of(case_id)[-3:] == [
        EventKind.RESTRICTION_LIFTED, EventKind.ERASURE_STOPPED, EventKind.ANSWERED,
    ]  # fmt: skip
    with pytest.raises(ErasureDone):
        answer_case(case_id=other, user_id=team.dora, outcome=Outcome.REFUSED, parts=REFUSAL, now=clock.now())
    assert Case.objects.get(id=other).state == "open"
    with pytest.raises(CaseClosed):
        begin_erasure(participant_id=ana.id, case_id=case_id, now=clock.now())


def test_nothing_is_said_to_be_done_before_it_is(sqlite_database: str) -> None:
    team, ana = make_team(), add_person(build_world(), ALL)
    case_id = ask(ana.id)
    for outcome, parts in (
        (Outcome.DONE, DONE),
        (Outcome.PARTLY_DONE, REFUSAL),
        (Outcome.NOTHING_HELD, DONE),
    ):
        with pytest.raises(ErasureWaits) as refused:
            answer_case(case_id=case_id, user_id=team.dora, outcome=outcome, parts=parts, now=clock.now())
        assert (refused.value.code, refused.value.field) == ("E-ERASURE-WAITS", "outcome")
    assert not Message.objects.filter(template="case_answered").exists() and find_erasure(ana.id) is not None
    finish_erasures(now=clock.now() + AFTER)
    answer_case(case_id=case_id, user_id=team.dora, outcome=Outcome.DONE, parts=DONE, now=clock.now())
    assert Case.objects.get(id=case_id).outcome == Outcome.DONE


def test_that_nothing_is_held_is_said_about_nobody_known(sqlite_database: str) -> None:
    team = make_team()
    case_id = open_case(
        kind=Kind.ERASURE, country="FR", language="en", door=Door.PUBLIC_PAGE, text="",
        contact="nobody@example.org", now=clock.now(),
    ).case_id  # fmt: skip
    answer_case(case_id=case_id, user_id=team.dora, outcome=Outcome.NOTHING_HELD, parts=DONE, now=clock.now())
    assert Case.objects.get(id=case_id).outcome == Outcome.NOTHING_HELD


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_answer_is_true(outcome: Outcome) -> None:
    """Before anything is begun, while it waits, and once it is done."""
    stages = [(False, False), (True, False), (True, True)]
    can = [can_end_with(outcome, is_begun=is_begun, is_erased=is_erased) for is_begun, is_erased in stages]
    assert can == {
        Outcome.REFUSED: [True, True, False],
        Outcome.TAKEN_BACK: [True, True, False],
        Outcome.NOTHING_HELD: [True, False, True],
    }.get(outcome, [False, False, True])


def test_it_is_stopped_although_its_case_was_closed(sqlite_database: str) -> None:
    team, ana = make_team(), add_person(build_world(), ALL)
    case_id = ask(ana.id)
    close_case(case_id=case_id, user_id=team.dora, outcome=Outcome.DONE, now=clock.now())
    take_back_case(case_id=case_id, now=clock.now())
    finish_erasures(now=clock.now() + AFTER)
    assert is_alive(ana.id) and find_erasure(ana.id) is None
    assert Case.objects.get(id=case_id).outcome == Outcome.DONE, "the answer stays as it was given"
    with pytest.raises(CaseClosed):
        take_back_case(case_id=case_id, now=clock.now())


def test_a_letter_is_begun_by_nobody_but_the_team(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    ask(ana.id, door=Door.STAFF)
    assert find_erasure(ana.id) is None


def test_what_is_asked_through_the_api_begins_at_once(sqlite_database: str) -> None:
    ana = add_person(build_world(), ALL)
    case_id = ask(ana.id, door=Door.API)
    assert Case.objects.get(id=case_id).sealed_contact is not None, "the answer finds them afterwards"
    finish_erasures(now=clock.now() + AFTER)
    assert read_item(ana.id, "email") is None


def test_cash_is_paid_first_and_then_it_is_done_by_itself(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    ask(ana)
    later = clock.now() + AFTER
    plan = plan_erasure(ana, now=clock.now())
    assert plan.cash is not None and plan.cash.written() == "4.00 EUR" and plan.has_money
    finish_erasures(now=later)
    assert Payee.objects.filter(participant_id=ana).exists(), "paying needs the account"
    batch_id = send(books)
    finish_erasures(now=later)
    assert PersonKey.objects.filter(participant_id=ana).exists(), "it is under way"
    mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=LATER)
    finish_erasures(now=later)
    assert not PersonKey.objects.filter(participant_id=ana).exists() and not Payee.objects.exists()
    assert ArchivedPayment.objects.get().participant_id != ana, "what the law keeps is cut off from the rest"
    assert not Payment.objects.exclude(sealed_line=None).exists()
    assert check_balances() == []
    assert_sound()


def test_whoever_does_not_wait_keeps_a_slip_for_all_that_is_theirs(both_databases: str) -> None:
    """Cash that is owed goes onto slips; the code from the page and the mail opens them after the erasure."""
    books = open_books(pools=1)
    ana = owe(books)
    ask(ana)
    choose_way(participant_id=ana, way=ErasureWay.SLIP, now=clock.now())
    view = find_erasure(ana)
    assert view is not None and view.slip_code
    finish_erasures(now=clock.now() + AFTER)
    assert not PersonKey.objects.filter(participant_id=ana).exists()
    holder = find_bearer(view.slip_code.lower())
    assert holder == ana and find_bearer("0000 0000 0000 0000 0") is None
    money = bearer_money(ana)
    assert money is not None and [slip.amount.written() for slip in money.slips] == ["4.00 EUR"]
    assert check_balances() == []
    assert_sound()


def test_what_the_bank_sends_back_later_goes_onto_the_slip(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    send(books)
    ask(ana)
    choose_way(participant_id=ana, way=ErasureWay.SLIP, now=clock.now())
    finish_erasures(now=clock.now() + AFTER)
    assert not PersonKey.objects.filter(participant_id=ana).exists(), "what is under way needs nothing of theirs"
    Payable.objects.filter(participant_id=ana).update(state="owed", batch_id=None)
    finish_erasures(now=clock.now() + AFTER)
    money = bearer_money(ana)
    assert money is not None and len(money.slips) == 1


def test_a_paid_transfer_that_comes_back_is_opened_by_a_code_that_everybody_has(both_databases: str) -> None:
    """When they asked nothing was owed any more: the code was in the mail all the same."""
    books = open_books(pools=1)
    ana = owe(books)
    batch_id = send(books)
    (reference,) = references(batch_id)
    mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=LATER)
    assert not plan_erasure(ana, now=clock.now()).has_money
    ask(ana)
    assert Message.objects.get(template="case_erasure_begun").sealed_context is not None
    view = find_erasure(ana)
    assert view is not None
    finish_erasures(now=clock.now() + AFTER)
    assert not is_alive(ana)
    money = bearer_money(ana)
    assert money is not None and not money.slips
    back = camt053(entry(details(reference, amount="4.00", why="AC04"), credit=True, amount="4.00"))
    assert read_bank_answer(data=back, user_id=books.team.fay, now=LATER + 2 * DAY).returned == 1
    finish_erasures(now=clock.now() + AFTER)
    assert find_bearer(view.slip_code) == ana
    money = bearer_money(ana)
    assert money is not None and [slip.amount.written() for slip in money.slips] == ["4.00 EUR"]
    assert_sound()


def test_whoever_is_back_from_a_backup_has_a_code_again(sqlite_database: str) -> None:
    """And begun again by two processes it is done once."""
    ana = add_person(build_world(), ALL)
    begin_again(participant_id=ana.id, now=clock.now())
    assert find_bearer(bearer_code(ana.id)) == ana.id
    finish_erasures(now=clock.now())
    assert not is_alive(ana.id) and find_bearer(bearer_code(ana.id)) == ana.id
    begin_again(participant_id=ana.id, now=clock.now())
    assert Erasure.objects.count() == 1
    assert not begin_at_end_of_time(participant_id=ana.id, now=clock.now())


def test_what_is_written_later_is_linked_with_nobody(sqlite_database: str) -> None:
    """A reward that counts after the erasure leaves entries and mails that the daily job takes away."""
    market = open_market()
    pair, now = join_pair(market), clock.now()
    ana = pair.ana.participant_id
    record_event(
        participant_id=pair.ben.participant_id, event="app_signed_up", occurred_at=now, external_ref="1", now=now
    )
    ask(ana)
    choose_way(participant_id=ana, way=ErasureWay.SLIP, now=now)
    finish_erasures(now=now + AFTER)
    settle_due(now=now + 20 * DAY, limit=10)
    assert EntryLink.objects.filter(participant_id=ana).exists()
    assert forget_late_traces() > 0 and forget_late_traces() == 0
    assert not EntryLink.objects.filter(participant_id=ana).exists()
    number_entries()
    assert verify_database().problems == []


def slip_codes() -> list[str]:
    """Of the mails that said that it began, the first one first."""
    return [
        unseal_mail(mail)["code"] for mail in Message.objects.filter(template="case_erasure_begun").order_by("id")
    ]


def unseal_mail(mail: Message) -> dict[str, str]:
    assert mail.sealed_context is not None
    plain = keys.unseal(keys.derive_key("outbox"), bytes(mail.sealed_context), seal_about(mail.id))
    read: dict[str, str] = json.loads(plain)
    return read


def test_a_code_that_was_mailed_opens_nothing_once_its_erasure_was_stopped(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    take_back_case(case_id=ask(ana.id), now=clock.now())
    assert has_slip(ana.id) is False
    ask(ana.id)
    old, new = slip_codes()
    assert old != new and find_bearer(old) is None and find_bearer(new) == ana.id and has_slip(ana.id)
    finish_erasures(now=clock.now() + AFTER)
    assert not is_alive(ana.id) and find_bearer(old) is None and find_bearer(new) == ana.id


def test_after_a_restore_the_last_code_opens_and_not_the_first(sqlite_database: str) -> None:
    """The backup is older than the erasure that was stopped."""
    ana = add_person(build_world(), ALL)
    take_back_case(case_id=ask(ana.id), now=clock.now())
    ask(ana.id)
    old, new = slip_codes()
    note_token(ana.id)
    Erasure.objects.all().delete()
    CodeLookup.objects.filter(kind="bearer").delete()
    Participant.objects.update(erasures_stopped=0)
    assert erase_again(now=clock.now()) == 1 and not is_alive(ana.id)
    assert find_bearer(old) is None and find_bearer(new) == ana.id


def test_the_team_closes_it_as_taken_back_and_stops_it(both_databases: str) -> None:
    """By telephone, or in a letter. Once it is done it is done."""
    team, world = make_team(), build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    case_id, other = ask(ana.id), ask(ben.id)
    back = {"user_id": team.dora, "outcome": Outcome.TAKEN_BACK, "parts": DONE}
    answer_case(case_id=case_id, now=clock.now(), **back)
    case = Case.objects.get(id=case_id)
    assert (case.outcome, case.closed_by_user_id) == (Outcome.TAKEN_BACK, team.dora)
    assert find_erasure(ana.id) is None
    finish_erasures(now=clock.now() + AFTER)
    assert is_alive(ana.id) and not is_alive(ben.id)
    with pytest.raises(ErasureDone):
        answer_case(case_id=other, now=clock.now(), **back)


def test_only_a_request_about_them_begins_it(sqlite_database: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    case_id = ask(ana.id)
    for person, case in ((ben.id, case_id), (ana.id, ids.new_id())):
        with pytest.raises(NotFound):
            begin_erasure(participant_id=person, case_id=case, now=clock.now())
