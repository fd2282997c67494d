"""Promise 10: a market stops at once, at a cost that does not grow with the people in it.

The switch is turned in any order by a machine that keeps its own idea of where each market stands; and the
statements of a stop are counted with ten people in the market and with ten thousand.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from onloan import ids
from onloan.errors import OnloanError
from onloan.evidence.models import QueuedEntry
from onloan.offers import switch
from onloan.offers.queries import find_market
from onloan.offers.rules import NOTHING_OVERDUE
from onloan.people.models import Participant
from tests.support.offers import (
    BEFORE_OPENING,
    WHILE_OPEN,
    Team,
    make_team,
    open_spring,
    publish_file,
    spring_text,
)

REASON = "We look at what people told us."
HONOUR = "All that was earned or is under way is paid on the same dates."
COUNTRIES = st.sampled_from(["FR", "GB"])
CLOSES = {
    "FR": datetime(2027, 1, 15, 23, 0, tzinfo=UTC),
    "GB": datetime(2027, 1, 16, 0, 0, tzinfo=UTC),
}
OPENS = {country: datetime(2026, 10, 31, 23, 0, tzinfo=UTC) for country in CLOSES} | {
    "GB": datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
}
slug_number = itertools.count(1)


class Switch(RuleBasedStateMachine):
    """``states`` is the machine's own idea; ``running`` says whether something could still be under way."""

    @initialize()
    def publish(self) -> None:
        self.team = make_team()
        self.slug = f"spring-pot-y{next(slug_number)}"
        publish_file(self.team, spring_text().replace("offer: spring-pot", f"offer: {self.slug}"), BEFORE_OPENING)
        self.states = {"FR": "draft", "GB": "draft"}
        self.waits = {"FR": False, "GB": False}
        self.now = OPENS["GB"] - timedelta(days=2)
        self.kinds: dict[str, list[str]] = {"FR": [], "GB": []}

    def note(self, country: str, state: str, kind: str) -> None:
        self.states[country] = state
        self.kinds[country].append(kind)

    @rule(days=st.sampled_from([1, 1, 2, 70]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(country=COUNTRIES)
    def open(self, country: str) -> None:
        fits = OPENS[country] <= self.now < CLOSES[country]
        if self.turn(country, self.open_market, fits and self.states[country] in ("draft", "suspended")):
            self.note(country, "open", "market_opened")
            self.waits[country] = False

    @rule(country=COUNTRIES)
    def suspend(self, country: str) -> None:
        if self.turn(country, switch.suspend_market, self.states[country] == "open"):
            self.note(country, "suspended", "market_suspended")
            self.waits[country] = True

    @rule(country=COUNTRIES)
    def withdraw(self, country: str) -> None:
        if self.turn(country, self.withdraw_market, self.states[country] == "suspended"):
            self.note(country, "withdrawn", "market_withdrawn")

    def open_market(self, *, offer_slug: str, country: str, reason: str, user_id: UUID, now: datetime) -> None:
        switch.open_market(
            offer_slug=offer_slug,
            country=country,
            reason=reason,
            user_id=user_id,
            overdue=NOTHING_OVERDUE,
            now=now,
        )

    def withdraw_market(
        self, *, offer_slug: str, country: str, reason: str, user_id: object, now: datetime
    ) -> None:
        switch.withdraw_market(
            offer_slug=offer_slug, country=country, reason=reason, honour_statement=HONOUR,
            user_id=self.team.dora, now=now,
        )  # fmt: skip

    def turn(self, country: str, act: object, possible: bool) -> bool:
        """Try it; it works exactly when it should, and a refusal leaves everything as it was."""
        assert callable(act)
        try:
            act(offer_slug=self.slug, country=country, reason=REASON, user_id=self.team.dora, now=self.now)
        except OnloanError:
            assert not possible
            return False
        assert possible
        return True

    @rule()
    def close_what_is_due(self) -> None:
        switch.close_due_markets(now=self.now)
        for country, state in self.states.items():
            if state in ("open", "suspended") and CLOSES[country] <= self.now:
                self.waits[country] = self.waits[country] or state == "open"
                self.note(country, "closed", "market_closed")

    @rule()
    def finish(self) -> None:
        """Nothing else is under way here, so every stop that was begun ends."""
        switch.finish_stopping(now=self.now)
        for country, waits in self.waits.items():
            if waits:
                self.kinds[country].append("market_stopped")
                self.waits[country] = False

    @invariant()
    def the_market_is_where_the_machine_thinks(self) -> None:
        for country, state in getattr(self, "states", {}).items():
            market = find_market(self.slug, country)
            assert market.state == state
            in_dates = OPENS[country] <= self.now < CLOSES[country]
            assert market.is_open_at(self.now) == (state == "open" and in_dates)
            assert (market.stopped_at is not None) == (
                "market_stopped" in self.kinds[country][-2:] and state != "open"
            )

    @invariant()
    def the_log_tells_it_in_order(self) -> None:
        if not hasattr(self, "slug"):
            return
        entries = [json.loads(bytes(entry.body)) for entry in QueuedEntry.objects.order_by("queue_number")]
        for country, kinds in self.kinds.items():
            told = [
                entry["kind"]
                for entry in entries
                if entry["offer"] == self.slug and entry.get("market") == country
            ]
            assert told == kinds


def test_the_switch_goes_only_its_ways(both_databases: str) -> None:
    run_state_machine_as_test(
        Switch,
        settings=settings(
            max_examples=20, stateful_step_count=24, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def add_people(country: str, count: int) -> None:
    """Rows of people who joined, written straight into the table."""
    market = find_market("spring-pot", country)
    Participant.objects.bulk_create(
        Participant(
            id=ids.new_id(), public_id=f"p{country}{number:010d}", offer_id=market.offer_id, market_id=market.id,
            version_id=market.version_id, country=country, language="fr", joined_at=WHILE_OPEN,
            window_ends_at=WHILE_OPEN + timedelta(days=30), over_18=True, is_demo=True, has_pot=True,
        )
        for number in range(count)
    )  # fmt: skip


def stop(country: str, team: Team) -> list[str]:
    """Suspend, and note the end of it: the statements that it took, without their values."""
    with CaptureQueriesContext(connection) as captured:
        switch.suspend_market(
            offer_slug="spring-pot", country=country, reason=REASON, user_id=team.dora, now=WHILE_OPEN
        )
        switch.finish_stopping(now=WHILE_OPEN)
    return [" ".join(query["sql"].split()[:4]) for query in captured.captured_queries]


def test_a_stop_takes_the_same_statements_for_ten_and_ten_thousand(both_databases: str) -> None:
    team = make_team()
    open_spring(team, "FR")
    switch.open_market(
        offer_slug="spring-pot", country="GB", reason=REASON, user_id=team.dora, overdue=NOTHING_OVERDUE,
        now=WHILE_OPEN,
    )  # fmt: skip
    add_people("FR", 10)
    add_people("GB", 10_000)
    few, many = stop("FR", team), stop("GB", team)
    assert few == many
    assert 0 < len(many) < 20
    assert not any("people_" in statement for statement in many)


def test_a_stop_never_looks_at_people(postgresql_database: str) -> None:
    """PostgreSQL itself counts what was read and written in the tables about people: nothing."""
    team = make_team()
    open_spring(team, "FR")
    add_people("FR", 1_000)
    before = touches(postgresql_database)
    assert before > 0
    stop("FR", team)
    assert touches(postgresql_database) == before


def touches(url: str) -> int:
    """Scans and changed rows in every table about people so far, counted once all statistics are written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
    with psycopg.connect(url) as other:
        row = other.execute(
            "SELECT SUM(seq_scan + COALESCE(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del) "
            "FROM pg_stat_user_tables "
            "WHERE relname LIKE ANY (ARRAY['people%', 'consents%', 'uses%', 'ledger%', 'referrals%'])"
        ).fetchone()
    assert row is not None
    return int(row[0])
