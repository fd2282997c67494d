"""The ledger's arithmetic, without a database."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan import ids
from onloan.ledger.rules import (
    ROUTES,
    SLICES_MAX,
    AccountKind,
    Cause,
    VoidCause,
    count_slices,
    derive_id,
    read_reward_reference,
    reward_reference,
    split_into_slices,
)


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(1, SLICES_MAX))
def test_it_splits_without_losing_a_cent_or_a_pot(amount: int, pot: int, count: int) -> None:
    shares = split_into_slices(amount, pot, count)
    assert sum(shares) == amount
    assert sum(share // pot for share in shares) == amount // pot
    assert max(shares) - min(shares) < 2 * pot


@pytest.mark.parametrize(
    ("amount", "count"), [(0, 1), (99, 1), (100, 1), (250, 2), (799, 7), (800, 8), (10**9, 8)]
)
def test_it_makes_a_slice_for_each_whole_pot_up_to_eight(amount: int, count: int) -> None:
    assert count_slices(amount, 100) == count


def test_it_derives_a_uuid_version_7_beside_its_subject() -> None:
    subject = ids.new_id()
    derived = derive_id(subject, "earn")
    assert (derived.version, derived.variant) == (7, uuid.RFC_4122)
    assert derived.bytes[:6] == subject.bytes[:6]
    assert derived == derive_id(subject, "earn")
    assert len({derived, subject, derive_id(subject, "void"), derive_id(ids.new_id(), "earn")}) == 4


@given(st.uuids())
def test_it_reads_its_references_back(reward_id: uuid.UUID) -> None:
    reference = reward_reference(reward_id)
    assert len(reference) == 28 and reference.startswith("R") and reference.isalnum()
    assert read_reward_reference(f" {reference.lower()} ") == reward_id


@given(st.uuids(), st.integers(1, 27), st.sampled_from(ids.ALPHABET))
def test_it_refuses_a_mistyped_reference(reward_id: uuid.UUID, position: int, character: str) -> None:
    reference = reward_reference(reward_id)
    typed = reference[:position] + character + reference[position + 1 :]
    assert read_reward_reference(typed) in ({reward_id} if typed == reference else {None})


@pytest.mark.parametrize("typed", ["", "R", "R0", "0" * 28, "R" + "0" * 200, "=HYPERLINK()", "R" + "é" * 27])
def test_it_refuses_what_is_no_reference(typed: str) -> None:
    assert read_reward_reference(typed) is None


def test_it_knows_no_way_back_from_what_was_earned() -> None:
    earned = set(AccountKind) - {AccountKind.POOL, AccountKind.RESERVED}
    assert {route.credit for route in ROUTES if route.debit in earned} == earned
    ends = {route.cause for route in ROUTES if route.credit is AccountKind.EXPIRED}
    assert ends == {Cause.EXPIRY_ANNOUNCED}


def test_it_names_no_right_among_its_causes() -> None:
    rights = (
        "access", "rectif", "eras", "restrict", "portab", "object", "withdr", "consent", "complain", "feedback",
    )  # fmt: skip
    assert not [cause for cause in Cause if any(word in cause.value for word in rights)]
    assert {cause.value for cause in VoidCause} < {cause.value for cause in Cause}
