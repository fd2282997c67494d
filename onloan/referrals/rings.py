"""Circles of sponsors, in the graph of everybody who brought somebody. Pure: arrays in, rings out.

In one offer nobody can bring those who brought them, unless somebody joined twice. So people who share a strong
mark are taken as one, in each offer for itself: two friends who invite each other in two campaigns are no ring.
The graph is then free of cycles but for rings, which are its strongly connected components (Tarjan, 1972, by
rustworkx).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rustworkx
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

TRIM_ROUNDS_MAX = 64
"""Cutting leaves off empties an honest graph in as many rounds as its chains are long; what is left after so many
goes to the search as it is."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Edge ``i`` leads from the participant ``sponsors[i]`` to ``friends[i]``. Participants are numbered from 0;
    ``offers[participant]`` numbers the offer that they joined."""

    sponsors: Numbers
    friends: Numbers
    offers: Numbers


@dataclass(frozen=True, slots=True)
class Ring:
    """``edges`` are numbers of edges of the graph; ``people`` counts those who share a mark once."""

    edges: tuple[int, ...]
    people: int


def find_rings(graph: Graph, same: Sequence[Sequence[int]]) -> list[Ring]:
    """Every ring; each group of ``same`` are participants who share a mark. A participant beyond the graph's is
    allowed there: two people who share nothing with each other may both share something with a third."""
    node_of = _merge(graph, same)
    sources, targets = node_of[graph.sponsors], node_of[graph.friends]
    alive = _trim(sources, targets, int(node_of.max(initial=-1)) + 1)
    nodes, numbered = np.unique(np.concatenate([sources[alive], targets[alive]]), return_inverse=True)
    half = len(alive)
    digraph = rustworkx.PyDiGraph(multigraph=False)
    digraph.add_nodes_from(range(len(nodes)))
    digraph.add_edges_from_no_data(list(zip(numbered[:half].tolist(), numbered[half:].tolist(), strict=True)))
    component_of = np.empty(len(nodes), dtype=np.int64)
    for number, members in enumerate(rustworkx.strongly_connected_components(digraph)):
        component_of[list(members)] = number
    return _collect(alive, numbered[:half], numbered[half:], component_of)


def _merge(graph: Graph, same: Sequence[Sequence[int]]) -> Numbers:
    """The node of each participant: who they are, and in which offer."""
    identity = np.arange(len(graph.offers), dtype=np.int64)
    marks = rustworkx.PyGraph()
    index: dict[int, int] = {}
    for group in same:
        for participant in group:
            if participant not in index:
                index[participant] = marks.add_node(participant)
        marks.add_edges_from_no_data([(index[group[0]], index[other]) for other in group[1:]])
    for component in rustworkx.connected_components(marks):
        members = [marks[node] for node in component if marks[node] < len(identity)]
        if members:
            identity[members] = min(members)
    offer_count = int(graph.offers.max(initial=0)) + 1
    node_of: Numbers = np.unique(identity * offer_count + graph.offers, return_inverse=True)[1]
    return node_of


def _trim(sources: Numbers, targets: Numbers, node_count: int) -> Numbers:
    """The edges that may lie on a circle: one whose source nobody brought, or whose target brought nobody, does
    not. Whole arrays at a time, so that the search itself gets next to nothing."""
    alive = np.arange(len(sources), dtype=np.int64)
    for _ in range(TRIM_ROUNDS_MAX):
        is_brought = np.zeros(node_count, dtype=bool)
        brings = np.zeros(node_count, dtype=bool)
        is_brought[targets[alive]] = True
        brings[sources[alive]] = True
        kept = alive[is_brought[sources[alive]] & brings[targets[alive]]]
        if len(kept) == len(alive):
            break
        alive = kept
    return alive


def _collect(alive: Numbers, sources: Numbers, targets: Numbers, component_of: Numbers) -> list[Ring]:
    """The edges within one component, by component: a lone node is a ring only if it brought itself."""
    inside = component_of[sources] == component_of[targets] if len(alive) else np.zeros(0, dtype=bool)
    edges_of: dict[int, list[int]] = {}
    nodes_of: dict[int, set[int]] = {}
    for edge, source, target in zip(
        alive[inside].tolist(), sources[inside].tolist(), targets[inside].tolist(), strict=True
    ):
        component = int(component_of[source])
        edges_of.setdefault(component, []).append(edge)
        nodes_of.setdefault(component, set()).update((source, target))
    return [Ring(tuple(edges), len(nodes_of[component])) for component, edges in edges_of.items()]
