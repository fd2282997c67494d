"""What was sent is not yet what arrived: a mail that failed for good stands on its case and is shouted about."""

from __future__ import annotations

from datetime import timedelta

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.models import CaseEvent
from onloan.cases.queue_queries import count_undelivered, list_undelivered
from onloan.cases.rules import Door, EventKind, Kind
from onloan.cases.timeline import list_events
from onloan.cases.watching import watch_mails
from onloan.outbox.models import Message
from tests.joining.support import open_market

NOW = clock.now()


def test_a_failed_mail_is_noted_once_and_the_team_is_told(both_databases: str) -> None:
    open_market()
    first, second = (
        open_case(
            kind=Kind.ACCESS, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="",
            contact=f"{name}@example.org", now=NOW,
        )
        for name in ("ana", "ben")
    )  # fmt: skip
    assert watch_mails(now=NOW) == 0
    failed = Message.objects.filter(context__case_reference=first.reference)
    failed.update(state="failed", settled_at=NOW, sealed_address=None, sealed_context=None)
    assert watch_mails(now=NOW + timedelta(minutes=10)) == 1
    assert watch_mails(now=NOW + timedelta(minutes=20)) == 0
    assert list_undelivered([first.case_id, second.case_id]) == {first.case_id} and count_undelivered() == 1
    (line,) = [event for event in list_events(first.case_id) if event.kind is EventKind.MAIL_FAILED]
    assert (line.text, line.is_shown) == ("case_acknowledged", False)
    # Dora is the one of the team who handles cases.
    assert Message.objects.filter(template="cases_undelivered").count() == 1
    assert CaseEvent.objects.filter(kind=EventKind.MAIL_FAILED).count() == 1
