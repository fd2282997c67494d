"""What a process of the server reads once, it reads before it answers anybody."""

from __future__ import annotations

from django.urls import get_resolver

from onloan import clock
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import known_countries


def warm_up() -> None:
    """Load every page, and the public holidays of every country: half a second that the first visitor of each
    process, and with them all others who ask it then, would wait for."""
    assert get_resolver().url_patterns
    today = clock.now().date()
    for country in known_countries():
        public_holidays(country, today)
