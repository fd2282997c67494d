"""A mail did not arrive: what it had told goes to the other address, and not the receipt in its place."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from onloan.cases import desk
from onloan.cases.actions import open_case
from onloan.cases.clocks import Pause
from onloan.cases.letters import change_address, write_letter
from onloan.cases.queries import find_case
from onloan.cases.queue_queries import list_undelivered
from onloan.cases.rules import Door, EventKind, Kind
from onloan.cases.timeline import event_statement, list_events
from onloan.db import action, execute
from onloan.outbox.models import Message
from tests.cases.test_letters import NOW
from tests.joining.support import OpenMarket, open_market

HOUR = timedelta(hours=1)
QUESTION = "With which address did you join?"
REASONS = "Three systems have to be searched by hand."


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market()


@action
def fail(*, case_id: UUID, template: str, written_at: datetime, failed_at: datetime) -> None:
    """What the job does that watches mails: the line has the mail's own id."""
    message = Message.objects.filter(template=template).latest("created_at")
    Message.objects.filter(id=message.id).update(created_at=written_at)
    execute([
        event_statement(case_id, None, EventKind.MAIL_FAILED, failed_at, text=template, event_id=message.id)
    ])  # fmt: skip


def ask(market: OpenMarket) -> UUID:
    return open_case(
        kind=Kind.ACCESS, country="FR", language="en", door=Door.PUBLIC_PAGE, text="", contact="a@example.org",
        now=NOW,
    ).case_id  # fmt: skip


def test_what_was_missed_is_sent_again(market: OpenMarket) -> None:
    case_id, dora = ask(market), market.team.dora
    desk.add_note(case_id=case_id, user_id=dora, text="This one arrived.", is_shown=True, now=NOW + HOUR)
    desk.add_note(case_id=case_id, user_id=dora, text="We ask the shop.", is_shown=True, now=NOW + 2 * HOUR)
    desk.extend_case(case_id=case_id, user_id=dora, reasons=REASONS, now=NOW + 3 * HOUR)
    desk.pause_case(
        case_id=case_id, user_id=dora, pause=Pause.IDENTITY, question=QUESTION, reason=REASONS, now=NOW + 4 * HOUR
    )
    for template, hours in (("case_progress", 2), ("case_extended", 3), ("case_question", 4)):
        written_at = NOW + hours * HOUR
        fail(case_id=case_id, template=template, written_at=written_at, failed_at=written_at + 5 * HOUR)
    text = write_letter(find_case(case_id))
    assert "We received" not in text and "This one arrived." not in text
    assert text.index("We ask the shop.") < text.index(REASONS) < text.index(QUESTION)
    assert list_undelivered([case_id]) == {case_id}
    change_address(case_id=case_id, user_id=dora, email="b@example.org", text=text, now=NOW + 20 * HOUR)
    assert list_undelivered([case_id]) == set()
    assert list_events(case_id)[-1].text == text
    assert find_case(case_id).acknowledged_at == NOW


def test_a_receipt_that_was_missed_was_not_confirmed(market: OpenMarket) -> None:
    case_id, dora = ask(market), market.team.dora
    fail(case_id=case_id, template="case_acknowledged", written_at=NOW, failed_at=NOW + HOUR)
    # The next word goes to the same address, and does not arrive either.
    desk.add_note(case_id=case_id, user_id=dora, text="We ask the shop.", is_shown=True, now=NOW + 2 * HOUR)
    fail(case_id=case_id, template="case_progress", written_at=NOW + 2 * HOUR, failed_at=NOW + 3 * HOUR)
    text = write_letter(find_case(case_id))
    assert "We received your request." in text and "We ask the shop." in text
    change_address(case_id=case_id, user_id=dora, email="b@example.org", text=text, now=NOW + 20 * HOUR)
    assert find_case(case_id).acknowledged_at == NOW + 20 * HOUR
