"""The steps of erasures: none keeps another one waiting, and nothing is said to be gone before it is."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onloan import clock, db, ids, keys
from onloan.cases import erasure_steps
from onloan.cases.actions import open_case
from onloan.cases.erased_tokens import note_token, read_tokens, revoke_token
from onloan.cases.erasing import begin_at_end_of_time, begin_by_member, choose_way
from onloan.cases.erasure_slips import DAYS_BEFORE
from onloan.cases.erasure_steps import erase_again, finish_erasures, forget_late_traces
from onloan.cases.identifying import identify_case
from onloan.cases.models import Case, CaseEvent, Erasure
from onloan.cases.rules import Door, ErasureWay, EventKind, Kind
from onloan.cases.taking_back import take_back_case
from onloan.ledger.rules import reward_reference
from onloan.outbox.models import Message
from onloan.outbox.statements import seal_about, webhook_statement
from onloan.payouts.actions import confirm_fulfilment, give_account, mark_batch_paid
from onloan.payouts.models import Payment
from onloan.payouts.rules import PaymentState
from onloan.payouts.settling import Outcome, settle_outcomes
from onloan.people.actions import check_code
from onloan.people.changes import change_email, send_change_code
from onloan.people.models import Participant, PersonKey
from onloan.people.queries import find_participant, is_alive, read_item
from onloan.referrals.actions import hand_over_reward
from onloan.uses.actions import decide_use
from onloan.uses.models import Notice
from onloan.uses.notices import acknowledge_pressed, write_token
from tests.cases.readers import wait_for_readers
from tests.cases.test_erasing import AFTER, DAY, ask, kinds_of
from tests.consents.world import ALL, add_person, build_world
from tests.ledger.books import POINTS, SPRING_RULES, Books, earn, join, open_books
from tests.payouts.bank.files import ANA_IBAN
from tests.payouts.world import LATER, assert_sound, owe, send
from tests.people.support import read_mailed_code

BACKUPS = timedelta(days=settings.BACKUP_DAYS)


@pytest.fixture(autouse=True)
def _nobody_else_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for_readers(monkeypatch)


def test_whoever_waits_and_whoever_fails_keep_nobody_waiting(
    both_databases: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """More of them than are read at a time, all older: in thirty days' notice, without an account, with a broken
    key."""
    monkeypatch.setattr(erasure_steps, "ROWS_AT_A_TIME", 2)
    books = open_books(pools=10)
    for person in [owe(books, account=None) for _ in range(3)]:
        ask(person)
    broken = [join(books) for _ in range(3)]
    for person in broken:
        ask(person)
    PersonKey.objects.filter(participant_id__in=broken).update(wrapped_key=bytes(60))
    for person in [join(books) for _ in range(3)]:
        assert begin_at_end_of_time(participant_id=person, now=clock.now())
    ana = join(books)
    ask(ana)
    with caplog.at_level(logging.ERROR):
        assert finish_erasures(now=clock.now() + AFTER) > 0
    assert not is_alive(ana)
    assert Erasure.objects.filter(erased_at=None).count() == 9
    told = [record.getMessage() for record in caplog.records if record.name == erasure_steps.__name__]
    assert told == ["a step of an erasure cannot be done: InvalidTag"] * 3
    assert Erasure.objects.get(erased_at__isnull=False).swept_at is not None, "nor do later steps"


@db.action
def earn_points(books: Books, person: UUID) -> UUID:
    reward = earn(books, person, POINTS)
    owner = find_participant(person)
    assert owner is not None
    hand_over_reward(reward=reward, person=owner, now=clock.now())
    return reward.id


def test_the_merchant_hears_of_what_it_has_to_fulfil(both_databases: str) -> None:
    books = open_books(rules=(*SPRING_RULES, POINTS), pools=1)
    ana = join(books)
    reward_id = earn_points(books, ana)
    case_id = ask(ana)
    finish_erasures(now=clock.now() + AFTER)
    forget_late_traces()
    event = Message.objects.filter(participant_id=ana)
    assert not is_alive(ana) and event.get().template == "reward.earned"
    confirm_fulfilment(reward_ref=reward_reference(reward_id), reference="shop/1", now=LATER)
    finish_erasures(now=clock.now() + AFTER)
    assert event.exists() and Erasure.objects.get().recipients_done_at is None, "another system may wait for it"
    event.update(state="sent", settled_at=clock.now())
    finish_erasures(now=clock.now() + AFTER)
    assert not event.exists() and Erasure.objects.get().recipients_done_at is not None
    assert EventKind.RECIPIENTS_ANSWERED in kinds_of(case_id)


def test_files_and_backups_count_anew_from_what_went_last(both_databases: str) -> None:
    """The public id goes a month later, and with it what recipients were sent."""
    ana = add_person(build_world(), ALL)
    decide_use(
        participant_id=ana.id, items=("profile_photo",), purpose="winner_wall", channel="winners_page",
        country="FR", recipient="print-shop",
    )  # fmt: skip
    case_id = ask(ana.id)
    now = clock.now() + AFTER
    finish_erasures(now=now)
    (notice,) = Notice.objects.all()
    send_notice(notice)
    assert EventKind.TRACES_GONE not in kinds_of(case_id), "the public id is there"
    answered = now + 31 * DAY
    acknowledge_pressed(token=write_token(notice.id), now=answered)
    finish_erasures(now=answered)
    row = Erasure.objects.get()
    assert row.completed_at is None and row.swept_at == row.recipients_done_at == answered
    assert row.backups_until == (answered + BACKUPS).date()
    assert not Message.objects.filter(template="notice.due").exists()
    assert kinds_of(case_id)[-2:] == [EventKind.RECIPIENTS_ANSWERED, EventKind.TRACES_GONE]
    assert finish_erasures(now=answered + BACKUPS) == 0
    assert finish_erasures(now=answered + BACKUPS + DAY) == 1


@db.action
def send_notice(notice: Notice) -> None:
    payload = {"notice": str(notice.id), "participant": "p"}
    db.execute([
        webhook_statement(
            event="notice.due", payload=payload, idempotency_ref=notice.id, endpoint_id=ids.new_id()
        )
    ])  # fmt: skip


@pytest.mark.parametrize("said", [PaymentState.ACCEPTED, PaymentState.REJECTED])
def test_nothing_is_complete_while_a_bank_s_line_names_the_person(both_databases: str, said: PaymentState) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    batch_id = send(books)
    case_id = ask(ana)
    choose_way(participant_id=ana, way=ErasureWay.SLIP, now=clock.now())
    now = clock.now() + AFTER
    finish_erasures(now=now)
    late = now + 3 * BACKUPS
    finish_erasures(now=late)
    row = Erasure.objects.get()
    assert row.recipients_done_at == now and row.completed_at is None
    assert Payment.objects.get().sealed_line is not None
    assert EventKind.TRACES_GONE not in kinds_of(case_id)
    if said is PaymentState.ACCEPTED:
        mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=late)
    else:
        outcome = Outcome(Payment.objects.get().id, ana, said, "AC04")
        assert settle_outcomes(outcomes=[outcome], now=late).rejected == 1
    assert Payment.objects.get().sealed_line is None
    finish_erasures(now=late)
    row = Erasure.objects.get()
    assert row.participant_id != ana and row.backups_until == (late + BACKUPS).date() and row.swept_at == late
    assert kinds_of(case_id)[-1] is EventKind.TRACES_GONE
    finish_erasures(now=late + BACKUPS + DAY)
    assert Erasure.objects.get().completed_at is not None
    assert_sound()


def test_money_without_an_account_goes_onto_the_slip_before_the_last_day_in_law(both_databases: str) -> None:
    """Asked through the API, where nobody chose a way; whoever gave an account is paid first."""
    books = open_books(pools=2)
    ana, ben = owe(books, account=None), owe(books, account=None)
    case_id, other_id = ask(ana, door=Door.API), ask(ben, door=Door.API)
    give_account(participant_id=ben, name="Ben", account=ANA_IBAN, now=clock.now())
    until = Case.objects.get(id=case_id).legal_due_on - clock.now().date()
    early = clock.now() + until - (DAYS_BEFORE + 2) * DAY
    finish_erasures(now=early)
    assert is_alive(ana)
    finish_erasures(now=early + 2 * DAY)
    assert not is_alive(ana) and is_alive(ben)
    assert EventKind.SLIP_GIVEN in kinds_of(case_id) and EventKind.SLIP_GIVEN not in kinds_of(other_id)
    mail = Message.objects.filter(template="case_erasure_begun").order_by("id").last()
    assert mail is not None and mail.context["way"] == "late" and mail.sealed_context is not None
    assert_sound()


def test_the_late_code_goes_to_the_address_on_file(sqlite_database: str) -> None:
    """It is money: not to the letter's address, which proves nothing, nor to a mailbox that was theirs once."""
    books = open_books(pools=2)
    ana, ben = owe(books, account=None), owe(books, account=None)
    ask(ana)
    code_id = confirm_new_address(ana, "new@example.org")
    # As another release or another door would have left it: the case keeps the old one.
    change_email(participant_id=ana, email="new@example.org", code_id=code_id, now=clock.now())
    letter = open_case(
        kind=Kind.ERASURE, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="My mailbox is lost.",
        contact="else@example.net", now=clock.now(),
    ).case_id  # fmt: skip
    person, on_file = find_participant(ben), read_item(ben, "email")
    assert person is not None and on_file is not None
    identify_case(
        case_id=letter, user_id=books.team.dora, typed=person.public_id, how="They named two friends and a month.",
        now=clock.now(),
    )  # fmt: skip
    begin_by_member(case_id=letter, user_id=books.team.dora, now=clock.now())
    until = Case.objects.get(id=letter).legal_due_on - clock.now().date()
    finish_erasures(now=clock.now() + until - DAY)
    mails = Message.objects.filter(template="case_erasure_begun")
    late = [mail for mail in mails if mail.context.get("way") == "late"]
    assert {read_address(mail) for mail in late} == {"new@example.org", on_file.decode()}


def confirm_new_address(participant_id: UUID, email: str) -> UUID:
    send_change_code(participant_id=participant_id, email=email, now=clock.now())
    return check_code(email=email, code=read_mailed_code(), purpose="change", now=clock.now()).code_id


def read_address(mail: Message) -> str:
    assert mail.sealed_address is not None
    return keys.unseal(keys.derive_key("outbox"), bytes(mail.sealed_address), seal_about(mail.id)).decode()


def test_a_token_of_a_try_that_failed_erases_nobody_who_stopped(sqlite_database: str) -> None:
    """It is written before the commit. The last word counts, also when they ask again."""
    ana = add_person(build_world(), ALL)
    revoke_token(ana.id)
    assert read_tokens() == set()
    case_id = ask(ana.id)
    note_token(ana.id)
    take_back_case(case_id=case_id, now=clock.now())
    assert erase_again(now=clock.now()) == 0 and is_alive(ana.id)
    note_token(ana.id)
    assert erase_again(now=clock.now()) == 1 and not is_alive(ana.id)
    assert not CaseEvent.objects.filter(kind=EventKind.ERASED, case_id=case_id).exists()
    assert Participant.objects.filter(erased_at__isnull=False).count() == 1


def test_whoever_waits_costs_no_statement_of_their_own(both_databases: str) -> None:
    """Every minute: while they may change their mind none, and for money that nothing locks."""
    books = open_books(pools=4)
    for person in (owe(books, account=None), owe(books, account=None)):
        ask(person)
    fresh = [len(read_statements(clock.now()))]
    ask(owe(books, account=None))
    fresh.append(len(read_statements(clock.now())))
    assert fresh[0] == fresh[1]
    waiting = read_statements(clock.now() + AFTER)
    assert not [sql for sql in waiting if "FOR NO KEY UPDATE" in sql or "INSERT" in sql or "UPDATE " in sql]
    assert len(waiting) <= fresh[0] + 3 * 3, "of each its door and its money, and nothing else"
    assert Erasure.objects.filter(erased_at=None).count() == 3


def read_statements(now: datetime) -> list[str]:
    with CaptureQueriesContext(connection) as ran:
        assert finish_erasures(now=now) == 0
    return [query["sql"] for query in ran.captured_queries]
