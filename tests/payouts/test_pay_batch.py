"""Paying cash: a file, two people, and nothing twice."""

from __future__ import annotations

import hashlib
import io
import os
import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from onloan import clock, ids
from onloan.access.models import User
from onloan.errors import BadInput, MustStopError, NotAllowed
from onloan.evidence.models import QueuedEntry
from onloan.ledger.check import check_balances
from onloan.ledger.errors import RewardNotReady, TransferConflict
from onloan.ledger.models import Transfer
from onloan.ledger.queries import find_reward, pool_view, pot_view
from onloan.ledger.rules import RewardState, reward_reference
from onloan.money import Money
from onloan.payouts import actions, gathering
from onloan.payouts.actions import (
    approve_batch,
    confirm_fulfilment,
    give_account,
    mark_batch_paid,
    owe_reward,
    prepare_batch,
    refuse_batch,
)
from onloan.payouts.bank.errors import WrongControlSum
from onloan.payouts.bank.pain001 import validate_pain001
from onloan.payouts.errors import (
    BatchNotReady,
    DebtorMissing,
    FileChanged,
    LinesForgotten,
    NothingToPay,
    SamePerson,
    UnknownReference,
)
from onloan.payouts.models import Batch, Payable, Payee, Payment
from onloan.payouts.queries import batch_file, find_batch, list_batches, list_overdue, list_waiting_for_account
from onloan.payouts.rules import end_to_end_id
from onloan.payouts.watch import forget_accounts
from onloan.people.models import PersonKey
from onloan.people.queries import find_participant, read_items
from tests.ledger.books import (
    CASH,
    DUE_ON,
    POINTS,
    SETTLED,
    THANKS,
    Books,
    earn,
    join,
    open_books,
    promise,
    second_finance,
)  # fmt: skip
from tests.payouts.bank.files import ANA_IBAN, BEN_IBAN, SHOP_IBAN
from tests.payouts.world import (
    GB_ACCOUNT,
    LATER,
    approve,
    assert_sound,
    owe,
    prepare,
    send,
    set_shop_account,
)


def pay(books: Books, batch_id: UUID) -> int:
    return mark_batch_paid(batch_id=batch_id, user_id=books.team.fay, now=LATER)


def test_it_owes_earned_cash_once_by_its_date(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    reward = earn(books, ana, CASH)
    assert len({owe_reward(reward=reward, now=SETTLED) for _ in range(3)}) == 1
    payable = Payable.objects.get()
    assert (payable.amount_minor, payable.due_on, payable.state) == (400, DUE_ON, "owed")


def test_it_owes_nothing_else(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    pending = promise(books, ana, CASH)
    assert pending is not None
    for reward in (find_reward(pending, ana), earn(books, ana, THANKS)):
        with pytest.raises(RewardNotReady):
            owe_reward(reward=reward, now=SETTLED)
    assert not Payable.objects.exists()


def test_it_pays_a_batch_that_two_people_stand_behind(both_databases: str) -> None:
    books = open_books(pools=3)
    ana, ben = owe(books, friends=2), owe(books)
    batch_id = prepare(books)
    approve(batch_id)
    assert pay(books, batch_id) == 3
    batch = find_batch(batch_id)
    assert (batch.state, batch.count, batch.total) == ("paid", 3, Money(1_200, "EUR"))
    assert (batch.created_by, batch.approved_by, batch.paid_by) == ("Fay", "Finn", "Fay")
    assert [len(pot_view(person).paid) for person in (ana, ben)] == [2, 1]
    assert pool_view(books.market_id).paid == Money(1_200, "EUR")
    assert check_balances() == []


def test_it_pays_nothing_twice(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id = prepare(books)
    approve(batch_id)
    assert [pay(books, batch_id) for _ in range(3)] == [1, 0, 0]
    assert Transfer.objects.filter(credit_kind="paid").count() == 1
    with pytest.raises(NothingToPay):
        prepare(books)


def test_it_goes_on_where_a_crash_ended(both_databases: str, monkeypatch: pytest.MonkeyPatch) -> None:
    books = open_books(pools=3)
    for _ in range(3):
        owe(books)
    batch_id = prepare(books)
    approve(batch_id)
    monkeypatch.setattr(actions, "PAID_PER_TRANSACTION", 1)
    assert actions._pay_some(batch_id=batch_id, now=LATER) == 1
    assert (find_batch(batch_id).state, Payable.objects.filter(state="paid").count()) == ("approved", 1)
    assert_sound()
    assert pay(books, batch_id) == 2
    assert find_batch(batch_id).state == "paid"
    assert pool_view(books.market_id).paid == Money(1_200, "EUR")


def test_it_lets_nobody_approve_their_own_batch(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id = prepare(books)
    with pytest.raises(SamePerson):
        approve_batch(batch_id=batch_id, user_id=books.team.fay, now=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.update(state="approved", approved_by_user_id=books.team.fay, approved_at=LATER)
    with pytest.raises(BatchNotReady, match="prepared"):
        pay(books, batch_id)
    assert find_batch(batch_id).state == "prepared"


def test_it_keeps_each_step_to_the_roles_that_may(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id = prepare(books)
    for user_id in (books.team.greg, books.team.dora):
        with pytest.raises(NotAllowed):
            prepare_batch(country="FR", user_id=user_id, now=LATER)
        with pytest.raises(NotAllowed):
            approve_batch(batch_id=batch_id, user_id=user_id, now=LATER)
        with pytest.raises(NotAllowed):
            mark_batch_paid(batch_id=batch_id, user_id=user_id, now=LATER)
        with pytest.raises(NotAllowed):
            refuse_batch(batch_id=batch_id, user_id=user_id, now=LATER)


def test_it_asks_nobody_who_has_left(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id, finn = prepare(books), second_finance()
    User.objects.filter(id=finn).update(is_active=False)
    with pytest.raises(NotAllowed):
        approve_batch(batch_id=batch_id, user_id=finn, now=LATER)


def test_it_binds_the_approval_to_the_file(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    batch_id = prepare(books)
    Payment.objects.update(amount_minor=40_000)
    with pytest.raises(WrongControlSum):
        approve(batch_id)
    Payment.objects.update(amount_minor=400, end_to_end_id="R0")
    with pytest.raises(FileChanged):
        approve(batch_id)
    assert find_batch(batch_id).state == "prepared"
    Payment.objects.update(end_to_end_id=end_to_end_id(Payment.objects.get().reward_id, 1))
    approve(batch_id)
    Payment.objects.update(end_to_end_id="R0")
    with pytest.raises(FileChanged):
        batch_file(batch_id)


def test_it_owes_again_what_a_refused_batch_held(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    first = prepare(books)
    for _ in range(2):
        refuse_batch(batch_id=first, user_id=books.team.fay, now=LATER)
    with pytest.raises(BatchNotReady, match="refused"):
        approve(first)
    with pytest.raises(BatchNotReady, match="refused"):
        batch_file(first)
    assert_sound()
    second = prepare(books)
    approve(second)
    with pytest.raises(BatchNotReady, match="approved"):
        refuse_batch(batch_id=second, user_id=books.team.fay, now=LATER)
    assert pay(books, second) == 1
    assert [batch.state for batch in list_batches()] == ["paid", "refused"]


def test_it_batches_one_country_and_one_day(both_databases: str) -> None:
    france = open_books(pools=2)
    britain = open_books(country="GB", pools=1, slug="gb-pot")
    owe(france, friends=2)
    owe(britain, account=GB_ACCOUNT)
    with pytest.raises(NothingToPay):
        prepare_batch(country="FR", user_id=france.team.fay, now=LATER, due_by=DUE_ON - timedelta(days=1))
    batch = find_batch(prepare(france))
    assert (batch.count, batch.total) == (2, Money(800, "EUR"))
    assert find_batch(prepare(britain)).total == Money(200, "GBP")
    assert_sound()


def test_it_asks_from_which_account_euros_are_paid(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    with pytest.raises(DebtorMissing):
        prepare_batch(country="FR", user_id=books.team.fay, now=LATER)
    assert not Batch.objects.exists()


def test_it_leaves_out_who_has_not_told_where(both_databases: str) -> None:
    books = open_books(pools=2)
    ana, ben = owe(books), owe(books, account=None)
    batch_id = prepare(books)
    assert list(Payment.objects.values_list("participant_id", flat=True)) == [ana]
    (waiting,) = list_waiting_for_account("FR")
    participant = find_participant(ben)
    assert participant is not None and waiting.public_id == participant.public_id
    assert find_batch(batch_id).count == 1


def test_it_leaves_out_whose_key_is_gone(both_databases: str) -> None:
    books = open_books(pools=2)
    ana, ben = owe(books), owe(books, account=BEN_IBAN, name="Ben Smit")
    PersonKey.objects.filter(participant_id=ben).delete()
    prepare(books)
    assert list(Payment.objects.values_list("participant_id", flat=True)) == [ana]
    assert Payable.objects.get(participant_id=ben).state == "owed"


def test_it_writes_a_file_that_banks_take(both_databases: str) -> None:
    books = open_books(pools=2)
    owe(books, name="José Müller")
    owe(books, account=BEN_IBAN, name="Ben Smit")
    batch_id = prepare(books)
    with pytest.raises(BatchNotReady):
        batch_file(batch_id)
    approve(batch_id)
    file = batch_file(batch_id)
    assert file.content == batch_file(batch_id).content
    assert hashlib.sha256(file.content).hexdigest() == find_batch(batch_id).file_hash
    validate_pain001(io.BytesIO(file.content))
    text = file.content.decode()
    assert ANA_IBAN in text and BEN_IBAN in text and "<Nm>Jose Muller</Nm>" in text
    assert "@" not in text and "<PstlAdr>" not in text.split("<CdtTrfTxInf>", 1)[1]


def test_it_writes_the_british_kind_of_file(both_databases: str) -> None:
    books = open_books(country="GB", pools=1, slug="gb-pot")
    owe(books, account=GB_ACCOUNT, name="Chloe Byrne")
    batch_id = send(books)
    file = batch_file(batch_id)
    line = file.content.decode().splitlines()[1]
    payment = Payment.objects.get()
    assert "200000" in line.replace("-", "") and "55779911" in line and "2.00" in line
    assert payment.short_reference in line and file.name.endswith(".csv")
    assert pay(books, batch_id) == 1


def test_it_keeps_the_account_that_a_payment_was_prepared_with(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    batch_id = send(books)
    give_account(participant_id=ana, name="Ana Lopez", account=BEN_IBAN, now=LATER)
    text = batch_file(batch_id).content.decode()
    assert ANA_IBAN in text and BEN_IBAN not in text


def test_it_goes_on_with_a_preparation_that_was_killed(
    both_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = open_books(pools=5)
    for _ in range(3):
        owe(books)
    owe(books, account=BEN_IBAN)
    owe(books, account=BEN_IBAN)
    set_shop_account(books)
    monkeypatch.setattr(gathering, "GATHERED_PER_TRANSACTION", 2)
    begun = gathering.open_batch(country="FR", user_id=books.team.fay, now=LATER, due_by=None)
    assert gathering._gather_some(batch_id=begun, due_by=None, after=None) is not None
    assert (find_batch(begun).state, Payment.objects.count()) == ("preparing", 2)
    with pytest.raises(BatchNotReady):
        approve(begun)
    assert prepare(books) == begun
    assert (find_batch(begun).count, Payment.objects.values("payable_id").distinct().count()) == (5, 5)
    assert_sound()


def test_whoever_goes_on_with_a_preparation_does_not_approve_it(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    set_shop_account(books)
    fay, other = books.team.fay, second_finance()
    gathering.open_batch(country="FR", user_id=fay, now=LATER, due_by=None)
    batch_id = prepare_batch(country="FR", user_id=other, now=LATER)
    with pytest.raises(SamePerson):
        approve_batch(batch_id=batch_id, user_id=other, now=LATER)
    approve_batch(batch_id=batch_id, user_id=fay, now=LATER)


def test_it_forgets_names_and_accounts_a_month_after_paying(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    batch_id = send(books)
    pay(books, batch_id)
    assert forget_accounts(now=LATER + timedelta(days=29)) == 0
    assert forget_accounts(now=LATER + timedelta(days=31)) == 2
    with pytest.raises(LinesForgotten):
        batch_file(batch_id)
    assert read_items(ana, ["payee_name", "payee_account"]) == {}
    assert not Payee.objects.exists()
    assert find_batch(batch_id).total == Money(400, "EUR")


def test_it_keeps_an_account_while_anything_is_owed(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    pay(books, send(books))
    owe_reward(reward=earn(books, ana, CASH, cause_key="late"), now=LATER + timedelta(days=20))
    forget_accounts(now=LATER + timedelta(days=60))
    assert len(read_items(ana, ["payee_name", "payee_account"])) == 2


def test_it_writes_the_approval_in_the_evidence(both_databases: str) -> None:
    books = open_books(pools=1)
    owe(books)
    approve(prepare(books))
    bodies = [bytes(body).decode() for body in QueuedEntry.objects.values_list("body", flat=True)]
    (entry,) = [body for body in bodies if "payout_approved" in body]
    assert '"amount_minor":400' in entry and '"count":1' in entry and '"market":"FR"' in entry
    assert re.search(r'"role"|about', entry) is None


def test_it_says_what_is_late(both_databases: str) -> None:
    books = open_books(pools=2)
    ana = owe(books)
    owe(books, account=None)
    last_moment = SETTLED.replace(year=2027, month=1, day=16, hour=22, minute=59)
    assert list_overdue(now=last_moment) == []
    # One minute later it is the seventeenth in Paris, though not yet in UTC.
    (line,) = list_overdue(now=last_moment + timedelta(minutes=1))
    assert (line.participant_id, line.due_on, line.days_late) == (ana, date(2027, 1, 16), 1)
    batch_id = prepare(books)
    approve(batch_id)
    assert len(list_overdue(now=last_moment + timedelta(days=1))) == 1
    pay(books, batch_id)
    assert list_overdue(now=last_moment + timedelta(days=1)) == []


def test_it_says_what_the_merchant_has_not_fulfilled_in_time(both_databases: str) -> None:
    books = open_books(pools=1, rules=(CASH, POINTS))
    ana = join(books)
    reward = earn(books, ana, POINTS)
    day_after = SETTLED.replace(year=2027, month=1, day=17, hour=12)
    assert list_overdue(now=day_after - timedelta(days=1)) == []
    (line,) = list_overdue(now=day_after)
    assert (line.reference, line.state, line.days_late) == (reward_reference(reward.id), "unconfirmed", 1)
    confirm_fulfilment(reward_ref=line.reference, reference="shop/1", now=day_after)
    assert list_overdue(now=day_after) == []


def test_it_takes_the_merchant_s_word_for_what_it_fulfilled(both_databases: str) -> None:
    books = open_books(pools=1, rules=(CASH, POINTS))
    ana = join(books)
    reward = earn(books, ana, POINTS)
    reference = reward_reference(reward.id)
    confirmed = [confirm_fulfilment(reward_ref=reference, reference="shop/2027-0001", now=LATER) for _ in range(2)]
    assert confirmed == [True, False]
    settled = find_reward(reward.id, ana)
    assert (settled.state, settled.reference, settled.settled_at) == (RewardState.PAID, "shop/2027-0001", LATER)
    with pytest.raises(TransferConflict):
        confirm_fulfilment(reward_ref=reference, reference="another", now=LATER)
    assert check_balances() == []


def test_it_refuses_a_fulfilment_of_something_else(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    cash = earn(books, ana, CASH)
    with pytest.raises(RewardNotReady):
        confirm_fulfilment(reward_ref=reward_reference(cash.id), reference="shop/1", now=LATER)
    for unknown in (reward_reference(ids.new_id()), "", "R" * 28, str(cash.id)):
        with pytest.raises(UnknownReference):
            confirm_fulfilment(reward_ref=unknown, reference="shop/1", now=LATER)
    for bad in ("", "x" * 65, "Ana Martin", "ana@people.example", "=1+1", "a\nb"):
        with pytest.raises(BadInput):
            confirm_fulfilment(reward_ref=reward_reference(cash.id), reference=bad, now=LATER)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "paid"},
        {"state": "in_batch"},
        {"state": "lost"},
        {"amount_minor": 0},
        {"batch_id": ids.new_id()},
    ],
)
def test_the_database_knows_each_state_of_a_payable(both_databases: str, change: dict[str, object]) -> None:
    books = open_books(pools=1)
    owe(books)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payable.objects.update(**change)


def test_the_command_line_pays_from_end_to_end(both_databases: str, tmp_path: os.PathLike[str]) -> None:
    from pathlib import Path

    from typer.testing import CliRunner

    from onloan.cli.payouts import payouts

    books = open_books(pools=1)
    owe(books)
    second_finance()
    clock.advance(int((LATER - clock.now()).total_seconds()) + 1)
    out = Path(tmp_path) / "payout.xml"
    runner = CliRunner()

    def run(*arguments: str) -> str:
        result = runner.invoke(payouts, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    shop = ("--name", "Boutique", "--account", SHOP_IBAN, "--town", "Paris", "--by", "fay@boutique.example")
    run("debtor", "EUR", *shop)
    assert "No batch yet" in run("list")
    assert "1 payments, 4.00 EUR" in run("prepare", "fr", "--by", "fay@boutique.example")
    batch_id = str(Batch.objects.get().id)
    with pytest.raises(BatchNotReady):
        run("write", batch_id, "--out", str(out))
    with pytest.raises(SamePerson):
        run("approve", batch_id, "--by", "fay@boutique.example")
    assert "Approved" in run("approve", batch_id, "--by", "finn@boutique.example")
    run("write", batch_id, "--out", str(out))
    assert out.stat().st_mode & 0o777 == 0o600 and out.read_bytes() == batch_file(UUID(batch_id)).content
    with pytest.raises(BadInput, match="exists"):
        run("write", batch_id, "--out", str(out))
    assert "1 of 1" in run("mark-paid", batch_id, "--by", "fay@boutique.example")
    assert "0 of 1" in run("mark-paid", batch_id, "--by", "fay@boutique.example")
    assert "paid" in run("list")
    assert "The books balance." in run("check")
    Payable.objects.all().delete()
    with pytest.raises(MustStopError):
        run("check")
