"""Whether personal data may go to a country on a day (GDPR chapter V; legal rule LR-070). Data and a pure rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from onloan.markets.rules import known_countries, market_facts

CONTRACTUAL_TOOLS = frozenset({"scc", "idta", "bcr"})
"""Standard clauses, the British agreement, binding corporate rules: they cover any country."""


@dataclass(frozen=True, slots=True)
class Adequacy:
    """From when to when a country is taken as adequate; ``is_for_listed``: only for companies on a list."""

    country: str
    first_day: date
    last_day: date | None
    is_for_listed: bool

    def holds_on(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


def is_transfer_covered(country: str, tool: str, day: date) -> bool:
    """Whether a recipient in ``country`` (ISO 3166-1) may receive on ``day``, under the ``tool`` that the offer
    names ("" for none). Consent to the transfer itself is not taken (GDPR art. 49 is for exceptions)."""
    if country in _economic_area() or tool in CONTRACTUAL_TOOLS:
        return True
    found = next((line for line in list_adequate() if line.country == country and line.holds_on(day)), None)
    # Where only listed companies are adequate, the offer says so of this one by naming ``adequacy``.
    return found is not None and (not found.is_for_listed or tool == "adequacy")


@cache
def list_adequate() -> tuple[Adequacy, ...]:
    data = json.loads(files("onloan.markets").joinpath("transfers.json").read_text("utf-8"))
    return tuple(
        Adequacy(
            country=line["country"],
            first_day=date.fromisoformat(line["from"]),
            last_day=date.fromisoformat(line["until"]) if line["until"] else None,
            is_for_listed=part == "adequate_for_listed",
        )
        for part in ("adequate", "adequate_for_listed")
        for line in data[part]
    )


@cache
def _economic_area() -> frozenset[str]:
    return frozenset(country for country in known_countries() if market_facts(country).eea)
