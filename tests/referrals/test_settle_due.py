"""When the settling days are over, each reward is earned, turned into what it is, and told, once."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connections

from onloan import db
from onloan.errors import MustStopError
from onloan.ledger.actions import hold_reward
from onloan.ledger.models import Reward
from onloan.ledger.queries import find_reward, pot_view
from onloan.ledger.rules import reward_reference
from onloan.outbox.models import Message
from onloan.payouts.actions import confirm_fulfilment
from onloan.payouts.models import Payable
from onloan.referrals import actions
from onloan.referrals.actions import release_windows, settle_due
from onloan.referrals.rules import REPORT_GRACE
from onloan.vouchers.models import Voucher
from tests.referrals.support import CASH, NOW, POINTS, THANKS, WELCOME, join_as, open_campaign, report, rewards_of

pytestmark = pytest.mark.usefixtures("both_databases")

SETTLED = NOW + timedelta(days=14)


def states(participant_id: UUID) -> set[str]:
    return set(Reward.objects.filter(participant_id=participant_id).values_list("state", flat=True))


def test_it_earns_nothing_a_moment_too_early_and_everything_on_time() -> None:
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    ben = join_as("Ben", campaign, via=ana)
    report(ben)
    assert settle_due(now=SETTLED - timedelta(microseconds=1), limit=10) == 0
    assert settle_due(now=SETTLED, limit=10) == 3
    assert {reward.state for reward in rewards_of(ana) + rewards_of(ben)} == {"earned"}


def test_it_turns_each_kind_into_what_it_is() -> None:
    campaign = open_campaign(rules=(WELCOME, THANKS, CASH, POINTS))
    ana = join_as("Ana", campaign)
    report(join_as("Ben", campaign, via=ana))
    settle_due(now=SETTLED, limit=10)
    voucher = Voucher.objects.get(participant_id=ana.participant_id)
    assert (voucher.amount_minor, voucher.state) == (1_400, "active")
    payable = Payable.objects.get(participant_id=ana.participant_id)
    assert (payable.amount_minor, payable.due_on, payable.state) == (400, date(2027, 1, 16), "owed")
    told = Message.objects.get(kind="webhook")
    reward = Reward.objects.get(participant_id=ana.participant_id, rule_id="points")
    assert told.idempotency_ref == reward.id
    assert told.context == {
        "reward": reward_reference(reward.id),
        "participant": ana.public_id,
        "offer": "spring-pot",
        "market": "FR",
        "rule": "points",
        "amount_minor": 300,
        "currency": "EUR",
        "due_on": "2027-01-16",
    }


def test_the_merchant_confirms_what_it_fulfilled_with_the_reference_it_was_told() -> None:
    campaign = open_campaign(rules=(POINTS,))
    ana = join_as("Ana", campaign)
    report(join_as("Ben", campaign, via=ana))
    settle_due(now=SETTLED, limit=10)
    told = Message.objects.get(kind="webhook").context["reward"]
    assert confirm_fulfilment(reward_ref=told, reference="credit-77", now=SETTLED)
    assert [line.amount.amount_minor for line in pot_view(ana.participant_id).paid] == [300]


def test_it_tells_the_person_the_date() -> None:
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    report(join_as("Ben", campaign, via=ana))
    settle_due(now=SETTLED, limit=10)
    contexts = {
        message.context["kind"]: message.context
        for message in Message.objects.filter(template="reward_earned", participant_id=ana.participant_id)
    }
    assert contexts["cash"]["amount"] == "4.00 EUR"
    assert contexts["cash"]["due_on"] == "2027-01-16"
    assert contexts["voucher"]["voucher_expires_on"] == "2027-06-15"


def test_a_worker_that_stood_still_does_not_move_the_day_on_which_cash_is_due() -> None:
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    report(join_as("Ben", campaign, via=ana))
    settle_due(now=SETTLED + timedelta(days=20), limit=10)
    assert Payable.objects.get(participant_id=ana.participant_id).due_on == date(2027, 1, 16)


def test_doing_it_again_changes_nothing() -> None:
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    report(join_as("Ben", campaign, via=ana))
    settle_due(now=SETTLED, limit=10)
    before = (Voucher.objects.count(), Payable.objects.count(), Message.objects.count())
    assert settle_due(now=SETTLED + timedelta(days=1), limit=10) == 0
    assert (Voucher.objects.count(), Payable.objects.count(), Message.objects.count()) == before


def test_it_leaves_a_held_reward_to_a_human_and_earns_the_others() -> None:
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    report(join_as("Ben", campaign, via=ana))
    held = Reward.objects.get(participant_id=ana.participant_id, rule_id="cash")
    hold_reward(reward_id=held.id, participant_id=ana.participant_id, reason="A look by hand.", now=NOW)
    assert settle_due(now=SETTLED, limit=10) == 2
    assert find_reward(held.id, ana.participant_id).state == "held"


def test_many_workers_earn_each_reward_once() -> None:
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    for number in range(5):
        report(join_as(f"Friend{number}", campaign, via=ana))
    earned: list[int] = []

    def work() -> None:
        earned.append(settle_due(now=SETTLED, limit=50))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(earned) == 15
    assert (Voucher.objects.count(), Payable.objects.count()) == (10, 5)


def test_one_reward_that_fails_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The voucher's row is made impossible in the database: its reward stays pending, whole."""
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    report(join_as("Ben", campaign, via=ana))
    reward = Reward.objects.get(participant_id=ana.participant_id, rule_id="thanks")
    forbid = "CREATE UNIQUE INDEX only_small ON vouchers_voucher (currency) WHERE amount_minor > 1000"
    db.fetch_all(forbid)
    # Two vouchers of 14 euros cannot both be there now.
    report(join_as("Chloé", campaign, via=ana))
    assert settle_due(now=SETTLED, limit=10) == 5
    left = Reward.objects.filter(state="pending")
    assert left.count() == 1 and left.get().rule_id == reward.rule_id
    assert Voucher.objects.filter(amount_minor=1_400).count() == 1
    db.fetch_all("DROP INDEX only_small")
    assert settle_due(now=SETTLED, limit=10) == 1
    assert not Reward.objects.filter(state="pending").exists()


def test_it_does_not_swallow_what_must_stop_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = open_campaign()
    report(join_as("Ana", campaign))

    def stop(**_: object) -> bool:
        raise MustStopError("the ledger does not balance")

    monkeypatch.setattr(actions, "_settle_reward", stop)
    with pytest.raises(MustStopError):
        settle_due(now=SETTLED, limit=10)


def test_a_process_killed_in_the_middle_leaves_no_half() -> None:
    """A child earns and dies before its commit; then the work is done once, whole."""
    campaign = open_campaign()
    ana = join_as("Ana", campaign)
    report(ana)
    connections.close_all()
    child = os.fork()
    if child == 0:

        @db.action
        def earn_and_die() -> None:
            reward = Reward.objects.get()
            actions._settle_reward(reward_id=reward.id, participant_id=ana.participant_id, now=SETTLED)
            os._exit(9)

        earn_and_die()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9
    assert (states(ana.participant_id), Voucher.objects.count()) == ({"pending"}, 0)
    assert settle_due(now=SETTLED, limit=10) == 1
    assert (states(ana.participant_id), Voucher.objects.count()) == ({"earned"}, 1)


class TestWindows:
    def test_it_gives_back_what_nobody_can_earn_any_more_and_keeps_what_waits(self) -> None:
        campaign = open_campaign()
        ana = join_as("Ana", campaign)
        last_day = NOW + timedelta(days=30)
        ben = join_as("Ben", campaign, via=ana, now=last_day)
        report(ben, occurred_at=last_day + timedelta(days=29), now=last_day + timedelta(days=29))
        ends_at = NOW + timedelta(days=60) + REPORT_GRACE
        assert release_windows(now=ends_at, limit=10) == 0
        assert release_windows(now=ends_at + timedelta(seconds=1), limit=10) == 1
        assert release_windows(now=ends_at + timedelta(seconds=1), limit=10) == 0
        assert settle_due(now=ends_at + timedelta(days=14), limit=10) == 3
        view = pot_view(ana.participant_id)
        assert [line.amount.amount_minor for line in view.earned] == [1_400, 400]
        assert view.still_possible == {}

    def test_it_releases_at_most_as_many_as_it_is_asked_to(self) -> None:
        campaign = open_campaign()
        for number in range(5):
            join_as(f"P{number}", campaign)
        later = NOW + timedelta(days=100)
        assert [release_windows(now=later, limit=2) for _ in range(4)] == [2, 2, 1, 0]

    def test_it_is_done_with_a_pot_of_nothing_too(self) -> None:
        campaign = open_campaign(rules=(replace(WELCOME, to="friend"),))
        join_as("Ana", campaign)
        later = NOW + timedelta(days=100)
        assert [release_windows(now=later, limit=10) for _ in range(2)] == [1, 0]
