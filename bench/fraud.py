"""``python -m bench fraud``: what signals and rings find in a crowd with known truth, and what a million cost.

The figures are about this made-up crowd. They show that the rules do what they say, which honest people they hold
and which cheats they miss; they are no forecast for a campaign.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from bench.crowds import LOOKS_HONEST, Community, Crowd, Link
from bench.graph import measure_graph
from onloan.referrals.rings import Graph, Ring, find_rings
from onloan.referrals.signals import HOUSEHOLD_MAX, Person, SignalKind, ask_for_human, find_signals

PEOPLE = 1_000_000
SEED = 20261201


@dataclass
class Tally:
    """Links of one kind of community: how many there are, and how many a human is asked about."""

    links: int = 0
    held: int = 0
    fraud_links: int = 0
    fraud_held: int = 0


@dataclass
class Figures:
    """What was found in one crowd."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    seconds_signals: float = 0.0
    seconds_rings: float = 0.0
    people: int = 0
    rings_planted: int = 0
    rings_found: int = 0
    rings_right: int = 0
    rings_complete: int = 0

    def precision(self) -> float:
        """Of the links that a human is asked about, the share that is fraud."""
        held = sum(tally.held for tally in self.tallies.values())
        return sum(tally.fraud_held for tally in self.tallies.values()) / held if held else 1.0

    def recall(self, *, visible_only: bool) -> float:
        """Of the fraudulent links, the share that a human is asked about."""
        counted = [tally for kind, tally in self.tallies.items() if not (visible_only and kind in LOOKS_HONEST)]
        fraud = sum(tally.fraud_links for tally in counted)
        return sum(tally.fraud_held for tally in counted) / fraud if fraud else 1.0

    def ring_precision(self) -> float:
        return self.rings_right / self.rings_found if self.rings_found else 1.0

    def ring_recall(self) -> float:
        return self.rings_complete / self.rings_planted if self.rings_planted else 1.0


@dataclass
class Drawn:
    """The links of a crowd as numbers, in the order in which they were drawn, and what the truth is."""

    sponsors: list[int] = field(default_factory=list)
    friends: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    is_fraud: list[bool] = field(default_factory=list)
    is_held: list[bool] = field(default_factory=list)
    offers: dict[int, int] = field(default_factory=dict)
    marks: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    planted: list[frozenset[int]] = field(default_factory=list)


def measure(people: int, seed: int = SEED) -> Figures:
    """Draw a crowd of ``people``, look at it with the rules of the product, and compare with the truth."""
    figures, drawn = Figures(), Drawn()
    for community in _linked(Crowd(seed), people):
        started = time.perf_counter()
        held = _look(community)
        figures.seconds_signals += time.perf_counter() - started
        _remember(drawn, community, held)
    started = time.perf_counter()
    rings = _search(drawn)
    figures.seconds_rings = time.perf_counter() - started
    _judge_rings(figures, drawn, rings)
    for kind, is_fraud, is_held in zip(drawn.kinds, drawn.is_fraud, drawn.is_held, strict=True):
        tally = figures.tallies[kind]
        tally.links += 1
        tally.held += is_held
        tally.fraud_links += is_fraud
        tally.fraud_held += is_fraud and is_held
    figures.people = len(set(drawn.sponsors) | set(drawn.friends))
    return figures


def _linked(crowd: Crowd, people: int) -> Iterator[Community]:
    """The communities, and between them the links by which the first of each was brought."""
    last: Person | None = None
    for community in crowd.communities(people):
        first = community.links[0].sponsor
        if last is not None and crowd.random.random() < 0.7:
            yield Community("friends over weeks", [Link(last, crowd.friend(first), is_fraud=False)])
        yield community
        if last is None or crowd.random.random() < 0.1:
            last = community.links[-1].friend.person if community.links[-1].offer == 0 else first


def _look(community: Community) -> list[bool]:
    """For each link, whether its signals ask for a human."""
    people = {person.id: person for link in community.links for person in (link.sponsor, link.friend.person)}
    sharing = Counter(person.account for person in people.values() if person.account is not None)
    by_sponsor: dict[uuid.UUID, list[Link]] = defaultdict(list)
    for link in community.links:
        by_sponsor[link.sponsor.id].append(link)
    kinds: dict[uuid.UUID, set[SignalKind]] = defaultdict(set)
    for links in by_sponsor.values():
        for signal in find_signals(
            sponsor=links[0].sponsor,
            friends=[link.friend for link in links],
            people_of_account={str(account): count for account, count in sharing.items()},
        ):
            kinds[signal.friend_id].add(signal.kind)
    return [ask_for_human(kinds[link.friend.person.id]) for link in community.links]


def _remember(drawn: Drawn, community: Community, held: list[bool]) -> None:
    first_edge = len(drawn.sponsors)
    accounts: dict[str, set[int]] = defaultdict(set)
    for link, is_held in zip(community.links, held, strict=True):
        drawn.sponsors.append(link.sponsor.id.int)
        drawn.friends.append(link.friend.person.id.int)
        drawn.kinds.append(community.kind)
        drawn.is_fraud.append(link.is_fraud)
        drawn.is_held.append(is_held)
        for person in (link.sponsor, link.friend.person):
            drawn.offers[person.id.int] = link.offer
            if person.mailbox != f"mailbox {person.id.int}" or community.kind in _SHARED_MAILBOX:
                drawn.marks[str(person.mailbox)].append(person.id.int)
            if person.account is not None:
                accounts[person.account].add(person.id.int)
    for account, sharing in accounts.items():
        if len(sharing) > HOUSEHOLD_MAX:
            drawn.marks[account] += sorted(sharing)
    if community.is_ring:
        drawn.planted.append(
            frozenset(first_edge + number for number, link in enumerate(community.links) if link.is_fraud)
        )


_SHARED_MAILBOX = frozenset({"family mailbox", "own labels", "ring", "two campaigns"})


def _search(drawn: Drawn) -> list[Ring]:
    size = max(drawn.offers) + 1
    offers = np.zeros(size, dtype=np.int64)
    offers[list(drawn.offers)] = list(drawn.offers.values())
    graph = Graph(np.array(drawn.sponsors), np.array(drawn.friends), offers)
    same = [sorted(set(group)) for group in drawn.marks.values() if len(set(group)) > 1]
    return find_rings(graph, same)


def _judge_rings(figures: Figures, drawn: Drawn, rings: list[Ring]) -> None:
    """A ring is right when all its links are fraud, and a planted one is complete when one ring holds its links.
    Rings of one person are links that were held as somebody's own already."""
    circles = [frozenset(ring.edges) for ring in rings if ring.people > 1]
    for ring in rings:
        for edge in ring.edges:
            drawn.is_held[edge] = True
    figures.rings_planted, figures.rings_found = len(drawn.planted), len(circles)
    figures.rings_right = sum(1 for edges in circles if all(drawn.is_fraud[edge] for edge in edges))
    ring_of = {edge: edges for edges in circles for edge in edges}
    figures.rings_complete = sum(
        1 for planted in drawn.planted if planted <= ring_of.get(next(iter(planted)), frozenset())
    )


def report(figures: Figures) -> None:
    print(f"{'':<28}{'links':>10}{'fraud':>10}{'held':>10}{'held of fraud':>16}")
    for kind, tally in sorted(figures.tallies.items(), key=lambda item: (item[1].fraud_links > 0, -item[1].links)):
        share = f"{tally.fraud_held / tally.fraud_links:.1%}" if tally.fraud_links else "-"
        print(f"{kind:<28}{tally.links:>10,}{tally.fraud_links:>10,}{tally.held:>10,}{share:>16}")
    print(
        f"\nholds: precision {figures.precision():.4f}, recall {figures.recall(visible_only=True):.4f}"
        f" of what can be told from honest people, {figures.recall(visible_only=False):.4f} of all"
    )
    print(
        f"rings: precision {figures.ring_precision():.4f}, recall {figures.ring_recall():.4f}"
        f" ({figures.rings_planted:,} planted, {figures.rings_found:,} found)"
    )
    print(
        f"{figures.people:,} people in arrays: signals {figures.seconds_signals:.1f} s,"
        f" rings {figures.seconds_rings:.1f} s"
    )


def main(people: int = PEOPLE) -> None:
    report(measure(people))
    measure_graph(people)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
