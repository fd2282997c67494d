"""Promise 3, erasure: whenever somebody is erased, and however they chose to be paid, what they earned reaches
whoever holds their slip, or their account before it is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.bearer import bearer_money, find_bearer
from onloan.cases.erasing import choose_way
from onloan.cases.erasure_queries import find_erasure
from onloan.cases.erasure_rules import GRACE
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.rules import Door, ErasureWay, Kind
from onloan.ledger.check import check_balances
from onloan.ledger.queries import pot_view, total_by_kind
from onloan.money import Money
from onloan.payouts.actions import redeem_slip
from onloan.payouts.check import check_payables
from onloan.people.queries import is_alive
from onloan.referrals.actions import record_event, settle_due
from tests.joining.support import OpenMarket, open_market
from tests.properties.test_promise_3_a_right_costs_nothing import Pair, join_pair, pay_by_transfer
from tests.vouchers.tills import till

AFTER = GRACE[Door.MY_PAGE] + timedelta(minutes=1)


def ask(person: UUID, way: ErasureWay, now: datetime) -> str:
    """What the page shows them: the code of their slip, which they keep."""
    open_case(
        kind=Kind.ERASURE, country="FR", language="fr", door=Door.MY_PAGE, text="", participant_id=person, now=now
    )
    choose_way(participant_id=person, way=way, now=now)
    view = find_erasure(person)
    assert view is not None
    return view.slip_code


def sign_up(market: OpenMarket, pair: Pair, now: datetime) -> None:
    record_event(
        participant_id=pair.ben.participant_id, event=market.offer.referral.event, occurred_at=now,
        external_ref="order", now=now,
    )  # fmt: skip


@pytest.mark.parametrize("moment", ["nothing yet", "counted", "settled", "under way"])
def test_the_slip_gets_all_of_it(both_databases: str, moment: str) -> None:
    """Asked for before there is anything, while a reward is counted, once it is owed, or while the bank has it:
    they are erased anyway."""
    market = open_market(pots=2)
    pair, now = join_pair(market), clock.now()
    ana, settled = pair.ana.participant_id, now + timedelta(days=15)
    if moment == "nothing yet":
        code = ask(ana, ErasureWay.SLIP, now)
        sign_up(market, pair, now + timedelta(hours=3))
        finish_erasures(now=now + AFTER)
        assert not is_alive(ana)
        settled += timedelta(hours=3)
        settle_due(now=settled, limit=500)
    elif moment == "counted":
        sign_up(market, pair, now)
        code = ask(ana, ErasureWay.SLIP, now)
        finish_erasures(now=now + AFTER)
        assert not is_alive(ana)
        settle_due(now=settled, limit=500)
    elif moment == "settled":
        sign_up(market, pair, now)
        settle_due(now=settled, limit=500)
        code = ask(ana, ErasureWay.SLIP, settled)
    else:
        sign_up(market, pair, now)
        settle_due(now=settled, limit=500)
        codes: list[str] = []

        def erase_meanwhile() -> None:
            codes.append(ask(ana, ErasureWay.SLIP, settled))
            finish_erasures(now=settled + AFTER)
            assert not is_alive(ana)

        pay_by_transfer(market, pair, settled, erase_meanwhile)
        code = codes[0]
    finish_erasures(now=settled + AFTER)
    assert not is_alive(ana) and find_bearer(code) == ana
    money = bearer_money(ana)
    assert money is not None
    assert [voucher.remaining for voucher in money.vouchers] == [Money(1_400, "EUR")]
    for slip in money.slips:
        assert redeem_slip(typed_code=slip.code, reference="till/1", by=till(), now=settled) == Money(400, "EUR")
    assert total_by_kind(pot_view(ana).paid) == {"cash": Money(400, "EUR")}
    assert check_balances() + check_payables() == []


def test_paid_first_waits_for_what_counts_and_is_done_by_itself(both_databases: str) -> None:
    market = open_market(pots=2)
    pair, now = join_pair(market), clock.now()
    ana, settled = pair.ana.participant_id, now + timedelta(days=15)
    sign_up(market, pair, now)
    ask(ana, ErasureWay.PAID_FIRST, now)
    for at in (now + AFTER, settled):
        finish_erasures(now=at)
        assert is_alive(ana)
        settle_due(now=settled, limit=500)
    pay_by_transfer(market, pair, settled, lambda: None)
    finish_erasures(now=settled)
    assert not is_alive(ana)
    assert total_by_kind(pot_view(ana).paid) == {"cash": Money(400, "EUR")}
    assert check_balances() + check_payables() == []


def test_a_sponsor_s_reward_does_not_depend_on_the_friend_s_data(sqlite_database: str) -> None:
    """Ben is erased while his sign-up is counted: Ana earns as if he had not been."""
    market = open_market(pots=2)
    pair, now = join_pair(market), clock.now()
    sign_up(market, pair, now)
    ask(pair.ben.participant_id, ErasureWay.SLIP, now)
    finish_erasures(now=now + AFTER)
    assert not is_alive(pair.ben.participant_id)
    settle_due(now=now + timedelta(days=15), limit=500)
    earned = total_by_kind(pot_view(pair.ana.participant_id).earned)
    assert earned == {"voucher": Money(1_400, "EUR"), "cash": Money(400, "EUR")}
