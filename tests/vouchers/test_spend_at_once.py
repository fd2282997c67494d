"""Two hundred tills want the same voucher in the same instant."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from django.db import connections

from onloan import db
from onloan.errors import OnloanError
from onloan.vouchers.models import Redemption
from onloan.vouchers.spending import finish_redemption, roll_back_redemption
from tests.vouchers.tills import LATER, assert_balanced, give_voucher, take, till

SPENDERS = 200
CONNECTIONS_KEPT_FREE = 20


def all_at_once(work: Callable[[int], object], most: int = SPENDERS) -> Counter[str]:
    """What became of each spender: ``done``, or the code of the refusal. Each has a connection of its own."""
    start, outcomes = threading.Barrier(most), []

    def run(number: int) -> None:
        try:
            connections["default"].ensure_connection()
            start.wait()
            work(number)
            outcomes.append("done")
        except OnloanError as error:
            outcomes.append(error.code)
        except Exception as error:  # noqa: BLE001 - a thread that dies silently would count as nothing
            start.abort()
            outcomes.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(most)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


def spenders() -> int:
    """As many as wanted, or as the server lets in while the run's other process asks for as many."""
    row = db.fetch_one("SHOW max_connections")
    assert row is not None
    return min(SPENDERS, (int(row[0]) - CONNECTIONS_KEPT_FREE) // 2)


def test_one_of_them_gets_the_last_voucher(postgresql_database: str) -> None:
    ana, by, most = give_voucher(), till(), spenders()
    outcomes = all_at_once(lambda number: take(ana, None, f"sale-{number}", by=by), most)
    assert outcomes == {"done": 1, "E-VOUCHER-SPENT": most - 1}
    assert ana.sums() == (0, 0, 0, 1_400) and Redemption.objects.count() == 1
    assert_balanced()


def test_exactly_as_many_as_it_holds_get_a_part(postgresql_database: str) -> None:
    ana, by, most = give_voucher(), till(), spenders()
    parts = most // 2
    each = 1_400 // parts
    left = 1_400 - parts * each
    if left:
        take(ana, left, "first", by=by)
    outcomes = all_at_once(lambda number: take(ana, each, f"sale-{number}", by=by), most)
    assert outcomes == {"done": parts, "E-VOUCHER-SPENT": most - parts}
    assert ana.sums() == (0, 0, 0, 1_400)
    assert_balanced()


def test_a_hold_and_a_sale_never_take_the_same_cent(both_databases: str) -> None:
    ana, by = give_voucher(), till()
    outcomes = all_at_once(
        lambda number: take(ana, 1_000, f"sale-{number}", by=by, hold_seconds=60 if number % 2 else None), 20
    )
    assert outcomes["done"] == 1 and outcomes.total() == 20
    assert set(outcomes) <= {"done", "E-VOUCHER-HELD", "E-VOUCHER-TOO-MUCH"}
    assert_balanced()


def test_the_same_sale_sent_by_many_is_one(both_databases: str) -> None:
    ana, by = give_voucher(), till()
    assert all_at_once(lambda number: take(ana, 900, by=by), 20) == {"done": 20}
    assert ana.sums() == (500, 0, 500, 900) and Redemption.objects.count() == 1
    assert_balanced()


def test_undoing_and_finishing_at_once_happen_once(both_databases: str) -> None:
    ana, by = give_voucher(), till()
    done = take(ana, 500, by=by).id
    held = take(ana, 500, "held", by=by, hold_seconds=60).id

    def work(number: int) -> object:
        if number % 2:
            return roll_back_redemption(redemption_id=done, by=by, now=LATER)
        return finish_redemption(redemption_id=held, by=by, now=LATER)

    assert all_at_once(work, 20) == {"done": 20}
    assert ana.sums() == (900, 0, 900, 500)
    assert_balanced()
