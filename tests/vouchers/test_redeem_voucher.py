"""A till takes money from a voucher: in parts or whole, once for each reference, never more than there is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onloan import db
from onloan.errors import BadInput, NotAllowed, OnloanError
from onloan.evidence.models import QueuedEntry
from onloan.money import Money
from onloan.people.models import Item, Participant, PersonKey
from onloan.vouchers.errors import (
    HoldOver,
    HoldTime,
    RedemptionNotReady,
    ReferenceForm,
    ReferenceRefused,
    RollBackTooLate,
    VoucherCurrency,
    VoucherExpired,
    VoucherHeld,
    VoucherSpent,
    VoucherTooMuch,
    VoucherUnknown,
)
from onloan.vouchers.models import Redemption
from onloan.vouchers.queries import list_redemptions
from onloan.vouchers.rules import RedemptionState, Till
from onloan.vouchers.spending import (
    finish_redemption,
    redeem_voucher,
    release_redemption,
    roll_back_redemption,
)
from tests.vouchers.tills import EXPIRES_AT, LATER, assert_balanced, euros, give_voucher, take, till


def test_it_takes_parts_until_nothing_is_left(both_databases: str) -> None:
    ana = give_voucher()
    assert ana.sums() == (1_400, 0, 1_400, 0)
    taken = take(ana, 900, "sale-1")
    assert (taken.amount, taken.state, taken.by) == (euros(900), RedemptionState.DONE, till())
    assert ana.sums() == (500, 0, 500, 900) and ana.voucher.state == "active"
    assert take(ana, None, "sale-2").amount == euros(500)
    assert ana.sums() == (0, 0, 0, 1_400) and ana.voucher.state == "redeemed"
    assert_balanced()
    with pytest.raises(VoucherSpent):
        take(ana, 1, "sale-3")


def test_a_retry_takes_nothing_more(both_databases: str) -> None:
    ana = give_voucher()
    first = take(ana, 900)
    assert take(ana, 900) == first and take(ana, None) == first
    assert ana.sums() == (500, 0, 500, 900)
    with pytest.raises(ReferenceRefused):
        take(ana, 800)
    assert Redemption.objects.count() == 1


@pytest.mark.parametrize(
    ("minor", "error"), [(1_401, VoucherTooMuch), (0, BadInput), (10**15 - 1, VoucherTooMuch)]
)
def test_it_takes_no_more_than_there_is(both_databases: str, minor: int, error: type[OnloanError]) -> None:
    ana = give_voucher()
    with pytest.raises(error):
        take(ana, minor)
    assert ana.sums() == (1_400, 0, 1_400, 0) and not Redemption.objects.exists()


def test_it_takes_no_other_currency(both_databases: str) -> None:
    ana = give_voucher()
    with pytest.raises(VoucherCurrency):
        redeem_voucher(
            typed_code=ana.code, amount=Money(100, "GBP"), reference="x", by=till(), hold_seconds=None, now=LATER
        )
    assert ana.sums() == (1_400, 0, 1_400, 0)


@pytest.mark.parametrize("typed", ["", "0" * 17, "Z" * 40, "é", "'; DROP TABLE vouchers_voucher; --"])
def test_it_knows_no_other_code(both_databases: str, typed: str) -> None:
    give_voucher()
    with pytest.raises(VoucherUnknown):
        redeem_voucher(typed_code=typed, amount=None, reference="x", by=till(), hold_seconds=None, now=LATER)


@pytest.mark.parametrize("reference", ["", "x" * 65, "a b", "ben@example.org", "é"])
def test_it_wants_a_reference_that_names_nobody(both_databases: str, reference: str) -> None:
    ana = give_voucher()
    with pytest.raises(ReferenceForm):
        take(ana, 100, reference)


def test_it_is_good_through_its_last_second_and_not_after(both_databases: str) -> None:
    ana = give_voucher(expires_at=EXPIRES_AT)
    end = ana.voucher.expires_at
    assert end is not None
    take(ana, 100, "in-time", now=end + timedelta(milliseconds=999))
    with pytest.raises(VoucherExpired):
        take(ana, 100, "late", now=end + timedelta(seconds=1))
    assert ana.sums()[2:] == (1_300, 100)


@pytest.mark.parametrize("role", ["finance", "growth", "auditor", "dpo"])
def test_only_who_stands_at_a_till_may(both_databases: str, role: str) -> None:
    ana = give_voucher()
    with pytest.raises(NotAllowed):
        take(ana, 100, by=till("Mallory", role))
    taken = take(ana, 100)
    for step in (finish_redemption, release_redemption, roll_back_redemption):
        with pytest.raises(NotAllowed):
            step(redemption_id=taken.id, by=till("Mallory", role), now=LATER)


def test_it_holds_an_amount_for_one_sale(both_databases: str) -> None:
    ana = give_voucher()
    held = take(ana, 1_000, hold_seconds=60)
    assert (held.state, held.held_until) == (RedemptionState.HELD, LATER + timedelta(seconds=60))
    assert ana.sums() == (1_400, 1_000, 1_400, 0)
    with pytest.raises(VoucherHeld):
        take(ana, 401, "sale-2")
    take(ana, 400, "sale-2")
    with pytest.raises(VoucherHeld):
        take(ana, None, "sale-3")
    done = finish_redemption(redemption_id=held.id, by=till(), now=LATER + timedelta(seconds=60))
    assert (done.state, done.done_at) == (RedemptionState.DONE, LATER + timedelta(seconds=60))
    assert finish_redemption(redemption_id=held.id, by=till(), now=LATER + timedelta(days=2)) == done
    assert ana.sums() == (0, 0, 0, 1_400)
    assert_balanced()


def test_it_gives_back_what_was_held(both_databases: str) -> None:
    ana = give_voucher()
    held = take(ana, None, hold_seconds=3_600)
    released = release_redemption(redemption_id=held.id, by=till(), now=LATER)
    assert released.state is RedemptionState.RELEASED
    assert release_redemption(redemption_id=held.id, by=till(), now=LATER) == released
    assert ana.sums() == (1_400, 0, 1_400, 0)
    with pytest.raises(HoldOver):
        finish_redemption(redemption_id=held.id, by=till(), now=LATER)
    with pytest.raises(ReferenceRefused):
        take(ana, None)
    assert_balanced()


@pytest.mark.parametrize("seconds", [0, 29, 3_601, -5])
def test_it_holds_for_a_bounded_time(both_databases: str, seconds: int) -> None:
    ana = give_voucher()
    with pytest.raises(HoldTime):
        take(ana, 100, hold_seconds=seconds)


def test_a_hold_is_over_on_the_second(both_databases: str) -> None:
    ana = give_voucher()
    held = take(ana, None, hold_seconds=30)
    over = LATER + timedelta(seconds=31)
    with pytest.raises(HoldOver):
        finish_redemption(redemption_id=held.id, by=till(), now=over)
    assert take(ana, None, "sale-2", now=over).amount == euros(1_400)
    assert [line.state for line in list_redemptions(ana.id, ana.voucher_id)] == [
        RedemptionState.DONE,
        RedemptionState.RELEASED,
    ]
    assert ana.sums() == (0, 0, 0, 1_400)
    assert_balanced()


def test_it_undoes_a_sale_within_a_day(both_databases: str) -> None:
    ana = give_voucher()
    taken = take(ana, None)
    tomorrow = LATER + timedelta(hours=24)
    undone = roll_back_redemption(redemption_id=taken.id, by=till("Tom"), now=tomorrow)
    assert (undone.state, undone.undone_at) == (RedemptionState.ROLLED_BACK, tomorrow)
    assert roll_back_redemption(redemption_id=taken.id, by=till(), now=tomorrow) == undone
    assert ana.sums() == (1_400, 0, 1_400, 0) and ana.voucher.state == "active"
    row = Redemption.objects.get()
    assert row.by_user_id == till().user_id and row.undone_by_user_id == till("Tom").user_id
    with pytest.raises(ReferenceRefused):
        take(ana, None, now=tomorrow)
    assert take(ana, None, "sale-2", now=tomorrow).amount == euros(1_400)
    assert_balanced()


def test_it_undoes_nothing_later_and_nothing_that_was_not_spent(both_databases: str) -> None:
    ana = give_voucher()
    taken, held = take(ana, 500), take(ana, 500, "sale-2", hold_seconds=60)
    with pytest.raises(RollBackTooLate):
        roll_back_redemption(redemption_id=taken.id, by=till(), now=LATER + timedelta(hours=24, seconds=1))
    with pytest.raises(RedemptionNotReady):
        roll_back_redemption(redemption_id=held.id, by=till(), now=LATER)
    with pytest.raises(RedemptionNotReady):
        release_redemption(redemption_id=taken.id, by=till(), now=LATER)
    assert ana.sums() == (900, 500, 900, 500)


def test_what_comes_back_after_the_end_can_be_spent_for_a_week(both_databases: str) -> None:
    ana = give_voucher()
    end = ana.voucher.expires_at
    assert end is not None
    taken = take(ana, 1_000, now=end)
    undone_at = end + timedelta(hours=20)
    roll_back_redemption(redemption_id=taken.id, by=till(), now=undone_at)
    again_until = ana.voucher.expires_at
    assert again_until is not None and again_until >= undone_at + timedelta(days=7)
    take(ana, None, "sale-2", now=undone_at + timedelta(days=7))
    assert ana.sums() == (0, 0, 0, 1_400)
    assert_balanced()


def test_a_key_of_the_shop_redeems_too(both_databases: str) -> None:
    ana = give_voucher()
    by = Till(key_id=ana.books.market_id)
    taken = take(ana, 100, by=by)
    assert taken.by == by and Redemption.objects.get().by_key_id == by.key_id


def test_each_step_stands_in_the_log_and_names_no_sale(both_databases: str) -> None:
    ana = give_voucher()
    taken = take(ana, 900, "kasse-77")
    roll_back_redemption(redemption_id=taken.id, by=till(), now=LATER)
    bodies = [bytes(row.body).decode() for row in QueuedEntry.objects.all()]
    assert sum('"voucher_redeemed"' in body for body in bodies) == 1
    assert sum('"voucher_restored"' in body for body in bodies) == 1
    assert not any("kasse-77" in body or ana.code in body for body in bodies)


@pytest.mark.parametrize("flag", ["restricted_at", "objected_at"])
def test_no_flag_stops_a_voucher(both_databases: str, flag: str) -> None:
    ana = give_voucher()
    Participant.objects.filter(id=ana.id).update(**{flag: LATER})
    assert take(ana, None).amount == euros(1_400)


def test_erasing_its_owner_does_not_void_it(both_databases: str) -> None:
    """Who was erased keeps what buys things: the code alone, with no name, address or key behind it."""
    ana = give_voucher()
    Participant.objects.filter(id=ana.id).update(erased_at=LATER)
    for table in (Item, PersonKey):
        table.objects.filter(participant_id=ana.id).delete()
    with db.connection.cursor() as cursor:
        cursor.execute("DELETE FROM people_email_lookup WHERE participant_id = %s", [db.uuid_value(ana.id)])
        cursor.execute("DELETE FROM evidence_link WHERE participant_id = %s", [db.uuid_value(ana.id)])
    part = take(ana, 400)
    roll_back_redemption(redemption_id=part.id, by=till(), now=LATER)
    held = take(ana, None, "sale-2", hold_seconds=60)
    finish_redemption(redemption_id=held.id, by=till(), now=LATER)
    assert ana.sums() == (0, 0, 0, 1_400)
    assert_balanced()
