"""Promise 3: a right costs nothing. Whatever people take back, object to, restrict, ask or complain about, and
whenever they do, each reward is promised, earned and paid as if they had not."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schwifty import IBAN

from onloan import clock
from onloan.access.models import User
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.desk import answer_case
from onloan.cases.errors import LiftingRefused, ObjectionStands, TooManyCases
from onloan.cases.lifting import lift_own
from onloan.cases.models import Case
from onloan.cases.restricting import announce_lifting, end_announced
from onloan.cases.rules import About, Door, Kind, Outcome
from onloan.consents.actions import withdraw_all, withdraw_by_receipt, withdraw_permission
from onloan.evidence.actions import forget_person
from onloan.joining.actions import Joined
from onloan.ledger.check import check_balances
from onloan.ledger.models import Account, Reward
from onloan.ledger.queries import PotView, pot_view, total_by_kind
from onloan.ledger.rules import Cause, VoidCause
from onloan.money import Money
from onloan.payouts.actions import (
    approve_batch,
    give_account,
    issue_slip,
    mark_batch_paid,
    prepare_batch,
    redeem_slip,
    set_debtor,
)
from onloan.payouts.check import check_payables
from onloan.payouts.models import Payable
from onloan.payouts.queries import list_slips
from onloan.people.actions import FLAGS
from onloan.people.models import Item, Participant, PersonKey
from onloan.referrals.actions import record_event, release_windows, settle_due
from onloan.vouchers.queries import VoucherView, list_vouchers
from tests.joining.support import PERMISSIONS, OpenMarket, add_participant, open_market
from tests.ledger.books import second_finance
from tests.payouts.bank.files import SHOP_IBAN
from tests.vouchers.tills import till

_numbers = itertools.count()


@dataclass(frozen=True)
class Pair:
    """Ana invited Ben; both allow everything that the offer asks."""

    ana: Joined
    ben: Joined


@dataclass(frozen=True)
class OwnMoney:
    """Everything in the books about one person."""

    pot: PotView
    vouchers: list[VoucherView]
    accounts: list[tuple[object, ...]]
    payables: list[tuple[object, ...]]


def money_of(participant_id: UUID) -> OwnMoney:
    return OwnMoney(
        pot=pot_view(participant_id),
        vouchers=list_vouchers(participant_id),
        accounts=sorted(Account.objects.filter(participant_id=participant_id).values_list()),
        payables=sorted(Payable.objects.filter(participant_id=participant_id).values_list()),
    )


def join_pair(market: OpenMarket) -> Pair:
    number = next(_numbers)
    yes = dict.fromkeys(PERMISSIONS, True)
    ana = add_participant(market, "Ana", email=f"ana{number}@example.org", answers=yes)
    ben = add_participant(market, "Ben", email=f"ben{number}@example.org", answers=yes, via_code=ana.link_code)
    return Pair(ana, ben)


Right = Callable[[Joined, datetime], object]


def ask(kind: Kind, about: About = About.NOTHING) -> Right:
    def right(person: Joined, now: datetime) -> None:
        try:
            open_case(
                kind=kind, about=about, country="FR", language="fr", door=Door.MY_PAGE, now=now,
                text="Merci de faire le nécessaire.", participant_id=person.participant_id,
            )  # fmt: skip
        except TooManyCases:
            return

    right.__name__ = f"ask_{kind.value}_{about.value}"
    return right


def take_back_everything(person: Joined, now: datetime) -> None:
    withdraw_all(participant_id=person.participant_id, now=now)


def take_back_one(person: Joined, now: datetime) -> None:
    withdraw_permission(participant_id=person.participant_id, permission_id=PERMISSIONS[0], now=now)


def take_back_by_receipt(person: Joined, now: datetime) -> None:
    withdraw_by_receipt(token=person.receipt_token, permission_id=None, now=now)


def end_own_flags(person: Joined, now: datetime) -> None:
    for flag in FLAGS:
        lift_own(participant_id=person.participant_id, flag=flag, now=now)


def team_lifts_restriction(person: Joined, now: datetime) -> None:
    """Told seven days before; the day comes."""
    case = Case.objects.filter(participant_id=person.participant_id, kind=Kind.RESTRICTION).first()
    if case is not None:
        with suppress(LiftingRefused):
            announce_lifting(case_id=case.id, user_id=dpo(), reasons="The last court has decided.", now=now)
    end_announced(now=now + timedelta(days=8))


def team_refuses(person: Joined, now: datetime) -> None:
    """Every open case that can be refused is: among them an objection to checks, for compelling grounds, and what
    was said to be wrong."""
    parts = Parts(done="We looked at what you asked for.", reasons="There are grounds that weigh more than yours.")
    for case_id in Case.objects.filter(
        participant_id=person.participant_id, state="open", kind__in=[Kind.OBJECTION, Kind.RECTIFICATION]
    ).values_list("id", flat=True):
        with suppress(ObjectionStands):
            answer_case(
                case_id=case_id, user_id=dpo(), outcome=Outcome.REFUSED, parts=parts, now=now,
                why_not_wait="Nobody had received anything.",
            )  # fmt: skip


def dpo() -> UUID:
    found: UUID = User.objects.filter(role="dpo").values_list("id", flat=True)[0]
    return found


RIGHTS: tuple[Right, ...] = (
    *(ask(kind) for kind in Kind),
    ask(Kind.OBJECTION, About.MARKETING), ask(Kind.OBJECTION, About.CHECKS),
    ask(Kind.RECTIFICATION, About.USERNAME), ask(Kind.RECTIFICATION, About.MONEY),
    take_back_everything, take_back_one, take_back_by_receipt, end_own_flags,
    team_lifts_restriction, team_refuses,
)  # fmt: skip


def use_rights(pair: Pair, rights: Sequence[tuple[str, Right]], now: datetime) -> None:
    """Each right, one after the other; none of them changes anything in the books."""
    for who, right in rights:
        before = {person: money_of(person.participant_id) for person in (pair.ana, pair.ben)}
        right(getattr(pair, who), now)
        assert {person: money_of(person.participant_id) for person in before} == before


Way = Literal["transfer", "slip"]


def run_campaign(
    market: OpenMarket, pair: Pair, rights: Sequence[Sequence[tuple[str, Right]]], way: Way = "transfer"
) -> None:
    """From the friend's sign-up to the money in hand, with ``rights`` used in each of the four gaps."""
    now = clock.now()
    use_rights(pair, rights[0], now)
    record_event(
        participant_id=pair.ben.participant_id, event=market.offer.referral.event, occurred_at=now,
        external_ref="order", now=now,
    )  # fmt: skip
    use_rights(pair, rights[1], now)
    settled = now + timedelta(days=15)
    settle_due(now=settled, limit=500)
    use_rights(pair, rights[2], settled)
    pay = pay_by_transfer if way == "transfer" else pay_by_slip
    pay(market, pair, settled, lambda: use_rights(pair, rights[3], settled))


def pay_by_transfer(market: OpenMarket, pair: Pair, now: datetime, in_between: Callable[[], None]) -> None:
    """The person says where, whatever flags stand; two people send the file; rights are used before it is paid."""
    fay = market.team.fay
    set_debtor(currency="EUR", name="Boutique", account=SHOP_IBAN, town="Paris", user_id=fay, now=now)
    account = IBAN.random(country_code="FR", random=random.Random(pair.ana.participant_id.int)).compact
    give_account(participant_id=pair.ana.participant_id, name="Ana Lopez", account=account, now=now)
    batch_id = prepare_batch(country="FR", user_id=fay, now=now)
    approve_batch(batch_id=batch_id, user_id=second_finance(), now=now)
    in_between()
    mark_batch_paid(batch_id=batch_id, user_id=fay, now=now)


def pay_by_slip(market: OpenMarket, pair: Pair, now: datetime, in_between: Callable[[], None]) -> None:
    """The other way, without an account: a slip that whoever holds it is paid for at the till."""
    person = pair.ana.participant_id
    payable = Payable.objects.get(participant_id=person)
    issue_slip(participant_id=person, payable_id=payable.id, now=now)
    (slip,) = [slip for slip in list_slips(person) if slip.redeemed_at is None]
    in_between()
    redeem_slip(typed_code=slip.code, reference="till/1", by=till(), now=now)


def check_everything_was_paid(pair: Pair) -> None:
    ana, ben = pot_view(pair.ana.participant_id), pot_view(pair.ben.participant_id)
    assert total_by_kind(ana.paid) == {"cash": Money(400, "EUR")}
    assert total_by_kind(ana.earned) == {"voucher": Money(1_400, "EUR")}
    assert total_by_kind(ben.earned) == {"voucher": Money(1_000, "EUR")}
    assert [voucher.remaining for voucher in list_vouchers(pair.ana.participant_id)] == [Money(1_400, "EUR")]
    assert [voucher.remaining for voucher in list_vouchers(pair.ben.participant_id)] == [Money(1_000, "EUR")]
    assert not (ana.waiting or ana.voided or ben.waiting or ben.voided)
    assert ana.still_possible == {"cash": Money(1_600, "EUR"), "voucher": Money(6_600, "EUR")}


GAP = st.lists(st.tuples(st.sampled_from(("ana", "ben")), st.sampled_from(RIGHTS)), max_size=3)


def test_no_right_changes_what_anybody_earns_or_is_paid(both_databases: str) -> None:
    market = open_market(pots=1_000)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(gaps=st.tuples(GAP, GAP, GAP, GAP), way=st.sampled_from(("transfer", "slip")))
    def run(gaps: tuple[list[tuple[str, Right]], ...], way: Way) -> None:
        pair = join_pair(market)
        run_campaign(market, pair, gaps, way)
        check_everything_was_paid(pair)

    run()
    assert check_balances() + check_payables() == []


@pytest.mark.parametrize("way", ["transfer", "slip"])
@pytest.mark.parametrize("gap", range(4))
def test_every_right_at_once_changes_nothing(both_databases: str, gap: int, way: Way) -> None:
    """All rights of both people in one gap: nothing is left to allow, and everything is paid."""
    market = open_market(pots=2)
    pair = join_pair(market)
    rights: list[list[tuple[str, Right]]] = [[], [], [], []]
    rights[gap] = [(who, right) for who in ("ana", "ben") for right in RIGHTS]
    run_campaign(market, pair, rights, way)
    check_everything_was_paid(pair)
    assert check_balances() + check_payables() == []


def test_a_slip_is_paid_after_its_owner_s_data_are_gone(both_databases: str) -> None:
    """Erasing while money is owed: the slip is like cash, and nothing of its owner is needed to pay it."""
    market = open_market(pots=2)
    pair = join_pair(market)

    def erase() -> None:
        person = pair.ana.participant_id
        Participant.objects.filter(id=person).update(erased_at=clock.now())
        Item.objects.filter(participant_id=person).delete()
        PersonKey.objects.filter(participant_id=person).delete()
        forget_person(participant_id=person)

    now = clock.now()
    record_event(
        participant_id=pair.ben.participant_id, event=market.offer.referral.event, occurred_at=now,
        external_ref="order", now=now,
    )  # fmt: skip
    settled = now + timedelta(days=15)
    settle_due(now=settled, limit=500)
    pay_by_slip(market, pair, settled, erase)
    assert total_by_kind(pot_view(pair.ana.participant_id).paid) == {"cash": Money(400, "EUR")}
    assert check_balances() + check_payables() == []


def test_somebody_who_allows_nothing_earns_the_same(both_databases: str) -> None:
    market = open_market(pots=4)
    allows = join_pair(market)
    no = dict.fromkeys(PERMISSIONS, False)
    chloe = add_participant(market, "Chloe", email="chloe@example.org", answers=no)
    dan = add_participant(market, "Dan", email="dan@example.org", answers=no, via_code=chloe.link_code)
    refuses = Pair(chloe, dan)
    for pair in (allows, refuses):
        run_campaign(market, pair, [[], [], [], []])
        check_everything_was_paid(pair)


def test_a_suspended_market_still_pays(both_databases: str) -> None:
    """Promise 10, as far as money reaches: what was under way is earned and paid after the stop."""
    market = open_market(pots=2)
    pair = join_pair(market)
    market.withdraw()
    run_campaign(market, pair, [[], [], [], []])
    check_everything_was_paid(pair)


def test_the_window_ends_without_taking_anything_that_was_earned(both_databases: str) -> None:
    market = open_market(pots=2)
    pair = join_pair(market)
    run_campaign(market, pair, [[("ana", take_back_everything)], [], [], []])
    earned = money_of(pair.ana.participant_id).pot
    release_windows(now=clock.now() + timedelta(days=400), limit=100)
    after = money_of(pair.ana.participant_id).pot
    assert (after.earned, after.paid) == (earned.earned, earned.paid)
    assert after.still_possible == {}
    assert check_balances() + check_payables() == []


def test_the_books_have_no_word_for_a_right() -> None:
    """Neither a cause of a transfer nor a state of a reward can say that somebody used a right."""
    words = {cause.value for cause in Cause} | {cause.value for cause in VoidCause}
    rights = {kind.value for kind in Kind} | {"consent", "feedback", "refusal"}
    assert not [word for word in words for right in rights if right[:6] in word]
    columns = {column.name for column in Reward._meta.get_fields()}
    assert columns.isdisjoint({"restricted_at", "objected_at", "consent_id", "consent_number"})
