"""Promise 9: evidence only grows. A changed, dropped or reordered entry is detected."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from onloan import db
from onloan.db import action
from onloan.evidence import actions, checkpoints, queries, rules, tree
from onloan.evidence.models import LoggedEntry, LogState
from onloan.evidence.verify import verify_database
from tests.evidence.entries import EXAMPLES, NOON
from tests.evidence.tampering import start_again

# Kinds that no stranger's rule objects to in any order, so that only the tampering can be what is found. A mass
# use is none of them: it is sound only with its set beside it, and test_check_sets.py tampers with those.
LOUD_KINDS = ("consent_given", "consent_", "use_allowed", "audience_allowed", "market_st")
QUIET_KINDS = sorted(kind for kind in rules.KINDS if not kind.startswith(LOUD_KINDS))
STORIES = st.lists(st.sampled_from(QUIET_KINDS), min_size=2, max_size=12)

Bodies = list[bytes]


def change(bodies: Bodies, data: st.DataObject) -> Bodies:
    position = data.draw(st.integers(0, len(bodies) - 1))
    other = bytearray(bodies[position])
    spot = data.draw(st.integers(0, len(other) - 1))
    other[spot] ^= 1 << data.draw(st.integers(0, 7))
    return [*bodies[:position], bytes(other), *bodies[position + 1 :]]


def say_otherwise(bodies: Bodies, data: st.DataObject) -> Bodies:
    """Put another true-looking entry in an entry's place."""
    position = data.draw(st.integers(0, len(bodies) - 1))
    kind = data.draw(st.sampled_from(QUIET_KINDS))
    about = None if rules.KINDS[kind].about is rules.About.NEVER else "1" * 64
    other = rules.canonical(rules.build_entry(kind, EXAMPLES[kind], occurred_at=NOON, about=about))
    return [*bodies[:position], other, *bodies[position + 1 :]]


def drop(bodies: Bodies, data: st.DataObject) -> Bodies:
    position = data.draw(st.integers(0, len(bodies) - 1))
    return [*bodies[:position], *bodies[position + 1 :]]


def cut_the_end(bodies: Bodies, data: st.DataObject) -> Bodies:
    return bodies[: data.draw(st.integers(0, len(bodies) - 1))]


def swap(bodies: Bodies, data: st.DataObject) -> Bodies:
    first, second = (data.draw(st.integers(0, len(bodies) - 1)) for _ in range(2))
    other = list(bodies)
    other[first], other[second] = other[second], other[first]
    return other


def repeat(bodies: Bodies, data: st.DataObject) -> Bodies:
    position = data.draw(st.integers(0, len(bodies) - 1))
    return [*bodies[: position + 1], bodies[position], *bodies[position + 1 :]]


def reorder(bodies: Bodies, data: st.DataObject) -> Bodies:
    return [bodies[position] for position in data.draw(st.permutations(range(len(bodies))))]


WAYS: list[Callable[[Bodies, st.DataObject], Bodies]] = [
    change, say_otherwise, drop, cut_the_end, swap, repeat, reorder,
]  # fmt: skip


@given(bodies=st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=40), data=st.data())
def test_it_has_no_root_in_common_with_a_history_that_differs(bodies: Bodies, data: st.DataObject) -> None:
    """What a stranger has is a size and a root. No other history of that beginning leads to them."""
    other = data.draw(st.sampled_from([way for way in WAYS if way is not say_otherwise]))(bodies, data)
    assume(other != bodies)
    roots = [tree.root_of([tree.leaf_hash(body) for body in history]) for history in (bodies, other)]
    assert roots[0] != roots[1]


def write_log(bodies: Bodies) -> None:
    """Put these entries in the log, with hashes that fit them, as somebody with the database could."""
    LoggedEntry.objects.all().delete()
    LoggedEntry.objects.bulk_create(
        LoggedEntry(log_index=position, entry_ref=uuid.uuid4(), body=body, leaf_hash=tree.leaf_hash(body))
        for position, body in enumerate(bodies)
    )


def write_state(bodies: Bodies) -> None:
    """Make size, hashes and root fit as well."""
    grown = tree.CompactRange()
    for body in bodies:
        grown.append(tree.leaf_hash(body))
    LogState.objects.update(size=grown.size, hashes=grown.to_bytes(), root=grown.root())


def read_log() -> Bodies:
    return [entry.body for entry in queries.entries(0, queries.ENTRIES_MAX)]


@action
def append_all(kinds: list[str]) -> None:
    for kind in kinds:
        person = None if rules.KINDS[kind].about is rules.About.NEVER else uuid.uuid4()
        actions.append_entry(kind=kind, fields=EXAMPLES[kind], participant_id=person, occurred_at=NOON)


def grow(kinds: list[str]) -> None:
    append_all(kinds)
    actions.number_entries()


ON_A_DATABASE = examples(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("is_state_mended", [False, True], ids=["log_rewritten", "state_rewritten_too"])
@ON_A_DATABASE
@given(kinds=STORIES, way=st.sampled_from(WAYS), data=st.data())
def test_it_detects_what_was_changed_dropped_or_reordered(
    both_databases: str, is_state_mended: bool, kinds: list[str], way: Callable[..., Bodies], data: st.DataObject
) -> None:
    """Even when everything in the database was made to fit: the checkpoint kept outside it does not."""
    start_again()
    grow(kinds)
    bodies = read_log()
    other = way(bodies, data)
    assume(other != bodies)
    # Entries of one kind may be alike. One more at the end, with a state that fits, is growth like any other.
    assume(not (is_state_mended and other[: len(bodies)] == bodies))
    assert verify_database().is_sound
    with transaction.atomic():
        write_log(other)
        if is_state_mended:
            write_state(other)
        report = verify_database()
        transaction.set_rollback(True)
    assert not report.is_sound
    assert verify_database().is_sound
    assert read_log() == bodies


@ON_A_DATABASE
@given(stories=st.lists(STORIES, min_size=1, max_size=3))
def test_it_keeps_every_earlier_checkpoint_as_its_beginning(both_databases: str, stories: list[list[str]]) -> None:
    start_again()
    seen = []
    for kinds in stories:
        grow(kinds)
        checkpoint = queries.read_checkpoint()
        kept = checkpoints.read_kept(checkpoint.log_id)
        assert kept is not None
        assert (kept.size, kept.root) == (checkpoint.size, checkpoint.root)
        seen.append(checkpoint)
    leaves = [tree.leaf_hash(body) for body in read_log()]
    last = seen[-1]
    for earlier in seen:
        assert tree.root_of(leaves[: earlier.size]) == earlier.root
        proof = tree.consistency_proof(earlier.size, leaves)
        assert tree.is_consistent(earlier.size, last.size, earlier.root, last.root, proof)


def test_it_never_gives_out_a_place_twice(both_databases: str) -> None:
    grow(["offer_published", "joined", "case_opened"])
    rows = db.fetch_all("SELECT count(*), count(DISTINCT log_index), count(DISTINCT entry_ref) FROM evidence_log")
    assert rows == [(3, 3, 3)]
