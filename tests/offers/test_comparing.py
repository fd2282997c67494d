"""Two versions side by side, in the words that people read."""

from __future__ import annotations

from dataclasses import replace

from onloan.offers.comparing import Compared, Pair, Piece, compare_versions
from onloan.offers.document import Offer
from onloan.offers.lint import check_text
from tests.support.offers import spring_text


def spring() -> Offer:
    offer = check_text(spring_text(), "spring-pot.yaml").offer
    assert offer is not None
    return offer


def test_nothing_changes_between_a_version_and_itself() -> None:
    assert not any(row.is_changed for row in compare_versions(spring(), spring(), "FR", "fr"))


def test_it_names_each_thing_that_changes_and_no_other() -> None:
    old = spring()
    fewer = replace(old, permissions=tuple(replace(each, term_days=30) for each in old.permissions[:1]))

    rows = compare_versions(old, fewer, "GB", "en")

    changed = [row for row in rows if row.is_changed]
    assert [row.name for row in changed] == ["What you may allow, apart from the pot"]
    assert len(changed[0].old) == len(old.permissions)
    assert len(changed[0].new) == 1
    assert "for 30 days" in changed[0].new[0]


def test_only_the_words_that_differ_are_marked() -> None:
    old = spring()
    shorter = replace(old, permissions=tuple(replace(each, term_days=90) for each in old.permissions))
    [row] = [row for row in compare_versions(old, shorter, "GB", "en") if row.is_changed]
    for pair in row.pairs:
        before, after = ([piece.text for piece in side if piece.is_changed] for side in (pair.old, pair.new))
        assert (before, after) == (["180"], ["90"])
    assert ["".join(piece.text for piece in pair.old) for pair in row.pairs] == list(row.old)
    assert row.kept == ()


def test_a_sentence_that_goes_or_comes_stands_alone() -> None:
    row = Compared("Asked", ("Your name, for 30 days.", "Your photo."), ("Your name, for 30 days.",))
    assert row.pairs == (Pair((Piece("Your photo.", is_changed=True),), ()),)
    assert row.kept == ("Your name, for 30 days.",)
    other = Compared("Age", ("18 or over",), ("Nobody is asked.",))
    assert other.pairs[0].new == (Piece("Nobody is asked.", is_changed=True),)


def test_a_market_that_is_new_has_nothing_before() -> None:
    old = spring()
    only_france = replace(old, markets={"FR": old.markets["FR"]})

    rows = compare_versions(only_france, old, "GB", "en")

    assert all(row.old == () and row.new for row in rows)
