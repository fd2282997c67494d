"""Who asks: tying a case to the participant whom it is about, by the code that they typed or by a member of the
team who says how they know.

What a member ties, the person learns at the address that they joined with: whoever writes in somebody else's name
is found out by that, and never told more than the person is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext

from onloan import db
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases.actions import act_at_once, find_first, first_day, open_case, record_end
from onloan.cases.clocks import Pause
from onloan.cases.desk import end_pause, find_open_pause
from onloan.cases.erasing import stop_erasure
from onloan.cases.errors import (
    CaseClosed,
    IdentifiedHow,
    IdentityCopy,
    MandateNeeded,
    TieRefused,
)
from onloan.cases.lifting import undo_for_stranger
from onloan.cases.looking_up import LookupReason, look_up
from onloan.cases.merchants import sign_mail
from onloan.cases.models import Case, CaseEvent, Erasure
from onloan.cases.rules import About, Door, EventKind, Kind, Outcome, State, show_reference
from onloan.cases.sealing import seal_identified_how, unseal_text
from onloan.cases.timeline import record_event
from onloan.cases.wording import find_identity_copy
from onloan.db import action
from onloan.errors import NotFound
from onloan.outbox.statements import mail_statement
from onloan.people.change_queries import find_lookup
from onloan.people.queries import ParticipantView, find_participant, is_alive
from onloan.people.statements import lock_participants

_ABOUT_WHOEVER_ASKED = (
    EventKind.RECEIVED, EventKind.ADDRESS_CONFIRMED, EventKind.MESSAGE_TO_PERSON, EventKind.MESSAGE_FROM_PERSON,
    EventKind.IDENTITY_ASKED, EventKind.CLARIFICATION_ASKED, EventKind.CLARIFIED, EventKind.EXTENDED,
)  # fmt: skip
"""What they wrote, and what was written to them: whoever the case was tied to."""
HOW_CHARACTERS_MIN, HOW_CHARACTERS_MAX = 10, 500


def tie_case(case: Case, people: Sequence[ParticipantView], door: Door, now: datetime) -> None:
    """To the person as they joined last; where they joined several campaigns, each gets a case of its own.

    Case and people are locked by the caller, in whose transaction this is. The same right asked before stays a
    case of its own with its first day, and each of the two names the other. Tied before to the same people, it
    acts anew: what a letter asked begins once a code says that it was them.
    """
    kind, about, (latest, *others) = Kind(case.kind), About(case.about), people
    first = find_first(kind, latest.id, about)
    Case.objects.filter(id=case.id).update(participant_id=latest.id)
    CaseEvent.objects.filter(case_id=case.id).update(participant_id=latest.id)
    if first is not None and first.id != case.id:
        for one, other in ((first, case), (case, first)):
            record_event(
                case_id=one.id, kind=EventKind.LINKED_DUPLICATE, now=now, text=show_reference(other.reference)
            )
    act_at_once(kind, about, latest.id, case.id, door, now)
    text = unseal_text(case.id, bytes(case.sealed_text)) if case.sealed_text is not None else ""
    for person in others:
        known = Case.objects.filter(origin_case_id=case.id, participant_id=person.id).first()
        if known is None:
            opened = open_case(
                kind=kind, about=about, country=person.country, language=case.language, door=door, text=text,
                participant_id=person.id, received_on=first_day(case), now=now,
            )  # fmt: skip
            if not opened.is_repeated:
                # One of their own that was open already stays theirs, whatever becomes of this tie.
                Case.objects.filter(id=opened.case_id).update(origin_case_id=case.id)
        elif known.state == State.OPEN:
            act_at_once(kind, about, person.id, known.id, door, now)


@action
def identify_case(
    *, case_id: UUID, user_id: UUID, typed: str, how: str, is_mandate_seen: bool = False, now: datetime
) -> None:
    """Tie an open case to whoever has this public id or e-mail address; from this commit on it is as one from
    their own page. ``how``: how the member knows, sealed.

    The look at their file is recorded for them to read, and they are written to at the address that they joined
    with. A question about who they are is answered by it: the clock goes on. Raises IdentifiedHow, IdentityCopy,
    MandateNeeded, TieRefused, CaseClosed, LookupFoundNobody, NotAllowed, NotFound.
    """
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    written = _check_how(how, "how")
    seen = Case.objects.filter(id=case_id).values_list("kind", "reference").first()
    if seen is None:
        raise NotFound
    people = _look_up(Kind(seen[0]), show_reference(seen[1]), user_id, typed, now)
    lock_participants(person.id for person in people)
    case = Case.objects.select_for_update().get(id=case_id)
    if case.state != State.OPEN:
        raise CaseClosed
    if case.participant_id is not None:
        raise TieRefused
    if case.sealed_representative is not None and not is_mandate_seen:
        raise MandateNeeded(field="mandate")
    pause = find_open_pause(case_id)
    if pause is not None and pause.kind == Pause.IDENTITY:
        end_pause(case, pause, now)
        record_event(case_id=case_id, kind=EventKind.IDENTITY_GIVEN, now=now, by_user_id=user_id, is_shown=True)
    tie_case(case, people, Door.STAFF, now)
    Case.objects.filter(id=case_id).update(
        identified_at=now,
        identified_by_user_id=user_id,
        sealed_identified_how=seal_identified_how(case_id, written),
    )
    record_event(case_id=case_id, kind=EventKind.IDENTIFIED, now=now, by_user_id=user_id, is_shown=True)
    _write_to(people[0].id, "case_in_your_name", case)


@action
def separate_case(*, case_id: UUID, user_id: UUID, reason: str, now: datetime) -> None:
    """The wrong person was tied: the case is about nobody known again, and that person is told. The cases that the
    tie opened in their other campaigns go with it.

    Nothing is stopped for them by it any more, but permissions that it ended stay ended until they allow them
    anew; an erasure that was begun does not happen.
    Raises IdentifiedHow, IdentityCopy, TieRefused, CaseClosed, NotAllowed, NotFound.
    """
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    written = _check_how(reason, "reason")
    seen = Case.objects.filter(id=case_id).values_list("participant_id").first()
    if seen is None:
        raise NotFound
    person = find_participant(seen[0]) if seen[0] is not None else None
    if person is None or person.erased_at is not None:
        raise TieRefused
    opened = [each for each in Case.objects.filter(origin_case_id=case_id) if is_alive(each.participant_id)]
    lock_participants([person.id, *(each.participant_id for each in opened if each.participant_id is not None)])
    case = Case.objects.select_for_update().get(id=case_id)
    if case.state != State.OPEN:
        raise CaseClosed
    since = case.identified_at
    if case.participant_id != person.id or since is None:
        raise TieRefused
    for each in (case, *opened):
        _part(each, since=since, now=now)
    record_event(case_id=case_id, kind=EventKind.NOTE, now=now, by_user_id=user_id, text=written)
    for each in Case.objects.filter(id__in=[each.id for each in opened], state=State.OPEN):
        # About nobody known and from no address, it would be answered to nobody; the first case is what was asked.
        record_end(case_id=each.id, user_id=user_id, outcome=Outcome.TAKEN_BACK, now=now)


def _part(case: Case, *, since: datetime, now: datetime) -> None:
    """From this person on nothing leads to the case, and nothing on it to them; they are told."""
    participant_id = case.participant_id
    assert participant_id is not None, "it was tied"
    if Erasure.objects.filter(case_id=case.id, completed_at=None).exists():
        stop_erasure(participant_id=participant_id, now=now)
    undo_for_stranger(case_id=case.id, participant_id=participant_id, now=now)
    Case.objects.filter(id=case.id).update(
        participant_id=None, identified_at=None, identified_by_user_id=None, sealed_identified_how=None
    )
    events = CaseEvent.objects.filter(case_id=case.id)
    # Whoever asked is not told any more that it is known who they are, and reads nothing about the other person.
    events.filter(at__gte=since).exclude(kind__in=_ABOUT_WHOEVER_ASKED).update(is_shown=False)
    events.update(participant_id=None)
    _write_to(participant_id, "case_not_yours", case)


def _check_how(text: str, field: str) -> str:
    written = text.strip()
    if not HOW_CHARACTERS_MIN <= len(written) <= HOW_CHARACTERS_MAX:
        raise IdentifiedHow(field=field, minimum=HOW_CHARACTERS_MIN, maximum=HOW_CHARACTERS_MAX)
    if (words := find_identity_copy(written)) is not None:
        raise IdentityCopy(field=field, words=words)
    return written


def _look_up(kind: Kind, reference: str, user_id: UUID, typed: str, now: datetime) -> list[ParticipantView]:
    """Whoever joined, the latest first; on record, with the number of the request as the reason."""
    reason = LookupReason.COMPLAINT if kind is Kind.COMPLAINT else LookupReason.REQUEST
    text = gettext("To answer the request %(reference)s.") % {"reference": reference}
    record_ids = look_up(user_id=user_id, typed=typed, reason=reason, text=text, now=now)
    found = [find_participant(find_lookup(record_id)[0]) for record_id in record_ids]
    people = [person for person in found if person is not None]
    return sorted(people, key=lambda person: person.joined_at, reverse=True)


def _write_to(participant_id: UUID, template: str, case: Case) -> None:
    """At the address on file, whatever address the request came from."""
    person = find_participant(participant_id)
    assert person is not None, "it is somebody who joined"
    context = {
        **sign_mail(participant_id),
        "request_kind": case.kind,
        "case_reference": show_reference(case.reference),
    }
    db.execute([
        mail_statement(
            template=template, language=person.language, participant_id=participant_id, context=context
        )
    ])  # fmt: skip
