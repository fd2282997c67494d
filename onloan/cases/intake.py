"""The public page's door: a request is taken in at once, and the code that was mailed says who asks.

Nothing that the page shows before or after the code tells whether the address is known.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.cases.actions import OpenedCase, act_at_once, find_first, open_case
from onloan.cases.models import Case, CaseEvent
from onloan.cases.rules import Door, EventKind, Kind, State, show_reference
from onloan.cases.sealing import contact_hash, unseal_text
from onloan.cases.timeline import record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.people.actions import check_code, send_code
from onloan.people.errors import CodesBusy, TooManyCodes
from onloan.people.queries import ParticipantView, list_by_email
from onloan.people.statements import lock_participants


@action
def take_in(
    *, kind: Kind, country: str, language: str, text: str, email: str, representative: str = "", now: datetime
) -> OpenedCase:
    """Open the case and send a code to ``email``: the request counts from now, whether or not the code is typed.

    Raises what ``open_case`` raises, each before anything is stored. Where no more codes may be sent, the case is
    taken in without one.
    """
    opened = open_case(
        kind=kind, country=country, language=language, door=Door.PUBLIC_PAGE, text=text, contact=email,
        representative=representative, now=now,
    )  # fmt: skip
    send_new_code(email=email, language=language, now=now)
    return opened


@action
def send_new_code(*, email: str, language: str, now: datetime) -> bool:
    """Whether a code could be sent: only so many go to one address within an hour."""
    try:
        send_code(email=email, offer_id=None, market_id=None, purpose="sign_in", language=language, now=now)
    except (TooManyCodes, CodesBusy):
        return False
    return True


def confirm_address(*, case_id: UUID, email: str, code: str, now: datetime) -> None:
    """Tie the case to whoever joined with the address that the code was sent to. Raises CodeNotValid, NotFound."""
    verified = check_code(email=email, code=code, purpose="sign_in", now=now)
    _identify(case_id=case_id, email=verified.email, now=now)


@action
def _identify(*, case_id: UUID, email: str, now: datetime) -> None:
    """From here on the case is as one from the person's own page. One written for somebody else stays as it is:
    the address is not theirs, and a member of the team looks at the mandate."""
    people = [person for person in list_by_email(email) if person.erased_at is None]
    if people:
        lock_participants(person.id for person in people)
    case = Case.objects.select_for_update().filter(id=case_id, contact_hash=contact_hash(email)).first()
    if case is None:
        raise NotFound
    if CaseEvent.objects.filter(case_id=case_id, kind=EventKind.ADDRESS_CONFIRMED).exists():
        return
    record_event(case_id=case_id, kind=EventKind.ADDRESS_CONFIRMED, now=now, is_shown=True)
    if people and case.sealed_representative is None and case.state == State.OPEN:
        _tie(case, people, now)


def _tie(case: Case, people: list[ParticipantView], now: datetime) -> None:
    """To the person as they joined last; where they joined several campaigns, each gets a case of its own."""
    kind, (latest, *others) = Kind(case.kind), people
    first = find_first(kind, latest.id)
    Case.objects.filter(id=case.id).update(participant_id=latest.id)
    CaseEvent.objects.filter(case_id=case.id).update(participant_id=latest.id)
    if first is not None:
        for one, other in ((first, case), (case, first)):
            record_event(
                case_id=one.id, kind=EventKind.LINKED_DUPLICATE, now=now, text=show_reference(other.reference)
            )
    act_at_once(kind, latest.id, Door.MY_PAGE, now)
    text = unseal_text(case.id, bytes(case.sealed_text)) if case.sealed_text is not None else ""
    for person in others:
        open_case(
            kind=kind, country=person.country, language=case.language, door=Door.MY_PAGE, text=text,
            participant_id=person.id, now=now,
        )  # fmt: skip
