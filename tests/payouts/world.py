"""People who are owed cash and told where to pay it, for tests of payouts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from onloan.money import Money
from onloan.payouts.actions import approve_batch, give_account, owe_reward, prepare_batch, set_debtor
from onloan.payouts.check import check_payables
from onloan.payouts.models import Debtor, Payment
from tests.ledger.books import CASH, SETTLED, Books, earn, join, second_finance
from tests.payouts.bank.files import ANA_IBAN, SHOP_IBAN

LATER = SETTLED + timedelta(days=2)
GB_ACCOUNT = "20-00-00 55779911"
POUNDS = Money(10_000, "GBP")


def owe(books: Books, *, friends: int = 1, account: str | None = ANA_IBAN, name: str = "Ana Lopez") -> UUID:
    """A new person is owed cash for some friends; ``account`` None: they have not told where to pay."""
    person = join(books) if books.country == "FR" else join(books, amount=POUNDS)
    for number in range(friends):
        owe_reward(reward=earn(books, person, CASH, cause_key=f"friend{number}"), now=SETTLED)
    if account is not None:
        give_account(participant_id=person, name=name, account=account, now=SETTLED)
    return person


def set_shop_account(books: Books) -> None:
    fay = books.team.fay
    set_debtor(currency="EUR", name="Boutique Exemple", account=SHOP_IBAN, town="Paris", user_id=fay, now=SETTLED)


def prepare(books: Books) -> UUID:
    if not Debtor.objects.exists():
        set_shop_account(books)
    return prepare_batch(country=books.country, user_id=books.team.fay, now=LATER)


def approve(batch_id: UUID) -> None:
    approve_batch(batch_id=batch_id, user_id=second_finance(), now=LATER)


def send(books: Books) -> UUID:
    """A batch of everything that can be paid, approved by a second person: it is with the bank."""
    batch_id = prepare(books)
    approve(batch_id)
    return batch_id


def references(batch_id: UUID) -> list[str]:
    """What the lines of a batch are called at the bank, in the order of its file."""
    rows = Payment.objects.filter(batch_id=batch_id).order_by("id")
    return list(rows.values_list("end_to_end_id", flat=True))


def assert_sound() -> None:
    assert check_payables() == []
