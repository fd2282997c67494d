"""How many cases may come in before somebody is asked to wait: a bound on floods and on mails, not on rights."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from onloan import db
from onloan.cases.errors import TooManyCases
from onloan.cases.rules import Door, Kind
from onloan.cases.sealing import contact_hash
from onloan.outbox.queries import wanting_statement
from onloan.outbox.rules import WebhookEvent
from onloan.people import codes
from onloan.people.errors import CodesBusy, TooManyCodes
from onloan.people.sealing import email_code_hash
from onloan.people.statements import lock_address
from onloan.rates import Lately
from onloan.together import fetch_values

CASES_PER_DAY_MAX = 10
"""From one address or one page."""
PUBLIC_CASES_PER_MINUTE_MAX = 6_000
"""For the whole installation: what its mail server's good name survives, and more than a bad day's news brings."""

_lately = Lately("cases_case", "received_at", timedelta(minutes=1))


class Admitted(NamedTuple):
    """A case that may come in from the address of ``address_hash``. ``may_send_code``: its mail may carry a
    one-time code; ``is_awaited``: the merchant's systems want to be told; ``is_there``: a case has its key."""

    address_hash: str
    may_send_code: bool
    is_awaited: bool
    is_there: bool


def check_person(kind: Kind, participant_id: UUID, now: datetime) -> None:
    """Raises TooManyCases."""
    row = db.fetch_one(
        "SELECT count(*) FROM cases_case"
        " WHERE participant_id = %s AND kind = %s AND received_at > %s AND door <> %s",
        [
            db.uuid_value(participant_id),
            kind.value,
            db.time_value(now - timedelta(days=1)),
            Door.LATE_PAYMENT.value,
        ],
    )
    assert row is not None
    if row[0] >= CASES_PER_DAY_MAX:
        raise TooManyCases


def admit_address(email: str, door: Door, *, case_id: UUID | None, wants_code: bool, now: datetime) -> Admitted:
    """Whether one more case may come from ``email``, which nobody else counts until the end of the transaction.

    All that decides about it is read in one statement, alike for every address. Raises TooManyCases.
    """
    address_hash = email_code_hash(email)
    lock_address(address_hash)
    of_address = "SELECT count(*) FROM cases_case WHERE contact_hash = %s AND received_at > %s"
    of_key = "SELECT count(*) FROM cases_case WHERE id = %s"
    cases, sent, awaiting, *there = fetch_values(
        [
            (of_address, [contact_hash(email), db.time_value(now - timedelta(days=1))]),
            codes.count_statement(address_hash, "request", now),
            wanting_statement(WebhookEvent.CASE_OPENED),
            *([] if case_id is None else [(of_key, [db.uuid_value(case_id)])]),
        ]
    )
    is_there = there == [1]
    if cases >= CASES_PER_DAY_MAX + is_there:
        raise TooManyCases
    if door is Door.PUBLIC_PAGE and not _lately.admit(PUBLIC_CASES_PER_MINUTE_MAX, now):
        raise TooManyCases
    return Admitted(address_hash, wants_code and _may_send_code(sent, now), awaiting > 0, is_there)


def _may_send_code(sent: int, now: datetime) -> bool:
    try:
        codes.check_rates(sent, now)
    except (TooManyCodes, CodesBusy):
        return False
    return True
