"""Two versions side by side, in the words that people read."""

from __future__ import annotations

from dataclasses import replace

from onloan.offers.comparing import compare_versions
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


def test_a_market_that_is_new_has_nothing_before() -> None:
    old = spring()
    only_france = replace(old, markets={"FR": old.markets["FR"]})

    rows = compare_versions(only_france, old, "GB", "en")

    assert all(row.old == () and row.new for row in rows)
