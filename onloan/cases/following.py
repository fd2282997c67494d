"""Whoever asked comes back to it: signed in, or with its number and a code that is mailed to their address.

They read what happened, add to it, and may take it back (``taking_back``); nothing is ever offered for that.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan import ids
from onloan.access.rules import Capability
from onloan.cases.actions import check_written
from onloan.cases.desk import find_open_pause, run_from_reply
from onloan.cases.errors import CaseClosed, FollowNobody
from onloan.cases.locking import lock_case
from onloan.cases.merchants import sign_mail
from onloan.cases.models import Case
from onloan.cases.once import is_said
from onloan.cases.rules import Door, EventKind, Kind, State, show_reference
from onloan.cases.sealing import contact_hash
from onloan.cases.timeline import find_reply, record_event
from onloan.db import action
from onloan.outbox.team_mails import tell_members
from onloan.people.actions import check_code, normalize_email, send_code
from onloan.people.queries import is_alive, list_by_email

_FROM_THEIR_PAGE = frozenset({Door.MY_PAGE, Door.API, Door.LATE_PAYMENT})
"""They gave no address with it: the one that the case keeps is the one on file."""


def ask_to_follow(*, email: str, language: str, now: datetime) -> UUID | None:
    """Send a code to ``email``, whether or not a case came from there: nobody learns that from the page. These
    codes have a count of their own. The answer is that of ``send_code``. Raises EmailNotValid, CodesBusy."""
    return send_code(
        email=email,
        offer_id=None,
        market_id=None,
        purpose="follow",
        language=language,
        now=now,
        context=sign_mail(None),
    )


def find_followed(*, reference: str, email: str, code: str, now: datetime, asked_id: UUID | None = None) -> UUID:
    """The case with this number that came from ``email``, or is about whoever joined with it. What somebody asked
    on their own page only their address of today opens, as long as they are there: an earlier mailbox may be
    somebody else's by now. Raises CodeNotValid, FollowNobody: whoever has typed the code may know what came from
    their own address."""
    verified = check_code(email=email, code=code, purpose="follow", now=now, asked_id=asked_id)
    address, number = normalize_email(verified.email), ids.normalize_code(reference)
    case = Case.objects.filter(reference=number).first() if number else None
    if case is None:
        raise FollowNobody(field="reference")
    people = {person.id for person in list_by_email(address) if person.erased_at is None}
    is_from_page = (
        case.door in _FROM_THEIR_PAGE and case.participant_id is not None and is_alive(case.participant_id)
    )
    if case.participant_id not in people and (is_from_page or case.contact_hash != contact_hash(address)):
        raise FollowNobody(field="reference")
    found: UUID = case.id
    return found


@action
def add_message(*, case_id: UUID, text: str, now: datetime) -> None:
    """What whoever asked adds; the caller knows that it is them. Sent twice, it is kept once. The first one
    after a question that stops the clock is mailed to the team, and from then on time runs. Raises TextNeeded,
    TextNotValid, NotFound, CaseClosed."""
    case = lock_case(case_id)
    if case.state != State.OPEN:
        raise CaseClosed
    written = check_written(Kind.COMPLAINT, text, field="text")
    if is_said(case_id, EventKind.MESSAGE_FROM_PERSON, written, now):
        return
    pause = find_open_pause(case_id)
    if pause is not None:
        replied_at = find_reply(case_id, pause.asked_at)
        run_from_reply(case, pause, replied_at or now)
        if replied_at is None:
            told = {"case_reference": show_reference(case.reference)}
            tell_members(Capability.HANDLE_CASES, "case_replied", told)
    record_event(case_id=case_id, kind=EventKind.MESSAGE_FROM_PERSON, now=now, text=written, is_shown=True)
