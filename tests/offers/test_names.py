"""A name that an offer file may use is a word that the log takes.

An offer called ``pot-20261201`` once passed every rule and could not be published: the log saw a number in it.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.evidence.rules import FORMS
from onloan.offers.grammar import SLUG

NAMES = st.text(alphabet="abcdef0123456789-z", min_size=1, max_size=45)


@given(NAMES)
def test_it_accepts_no_name_that_the_log_refuses(name: str) -> None:
    if re.fullmatch(SLUG, name):
        assert FORMS["offer"](name) and FORMS["permission"](name)


@pytest.mark.parametrize("name", ["pot-20261201", "pot--spring", "pot-", "p", "deadbeef-cafe-pot", "p" * 41])
def test_it_refuses_a_name_that_looks_like_something_else(name: str) -> None:
    assert re.fullmatch(SLUG, name) is None


@pytest.mark.parametrize("name", ["spring-pot", "pot-2026", "p2", "p" * 40, "pot-2026-12"])
def test_it_accepts_ordinary_names(name: str) -> None:
    assert re.fullmatch(SLUG, name) is not None
