"""Putting the books right: proposed by one, booked by another, in the person's favour, once, out of money that is
there."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.utils import DatabaseError

from onloan import ids
from onloan.access.models import User
from onloan.errors import NotAllowed, NotFound
from onloan.evidence.models import QueuedEntry
from onloan.ledger.actions import void_reward
from onloan.ledger.check import check_balances
from onloan.ledger.correction_queries import (
    count_corrections_waiting,
    find_case_of_correction,
    list_corrections_of,
    list_corrections_to_decide,
    list_open_rules,
)
from onloan.ledger.corrections import correct_reward, propose_correction, refuse_correction
from onloan.ledger.errors import (
    CorrectionDecided,
    CorrectionKnown,
    CorrectionNeedsAnother,
    CorrectionNotInOffer,
    CorrectionPoolEmpty,
    CorrectionReasonNeeded,
    PoolEnded,
    TransferConflict,
)
from onloan.ledger.models import Correction, Reward, Transfer
from onloan.ledger.pools import release_pot, top_up_pool
from onloan.ledger.queries import pool_view, pot_view
from onloan.ledger.rules import Cause, VoidCause
from onloan.money import Money
from onloan.offers.models import Market
from onloan.offers.rules import pot_to_reserve
from onloan.people.models import Participant, PersonKey
from tests.ledger.books import CASH, NOW, SETTLED, THANKS, WELCOME, Books, earn, join, open_books, promise

FRIEND = "b" * 32
REASON = "The shop forgot to report the sign-up of her friend."
HELLO = replace(WELCOME, id="hello", to="friend")


def propose(
    books: Books, person: uuid.UUID, rule_id: str = "cash", cause_key: str | None = FRIEND, **changes: object
) -> uuid.UUID:
    correction_id = changes.pop("correction_id", None) or ids.new_id()
    fields: dict[str, object] = {
        "case_id": ids.new_id(), "reason": REASON, "user_id": books.team.dora, "now": NOW, **changes
    }  # fmt: skip
    propose_correction(
        correction_id=correction_id, participant_id=person, rule_id=rule_id, cause_key=cause_key, **fields
    )  # type: ignore[arg-type]
    assert isinstance(correction_id, uuid.UUID)
    return correction_id


def book(books: Books, correction_id: uuid.UUID) -> object:
    return correct_reward(correction_id=correction_id, user_id=books.team.fay, now=SETTLED)


def still_possible(person: uuid.UUID) -> dict[str, int]:
    return {kind: amount.amount_minor for kind, amount in pot_view(person).still_possible.items()}


def test_two_people_book_what_is_missing_out_of_what_is_reserved(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    case_id = ids.new_id()
    correction_id = propose(books, ana, case_id=case_id)
    assert propose(books, ana, correction_id=correction_id) == correction_id, "the button was pressed twice"
    (waiting,) = list_corrections_to_decide()
    assert (waiting.rule_id, waiting.amount, waiting.reason) == ("cash", Money(400, "EUR"), REASON)
    assert (waiting.case_id, waiting.proposed_by, waiting.decided_by) == (case_id, "Dora", "")
    assert not Reward.objects.exists() and count_corrections_waiting(ana) == 1
    before = pool_view(books.market_id)
    reward = book(books, correction_id)
    assert book(books, correction_id) is None, "once"
    (line,) = pot_view(ana).earned
    assert (line.amount, line.due_on, line.is_corrected) == (Money(400, "EUR"), date(2027, 1, 16), True)
    assert reward is not None and still_possible(ana) == {"cash": 1_600, "voucher": 8_000}
    after = pool_view(books.market_id)
    assert (after.free, after.owed) == (before.free, Money(400, "EUR"))
    assert not list_corrections_to_decide() and list_corrections_of(ana)[0].decided_by == "Fay"
    causes = Transfer.objects.filter(participant_id=ana).order_by("created_at", "id").values_list("kind", "cause")
    assert sorted(causes) == [("pending", "correction"), ("post", "counted"), ("posted", "joined")]
    entry = json.loads(bytes(QueuedEntry.objects.order_by("-queue_number")[0].body))
    assert (entry["kind"], entry["reason"], entry["role"]) == ("reward_earned", "correction", "finance")
    # The shop reports the friend after all: what is in the books is not promised again.
    assert promise(books, ana, CASH, cause_key=FRIEND) == line.reward_id
    assert check_balances() == []


def test_what_was_not_reserved_comes_from_what_is_free_or_is_refused(both_databases: str) -> None:
    books = open_books(pools=2, rules=(WELCOME, THANKS, CASH, HELLO))
    ana, ben = join(books), join(books)
    release_pot(participant_id=ana, now=SETTLED)
    assert book(books, propose(books, ana)) is not None
    assert pool_view(books.market_id).free == Money(9_600, "EUR")
    # Nobody brought Ben, so nothing was reserved for a friend's welcome: his other rewards do not pay for it.
    (hello,) = [rule for rule in list_open_rules(ben) if rule.rule.id == "hello"]
    assert not hello.is_reserved and pot_to_reserve(books.offer, "FR", has_sponsor=True).amount_minor == 11_000
    before = still_possible(ben)
    assert book(books, propose(books, ben, "hello", "own")) is not None
    assert still_possible(ben) == before and pool_view(books.market_id).free == Money(8_600, "EUR")
    join(books, amount=Money(8_500, "EUR"))
    wanted = propose(books, ana, "thanks", "c" * 32)
    with pytest.raises(CorrectionPoolEmpty):
        book(books, wanted)
    assert list_corrections_to_decide() and check_balances() == []
    for state in ("open", "closed"):
        Market.objects.update(state=state, reason="Its time has come.")
    top_up_pool(market_id=books.market_id, amount=Money(1_400, "EUR"), user_id=books.team.fay, now=SETTLED)
    assert book(books, wanted) is not None
    with pytest.raises(PoolEnded):
        top_up_pool(market_id=books.market_id, amount=Money(1_400, "EUR"), user_id=books.team.fay, now=SETTLED)
    assert pool_view(books.market_id).free == Money(100, "EUR")
    assert check_balances() == []


def test_it_gives_what_the_offer_gives_and_not_more(sqlite_database: str) -> None:
    books = open_books(pools=2)
    ana = join(books)
    for number in range(4):
        promise(books, ana, CASH, cause_key=f"friend{number}")
    propose(books, ana)
    with pytest.raises(CorrectionKnown):
        propose(books, ana)
    assert promise(books, ana, CASH, cause_key="friend4") is not None, "the fifth came meanwhile"
    with pytest.raises(CorrectionNotInOffer):
        book(books, Correction.objects.get().id)
    for rule_id in ("cash", "nothing"):
        with pytest.raises(CorrectionNotInOffer):
            propose(books, ana, rule_id, None)
    assert [(rule.rule.id, rule.times_left) for rule in list_open_rules(ana)] == [("welcome", 1), ("thanks", 5)]
    Participant.objects.filter(id=ana).update(has_pot=False, pot_released_at=None)
    with pytest.raises(CorrectionNotInOffer):
        propose(books, ana, "thanks", None)


def test_what_came_meanwhile_is_not_given_again(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    correction_id = propose(books, ana)
    promise(books, ana, CASH, cause_key=FRIEND)
    with pytest.raises(CorrectionKnown):
        book(books, correction_id)
    with pytest.raises(CorrectionKnown):
        propose(books, ana)


def test_what_ended_before_it_was_earned_is_made_good_beside_it(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    ended = promise(books, ana, CASH, cause_key=FRIEND)
    assert ended is not None
    void_reward(
        reward_id=ended, participant_id=ana, cause=VoidCause.EVENT_UNDONE_BEFORE_EARNED, decided_by_user_id=None,
        now=NOW,
    )  # fmt: skip
    assert book(books, propose(books, ana)) is not None
    assert set(Reward.objects.values_list("cause_key", "state")) == {
        (FRIEND, "voided"), (f"{FRIEND}/corrected", "earned")
    }  # fmt: skip
    with pytest.raises(CorrectionKnown):
        propose(books, ana)
    assert promise(books, ana, CASH, cause_key=FRIEND) == ended
    assert book(books, propose(books, ana, cause_key=None)) is not None, "somebody whom the books do not know"
    assert check_balances() == []


def test_who_may_do_what(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana, team = join(books), books.team
    for user_id in (team.greg, team.fay):
        with pytest.raises(NotAllowed):
            propose(books, ana, user_id=user_id)
    for reason in ("", "because", "x" * 501, "a line\x00with a zero"):
        with pytest.raises(CorrectionReasonNeeded):
            propose(books, ana, reason=reason)
    correction_id = propose(books, ana)
    with pytest.raises(TransferConflict):
        propose(books, ana, "thanks", correction_id=correction_id)
    for user_id in (team.greg, team.dora):
        with pytest.raises(NotAllowed):
            correct_reward(correction_id=correction_id, user_id=user_id, now=NOW)
    User.objects.filter(id=team.dora).update(role="finance")
    with pytest.raises(CorrectionNeedsAnother):
        correct_reward(correction_id=correction_id, user_id=team.dora, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.update(state="approved", decided_by_user_id=team.dora, decided_at=NOW, reward_id=ana)
    with pytest.raises(NotAllowed):
        refuse_correction(correction_id=correction_id, user_id=team.greg, now=NOW)
    for _ in range(2):
        refuse_correction(correction_id=correction_id, user_id=team.fay, now=NOW)
    with pytest.raises(CorrectionDecided):
        book(books, correction_id)
    User.objects.filter(id=team.dora).update(role="dpo")
    again = propose(books, ana)
    refuse_correction(correction_id=again, user_id=team.dora, now=NOW)
    assert not Reward.objects.exists()
    booked = propose(books, ana)
    book(books, booked)
    with pytest.raises(CorrectionDecided):
        refuse_correction(correction_id=booked, user_id=team.fay, now=NOW)
    with pytest.raises(NotFound):
        book(books, ana)


def test_it_only_gives(both_databases: str) -> None:
    """Neither the action nor the tables can take anything: amounts are above zero, and no route leads back."""
    books = open_books(pools=1)
    ana = join(books)
    earned = earn(books, ana, CASH)
    correction_id = propose(books, ana)
    for amount_minor in (0, -400):
        with pytest.raises(DatabaseError), transaction.atomic():
            Correction.objects.filter(id=correction_id).update(amount_minor=amount_minor)
    with pytest.raises(DatabaseError), transaction.atomic():
        Transfer.objects.create(
            id=ids.new_id(), participant_id=ana, debit_account_id=ids.new_id(), debit_kind="owed",
            credit_account_id=ids.new_id(), credit_kind="reserved", amount_minor=400, currency="EUR",
            kind="posted", cause=Cause.CORRECTION.value, cause_ref=earned.id, created_at=NOW,
        )  # fmt: skip
    book(books, correction_id)
    assert len(pot_view(ana).earned) == 2


def test_nothing_leads_from_it_to_a_case_once_the_key_is_gone(sqlite_database: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    correction_id = propose(books, ana)
    row = Correction.objects.get()
    assert REASON.encode() not in bytes(row.sealed_reason)
    PersonKey.objects.filter(participant_id=ana).delete()
    Participant.objects.filter(id=ana).update(erased_at=NOW)
    assert find_case_of_correction(correction_id) is None
    (line,) = list_corrections_to_decide()
    assert (line.case_id, line.reason) == (None, "")
    assert book(books, correction_id) is not None, "what is theirs stays theirs"
    with pytest.raises(NotFound):
        propose(books, ana, "thanks")


def test_two_who_approve_at_once_book_it_once(both_databases: str) -> None:
    books = open_books(pools=1)
    ana = join(books)
    release_pot(participant_id=ana, now=NOW)
    correction_ids = [propose(books, ana, cause_key=f"friend{number}") for number in range(3)]
    results = at_once([lambda each=each: book(books, each) is not None for each in correction_ids * 5])
    assert Counter(map(str, results)) == {"True": 3, "False": 12}
    assert pool_view(books.market_id).owed == Money(1_200, "EUR")
    assert pool_view(books.market_id).free == Money(8_800, "EUR")
    assert check_balances() == []


def at_once(works: list[Callable[[], object]]) -> list[object]:
    results: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(position: int) -> None:
        gate.wait()
        try:
            results[position] = works[position]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(position,)) for position in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
