"""A payment that is late opens a case by itself, once, for whom it can be paid; it says what came of the money."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError

from onloan import ids
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.desk import answer_case, compose_answer
from onloan.cases.erasure_rules import GRACE
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.errors import TooManyCases
from onloan.cases.late_payment_queries import list_late_payments
from onloan.cases.late_payments import follow_late_payments
from onloan.cases.letters import write_letter
from onloan.cases.models import Case, LatePayment
from onloan.cases.queries import count_complaints, find_case, list_cases_of
from onloan.cases.rates import CASES_PER_DAY_MAX
from onloan.cases.rules import Door, EventKind, Kind, LateEnd, Outcome
from onloan.cases.suggestions import list_late_suggestions
from onloan.cases.timeline import list_events
from onloan.evidence.models import QueuedEntry
from onloan.outbox.mails import render_mail
from onloan.outbox.models import Message
from onloan.payouts.actions import cancel_slip, give_account, issue_slip, mark_batch_paid, owe_reward, take_voucher
from onloan.payouts.answers import read_bank_answer
from onloan.payouts.models import Payable, Payee, Payment
from onloan.people.models import Participant
from onloan.people.queries import is_alive
from tests.cases.readers import wait_for_readers
from tests.ledger.books import CASH, DUE_ON, SETTLED, Books, earn, join, open_books, promise
from tests.payouts.bank.answers import camt053, details, entry, pain002, status
from tests.payouts.bank.files import BEN_IBAN
from tests.payouts.world import LATER, owe, references, send

DAY = timedelta(days=1)
LATE = datetime(2027, 1, 17, 12, tzinfo=UTC)
"""The day after the last good one."""


def follow(now: datetime = LATE, limit: int = 100) -> int:
    return follow_late_payments(now=now, limit=limit)


def kinds_of(case_id: UUID) -> list[EventKind]:
    return [event.kind for event in list_events(case_id, only_shown=True)]


def only_case() -> UUID:
    case_id: UUID = Case.objects.values_list("id", flat=True).get(door=Door.LATE_PAYMENT)
    return case_id


def close(books: Books, case_id: UUID) -> None:
    parts = Parts(done="Our bank's file was approved a day too late. Two people look at it each morning now.")
    answer_case(case_id=case_id, user_id=books.team.dora, outcome=Outcome.DONE, parts=parts, now=LATE)


def test_it_opens_by_itself_the_day_after_and_once(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, friends=2)
    assert follow(LATE - DAY) == 0 and not Case.objects.exists()
    assert [follow(), follow(), follow(LATE + 30 * DAY)] == [1, 0, 0]
    (line,) = list_cases_of(ana)
    assert (line.kind, line.door, line.country, line.language) == (Kind.COMPLAINT, Door.LATE_PAYMENT, "FR", "fr")
    # The clock of every complaint: thirty days, the day of receipt counted.
    assert (line.received_on, line.due_on) == (LATE.date(), date(2027, 2, 15))
    assert LatePayment.objects.count() == 2 and kinds_of(line.id) == [EventKind.PAYMENT_LATE] * 2
    payments = list_late_payments(line.id)
    assert [(each.amount.written(), each.due_on) for each in payments] == [("4.00 EUR", DUE_ON)] * 2
    logged = [bytes(body) for body in QueuedEntry.objects.values_list("body", flat=True)]
    assert sum(b'"reason":"payment_late","role":"system"' in body for body in logged) == 1


def test_the_person_is_told_with_the_number_and_the_amount(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, friends=2)
    follow()
    mail = Message.objects.get(template="case_payment_late")
    assert mail.participant_id == ana and mail.language == "fr"
    case = find_case(only_case())
    subject, body = render_mail(template=mail.template, language="en", context=mail.context, secrets={})
    assert case.line.reference in subject and "€8" in subject
    assert "You should have had it by 16 January 2027" in body and "You need not do anything." in body
    assert f"/en/me/requests/{case.line.id}/" in body and "CNIL" in body
    assert case.text == "" and case.acknowledged_at == LATE
    assert "nous avons ouvert une plainte pour vous" in write_letter(case)


def test_nothing_opens_for_what_does_not_wait_for_us(both_databases: str) -> None:
    books = open_books(pools=7)
    untold = owe(books, account=None)
    slip, mended, erased = owe(books), owe(books), owe(books)
    issue_slip(participant_id=slip, payable_id=Payable.objects.get(participant_id=slip).id, now=LATER)
    Payee.objects.filter(participant_id=mended).update(problem="returned")
    Participant.objects.filter(id=erased).update(erased_at=LATER)
    # A reward that waits for its days, or for a human, is no payment yet.
    promise(books, join(books), CASH)
    assert follow(LATE + 90 * DAY) == 0
    # Whoever tells late where to pay gives us two weeks from then.
    told = LATE + 10 * DAY
    give_account(participant_id=untold, name="Ben Smit", account=BEN_IBAN, now=told)
    assert [follow(told + 14 * DAY), follow(told + 15 * DAY)] == [0, 1]
    assert Case.objects.get().participant_id == untold


def test_a_name_that_the_bank_asks_about_waits_for_its_owner(both_databases: str) -> None:
    books = open_books(pools=2)
    asked, paid_by_us = owe(books), owe(books, account=BEN_IBAN, name="Ben Smit")
    batch_id = send(books)
    first, _second = references(batch_id)
    owner = Payment.objects.get(end_to_end_id=first).participant_id
    data = pain002(status(first, "RVNM", amount="4.00"), message_id="B" + batch_id.hex)
    read_bank_answer(data=data, user_id=books.team.fay, now=LATER)
    assert follow() == 1
    # What lies in a file that the bank has not answered is late all the same.
    assert {Case.objects.get().participant_id} == {asked, paid_by_us} - {owner}


def test_what_gets_late_meanwhile_joins_the_open_case_and_opens_another_after_it(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    follow()
    first = only_case()
    owe_again(books, ana, "second")
    assert follow() == 1 and only_case() == first
    assert (
        len(list_late_payments(first)) == 2 and Message.objects.filter(template="case_payment_late").count() == 1
    )
    close(books, first)
    assert follow() == 0
    owe_again(books, ana, "third")
    assert follow() == 1 and Case.objects.count() == 2


def owe_again(books: Books, person: UUID, cause_key: str) -> None:
    owe_reward(reward=earn(books, person, CASH, cause_key=cause_key), now=SETTLED)


def test_when_it_is_paid_the_case_says_so_and_suggests_the_answer(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    follow()
    case_id = only_case()
    (unpaid,) = list_late_suggestions(list_late_payments(case_id), "fr")
    assert unpaid.name == "late-unpaid" and "4 €" in unpaid.text.replace("\u00a0", " ")
    assert "16 janvier 2027" in unpaid.text and "16 January 2027" in unpaid.meaning
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATE)
    # It is true before the hourly job has written it down.
    (paid,) = list_late_suggestions(list_late_payments(case_id), "fr")
    assert paid.name == "late-paid" and "le 17 janvier 2027" in paid.text
    assert [follow(LATE + DAY), follow(LATE + DAY)] == [1, 0]
    assert kinds_of(case_id) == [EventKind.PAYMENT_LATE, EventKind.PAYMENT_PAID]
    assert LatePayment.objects.get().end == LateEnd.PAID
    # The sentence goes out once its blanks are filled.
    done = paid.text.replace("[pourquoi]", "un oubli").replace("[ce qui change]", "deux personnes y veillent")
    text = compose_answer(case_id=case_id, outcome=paid.outcome, parts=Parts(done=done), now=LATE)
    assert text.startswith("Au sujet de notre paiement en retard") and "votre plainte" not in text


def test_money_that_came_back_and_is_late_again_is_another_lateness(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    follow()
    case_id, batch_id = only_case(), send(books)
    (reference,) = references(batch_id)
    mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=LATE)
    back = camt053(entry(details(reference, amount="4.00", why="AC04"), credit=True, amount="4.00"))
    read_bank_answer(data=back, user_id=books.team.fay, now=LATE)
    # Between two runs it was paid and came back: it has a new day, and waits for the person.
    assert follow(LATE) == 1 and kinds_of(case_id) == [EventKind.PAYMENT_LATE, EventKind.PAYMENT_MOVED]
    assert follow(LATE + 60 * DAY) == 0
    give_account(participant_id=ana, name="Ana Lopez", account=BEN_IBAN, now=LATE + 60 * DAY)
    assert [follow(LATE + 74 * DAY), follow(LATE + 75 * DAY)] == [0, 1]
    assert LatePayment.objects.count() == 2 and only_case() == case_id


def test_another_way_ends_the_lateness_too(both_databases: str) -> None:
    books = open_books(pools=2, rules=(replace(CASH, or_voucher_days=180),))
    ana, ben = owe(books), owe(books, account=BEN_IBAN, name="Ben Smit")
    assert follow() == 2
    payable = Payable.objects.get(participant_id=ana)
    issue_slip(participant_id=ana, payable_id=payable.id, now=LATE)
    take_voucher(participant_id=ben, reward_id=Payable.objects.get(participant_id=ben).reward_id, now=LATE)
    assert follow() == 2
    assert dict(LatePayment.objects.values_list("participant_id", "end")) == {ana: "slip", ben: "voucher"}
    # A slip that is given back gives us two weeks, and then it is late anew.
    cancel_slip(participant_id=ana, payable_id=payable.id, now=LATE)
    assert [follow(LATE + 14 * DAY), follow(LATE + 15 * DAY)] == [0, 1]


def test_one_that_fails_keeps_nobody_waiting_and_a_run_is_bounded(both_databases: str) -> None:
    books = open_books(pools=5)
    people = sorted(owe(books, account=account, name="Ana Lopez") for account in ACCOUNTS)
    # A language that no text is in: their case cannot be opened.
    Participant.objects.filter(id=people[0]).update(language="xx")
    assert [follow(limit=2), follow(limit=2), follow(limit=2)] == [2, 1, 0]
    assert set(Case.objects.values_list("participant_id", flat=True)) == set(people[1:])
    Participant.objects.filter(id=people[0]).update(language="fr")
    assert follow(limit=2) == 1
    # The same for what becomes of them.
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATE)
    LatePayment.objects.filter(participant_id=people[0]).update(case_id=uuid.uuid4())
    assert [follow(limit=2), follow(limit=2), follow(limit=2)] == [2, 1, 0]
    assert LatePayment.objects.filter(settled_at=None).get().participant_id == people[0]


ACCOUNTS = ("FR7630006000011234567890189", BEN_IBAN, "DE89370400440532013000", "BE68539007547034")


def test_the_database_holds_one_row_for_each_lateness(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    follow()
    row = LatePayment.objects.get()
    row.id = ids.new_id()
    with pytest.raises(IntegrityError):
        row.save(force_insert=True)


def test_people_complain_as_before_and_are_counted_apart(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    follow()

    def complain() -> None:
        open_case(
            kind=Kind.COMPLAINT, country="FR", language="fr", door=Door.MY_PAGE, text="Where is it?",
            participant_id=ana, now=LATE,
        )  # fmt: skip

    for _ in range(CASES_PER_DAY_MAX):
        complain()
    with pytest.raises(TooManyCases):
        complain()
    assert count_complaints() == {"FR": (CASES_PER_DAY_MAX, 1)}


def test_erasing_notes_what_came_of_the_money_and_leaves_no_way_to_it(
    both_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_readers(monkeypatch)
    books = open_books(pools=1)
    ana = owe(books)
    follow()
    case_id = only_case()
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATE)
    open_case(
        kind=Kind.ERASURE, country="FR", language="fr", door=Door.MY_PAGE, text="", participant_id=ana, now=LATE
    )
    later = LATE + GRACE[Door.MY_PAGE] + timedelta(minutes=1)
    finish_erasures(now=later)
    assert not is_alive(ana) and not LatePayment.objects.exists() and list_late_payments(case_id) == []
    assert EventKind.PAYMENT_PAID in kinds_of(case_id)
    # It can still be answered, and opens nothing anew.
    contact = find_case(case_id).contact
    assert contact is not None and contact.endswith("@people.example")
    assert follow(later + 90 * DAY) == 0 and Case.objects.filter(door=Door.LATE_PAYMENT).count() == 1
