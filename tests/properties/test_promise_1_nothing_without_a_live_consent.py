"""Promise 1: nothing is shown or passed on without a live consent that covers every element of the use.

A model of what people allow, written independently of the gate, is kept beside the database; whatever happens in
whatever order, the gate allows exactly what the model says, and the log tells a stranger the same.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from onloan import clock
from onloan.consents.actions import (
    answer_permission,
    expire_due,
    stop_consents,
    withdraw_all,
    withdraw_by_receipt,
    withdraw_permission,
)
from onloan.consents.errors import AllowingClosed, AllowingStopped
from onloan.consents.queries import list_consents
from onloan.evidence import queries as log
from onloan.evidence.actions import number_entries
from onloan.evidence.verify import verify_database
from onloan.people.actions import lift_flag, set_flag
from onloan.uses.actions import decide_use
from onloan.uses.calls import CallAnswer, answer_calls
from onloan.uses.models import Use
from tests.consents.world import (
    NAME,
    PAGE_HASH,
    PERMISSIONS,
    PHOTO,
    WALL,
    Person,
    World,
    add_person,
    build_world,
    set_market_state,
)
from tests.uses.callers import Caller

ZONES = {"FR": "Europe/Paris", "GB": "Europe/London"}
ITEM_SETS = [
    items
    for size in (1, 2)
    for items in itertools.combinations(("username", "username_masked", "profile_photo"), size)
]
PEOPLE = st.sampled_from(["Ana", "Ben"])
NAMES = st.sampled_from([NAME, PHOTO, WALL])
COUNTRIES = st.sampled_from(["FR", "GB"])
CHANGES = st.one_of(
    st.fixed_dictionaries({"items": st.sampled_from(ITEM_SETS)}),
    st.fixed_dictionaries({"purpose": st.sampled_from(["referral_card", "winner_wall", "photo_wall"])}),
    st.fixed_dictionaries({"channel": st.sampled_from(["invitation_page", "winners_page", "shop_app"])}),
    st.fixed_dictionaries({"country": st.sampled_from(["FR", "GB", "DE"])}),
    st.fixed_dictionaries({"recipient": st.sampled_from(["print-shop", "other-shop"])}),
)
FLAGS = st.sampled_from(["restricted", "objected"])
offer_number = itertools.count(1)


def make_question(name: str, channel: int) -> dict[str, Any]:
    """A use that the permission called ``name`` covers in France."""
    permission = next(permission for permission in PERMISSIONS if permission.id == name)
    return {
        "items": permission.items,
        "purpose": permission.purpose,
        "channel": permission.channels[channel % len(permission.channels)],
        "country": "FR",
        "recipient": None,
    }


@dataclass
class Model:
    """One person as the test understands them: the last day of each yes, and the flags. Nothing else counts."""

    person: Person
    last_days: dict[str, date] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    def today(self) -> date:
        return clock.local_day(clock.now(), ZONES[self.person.country])

    def allow(self, name: str) -> None:
        term_days = next(permission.term_days for permission in PERMISSIONS if permission.id == name)
        self.last_days[name] = self.today() + timedelta(days=term_days)

    def live(self) -> set[str]:
        return {name for name, last_day in self.last_days.items() if self.today() <= last_day}


class Gate(RuleBasedStateMachine):
    world: World
    caller: Caller

    @initialize(
        ana=st.fixed_dictionaries({name: st.booleans() for name in (NAME, PHOTO, WALL)}),
        ben=st.fixed_dictionaries({name: st.booleans() for name in (NAME, PHOTO, WALL)}),
    )
    def join(self, ana: dict[str, bool], ben: dict[str, bool]) -> None:
        self.world = build_world(f"offer-{next(offer_number)}")
        self.open_markets = {"FR", "GB"}
        self.models: dict[str, Model] = {}
        for name, country, answers in (("Ana", "FR", ana), ("Ben", "GB", ben)):
            model = Model(add_person(self.world, answers, country=country, name=name))
            for permission_id, answer in answers.items():
                if answer:
                    model.allow(permission_id)
            self.models[name] = model
        self.decisions: list[tuple[uuid.UUID, bool]] = []

    @rule(who=PEOPLE, name=NAMES)
    def allow(self, who: str, name: str) -> None:
        model = self.models[who]
        try:
            self._answer(model, name, True)
        except AllowingStopped:
            assert model.flags
        except AllowingClosed:
            assert model.person.country not in self.open_markets
        else:
            assert not model.flags and model.person.country in self.open_markets
            # Pressing "Allow" on what is allowed already changes nothing, not even its last day.
            if name not in model.live():
                model.allow(name)

    @rule(who=PEOPLE, name=NAMES)
    def refuse(self, who: str, name: str) -> None:
        self._answer(self.models[who], name, False)
        self.models[who].last_days.pop(name, None)

    def _answer(self, model: Model, name: str, yes: bool) -> None:
        answer_permission(
            participant_id=model.person.id, permission_id=name, answer=yes, language="en", page_hash=PAGE_HASH,
            now=clock.now(),
        )  # fmt: skip

    @rule(who=PEOPLE, name=NAMES, by_receipt=st.booleans())
    def take_back(self, who: str, name: str, by_receipt: bool) -> None:
        model = self.models[who]
        if by_receipt:
            withdraw_by_receipt(token=model.person.receipt_token, permission_id=name, now=clock.now())
        else:
            withdraw_permission(participant_id=model.person.id, permission_id=name, now=clock.now())
        model.last_days.pop(name, None)

    @rule(who=PEOPLE)
    def take_everything_back(self, who: str) -> None:
        withdraw_all(participant_id=self.models[who].person.id, now=clock.now())
        self.models[who].last_days.clear()

    @rule(who=PEOPLE, flag=FLAGS, is_stopped=st.booleans())
    def use_a_right(self, who: str, flag: str, is_stopped: bool) -> None:
        """A flag alone denies everything; what it did not end counts again once it is lifted."""
        model = self.models[who]
        set_flag(participant_id=model.person.id, flag=flag, now=clock.now())  # type: ignore[arg-type]
        model.flags.add(flag)
        if is_stopped:
            stop_consents(participant_id=model.person.id, reason=flag, now=clock.now())
            model.last_days.clear()

    @rule(who=PEOPLE, flag=FLAGS)
    def lift(self, who: str, flag: str) -> None:
        lift_flag(participant_id=self.models[who].person.id, flag=flag)  # type: ignore[arg-type]
        self.models[who].flags.discard(flag)

    @rule(country=COUNTRIES)
    def suspend_or_open(self, country: str) -> None:
        is_open = country in self.open_markets
        set_market_state(self.world.market_ids[country], "suspended" if is_open else "open")
        self.open_markets ^= {country}

    @rule(days=st.sampled_from([1, 29, 30, 31, 90]))
    def wait(self, days: int) -> None:
        clock.advance(days * 86_400)

    @rule()
    def run_the_jobs(self) -> None:
        expire_due(now=clock.now())
        number_entries()

    @rule(who=PEOPLE, channel=st.integers(0, 1))
    def use_all_that_might_be_allowed(self, who: str, channel: int) -> None:
        for name, country in itertools.product((NAME, PHOTO, WALL), ("FR", "GB")):
            self._use(who, {**make_question(name, channel), "country": country})

    @rule(who=PEOPLE, name=NAMES, change=CHANGES)
    def use_what_is_nearly_allowed(self, who: str, name: str, change: dict[str, Any]) -> None:
        """One element is drawn anew: most often it is the one that nothing covers."""
        self._use(who, {**make_question(name, 0), **change})

    @rule(asked=st.lists(st.tuples(PEOPLE, NAMES, CHANGES | st.just({})), min_size=2, max_size=8))
    def use_many_at_once(self, asked: list[tuple[str, str, dict[str, Any]]]) -> None:
        """As the merchant's systems ask: each is answered as if it were alone."""
        questions = [(who, {**make_question(name, 0), **change}) for who, name, change in asked]
        days = {who: model.today() for who, model in self.models.items()}
        answers = answer_calls(
            [self.caller.call(self.models[who].person, **question) for who, question in questions]
        )
        for (who, question), answer in zip(questions, answers, strict=True):
            assert isinstance(answer, CallAnswer)
            use_id, reason = uuid.UUID(answer.body["use"]), answer.body.get("reason", "")
            self._check(who, question, use_id, reason, days[who])

    def _use(self, who: str, question: dict[str, Any]) -> None:
        today = self.models[who].today()
        decision = decide_use(participant_id=self.models[who].person.id, **question)
        assert decision.allowed == (decision.reason == "")
        assert decision.use_id is not None
        self._check(who, question, decision.use_id, decision.reason, today)

    def _check(self, who: str, question: dict[str, Any], use_id: uuid.UUID, reason: str, today: date) -> None:
        model = self.models[who]
        country, recipient = question["country"], question["recipient"]
        covered = any(
            permission.id in model.live()
            and permission.purpose == question["purpose"]
            and set(question["items"]) <= set(permission.items)
            and question["channel"] in permission.channels
            and country in permission.territories
            and (recipient is None or recipient in permission.recipients)
            for permission in PERMISSIONS
        )
        runs = {model.person.country, country} & {"FR", "GB"} <= self.open_markets
        if today == model.today():  # not at midnight, while the day changes between the gate and the model
            assert (not reason) == (covered and runs and not model.flags), reason
        self.decisions.append((use_id, not reason))

    @invariant()
    def pages_say_what_the_gate_does(self) -> None:
        for model in getattr(self, "models", {}).values():
            shown = {consent.permission_id for consent in list_consents(model.person.id) if consent.is_allowed}
            assert shown == model.live()

    def teardown(self) -> None:
        """Each decision is on record, and a stranger who has the log alone finds no fault with it."""
        if not hasattr(self, "decisions"):
            return
        recorded = dict(
            Use.objects.filter(id__in=[use_id for use_id, _ in self.decisions]).values_list("id", "allowed")
        )
        assert recorded == dict(self.decisions)
        number_entries()
        logged = [entry.read() for entry in log.entries(0, 5_000)]
        slug = self.world.version.offer_slug
        kinds = [entry["kind"] for entry in logged if entry.get("offer") == slug]
        assert kinds.count("use_allowed") == sum(allowed for _, allowed in self.decisions)
        assert kinds.count("use_denied") == sum(not allowed for _, allowed in self.decisions)
        assert verify_database().problems == []


@pytest.mark.slow
def test_it_allows_exactly_what_a_live_consent_covers(both_databases: str) -> None:
    Gate.caller = Caller()
    run_state_machine_as_test(
        Gate,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
