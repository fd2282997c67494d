"""The one thing that deletes a breach record: the daily job, five years after it was closed (rule LR-096)."""

from __future__ import annotations

from datetime import datetime

from onloan.breaches.models import Breach, Entry, Telling
from onloan.breaches.rules import State
from onloan.db import action

BREACH_YEARS = 5


@action
def forget_breaches(*, closed_before: datetime, now: datetime, limit: int) -> int:
    """Delete at most ``limit`` records that were closed before, with all that was written about them; how many.
    What is open stays. The database itself refuses one whose five years are not over."""
    old = Breach.objects.filter(state=State.CLOSED, closed_at__lt=closed_before)
    chosen = list(old.values_list("id", flat=True)[:limit])
    Breach.objects.filter(id__in=chosen).update(released_at=now)
    Entry.objects.filter(breach_id__in=chosen).delete()
    Telling.objects.filter(breach_id__in=chosen).delete()
    return Breach.objects.filter(id__in=chosen).delete()[0]
