"""The public page's door: a request is taken in at once, and the code that was mailed says who asks.

Nothing that the page shows before or after the code tells whether the address is known.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.cases.actions import OpenedCase, open_case
from onloan.cases.identifying import tie_case
from onloan.cases.merchants import sign_mail
from onloan.cases.models import Case, CaseEvent
from onloan.cases.objecting import suppress_contact
from onloan.cases.rules import About, Door, EventKind, Kind, State
from onloan.cases.sealing import contact_hash
from onloan.cases.timeline import record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.people.actions import check_code, send_code
from onloan.people.queries import list_by_email
from onloan.people.statements import lock_participants


@action
def take_in(
    *,
    kind: Kind,
    country: str,
    language: str,
    text: str,
    email: str,
    about: About = About.NOTHING,
    representative: str = "",
    case_id: UUID | None = None,
    now: datetime,
) -> OpenedCase:
    """Open the case; the mail that acknowledges it carries a code. The request counts from now, whether or not the
    code is typed. Where no more codes may be sent, the mail goes without one. Raises what ``open_case`` raises."""
    return open_case(
        kind=kind, about=about, country=country, language=language, door=Door.PUBLIC_PAGE, text=text,
        contact=email, representative=representative, wants_code=True, case_id=case_id, now=now,
    )  # fmt: skip


@action
def send_new_code(*, email: str, reference: str, language: str, now: datetime) -> UUID | None:
    """Send a code that confirms the request of this number, as it is shown; the answer is that of ``send_code``.
    Raises CodesBusy."""
    return send_code(
        email=email, offer_id=None, market_id=None, purpose="request", language=language, now=now,
        context={**sign_mail(None), "case_reference": reference},
    )  # fmt: skip


def confirm_address(*, case_id: UUID, email: str, code: str, now: datetime, asked_id: UUID | None = None) -> None:
    """Tie the case to whoever joined with the address that the code was sent to; ``asked_id`` is what was answered
    to the browser that asked for the code. Raises CodeNotValid, NotFound."""
    verified = check_code(email=email, code=code, purpose="request", now=now, asked_id=asked_id)
    _identify(case_id=case_id, email=verified.email, now=now)


@action
def _identify(*, case_id: UUID, email: str, now: datetime) -> None:
    """From here on the case is as one from the person's own page. One written for somebody else stays as it is:
    the address is not theirs, and a member of the team looks at the mandate. Where a member tied it to somebody
    else before, nothing is done in a second name: the team is told, and separates it or not."""
    people = [person for person in list_by_email(email) if person.erased_at is None]
    if people:
        lock_participants(person.id for person in people)
    case = Case.objects.select_for_update().filter(id=case_id, contact_hash=contact_hash(email)).first()
    if case is None:
        raise NotFound
    if CaseEvent.objects.filter(case_id=case_id, kind=EventKind.ADDRESS_CONFIRMED).exists():
        return
    record_event(case_id=case_id, kind=EventKind.ADDRESS_CONFIRMED, now=now, is_shown=True)
    if case.sealed_representative is None:
        suppress_contact(kind=Kind(case.kind), about=About(case.about), email=email, now=now)
    if not people or case.sealed_representative is not None or case.state != State.OPEN:
        return
    if case.participant_id is not None and case.participant_id not in {person.id for person in people}:
        record_event(case_id=case_id, kind=EventKind.ANOTHER_CONFIRMED, now=now)
        return
    # Whom a member tied it to comes first: it stays about them.
    people.sort(key=lambda person: person.id != case.participant_id)
    tie_case(case, people, Door.MY_PAGE, now)
