"""A copy for whoever has no page to take it from: made by a member of the team to be sent, or taken with the
number of the request from the address that it came from. Both only once a member has said who asks.

Whoever the copy is about learns of each, at the address that they joined with, and reads who made it and why.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext

from onloan import db
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases.clocks import Pause
from onloan.cases.errors import CopyNotReady, CopyReason
from onloan.cases.looking_up import LookupReason
from onloan.cases.models import Case
from onloan.cases.pack.actions import name_campaign, note_gap, write_gaps
from onloan.cases.pack.building import Pack, build_pack
from onloan.cases.pack.queries import PACK_KINDS
from onloan.cases.queries import CaseView, find_case
from onloan.cases.rules import TAKEN_FOR_DAYS, EventKind, Kind, Outcome, State, show_reference
from onloan.cases.timeline import list_events, record_event
from onloan.db import action
from onloan.evidence.actions import append_entry
from onloan.outbox.statements import mail_statement
from onloan.people.changes import record_lookup
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant

REASON_CHARACTERS_MIN, REASON_CHARACTERS_MAX = 10, 500


def can_hand_over(case: CaseView, now: datetime) -> bool:
    """Whether the copy that was asked for can be made for this request: a member said who asks, nobody doubts it,
    and it is open or was answered with a copy not long ago."""
    line = case.line
    if line.kind not in PACK_KINDS or case.identified is None or line.participant_id is None:
        return False
    if line.state is State.OPEN:
        return case.waits_for is not Pause.IDENTITY and not _is_doubted(line.id)
    is_given = line.outcome in {Outcome.DONE, Outcome.PARTLY_DONE}
    return is_given and line.closed_at is not None and now < line.closed_at + timedelta(days=TAKEN_FOR_DAYS)


def _is_doubted(case_id: UUID) -> bool:
    """Whether the code was typed by somebody else than whom a member tied it to, and nobody looked since."""
    who = (EventKind.IDENTIFIED, EventKind.ANOTHER_CONFIRMED)
    return [event.kind for event in list_events(case_id) if event.kind in who][-1:] == [who[1]]


def make_copy(*, case_id: UUID, user_id: UUID, reason: str, now: datetime) -> Pack:
    """The copy for a member who sends it; on record before it is given. ``reason``: why it is made so, as the
    person reads it. Raises NotAllowed, NotFound, CopyReason, CopyNotReady."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    written = " ".join(reason.split())
    if not REASON_CHARACTERS_MIN <= len(written) <= REASON_CHARACTERS_MAX or not written.isprintable():
        raise CopyReason(field="why_copy", minimum=REASON_CHARACTERS_MIN, maximum=REASON_CHARACTERS_MAX)
    pack = _build(case_id, now)
    _note_made(case_id=case_id, user_id=user_id, reason=written, pack=pack, now=now)
    return pack


def take_copy(*, case_id: UUID, now: datetime) -> Pack:
    """The copy for whoever follows the request; the caller knows that the address is theirs. Raises NotFound,
    CopyNotReady."""
    pack = _build(case_id, now)
    _note_taken_by_number(case_id=case_id, pack=pack, now=now)
    return pack


def _build(case_id: UUID, now: datetime) -> Pack:
    """Put it together outside a transaction: it reads for seconds, and nobody waits behind it."""
    line = _require_ready(case_id, now).line
    assert line.participant_id is not None, "somebody is tied"
    return build_pack(line.participant_id, is_portable=line.kind is Kind.PORTABILITY, now=now)


def _require_ready(case_id: UUID, now: datetime) -> CaseView:
    case = find_case(case_id)
    person = find_participant(case.line.participant_id) if case.line.participant_id is not None else None
    if not can_hand_over(case, now) or person is None or person.erased_at is not None:
        raise CopyNotReady
    return case


@action
def _note_made(*, case_id: UUID, user_id: UUID, reason: str, pack: Pack, now: datetime) -> None:
    case = _lock_ready(case_id, pack, now)
    record_event(
        case_id=case_id, kind=EventKind.PACK_MADE, now=now, by_user_id=user_id, text=reason, is_shown=True
    )
    if pack.gaps:
        note_gap(case, pack.gaps, now)
    member = find_member_by_id(user_id)
    append_entry(
        kind="person_looked_up", fields={"role": member.role, "count": 1}, participant_id=None, occurred_at=now
    )
    with translation.override(pack.person.language):
        why = gettext("Made a copy to send: %(reason)s") % {"reason": reason}
    record_lookup(
        participant_id=pack.person.id, user_id=user_id, kind=LookupReason.REQUEST.value, text=why, now=now
    )
    _tell(case, pack, "team")


@action
def _note_taken_by_number(*, case_id: UUID, pack: Pack, now: datetime) -> None:
    case = _lock_ready(case_id, pack, now)
    text = write_gaps(pack.gaps, case.language)
    record_event(case_id=case_id, kind=EventKind.PACK_SENT, now=now, text=text, is_shown=True)
    if pack.gaps:
        note_gap(case, pack.gaps, now)
    _tell(case, pack, "number")


def _lock_ready(case_id: UUID, pack: Pack, now: datetime) -> Case:
    """The case, locked after the person; it may have been separated from them while the copy was made."""
    lock_participant(pack.person.id)
    case: Case = Case.objects.select_for_update().get(id=case_id)
    if _require_ready(case_id, now).line.participant_id != pack.person.id:
        raise CopyNotReady
    return case


def _tell(case: Case, pack: Pack, way: str) -> None:
    db.execute([
        mail_statement(
            template="pack_made",
            language=pack.person.language,
            participant_id=pack.person.id,
            context={
                **name_campaign(pack.person),
                "case_reference": show_reference(case.reference),
                "request_kind": case.kind,
                "way": way,
            },
        )
    ])  # fmt: skip
