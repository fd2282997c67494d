"""How many cases may come in before somebody is asked to wait: a bound on floods and on mails, not on rights."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from onloan import db
from onloan.cases.errors import TooManyCases
from onloan.cases.rules import Door, EventKind, Kind
from onloan.cases.sealing import contact_hash
from onloan.outbox.queries import wanting_statement
from onloan.outbox.rules import WebhookEvent
from onloan.people import codes
from onloan.people.errors import CodesBusy
from onloan.people.sealing import email_code_hash
from onloan.people.statements import lock_address
from onloan.rates import Lately
from onloan.together import fetch_values

CASES_PER_DAY_MAX = 10
"""From one page; and from one address of what anybody can send in its name. What its owner confirmed by a code is
bounded by the codes; sightings, which come from a confirmed address alone, and what a system of the merchant
passes on are each counted by themselves."""
PUBLIC_CASES_PER_MINUTE_MAX = 6_000
"""For the whole installation: what its mail server's good name survives, and more than a bad day's news brings."""

_OF_ADDRESS = "SELECT count(*) FROM cases_case c WHERE c.contact_hash = %s AND c.received_at > %s"
_SIGHTINGS = f"{_OF_ADDRESS} AND c.kind = '{Kind.SIGHTING}'"
_PASSED_ON = f"{_OF_ADDRESS} AND c.door = '{Door.API}'"
_UNCONFIRMED = (
    f"{_OF_ADDRESS} AND c.kind <> '{Kind.SIGHTING}' AND NOT EXISTS"  # noqa: S608  (the words are ours)
    f" (SELECT 1 FROM cases_event e WHERE e.case_id = c.id AND e.kind = '{EventKind.ADDRESS_CONFIRMED}')"
)
_lately = Lately("cases_case", "received_at", timedelta(minutes=1))


class Admitted(NamedTuple):
    """A case that may come in from the address of ``address_hash``. ``may_mail``: it is acknowledged by mail too;
    ``is_full``: what was asked alike today is only asked again; ``may_send_code``: its mail may carry a one-time
    code, which ``is_code_long``; ``is_awaited``: the merchant's systems want to be told; ``is_there``: a case has
    its key."""

    address_hash: str
    may_mail: bool
    is_full: bool
    may_send_code: bool
    is_code_long: bool
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


def admit_address(
    email: str, kind: Kind, door: Door, *, case_id: UUID | None, wants_code: bool, now: datetime
) -> Admitted:
    """Whether one more case may come from ``email``, which nobody else counts until the end of the transaction.

    All that decides about it is read in one statement, alike for every address. No stranger's doing gets it
    refused: whoever asks in somebody else's name must not be able to use up what that person may ask. Raises
    TooManyCases.
    """
    address_hash = email_code_hash(email)
    lock_address(address_hash)
    of_key = "SELECT count(*) FROM cases_case WHERE id = %s"
    today = [contact_hash(email), db.time_value(now - timedelta(days=1))]
    cases, counted, sent, wrong_tries, awaiting, *there = fetch_values(
        [
            (_OF_ADDRESS, today),
            (_SIGHTINGS if kind is Kind.SIGHTING else _PASSED_ON if door is Door.API else _UNCONFIRMED, today),
            codes.count_statement(address_hash, "request", now),
            codes.tries_statement(address_hash, "request", now),
            wanting_statement(WebhookEvent.CASE_OPENED),
            *([] if case_id is None else [(of_key, [db.uuid_value(case_id)])]),
        ]
    )
    may_mail, is_there = cases < CASES_PER_DAY_MAX, there == [1]
    is_full = counted >= CASES_PER_DAY_MAX
    if is_full and (kind is Kind.SIGHTING or door is Door.API) and not is_there:
        raise TooManyCases
    if door is Door.PUBLIC_PAGE and not _lately.admit(PUBLIC_CASES_PER_MINUTE_MAX, now):
        raise TooManyCases
    return Admitted(
        address_hash=address_hash,
        may_mail=may_mail,
        is_full=is_full,
        may_send_code=wants_code and may_mail and _may_send_code(sent, now),
        is_code_long=codes.must_be_long(sent, wrong_tries),
        is_awaited=awaiting > 0,
        is_there=is_there,
    )


def _may_send_code(sent: int, now: datetime) -> bool:
    try:
        return codes.admit_code(sent, now)
    except CodesBusy:
        return False
