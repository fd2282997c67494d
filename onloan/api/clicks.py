"""Clicks of this process. Nothing but a link's code and a day is kept, and no reward depends on them."""

from __future__ import annotations

from onloan.api.counting import DayCounter
from onloan.referrals.actions import count_clicks
from onloan.referrals.rules import CLICKS_PER_FLUSH_MAX


class ClickCounter(DayCounter[str]):
    """Counts followed links by their codes; only those of links that exist."""

    def __init__(self) -> None:
        super().__init__(
            "clicks", lambda counts, day: count_clicks(counts=counts, day=day), kinds_max=CLICKS_PER_FLUSH_MAX
        )
