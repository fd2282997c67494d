"""What may enter the log, how it is written, and what is refused before anything is stored."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from onloan import db
from onloan.db import action
from onloan.evidence import actions, queries, rules, statements
from onloan.evidence.errors import PersonalDataInLog
from onloan.evidence.models import EntryLink, QueuedEntry
from tests.evidence.entries import ANA, BEN, CARD, EXAMPLES, NOON, PLACE, USE, append

ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
ENTRIES = st.dictionaries(ASCII, ASCII | EXACT | st.lists(ASCII, max_size=5) | st.lists(EXACT, max_size=5))


@given(ENTRIES)
def test_it_writes_what_rfc_8785_writes(entry: dict[str, object]) -> None:
    assert rules.canonical(entry) == rfc8785.dumps(entry)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", ["é", "\x00", "\n", "\x7f", 1.5, True, None, 2**53, -(2**53), {"a": 1}, [["a"]], [1.5], ["é"]]
)
def test_it_writes_nothing_that_json_writers_disagree_about(value: object) -> None:
    with pytest.raises(rules.ForbiddenEntryError):
        rules.canonical({"items": value})


def test_it_writes_no_name_outside_ascii() -> None:
    with pytest.raises(rules.ForbiddenEntryError):
        rules.canonical({"prénom": 1})


def test_it_bounds_an_entry_by_the_length_prefix_of_a_bundle() -> None:
    longest = "x" * (65_535 - len('{"a":""}'))
    assert len(rules.canonical({"a": longest})) == 65_535
    with pytest.raises(rules.ForbiddenEntryError, match="65,535"):
        rules.canonical({"a": longest + "x"})


@pytest.mark.parametrize("kind", sorted(rules.KINDS))
def test_it_takes_every_kind_of_entry(kind: str, sqlite_database: str) -> None:
    person = None if rules.KINDS[kind].about is rules.About.NEVER else ANA
    append(kind, person)
    assert actions.number_entries() == 1
    entry = queries.find_entry(0).read()
    assert entry["kind"] == kind
    assert entry["day"] == "2026-12-01"
    assert ("about" in entry) == (person is not None)
    assert rules.parse(queries.find_entry(0).body) == entry


def test_it_keeps_the_day_in_utc_and_no_time() -> None:
    late = datetime(2026, 12, 2, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    entry = rules.build_entry("person_erased", {}, occurred_at=late, about=None)
    assert entry == {"kind": "person_erased", "day": "2026-12-01"}


def test_it_writes_a_set_the_same_in_any_order() -> None:
    one, other = (
        rules.build_entry("joined", PLACE, occurred_at=NOON, about="0" * 64),
        rules.build_entry("joined", dict(reversed(PLACE.items())), occurred_at=NOON, about="0" * 64),
    )
    assert rules.canonical(one) == rules.canonical(other)
    given_card = {**CARD, "consent_number": 1, "items": ("username", "profile_photo")}
    entry = rules.build_entry("consent_given", given_card, occurred_at=NOON, about="0" * 64)
    assert entry["items"] == ["profile_photo", "username"]


PERSONAL = [
    "ana@example.org", "Ana", "ana martin", "Ana.Martin", "élodie", "0612345678", "x-0612345678",
    "+33612345678", str(ANA), ANA.hex, "a" + ANA.hex[1:], "cd" * 32, "https://example.org/ana", "p0A1B2C3D4E5F",
    "a" * 65, "", "a b", "a--b", "a\n", "<script>", "1", "ana\u202e",
]  # fmt: skip


@pytest.mark.parametrize("value", PERSONAL)
@pytest.mark.parametrize("field", ["offer", "permission", "purpose", "channel", "recipient", "reason"])
def test_it_refuses_a_value_that_could_name_somebody(field: str, value: str, sqlite_database: str) -> None:
    fields = {"reason": "D-ITEM", **USE, "permission": "invitation-card", field: value}
    with pytest.raises(PersonalDataInLog) as refused:
        actions.append_entry(kind="use_denied", fields=fields, participant_id=ANA, occurred_at=NOON)
    assert refused.value.status == 422
    assert value == "" or value in {"1", "a b"} or value not in str(refused.value)
    assert not QueuedEntry.objects.exists()
    assert not EntryLink.objects.exists()


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("joined", {"about": "0" * 64}),
        ("joined", {"day": "2026-12-01"}),
        ("joined", {"kind": "joined"}),
        ("joined", {"email": "ana@example.org"}),
        ("joined", {"market": "France"}),
        ("joined", {"market": ["FR"]}),
        ("joined", {"version": "AB" * 32}),
        ("consent_given", {"items": "username"}),
        ("consent_given", {"items": ["username", "username"]}),
        ("consent_given", {"items": ["username", 7]}),
        ("consent_given", {"items": [f"item-{letter * 2}" for letter in "abcdefghijklmnopqrstuvwxyz"] * 3}),
        ("consent_given", {"territories": ["worldwide"]}),
        ("consent_given", {"expires": "2027-02-30"}),
        ("consent_given", {"expires": "2027-05-30T12:00:00Z"}),
        ("consent_given", {"consent_number": 0}),
        ("consent_given", {"consent_number": True}),
        ("consent_given", {"consent_number": "1"}),
        ("reward_pending", {"amount_minor": -1}),
        ("reward_pending", {"amount_minor": 14.0}),
        ("reward_pending", {"amount_minor": 2**53}),
        ("reward_pending", {"currency": "euro"}),
        ("reward_pending", {"role": "ana"}),
        ("reward_pending", {"state": "happy"}),
        ("case_opened", {"case": "R-2026-0001"}),
        ("use_allowed", {"decision": "maybe"}),
    ],
)
def test_it_refuses_a_field_or_form_outside_the_table(
    kind: str, changes: dict[str, rules.Value], sqlite_database: str
) -> None:
    with pytest.raises(PersonalDataInLog):
        append(kind, ANA, **changes)
    assert not QueuedEntry.objects.exists()


@pytest.mark.parametrize("kind", ["", "use", "ana@example.org", "market_forever"])
def test_it_refuses_an_unknown_kind(kind: str) -> None:
    with pytest.raises(PersonalDataInLog):
        statements.entry_statements(kind=kind, fields={}, participant_id=None, occurred_at=NOON)


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, field) for kind, rule in sorted(rules.KINDS.items()) for field in sorted(rule.required)],
)
def test_it_refuses_an_entry_that_lacks_what_a_stranger_needs(kind: str, field: str) -> None:
    fields = {name: value for name, value in EXAMPLES[kind].items() if name != field}
    about = None if rules.KINDS[kind].about is rules.About.NEVER else "0" * 64
    with pytest.raises(rules.ForbiddenEntryError, match=field):
        rules.build_entry(kind, fields, occurred_at=NOON, about=about)


def test_it_refuses_to_say_whom_an_erasure_was_about() -> None:
    with pytest.raises(PersonalDataInLog, match="never about a participant"):
        statements.entry_statements(kind="person_erased", fields={}, participant_id=ANA, occurred_at=NOON)


def test_it_refuses_a_consent_of_nobody(sqlite_database: str) -> None:
    with pytest.raises(PersonalDataInLog, match="always about a participant"):
        append("consent_given")


def test_it_commits_to_person_and_precise_time(both_databases: str) -> None:
    append("joined", ANA)
    actions.number_entries()
    link = EntryLink.objects.get()
    about = json.loads(queries.find_entry(0).body)["about"]
    key = bytes(link.opening_key)
    assert link.occurred_at == NOON
    assert rules.commit_about(key, ANA, link.occurred_at) == about
    assert rules.commit_about(key, BEN, link.occurred_at) != about
    assert rules.commit_about(key, ANA, link.occurred_at + timedelta(microseconds=1)) != about


def test_it_forgets_with_the_transaction(both_databases: str) -> None:
    @action
    def join_and_fail() -> None:
        append("joined", ANA)
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        join_and_fail()
    assert actions.number_entries() == 0
    assert not EntryLink.objects.exists()


def test_it_draws_consent_numbers_once(both_databases: str) -> None:
    @action
    def draw(count: int) -> list[int]:
        return statements.draw_consent_numbers(count)

    assert draw(0) == []
    first, second = draw(3), draw(1)
    assert first == sorted(set(first))
    assert second[0] > first[-1] >= 3
    with pytest.raises(ValueError, match="too many"):
        draw(101)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"kind": "person_erased","day":"2026-12-01"}', b'{"kind":"person_erased"}',
     b'{"day":"2026-12-01","kind":"person_erased","kind":"person_erased"}', b'{"day":"2026-12-01"}',
     b'{"day":"2026-02-31","kind":"person_erased"}', b'{"day":"2026-12-01","kind":"person_erased"}\n',
     b'{"about":"ana","day":"2026-12-01","kind":"case_opened"}', b"[" * 100_000, b'"\xff"'],
)  # fmt: skip
def test_it_reads_back_nothing_but_entries(body: bytes) -> None:
    with pytest.raises(rules.ForbiddenEntryError):
        rules.parse(body)


def test_it_says_that_the_log_is_down_after_ten_seconds(both_databases: str) -> None:
    assert not queries.is_log_down(NOON)
    append("person_erased")
    append("person_erased")
    queued_at = QueuedEntry.objects.order_by("queue_number").first().queued_at  # type: ignore[union-attr]
    assert not queries.is_log_down(queued_at + timedelta(seconds=10))
    assert queries.is_log_down(queued_at + timedelta(seconds=10, microseconds=1))
    assert queries.count_waiting() == 2
    actions.number_entries()
    assert not queries.is_log_down(datetime.now(UTC) + timedelta(days=400))
    assert db.fetch_one("SELECT count(*) FROM evidence_queue") == (0,)


def test_it_links_by_a_reference_that_says_nothing(sqlite_database: str) -> None:
    append("joined", ANA)
    assert EntryLink.objects.get().entry_ref.version == 4
    assert isinstance(EntryLink.objects.get().entry_ref, uuid.UUID)
