"""``/api/v1/vouchers``: a shop's system takes what a voucher holds, once, and a code is never in an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from onloan import clock, ids
from onloan.vouchers.models import Miss, Redemption
from onloan.vouchers.rules import MISSES_OF_A_KEY_MAX
from tests.api.support import Shop, open_shop, problem_of
from tests.ledger.books import SETTLED
from tests.vouchers.tills import Holder, give_voucher

pytestmark = pytest.mark.usefixtures("both_databases")


def give() -> Holder:
    """A voucher that is good for some time yet, whatever the day of this test."""
    return give_voucher(expires_at=max(SETTLED, clock.now()) + timedelta(days=60))


def redeem(shop: Shop, holder: Holder, *, again: str | None = None, **changes: Any) -> Any:
    body = {"code": holder.code, "currency": "EUR", "reference": "order-1", "amount_minor": 900, **changes}
    body = {name: value for name, value in body.items() if value is not None}
    return shop.post("/vouchers/redemptions", body, again=again)


def test_it_tells_what_a_voucher_holds() -> None:
    ana, shop = give(), open_shop("vouchers:write")
    answer = shop.post("/vouchers/check", {"code": ana.code.lower()})
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    assert answer.json() == {
        "state": "active", "amount_minor": 1_400, "remaining_minor": 1_400, "available_minor": 1_400,
        "currency": "EUR", "expires_on": str(ana.voucher.expires_on),
    }  # fmt: skip


def test_it_takes_a_part_and_then_the_rest() -> None:
    ana, shop = give(), open_shop("vouchers:write")
    answer = redeem(shop, ana)
    assert answer.status_code == 201
    content = answer.json()
    assert (content["state"], content["amount_minor"], content["reference"]) == ("done", 900, "order-1")
    assert content["voucher"]["remaining_minor"] == 500 and content["held_until"] is None
    rest = redeem(shop, ana, amount_minor=None, reference="order-2").json()
    assert (rest["amount_minor"], rest["voucher"]["state"]) == (500, "redeemed")
    assert ana.sums() == (0, 0, 0, 1_400)


def test_the_same_call_again_takes_nothing_more() -> None:
    ana, shop = give(), open_shop()
    first = redeem(shop, ana, again="one")
    replay = redeem(shop, ana, again="one")
    known = redeem(shop, ana, again="two")
    assert replay["Idempotent-Replayed"] == "true"
    assert first.json() == replay.json() == known.json()
    assert Redemption.objects.count() == 1
    assert problem_of(redeem(shop, ana, again="three", amount_minor=800))["code"] == "E-VOUCHER-REFERENCE"
    assert problem_of(redeem(shop, ana, again="one", amount_minor=800))["code"] == "E-IDEMPOTENCY-CONFLICT"


def test_it_holds_finishes_and_undoes() -> None:
    ana, shop = give(), open_shop()
    held = redeem(shop, ana, hold_seconds=600).json()
    assert held["state"] == "held" and held["held_until"]
    assert (held["voucher"]["remaining_minor"], held["voucher"]["available_minor"]) == (1_400, 500)
    address = f"/vouchers/redemptions/{held['id']}"
    refused = redeem(shop, ana, reference="order-2")
    assert (refused.status_code, problem_of(refused)["code"]) == (409, "E-VOUCHER-HELD")
    done = shop.post(f"{address}/finish", {})
    assert (done.status_code, done.json()["state"]) == (200, "done")
    assert done.json()["can_roll_back_until"]
    assert problem_of(shop.post(f"{address}/release", {}))["code"] == "E-REDEMPTION-STATE"
    undone = shop.post(f"{address}/roll-back", {}).json()
    assert (undone["state"], undone["voucher"]["remaining_minor"]) == ("rolled_back", 1_400)
    released = redeem(shop, ana, reference="order-3", hold_seconds=60).json()
    assert shop.post(f"/vouchers/redemptions/{released['id']}/release", {}).json()["state"] == "released"
    assert ana.sums() == (1_400, 0, 1_400, 0)


def test_it_knows_no_other_redemption_and_no_other_step() -> None:
    shop = open_shop()
    unknown = shop.post(f"/vouchers/redemptions/{ids.new_id()}/finish", {})
    assert (unknown.status_code, problem_of(unknown)["code"]) == (404, "E-REDEMPTION-UNKNOWN")
    for path in (f"{ids.new_id()}/explode", "1/finish", "x" * 40 + "/finish"):
        answer = shop.post(f"/vouchers/redemptions/{path}", {})
        assert answer.status_code in {404, 422} and problem_of(answer)


def test_it_counts_what_it_does_not_know_although_the_call_is_refused() -> None:
    shop = open_shop()
    for number in range(3):
        code = ids.new_code(16)
        for path, body in (
            ("/vouchers/check", {"code": code}),
            ("/vouchers/redemptions", {"code": code, "currency": "EUR", "reference": f"o-{number}"}),
        ):
            answer = shop.post(path, body)
            assert (answer.status_code, problem_of(answer)["code"]) == (404, "E-VOUCHER-UNKNOWN")
            assert code not in answer.content.decode()
    till_id = Miss.objects.values_list("till_id", flat=True)[0]
    assert Miss.objects.count() == 6
    Miss.objects.bulk_create(
        Miss(id=ids.new_id(), till_id=till_id, tried_at=clock.now()) for _ in range(MISSES_OF_A_KEY_MAX - 6)
    )
    stopped = shop.post("/vouchers/check", {"code": give().code})
    assert (stopped.status_code, problem_of(stopped)["code"]) == (429, "E-VOUCHER-GUESSES")
    assert stopped["Retry-After"] == "600"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount_minor": 1_401}, 409, "E-VOUCHER-TOO-MUCH"),
        ({"amount_minor": 0}, 422, "E-FIELDS"),
        ({"amount_minor": -5}, 422, "E-FIELDS"),
        ({"amount_minor": 9.5}, 422, "E-FIELDS"),
        ({"amount_minor": 10**18}, 422, "E-FIELDS"),
        ({"currency": "GBP"}, 422, "E-VOUCHER-CURRENCY"),
        ({"currency": "GBP", "amount_minor": None}, 422, "E-VOUCHER-CURRENCY"),
        ({"currency": "€"}, 422, "E-FIELDS"),
        ({"reference": "a b"}, 422, "E-FIELDS"),
        ({"reference": "ben@example.org"}, 422, "E-FRIEND-DATA"),
        ({"reference": None}, 422, "E-FIELDS"),
        ({"hold_seconds": 29}, 422, "E-FIELDS"),
        ({"hold_seconds": 3_601}, 422, "E-FIELDS"),
        ({"code": ""}, 422, "E-FIELDS"),
        ({"code": "x" * 81}, 422, "E-FIELDS"),
        ({"more": 1}, 422, "E-FIELDS"),
    ],
)
def test_it_refuses_what_is_wrong_and_takes_nothing(changes: dict[str, Any], status: int, code: str) -> None:
    ana = give()
    answer = redeem(open_shop(), ana, **changes)
    assert (answer.status_code, problem_of(answer)["code"]) == (status, code)
    assert ana.sums() == (1_400, 0, 1_400, 0) and not Redemption.objects.exists()


def test_it_needs_the_scope() -> None:
    ana, shop = give(), open_shop("rewards:write")
    for answer in (
        shop.post("/vouchers/check", {"code": ana.code}),
        redeem(shop, ana),
        shop.post(f"/vouchers/redemptions/{ids.new_id()}/finish", {}),
    ):
        assert (answer.status_code, problem_of(answer)["code"]) == (403, "E-SCOPE")
