"""What is missing in the books is given for a case: to the right person, once, whatever the shop reports later."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from onloan import ids
from onloan.access.models import User
from onloan.cases.actions import close_case, open_case
from onloan.cases.bearer import count_waiting_rewards
from onloan.cases.correcting import SOMEBODY_ELSE, approve_correction, propose_for_case
from onloan.cases.correction_queries import correction_page
from onloan.cases.errors import CaseClosed, CaseNotIdentified
from onloan.cases.models import Case
from onloan.cases.rules import Door, Kind, Outcome
from onloan.cases.timeline import list_events
from onloan.errors import NotFound
from onloan.joining.actions import Joined
from onloan.ledger.check import check_balances
from onloan.ledger.errors import CorrectionFriendNeeded
from onloan.ledger.models import Reward
from onloan.ledger.queries import pot_view
from onloan.outbox.models import Message
from onloan.payouts.check import check_payables
from onloan.payouts.models import Payable
from onloan.payouts.situation import yearly_statement
from onloan.referrals.actions import release_windows, settle_due
from onloan.vouchers.queries import list_vouchers
from tests.referrals.support import (
    CASH,
    NOW,
    POINTS,
    THANKS,
    WELCOME,
    Campaign,
    join_as,
    open_campaign,
    report,
    rewards_of,
)
from tests.support.offers import make_team

LATER = NOW + timedelta(days=60)
REASON = "The shop's own list has her friend's sign-up on the third."


def case_of(person: Joined, kind: Kind = Kind.RECTIFICATION) -> UUID:
    return open_case(
        kind=kind, country="FR", language="fr", door=Door.MY_PAGE, text="Il manque une personne.",
        participant_id=person.participant_id, now=NOW,
    ).case_id  # fmt: skip


def propose(case_id: UUID, rule_id: str, friend: str = "") -> UUID:
    correction_id = ids.new_id()
    propose_for_case(
        case_id=case_id, correction_id=correction_id, rule_id=rule_id, friend=friend, reason=REASON,
        user_id=make_team().dora, now=LATER,
    )  # fmt: skip
    return correction_id


def approve(correction_id: UUID) -> bool:
    return approve_correction(correction_id=correction_id, user_id=make_team().fay, now=LATER)


def a_pair() -> tuple[Campaign, Joined, Joined]:
    campaign = open_campaign(rules=(WELCOME, THANKS, CASH, POINTS))
    ana = join_as("Ana", campaign)
    return campaign, ana, join_as("Ben", campaign, via=ana)


def test_each_kind_is_handed_over_told_and_never_given_twice(both_databases: str) -> None:
    _, ana, ben = a_pair()
    case_id = case_of(ana)
    corrections = [propose(case_id, rule_id, ben.public_id) for rule_id in ("cash", "thanks", "points")]
    corrections.append(propose(case_id, "welcome"))
    assert count_waiting_rewards(ana.participant_id) == 4, "an erasure waits for them"
    assert [approve(each) for each in corrections] == [True] * 4
    assert [approve(each) for each in corrections] == [False] * 4
    assert {reward.rule: reward.cause for reward in rewards_of(ana)} == {
        "cash": ben.participant_id.hex, "thanks": ben.participant_id.hex, "points": ben.participant_id.hex,
        "welcome": "own",
    }  # fmt: skip
    payable = Payable.objects.get()
    assert (payable.amount_minor, payable.due_on, payable.state) == (400, date(2027, 3, 3), "owed")
    assert sorted(each.amount.amount_minor for each in list_vouchers(ana.participant_id)) == [1_000, 1_400]
    mails = Message.objects.filter(participant_id=ana.participant_id)
    assert mails.filter(template="reward_earned").count() == 4
    assert Message.objects.filter(kind="webhook", participant_id=ana.participant_id).count() == 1
    assert all(line.is_corrected for line in pot_view(ana.participant_id).earned)
    shown = [event.kind.value for event in list_events(case_id, only_shown=True)]
    assert shown.count("rectified") == 4
    statement = yearly_statement(ana.participant_id, year=2027, time_zone="Europe/Paris")
    assert {kind: amount.amount_minor for kind, amount in statement.totals["earned"].items()} == {
        "cash": 400, "voucher": 2_400, "fulfilled": 300
    }  # fmt: skip
    assert check_balances() + check_payables() == []


def test_the_shop_s_event_gives_nothing_twice_when_it_comes_after_all(sqlite_database: str) -> None:
    _, ana, ben = a_pair()
    approve(propose(case_of(ana), "cash", ben.public_id))
    report(ben, occurred_at=NOW + timedelta(days=1), now=NOW + timedelta(days=30))
    assert sorted((reward.rule, reward.state) for reward in rewards_of(ana)) == [
        ("cash", "earned"), ("points", "pending"), ("thanks", "pending")
    ]  # fmt: skip
    (told,) = Message.objects.filter(template="friend_joined")
    assert told.context["rewards"] == ["voucher 14.00 EUR", "fulfilled 3.00 EUR"]
    settle_due(now=LATER, limit=10)
    assert Payable.objects.count() == 1 and check_balances() + check_payables() == []


def test_a_correction_lowers_nothing_that_anybody_has_or_can_have(sqlite_database: str) -> None:
    campaign, ana, ben = a_pair()
    report(ben)
    chloe = join_as("Chloé", campaign)
    before = {line.reward_id: line.amount for line in pot_view(ana.participant_id).waiting}
    release_windows(now=NOW + timedelta(days=400), limit=10)
    others = pot_view(chloe.participant_id)
    approve(propose(case_of(ana), "cash", SOMEBODY_ELSE))
    after = pot_view(ana.participant_id)
    assert {line.reward_id: line.amount for line in after.waiting} == before
    assert pot_view(chloe.participant_id) == others
    assert Reward.objects.get(state="earned").cause_key.startswith("correction/")


def test_it_is_for_an_open_case_of_somebody_known_and_their_own_friends(sqlite_database: str) -> None:
    campaign, ana, ben = a_pair()
    eve = join_as("Eve", campaign)
    case_id = case_of(ana)
    for friend in ("", eve.public_id, ana.public_id, "pNOBODY"):
        with pytest.raises(CorrectionFriendNeeded):
            propose(case_id, "cash", friend)
    for kind in (Kind.ACCESS, Kind.ERASURE):
        with pytest.raises(NotFound):
            propose(case_of(ana, kind), "cash", ben.public_id)
    stranger = open_case(
        kind=Kind.COMPLAINT, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="Il manque une personne.",
        contact="ana@people.example", now=NOW,
    ).case_id  # fmt: skip
    with pytest.raises(CaseNotIdentified):
        propose(stranger, "cash", ben.public_id)
    page = correction_page(case_id)
    assert page.public_id == ana.public_id and [each.public_id for each in page.friends] == [ben.public_id]
    assert [(rule.rule.id, rule.times_left, rule.is_reserved) for rule in page.open_rules] == [
        ("welcome", 1, True), ("thanks", 5, True), ("cash", 5, True), ("points", 5, True)
    ]  # fmt: skip
    propose(case_id, "cash", ben.public_id)
    assert [line.public_id for line in correction_page(case_id).corrections] == [ana.public_id]
    member = User.objects.get(role="dpo").id
    close_case(case_id=case_id, user_id=member, outcome=Outcome.DONE, now=LATER)
    with pytest.raises(CaseClosed):
        propose(case_id, "thanks", ben.public_id)
    assert Case.objects.get(id=case_id).state == "closed"
