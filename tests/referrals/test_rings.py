"""Circles of sponsors in a graph of arrays."""

from __future__ import annotations

import numpy as np
import rustworkx
from hypothesis import given
from hypothesis import strategies as st

from onloan.referrals.rings import Graph, Ring, find_rings


def graph_of(*edges: tuple[int, int], offers: list[int] | None = None) -> Graph:
    """Edges from sponsor to friend; everybody in one offer unless ``offers`` says otherwise."""
    people = max((max(edge) for edge in edges), default=-1) + 1
    return Graph(
        sponsors=np.array([sponsor for sponsor, _ in edges], dtype=np.int64),
        friends=np.array([friend for _, friend in edges], dtype=np.int64),
        offers=np.array(offers if offers is not None else [0] * people, dtype=np.int64),
    )


def test_an_honest_tree_has_no_ring() -> None:
    assert find_rings(graph_of((0, 1), (0, 2), (1, 3), (3, 4)), []) == []
    assert find_rings(graph_of(), []) == []


def test_somebody_who_comes_back_under_a_second_address_closes_a_ring() -> None:
    """0 brings 1, 1 brings 2, and 2 is 0 again."""
    assert find_rings(graph_of((0, 1), (1, 2), (0, 3)), [[0, 2]]) == [Ring((0, 1), 2)]


def test_somebody_who_brings_themselves_is_a_ring_of_one() -> None:
    assert find_rings(graph_of((0, 1), (1, 2)), [[0, 1]]) == [Ring((0,), 1)]


def test_two_friends_who_invite_each_other_in_two_campaigns_are_no_ring() -> None:
    """Ana (0, 3) invites Ben (1, 2) in spring, Ben invites Ana in autumn."""
    spring_and_autumn = graph_of((0, 1), (2, 3), offers=[0, 0, 1, 1])
    assert find_rings(spring_and_autumn, [[0, 3], [1, 2]]) == []


def test_what_two_accounts_share_in_another_campaign_makes_them_one_here() -> None:
    """0 and 2 share nothing with each other, but each shares a mark with 3, who joined another campaign."""
    edges = ((0, 1), (1, 2), (3, 4))
    assert find_rings(graph_of(*edges, offers=[0, 0, 0, 1, 1]), [[0, 3], [2, 3]]) == [Ring((0, 1), 2)]


def test_somebody_outside_the_graph_may_link_two_within_it() -> None:
    assert find_rings(graph_of((0, 1), (1, 2)), [[0, 99], [99, 2]]) == [Ring((0, 1), 2)]


def test_rings_that_do_not_touch_are_told_apart() -> None:
    found = find_rings(graph_of((0, 1), (1, 2), (3, 4), (4, 5), (2, 3)), [[0, 2], [3, 5]])
    assert sorted(ring.edges for ring in found) == [(0, 1), (2, 3)]


def test_a_chain_longer_than_the_rounds_of_trimming_is_searched_all_the_same() -> None:
    length = 1_000
    chain = graph_of(*((number, number + 1) for number in range(length)))
    assert find_rings(chain, []) == []
    assert [ring.people for ring in find_rings(chain, [[0, length]])] == [length]


@given(
    st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=30),
    st.lists(st.lists(st.integers(min_value=0, max_value=30), min_size=2, max_size=4), max_size=4),
)
def test_it_finds_what_a_plain_search_of_the_merged_graph_finds(
    sponsors: list[int], same: list[list[int]]
) -> None:
    """Oracle: merge people one by one, and take each component that holds an edge."""
    edges = [(min(sponsor, friend), friend + 1) for friend, sponsor in enumerate(sponsors)]
    people = len(sponsors) + 1
    names = list(range(max(people, 31)))
    for group in same:
        for other in group[1:]:
            old, new = names[other], names[group[0]]
            names = [new if name == old else name for name in names]
    plain = rustworkx.PyDiGraph()
    plain.add_nodes_from(range(len(names)))
    plain.add_edges_from_no_data([(names[sponsor], names[friend]) for sponsor, friend in edges])
    component = {
        node: number
        for number, nodes in enumerate(rustworkx.strongly_connected_components(plain))
        for node in nodes
    }
    expected = {
        number
        for number, (sponsor, friend) in enumerate(edges)
        if component[names[sponsor]] == component[names[friend]]
    }
    found = find_rings(graph_of(*edges), same)
    assert {edge for ring in found for edge in ring.edges} == expected
