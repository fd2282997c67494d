"""Nobody forgets a breach: alarms 24, 6 and 0 hours before the end, each once, to whoever writes the register."""

from __future__ import annotations

from datetime import timedelta

from onloan.breaches.queries import find_breach
from onloan.breaches.rules import EntryKind, Risk
from onloan.breaches.watching import watch_breaches
from onloan.outbox.models import Message
from tests.breaches.world import AWARE, assess, record
from tests.joining.support import open_market

HOUR = timedelta(hours=1)


def test_each_alarm_comes_once(both_databases: str) -> None:
    dora = open_market().team.dora
    breach_id, judged = record(dora), record(dora)
    assess(judged, dora, Risk.UNLIKELY)
    hours = [0, 47.9, 48, 49, 66, 67, 72.1, 73, 200]
    assert [watch_breaches(now=AWARE + hour * HOUR) for hour in hours] == [0, 0, 1, 0, 1, 0, 1, 0, 0]
    sent = [row.context for row in Message.objects.filter(template="breach_due").order_by("id")]
    assert [(each["count"], each["late"]) for each in sent] == [(24, 0), (6, 0), (0, 1)], "to Dora alone"
    alarms = [entry for entry in find_breach(breach_id).entries if entry.kind is EntryKind.ALARMED]
    assert [entry.values["hours"] for entry in alarms] == [24, 6, 0]
    assert len(find_breach(judged).entries) == 2


def test_one_that_was_recorded_late_alarms_at_once(sqlite_database: str) -> None:
    dora = open_market().team.dora
    record(dora, aware_at=AWARE - 100 * HOUR)
    assert watch_breaches(now=AWARE) == 1
    assert Message.objects.get(template="breach_due").context["late"] == 1
