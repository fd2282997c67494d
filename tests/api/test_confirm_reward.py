"""``POST /api/v1/rewards/{reward}/confirm``: the merchant gave what it fulfils itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onloan import clock
from onloan.ledger.models import Reward
from onloan.ledger.rules import reward_reference
from onloan.outbox.models import Message
from onloan.referrals.actions import settle_due
from tests.api.support import open_shop, problem_of
from tests.referrals.support import POINTS, join_as, open_campaign, report

pytestmark = pytest.mark.usefixtures("both_databases")


def earned_points() -> str:
    """The reference of an earned reward that the merchant fulfils, as its system was told it."""
    now = clock.now()
    then = now - timedelta(days=15)
    campaign = open_campaign(rules=(POINTS,), now=then)
    ana = join_as("Ana", campaign, now=then)
    report(join_as("Ben", campaign, via=ana, now=then), occurred_at=then, now=then)
    assert settle_due(now=now, limit=10) == 1
    reference: str = Message.objects.get(kind="webhook").context["reward"]
    return reference


def test_it_pays_the_reward_under_the_merchants_reference() -> None:
    reward = earned_points()
    response = open_shop("rewards:write").post(f"/rewards/{reward}/confirm", {"reference": "credit-77"})
    assert (response.status_code, response.json()) == (200, {"state": "paid", "reward": reward})
    assert Reward.objects.get().state == "paid" and Reward.objects.get().reference == "credit-77"


def test_the_same_reference_again_changes_nothing_and_another_is_refused() -> None:
    reward, shop = earned_points(), open_shop()
    shop.post(f"/rewards/{reward}/confirm", {"reference": "credit-77"}, again="one")
    replay = shop.post(f"/rewards/{reward}/confirm", {"reference": "credit-77"}, again="one")
    assert replay.json()["state"] == "paid" and replay["Idempotent-Replayed"] == "true"
    known = shop.post(f"/rewards/{reward}/confirm", {"reference": "credit-77"})
    assert known.json()["state"] == "known"
    assert shop.post(f"/rewards/{reward}/confirm", {"reference": "credit-78"}).status_code == 409
    assert Reward.objects.get().reference == "credit-77"


def test_it_knows_no_reward_by_a_reference_that_was_never_given() -> None:
    earned_points()
    shop = open_shop()
    missing = reward_reference(Reward.objects.get().transfer_id)
    assert problem_of(shop.post(f"/rewards/{missing}/confirm", {"reference": "x"}))["code"] == "E-REWARD-REFERENCE"
    for typed in ("R1", "x" * 28, "R" + "0" * 26 + "1"):
        response = shop.post(f"/rewards/{typed}/confirm", {"reference": "x"})
        assert response.status_code in {404, 422} and problem_of(response)


@pytest.mark.parametrize("reference", ["", "x" * 65, "a b", 7, None, "ben@example.org"])
def test_it_refuses_a_reference_that_could_be_anything(reference: object) -> None:
    reward = earned_points()
    response = open_shop().post(f"/rewards/{reward}/confirm", {"reference": reference})
    assert response.status_code == 422
    assert Reward.objects.get().state == "earned"


def test_it_needs_the_scope() -> None:
    reward = earned_points()
    response = open_shop("events:write").post(f"/rewards/{reward}/confirm", {"reference": "x"})
    assert problem_of(response)["code"] == "E-SCOPE"
