"""Nobody guesses a code at a till: misses are counted, whatever becomes of the work around them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from onloan import ids
from onloan.vouchers.errors import TooManyMisses, VoucherUnknown
from onloan.vouchers.guessing import forget_misses, look_up
from onloan.vouchers.models import Miss
from onloan.vouchers.queries import VoucherView, find_voucher
from onloan.vouchers.rules import MISSES_MAX, MISSES_OF_A_KEY_MAX, MISSES_OF_A_MEMBER_MAX, Till
from tests.vouchers.tills import LATER, give_voucher, till

KEY = Till(key_id=UUID(int=7))


def guess(code: str, by: Till, later: timedelta = timedelta()) -> VoucherView:
    return look_up(typed_code=code, by=by, now=LATER + later, find=find_voucher)


def miss(by: Till, times: int) -> None:
    Miss.objects.bulk_create(Miss(id=ids.new_id(), till_id=by.id, tried_at=LATER) for _ in range(times))


def test_it_finds_what_somebody_holds_and_counts_nothing(both_databases: str) -> None:
    ana = give_voucher()
    assert guess(ana.code.lower(), till()) == ana.voucher
    assert not Miss.objects.exists()


def test_it_counts_each_code_that_nobody_holds(both_databases: str) -> None:
    give_voucher()
    for _ in range(3):
        with pytest.raises(VoucherUnknown):
            guess(ids.new_code(16), KEY)
    assert list(Miss.objects.values_list("till_id", flat=True)) == [KEY.id] * 3


@pytest.mark.parametrize("typed", ["", "1234", "what is this?", "x" * 200])
def test_it_counts_no_slip_of_the_finger(both_databases: str, typed: str) -> None:
    with pytest.raises(VoucherUnknown):
        guess(typed, KEY)
    assert not Miss.objects.exists()


@pytest.mark.parametrize(("is_key", "most"), [(False, MISSES_OF_A_MEMBER_MAX), (True, MISSES_OF_A_KEY_MAX)])
def test_it_stops_looking_when_one_till_guesses(both_databases: str, is_key: bool, most: int) -> None:
    ana, by = give_voucher(), KEY if is_key else till()
    miss(by, most - 1)
    assert guess(ana.code, by) == ana.voucher
    miss(by, 1)
    with pytest.raises(TooManyMisses):
        guess(ana.code, by)
    assert guess(ana.code, till("Tom")) == ana.voucher
    assert guess(ana.code, by, timedelta(minutes=10)) == ana.voucher


def test_it_stops_looking_when_all_together_guess(both_databases: str) -> None:
    ana = give_voucher()
    for number in range(5):
        miss(Till(key_id=UUID(int=100 + number)), MISSES_MAX // 5)
    with pytest.raises(TooManyMisses):
        guess(ana.code, till())


def test_it_forgets_misses_after_a_day(both_databases: str) -> None:
    miss(KEY, 2)
    assert forget_misses(now=LATER + timedelta(days=1)) == 0
    assert forget_misses(now=LATER + timedelta(days=1, seconds=1)) == 2
