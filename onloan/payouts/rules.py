"""Dates and the file of a payout. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from onloan import clock
from onloan.money import Money

PAYABLES_MAX = 10_000
REFERENCE_CHARACTERS_MAX = 64
COLUMNS = ("reference", "participant", "amount", "currency", "due_on")

# Letters, digits and a few marks: no room for a name with spaces, an address or a formula.
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
# How a spreadsheet tells a formula, and what it skips before one (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class PayableLine:
    """One line of a payout file; nothing in it says who somebody is."""

    reference: str
    public_id: str
    amount: Money
    due_on: date


def payment_due_on(earned_at: datetime, payout_days: int, time_zone: str) -> date:
    """The last day to pay: so many days after the local day on which the reward was earned."""
    assert 0 <= payout_days <= 366
    return clock.local_day(earned_at, time_zone) + timedelta(days=payout_days)


def is_reference(text: str) -> bool:
    """Whether ``text`` can be the merchant's reference of something it fulfilled."""
    return _REFERENCE.fullmatch(text) is not None


def write_csv(lines: list[PayableLine]) -> str:
    """The file that is paid from, the same bytes for the same lines (RFC 4180, UTF-8, CR LF)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        amount, currency = line.amount.written().split(" ")
        cells = (line.reference, line.public_id, amount, currency, line.due_on.isoformat())
        writer.writerow([guard_cell(cell) for cell in cells])
    return out.getvalue()


def hash_file(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def guard_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what looks like one."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
