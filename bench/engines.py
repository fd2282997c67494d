"""``python -m bench engines``: one decision in the process, beside policy engines and a look-up in SQL.

The gate's first row is the whole of what happens between reading a person's facts and the commit: the decision,
its entry in canonical JSON with a commitment under a fresh key, and the entry's RFC 6962 leaf hash. The engines
only decide; SQL only looks a key up. Every engine's answers are checked against the gate's first.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
os.environ.setdefault("ONLOAN_HOME", tempfile.mkdtemp(prefix="onloan-bench-engines-"))
import django

django.setup()

from onloan import ids  # noqa: E402
from onloan.evidence.frames import Fields, build_frame  # noqa: E402
from onloan.evidence.statements import write_entry  # noqa: E402
from onloan.evidence.tree import leaf_hash  # noqa: E402
from onloan.uses.rules import ConsentFacts, Facts, MarketFacts, UseRequest, decide  # noqa: E402

PEOPLE = 10_000
REQUESTS = 2_000
PASSES = 5
NOW = datetime(2026, 12, 3, 10, 0, tzinfo=UTC)
DAY = NOW.date().isoformat()
ASKED = (
    ("invitation-name", "username", "referral_card", "invitation_page"),
    ("invitation-photo", "profile_photo", "referral_card", "invitation_page"),
    ("winner-wall", "username_masked", "winner_wall", "winners_page"),
    ("photo-wall", "profile_photo", "photo_wall", "shop_app"),
)
COUNTRIES = ("FR", "GB")

_CASBIN_MODEL = """
[request_definition]
r = person, item, purpose, channel, country
[policy_definition]
p = person, item, purpose, channel, country
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.person == p.person && r.item == p.item && r.purpose == p.purpose && r.channel == p.channel \
&& r.country == p.country
"""
_CEDAR_POLICY = (
    'permit(principal, action == Action::"use", resource) when { principal.allowed.contains(context.use) };'
)


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked about, and what for."""

    place: int
    person: UUID
    request: UseRequest

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        request = self.request
        return str(self.person), request.items[0], request.purpose, request.channel, request.country


class World:
    """People with four answers each: about half of them yes, some of those over."""

    def __init__(self) -> None:
        chance = random.Random(20261203)  # noqa: S311
        self.people = [ids.new_id() for _ in range(PEOPLE)]
        self.facts = [self._facts(chance, 4 * place) for place in range(PEOPLE)]
        self.questions = [self._question(chance) for _ in range(REQUESTS)]
        self.answers = [
            decide(self.facts[asked.place], asked.request).consent is not None for asked in self.questions
        ]
        assert 0.2 < sum(self.answers) / REQUESTS < 0.8, "both answers occur"

    def _facts(self, chance: random.Random, first: int) -> Facts:
        market = MarketFacts("open", NOW + timedelta(days=30))
        consents = tuple(
            ConsentFacts(
                number=first + offset + 1, permission_id=permission, version_id=UUID(int=7),
                answer=chance.random() < 0.75, items=frozenset({item}), purpose=purpose,
                channels=frozenset({channel}), territories=frozenset(COUNTRIES), recipients=frozenset(),
                expires_at=NOW + timedelta(days=chance.choice((-1, 30))), end_reason=None, has_receipt=True,
            )
            for offset, (permission, item, purpose, channel) in enumerate(ASKED)
        )  # fmt: skip
        return Facts(False, False, False, False, UUID(int=5), UUID(int=7), market, market, False, NOW, consents)

    def _question(self, chance: random.Random) -> Question:
        place = chance.randrange(PEOPLE)
        _, item, purpose, channel = chance.choice(ASKED)
        request = UseRequest((item,), purpose, channel, chance.choice((*COUNTRIES, "DE")), None)
        return Question(place, self.people[place], request)

    def grants(self) -> list[tuple[str, str, str, str, str]]:
        """What is allowed now, one row for each country."""
        return [
            (str(person), next(iter(consent.items)), consent.purpose, next(iter(consent.channels)), country)
            for person, facts in zip(self.people, self.facts, strict=True)
            for consent in facts.consents
            if consent.answer and consent.expires_at is not None and consent.expires_at > NOW
            for country in COUNTRIES
        ]


def gate(world: World) -> Callable[[Question], bool]:
    def ask(question: Question) -> bool:
        request = question.request
        verdict = decide(world.facts[question.place], request)
        consent = verdict.consent
        fields: Fields = (
            ("offer", "spring-pot"), ("version", "ab" * 32), ("market", request.country), ("items", request.items),
            ("purpose", request.purpose), ("channel", request.channel),
        )  # fmt: skip
        if consent is None:
            assert verdict.reason is not None
            frame = build_frame("use_denied", DAY, (*fields, ("reason", verdict.reason.value)), has_consent=False)
        else:
            frame = build_frame("use_allowed", DAY, (*fields, ("decision", "allow")), has_consent=True)
        number = None if consent is None else consent.number
        entry = write_entry(frame, participant_id=question.person, consent_number=number, occurred_at=NOW)
        leaf_hash(entry.body)
        return consent is not None

    return ask


def gate_alone(world: World) -> Callable[[Question], bool]:
    return lambda question: decide(world.facts[question.place], question.request).consent is not None


def sql(world: World) -> Callable[[Question], bool]:
    folder = tempfile.mkdtemp(prefix="onloan-bench-sql-")
    connection = sqlite3.connect(Path(folder) / "grants.sqlite3")
    connection.execute(
        "CREATE TABLE allowed (person TEXT, item TEXT, purpose TEXT, channel TEXT, country TEXT,"
        " PRIMARY KEY (person, item, purpose, channel, country)) WITHOUT ROWID"
    )
    connection.executemany("INSERT INTO allowed VALUES (?, ?, ?, ?, ?)", world.grants())
    connection.commit()
    find = "SELECT 1 FROM allowed WHERE person = ? AND item = ? AND purpose = ? AND channel = ? AND country = ?"
    return lambda question: connection.execute(find, question.key).fetchone() is not None


def cedar(world: World) -> Callable[[Question], bool]:
    """One policy for all, parsed once; only the entity of the person who is asked about is passed."""
    import cedarpy

    policies = cedarpy.PolicySet.from_str(_CEDAR_POLICY)
    allowed: dict[str, list[str]] = {}
    for person, *use in world.grants():
        allowed.setdefault(person, []).append("|".join(use))

    def ask(question: Question) -> bool:
        person, *use = question.key
        identity = {"type": "Person", "id": person}
        entity = {"uid": identity, "attrs": {"allowed": allowed.get(person, [])}, "parents": []}
        request = {
            "principal": f'Person::"{person}"',
            "action": 'Action::"use"',
            "resource": 'Data::"items"',
            "context": {"use": "|".join(use)},
        }
        return bool(cedarpy.is_authorized(request, policies, json.dumps([entity])).allowed)

    return ask


def casbin(world: World) -> Callable[[Question], bool]:
    """The enforcer with an index on person, item and purpose; the plain one looks at every policy."""
    import casbin as pycasbin

    model = Path(tempfile.mkdtemp(prefix="onloan-bench-casbin-")) / "model.conf"
    model.write_text(_CASBIN_MODEL)
    enforcer = pycasbin.FastEnforcer(str(model), cache_key_order=[0, 1, 2])
    enforcer.add_policies([list(grant) for grant in world.grants()])
    return lambda question: bool(enforcer.enforce(*question.key))


def measure(ask: Callable[[Question], bool], questions: Sequence[Question]) -> float:
    """Seconds for one question in the best of ``PASSES`` passes."""
    best = float("inf")
    for _ in range(PASSES):
        started = time.perf_counter()
        for question in questions:
            ask(question)
        best = min(best, time.perf_counter() - started)
    return best / len(questions)


def main() -> None:
    world = World()
    print(f"{PEOPLE:,} people, 4 answers each, {REQUESTS:,} questions, one thread, best of {PASSES} passes")
    print(f"{'':<52}{'decisions/s':>14}{'us each':>12}{'gate is':>12}")
    engines = {
        "gate: decision, entry and leaf hash": gate,
        "gate: decision alone": gate_alone,
        "SQL: one look-up by primary key (SQLite, file)": sql,
        "cedarpy: one policy, the person's entity": cedar,
        "pycasbin: FastEnforcer on person, item, purpose": casbin,
    }
    whole = 0.0
    for name, build in engines.items():
        ask = build(world)
        assert [ask(question) for question in world.questions] == world.answers, f"{name} answers otherwise"
        seconds = measure(ask, world.questions)
        whole = whole or seconds
        print(f"{name:<52}{1 / seconds:>14,.0f}{seconds * 1e6:>12.2f}{seconds / whole:>10.1f} x", flush=True)


if __name__ == "__main__":
    main()
