"""The merchant's colour is worn where it can be read, and nowhere else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.portal.colour import CONTRAST_MIN, PAPERS_DARK, PAPERS_LIGHT, brand_of, contrast

COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#0b5d4e", "#fbfaf7") > 7


@pytest.mark.parametrize(
    "colour", ["#ffff00", "#ffffff", "#9fd8cb", "red", "", "#0b5d4", "#0b5d4e;}*{display:none", "#123456\n"]
)
def test_a_colour_that_cannot_be_read_is_left_out(colour: str) -> None:
    assert brand_of(colour) is None


@given(COLOURS)
def test_what_is_worn_can_be_read_in_both_schemes(colour: str) -> None:
    brand = brand_of(colour)
    if brand is None:
        return
    light, dark = re.findall(r"--own:(#\w{6});--on-own:(#\w{6});--own-paper:(#\w{6})", brand.style)
    for (own, on_own, own_paper), papers in ((light, PAPERS_LIGHT), (dark, PAPERS_DARK)):
        assert contrast(own, on_own) >= CONTRAST_MIN
        assert contrast(own, own_paper) >= CONTRAST_MIN
        assert all(contrast(own, paper) >= CONTRAST_MIN for paper in papers)


def test_the_style_is_let_through_by_its_hash_alone() -> None:
    brand = brand_of("#1a4f9c")
    assert brand is not None
    assert brand.style_hash.startswith("sha256-")
    assert "<" not in brand.style
    # A query that browsers do not understand is dropped whole, and the dark page keeps the light colour.
    assert re.findall("@media ([^{]+)", brand.style) == ["screen", "screen and (prefers-color-scheme:dark)"]
