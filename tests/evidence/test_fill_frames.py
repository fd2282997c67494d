"""A frame filled is the canonical entry, byte for byte."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan import ids
from onloan.evidence import rules
from onloan.evidence.frames import Fields, build_frame
from onloan.evidence.statements import write_entry

NOW = datetime(2026, 11, 3, 23, 59, 59, 999_999, tzinfo=UTC)
WORDS = st.from_regex(r"[a-z]{1,8}(?:-[a-z]{1,8}){0,2}", fullmatch=True)
COUNTRIES = st.sampled_from(["FR", "GB", "DE"])


@given(
    numbers=st.lists(st.integers(1, rules.INTEGER_MAX), min_size=1, max_size=3),
    words=st.tuples(WORDS, WORDS, WORDS, WORDS),
    items=st.sets(WORDS, min_size=1, max_size=4),
    country=COUNTRIES,
    recipient=st.none() | WORDS,
)
def test_it_writes_what_the_whole_entry_would_be(
    numbers: list[int], words: tuple[str, str, str, str], items: set[str], country: str, recipient: str | None
) -> None:
    offer, permission, purpose, channel = words
    fields: dict[str, str | tuple[str, ...]] = {
        "offer": offer, "permission": permission, "purpose": purpose, "channel": channel,
        "items": tuple(items), "market": country, "decision": "allow",
    }  # fmt: skip
    if recipient is not None:
        fields["recipient"] = recipient
    frame = build_frame("use_allowed", "2026-11-03", tuple(fields.items()), has_consent=True)
    for number in numbers:
        person = ids.new_id()
        entry = write_entry(frame, participant_id=person, consent_number=number, occurred_at=NOW)
        about = rules.commit_about(entry.opening_key, person, NOW)
        whole = rules.build_entry(
            "use_allowed", {**fields, "consent_number": number}, occurred_at=NOW, about=about
        )
        assert entry.body == rules.canonical(whole)
        assert rules.parse(entry.body) == whole


def test_it_opens_a_commitment_as_its_text_says() -> None:
    key, person = os.urandom(32), ids.new_id()
    hidden = rules.canonical({"participant": str(person), "at": "2026-11-03T23:59:59.999999+00:00"})
    assert hidden == f'{{"at":"2026-11-03T23:59:59.999999+00:00","participant":"{person}"}}'.encode()
    assert rules.commit_about(key, person, NOW) != rules.commit_about(os.urandom(32), person, NOW)


def test_it_refuses_what_the_vocabulary_refuses() -> None:
    fields: Fields = (("reason", "ana@example.org"),)
    with pytest.raises(rules.ForbiddenEntryError):
        build_frame("use_denied", "2026-11-03", fields, has_consent=False)


def test_it_names_a_consent_only_where_the_frame_does() -> None:
    frame = build_frame("use_denied", "2026-11-03", (("reason", "D-ITEM"),), has_consent=False)
    with pytest.raises(AssertionError):
        frame.fill("0" * 64, 7)
