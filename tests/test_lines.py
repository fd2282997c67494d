"""What is kept of what somebody wrote: the same text, however a browser or a keyboard sends it."""

from __future__ import annotations

import pytest

from onloan.lines import check_plain


@pytest.mark.parametrize(
    ("typed", "kept"), [(" a\r\nb ", "a\nb"), ("a\rb", "a\nb"), ("e\u0301\tx", "\u00e9\tx"), ("  ", "")]
)
def test_it_is_written_alike(typed: str, kept: str) -> None:
    assert check_plain(typed, 3) == kept


@pytest.mark.parametrize(
    ("typed", "why"),
    [("abcd", "too_long"), ("a\x00b", "character"), ("a\x0bb", "character"), ("\ud800", "character")],
)
def test_what_is_too_long_or_no_text_is_refused(typed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_plain(typed, 3)
