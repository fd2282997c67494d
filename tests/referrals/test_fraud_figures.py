"""What signals and rings find in a small crowd with known truth; ``bench/fraud.py`` prints it for a large one."""

from __future__ import annotations

import pytest

from bench.crowds import KINDS, LOOKS_HONEST
from bench.fraud import Figures, measure


@pytest.fixture(scope="module")
def figures() -> Figures:
    return measure(40_000, seed=7)


def test_each_kind_of_community_is_in_the_crowd(figures: Figures) -> None:
    assert set(figures.tallies) == set(KINDS)


@pytest.mark.parametrize("kind", ["friends over weeks", "household", "two campaigns"])
def test_it_never_holds_people_who_only_look_related(figures: Figures, kind: str) -> None:
    assert figures.tallies[kind].held == 0


def test_it_asks_a_human_about_what_can_be_told(figures: Figures) -> None:
    assert figures.recall(visible_only=True) > 0.95
    for kind in ("own labels", "one account for many", "ring"):
        tally = figures.tallies[kind]
        assert tally.fraud_held == tally.fraud_links > 0


def test_it_asks_about_few_honest_people(figures: Figures) -> None:
    assert figures.precision() > 0.9
    honest = [tally for tally in figures.tallies.values() if tally.fraud_links == 0]
    assert sum(tally.held for tally in honest) < 0.005 * sum(tally.links for tally in honest)


def test_what_looks_like_a_couple_is_left_alone(figures: Figures) -> None:
    """Whoever holds these holds couples."""
    assert all(figures.tallies[kind].held == 0 for kind in LOOKS_HONEST)


def test_it_finds_each_ring_whole_and_no_other(figures: Figures) -> None:
    assert figures.rings_planted > 10
    assert (figures.ring_precision(), figures.ring_recall()) == (1.0, 1.0)
