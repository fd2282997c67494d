"""How a person is paid: an own account, a slip that is like cash, or a voucher where there is a choice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from onloan.errors import BadInput, NotAllowed, NotFound
from onloan.ledger.check import check_balances
from onloan.ledger.queries import find_reward, pot_view
from onloan.ledger.rules import RewardState
from onloan.money import Money
from onloan.payouts import rules
from onloan.payouts.actions import (
    cancel_slip,
    give_account,
    issue_slip,
    mark_batch_paid,
    redeem_slip,
    remove_account,
    take_voucher,
)
from onloan.payouts.bank.errors import AccountOutsideSepa, BadAccount, BadPayeeName, PayeeNameTooLong
from onloan.payouts.errors import (
    NothingToPay,
    NoVoucherChoice,
    PayableNotOpen,
    PayeeNotNeeded,
    PayeeShared,
    SlipRedeemed,
    SlipUnknown,
)
from onloan.payouts.models import Payable, Payee, Slip
from onloan.payouts.queries import find_slip, list_slips
from onloan.payouts.situation import payment_situation, preview_payee, yearly_statement
from onloan.people.models import Item, Participant, PersonKey
from onloan.people.queries import read_items
from onloan.vouchers.queries import list_vouchers
from onloan.vouchers.rules import Till
from tests.ledger.books import CASH, SETTLED, SPRING_RULES, WELCOME, Books, earn, join, open_books
from tests.payouts.bank.files import ANA_IBAN, BEN_IBAN
from tests.payouts.world import GB_ACCOUNT, LATER, assert_sound, owe, prepare, send
from tests.vouchers.tills import till

TILL_KEY = UUID(int=77)
TILL = Till(key_id=TILL_KEY)


def payable_of(person: UUID) -> Payable:
    payable: Payable = Payable.objects.get(participant_id=person)
    return payable


def slip_code_of(person: UUID) -> str:
    issue_slip(participant_id=person, payable_id=payable_of(person).id, now=LATER)
    (slip,) = list_slips(person)
    return slip.code


def test_it_keeps_an_account_sealed_and_shows_it_masked(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, name="José  Müller")
    situation = payment_situation(ana, now=LATER)
    assert situation.payee is not None
    assert situation.payee.name == "Jose Muller"
    assert ANA_IBAN not in repr(situation) and situation.payee.account.endswith(ANA_IBAN[-4:])
    sealed = b"".join(bytes(row.ciphertext) for row in Item.objects.filter(participant_id=ana))
    assert ANA_IBAN.encode() not in sealed
    assert not situation.needs_account
    assert situation.total_owed == Money(400, "EUR")


def test_it_says_what_the_bank_will_see_before_anything_is_kept(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    seen = preview_payee(name="Łucja Świątek", account=BEN_IBAN.lower(), currency="EUR")
    assert (seen.name, seen.is_respelled, seen.kind) == ("Lucja Swiatek", True, "iban")
    assert seen.account.replace(" ", "") == BEN_IBAN
    pounds = preview_payee(name="Chloe Byrne", account=GB_ACCOUNT, currency="GBP")
    assert (pounds.sort_code, pounds.account, pounds.is_respelled) == ("20-00-00", "55779911", False)
    assert not Payee.objects.exists() and read_items(ana, ["payee_name", "payee_account"]) == {}


@pytest.mark.parametrize(
    ("name", "account", "error"),
    [
        ("Ana Lopez", "FR1420041010050500013M02607", BadAccount),
        ("Ana Lopez", "AE070331234567890123456", AccountOutsideSepa),
        ("Ana Lopez", "", BadAccount),
        ("", ANA_IBAN, BadPayeeName),
        ("???", ANA_IBAN, BadPayeeName),
        ("A" * 71, ANA_IBAN, PayeeNameTooLong),
    ],
)
def test_it_stores_nothing_of_what_no_bank_takes(
    both_databases: str, name: str, account: str, error: type[Exception]
) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    with pytest.raises(error):
        give_account(participant_id=ana, name=name, account=account, now=SETTLED)
    assert not Payee.objects.exists() and read_items(ana, ["payee_name", "payee_account"]) == {}


def test_it_asks_for_an_account_only_while_cash_is_owed(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    with pytest.raises(PayeeNotNeeded):
        give_account(participant_id=ana, name="Ana Lopez", account=ANA_IBAN, now=SETTLED)
    with pytest.raises(NotFound):
        give_account(participant_id=UUID(int=5), name="Ana Lopez", account=ANA_IBAN, now=SETTLED)


def test_it_takes_one_account_for_a_household_and_not_for_a_crowd(both_databases: str) -> None:
    books = open_books(pools=6)
    for _ in range(rules.PEOPLE_PER_ACCOUNT_MAX):
        owe(books)
    with pytest.raises(PayeeShared):
        owe(books)
    assert Payee.objects.count() == rules.PEOPLE_PER_ACCOUNT_MAX
    # Their money is no less theirs: a slip needs no account.
    left = Payable.objects.exclude(participant_id__in=Payee.objects.values("participant_id")).get()
    assert issue_slip(participant_id=left.participant_id, payable_id=left.id, now=LATER)


def test_it_forgets_an_account_that_its_owner_removes(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    remove_account(participant_id=ana)
    assert read_items(ana, ["payee_name", "payee_account"]) == {}
    with pytest.raises(NothingToPay):
        prepare(books)
    assert payment_situation(ana, now=LATER).needs_account


def test_it_gives_two_weeks_from_the_day_that_an_account_came(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    late = SETTLED + timedelta(days=60)
    give_account(participant_id=ana, name="Ana Lopez", account=ANA_IBAN, now=late)
    assert payable_of(ana).due_on == late.date() + timedelta(days=14)


def test_it_pays_a_slip_once_to_whoever_holds_it(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    code = slip_code_of(ana)
    assert find_slip(code.lower().replace(" ", "-")) is not None
    assert redeem_slip(typed_code=code, reference="till-1/7", by=TILL, now=LATER) == Money(400, "EUR")
    assert redeem_slip(typed_code=code, reference="till-1/7", by=TILL, now=LATER) == Money(400, "EUR")
    with pytest.raises(SlipRedeemed):
        redeem_slip(typed_code=code, reference="till-2/1", by=TILL, now=LATER)
    assert len(pot_view(ana).paid) == 1
    assert Slip.objects.get().by_key_id == TILL_KEY
    assert check_balances() == []
    assert_sound()


def test_it_pays_no_slip_that_is_none(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    code = slip_code_of(ana)
    for typed in ("", "0" * 17, code[:-1] + ("0" if code[-1] != "0" else "1"), "x" * 100):
        with pytest.raises(SlipUnknown):
            redeem_slip(typed_code=typed, reference="till-1/7", by=TILL, now=LATER)
    for reference in ("", "Ana Lopez", "a" * 65, "=1"):
        with pytest.raises(BadInput):
            redeem_slip(typed_code=code, reference=reference, by=TILL, now=LATER)
    assert payable_of(ana).state == "slip"


def test_it_pays_a_slip_only_at_a_till(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    code = slip_code_of(ana)
    with pytest.raises(NotAllowed):
        redeem_slip(typed_code=code, reference="till-1/7", by=Till(user_id=books.team.fay), now=LATER)
    assert payable_of(ana).state == "slip"
    redeem_slip(typed_code=code, reference="till-1/7", by=till(), now=LATER)
    assert payable_of(ana).state == "paid"


def test_it_lets_a_person_change_their_mind_about_a_slip(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    code = slip_code_of(ana)
    assert slip_code_of(ana) == code
    for _ in range(2):
        cancel_slip(participant_id=ana, payable_id=payable_of(ana).id, now=LATER)
    with pytest.raises(SlipUnknown):
        redeem_slip(typed_code=code, reference="till-1/7", by=TILL, now=LATER)
    give_account(participant_id=ana, name="Ana Lopez", account=ANA_IBAN, now=LATER)
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATER)
    with pytest.raises(PayableNotOpen):
        issue_slip(participant_id=ana, payable_id=payable_of(ana).id, now=LATER)
    assert_sound()


def test_it_does_not_cancel_a_slip_that_was_paid(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    redeem_slip(typed_code=slip_code_of(ana), reference="till-1/7", by=TILL, now=LATER)
    with pytest.raises(SlipRedeemed):
        cancel_slip(participant_id=ana, payable_id=payable_of(ana).id, now=LATER)


def test_it_gives_no_slip_for_what_is_with_the_bank(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books)
    send(books)
    with pytest.raises(PayableNotOpen):
        issue_slip(participant_id=ana, payable_id=payable_of(ana).id, now=LATER)


def test_it_shows_nobody_another_person_s_money(both_databases: str) -> None:
    books = open_books(pools=2)
    ana, ben = owe(books, account=None), owe(books, account=None)
    for act in (issue_slip, cancel_slip):
        with pytest.raises(NotFound):
            act(participant_id=ben, payable_id=payable_of(ana).id, now=LATER)
    with pytest.raises(NotFound):
        take_voucher(participant_id=ben, reward_id=payable_of(ana).reward_id, now=LATER)


def test_a_slip_outlives_the_data_of_its_owner(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    code = slip_code_of(ana)
    Participant.objects.filter(id=ana).update(erased_at=LATER, restricted_at=LATER, objected_at=LATER)
    Item.objects.filter(participant_id=ana).delete()
    PersonKey.objects.filter(participant_id=ana).delete()
    assert redeem_slip(typed_code=code, reference="till-1/9", by=TILL, now=LATER) == Money(400, "EUR")
    assert check_balances() == []
    assert_sound()


def choice_books() -> Books:
    return open_books(pools=2, rules=(*SPRING_RULES[:2], replace(CASH, or_voucher_days=180)))


def test_it_lets_a_person_take_a_voucher_where_the_offer_says_so(both_databases: str) -> None:
    books = choice_books()
    ana = owe(books, account=None)
    reward_id = payable_of(ana).reward_id
    first = take_voucher(participant_id=ana, reward_id=reward_id, now=LATER)
    assert take_voucher(participant_id=ana, reward_id=reward_id, now=LATER) == first
    (voucher,) = list_vouchers(ana)
    assert voucher.amount == Money(400, "EUR")
    reward = find_reward(reward_id, ana)
    assert (reward.state, reward.taken_as) == (RewardState.EARNED, "voucher")
    with pytest.raises(NothingToPay):
        give_account_and_prepare(books, ana)
    assert check_balances() == []
    assert_sound()


def give_account_and_prepare(books: Books, person: UUID) -> None:
    with pytest.raises(PayeeNotNeeded):
        give_account(participant_id=person, name="Ana Lopez", account=ANA_IBAN, now=LATER)
    prepare(books)


def test_it_gives_no_voucher_where_the_offer_has_no_choice(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = owe(books, account=None)
    with pytest.raises(NoVoucherChoice):
        take_voucher(participant_id=ana, reward_id=payable_of(ana).reward_id, now=LATER)


def test_it_gives_no_voucher_for_what_is_on_a_slip_or_with_the_bank(both_databases: str) -> None:
    books = choice_books()
    ana, ben = owe(books), owe(books, account=None)
    send(books)
    slip_code_of(ben)
    for person in (ana, ben):
        with pytest.raises(PayableNotOpen):
            take_voucher(participant_id=person, reward_id=payable_of(person).reward_id, now=LATER)
    assert_sound()


def test_a_statement_tells_a_year_by_kind_and_never_adds_kinds(both_databases: str) -> None:
    books = choice_books()
    ana = owe(books, friends=2)
    earn(books, ana, WELCOME)
    first = Payable.objects.filter(participant_id=ana).order_by("id").first()
    assert first is not None
    take_voucher(participant_id=ana, reward_id=first.reward_id, now=LATER)
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATER)
    statement = yearly_statement(ana, year=2026, time_zone="Europe/Paris")
    assert statement.totals["earned"] == {"cash": Money(800, "EUR"), "voucher": Money(1000, "EUR")}
    assert statement.totals["paid"] == {"cash": Money(400, "EUR")}
    assert statement.totals["taken_as_voucher"] == {"voucher": Money(400, "EUR")}
    assert statement.totals["returned"] == {}
    assert yearly_statement(ana, year=2027, time_zone="Europe/Paris").lines == []
