"""Promise 8: the log names nobody. After erasure nobody can link an entry to a person, and every proof holds."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from onloan import db
from onloan.db import action
from onloan.evidence import actions, queries, rules
from onloan.evidence.models import EntryLink, QueuedEntry
from onloan.evidence.rules import Entry
from onloan.evidence.verify import verify_database
from tests.evidence.entries import EXAMPLES, NOON
from tests.evidence.tampering import start_again

PERSONAL_KINDS = sorted(kind for kind, rule in rules.KINDS.items() if rule.about is not rules.About.NEVER)
WORDS = {
    word
    for fields in EXAMPLES.values()
    for value in fields.values()
    for word in (value if isinstance(value, list | tuple) else [value])
}
"""Every word of the offer and every amount that the entries below are written with."""

NAMES = st.text(st.characters(categories=("Lu", "Ll", "Lo", "Nd"), include_characters=" ._-"), min_size=2)
EMAILS = st.builds(lambda name, host: f"{name}@{host}.example", NAMES, st.sampled_from(["post", "mail"]))


@dataclass(frozen=True)
class Person:
    id: uuid.UUID
    email: str
    username: str
    phone: str

    def traces(self) -> list[str]:
        """What would name this person, or let somebody test a guess: the data itself and plain digests of it."""
        plain = [self.email, self.username.upper(), self.phone, str(self.id), self.id.hex]
        return plain + [hashlib.sha256(text.encode()).hexdigest() for text in plain]


PEOPLE = st.builds(
    Person,
    id=st.uuids(version=4),
    email=EMAILS,
    username=NAMES,
    phone=st.from_regex(r"\+?33[0-9]{9}", fullmatch=True),
)


@given(person=PEOPLE, kind=st.sampled_from(PERSONAL_KINDS), data=st.data())
def test_it_refuses_whatever_names_a_person_in_every_field(person: Person, kind: str, data: st.DataObject) -> None:
    rule = rules.KINDS[kind]
    field = data.draw(st.sampled_from(sorted((rule.required | rule.optional) - {"version"})))
    trace = data.draw(st.sampled_from(person.traces()))
    assume(trace not in WORDS)
    # Two capital letters where a country stands are a country, whoever may call themselves so.
    assume(not (field in {"market", "territories"} and re.fullmatch("[A-Z]{2}", trace)))
    is_list = field in {"items", "channels", "territories", "recipients"}
    fields = {**EXAMPLES[kind], field: [trace] if is_list else trace}
    with pytest.raises(rules.ForbiddenEntryError) as refused:
        rules.build_entry(kind, fields, occurred_at=NOON, about="0" * 64)
    assert trace not in str(refused.value)


@action
def write_story(person: Person, kinds: list[str], start: datetime) -> None:
    for minute, kind in enumerate(kinds):
        actions.append_entry(
            kind=kind,
            fields=EXAMPLES[kind],
            participant_id=person.id,
            occurred_at=start + timedelta(minutes=minute),
        )


def last_entries(count: int) -> list[Entry]:
    actions.number_entries()
    size = queries.read_checkpoint().size
    return [entry.read() for entry in queries.entries(size - count, count)]


STORIES = st.lists(st.sampled_from(PERSONAL_KINDS), min_size=1, max_size=8)
ON_A_DATABASE = examples(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@ON_A_DATABASE
@given(person=PEOPLE, kinds=STORIES)
def test_it_writes_the_offers_words_and_nothing_of_the_person(
    both_databases: str, person: Person, kinds: list[str]
) -> None:
    write_story(person, kinds, NOON)
    for entry in last_entries(len(kinds)):
        assert entry.pop("kind") in PERSONAL_KINDS
        assert entry.pop("day") == "2026-12-01"
        about = str(entry.pop("about"))
        assert not any(trace in about for trace in (person.id.hex, str(person.id)))
        for value in entry.values():
            for word in value if isinstance(value, list) else [value]:
                assert word in WORDS


@ON_A_DATABASE
@given(ana=PEOPLE, ben=PEOPLE, kinds=STORIES)
def test_it_writes_the_same_about_two_people_who_did_the_same(
    both_databases: str, ana: Person, ben: Person, kinds: list[str]
) -> None:
    write_story(ana, kinds, NOON)
    write_story(ben, kinds, NOON)
    entries = last_entries(2 * len(kinds))
    abouts = {str(entry.pop("about")) for entry in entries}
    assert entries[: len(kinds)] == entries[len(kinds) :]
    # Not one value comes twice, neither between people nor for one person: nothing to follow anybody by.
    assert len(abouts) == 2 * len(kinds)


def opening(person: Person, abouts: set[str]) -> set[str]:
    """The commitments that anything left in the database opens for this person."""
    return {
        rules.commit_about(bytes(link.opening_key), person.id, link.occurred_at)
        for link in EntryLink.objects.all()
    } & abouts


@ON_A_DATABASE
@given(ana=PEOPLE, ben=PEOPLE, kinds=STORIES, is_numbered=st.booleans())
def test_it_cannot_link_a_person_after_erasure(
    both_databases: str, ana: Person, ben: Person, kinds: list[str], is_numbered: bool
) -> None:
    assume(ana.id != ben.id)
    start_again()
    write_story(ana, kinds, NOON)
    write_story(ben, kinds, NOON)
    if is_numbered:
        actions.number_entries()
    before = verify_database()
    assert actions.forget_person(participant_id=ana.id) == len(kinds)
    after = verify_database()
    assert (after.root_hex, after.problems) == (before.root_hex, before.problems)
    assert after.link_count == before.link_count - len(kinds)
    actions.append_entry(kind="person_erased", fields={}, occurred_at=NOON)
    entries = last_entries(2 * len(kinds) + 1)
    abouts = {str(entry["about"]) for entry in entries if "about" in entry}
    assert opening(ana, abouts) == set()
    assert len(opening(ben, abouts)) == len(kinds)
    assert ana.id not in {link.participant_id for link in EntryLink.objects.all()}


TABLES = ["evidence_queue", "evidence_log", "evidence_link", "evidence_state", "evidence_counter"]


def test_it_keeps_nothing_of_a_forgotten_person_in_any_table(both_databases: str) -> None:
    person = Person(uuid.uuid4(), "ana@mail.example", "Ana", "+33612345678")
    write_story(person, PERSONAL_KINDS, NOON)
    keys = [bytes(link.opening_key) for link in EntryLink.objects.all()]
    actions.number_entries()
    actions.forget_person(participant_id=person.id)
    for table in TABLES:
        for row in db.fetch_all(f"SELECT * FROM {table}"):
            cells = [bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]
            shown = repr(cells)
            assert person.id.hex not in shown.replace("-", "")
            assert not any(cell in keys for cell in cells)


def test_it_overwrites_the_keys_in_the_file(sqlite_database: str) -> None:
    person = Person(uuid.uuid4(), "ana@mail.example", "Ana", "+33612345678")
    write_story(person, PERSONAL_KINDS, NOON)
    keys = [bytes(link.opening_key) for link in EntryLink.objects.all()]
    file = Path(str(settings.DATABASES["default"]["NAME"]))
    actions.number_entries()
    checkpoint_file()
    assert all(key in file.read_bytes() for key in keys)
    actions.forget_person(participant_id=person.id)
    checkpoint_file()
    content = file.read_bytes()
    assert not any(key in content for key in keys)
    assert person.id.hex.encode() not in content


def checkpoint_file() -> None:
    """Bring what the write-ahead log holds into the database file."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_it_reads_the_whole_body_when_it_looks_for_words(sqlite_database: str) -> None:
    """The guard of the tests above: a body is JSON, so that a word cannot hide in another writing."""
    write_story(Person(uuid.uuid4(), "a@b.example", "Ana", "+33612345678"), PERSONAL_KINDS, NOON)
    for row in QueuedEntry.objects.all():
        assert json.loads(bytes(row.body)) == rules.parse(bytes(row.body))
