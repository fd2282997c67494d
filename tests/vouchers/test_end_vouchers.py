"""What happens by itself: mails before the end, the end booked once, and tills that forgot a sale."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from onloan.ledger.queries import pool_view
from onloan.outbox.models import Message
from onloan.people.models import Participant
from onloan.vouchers.endings import expire_vouchers, release_overdue_holds, warn_expiring
from onloan.vouchers.models import Redemption, Voucher
from onloan.vouchers.rules import EXPIRY_BOOKED_AFTER, HOLD_SECONDS_MAX, ROLL_BACK_WITHIN
from tests.ledger.books import SETTLED
from tests.vouchers.tills import LATER, Holder, assert_balanced, euros, give_voucher, take


def end_of(holder: Holder) -> datetime:
    end = holder.voucher.expires_at
    assert end is not None
    return end


def warnings() -> list[dict[str, object]]:
    return list(Message.objects.filter(template="voucher_expiring").values_list("context", flat=True))


def test_it_warns_30_and_7_days_before_once_each(both_databases: str) -> None:
    ana = give_voucher()
    end = end_of(ana)
    take(ana, 400)
    for days, mails in ((31, 0), (30, 1), (29, 1), (8, 1), (7, 2), (6, 2), (0, 2)):
        for _ in range(2):
            warn_expiring(now=end - timedelta(days=days), limit=10)
        assert len(warnings()) == mails, days
    assert warnings()[0]["amount"] == "10.00 EUR"
    assert warnings()[0]["voucher_expires_on"] == "2027-06-15"


def test_it_warns_once_when_it_comes_late(both_databases: str) -> None:
    ana = give_voucher()
    assert warn_expiring(now=end_of(ana) - timedelta(days=3), limit=10) == 1
    assert warn_expiring(now=end_of(ana) - timedelta(days=2), limit=10) == 0


@pytest.mark.parametrize(("days", "mails"), [(31, 2), (20, 1), (5, 0)])
def test_it_does_not_repeat_at_once_what_the_first_mail_said(both_databases: str, days: int, mails: int) -> None:
    ana = give_voucher(expires_at=SETTLED + timedelta(days=days))
    now = SETTLED
    while now < end_of(ana):
        warn_expiring(now=now, limit=10)
        now += timedelta(hours=12)
    assert len(warnings()) == mails


def test_it_writes_to_nobody_who_spent_it_or_was_erased(both_databases: str) -> None:
    ana = give_voucher()
    take(ana, None)
    ben = give_voucher(books=ana.books)
    Participant.objects.filter(id=ben.id).update(erased_at=LATER)
    assert warn_expiring(now=end_of(ben) - timedelta(days=5), limit=10) == 0
    assert warnings() == []


def test_it_books_the_end_once(both_databases: str) -> None:
    ana = give_voucher()
    take(ana, 400)
    booked_at = end_of(ana) + EXPIRY_BOOKED_AFTER
    assert expire_vouchers(now=booked_at, limit=10) == 0
    later = booked_at + timedelta(seconds=1)
    assert [expire_vouchers(now=later, limit=10) for _ in range(2)] == [1, 0]
    voucher = ana.voucher
    assert (voucher.state, voucher.remaining, voucher.expired) == ("expired", euros(0), euros(1_000))
    pool = pool_view(ana.books.market_id)
    assert (pool.vouchers, pool.redeemed, pool.expired) == (euros(0), euros(400), euros(1_000))
    assert_balanced()


def test_its_owner_sees_it_as_ended_from_the_first_second(both_databases: str) -> None:
    ana = give_voucher()
    Voucher.objects.update(issued_at=SETTLED - timedelta(days=9_000), expires_at=SETTLED - timedelta(days=8_000))
    voucher = ana.voucher
    assert (voucher.state, voucher.remaining, voucher.expired) == ("expired", euros(0), euros(1_400))


def test_a_voucher_without_an_end_stays(both_databases: str) -> None:
    ana = give_voucher(expires_at=None)
    far = SETTLED + timedelta(days=40_000)
    assert expire_vouchers(now=far, limit=10) == warn_expiring(now=far, limit=10) == 0
    assert take(ana, None, now=far).amount == euros(1_400)


def test_nothing_that_a_till_began_in_time_can_come_after_the_booking() -> None:
    assert timedelta(seconds=HOLD_SECONDS_MAX) + ROLL_BACK_WITHIN < EXPIRY_BOOKED_AFTER


def test_it_frees_what_a_till_forgot(both_databases: str) -> None:
    ana = give_voucher()
    take(ana, 1_000, hold_seconds=60)
    take(ana, 100, "other", hold_seconds=3_600)
    assert release_overdue_holds(now=LATER + timedelta(seconds=60), limit=10) == 0
    over = LATER + timedelta(seconds=61)
    assert [release_overdue_holds(now=over, limit=10) for _ in range(2)] == [1, 0]
    assert ana.sums() == (1_400, 100, 1_400, 0)
    row = Redemption.objects.get(reference="sale-1")
    assert (row.state, row.undone_at, row.undone_by_user_id) == ("released", over, None)
    assert_balanced()
