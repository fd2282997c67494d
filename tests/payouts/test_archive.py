"""The archive of payments: each transfer once, by whatever way it was settled; opened for a purpose; destroyed."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from onloan import clock, db
from onloan.access.models import User
from onloan.errors import NotAllowed, NotFound
from onloan.evidence.models import QueuedEntry
from onloan.ledger.check import check_balances
from onloan.payouts.actions import issue_slip, mark_batch_paid, redeem_slip
from onloan.payouts.answers import read_bank_answer, record_outcome
from onloan.payouts.archive import forget_archived, forget_payee, read_archive
from onloan.payouts.archive_queries import (
    archive_ends_on,
    find_archived_by_reference,
    list_archive,
    list_archive_years,
    list_archived,
    list_readings,
)
from onloan.payouts.errors import ArchivePurposeNeeded, ArchiveReasonNeeded
from onloan.payouts.models import ArchivedPayment, ArchiveReading, Batch, Payable, Payee, Payment
from onloan.payouts.queries import list_slips
from onloan.payouts.rules import PaymentState, archived_until
from onloan.payouts.settling import book_made_after_all
from onloan.payouts.watch import forget_accounts
from onloan.people.change_queries import list_lookups
from onloan.people.models import Item, Participant, PersonKey
from onloan.uses.models import Use
from tests.ledger.books import Books, open_books
from tests.payouts.bank.answers import camt054, details, entry, pain002, status
from tests.payouts.bank.files import BEN_IBAN
from tests.payouts.world import GB_ACCOUNT, LATER, assert_sound, owe, references, send
from tests.vouchers.tills import till

REASON = "The auditor asks for the voucher."
PAID_ON = date(2026, 12, 19)
"""The local day of ``LATER`` in France."""


def pay(books: Books, batch_id: UUID, now: datetime = LATER) -> int:
    return mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=now)


def answer(books: Books, batch_id: UUID, *lines: str, now: datetime = LATER) -> None:
    data = pain002(*lines, message_id="B" + batch_id.hex)
    read_bank_answer(data=data, user_id=books.team.fay, now=now)


def send_back(books: Books, reference: str, now: datetime) -> None:
    data = camt054(entry(details(reference, amount="4.00", why="AC04"), credit=True, amount="4.00"))
    read_bank_answer(data=data, user_id=books.team.fay, now=now)


def open_name(books: Books, archive_id: UUID, purpose: str = "audit", reason: str = REASON) -> tuple[str, str]:
    """As finance does it, at this moment: the gate has the clock of the database."""
    payee = read_archive(
        archive_id=archive_id, purpose=purpose, reason=reason, user_id=books.team.fay, now=clock.now()
    )
    return payee.name, payee.account


@db.action
def erase(person: UUID) -> None:
    """What erasing does to this thing's rows, and to the key of the person."""
    forget_payee(participant_id=person)
    Participant.objects.filter(id=person).update(erased_at=LATER)
    PersonKey.objects.filter(participant_id=person).delete()
    Item.objects.filter(participant_id=person).delete()


def no_line_is_left() -> bool:
    return not Payment.objects.filter(sealed_line__isnull=False).exists()


def test_each_transfer_is_archived_once_whatever_settles_it(both_databases: str) -> None:
    books = open_books(pools=6)
    people = [owe(books, account=BEN_IBAN, name=f"Ben {letter}") for letter in "abcd"]
    batch_id = send(books)
    first, second, third, fourth = references(batch_id)
    assert not ArchivedPayment.objects.exists(), "nothing is paid by sending a file"
    answer(books, batch_id, status(first, "ACSC", amount="4.00"), status(second, "RJCT", "AC01", amount="4.00"))
    record_outcome(
        batch_id=batch_id, reference=third, said=PaymentState.ACCEPTED, reason_code="", user_id=books.team.fay,
        now=LATER,
    )  # fmt: skip
    assert [pay(books, batch_id) for _ in range(2)] == [1, 0]
    answer(books, batch_id, status(first, "ACSC", amount="4.00"), status(fourth, "ACSC", amount="4.00"))
    kept = [row for person in people for row in list_archived(person)]
    assert sorted(row.reference for row in kept) == sorted([first, third, fourth])
    (ben,) = list_archived(people[0])
    assert (ben.name, ben.account) == ("Ben a", "NL •••• 4300")
    assert (ben.amount_minor, ben.currency, ben.paid_on) == (400, "EUR", PAID_ON)
    assert ben.kept_until == archive_ends_on(people[0]) == date(2036, 12, 31)
    assert archive_ends_on(people[1]) is None
    assert check_balances() == []


def test_what_came_back_stays_with_its_day_and_is_kept_for_both(both_databases: str) -> None:
    books = open_books(pools=2)
    ana = owe(books)
    first = references(batch_id := send(books))[0]
    pay(books, batch_id)
    new_year = datetime(2027, 1, 1, 11, 30, tzinfo=UTC)
    for _ in range(2):
        send_back(books, first, new_year)
    (kept,) = list_archived(ana)
    assert (kept.paid_on, kept.returned_on) == (PAID_ON, date(2027, 1, 1))
    assert kept.kept_until == date(2037, 12, 31)
    Payee.objects.update(problem=None, problem_code=None)
    pay(books, send(books), now=new_year)
    again = list_archived(ana)[-1]
    assert (again.reference, again.returned_on) == (f"{first}-2", None)
    # Sent back before anybody said that it was paid: it was both, on one day.
    ben = owe(books, account=BEN_IBAN)
    send_back(books, references(send(books))[0], new_year)
    (both,) = list_archived(ben)
    assert both.paid_on == both.returned_on == date(2027, 1, 1)
    assert_sound()


def test_what_the_bank_made_after_all_is_archived_when_it_says_so(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    first = references(batch_id := send(books))[0]
    answer(books, batch_id, status(first, "RJCT", "AM04", amount="4.00"))
    payable = Payable.objects.get()
    issue_slip(participant_id=ana, payable_id=payable.id, now=LATER)
    answer(books, batch_id, status(first, "ACSC", amount="4.00"))
    assert [row.reference for row in list_archived(ana)] == [first], "the money left, whatever the books say of it"
    Payable.objects.update(state="owed")
    book_made_after_all(now=LATER, limit=10)
    assert len(list_archived(ana)) == 1


def test_a_slip_leaves_no_name(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    issue_slip(participant_id=ana, payable_id=Payable.objects.get().id, now=LATER)
    redeem_slip(typed_code=list_slips(ana)[0].code, reference="till/1", by=till(), now=LATER)
    assert not ArchivedPayment.objects.exists()


def test_lines_go_after_thirty_days_and_not_before_they_are_archived(both_databases: str) -> None:
    """What was settled by an earlier release had no archive: it comes into it before its line is deleted."""
    books = open_books(pools=2)
    ana, ben = owe(books), owe(books, account=BEN_IBAN, name="Ben Smit")
    reference = references(batch_id := send(books))
    pay(books, batch_id)
    send_back(books, reference[1], LATER + timedelta(days=1))
    ArchivedPayment.objects.all().delete()
    later = LATER + timedelta(days=31)
    assert forget_accounts(now=later) == 2, "a batch and an account; the other's is still needed"
    assert no_line_is_left() and Batch.objects.get().wrapped_key is None
    (kept,), (returned,) = list_archived(ana), list_archived(ben)
    assert (kept.name, kept.account, kept.paid_on, kept.returned_on) == (
        "Ana Lopez", "FR •••• 2606", PAID_ON, None,
    )  # fmt: skip
    assert (returned.name, returned.returned_on) == ("Ben Smit", PAID_ON + timedelta(days=1))
    assert forget_accounts(now=later) == 0


def test_erasing_cuts_the_archive_off_and_leaves_it(both_databases: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    books = open_books(pools=2)
    ana = owe(books, name="Ana Zoé Lopez")
    reference = references(batch_id := send(books))[0]
    pay(books, batch_id)
    for _ in range(2):
        erase(ana)
    assert list_archived(ana) == [] and no_line_is_left() and not Payee.objects.exists()
    archive_id = find_archived_by_reference(f" {reference.lower()} ")
    assert archive_id is not None
    row = ArchivedPayment.objects.get()
    assert row.participant_id.version == 4 and row.participant_id != ana
    with pytest.raises(ArchivePurposeNeeded):
        open_name(books, archive_id, purpose="marketing")
    assert not ArchiveReading.objects.exists()
    assert open_name(books, archive_id) == ("Ana Zoé Lopez", "FR •••• 2606")
    (reading,) = list_readings(archive_id)
    assert (reading.by, reading.purpose, reading.reason) == ("Fay", "audit", REASON)
    assert not Use.objects.filter(purpose="accounting").exists(), "nobody is there whose data it could be"
    entry_ = QueuedEntry.objects.order_by("-queue_number").first()
    assert entry_ is not None and b'"archive_read"' in bytes(entry_.body) and b'"about"' not in bytes(entry_.body)
    assert "Ana" not in caplog.text and "2606" not in caplog.text and reference not in caplog.text


def test_what_is_at_the_bank_while_somebody_is_erased_is_paid_and_archived_apart(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    batch_id = send(books)
    erase(ana)
    assert not no_line_is_left(), "the file has to be written"
    pay(books, batch_id)
    row = ArchivedPayment.objects.get()
    assert row.participant_id != ana and row.sealed_payee is not None
    assert no_line_is_left()
    assert open_name(books, row.id)[0] == "Ana Lopez"
    assert_sound()


def test_it_opens_for_finance_with_a_purpose_and_a_reason_and_the_person_sees_it(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    pay(books, send(books))
    row = ArchivedPayment.objects.get()
    for role in ("growth", "dpo", "support", "auditor", "till"):
        member = User.objects.create_user(f"{role}@shop.example", name=role, role=role)
        with pytest.raises(NotAllowed):
            read_archive(archive_id=row.id, purpose="audit", reason=REASON, user_id=member.pk, now=LATER)
    for purpose in ("", "marketing", "AUDIT"):
        with pytest.raises(ArchivePurposeNeeded):
            open_name(books, row.id, purpose=purpose)
    for reason in ("", "because", "x" * 201, "a line\x00with a zero in it"):
        with pytest.raises(ArchiveReasonNeeded):
            open_name(books, row.id, reason=reason)
    with pytest.raises(NotFound):
        open_name(books, ana)
    assert not ArchiveReading.objects.exists() and not list_lookups(ana)
    assert open_name(books, row.id, purpose="tax_authority") == ("Ana Lopez", "FR •••• 2606")
    (seen,) = list_lookups(ana)
    assert (seen.member_name, seen.reason) == ("Fay", f"{row.reference}: {REASON}")
    assert (
        Use.objects.filter(participant_id=ana, purpose="accounting", channel="archive", allowed=True).count() == 1
    )


def test_it_lists_a_year_of_a_country_without_a_name(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onloan.payouts.archive_queries.LINES_PER_PAGE", 2)
    books = open_books(pools=3)
    for letter in "abc":
        owe(books, name=f"Ana {letter}")
    batch_id = send(books)
    pay(books, batch_id)
    assert [(each.country, each.year, each.count) for each in list_archive_years()] == [("FR", 2026, 3)]
    (first, second), has_more = list_archive(country="FR", year=2026, page=1)
    (third,), has_even_more = list_archive(country="FR", year=2026, page=2)
    assert (has_more, has_even_more) == (True, False)
    assert {line.reference for line in (first, second, third)} == set(references(batch_id))
    assert "Ana" not in repr((first, second, third))
    assert (
        list_archive(country="FR", year=2027, page=1)
        == list_archive(country="GB", year=2026, page=1)
        == ([], False)
    )
    short = Payment.objects.get(end_to_end_id=first.reference).short_reference
    assert find_archived_by_reference(short) == first.id
    assert find_archived_by_reference("R0000") is None


@pytest.mark.parametrize(
    ("paid_on", "years", "kept_until"),
    [
        (date(2026, 12, 31), 10, date(2036, 12, 31)),
        (date(2027, 1, 1), 10, date(2037, 12, 31)),
        (date(2028, 2, 29), 6, date(2034, 12, 31)),
        (date(2026, 6, 1), 8, date(2034, 12, 31)),
    ],
)
def test_years_count_from_the_end_of_the_year(paid_on: date, years: int, kept_until: date) -> None:
    assert archived_until(paid_on, years) == kept_until


def test_it_is_destroyed_when_its_last_day_is_over_where_it_was_paid(sqlite_database: str) -> None:
    books = open_books(pools=1)
    british = open_books(country="GB", pools=1, slug="autumn-pot")
    owe(books)
    owe(british, account=GB_ACCOUNT)
    pay(books, send(books))
    # Midnight of the new year has come in Paris and not yet in London.
    new_year = datetime(2028, 12, 31, 23, 30, tzinfo=UTC)
    mark_batch_paid(batch_id=send(british), user_id=british.team.fay, now=new_year)
    ends = {row.country: row.retain_until for row in ArchivedPayment.objects.all()}
    assert ends == {"FR": date(2036, 12, 31), "GB": date(2034, 12, 31)}
    archive_id = ArchivedPayment.objects.get(country="GB").id
    open_name(books, archive_id)
    midnight = datetime(2034, 12, 31, 23, 59, tzinfo=UTC)
    assert forget_archived(now=midnight, limit=10) == 0
    assert forget_archived(now=midnight + timedelta(minutes=2), limit=10) == 1
    assert not ArchiveReading.objects.exists(), "who read it goes with it"
    last_moment = datetime(2036, 12, 31, 22, 59, tzinfo=UTC)
    assert [forget_archived(now=last_moment + timedelta(minutes=number), limit=10) for number in (0, 2)] == [0, 1]
    assert not ArchivedPayment.objects.exists()
