"""No sentence without its French."""

from __future__ import annotations

from dev.check_translations import extract_messages, find_problems


def test_the_catalogue_is_complete() -> None:
    assert len(extract_messages()) > 500
    assert find_problems() == []
