"""Promise 6: a pool is never overspent, under any concurrency; joining reserves a whole pot or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from onloan.consents.models import Consent, Receipt
from onloan.evidence.models import EntryLink
from onloan.joining.actions import Joined
from onloan.joining.errors import AlreadyJoined, PoolClosed
from onloan.ledger.check import check_balances
from onloan.ledger.queries import pool_view
from onloan.outbox.models import Message
from onloan.people.models import CodeLookup, EmailLookup, Item, Participant, PersonKey
from onloan.referrals.models import Link
from tests.joining.joiners import join_at_once
from tests.joining.support import PERMISSIONS, POT_MINOR, OpenMarket, add_participant, open_market

POTS = 10
JOINERS = 16
PROCESSES = 4


def check_ten_joined(market: OpenMarket, results: list[str]) -> None:
    assert Counter(results) == {"joined": POTS, "E-POOL-CLOSED": JOINERS - POTS}
    pool = pool_view(market.market_id)
    assert pool.free.amount_minor == 0 and pool.reserved.amount_minor == POTS * POT_MINOR
    assert check_balances() == []
    for model, each in ((Participant, 1), (EmailLookup, 1), (PersonKey, 1), (Item, 2), (Link, 1), (Receipt, 1)):
        assert model.objects.count() == POTS * each, f"something of a refused person stayed in {model.__name__}"
    assert CodeLookup.objects.count() == 3 * POTS
    assert Consent.objects.count() == len(PERMISSIONS) * POTS
    assert EntryLink.objects.count() == (2 + len(PERMISSIONS)) * POTS
    assert Message.objects.filter(template="welcome").count() == POTS


def names() -> list[str]:
    return [f"joiner{letter}" for letter in "abcdefghijklmnop"]


def test_sixteen_threads_find_exactly_ten_pots(both_databases: str) -> None:
    market = open_market(pots=POTS)
    results = join_at_once(
        slug=market.offer.slug, country=market.country, version_id=market.version_id, names=names()
    )
    check_ten_joined(market, results)


def run_processes(market: OpenMarket, groups: list[list[str]]) -> list[str]:
    processes = []
    for group in groups:
        order = json.dumps({
            "slug": market.offer.slug, "country": market.country, "version": str(market.version_id),
            "names": group,
        })  # fmt: skip
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "tests.joining.joiners", order],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ),
            )
        )  # fmt: skip
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    results: list[str] = []
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        results += output.split("\n")[:-1]
    return results


def test_joiners_in_several_processes_find_exactly_ten_pots(both_databases: str) -> None:
    market = open_market(pots=POTS)
    everybody = names()
    groups = [everybody[first::PROCESSES] for first in range(PROCESSES)]
    check_ten_joined(market, run_processes(market, groups))


def test_one_address_joins_once_however_often_it_is_sent_at_once(both_databases: str) -> None:
    market = open_market(pots=POTS)
    groups = [["ana", "ana", "ana"] for _ in range(3)]
    results = run_processes(market, groups)
    assert Counter(results) == {"joined": 1, "E-ALREADY-JOINED": 8}
    assert pool_view(market.market_id).reserved.amount_minor == POT_MINOR
    assert Participant.objects.count() == 1 and check_balances() == []


LETTERS = str.maketrans("0123456789", "ghijklmnop")


@dataclass(frozen=True)
class Person:
    """Somebody who tried to join; ``joined`` is None when they were refused."""

    email: str
    joined: Joined | None


class Joiners(RuleBasedStateMachine):
    """Newcomers, friends and repeats, in any order, against a count of pots kept by hand."""

    people: Bundle[Person] = Bundle("people")

    @initialize(pots=st.integers(min_value=0, max_value=4))
    def open_pool(self, pots: int) -> None:
        self.pots, self.with_pot, self.tries = pots, 0, 0
        self.slug = f"pot-{uuid4().hex[:12].translate(LETTERS)}"
        self.market = open_market(pots=pots, slug=self.slug)

    @rule(target=people)
    def newcomer_joins(self) -> Person:
        return self._join(sponsor=None)

    @rule(target=people, person=people)
    def friend_joins(self, person: Person) -> Person:
        return self._join(sponsor=person.joined)

    @rule(person=people)
    def somebody_sends_again(self, person: Person) -> None:
        if person.joined is not None:
            with pytest.raises(AlreadyJoined):
                add_participant(self.market, email=person.email)

    def _join(self, sponsor: Joined | None) -> Person:
        self.tries += 1
        email = f"person{self.tries}-{self.slug}@example.org"
        is_free = self.with_pot < self.pots
        may_join = is_free or (sponsor is not None and sponsor.has_pot)
        before = Participant.objects.count()
        try:
            joined = add_participant(self.market, email=email, via_code=sponsor.link_code if sponsor else None)
        except PoolClosed:
            assert not may_join and Participant.objects.count() == before
            return Person(email, None)
        assert may_join and joined.has_pot is is_free
        self.with_pot += joined.has_pot
        return Person(email, joined)

    @invariant()
    def money_agrees(self) -> None:
        if not hasattr(self, "market"):
            return
        pool = pool_view(self.market.market_id)
        assert pool.reserved.amount_minor == self.with_pot * POT_MINOR
        assert pool.free.amount_minor == (self.pots - self.with_pot) * POT_MINOR
        assert check_balances() == []


@pytest.mark.slow
def test_any_order_of_joiners_keeps_the_pool(both_databases: str) -> None:
    run_state_machine_as_test(
        Joiners,
        settings=settings(
            max_examples=12, stateful_step_count=12, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
