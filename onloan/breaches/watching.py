"""Alarms while an authority waits to be told: by mail, 24, 6 and 0 hours before the end of the time."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from onloan.access.rules import Capability
from onloan.breaches.entries import add_entry
from onloan.breaches.models import Breach
from onloan.breaches.rules import ALARM_HOURS, EntryKind, alarm_step, show_reference
from onloan.db import action
from onloan.outbox.team_mails import tell_members


def watch_breaches(*, now: datetime) -> int:
    """Write to everybody who writes the register, once for each alarm that is reached; of how many breaches."""
    soon = Breach.objects.filter(due_at__lte=now + timedelta(hours=max(ALARM_HOURS)))
    return sum(_alarm(breach_id=breach_id, now=now) for breach_id in list(soon.values_list("id", flat=True)))


@action
def _alarm(*, breach_id: UUID, now: datetime) -> int:
    row = Breach.objects.select_for_update().filter(id=breach_id).exclude(due_at=None).first()
    if row is None or row.due_at is None:
        return 0
    step = alarm_step(row.due_at, now)
    if step is None or (row.alarm_hours is not None and row.alarm_hours <= step):
        return 0
    row.alarm_hours = step
    row.save(update_fields=["alarm_hours"])
    add_entry(breach_id=breach_id, kind=EntryKind.ALARMED, now=now, values={"hours": step})
    tell_members(
        Capability.RECORD_BREACHES,
        "breach_due",
        {"breach_reference": show_reference(row.reference), "count": step, "late": int(row.due_at < now)},
    )
    return 1
