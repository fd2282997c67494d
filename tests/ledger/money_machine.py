"""Everything that money can do, in any order, beside a model in plain Python that books the same.

After each step the sums of the market are compared with the model. Steps may be tried again at any later time,
which must change nothing, and may crash before they are committed, which must leave nothing.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db.utils import DatabaseError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onloan import db, ids
from onloan.errors import BadInput, OnloanError
from onloan.ledger import spending
from onloan.ledger.actions import (
    earn_reward,
    hold_reward,
    mark_reward_paid,
    promise_reward,
    resume_reward,
    return_reward,
    take_as_voucher,
    void_reward,
)
from onloan.ledger.check import check_balances
from onloan.ledger.corrections import correct_reward, propose_correction, refuse_correction
from onloan.ledger.errors import (
    ClawbackRefused,
    CorrectionKnown,
    CorrectionNotInOffer,
    CorrectionPoolEmpty,
    RewardNotReady,
    TransferConflict,
)
from onloan.ledger.pools import fund_pool, release_pot, reserve_pot, top_up_pool
from onloan.ledger.queries import RewardView, pool_view, pot_view
from onloan.ledger.rules import Cause, RewardState, VoidCause, corrected_cause
from onloan.money import Money
from onloan.offers.document import RewardRule
from tests.ledger.books import CASH, DUE_ON, NOW, POINTS, POT, THANKS, WELCOME, NoPotError, join, open_books

RULES = (WELCOME, THANKS, CASH, POINTS)
_TO_LETTERS = str.maketrans("0123456789", "ghijklmnop")
NUMBERS = st.integers(0, 99)


class CrashError(Exception):
    """The process dies before the commit."""


@dataclass
class ModelReward:
    id: uuid.UUID
    person: ModelPerson
    rule: RewardRule
    cause_key: str
    earns_at: datetime
    state: str = "pending"
    payment_count: int = 0
    is_taken: bool = False
    redemptions: dict[uuid.UUID, tuple[int, str]] = field(default_factory=dict)
    voucher_id: uuid.UUID = field(default_factory=ids.new_id)
    ended_minor: int | None = None

    @property
    def amount_minor(self) -> int:
        return self.rule.amounts["FR"].amount_minor

    @property
    def is_voucher(self) -> bool:
        return self.state == "earned" and (self.rule.kind == "voucher" or self.is_taken)

    def redeemed(self, state: str) -> int:
        return sum(minor for minor, redeemed in self.redemptions.values() if redeemed == state)

    @property
    def left_minor(self) -> int:
        return self.amount_minor - self.redeemed("held") - self.redeemed("done") - (self.ended_minor or 0)

    def where(self) -> dict[str, int]:
        """What lies where; what a till holds is still among the vouchers."""
        if self.state == "voided":
            return {}
        if self.is_voucher:
            return {
                "vouchers": self.left_minor + self.redeemed("held"),
                "redeemed": self.redeemed("done"),
                "expired": self.ended_minor or 0,
            }
        account = {"pending": "reserved", "held": "reserved", "earned": "owed", "paid": "paid"}[self.state]
        return {account: self.amount_minor}


@dataclass
class ModelPerson:
    id: uuid.UUID
    reserved_minor: int
    is_released: bool = False
    rewards: list[ModelReward] = field(default_factory=list)

    def used(self, rule: RewardRule) -> int:
        return sum(reward.rule is rule and reward.state != "voided" for reward in self.rewards)


def has_rewards(machine: MoneyMachine) -> bool:
    return any(person.rewards for person in machine.people)


def has_vouchers(machine: MoneyMachine) -> bool:
    return any(reward.is_voucher for reward in machine.rewards())


class MoneyMachine(RuleBasedStateMachine):
    """What each step should do stands in the model; ``check`` compares all of it with the database."""

    def __init__(self) -> None:
        super().__init__()
        self.books = open_books(slug=f"pot-{uuid.uuid4().hex[:8].translate(_TO_LETTERS)}", rules=RULES)
        self.now = NOW
        self.funded = self.free = 0
        self.people: list[ModelPerson] = []
        self.done: list[Callable[[], object]] = []
        self.held: set[uuid.UUID] = set()

    def rewards(self) -> list[ModelReward]:
        return [reward for person in self.people for reward in person.rewards]

    def _pick(self, number: int) -> ModelReward:
        rewards = self.rewards()
        return rewards[number % len(rewards)]

    def _pick_cash(self, number: int) -> ModelReward:
        """Mostly earned cash, as often as there is some: other rewards are refused, which is soon tried."""
        cash = [
            reward
            for reward in self.rewards()
            if reward.rule.kind == "cash" and reward.state in {"earned", "paid"}
        ]
        return cash[number % len(cash)] if cash and number % 5 != 4 else self._pick(number)

    def _pick_voucher(self, number: int) -> ModelReward:
        vouchers = [reward for reward in self.rewards() if reward.is_voucher]
        return vouchers[number % len(vouchers)]

    def _do(self, step: Callable[[], object]) -> object:
        """Take a step that succeeds, and remember it: again, at any later time, it must change nothing."""
        result = step()
        self.done.append(step)
        return result

    def _refuse(self, error: type[Exception] | tuple[type[Exception], ...], step: Callable[[], object]) -> None:
        with pytest.raises(error):
            step()

    @precondition(lambda self: self.done)
    @rule(number=st.integers(0, 999), is_recent=st.booleans())
    def try_again(self, number: int, is_recent: bool) -> None:
        steps = self.done[-2:] if is_recent else self.done
        steps[number % len(steps)]()

    # The pool and the pots.

    @initialize()
    def begin(self) -> None:
        """Somebody with an earned voucher and earned cash, and somebody with both on their way: steps are spent on
        what becomes of them."""
        self.fund(25_000, is_top_up=False)
        for number in range(2):
            self.join(POT.amount_minor)
            for rule_, cause_key in ((THANKS, "a"), (CASH, "a"), (CASH, "b")):
                self.promise(number, rule_, cause_key)
        self.wait(14)
        for number in range(3):
            self.earn(number)

    @rule(amount_minor=st.integers(1, 45_000), is_top_up=st.booleans())
    def fund(self, amount_minor: int, is_top_up: bool) -> None:
        money = {"market_id": self.books.market_id, "amount": Money(amount_minor, "EUR"), "now": self.now}
        fay, key = self.books.team.fay, ids.new_id()
        if is_top_up:
            self._do(lambda: top_up_pool(**money, user_id=fay, funding_id=key))  # type: ignore[arg-type]
        else:
            self._do(lambda: fund_pool(**money, full_pot=POT, by_user_id=fay, funding_id=key))  # type: ignore[arg-type]
        self.funded += amount_minor
        self.free += amount_minor

    @rule(amount_minor=st.sampled_from([2_000, 10_000, 10_000, 11_000]))
    def join(self, amount_minor: int) -> None:
        amount = Money(amount_minor, "EUR")
        if amount_minor > self.free:
            self._refuse(NoPotError, lambda: join(self.books, amount=amount, now=self.now))
            return
        person = ModelPerson(join(self.books, amount=amount, now=self.now), amount_minor)
        self.free -= amount_minor
        self.people.append(person)
        market_id, now = self.books.market_id, self.now
        self.done.append(
            lambda: reserve_pot(participant_id=person.id, market_id=market_id, amount=amount, now=now)
        )

    @precondition(lambda self: self.people)
    @rule(number=NUMBERS)
    def release(self, number: int) -> None:
        person = self.people[number % len(self.people)]
        now = self.now
        self._do(lambda: release_pot(participant_id=person.id, now=now))
        self.free += person.reserved_minor
        person.reserved_minor, person.is_released = 0, True

    # A reward until it is earned.

    @precondition(lambda self: self.people)
    @rule(number=NUMBERS, rule_=st.sampled_from(RULES), cause_key=st.sampled_from("abcdefg"))
    def promise(self, number: int, rule_: RewardRule, cause_key: str) -> None:
        person = self.people[number % len(self.people)]
        now, earns_at = self.now, self.now + timedelta(days=14)

        def step() -> uuid.UUID | None:
            return promise_reward(
                participant_id=person.id, market_id=self.books.market_id, country="FR", rule=rule_,
                cause_key=cause_key, earns_at=earns_at, now=now,
            )  # fmt: skip

        known = [reward for reward in person.rewards if (reward.rule, reward.cause_key) == (rule_, cause_key)]
        if known:
            assert step() == known[0].id
        elif person.used(rule_) >= rule_.times or rule_.amounts["FR"].amount_minor > person.reserved_minor:
            assert step() is None
        else:
            reward_id = self._do(step)
            assert isinstance(reward_id, uuid.UUID)
            person.reserved_minor -= rule_.amounts["FR"].amount_minor
            person.rewards.append(ModelReward(reward_id, person, rule_, cause_key, earns_at))

    @precondition(has_rewards)
    @rule(number=NUMBERS, is_resumed=st.booleans())
    def hold_or_resume(self, number: int, is_resumed: bool) -> None:
        reward = self._pick(number)
        whose = {"reward_id": reward.id, "participant_id": reward.person.id, "now": self.now}

        def step() -> None:
            if is_resumed:
                resume_reward(**whose)  # type: ignore[arg-type]
            else:
                hold_reward(**whose, reason="Somebody looks at this.")  # type: ignore[arg-type]

        if reward.state not in {"pending", "held"}:
            self._refuse(RewardNotReady, step)
            return
        step()
        reward.state = "pending" if is_resumed else "held"

    @precondition(has_rewards)
    @rule(number=NUMBERS)
    def earn(self, number: int) -> None:
        reward = self._pick(number)
        now = self.now

        def step() -> object:
            return earn_reward(reward_id=reward.id, participant_id=reward.person.id, due_on=DUE_ON, now=now)

        is_early = reward.state == "pending" and self.now < reward.earns_at
        if reward.state in {"voided", "held"} or is_early:
            self._refuse(RewardNotReady, step)
            return
        self._do(step)
        reward.state = "earned" if reward.state == "pending" else reward.state

    @precondition(has_rewards)
    @rule(number=NUMBERS)
    def undo_the_event(self, number: int) -> None:
        reward = self._pick(number)
        now = self.now

        def step() -> None:
            void_reward(
                reward_id=reward.id, participant_id=reward.person.id, now=now,
                cause=VoidCause.EVENT_UNDONE_BEFORE_EARNED, decided_by_user_id=None,
            )  # fmt: skip

        if reward.state in {"earned", "paid"}:
            self._refuse(ClawbackRefused, step)
            return
        self._do(step)
        if reward.state != "voided":
            reward.state = "voided"
            if reward.person.is_released:
                self.free += reward.amount_minor
            else:
                reward.person.reserved_minor += reward.amount_minor

    @precondition(lambda self: self.people)
    @rule(number=NUMBERS, rule_=st.sampled_from(RULES), cause_key=st.sampled_from(["a", "b", None]))
    def correct(self, number: int, rule_: RewardRule, cause_key: str | None) -> None:
        """Support proposes what is missing, finance books it: out of what is reserved, else of what is free."""
        person = self.people[number % len(self.people)]
        amount_minor, correction_id, now = rule_.amounts["FR"].amount_minor, ids.new_id(), self.now
        known = {reward.cause_key: reward.state for reward in person.rewards if reward.rule is rule_}
        booked_as = corrected_cause(
            cause_key, {key: RewardState(state) for key, state in known.items()}, correction_id
        )

        def propose() -> None:
            propose_correction(
                correction_id=correction_id, participant_id=person.id, case_id=ids.new_id(), rule_id=rule_.id,
                cause_key=cause_key, reason="The shop forgot to report it.", user_id=self.books.team.dora, now=now,
            )  # fmt: skip

        def book() -> object:
            return correct_reward(correction_id=correction_id, user_id=self.books.team.fay, now=now)

        if person.used(rule_) >= rule_.times or booked_as is None:
            self._refuse((CorrectionNotInOffer, CorrectionKnown), propose)
            return
        self._do(propose)
        is_own = amount_minor <= person.reserved_minor
        if not is_own and amount_minor > self.free:
            self._refuse(CorrectionPoolEmpty, book)
            refuse_correction(correction_id=correction_id, user_id=self.books.team.fay, now=now)
            return
        reward = self._do(book)
        assert isinstance(reward, RewardView) and reward.state == "earned"
        if is_own:
            person.reserved_minor -= amount_minor
        else:
            self.free -= amount_minor
        person.rewards.append(ModelReward(reward.id, person, rule_, booked_as, now, "earned"))

    # Cash, and what the merchant fulfils.

    @precondition(has_rewards)
    @rule(number=NUMBERS, is_slip=st.booleans())
    def pay(self, number: int, is_slip: bool) -> None:
        reward = self._pick_cash(number)
        now, attempt = self.now, reward.payment_count + 1
        cash = Cause.SLIP_REDEEMED if is_slip else Cause.PAID_OUT
        cause = Cause.FULFILLED if reward.rule.kind == "fulfilled" else cash

        def step() -> bool:
            return mark_reward_paid(
                reward_id=reward.id, participant_id=reward.person.id, cause=cause,  # type: ignore[arg-type]
                reference=f"R{attempt}", now=now, attempt=attempt,
            )  # fmt: skip

        if reward.state != "earned" or reward.is_voucher:
            self._refuse((RewardNotReady, TransferConflict), step)
            return
        assert self._do(step) is True
        reward.state, reward.payment_count = "paid", attempt

    @precondition(has_rewards)
    @rule(number=NUMBERS)
    def return_payment(self, number: int) -> None:
        reward = self._pick_cash(number)
        now, attempt = self.now, max(reward.payment_count, 1)

        def step() -> bool:
            return return_reward(reward_id=reward.id, participant_id=reward.person.id, now=now, attempt=attempt)

        if reward.state == "paid" and reward.rule.kind == "cash":
            assert self._do(step) is True
            reward.state = "earned"
        elif reward.payment_count and reward.state != "paid":
            assert step() is False
        else:
            self._refuse(RewardNotReady, step)

    @precondition(has_rewards)
    @rule(number=NUMBERS)
    def take_as_voucher(self, number: int) -> None:
        reward = self._pick(number)
        now = self.now

        def step() -> object:
            return take_as_voucher(reward_id=reward.id, participant_id=reward.person.id, now=now)

        if reward.state != "earned" or reward.rule.kind != "cash":
            self._refuse(RewardNotReady, step)
            return
        self._do(step)
        reward.is_taken = True

    # Vouchers.

    def _voucher_fields(self, reward: ModelReward, minor: int) -> dict[str, object]:
        return {
            "participant_id": reward.person.id, "market_id": self.books.market_id, "reward_id": reward.id,
            "amount": Money(minor, "EUR"), "now": self.now,
        }  # fmt: skip

    @precondition(has_vouchers)
    @rule(number=NUMBERS, minor=st.integers(1, 1_600), is_held=st.booleans())
    def spend(self, number: int, minor: int, is_held: bool) -> None:
        reward = self._pick_voucher(number)
        fields = {**self._voucher_fields(reward, minor), "redemption_id": ids.new_id(), "is_held": is_held}

        def step() -> None:
            spending.spend_voucher(**fields)  # type: ignore[arg-type]

        if minor > reward.left_minor:
            self._refuse(BadInput, step)
            return
        self._do(step)
        if is_held:
            self.held.add(fields["redemption_id"])  # type: ignore[arg-type]
        reward.redemptions[fields["redemption_id"]] = (minor, "held" if is_held else "done")  # type: ignore[index]

    @precondition(lambda self: any(reward.redemptions for reward in self.rewards()))
    @rule(number=NUMBERS, what=st.sampled_from(["settle", "release", "restore"]))
    def follow_up(self, number: int, what: str) -> None:
        found = [(reward, key) for reward in self.rewards() for key in reward.redemptions]
        reward, redemption_id = found[number % len(found)]
        minor, state = reward.redemptions[redemption_id]
        now = self.now
        action = {
            "settle": spending.settle_spending,
            "release": spending.release_spending,
            "restore": spending.restore_spending,
        }[what]

        def step() -> None:
            action(participant_id=reward.person.id, redemption_id=redemption_id, now=now)

        before, after = {
            "settle": ("held", "done"), "release": ("held", "released"), "restore": ("done", "restored"),
        }[what]  # fmt: skip
        if state == before:
            self._do(step)
            reward.redemptions[redemption_id] = (minor, after)
        else:
            # What was spent at once was never held: to settle it is no repetition.
            was_taken = what != "settle" or redemption_id in self.held
            self._try_out_of_turn(step, is_repeated=state == after and was_taken)

    def _try_out_of_turn(self, step: Callable[[], None], *, is_repeated: bool) -> None:
        """A repetition is harmless, anything else is refused; the next check sees that nothing changed."""
        try:
            step()
        except TransferConflict:
            assert not is_repeated

    @precondition(has_vouchers)
    @rule(number=NUMBERS)
    def end_voucher(self, number: int) -> None:
        reward = self._pick_voucher(number)
        left = reward.left_minor
        fields = {**self._voucher_fields(reward, left), "voucher_id": reward.voucher_id}

        def step() -> None:
            spending.expire_voucher(**fields)  # type: ignore[arg-type]

        if left == 0:
            self._refuse(BadInput, step)
        elif reward.ended_minor is None:
            self._do(step)
            reward.ended_minor = left
        else:
            self._try_out_of_turn(step, is_repeated=left == reward.ended_minor)

    # Time, crashes, and what must always hold.

    @rule(days=st.sampled_from([1, 14, 40]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @precondition(has_rewards)
    @rule(number=NUMBERS, step=st.sampled_from(["earn", "pay", "return", "take", "spend", "void", "end", "hold"]))
    def crash(self, number: int, step: str) -> None:
        """The same steps once more, whether they are possible or not, and the process dies before the commit."""
        reward = self._pick(number)
        whose = {"reward_id": reward.id, "participant_id": reward.person.id, "now": self.now}
        voucher = self._voucher_fields(reward, 100)
        works: dict[str, Callable[[], object]] = {
            "earn": lambda: earn_reward(**whose, due_on=DUE_ON),  # type: ignore[arg-type]
            "pay": lambda: mark_reward_paid(
                **whose, cause=Cause.PAID_OUT, reference="C", attempt=reward.payment_count + 1  # type: ignore[arg-type]
            ),
            "return": lambda: return_reward(**whose, attempt=max(reward.payment_count, 1)),  # type: ignore[arg-type]
            "take": lambda: take_as_voucher(**whose),  # type: ignore[arg-type]
            "spend": lambda: spending.spend_voucher(
                **voucher, redemption_id=ids.new_id(), is_held=number % 2 == 0  # type: ignore[arg-type]
            ),
            "void": lambda: void_reward(
                **whose, cause=VoidCause.EVENT_UNDONE_BEFORE_EARNED, decided_by_user_id=None  # type: ignore[arg-type]
            ),
            "end": lambda: spending.expire_voucher(**voucher, voucher_id=reward.voucher_id),  # type: ignore[arg-type]
            "hold": lambda: hold_reward(**whose, reason="Somebody looks at this."),  # type: ignore[arg-type]
        }  # fmt: skip

        @db.action
        def die() -> None:
            works[step]()
            raise CrashError

        self._refuse((CrashError, OnloanError, DatabaseError), die)

    @invariant()
    def check(self) -> None:
        sums: Counter[str] = Counter(reserved=sum(person.reserved_minor for person in self.people))
        for reward in self.rewards():
            sums.update(reward.where())
        pool = pool_view(self.books.market_id)
        assert (pool.funded.amount_minor, pool.free.amount_minor) == (self.funded, self.free)
        for kind in ("reserved", "owed", "vouchers", "redeemed", "paid", "expired"):
            assert getattr(pool, kind).amount_minor == sums[kind], kind
        assert pool.funded == pool.free + pool.reserved + pool.posted

    def teardown(self) -> None:
        assert check_balances() == []
        for person in self.people:
            pot = pot_view(person.id)
            lines = {
                line.reward_id: (line.state.value, line.taken_as == "voucher", line.payment_count)
                for line in (*pot.waiting, *pot.earned, *pot.paid, *pot.voided)
            }
            assert lines == {
                reward.id: (reward.state, reward.is_taken, reward.payment_count) for reward in person.rewards
            }
