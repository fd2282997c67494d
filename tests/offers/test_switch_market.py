"""Open, suspend, withdraw, close; and the note that nothing begun before a stop is under way any more."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from onloan import db
from onloan.errors import NotAllowed, NotFound
from onloan.evidence.models import QueuedEntry
from onloan.offers import errors, models, switch
from onloan.offers.queries import find_honour_statement, find_market, list_changes, list_markets
from onloan.offers.rules import MARKET_STATES, NOTHING_OVERDUE, TRANSITIONS, MarketState, Overdue
from tests.support.offers import (
    AFTER_CLOSING,
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


def suspend(team: Team, country: str = "FR", now: datetime = WHILE_OPEN) -> None:
    switch.suspend_market(offer_slug="spring-pot", country=country, reason=REASON, user_id=team.dora, now=now)


def reopen(
    team: Team, country: str = "FR", now: datetime = WHILE_OPEN, overdue: Overdue = NOTHING_OVERDUE
) -> None:
    switch.open_market(
        offer_slug="spring-pot", country=country, reason=REASON, user_id=team.dora, overdue=overdue, now=now
    )


def withdraw(team: Team, honour: str = HONOUR, now: datetime = WHILE_OPEN) -> None:
    switch.withdraw_market(
        offer_slug="spring-pot", country="FR", reason=REASON, honour_statement=honour, user_id=team.dora, now=now
    )


def close(team: Team, now: datetime = AFTER_CLOSING) -> None:
    switch.close_market(offer_slug="spring-pot", country="FR", reason=REASON, user_id=team.dora, now=now)


def kinds(country: str = "FR") -> list[str]:
    """Kinds of the entries about a market, in the order in which they were written."""
    entries = [json.loads(bytes(entry.body)) for entry in QueuedEntry.objects.order_by("queue_number")]
    return [entry["kind"] for entry in entries if entry.get("market") == country]


def test_it_opens_suspends_and_opens_again(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    assert find_market("spring-pot", "FR").is_open_at(WHILE_OPEN)
    suspend(team)
    stopped = find_market("spring-pot", "FR")
    assert (stopped.state, stopped.reason, stopped.since) == ("suspended", REASON, WHILE_OPEN)
    assert not stopped.is_open_at(WHILE_OPEN)
    reopen(team)
    assert find_market("spring-pot", "FR").is_open_at(WHILE_OPEN)
    assert kinds() == ["market_opened", "market_suspended", "market_opened"]
    lines = list_changes(stopped.id)
    assert [(line.state, line.by) for line in lines] == [
        ("open", "Dora"), ("suspended", "Dora"), ("open", "Dora"), ("draft", "Dora"),
    ]  # fmt: skip


def test_it_stops_one_country_and_leaves_the_other(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    reopen(team, "GB")
    suspend(team, "FR")
    assert {market.country: market.state for market in list_markets()} == {"FR": "suspended", "GB": "open"}


def test_it_opens_within_its_dates_only(both_databases: str) -> None:
    """Midnight is the market's own: 23:00 UTC of the day before in Paris."""
    team = make_team()
    publish_file(team, spring_text())
    first = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    with pytest.raises(errors.MarketTooEarly) as caught:
        reopen(team, now=first - timedelta(microseconds=1))
    assert "2026-11-01" in str(caught.value)
    after = datetime(2027, 1, 15, 23, 0, tzinfo=UTC)
    with pytest.raises(errors.MarketTooLate) as caught_late:
        reopen(team, now=after)
    assert "2027-01-15" in str(caught_late.value)
    reopen(team, now=first)
    market = find_market("spring-pot", "FR")
    assert [market.is_open_at(instant) for instant in (first, after - timedelta(microseconds=1), after)] == [
        True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("owed", "late", "opens"), [(1000, 10, True), (1000, 11, False), (1, 1, False), (0, 0, True)]
)
def test_it_opens_again_only_when_people_are_paid_on_time(
    both_databases: str, owed: int, late: int, opens: bool
) -> None:
    team = make_team()
    open_spring(team)
    suspend(team)
    overdue = Overdue(owed=owed, late=late)
    if opens:
        reopen(team, overdue=overdue)
    else:
        with pytest.raises(errors.MarketOverdue) as refused:
            reopen(team, overdue=overdue)
        assert f"{late} of {owed}" in str(refused.value)
    assert find_market("spring-pot", "FR").state == ("open" if opens else "suspended")


def test_it_withdraws_a_suspended_market_with_a_promise(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    with pytest.raises(errors.MarketTransition):
        withdraw(team)
    suspend(team)
    for honour in ("", "we pay", "x" * 2001):
        with pytest.raises(errors.HonourMissing):
            withdraw(team, honour)
    withdraw(team)
    market = find_market("spring-pot", "FR")
    assert (market.state, find_honour_statement(market.id)) == ("withdrawn", HONOUR)
    with pytest.raises(errors.MarketTransition):
        reopen(team)


def test_it_closes_on_the_closing_date_and_not_before(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    with pytest.raises(errors.MarketClosesLater) as caught:
        close(team, WHILE_OPEN)
    assert "2027-01-15" in str(caught.value)
    close(team)
    assert find_market("spring-pot", "FR").state == "closed"


def test_it_closes_by_itself_when_the_day_is_over(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    reopen(team, "GB")
    suspend(team, "GB")
    assert switch.close_due_markets(now=WHILE_OPEN) == 0
    paris_is_over = datetime(2027, 1, 15, 23, 0, tzinfo=UTC)
    assert switch.close_due_markets(now=paris_is_over) == 1
    assert switch.close_due_markets(now=paris_is_over + timedelta(hours=1)) == 1
    assert [market.state for market in list_markets()] == ["closed", "closed"]
    assert list_changes(find_market("spring-pot", "FR").id)[0].by == ""
    assert switch.close_due_markets(now=AFTER_CLOSING) == 0


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "because",
        "x" * 501,
        "Ana wrote from ana@mail.example about it.",
        "Call us on +33 6 12 34 56 78, please.",
    ],
)
def test_it_asks_for_a_reason_that_names_nobody(both_databases: str, reason: str) -> None:
    team = make_team()
    open_spring(team)
    with pytest.raises(errors.ReasonNeeded):
        switch.suspend_market(
            offer_slug="spring-pot", country="FR", reason=reason, user_id=team.dora, now=WHILE_OPEN
        )
    assert find_market("spring-pot", "FR").state == "open"


def test_it_keeps_the_reason_out_of_the_log(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    suspend(team)
    assert not any(REASON.encode() in bytes(entry.body) for entry in QueuedEntry.objects.all())


def test_it_asks_for_a_role_and_a_market(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    for user_id in (team.fay, uuid.uuid4()):
        with pytest.raises(NotAllowed):
            switch.suspend_market(
                offer_slug="spring-pot", country="FR", reason=REASON, user_id=user_id, now=WHILE_OPEN
            )
    with pytest.raises(NotFound):
        suspend(team, "DE")


def test_it_says_where_a_market_may_go(both_databases: str) -> None:
    team = make_team()
    publish_file(team, spring_text())
    with pytest.raises(errors.MarketTransition) as caught:
        suspend(team)
    assert "open" in str(caught.value)


def test_the_database_knows_the_ways_too(both_databases: str) -> None:
    """Whatever code writes the row, a market goes only where the rules let it."""
    publish_file(make_team(), spring_text())
    market = models.Market.objects.filter(country="FR")
    ways: dict[MarketState, list[MarketState]] = {
        "draft": [], "open": ["open"], "suspended": ["open", "suspended"],
        "withdrawn": ["open", "suspended", "withdrawn"], "closed": ["open", "closed"],
    }  # fmt: skip

    def goes(state: MarketState, wanted: MarketState) -> bool:
        with transaction.atomic():
            for step in ways[state]:
                market.update(state=step, reason=REASON)
            try:
                with transaction.atomic():
                    market.update(state=wanted, reason=REASON)
            except DatabaseError:
                return False
            finally:
                transaction.set_rollback(True)
        return True

    for state in MARKET_STATES:
        allowed = {wanted for wanted in MARKET_STATES if goes(state, wanted)}
        assert allowed == {state} | TRANSITIONS[state]


def test_it_notes_the_end_of_a_stop_once(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    suspend(team)
    assert find_market("spring-pot", "FR").stopped_at is None
    assert switch.finish_stopping(now=WHILE_OPEN) == 1
    assert switch.finish_stopping(now=WHILE_OPEN) == 0
    assert find_market("spring-pot", "FR").stopped_at == WHILE_OPEN
    assert kinds() == ["market_opened", "market_suspended", "market_stopped"]


def test_a_stop_that_ended_is_not_noted_again_at_withdrawal(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    suspend(team)
    switch.finish_stopping(now=WHILE_OPEN)
    withdraw(team)
    assert switch.finish_stopping(now=WHILE_OPEN) == 0
    assert kinds()[-1] == "market_withdrawn"


def test_a_market_that_opens_again_was_never_stopped(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    suspend(team)
    reopen(team)
    assert switch.finish_stopping(now=WHILE_OPEN) == 0
    suspend(team)
    assert switch.finish_stopping(now=WHILE_OPEN) == 1


def test_each_stop_is_noted_anew(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    for _ in range(2):
        suspend(team)
        assert switch.finish_stopping(now=WHILE_OPEN) == 1
        reopen(team)
        assert find_market("spring-pot", "FR").stopped_at is None
    assert kinds().count("market_stopped") == 2


def hold_transaction(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection in the middle of joining: it has read the market as open and not committed."""
    held = psycopg.connect(url)
    assert held.execute("SELECT state FROM offers_market WHERE country = 'FR'").fetchone() == ("open",)
    return held


def test_a_stop_waits_for_what_was_begun_before_it(postgresql_database: str) -> None:
    team = make_team()
    open_spring(team)
    with hold_transaction(postgresql_database) as held:
        suspend(team)
        assert switch.finish_stopping(now=WHILE_OPEN) == 0
        # Work that begins after the stop was seen does not put the end off, however long it takes.
        with psycopg.connect(postgresql_database) as later:
            assert later.execute("SELECT state FROM offers_market WHERE country = 'FR'").fetchone() == (
                "suspended",
            )
            assert switch.finish_stopping(now=WHILE_OPEN) == 0
            held.commit()
            assert switch.finish_stopping(now=WHILE_OPEN) == 1
            assert kinds()[-1] == "market_stopped"


def test_a_stop_does_not_wait_for_an_idle_connection(postgresql_database: str) -> None:
    team = make_team()
    open_spring(team)
    with psycopg.connect(postgresql_database, autocommit=True) as idle:
        idle.execute("SELECT 1")
        suspend(team)
        assert switch.finish_stopping(now=WHILE_OPEN) == 1


def test_suspending_waits_for_nobody_who_reads_the_market(postgresql_database: str) -> None:
    """Joining reads the row without a lock, so a crowd of joiners cannot hold the switch back."""
    team = make_team()
    open_spring(team)
    with hold_transaction(postgresql_database):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        suspend(team)
        assert find_market("spring-pot", "FR").state == "suspended"


def test_it_counts_from_its_commit(postgresql_database: str) -> None:
    """Another connection sees the old state until then, and the new one at its next look."""
    team = make_team()
    open_spring(team)

    def other_sees() -> object:
        with psycopg.connect(postgresql_database) as other:
            row = other.execute("SELECT state FROM offers_market WHERE country = 'FR'").fetchone()
            assert row is not None
            return row[0]

    @db.action
    def suspend_and_look(look: Callable[[], object]) -> object:
        suspend(team)
        return look()

    assert suspend_and_look(other_sees) == "open"
    assert other_sees() == "suspended"


def test_it_is_early_before_the_first_day(both_databases: str) -> None:
    team = make_team()
    publish_file(team, spring_text())
    with pytest.raises(errors.MarketTooEarly):
        reopen(team, now=BEFORE_OPENING)
