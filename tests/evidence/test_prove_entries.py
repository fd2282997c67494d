"""The tree is the one of RFC 6962, and its proofs accept what is true and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.evidence import tree
from tests.evidence import reference

# The reference inputs and roots of Certificate Transparency's Merkle tree tests, as published in
# github.com/transparency-dev/merkle, testonly/constants.go (Apache-2.0): one root for each size from 0.
CT_INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

BODIES = st.lists(st.binary(max_size=20), min_size=1, max_size=70)


def hash_all(bodies: list[bytes]) -> list[bytes]:
    return [tree.leaf_hash(body) for body in bodies]


@pytest.mark.parametrize("size", range(9))
def test_it_reaches_the_published_roots(size: int) -> None:
    leaves = hash_all(CT_INPUTS[:size])
    assert tree.root_of(leaves).hex() == CT_ROOTS[size]
    assert reference.tree_hash(CT_INPUTS[:size]).hex() == CT_ROOTS[size]


@given(BODIES)
def test_it_appends_to_the_same_root_as_the_definition(bodies: list[bytes]) -> None:
    grown = tree.CompactRange()
    for count, leaf in enumerate(hash_all(bodies), start=1):
        grown = tree.CompactRange.from_bytes(grown.size, grown.to_bytes())
        grown.append(leaf)
        assert grown.root() == reference.tree_hash(bodies[:count])
        assert len(grown.hashes) == count.bit_count()


@pytest.mark.parametrize(
    ("size", "hashes"), [(-1, []), (0, [b"0" * 32]), (1, []), (2, [b"0" * 32] * 2), (1, [b"0" * 31])]
)
def test_it_refuses_a_state_that_cannot_be(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="do not belong"):
        tree.CompactRange(size, hashes)


@given(BODIES, st.data())
def test_it_proves_that_an_entry_is_in_the_log(bodies: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(bodies) - 1))
    leaves, root = hash_all(bodies), reference.tree_hash(bodies)
    proof = tree.inclusion_proof(index, leaves)
    assert proof == reference.audit_path(index, bodies)
    assert tree.is_included(index, len(bodies), leaves[index], proof, root)


@given(BODIES, st.data())
def test_it_proves_that_the_log_only_grew(bodies: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(1, len(bodies)))
    proof = tree.consistency_proof(first, hash_all(bodies))
    assert proof == reference.consistency_path(first, bodies)
    old, new = reference.tree_hash(bodies[:first]), reference.tree_hash(bodies)
    assert tree.is_consistent(first, len(bodies), old, new, proof)


def spoil_list(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """A proof that differs from ``proof``: one bit, one hash more, less or elsewhere."""
    other = list(proof)
    ways = ["append", "prepend"] + (["flip", "drop_first", "drop_last", "shorten"] if proof else [])
    way = data.draw(st.sampled_from(ways))
    position = data.draw(st.integers(0, max(len(proof) - 1, 0)))
    if way == "flip":
        bit = data.draw(st.integers(0, 255))
        other[position] = (int.from_bytes(other[position], "big") ^ 1 << bit).to_bytes(32, "big")
    elif way == "shorten":
        other[position] = other[position][:-1]
    elif way == "append":
        other.append(data.draw(st.binary(min_size=32, max_size=32)))
    elif way == "prepend":
        other.insert(0, data.draw(st.binary(min_size=32, max_size=32)))
    else:
        other.pop(0 if way == "drop_first" else -1)
    return other


@given(BODIES, st.data())
def test_it_refuses_a_spoiled_inclusion_proof(bodies: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(bodies) - 1))
    leaves, root = hash_all(bodies), reference.tree_hash(bodies)
    proof = tree.inclusion_proof(index, leaves)
    size, leaf = len(bodies), leaves[index]
    assert not tree.is_included(index, size, leaf, spoil_list(proof, data), root)
    assert not tree.is_included(index, size, tree.leaf_hash(b"another entry, longer than any"), proof, root)
    assert not tree.is_included(index, size, leaf, proof, tree.leaf_hash(b"another root"))
    assert not tree.is_included(index, size, leaf[:-1], proof, root)
    assert not tree.is_included(size, size, leaf, proof, root)
    assert not tree.is_included(-1, size, leaf, proof, root)
    assert not tree.is_included(index, size * 4, leaf, proof, root)


@given(BODIES, st.data())
def test_it_refuses_a_spoiled_consistency_proof(bodies: list[bytes], data: st.DataObject) -> None:
    first, second = data.draw(st.integers(1, len(bodies))), len(bodies)
    old, new = reference.tree_hash(bodies[:first]), reference.tree_hash(bodies)
    proof = tree.consistency_proof(first, hash_all(bodies))
    wrong = tree.leaf_hash(b"another root")
    assert not tree.is_consistent(first, second, old, new, spoil_list(proof, data))
    assert not tree.is_consistent(first, second, wrong, new, proof)
    assert not tree.is_consistent(first, second, old, wrong, proof)
    assert not tree.is_consistent(0, second, tree.EMPTY_ROOT, new, [])
    assert not tree.is_consistent(second + 1, second, new, new, [])
    if first != second and old != new:
        assert not tree.is_consistent(first, second, new, old, proof)
        assert not tree.is_consistent(first, first, old, new, [])


@pytest.mark.parametrize("index", [-1, 3])
def test_it_has_no_inclusion_proof_for_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        tree.inclusion_proof(index, hash_all(CT_INPUTS[:3]))


@pytest.mark.parametrize("first", [0, 4])
def test_it_has_no_consistency_proof_from_nothing_or_beyond(first: int) -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        tree.consistency_proof(first, hash_all(CT_INPUTS[:3]))
