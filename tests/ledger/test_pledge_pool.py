"""Finance sets the money of a file aside; publishing alone funds nothing."""

from __future__ import annotations

import uuid

import pytest

from onloan.access.models import User
from onloan.errors import NotAllowed, NotFound
from onloan.ledger.errors import PoolNotPledged
from onloan.ledger.models import Funding, Pledge
from onloan.ledger.publishing import pledge_pool, publish_and_fund
from onloan.ledger.queries import find_pledge, pool_view
from onloan.offers.actions import approve_draft, sign_off, submit_draft
from onloan.offers.queries import find_draft, list_markets, list_versions
from tests.ledger.books import second_finance
from tests.support.offers import BEFORE_OPENING, Team, make_team, spring_text

NOW = BEFORE_OPENING


def approved_draft(team: Team, text: str = "") -> uuid.UUID:
    draft_id = submit_draft(text=text or spring_text(), author_id=team.greg, now=NOW)
    for code in find_draft(draft_id).unsigned_codes():
        sign_off(draft_id=draft_id, user_id=team.dora, code=code, note="Looked at and fine.", now=NOW)
    approve_draft(draft_id=draft_id, user_id=team.dora, note="Read and fine.", door="console", now=NOW)
    return draft_id


def test_it_publishes_with_the_money_of_whoever_pledged_it(both_databases: str) -> None:
    team = make_team()
    draft_id = approved_draft(team)
    pledge_pool(draft_id=draft_id, user_id=team.fay, now=NOW)
    publish_and_fund(draft_id=draft_id, user_id=team.dora, now=NOW)
    assert {row.by_user_id for row in Funding.objects.all()} == {team.fay}
    assert {view.country: pool_view(view.id).funded.written() for view in list_markets()} == {
        "FR": "50000.00 EUR",
        "GB": "25000.00 GBP",
    }


def test_it_keeps_nothing_of_a_version_without_money(both_databases: str) -> None:
    team = make_team()
    draft_id = approved_draft(team)
    with pytest.raises(PoolNotPledged):
        publish_and_fund(draft_id=draft_id, user_id=team.dora, now=NOW)
    assert (list_versions("spring-pot"), Funding.objects.count()) == ([], 0)


def test_it_needs_no_new_pledge_for_a_version_that_costs_no_more(sqlite_database: str) -> None:
    team = make_team()
    first = approved_draft(team)
    pledge_pool(draft_id=first, user_id=team.fay, now=NOW)
    publish_and_fund(draft_id=first, user_id=team.dora, now=NOW)
    fundings = Funding.objects.count()
    again = approved_draft(team, spring_text().replace("The spring pot", "The second spring pot"))
    publish_and_fund(draft_id=again, user_id=team.dora, now=NOW)
    assert (len(list_versions("spring-pot")), Funding.objects.count()) == (2, fundings)


def test_it_lets_only_finance_pledge(sqlite_database: str) -> None:
    team = make_team()
    draft_id = approved_draft(team)
    for user_id in (team.greg, team.dora):
        with pytest.raises(NotAllowed):
            pledge_pool(draft_id=draft_id, user_id=user_id, now=NOW)
    with pytest.raises(NotFound):
        pledge_pool(draft_id=uuid.uuid4(), user_id=team.fay, now=NOW)
    assert find_pledge(draft_id) is None


def test_it_keeps_the_first_pledge_while_its_member_may_fund(both_databases: str) -> None:
    team = make_team()
    finn, draft_id = second_finance(), approved_draft(team)
    pledge_pool(draft_id=draft_id, user_id=team.fay, now=NOW)
    pledge_pool(draft_id=draft_id, user_id=finn, now=NOW)
    pledge = find_pledge(draft_id)
    assert pledge is not None and pledge.user_id == team.fay
    User.objects.filter(pk=team.fay).update(is_active=False)
    assert find_pledge(draft_id) is None
    with pytest.raises(PoolNotPledged):
        publish_and_fund(draft_id=draft_id, user_id=team.dora, now=NOW)
    pledge_pool(draft_id=draft_id, user_id=finn, now=NOW)
    publish_and_fund(draft_id=draft_id, user_id=team.dora, now=NOW)
    assert Pledge.objects.count() == 1
    assert {row.by_user_id for row in Funding.objects.all()} == {finn}
